"""Intervals from counts by clip: bootstrap and jackknife."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from seldbench.events import EventTable
from seldbench.metrics.events.collar import Collar, collar_counts, macro_f1, micro_f1
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.events.truth import detections, truth
from seldbench.metrics.psds import weighted
from seldbench.metrics.psds.changepoints import change_points
from seldbench.metrics.psds.curves import DCASE
from seldbench.metrics.psds.intersection import point_counts
from seldbench.metrics.psds.weighted import class_stairs, psds_exact, psds_of_points
from seldbench.metrics.uncertainty import (
    Drawn,
    LeftOut,
    Whole,
    drawn,
    jackknife,
    percentiles,
)
from seldbench.prediction import FrameScores


def rng(seed=0):
    return np.random.default_rng(seed)


def test_as_many_clips_are_drawn_as_there_are():
    weights = drawn(7, 100, rng()).weights()
    assert weights.shape == (100, 7)
    assert (weights.sum(1) == 7).all()
    assert abs(weights.mean() - 1) < 0.01
    assert weights.max() > 1
    assert weights.min() == 0


def test_the_same_seed_draws_the_same_and_another_does_not():
    assert np.array_equal(drawn(9, 50, rng(1)).times, drawn(9, 50, rng(1)).times)
    assert not np.array_equal(drawn(9, 50, rng(1)).times, drawn(9, 50, rng(2)).times)


@pytest.mark.parametrize(
    "sample", [Whole(6), drawn(6, 4, rng()), LeftOut(6), LeftOut(6, 2, 5)], ids=repr
)
def test_sums_are_those_of_the_weights_whole_or_in_portions(sample):
    table = rng(5).normal(size=(6, 3, 2))
    expected = np.einsum("rc,cij->rij", sample.weights(), table)
    assert sample.sums(table) == pytest.approx(expected, abs=1e-12)
    parts = [portion.sums(table) for portion in sample.portions(2)]
    assert np.concatenate(parts) == pytest.approx(expected, abs=1e-12)
    flat = sparse.csr_matrix(table.reshape(6, 6))
    assert sample.sums(flat) == pytest.approx(expected.reshape(-1, 6), abs=1e-12)
    assert sum(portion.rows for portion in sample.portions(2)) == sample.rows == len(expected)


def test_the_interval_lies_between_the_percentiles_and_skips_what_has_no_value():
    values = np.append(np.arange(1001.0), np.nan)
    low, high = percentiles(np.stack([values, np.full(1002, np.nan)], axis=1))
    assert (low[0], high[0]) == pytest.approx((25.0, 975.0))
    assert np.isnan([low[1], high[1]]).all()


def test_the_jackknife_of_a_mean_is_students_interval():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    low, high = jackknife(values.mean(), LeftOut(4).sums(values) / 3)
    # Without bias, and with the standard error of the mean: 4 +- t(0.975, 3) * 3.559 / 2.
    assert (low, high) == pytest.approx((4 - 3.18245 * 1.77951, 4 + 3.18245 * 1.77951), abs=1e-4)


def test_the_jackknife_of_a_single_clip_is_unknown():
    assert np.isnan(jackknife(np.array([0.5]), np.array([[0.0]]))).all()


def f1_of(score, counts, sample):
    return score(*(sample.sums(t) for t in (counts.hits, counts.reference, counts.detected)))


def repeated(synthetic, weights):
    """Reference, durations and frame scores in which clip i stands as often as its weight says."""
    frames, reference = synthetic.predictions, synthetic.reference
    durations, parts, rows = {}, [], []
    for clip, weight in zip(synthetic.known.clips, weights.astype(int)):
        for k in range(weight):
            name = f"{clip}-{k}"
            durations[name] = synthetic.durations[clip]
            parts.append((name, frames.rows(clip)))
            rows += [(name, i) for i in np.flatnonzero(reference.clip == clip)]
    take = np.concatenate([np.arange(r.start, r.stop) for _, r in parts])
    start = np.concatenate([[0], np.cumsum([r.stop - r.start for _, r in parts])])
    index = [i for _, i in rows]
    table = EventTable(
        np.array([name for name, _ in rows], dtype=object),
        reference.onset[index],
        reference.offset[index],
        reference.label[index],
        tuple(durations),
    )
    scores = FrameScores(
        frames.scores[take],
        start,
        frames.onset[take],
        frames.offset[take],
        tuple(name for name, _ in parts),
        frames.classes,
    )
    return table, durations, scores


@pytest.mark.parametrize("name", DCASE)
def test_a_replicate_is_the_score_of_the_drawn_clips(synthetic, name):
    weights = drawn(len(synthetic.known.clips), 3, rng())
    scenario, known = DCASE[name], synthetic.known
    changes = change_points(known, synthetic.predictions, scenario.criteria)
    exact = psds_exact(known, changes, scenario, weights).psds
    points = events_above(synthetic.predictions, np.linspace(0.01, 0.99, 50))
    counts = point_counts(known, detections(points, known), scenario.criteria)
    at_points = psds_of_points(known, counts, scenario, weights).psds
    found = events_above(synthetic.predictions, [0.5]).at(0)
    f1 = collar_counts(synthetic.reference, found, Collar(decimals=6))
    order = [synthetic.known.clips.index(clip) for clip in f1.clips]
    for i, row in enumerate(weights.times):
        table, durations, scores = repeated(synthetic, row)
        alone = truth(table, durations)
        ones = Whole(len(durations))
        changes = change_points(alone, scores, scenario.criteria)
        assert exact[i] == pytest.approx(
            psds_exact(alone, changes, scenario, ones).psds[0], abs=1e-9
        )
        points = events_above(scores, np.linspace(0.01, 0.99, 50))
        counts = point_counts(alone, detections(points, alone), scenario.criteria)
        value = psds_of_points(alone, counts, scenario, ones).psds[0]
        assert at_points[i] == pytest.approx(value, abs=1e-9)
        cut = collar_counts(table, events_above(scores, [0.5]).at(0), Collar(decimals=6))
        for score in (macro_f1, micro_f1):
            value = f1_of(score, cut, Whole(len(cut.clips)))
            assert f1_of(score, f1, Drawn(row[None, order])) == pytest.approx(value, abs=1e-12)


def test_the_interval_of_one_clip_is_its_score(events, frames):
    reference = events("a dog 2-5")
    scores = frames({"a": [[0.9], [0.0], [0.5], [0.5], [0.5]]}, ["dog"])
    known = truth(reference, {"a": 72.0})
    changes = change_points(known, scores, DCASE["psds1"].criteria)
    values = psds_exact(known, changes, DCASE["psds1"], drawn(1, 20, rng())).psds
    assert percentiles(values) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("name", DCASE)
def test_the_interval_holds_the_score_and_narrows_with_more_clips(synthetic, name):
    known, scenario = synthetic.known, DCASE[name]
    changes = change_points(known, synthetic.predictions, scenario.criteria)
    score = psds_exact(known, changes, scenario, synthetic.ones).psds[0]
    low, high = percentiles(psds_exact(known, changes, scenario, drawn(60, 200, rng())).psds)
    assert low < score < high
    # Every clip four times over: the same score, half the spread.
    many = Drawn(sum(drawn(60, 200, rng(i)).times for i in range(4)))
    closer = percentiles(psds_exact(known, changes, scenario, many).psds)
    assert 0.3 < (closer[1] - closer[0]) / (high - low) < 0.8


def test_a_class_that_is_not_drawn_is_left_out_of_the_mean(events):
    reference = events("a dog 1-2", "b cat 1-2")
    counts = collar_counts(reference, events("a dog 1-2"))
    times = Drawn(np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 0.0]]))
    assert f1_of(macro_f1, counts, times) == pytest.approx([0.5, 1.0, np.nan], nan_ok=True)


def test_replicates_do_not_hang_on_the_portions_they_go_through_in(synthetic, monkeypatch):
    known, scenario = synthetic.known, DCASE["psds2"]
    weights = drawn(60, 10, rng())
    changes = change_points(known, synthetic.predictions, scenario.criteria)
    points = events_above(synthetic.predictions, np.linspace(0.01, 0.99, 50))
    counts = point_counts(known, detections(points, known), scenario.criteria)
    whole = psds_exact(known, changes, scenario, weights).psds
    at_points = psds_of_points(known, counts, scenario, weights).psds
    monkeypatch.setattr(weighted, "CELLS", 1)
    assert psds_exact(known, changes, scenario, weights).psds == pytest.approx(whole, abs=1e-12)
    again = psds_of_points(known, counts, scenario, weights).psds
    assert again == pytest.approx(at_points, abs=1e-12)


def test_memory_does_not_grow_with_the_number_of_replicates(synthetic, monkeypatch):
    monkeypatch.setattr(weighted, "CELLS", 10_000)
    known, scenario = synthetic.known, DCASE["psds1"]
    changes = change_points(known, synthetic.predictions, scenario.criteria)

    def peak(replicates):
        weights = drawn(60, replicates, rng())
        tracemalloc.start()
        psds_exact(known, changes, scenario, weights)
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(10)  # what all replicates share is kept
    assert peak(150) < 1.3 * peak(50)


def lists(changes):
    """What is kept of every class, and whether of all its thresholds."""
    return sorted(changes.heads)


@pytest.mark.parametrize("name", DCASE)
@pytest.mark.parametrize("max_efpr", [1.0, 20.0, 60.0])
def test_thresholds_left_out_change_no_replicate(synthetic, name, max_efpr):
    known, scenario = synthetic.known, replace(DCASE[name], max_efpr=max_efpr)
    criteria = scenario.criteria
    every = change_points(known, synthetic.predictions, criteria)
    near = change_points(known, synthetic.predictions, criteria, max_efpr=max_efpr)
    assert (near.floors.floor > -np.inf).any()
    assert len(near.clip) < len(every.clip)
    for sample in (synthetic.ones, drawn(60, 20, rng()), LeftOut(60)):
        whole, some = (psds_exact(known, c, scenario, sample) for c in (every, near))
        assert some.psds == pytest.approx(whole.psds, abs=1e-12)
        assert some.classes == pytest.approx(whole.classes, abs=1e-12, nan_ok=True)
    assert not any(complete for _, complete in lists(near))


@pytest.mark.parametrize("name", DCASE)
def test_a_replicate_without_the_silent_clips_looks_at_all_thresholds(synthetic, name):
    # Clips that are sure to pass max_efpr are not drawn: nothing is sure of the thresholds below.
    known, scenario = synthetic.known, replace(DCASE[name], max_efpr=20.0)
    every = change_points(known, synthetic.predictions, scenario.criteria)
    near = change_points(known, synthetic.predictions, scenario.criteria, max_efpr=20.0)
    loud = (known.counts() > 0).sum(axis=1)
    times = np.zeros((3, 60))
    for row, number in zip(times, (5, 10, 20)):
        row[np.argsort(-loud)[:number]] = 2.0
    values = psds_exact(known, near, scenario, Drawn(times)).psds
    assert values == pytest.approx(psds_exact(known, every, scenario, Drawn(times)).psds, abs=1e-12)
    assert any(complete for _, complete in lists(near))


def test_a_wider_max_efpr_than_the_changes_were_made_for_is_right_as_well(synthetic):
    known, wide = synthetic.known, replace(DCASE["psds1"], max_efpr=200.0)
    every = change_points(known, synthetic.predictions, wide.criteria)
    near = change_points(known, synthetic.predictions, wide.criteria, max_efpr=5.0)
    values = [psds_exact(known, c, wide, synthetic.ones).psds for c in (every, near)]
    assert values[0] == pytest.approx(values[1], abs=1e-12)
    stairs = [class_stairs(known, c, wide) for c in (every, near)]
    for (x, y), (some_x, some_y) in zip(*stairs):
        assert x == pytest.approx(some_x)
        assert y == pytest.approx(some_y)


def test_clips_count_whole_numbers_of_times_in_exact_psds(synthetic):
    changes = change_points(synthetic.known, synthetic.predictions, DCASE["psds1"].criteria)
    with pytest.raises(ValueError, match="whole number"):
        psds_exact(synthetic.known, changes, DCASE["psds1"], Drawn(np.full((1, 60), 0.5)))


@pytest.mark.parametrize("seed", range(8))
def test_replicates_of_losses_ties_and_overlapping_classes_are_those_of_drawn_clips(
    events, frames, seed
):
    """Few levels, so that scores tie within and between clips and events are lost again."""
    draw = rng(seed)
    rows, tables = [], {}
    for clip in "abcdef":
        tables[clip] = draw.integers(0, 6, (30, 3)) / 5.0
        for label in ("dog", "cat", "cow"):
            onset = int(draw.integers(0, 25))
            if draw.random() < 0.7:
                rows.append(f"{clip} {label} {onset}-{onset + int(draw.integers(1, 6))}")
    reference = events(*rows, clips=tuple(tables))
    known = truth(reference, dict.fromkeys(tables, 30.0))
    scores = frames(tables, ["dog", "cat", "cow"])
    scenario = replace(DCASE["psds2"], max_efpr=700.0)
    times = draw.integers(0, 4, (4, 6)).astype(float)
    changes = change_points(known, scores, scenario.criteria, max_efpr=700.0)
    values = psds_exact(known, changes, scenario, Drawn(times)).psds
    for row, value in zip(times, values):
        clips = {f"{c}{i}": c for c, n in zip(tables, row) for i in range(int(n))}
        some = [
            f"{new} {label} {onset:g}-{offset:g}"
            for new, c in clips.items()
            for clip, onset, offset, label in zip(
                reference.clip, reference.onset, reference.offset, reference.label
            )
            if clip == c
        ]
        again = truth(events(*some, clips=tuple(clips)), dict.fromkeys(clips, 30.0))
        # A class that is not drawn is left out of the mean, as one that the reference lacks is.
        every = change_points(
            again,
            frames({n: tables[c] for n, c in clips.items()}, ["dog", "cat", "cow"]),
            scenario.criteria,
        )
        expected = psds_exact(again, every, scenario, Whole(len(clips))).psds[0]
        if set(again.classes) == set(known.classes):
            assert value == pytest.approx(expected, abs=1e-12)
