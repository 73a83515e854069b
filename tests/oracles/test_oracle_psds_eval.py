"""PSDS and intersection F1 from operating points: ours and psds_eval's on random scenes."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from seldbench.errors import BadFile
from seldbench.events import EventTable
from seldbench.metrics.events.truth import detections, truth
from seldbench.metrics.psds.curves import DCASE, Scenario
from seldbench.metrics.psds.intersection import Criteria, intersection_f1, point_counts
from seldbench.metrics.psds.weighted import psds_of_points
from seldbench.metrics.uncertainty import Whole, drawn

pd = pytest.importorskip("pandas", reason="pandas is absent; see `make oracles`")
psds_eval = pytest.importorskip("psds_eval", reason="psds_eval is absent; see `make oracles`")

OTHERS = {
    "half": Scenario(Criteria(0.5, 0.5, 0.3), alpha_ct=1.0, alpha_st=0.0, max_efpr=1000.0),
    "strict": Scenario(Criteria(1.0, 1.0, 1.0), alpha_ct=0.2, alpha_st=2.0, max_efpr=3000.0),
    "whole axis": Scenario(Criteria(0.3, 0.6, 0.1), alpha_ct=0.7, alpha_st=1.0, max_efpr=None),
    "no spread": Scenario(Criteria(0.7, 0.7, 0.5), alpha_ct=0.0, alpha_st=0.0, max_efpr=None),
}
SCENARIOS = {**DCASE, **OTHERS}


def theirs(scene, criteria, frame):
    meta = pd.DataFrame({"filename": list(scene.durations), "duration": scene.durations.values()})
    return psds_eval.PSDSEval(
        criteria.dtc,
        criteria.gtc,
        0.3 if criteria.cttc is None else criteria.cttc,
        ground_truth=frame(scene.reference),
        metadata=meta,
    )


def ours(scene, criteria):
    known = truth(scene.reference, scene.durations)
    return known, point_counts(known, detections(scene.points, known), criteria)


def official_points(scene, evaluation, frame):
    """Adds the operating points; one equal to an earlier one is skipped with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i in range(len(scene.points.threshold)):
            evaluation.add_operating_point(frame(scene.points.at(i)))


@pytest.mark.parametrize("name", SCENARIOS)
def test_psds_equals_psds_eval(scene, frame, name):
    assert compared(scene, frame, SCENARIOS[name], range(200)) > 100


@pytest.mark.parametrize("name", SCENARIOS)
def test_psds_of_straight_lines_equals_psds_eval(scene, frame, name, monkeypatch):
    # Which of several points of one eFPR a line goes through is left to an unstable sort there, so
    # that its number depends on the processor; with a stable sort it is the lowest threshold's.
    monkeypatch.setattr(np, "argsort", stable(np.argsort))
    lines = replace(SCENARIOS[name], interpolate=True)
    assert compared(scene, frame, lines, range(200, 300)) > 50


def stable(sort):
    return lambda values, *given, **more: sort(values, *given, **{**more, "kind": "stable"})


def compared(scene, frame, scenario, seeds):
    """How many scenes both scored, alike."""
    number = 0
    for seed in seeds:
        case = scene(seed)
        known, counts = ours(case, scenario.criteria)
        if len(known.classes) < 2:
            continue  # psds_eval gives 0 then: below
        evaluation = theirs(case, scenario.criteria, frame)
        official_points(case, evaluation, frame)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = evaluation.psds(
                scenario.alpha_ct, scenario.alpha_st, scenario.max_efpr, scenario.interpolate
            )
        value = psds_of_points(known, counts, scenario, Whole(len(known.clips))).psds[0]
        assert value == pytest.approx(found.value, abs=1e-9, nan_ok=True), f"seed {seed}"
        number += 1
    return number


def copies(events, times):
    """The events of every clip as often as it was drawn, under names of their own."""
    parts = [(f"{clip}-{i}", clip) for clip, n in times.items() for i in range(int(n))]
    rows = [(name, row) for name, clip in parts for row in np.flatnonzero(events.clip == clip)]
    keep = np.array([row for _, row in rows], dtype=np.int64)
    clip = np.array([name for name, _ in rows], dtype=object)
    columns = events.onset[keep], events.offset[keep], events.label[keep]
    return EventTable(clip, *columns, tuple(name for name, _ in parts))


@pytest.mark.parametrize("name", SCENARIOS)
def test_replicates_equal_psds_eval_on_the_drawn_clips(scene, frame, name):
    scenario, number = SCENARIOS[name], 0
    for seed in range(300, 340):
        case = scene(seed)
        known, counts = ours(case, scenario.criteria)
        if len(known.classes) < 2:
            continue
        sample = drawn(len(known.clips), 3, np.random.default_rng(seed))
        mine = psds_of_points(known, counts, scenario, sample).psds
        for row, weights in enumerate(sample.weights()):
            if not (weights @ known.counts()).all():
                continue  # psds_eval would know fewer classes
            times = dict(zip(known.clips, weights))
            reference = copies(case.reference, times)
            durations = {name: case.durations[name.split("-")[0]] for name in reference.clips}
            found = [copies(case.points.at(i), times) for i in range(len(case.points.threshold))]
            again = replace(case, reference=reference, durations=durations)
            evaluation = theirs(again, scenario.criteria, frame)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for of_point in found:
                    evaluation.add_operating_point(frame(of_point))
                asked = scenario.alpha_ct, scenario.alpha_st, scenario.max_efpr
                value = evaluation.psds(*asked).value
            where = f"seed {seed}, replicate {row}"
            assert mine[row] == pytest.approx(value, abs=1e-9, nan_ok=True), where
            number += 1
    assert number > 20


@pytest.mark.parametrize("criteria", [s.criteria for s in SCENARIOS.values()], ids=SCENARIOS)
def test_counts_and_intersection_f1_equal_psds_eval(scene, frame, criteria):
    compared = 0
    for seed in range(1000, 1200):
        case = scene(seed, points=1)
        known, counts = ours(case, criteria)
        if not known.classes:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mean, by_class = theirs(case, criteria, frame).compute_macro_f_score(
                frame(case.detections)
            )
        f1 = intersection_f1(known, counts)
        assert list(f1) == list(by_class), f"seed {seed}"
        assert list(f1.values()) == pytest.approx(
            list(by_class.values()), abs=1e-12, nan_ok=True
        ), f"seed {seed}"
        some = [value for value in f1.values() if not np.isnan(value)]
        assert (np.mean(some) if some else np.nan) == pytest.approx(mean, abs=1e-12, nan_ok=True), (
            f"seed {seed}"
        )
        compared += 1
    assert compared > 150


def test_count_matrices_equal_psds_eval(scene, frame):
    for seed in range(2000, 2200):
        criteria = Criteria(0.1, 0.1, 0.3)
        case = scene(seed, points=2)
        known, counts = ours(case, criteria)
        if not known.classes:
            continue
        evaluation = theirs(case, criteria, frame)
        hits, false, cross = (t[0] for t in counts.totals(np.ones((1, len(known.clips)))))
        for i in range(2):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                table = evaluation._init_det_table(frame(case.points.at(i)))
                matrix = evaluation._evaluate_detections(table)[0]
            off = matrix[:-1, :-1] * (1 - np.eye(len(known.classes)))
            assert np.array_equal(np.diag(matrix)[:-1], hits[i]), f"seed {seed}"
            assert np.array_equal(matrix[:-1, -1], false[i]), f"seed {seed}"
            assert np.array_equal(off, cross[i]), f"seed {seed}"


def test_what_psds_eval_refuses_is_refused(scene, frame):
    refused = 0
    for seed in range(3000, 3300):
        case = scene(seed, apart=False, points=1)
        official = raises(psds_eval.PSDSEvalError, with_detections, case, frame)
        assert raises(BadFile, ours, case, Criteria(0.5, 0.5)) == official, f"seed {seed}"
        refused += official
    assert 50 < refused < 295


def with_detections(case, frame):
    evaluation = theirs(case, Criteria(0.5, 0.5), frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluation.add_operating_point(frame(case.detections))


def raises(kind, action, *given):
    try:
        action(*given)
    except kind:
        return True
    return False


def test_of_a_single_class_psds_eval_gives_0_and_we_give_the_area(scene, frame):
    # It averages cross triggers over no other class: eFPR becomes NaN and every point is dropped.
    values = []
    for seed in range(4000, 4050):
        case = scene(seed, classes=1)
        scenario = replace(DCASE["psds1"], alpha_st=0.0, max_efpr=5000.0)
        known, counts = ours(case, scenario.criteria)
        if not known.classes:
            continue
        evaluation = theirs(case, scenario.criteria, frame)
        official_points(case, evaluation, frame)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert evaluation.psds(0.0, 0.0, 5000.0).value == 0.0
        values.append(psds_of_points(known, counts, scenario, Whole(len(known.clips))).psds[0])
    assert max(values) > 0.1
