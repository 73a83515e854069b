"""Runs of frames above thresholds."""

import numpy as np

from seldbench.metrics.events.runs import events_above, every_run


def runs_at(row, value):
    """[first, stop) of the frames with score >= value."""
    active = np.concatenate([[False], row >= value, [False]])
    edges = np.flatnonzero(active[1:] != active[:-1])
    return set(zip(edges[::2], edges[1::2]))


def test_a_run_lives_from_its_lowest_score_down_to_its_higher_neighbour():
    runs = every_run(np.array([[0.2, 0.9, 0.5, 0.8, 0.1]]))
    lives = {
        (int(a), int(b)): (float(low), float(high))
        for a, b, low, high in zip(runs.first, runs.stop, runs.low, runs.high)
    }
    assert lives == {
        (1, 2): (0.5, 0.9),
        (3, 4): (0.5, 0.8),
        (1, 4): (0.2, 0.5),
        (0, 4): (0.1, 0.2),
        (0, 5): (-np.inf, 0.1),
    }


def test_the_runs_of_every_threshold_are_those_that_cutting_finds():
    draw = np.random.default_rng(3)
    for frames in (1, 2, 3, 7, 64, 65):
        # Few distinct values, so that plateaus and ties occur; -inf is never a detection.
        table = draw.integers(0, 6, (20, frames)) / 5.0
        table[draw.random(table.shape) < 0.1] = -np.inf
        runs = every_run(table)
        for value in np.unique(table[table > -np.inf]):
            alive = (runs.low < value) & (value <= runs.high)
            for column, row in enumerate(table):
                here = alive & (runs.column == column)
                found = set(zip(runs.first[here], runs.stop[here]))
                assert found == runs_at(row, value)
                assert len(found) == here.sum()


def test_a_frame_is_active_above_the_threshold_and_not_at_it(frames):
    scores = frames({"a": [[0.5], [0.6], [0.7], [0.5]]}, ["dog"])
    found = events_above(scores, [0.5]).events
    assert (found.onset.tolist(), found.offset.tolist()) == ([1.0], [3.0])


def test_a_float32_score_is_compared_as_the_number_it_is(frames):
    # float32(0.3) is 0.300000012, above 0.3; float32(0.7) is 0.699999988, below 0.7.
    scores = frames({"a": np.array([[0.3], [0.7]], dtype=np.float32)}, ["dog"])
    at = events_above(scores, [0.3, 0.7])
    assert [len(at.at(0)), len(at.at(1))] == [1, 0]
    assert at.at(0).onset.tolist() == [0.0]


def test_runs_end_with_their_clip(frames):
    scores = frames({"a": [[0.9], [0.9]], "b": [[0.9]], "c": [[0.1]]}, ["dog"])
    found = events_above(scores, [0.5]).events
    assert list(zip(found.clip, found.onset, found.offset)) == [("a", 0.0, 2.0), ("b", 0.0, 1.0)]


def test_thresholds_come_out_ascending_and_each_once(frames):
    scores = frames({"a": [[0.9]]}, ["dog"])
    assert events_above(scores, [0.7, 0.2, 0.7]).threshold.tolist() == [0.2, 0.7]
