"""Changes of the counts at every score."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from seldbench.errors import BadFile
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.events.truth import detections, truth
from seldbench.metrics.psds import class_changes
from seldbench.metrics.psds.changepoints import change_points, changes_of_each
from seldbench.metrics.psds.curves import DCASE
from seldbench.metrics.psds.intersection import Criteria, point_counts
from seldbench.prediction import Columns


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
    monkeypatch.setattr(class_changes, "CELLS", 3_000)
    monkeypatch.setattr(class_changes, "PAIRS", 50)
    small = change_points(synthetic.known, synthetic.predictions, DCASE["psds2"].criteria)
    for name in ("start", "clip", "score", "found", "false", "last"):
        assert np.array_equal(getattr(whole, name), getattr(small, name))
    assert (whole.cross != small.cross).nnz == 0


def noisy(frames, clips, classes, seconds=10, seed=0):
    """Scores that rise and fall slowly, on a grid of 20 ms."""
    draw = np.random.default_rng(seed)
    length = 50 * seconds
    tables = {
        f"c{i}": np.cumsum(draw.normal(size=(length, len(classes))), axis=0).astype(np.float32)
        for i in range(clips)
    }
    return frames(tables, classes, hop=0.02)


def test_thresholds_beyond_max_efpr_are_left_out_and_no_others(events, frames):
    scores = noisy(frames, 100, ["dog", "cat"])
    known = truth(
        events("c0 dog 1-2", "c1 dog 3-9", "c2 cat 0-10"), dict.fromkeys(scores.clips, 10.0)
    )
    whole = change_points(known, scores, Criteria(0.5, 0.5, 0.3))
    near = change_points(known, scores, Criteria(0.5, 0.5, 0.3), max_efpr=100.0)
    assert (near.floors.floor > -np.inf).all()
    assert len(near.clip) < len(whole.clip) / 2
    for label in range(2):
        every, some = whole.of_class(label), near.of_class(label)
        above = every.score >= near.floors.floor[label]
        for name in ("clip", "score", "found", "false"):
            assert np.array_equal(getattr(every, name)[above], getattr(some, name))
        assert (every.cross[above] != some.cross).nnz == 0
        certain = near.floors.sure[label].sum()
        last = np.append(every.score[1:] != every.score[:-1], True)
        assert (np.cumsum(every.false)[~above & last] >= certain).all()
        assert certain / (1000 / 3600) > 100.0


def test_a_class_with_too_few_silent_clips_is_looked_at_down_to_the_lowest_score(events, frames):
    scores = noisy(frames, 100, ["dog", "cat"])
    rows = [f"c{i} dog 1-2" for i in range(80)] + ["c0 cat 1-2"]
    known = truth(events(*rows), dict.fromkeys(scores.clips, 10.0))
    near = change_points(known, scores, Criteria(0.5, 0.5), max_efpr=100.0)
    assert (near.floors.floor > -np.inf).tolist() == [True, False]  # cat, dog
    whole = change_points(known, scores, Criteria(0.5, 0.5))
    assert len(near.of_class(1).clip) == len(whole.of_class(1).clip)


def test_a_clip_with_frames_too_short_for_rounding_makes_no_floor_sure(events, frames):
    # A run of 0.6 us is a hit of nothing: 0.5 of it is rounded to 0 seconds.
    scores = noisy(frames, 100, ["dog"])
    tiny = frames({c: scores.scores[scores.rows(c)] for c in scores.clips}, ["dog"], hop=6e-7)
    known = truth(events("c0 dog 0-1"), dict.fromkeys(scores.clips, 10.0))
    assert change_points(known, tiny, Criteria(0.5, 0.5), max_efpr=50.0).floors.floor[0] == -np.inf
    assert change_points(known, scores, Criteria(0.5, 0.5), max_efpr=50.0).floors.floor[0] > -np.inf


def test_several_criteria_at_once_give_what_each_gives_alone(synthetic):
    known, frames = synthetic.known, synthetic.predictions
    criteria = [scenario.criteria for scenario in DCASE.values()]
    for each, found in zip(criteria, changes_of_each(known, frames, criteria, max_efpr=20.0)):
        alone = change_points(known, frames, each, max_efpr=20.0)
        for name in ("start", "clip", "score", "found", "false", "last"):
            assert np.array_equal(getattr(found, name), getattr(alone, name))


def test_memory_holds_one_class_at_a_time(events, frames):
    def peak(classes):
        names = [f"k{i}" for i in range(classes)]
        scores = noisy(frames, 200, names)
        known = truth(
            events(*(f"c{i} {n} 1-2" for i, n in enumerate(names))),
            dict.fromkeys(scores.clips, 10.0),
        )
        tracemalloc.start()
        changes = change_points(known, scores, Criteria(0.7, 0.7, 0.3), max_efpr=100.0)
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top, len(changes.clip)

    (few, of_few), (many, of_many) = peak(2), peak(16)
    assert many < few + 150 * (of_many - of_few)  # bytes a change, in parts and joined
    assert many < 2 * few


def test_each_class_is_read_once_for_all_criteria(synthetic):
    known, frames, asked = synthetic.known, synthetic.predictions, []

    def read(number):
        asked.append(number)
        return frames.scores[:, number]

    lazy = replace(frames, scores=Columns(read, frames.scores.shape, frames.scores.dtype))
    criteria = [scenario.criteria for scenario in DCASE.values()]
    pairs = zip(changes_of_each(known, lazy, criteria), changes_of_each(known, frames, criteria))
    assert sorted(asked) == list(range(len(frames.classes)))
    for mine, theirs in pairs:
        assert np.array_equal(mine.score, theirs.score)
        assert np.array_equal(mine.false, theirs.false)
