"""Sound event bounding boxes; frames of 0.1 s, filter of 0.48 s unless said."""

import numpy as np
import pytest

from seldbench.events import Event, EventList, event_table
from seldbench.inference.boxes import BoxRule, candidates, find_boxes, rules_of, step_filter
from seldbench.metrics.events.truth import truth
from seldbench.metrics.psds.changepoints import change_points
from seldbench.metrics.psds.curves import DCASE
from seldbench.metrics.psds.weighted import psds_exact
from seldbench.metrics.uncertainty import Whole
from seldbench.prediction import FrameScores

HOP = 0.1
ABSOLUTE = BoxRule(0.48, absolute=0.2)


def score(*spans, frames=100):
    """(frames, 1): `value` from onset to offset, in seconds."""
    scores = np.zeros((frames, 1))
    for onset, offset, value in spans:
        scores[round(onset / HOP) : round(offset / HOP)] = value
    return scores


def boxes(scores, rule=ABSOLUTE, hop=HOP):
    found = find_boxes(scores, [rule] * scores.shape[1], hop)
    return [
        (round(i * hop, 6), round(j * hop, 6), round(float(c), 6))
        for i, j, c in zip(found.onset, found.offset, found.confidence)
    ]


def test_a_rectangle_is_one_box():  # H-24
    for hop in (0.1, 0.05, 0.02, 0.01):
        scores = score((2, 4, 0.8)).repeat(round(HOP / hop), axis=0)
        assert boxes(scores, hop=hop) == [(2.0, 4.0, 0.8)]


def test_two_rectangles_with_a_shallow_gap_are_one_box_and_with_a_deep_gap_two():  # H-24
    shallow = score((2, 3, 0.8), (3, 4, 0.65), (4, 5, 0.8))
    deep = score((2, 3, 0.8), (3, 4, 0.5), (4, 5, 0.8))
    assert boxes(shallow) == [(2.0, 5.0, 0.75)]
    assert boxes(deep) == [(2.0, 3.0, 0.8), (4.0, 5.0, 0.8)]


def test_both_neighbours_must_be_close_to_the_gap():
    uneven = score((2, 3, 0.95), (3, 4, 0.65), (4, 5, 0.8))
    assert boxes(uneven) == [(2.0, 3.0, 0.95), (4.0, 5.0, 0.8)]


def test_gaps_are_judged_by_a_difference_a_ratio_or_both():
    loud = score((2, 3, 0.9), (3, 4, 0.6), (4, 5, 0.9))  # 0.3 below, 1.5 times
    soft = score((2, 3, 0.3), (3, 4, 0.1), (4, 5, 0.3))  # 0.2 below, 3 times
    by_difference, by_ratio = BoxRule(0.48, absolute=0.25), BoxRule(0.48, relative=2.0)
    both = BoxRule(0.48, absolute=0.25, relative=2.0)
    assert [len(boxes(loud, rule)) for rule in (by_difference, by_ratio, both)] == [2, 1, 2]
    assert [len(boxes(soft, rule)) for rule in (by_difference, by_ratio, both)] == [1, 2, 2]
    assert len(boxes(loud, BoxRule(0.48))) == 2  # with no rule nothing is merged


def test_a_silent_gap_has_no_ratio_that_merges():
    assert len(boxes(score((2, 3, 0.9), (4, 5, 0.9)), BoxRule(0.48, relative=1e6))) == 2


def test_events_at_the_ends_begin_and_end_with_the_clip():
    assert boxes(score((0, 1, 0.7), (8, 10, 0.9))) == [(0.0, 1.0, 0.7), (8.0, 10.0, 0.9)]
    assert boxes(score((0, 10, 0.6))) == [(0.0, 10.0, 0.6)]


def test_silence_and_no_frames_have_no_boxes():
    assert boxes(score()) == []
    assert boxes(np.zeros((0, 1))) == []


def test_the_filter_is_the_mean_after_less_the_mean_before():
    draw = np.random.default_rng(0)
    scores = draw.random(40)
    for half in (1.0, 2.0, 2.4, 3.2, 16.0, 60.0):
        fine = np.pad(scores.repeat(10), 700)  # tenths of a frame
        n = round(10 * half)
        expected = [
            fine[t : t + n].mean() - fine[t - n : t].mean()
            for t in range(700, 700 + 10 * 40 + 1, 10)
        ]
        np.testing.assert_allclose(step_filter(scores, half), expected, atol=1e-8)


def test_candidates_go_from_maxima_to_the_minima_that_follow():
    #                         0  1  2  3  4  5  6   7  8  9
    change = np.array([0.0, 1, 2, 2, 2, 0, -1, 1, 0, -1])
    onset, offset = candidates(change)
    assert onset.tolist() == [3, 7]  # the middle of a flat maximum
    assert offset.tolist() == [6, 9]  # open until the end


def test_scores_turned_round_have_boxes_turned_round():
    draw = np.random.default_rng(3)
    for _ in range(50):
        scores = np.round(draw.random((60, 1)).cumsum(0) % 1, 1)
        forward = find_boxes(scores, [ABSOLUTE], HOP)
        back = find_boxes(scores[::-1], [ABSOLUTE], HOP)
        assert (60 - back.offset[::-1]).tolist() == forward.onset.tolist()
        assert (60 - back.onset[::-1]).tolist() == forward.offset.tolist()
        np.testing.assert_allclose(back.confidence[::-1], forward.confidence, rtol=1e-6)


def test_boxes_of_a_class_lie_apart_and_their_confidence_is_the_mean_score():
    draw = np.random.default_rng(1)
    scores = draw.random((500, 3))
    found = find_boxes(scores, [ABSOLUTE, BoxRule(0.64, relative=1.5), BoxRule(0.32)], 0.02)
    assert set(found.label) == {0, 1, 2}
    for k in range(3):
        own = found.label == k
        onset, offset = found.onset[own], found.offset[own]
        assert (onset < offset).all() and (offset[:-1] < onset[1:]).all()
        means = [scores[i:j, k].mean() for i, j in zip(onset, offset)]
        np.testing.assert_allclose(found.confidence[own], means, rtol=1e-6)


def test_classes_have_rules_of_their_own():
    scores = np.repeat(score((2, 3, 0.8), (3, 4, 0.5), (4, 5, 0.8)), 2, axis=1)
    found = find_boxes(scores, [ABSOLUTE, BoxRule(0.48, relative=2.0)], HOP)
    assert np.bincount(found.label).tolist() == [2, 1]
    rules = rules_of({"a": {"step": 0.48, "absolute": 0.2, "relative": None}}, 1)
    assert rules == [ABSOLUTE]
    with pytest.raises(ValueError, match="boxes of 1 classes, but scores of 2"):
        rules_of({"a": {"step": 0.48}}, 2)


def test_scores_of_boxes_above_a_threshold_are_the_boxes_above_it():
    draw = np.random.default_rng(2)
    scores = draw.random((200, 2)).cumsum(0) / 30 % 1
    found = find_boxes(scores, [ABSOLUTE] * 2, HOP)
    painted = found.scores(200, 2)
    assert painted.dtype == np.float32
    for threshold in (0.1, 0.3, 0.5, 0.7):
        events = found.events(("a", "b"), np.full(2, threshold), hop=HOP, duration=19.95)
        for k, label in enumerate(("a", "b")):
            active = np.zeros(200, dtype=bool)
            for event in events:
                if event.label == label:
                    active[round(event.onset / HOP) : int(np.ceil(event.offset / HOP - 1e-6))] = 1
            np.testing.assert_array_equal(active, painted[:, k] > threshold)
        assert [e.onset for e in events] == sorted(e.onset for e in events)
        assert all(e.offset <= 19.95 for e in events)


def test_zero_beside_boxes_changes_no_psds():
    """A threshold of 0 makes every clip an event: 360 false positives an hour, beyond 100."""
    draw = np.random.default_rng(4)
    reference, rows = {}, []
    for clip in range(20):
        onset = draw.uniform(0, 6)
        reference[f"{clip}.wav"] = EventList([Event(onset, onset + 2.0, "dog")] * (clip % 3 > 0))
        near = onset + draw.normal(0, 0.3)
        rows.append(score((max(near, 0), near + 2.0, draw.uniform(0.2, 0.9))))
        rows[-1] += 0.1 * draw.random((100, 1))
    painted = [find_boxes(r, [ABSOLUTE], HOP).scores(100, 1) for r in rows]
    known = truth(event_table(reference), dict.fromkeys(reference, 10.0))

    def psds(scores):
        grid = np.tile(np.arange(100) * HOP, 20)
        frames = FrameScores(
            scores, np.arange(21) * 100, grid, grid + HOP, tuple(reference), ("dog",)
        )
        scenario = DCASE["psds1"]
        changes = change_points(known, frames, scenario.criteria, max_efpr=scenario.max_efpr)
        return psds_exact(known, changes, scenario, Whole(20)).psds[0]

    zeros = np.concatenate(painted)
    nothing = np.where(zeros > 0, zeros, -np.inf).astype(np.float32)
    assert psds(zeros) == psds(nothing) > 0.1


@pytest.mark.parametrize("step", [0.0, -1.0])
def test_a_filter_needs_a_length(step):
    with pytest.raises(ValueError, match="lengths are positive"):
        BoxRule(step)
