"""The best F1 over all thresholds, of all clips and of replicates."""

import numpy as np
import pytest

from seldbench.events import OperatingPoints
from seldbench.metrics.events import best as module
from seldbench.metrics.events.best import best, best_f1, counts_at_best, steps_of
from seldbench.metrics.events.collar import Collar, class_f1, collar_counts
from seldbench.metrics.events.rates import accuracies, macro, micro
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.events.segment_scores import segment_scores
from seldbench.metrics.events.steps import collar_steps, point_steps
from seldbench.metrics.events.truth import truth
from seldbench.metrics.psds.changepoints import change_points
from seldbench.metrics.psds.intersection import Criteria
from seldbench.metrics.psds.intersection_scores import found_above, intersection_steps
from seldbench.metrics.uncertainty import LeftOut, Whole, drawn

ROUNDED = Collar(decimals=6)
HALF = Criteria(dtc=0.5, gtc=0.5)


def only(steps):
    (found,) = steps
    return found


# One class, by hand


def test_the_threshold_lies_half_way_to_the_next_lower_score(events, frames):
    reference = events("a dog 1-3")
    scores = frames({"a": [[0.2], [0.8], [0.6], [0.0]]}, ["dog"])
    found = best(only(collar_steps(reference, scores, ROUNDED)))
    # Below 0.8 the first second is found, below 0.6 both, below 0.2 one too many.
    assert (found.f1, found.score) == (1.0, 0.6)
    assert found.threshold == pytest.approx((0.6 + 0.2) / 2)


def test_of_equal_thresholds_the_highest_counts(events, frames):
    reference = events("a dog 1-2")
    scores = frames({"a": [[0.0], [0.9], [0.0], [0.5], [0.0]]}, ["dog"])
    found = best(only(collar_steps(reference, scores, ROUNDED)))
    assert (found.f1, found.score) == (1.0, 0.9)


def test_a_class_that_is_best_found_everywhere_has_no_finite_threshold(events, frames):
    found = best(
        only(collar_steps(events("a dog 0-2"), frames({"a": [[0.3], [0.7]]}, ["dog"]), ROUNDED))
    )
    assert (found.f1, found.threshold) == (1.0, -np.inf)


def test_a_class_that_is_never_hit_is_best_never_detected(events, frames):
    scores = frames({"a": [[0.3], [0.7], [0.2]]}, ["dog"])
    found = best(only(collar_steps(events("a dog 5-9"), scores, ROUNDED)))
    assert (found.f1, found.precision, found.recall, found.threshold) == (0.0, 1.0, 0.0, np.inf)


def test_a_class_that_the_scores_lack_is_never_detected(events, frames):
    steps = only(collar_steps(events("a dog 0-1"), frames({"a": [[0.3]]}, ["cat"]), ROUNDED))
    assert best(steps).f1 == 0.0
    assert best_f1(steps, Whole(1)).tolist() == [0.0]


def test_two_detections_of_two_events_that_either_could_hit_are_two_hits(events, frames):
    """Wide collars: both events take either detection, and one of the two is gone below 0.5."""
    reference = events("a dog 0-1", "a dog 2-3")
    scores = frames({"a": [[0.9], [0.5], [0.8]]}, ["dog"])
    steps = only(collar_steps(reference, scores, Collar(3.0, 3.0, 0.0, 6)))
    hits = np.cumsum(steps.hits)[steps.last]
    assert dict(zip(steps.score[steps.last].tolist(), hits.tolist())) == {0.9: 1, 0.8: 2, 0.5: 1}


# All thresholds against one threshold at a time


def scene(events, frames, seed):
    """Clips with short events of two classes, and scores on a coarse grid, so that ties abound."""
    rng = np.random.default_rng(seed)
    clips = [f"c{i}" for i in range(4)]
    rows = [
        f"{clip} {label} {onset / 2}-{(onset + rng.integers(1, 4)) / 2}"
        for clip in clips[:3]
        for label in ("dog", "cat")
        for onset in rng.choice(12, 3, replace=False)
    ]
    scores = {clip: rng.integers(0, 7, (14, 2)) / 6 for clip in clips}
    return events(*rows, clips=clips), frames(scores, ["cat", "dog"], hop=0.5)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("collar", [ROUNDED, Collar(0.5, 1.0, 0.5, 6), Collar(1.5, 2.0, 0.0, 6)])
def test_the_counts_of_every_threshold_are_those_of_events_decided_there(
    events, frames, seed, collar
):
    reference, scores = scene(events, frames, seed)
    for k, steps in enumerate(collar_steps(reference, scores, collar)):
        hits, detected = np.cumsum(steps.hits)[steps.last], np.cumsum(steps.detected)[steps.last]
        for i, score in enumerate(steps.score[steps.last]):
            decided = events_above(scores, [np.nextafter(score, -1)]).at(0)
            counts = collar_counts(reference, decided, collar)
            assert hits[i] == counts.hits[:, k].sum()
            assert detected[i] == counts.detected[:, k].sum()
        assert steps.reference.tolist() == counts.reference[:, k].tolist()


def test_operating_points_have_the_counts_of_each_point(student):
    points, collar = student.predictions, Collar()
    for k, steps in enumerate(point_steps(student.reference, points, collar)):
        for point in (0, 25, 49):
            counts = collar_counts(student.reference, points.at(point), collar)
            some = steps.score >= points.threshold[point]
            assert steps.hits[some].sum() == counts.hits[:, k].sum()
            assert steps.detected[some].sum() == counts.detected[:, k].sum()
        if k == 2:
            break


def test_the_best_of_operating_points_is_the_best_of_their_scores(student):
    some = np.isin(student.predictions.point, [10, 30, 45])
    given = student.predictions
    few = OperatingPoints(
        given.threshold[[10, 30, 45]],
        np.searchsorted([10, 30, 45], given.point[some]),
        type(given.events)(
            given.events.clip[some],
            given.events.onset[some],
            given.events.offset[some],
            given.events.label[some],
            given.events.clips,
        ),
    )
    f1 = []
    for point in (10, 30, 45):
        counts = collar_counts(student.reference, given.at(point))
        sums = (
            t[:, : counts.scored].sum(0) for t in (counts.hits, counts.reference, counts.detected)
        )
        f1.append(class_f1(*sums))
    found = [best(steps) for steps in point_steps(student.reference, few, Collar())]
    assert [of.f1 for of in found] == pytest.approx(np.max(f1, axis=0).tolist())
    assert [of.score for of in found] == few.threshold[np.argmax(f1, axis=0)].tolist()


# Replicates


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("block", [2, 5, 256])
def test_a_replicate_takes_its_own_best_threshold(seed, block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    rng = np.random.default_rng(seed)
    clips, number = 6, 40
    clip, hit = rng.integers(0, clips, number), rng.random(number) < 0.4
    low, high = np.sort(rng.integers(0, 25, (2, number)) / 25, axis=0)
    # Every detection comes at one score and goes at a lower one.
    steps = steps_of(
        np.tile(clip, 2),
        np.concatenate([high, low]),
        np.concatenate([hit, -1.0 * hit]),
        np.repeat([1.0, -1.0], number),
        np.bincount(clip[hit], minlength=clips).astype(float),
    )
    for sample in (Whole(clips), drawn(clips, 7, rng), LeftOut(clips), LeftOut(clips, 2, 4)):
        for weight, value in zip(sample.weights(), best_f1(steps, sample)):
            h = np.cumsum(weight[steps.clip] * steps.hits)[steps.last]
            d = np.cumsum(weight[steps.clip] * steps.detected)[steps.last]
            reference = weight @ steps.reference
            expected = (2 * h / (d + reference)).max() if reference else np.nan
            assert value == pytest.approx(expected, nan_ok=True)


def test_of_all_clips_once_a_replicate_is_the_best_of_all(synthetic):
    clips = synthetic.reference.clips
    for steps in collar_steps(synthetic.reference, synthetic.predictions, ROUNDED):
        assert best_f1(steps, Whole(len(clips)))[0] == pytest.approx(best(steps).f1, abs=1e-12)


# Golden values


def same_as_golden(golden, steps, reference):
    found = [best(of) for of in steps]
    for label, of in zip(reference.labels, found):
        assert of.f1 == pytest.approx(golden["f"][label], abs=1e-9)
        assert of.precision == pytest.approx(golden["precision"][label], abs=1e-9)
        assert of.recall == pytest.approx(golden["recall"][label], abs=1e-9)
        assert of.threshold == pytest.approx(golden["threshold"][label], abs=1e-9)
        if "stats" in golden:
            stats = golden["stats"][label]
            counts = of.hits, of.detected - of.hits, of.reference
            assert counts == (stats["tps"], stats["fps"], stats["n_ref"])
    total = micro(counts_at_best(reference.clips, reference.labels, steps))
    for name in ("f1", "precision", "recall"):
        theirs = golden[{"f1": "f"}.get(name, name)]
        mean = np.mean([getattr(of, name) for of in found])
        assert mean == pytest.approx(theirs["macro_average"], abs=1e-9)
        assert getattr(total, name) == pytest.approx(theirs["micro_average"], abs=1e-9)


def test_collars_equal_sed_scores_eval(synthetic, expected):
    steps = [*collar_steps(synthetic.reference, synthetic.predictions, ROUNDED)]
    same_as_golden(expected["frame_scores"]["collar_best_f"], steps, synthetic.reference)


def test_intersections_equal_sed_scores_eval(synthetic, expected):
    changes = change_points(synthetic.known, synthetic.predictions, HALF)
    steps = intersection_steps(synthetic.known, changes)
    same_as_golden(expected["frame_scores"]["intersection_best_f"], steps, synthetic.reference)


def test_segments_equal_sed_scores_eval(synthetic, expected):
    segments = segment_scores(synthetic.reference, synthetic.predictions, synthetic.durations)
    golden = expected["frame_scores"]
    same_as_golden(golden["segment_best_f_1s"], segments.steps(), synthetic.reference)
    counts, of_half = segments.counts(0.5), golden["segment_f_1s_at_0.5"]
    for name, of_class in accuracies(counts).items():
        assert of_class.f1 == pytest.approx(of_half["f"][name], abs=1e-9)
        assert of_class.precision == pytest.approx(of_half["precision"][name], abs=1e-9)
    assert macro(accuracies(counts)).f1 == pytest.approx(of_half["f"]["macro_average"], abs=1e-9)
    assert micro(counts).f1 == pytest.approx(of_half["f"]["micro_average"], abs=1e-9)


def test_intersections_at_a_half_equal_sed_scores_eval(synthetic, expected):
    stats = expected["frame_scores"]["intersection_f_at_0.5"]["stats"]
    found = found_above(synthetic.known, synthetic.predictions, 0.5, HALF)
    for k, label in enumerate(synthetic.known.classes):
        assert found.found[:, k].sum() == stats[label]["tps"]
        assert found.false[:, k].sum() == stats[label]["fps"]


def test_a_segment_has_the_highest_score_of_the_frames_that_reach_into_it(events, frames):
    reference = events("a dog 0.2-0.4", "a dog 2.5-3.5")
    scores = frames({"a": [[0.1], [0.2], [0.9], [0.3], [0.4]]}, ["dog"], hop=0.7)
    found = segment_scores(reference, scores, {"a": 4.2})
    # Frames begin at 0, 0.7, 1.4, 2.1 and 2.8, and end at 3.5: the fifth second is behind them.
    assert found.scores.ravel().tolist() == [0.2, 0.9, 0.9, 0.4, 0.0]
    assert found.active.ravel().tolist() == [True, False, True, True, False]
    assert truth(reference, {"a": 4.2}).counts().tolist() == [[2.0]]
