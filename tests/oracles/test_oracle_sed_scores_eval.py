"""Exact PSDS and scores at a threshold from frame scores: ours and sed_scores_eval's."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from seldbench.metrics.events.best import best, counts_at_best
from seldbench.metrics.events.collar import Collar, class_f1, collar_counts, macro_f1, micro_f1
from seldbench.metrics.events.frames import clip_rankings
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.events.segment_scores import segment_scores
from seldbench.metrics.events.steps import collar_steps
from seldbench.metrics.events.truth import truth
from seldbench.metrics.psds import floors
from seldbench.metrics.psds.changepoints import change_points
from seldbench.metrics.psds.curves import DCASE, Scenario, stair_area
from seldbench.metrics.psds.intersection import Criteria
from seldbench.metrics.psds.intersection_scores import found_above, intersection_steps
from seldbench.metrics.psds.weighted import class_stairs, psds_exact
from seldbench.metrics.ranking import average_precision
from seldbench.metrics.uncertainty import Whole, drawn

official = pytest.importorskip(
    "sed_scores_eval", reason="sed_scores_eval is absent; see `make oracles`"
)

SCENARIOS = {
    **DCASE,
    "strict": Scenario(Criteria(1.0, 1.0), alpha_ct=0.0, alpha_st=1.0, max_efpr=5000.0),
    "loose": Scenario(Criteria(0.2, 0.3, 0.1), alpha_ct=1.0, alpha_st=0.0, max_efpr=3000.0),
    "half": Scenario(Criteria(0.5, 0.5, 0.5), alpha_ct=0.3, alpha_st=2.0, max_efpr=20000.0),
}


def events_of(reference):
    rows = {clip: [] for clip in reference.clips}
    columns = reference.clip, reference.onset, reference.offset, reference.label
    for clip, onset, offset, label in zip(*columns):
        rows[clip].append((float(onset), float(offset), label))
    return rows


def theirs(case, tables, scenario):
    return official_psds(tables, events_of(case.reference), case.durations, scenario)


def official_psds(tables, events, durations, scenario):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return official.intersection_based.psds(
            tables,
            events,
            durations,
            dtc_threshold=scenario.criteria.dtc,
            gtc_threshold=scenario.criteria.gtc,
            cttc_threshold=scenario.criteria.cttc,
            alpha_ct=scenario.alpha_ct,
            alpha_st=scenario.alpha_st,
            max_efpr=scenario.max_efpr,
        )[:2]


@pytest.mark.parametrize("name", SCENARIOS)
def test_exact_psds_equals_sed_scores_eval(score_scene, score_tables, name):
    scenario, values = SCENARIOS[name], []
    for seed in range(200):
        case, frames = score_scene(seed)
        if scenario.alpha_ct and len(frames.classes) == 1:
            continue  # sed_scores_eval divides by no other class: below
        value, by_class = theirs(case, score_tables(frames), scenario)
        known = truth(case.reference, case.durations)
        changes = change_points(known, frames, scenario.criteria)
        mine = psds_exact(known, changes, scenario, Whole(len(known.clips)))
        assert mine.psds[0] == pytest.approx(value, abs=1e-9), f"seed {seed}"
        stairs = class_stairs(known, changes, scenario)
        for label, of_class, stair in zip(known.classes, mine.classes[0], stairs):
            assert of_class == pytest.approx(by_class[label], abs=1e-9), f"seed {seed}, {label}"
            area = stair_area(*stair, scenario.max_efpr)
            assert area == pytest.approx(by_class[label], abs=1e-9), f"seed {seed}, {label}"
        values.append(value)
    assert len(values) > 100
    assert np.std(values) > 0.01


def drawn_clips(case, of_clip, times):
    """The scene in which every clip stands as often as it was drawn, under names of its own."""
    names = {clip: [f"{clip}-{i}" for i in range(int(n))] for clip, n in zip(case.durations, times)}
    tables, events = {}, {}
    by_clip = events_of(case.reference)
    for clip, copies in names.items():
        tables |= dict.fromkeys(copies, of_clip[clip])
        events |= dict.fromkeys(copies, by_clip[clip])
    durations = {copy: case.durations[clip] for clip, copies in names.items() for copy in copies}
    return tables, events, durations


@pytest.mark.parametrize("margin", [5.0, -1.0], ids=["as it is", "cut too high"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_replicates_of_exact_psds_equal_sed_scores_eval_on_the_drawn_clips(
    good_scene, score_tables, monkeypatch, name, margin
):
    # Scores that no threshold up to max_efpr reaches are not looked at; where a replicate turns out
    # to need them after all (which a margin makes rare, here forced), they are.
    monkeypatch.setattr(floors, "MARGIN", margin)
    scenario, values, cut = replace(SCENARIOS[name], max_efpr=100.0), [], 0
    for seed in range(5):
        case, frames = good_scene(seed)
        known, tables = truth(case.reference, case.durations), score_tables(frames)
        changes = change_points(known, frames, scenario.criteria, max_efpr=scenario.max_efpr)
        cut += np.isfinite(changes.floors.floor).sum()
        sample = drawn(len(known.clips), 3, np.random.default_rng(seed))
        mine = psds_exact(known, changes, scenario, sample)
        for row, times in enumerate(sample.weights()):
            if not (times @ known.counts()).all():
                continue  # a class without events: sed_scores_eval refuses it
            given = drawn_clips(case, tables, times)
            value, by_class = official_psds(*given, scenario)
            where = f"seed {seed}, replicate {row}"
            assert mine.psds[row] == pytest.approx(value, abs=1e-9), where
            for label, of_class in zip(known.classes, mine.classes[row]):
                assert of_class == pytest.approx(by_class[label], abs=1e-9), f"{where}, {label}"
            values.append(value)
    assert len(values) > 10
    assert np.std(values) > 0.01
    assert cut > 0


def test_of_a_single_class_sed_scores_eval_has_no_psds2_and_ours_has_no_cross_triggers(
    score_scene, score_tables
):
    scenario = replace(DCASE["psds2"], max_efpr=3000.0)
    for seed in range(20):
        case, frames = score_scene(seed, classes=1)
        known = truth(case.reference, case.durations)
        changes = change_points(known, frames, scenario.criteria)
        mine = psds_exact(known, changes, scenario, Whole(len(known.clips))).psds[0]
        alone = replace(scenario, criteria=Criteria(0.1, 0.1), alpha_ct=0.0)
        value = theirs(case, score_tables(frames), alone)[0]
        assert mine == pytest.approx(value, abs=1e-9), f"seed {seed}"


@pytest.mark.parametrize("collar", [(0.2, 0.2, 0.2), (0.5, 0.5, 0.0), (0.1, 0.3, 0.5)])
def test_collar_f1_at_a_threshold_equals_sed_scores_eval(score_scene, score_tables, collar):
    onset, offset, rate = collar
    for seed in range(1000, 1200):
        case, frames = score_scene(seed)
        threshold = float(np.random.default_rng(seed).choice([0.25, 0.5, 0.55]))
        f1, _, _, counts = official.collar_based.fscore(
            score_tables(frames),
            events_of(case.reference),
            threshold,
            onset_collar=onset,
            offset_collar=offset,
            offset_collar_rate=rate,
        )
        found = events_above(frames, [threshold]).at(0)
        mine = collar_counts(case.reference, found, Collar(onset, offset, rate, decimals=6))
        hits, known, detected = (t.sum(0) for t in (mine.hits, mine.reference, mine.detected))
        for i, label in enumerate(case.reference.labels):
            where = f"seed {seed}, {label}"
            assert hits[i] == counts[label]["tps"], where
            assert detected[i] - hits[i] == counts[label]["fps"], where
            value = class_f1(hits, known, detected)[i]
            assert value == pytest.approx(f1[label], abs=1e-9), where
        assert macro_f1(hits, known, detected) == pytest.approx(f1["macro_average"], abs=1e-9)
        assert micro_f1(hits, known, detected) == pytest.approx(f1["micro_average"], abs=1e-9)


def best_by_class(case, found, steps, where, thresholds_too=True):
    """Our best F1 of every class, and where it is, beside theirs."""
    steps = list(steps)
    f1, precision, recall, thresholds, counts = found
    for label, of_class in zip(case.reference.labels, steps):
        got, at = best(of_class), f"{where}, {label}"
        assert got.f1 == pytest.approx(f1[label], abs=1e-9), at
        assert got.precision == pytest.approx(precision[label], abs=1e-9), at
        assert got.recall == pytest.approx(recall[label], abs=1e-9), at
        if thresholds_too:
            assert got.threshold == pytest.approx(thresholds[label], abs=1e-9), at
        assert got.hits == counts[label]["tps"], at
    table = counts_at_best(case.reference.clips, case.reference.labels, steps)
    sums = [t.sum(0) for t in (table.hits, table.reference, table.detected)]
    assert macro_f1(*sums) == pytest.approx(f1["macro_average"], abs=1e-9), where
    assert micro_f1(*sums) == pytest.approx(f1["micro_average"], abs=1e-9), where


@pytest.mark.parametrize("collar", [(0.2, 0.2, 0.2), (0.5, 0.5, 0.0), (1.0, 2.0, 0.5)])
def test_best_collar_f1_and_its_threshold_equal_sed_scores_eval(score_scene, score_tables, collar):
    onset, offset, rate = collar
    for seed in range(2000, 2300):
        case, frames = score_scene(seed)
        found = official.collar_based.best_fscore(
            score_tables(frames),
            events_of(case.reference),
            onset_collar=onset,
            offset_collar=offset,
            offset_collar_rate=rate,
        )
        steps = collar_steps(case.reference, frames, Collar(onset, offset, rate, decimals=6))
        best_by_class(case, found, steps, f"seed {seed}")


@pytest.mark.parametrize("length", [1.0, 0.5, 0.3])
def test_segment_f1_equals_sed_scores_eval(score_scene, score_tables, length):
    for seed in range(3000, 3300):
        case, frames = score_scene(seed)
        given = score_tables(frames), events_of(case.reference), case.durations
        segments = segment_scores(case.reference, frames, case.durations, length)
        threshold = float(np.random.default_rng(seed).choice([0.25, 0.5, 0.55]))
        counts = segments.counts(threshold)
        f1 = official.segment_based.fscore(*given, threshold, segment_length=length)[0]
        sums = [t.sum(0) for t in (counts.hits, counts.reference, counts.detected)]
        where = f"seed {seed}"
        for label, value in zip(case.reference.labels, class_f1(*sums)):
            assert value == pytest.approx(f1[label], abs=1e-9), f"{where}, {label}"
        assert macro_f1(*sums) == pytest.approx(f1["macro_average"], abs=1e-9), where
        assert micro_f1(*sums) == pytest.approx(f1["micro_average"], abs=1e-9), where
        found = official.segment_based.best_fscore(*given, segment_length=length)
        best_by_class(case, found, segments.steps(), where)


@pytest.mark.parametrize("criteria", [Criteria(0.5, 0.5), Criteria(0.7, 0.7), Criteria(0.1, 0.9)])
def test_intersection_f1_equals_sed_scores_eval(score_scene, score_tables, criteria):
    shares = {"dtc_threshold": criteria.dtc, "gtc_threshold": criteria.gtc}
    compared = 0
    for seed in range(5000, 5200):
        case, frames = score_scene(seed)
        given, where = (score_tables(frames), events_of(case.reference)), f"seed {seed}"
        threshold = float(np.random.default_rng(seed).choice([0.25, 0.5, 0.55]))
        known = truth(case.reference, case.durations)
        changes = change_points(known, frames, criteria)
        if (np.diff(changes.start) == 0).any():
            continue  # without any change of a class sed_scores_eval stops with an IndexError
        f1 = official.intersection_based.fscore(*given, threshold, **shares)[0]
        found = found_above(known, frames, threshold, criteria)
        hits, false, events = (t.sum(0) for t in (found.found, found.false, known.counts()))
        for i, label in enumerate(known.classes):
            value = 2 * hits[i] / (hits[i] + false[i] + events[i])
            assert value == pytest.approx(f1[label], abs=1e-9), f"{where}, {label}"
        best_f1 = official.intersection_based.best_fscore(*given, **shares)
        # It lists scores at which runs come and go without a change of the counts, so that its
        # threshold may lie half way to such a score; we do not tell that threshold.
        steps = intersection_steps(known, changes)
        best_by_class(case, best_f1, steps, where, thresholds_too=False)
        compared += 1
    assert compared > 150


def test_average_precision_of_clips_equals_sed_scores_eval(score_scene, score_tables):
    for seed in range(4000, 4200):
        case, frames = score_scene(seed)
        events, clips = case.reference, case.reference.clips
        tags = {clip: sorted({*events.label[events.clip == clip].tolist()}) for clip in clips}
        found = official.clip_based.average_precision(score_tables(frames), tags)[0]
        for label, ranked in zip(
            events.labels, clip_rankings(events, frames, clips, events.labels)
        ):
            value = average_precision(ranked, Whole(len(clips)))[0]
            assert value == pytest.approx(found[label], abs=1e-12), f"seed {seed}, {label}"
