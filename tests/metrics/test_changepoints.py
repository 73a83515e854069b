"""Changes of the counts at every score."""

import tracemalloc

import numpy as np
import pytest

from seldbench.errors import BadFile
from seldbench.metrics import changepoints
from seldbench.metrics.changepoints import change_points
from seldbench.metrics.intersection import Criteria, point_counts
from seldbench.metrics.psds import DCASE
from seldbench.metrics.runs import events_above
from seldbench.metrics.truth import detections, truth


def test_the_counts_after_a_score_are_those_of_a_cut_just_below_it(synthetic):
    known, frames = synthetic.known, synthetic.predictions
    criteria = DCASE["psds2"].criteria
    changes = change_points(known, frames, criteria)
    for threshold in (0.9, 0.5, 0.13, 0.02):
        found = detections(events_above(frames, [threshold]), known)
        tp, fp, ct = point_counts(known, found, criteria).totals(synthetic.ones.weights())
        for label in range(len(known.classes)):
            rows = slice(changes.start[label], changes.start[label + 1])
            below = changes.score[rows].astype(np.float64) > threshold
            assert changes.found[rows][below].sum() == tp[0, 0, label]
            assert changes.false[rows][below].sum() == fp[0, 0, label]
            crossed = np.asarray(changes.cross[rows][below].sum(0)).ravel()
            assert np.array_equal(crossed, ct[0, 0, label])


def test_a_score_at_which_nothing_changes_is_not_kept(events, frames):
    # The run grows from one frame to four; it is a false positive all along.
    scores = frames({"a": [[0.9], [0.8], [0.7], [0.6], [0.0]]}, ["dog"])
    known = truth(events("a dog 9-10"), {"a": 10.0})
    changes = change_points(known, scores, Criteria(0.5, 0.5))
    assert changes.score.tolist() == [0.9]
    assert changes.false.tolist() == [1.0]


def test_merging_runs_take_a_false_positive_back(events, frames):
    scores = frames({"a": [[0.9], [0.5], [0.8]]}, ["dog"])
    known = truth(events("a dog 9-10"), {"a": 10.0})
    changes = change_points(known, scores, Criteria(0.5, 0.5))
    assert changes.score.tolist() == [0.9, 0.8, 0.5]
    assert changes.false.tolist() == [1.0, 1.0, -1.0]


def test_an_event_found_can_be_lost_again_as_the_detection_grows(events, frames):
    scores = frames({"a": [[0.9]] * 2 + [[0.4]] * 8}, ["dog"])
    known = truth(events("a dog 0-2"), {"a": 10.0})
    changes = change_points(known, scores, Criteria(0.5, 0.5))
    assert changes.found.tolist() == [1.0, -1.0]
    assert changes.false.tolist() == [0.0, 1.0]


def test_sums_and_shares_are_rounded_to_six_decimals(events, frames):
    known = truth(events("a dog 0-0.7"), {"a": 10.0})
    almost = frames({"a": [[0.9]]}, ["dog"], hop=1.0 + 4e-7)  # 0.7 of 1.0000004
    assert change_points(known, almost, Criteria(0.7, 0.7)).found.tolist() == [1.0]
    below = frames({"a": [[0.9]]}, ["dog"], hop=1.0 + 4e-6)
    assert change_points(known, below, Criteria(0.7, 0.7)).found.tolist() == [0.0]


def test_clips_of_different_lengths_and_without_frames_are_no_trouble(events, frames):
    scores = frames({"a": np.zeros((0, 1)), "b": [[0.5]], "c": [[0.1], [0.9]]}, ["dog"])
    known = truth(events("b dog 0-1", "a dog 0-1", "c dog 1-2"), dict.fromkeys("abc", 5.0))
    changes = change_points(known, scores, Criteria(0.7, 0.7))
    assert changes.found.sum() == 1  # that of b; c's is lost to the longer run at 0.1
    assert changes.score.tolist() == pytest.approx([0.9, 0.5, 0.1])


def test_a_class_without_scores_is_never_detected(events, frames):
    scores = frames({"a": [[0.9]]}, ["dog"])
    known = truth(events("a dog 0-1", "a cat 0-1"), {"a": 5.0})
    changes = change_points(known, scores, Criteria(0.7, 0.7))
    assert changes.start.tolist() == [0, 0, 1]


def test_a_clip_without_scores_is_an_error_that_names_it(events, frames):
    scores = frames({"a": [[0.9]]}, ["dog"])
    known = truth(events("a dog 0-1", "b dog 0-1"), {"a": 5.0, "b": 5.0})
    with pytest.raises(BadFile, match=r"1 of 2 clips.*'b'"):
        change_points(known, scores, Criteria(0.7, 0.7))


def test_changes_do_not_hang_on_the_size_of_a_batch(synthetic, monkeypatch):
    whole = change_points(synthetic.known, synthetic.predictions, DCASE["psds2"].criteria)
    monkeypatch.setattr(changepoints, "CELLS", 3_000)
    monkeypatch.setattr(changepoints, "PAIRS", 5_000)
    small = change_points(synthetic.known, synthetic.predictions, DCASE["psds2"].criteria)
    for name in ("start", "clip", "score", "found", "false", "last"):
        assert np.array_equal(getattr(whole, name), getattr(small, name))
    assert (whole.cross != small.cross).nnz == 0


def test_memory_is_bounded_by_the_batch_and_not_by_the_number_of_clips(events, frames):
    def peak(clips):
        draw = np.random.default_rng(0)
        names = [f"c{i}" for i in range(clips)]
        smooth = np.cumsum(draw.normal(size=(500, 4)), axis=0).astype(np.float32)
        scores = frames(dict.fromkeys(names, smooth), ["dog", "cat", "cow", "hen"], hop=0.02)
        rows = [f"{n} {label} 1-2" for n in names for label in scores.classes]
        known = truth(events(*rows), dict.fromkeys(names, 10.0))
        tracemalloc.start()
        changes = change_points(known, scores, Criteria(0.7, 0.7, 0.3))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top, len(changes.clip)

    (few, of_few), (many, of_many) = peak(200), peak(800)
    assert of_many == 4 * of_few
    assert many < few + 400 * (of_many - of_few)  # bytes a change, in parts and sorted
    assert many < 2.5 * few
