"""Polyphonic sound detection score (PSDS): rates, PSD-ROC curves and their area. Rates per hour.

Source: Bilen et al. 2020, arXiv:1910.08440; cross trigger rates are averaged over the K - 1 other
classes (psds_eval 0.5.3, sed_scores_eval 0.0.4; psds_eval 0.3.0 divided by K). The curve of a class
is a staircase: the best true positive rate at an effective false positive rate (eFPR) not above x.
A single class has no cross triggers: their mean is 0.
"""

from dataclasses import dataclass

import numpy as np

from seldbench.metrics.intersection import Criteria, PointCounts
from seldbench.metrics.truth import Truth

Array = np.ndarray
HOUR = 3600.0


@dataclass(frozen=True)
class Scenario:
    """What PSDS is asked for. alpha_ct: weight of cross triggers; alpha_st: cost of unequal
    classes; max_efpr: per hour, None for the largest eFPR that occurs."""

    criteria: Criteria
    alpha_ct: float = 0.0
    alpha_st: float = 1.0
    max_efpr: float | None = 100.0


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
    """A PSD-ROC. efpr: (points,) per hour, rising from 0; etpr: effective, mean, spread: over
    classes; by_class: (classes, points)."""

    efpr: Array
    etpr: Array
    mean: Array
    spread: Array
    by_class: Array


def exposure(known: Truth, weights: Array) -> Exposure:
    """Of clips with weights (replicates, clips)."""
    hours = weights @ known.durations / HOUR
    return Exposure(weights @ known.counts(), weights @ known.seconds(), hours)


def point_rates(
    counts: PointCounts, weights: Array, over: Exposure, alpha_ct: float
) -> tuple[Array, Array]:
    """eFPR and TPR, (replicates, points, classes) both; TPR 0 for a class without events."""
    found, false, cross = counts.totals(weights)
    tpr = found / np.maximum(over.events, 1)[:, None]
    efpr = false / over.hours[:, None, None]
    if alpha_ct and counts.classes > 1:
        efpr = efpr + alpha_ct * mean_trigger_rate(cross, over.seconds[:, None, None])
    return efpr, tpr


def mean_trigger_rate(cross: Array, seconds: Array) -> Array:
    """Cross triggers (..., classes, other classes) -> their mean rate per hour, (..., classes).

    A class without events cannot be triggered; it counts with rate 0.
    """
    rates = cross * HOUR / np.maximum(seconds, 1e-12)
    return rates.sum(-1) / (cross.shape[-1] - 1)


def area(efpr: Array, tpr: Array, label: Array, present: Array, scenario: Scenario) -> Array:
    """PSDS of many sets of points at once.

    Args:
        efpr, tpr: (replicates, points), in any order; points beyond max_efpr do not matter.
        label: (points,), the class of every point.
        present: (replicates, classes); absent classes are left out of mean and spread.

    Returns:
        (replicates,)
    """
    limit = _limit(efpr, scenario)
    x, curves = _curves(np.clip(efpr, 0.0, limit[:, None]), tpr, label, present.shape[1])
    etpr = _effective(curves, present, scenario.alpha_st)[0]
    width = np.diff(x, axis=1, append=limit[:, None])
    return (etpr * width).sum(1) / limit


def stair_area(efpr: Array, tpr: Array, limit: float) -> float:
    """PSDS of one class: the area under its `staircase` up to `limit`."""
    return float((tpr * np.diff(efpr, append=limit)).sum() / limit)


def roc(efpr: Array, tpr: Array, label: Array, classes: int, scenario: Scenario) -> Curve:
    """The curve of one set of points (points,), up to max_efpr."""
    limit = _limit(efpr[None], scenario)
    inside = efpr <= limit[0]
    # The point (0, 0) of every class opens the axis.
    x = np.concatenate([np.zeros(classes), efpr[inside]])
    y = np.concatenate([np.zeros(classes), tpr[inside]])
    of = np.concatenate([np.arange(classes), label[inside]])
    x, curves = _curves(x[None], y[None], of, classes)
    last = np.append(x[0, 1:] != x[0, :-1], True)
    present = np.ones((1, classes), dtype=bool)
    etpr, mean, spread = _effective(curves, present, scenario.alpha_st)
    return Curve(x[0, last], etpr[0, last], mean[0, last], spread[0, last], curves[0][:, last])


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
    """(replicates,) the largest eFPR of the area."""
    if scenario.max_efpr is not None:
        return np.full(len(efpr), scenario.max_efpr)
    return efpr.max(axis=1, initial=0.0)


def _curves(x: Array, y: Array, label: Array, classes: int) -> tuple[Array, Array]:
    """Sorted x (replicates, points), and each class's best y so far (replicates, classes, points).

    Points at equal x have width 0 between them, so their order does not matter to an area.
    """
    order = np.argsort(x, axis=1, kind="stable")
    x, y = np.take_along_axis(x, order, 1), np.take_along_axis(y, order, 1)
    mine = label[order][:, None, :] == np.arange(classes)[None, :, None]
    return x, np.maximum.accumulate(np.where(mine, y[:, None, :], 0.0), axis=2)


def _effective(curves: Array, present: Array, alpha_st: float) -> tuple[Array, Array, Array]:
    """Effective TPR, mean and population standard deviation over the classes present."""
    share = present[:, :, None] / np.maximum(present.sum(1), 1)[:, None, None]
    mean = (curves * share).sum(1)
    spread = np.sqrt((np.square(curves - mean[:, None]) * share).sum(1))
    return np.maximum(mean - alpha_st * spread, 0.0), mean, spread
