"""Polyphonic sound detection score (PSDS): rates, PSD-ROC curves and their area. Rates per hour.

Source: Bilen et al. 2020, arXiv:1910.08440; cross trigger rates are averaged over the K - 1 other
classes (psds_eval 0.5.3, sed_scores_eval 0.0.4; psds_eval 0.3.0 divided by K). The curve of a class
is a staircase: the best true positive rate at an effective false positive rate (eFPR) not above x.
A single class has no cross triggers: their mean is 0.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seldbench.metrics.events.truth import HOUR, Truth
from seldbench.metrics.psds.intersection import Criteria, PointCounts
from seldbench.metrics.psds.stairs import Steps, class_areas, curves

Array = np.ndarray


@dataclass(frozen=True)
class Scenario:
    """What PSDS is asked for. alpha_ct: weight of cross triggers; alpha_st: cost of unequal
    classes; max_efpr: per hour, None for the largest eFPR that occurs; interpolate: straight lines
    between operating points instead of stairs (psds_eval's `en_interp`)."""

    criteria: Criteria
    alpha_ct: float = 0.0
    alpha_st: float = 1.0
    max_efpr: float | None = 100.0
    interpolate: bool = False


DCASE = {
    "psds1": Scenario(Criteria(dtc=0.7, gtc=0.7), alpha_ct=0.0),
    "psds2": Scenario(Criteria(dtc=0.1, gtc=0.1, cttc=0.3), alpha_ct=0.5),
}


@dataclass(frozen=True, eq=False)
class Exposure:
    """What the rates divide by. events, seconds: (replicates, classes); hours: (replicates,)."""

    events: Array
    seconds: Array
    hours: Array

    @property
    def present(self) -> Array:
        """(replicates, classes): the class has events."""
        return self.events > 0


@dataclass(frozen=True, eq=False)
class Curve:
    """A PSD-ROC. efpr: (points,) per hour, rising from 0; etpr: effective TPR; mean, spread: of the
    classes' TPR."""

    efpr: Array
    etpr: Array
    mean: Array
    spread: Array


def exposure(known: Truth, weights: Array) -> Exposure:
    """Of clips with weights (replicates, clips)."""
    hours = weights @ known.durations / HOUR
    events, seconds = known.tables
    return Exposure(weights @ events, weights @ seconds, hours)


def point_rates(
    counts: PointCounts, weights: Array, over: Exposure, alpha_ct: float
) -> tuple[Array, Array]:
    """eFPR and TPR, (replicates, points, classes) both; TPR 0 for a class without events.

    A class without events cannot be triggered; it counts with rate 0.
    """
    shape = len(weights), counts.points, counts.classes
    tpr = (weights @ counts.found).reshape(shape) / np.maximum(over.events, 1)[:, None]
    efpr = (weights @ counts.false) / over.hours[:, None]
    if counts.beyond is not None:
        efpr[:, counts.beyond.points.ravel()] = np.inf
    if alpha_ct and len(counts.crossed):
        cell, other = np.divmod(counts.crossed, counts.classes)
        rates = (weights @ counts.cross) * trigger_rates(over)[:, other]
        first = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
        efpr[:, cell[first]] += alpha_ct * np.add.reduceat(rates, first, axis=1)
    return efpr.reshape(shape), tpr


def trigger_rates(over: Exposure) -> Array:
    """What a cross trigger by each class adds to the mean rate over the others, (replicates,
    classes)."""
    return HOUR / np.maximum(over.seconds, 1e-12) / max(over.seconds.shape[1] - 1, 1)


def step_areas(efpr: Array, tpr: Array, present: Array, scenario: Scenario) -> tuple[Array, Array]:
    """PSDS, and the area of each class's own staircase, of the points of many replicates.

    Args:
        efpr, tpr: (replicates, classes, points), in any order.
        present: (replicates, classes); absent classes are left out of mean and spread.

    Returns:
        (replicates,) and (replicates, classes)
    """
    limit = _limit(efpr, scenario)
    order = np.argsort(efpr, axis=2)
    x = np.minimum(np.take_along_axis(efpr, order, 2), limit[:, None, None])
    high = np.maximum.accumulate(np.take_along_axis(tpr, order, 2), axis=2)
    low = np.zeros_like(high)
    low[:, :, 1:] = high[:, :, :-1]
    own = class_areas(x, high - low, np.repeat(limit[:, None], x.shape[1], axis=1))
    label = np.repeat(np.arange(x.shape[1]), x.shape[2])
    flat = [a.reshape(len(a), -1) for a in (x, low, high)]
    steps = Steps(flat[0], flat[1], flat[2], label, present)
    return curves(steps, scenario.alpha_st).area(limit), own


def line_areas(efpr: Array, tpr: Array, present: Array, scenario: Scenario) -> tuple[Array, Array]:
    """The same of straight lines between the points, held between the points of all classes.

    Source: psds_eval 0.5.3, perform_interp: a line may fall, and only the values on the common axis
    are made to rise. Of points of equal eFPR one counts; which one is left to numpy's unstable
    `argsort`, and so to the processor and to the order of the points (here by threshold).
    """
    limit = _limit(efpr, scenario)
    values, own = [], []
    for x, y, classes, end in zip(efpr, tpr, present, limit):
        axis = np.unique(np.append(x, 0.0))
        lines = np.stack([_line(axis, *points) for points in zip(x, y)])
        axis, lines = axis[axis <= end], lines[:, axis <= end]
        some = lines[classes] if classes.any() else np.zeros((1, len(axis)))
        effective = np.maximum(some.mean(axis=0) - scenario.alpha_st * some.std(axis=0), 0.0)
        width = np.diff(axis, append=end)
        with np.errstate(invalid="ignore", divide="ignore"):
            values.append((effective * width).sum() / end)
            own.append((lines * width).sum(axis=1) / end)
    return np.array(values), np.array(own)


def _line(axis: Array, x: Array, y: Array) -> Array:
    x, y = np.append(x, 0.0), np.append(y, 0.0)
    order = np.argsort(x)  # the official sort, whose order of equal ones decides
    x, first = np.unique(x[order], return_index=True)
    return np.maximum.accumulate(np.interp(axis, x, y[order][first]))


def stair_area(efpr: Array, tpr: Array, limit: float) -> float:
    """PSDS of one class: the area under its `staircase` up to `limit`."""
    return float((tpr * np.diff(efpr, append=limit)).sum() / limit)


def roc(efpr: Array, tpr: Array, label: Array, classes: int, scenario: Scenario) -> Curve:
    """The curve of one set of points (points,), in any order, up to max_efpr."""
    limit = _limit(efpr[None], scenario)[0]
    near = np.flatnonzero(efpr <= limit)
    near = near[np.lexsort((efpr[near], label[near]))]
    x, label = efpr[near], label[near]
    start = np.searchsorted(label, np.arange(classes + 1))
    # The point (0, 0) opens the axis.
    high, low = np.zeros((2, len(near) + 1))
    for a, b in pairwise(start):
        high[a + 1 : b + 1] = np.maximum.accumulate(tpr[near[a:b]])
        low[a + 2 : b + 1] = high[a + 1 : b]
    present = np.ones((1, classes), dtype=bool)
    columns = (np.append(0.0, x)[None], low[None], high[None], np.append(0, label))
    found = curves(Steps(*columns, present), scenario.alpha_st)
    last = np.append(found.x[0, 1:] != found.x[0, :-1], True)
    parts = (found.x, found.effective, found.mean, found.spread)
    return Curve(*(part[0, last] for part in parts))


def staircase(efpr: Array, tpr: Array, limit: float) -> tuple[Array, Array]:
    """The points (points,) that raise a class's curve, none beyond `limit`; eFPR ascends."""
    near = np.flatnonzero(efpr <= limit)
    x, y = efpr[near], tpr[near]
    order = np.lexsort((-y, x))
    x, y = x[order], y[order]
    best = np.maximum.accumulate(y) if len(y) else y
    rises = np.diff(best, prepend=0.0) > 0
    return x[rises], best[rises]


def _limit(efpr: Array, scenario: Scenario) -> Array:
    """(replicates,) the largest eFPR of the area; `efpr` is (replicates, ...)."""
    if scenario.max_efpr is not None:
        return np.full(len(efpr), scenario.max_efpr)
    return efpr.reshape(len(efpr), -1).max(axis=1, initial=0.0)
