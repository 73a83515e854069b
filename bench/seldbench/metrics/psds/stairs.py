"""Areas under the staircases of many replicates: of each class, and of mean less spread over them.

A class's staircase is a list of steps: at `x` it rises from `low` to `high`. The effective curve of
all classes changes at steps alone. With the steps of all classes sorted by x, its mean is a running
sum, and so is its variance: a step moves the sum of squared deviations from the mean by
(high - low) (high + low - mean after - mean before). Where that sum has become small beside what it
was, and its digits are lost, mean and spread are taken from the classes' values themselves. So no
table of classes by points is ever made. Rates per hour; classes weigh the same, and those without
events are left out.
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
LOST = 1e-4  # share of its largest value so far below which the sum of squares is taken anew
TINY = 1e-8  # and below this in any case
CELLS = 4_000_000  # numbers held at once where it is


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps of the staircases of every replicate.

    x, low, high: (replicates, steps); those of one class ascend. label: (steps,) class of each.
    present: (replicates, classes) whether the class has events; others have no steps above 0.
    """

    x: Array
    low: Array
    high: Array
    label: Array
    present: Array


@dataclass(frozen=True, eq=False)
class Curves:
    """x: (replicates, steps) ascending; effective, mean, spread: after each step, valid at the last
    of equal x."""

    x: Array
    effective: Array
    mean: Array
    spread: Array

    def area(self, limit: Array) -> Array:
        """Mean effective TPR up to `limit` (replicates,), which no x is beyond."""
        width = np.diff(self.x, axis=1, append=limit[:, None])
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.effective * width).sum(axis=1) / limit


def curves(steps: Steps, alpha_st: float) -> Curves:
    """Mean, population standard deviation, and max(0, mean - alpha_st * spread), over classes."""
    order = np.argsort(steps.x, axis=1)
    x, rise, both = (
        np.take_along_axis(a, order, 1)
        for a in (steps.x, steps.high - steps.low, steps.high + steps.low)
    )
    classes = np.maximum(steps.present.sum(axis=1), 1)[:, None]
    mean = np.cumsum(rise, axis=1)
    mean /= classes
    both -= mean
    both -= mean
    both += rise / classes
    squares = np.cumsum(np.multiply(both, rise, out=both), axis=1, out=both)
    squares[classes[:, 0] == 1] = 0.0
    unsure = squares < np.maximum(np.maximum.accumulate(squares, axis=1) * LOST, TINY)
    spread = np.sqrt(np.maximum(squares, 0.0) / classes)
    unsure[:, :-1] &= x[:, 1:] > x[:, :-1]
    for i in np.flatnonzero(unsure.any(axis=1)).tolist():
        at = np.flatnonzero(unsure[i])
        mean[i, at], spread[i, at] = _moments(steps, i, order[i], at)
    return Curves(x, np.maximum(mean - alpha_st * spread, 0.0), mean, spread)


def class_areas(x: Array, rise: Array, limit: Array) -> Array:
    """Area under staircases up to `limit`, divided by it: (..., steps) and (...) -> (...)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (rise * np.maximum(limit[..., None] - x, 0.0)).sum(axis=-1) / limit


def _moments(steps: Steps, row: int, order: Array, at: Array) -> tuple[Array, Array]:
    """Mean and spread of a replicate after the steps `at` (sorted), from all classes' values."""
    label, high = steps.label[order], steps.high[row, order]
    by_class = np.argsort(label, kind="stable")
    present = np.flatnonzero(steps.present[row])
    first = np.searchsorted(label[by_class], present)
    stop = np.searchsorted(label[by_class], present, side="right")
    mean, spread = np.zeros(len(at)), np.zeros(len(at))
    portion = max(1, CELLS // max(len(present), 1))
    for i in range(0, len(at), portion):
        some = at[i : i + portion]
        values = np.zeros((len(present), len(some)))
        for value, a, b in zip(values, first, stop):
            mine = by_class[a:b]
            best = np.append(0.0, np.maximum.accumulate(high[mine]))
            value[:] = best[np.searchsorted(mine, some, side="right")]
        if len(present):
            mean[i : i + portion], spread[i : i + portion] = values.mean(0), values.std(0)
    return mean, spread
