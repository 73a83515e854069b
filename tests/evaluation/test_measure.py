"""Measures: values, intervals, and how far the work is."""

import numpy as np
import pytest

from seldbench.evaluation import Measure, Resampling, Values, measured
from seldbench.metrics.uncertainty import LeftOut, Whole

SHARE = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, np.nan]])


def mean(sample):
    """The mean of each column; the second has no value while the last clip counts."""
    values = sample.sums(SHARE) / sample.weights().sum(axis=1, keepdims=True)
    return Values({"first": values[:, 0]}, {"share": values})


MEASURE = Measure(("a", "b", "c", "d"), ("x", "y"), mean)


class Heard:
    def __init__(self):
        self.last = {}

    def say(self, line): ...

    def advance(self, task, done, total, note=""):
        self.last[task] = (done, total)


def test_a_value_has_both_intervals_overall_and_by_class():
    found = measured([MEASURE], Resampling(200))
    assert found.scores == {"first": 0.75}
    assert set(found.intervals["first"]) == {"jackknife", "bootstrap"}
    low, high = found.intervals["first"]["bootstrap"]
    assert 0 <= low < 0.75 < high <= 1
    assert found.class_intervals["x"]["share"] == found.intervals["first"]


def test_what_is_not_determined_is_left_out():
    found = measured([MEASURE], Resampling(200))
    assert found.classes == {"x": {"share": 0.75}}
    assert "y" not in found.class_intervals


def test_without_resampling_there_are_no_intervals():
    assert measured([MEASURE], None).intervals == {}


def test_portions_give_what_the_whole_gives():
    clips = tuple(str(i) for i in range(600))
    table = np.random.default_rng(0).random(600)
    many = Measure(clips, (), lambda sample: Values({"sum": sample.sums(table)}))
    assert many.of(LeftOut(600)).scores["sum"] == pytest.approx(table.sum() - table)
    assert many.of(Whole(600)).scores["sum"] == pytest.approx([table.sum()])


def test_long_work_says_how_far_it_is():
    heard = Heard()
    measured([MEASURE, MEASURE], Resampling(600), heard)
    assert heard.last["scores"] == (2, 2)
    assert heard.last["jackknife"] == (4, 4)
    assert heard.last["bootstrap"] == (600, 600)
