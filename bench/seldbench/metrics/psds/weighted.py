"""PSDS of replicates: a sample (`uncertainty`) says how often each clip counts.

- At operating points, the counts of all replicates are one product of the weights and the counts by
  clip.
- Exactly: the changes of a class's counts (`changepoints`) are reduced once to sparse matrices of
  the few thresholds that can raise its staircase (`heads`). Their product with the weights and a
  running sum are every replicate's events found, y, and eFPR, x, at these thresholds. Since y is a
  whole number, the staircase is the table of the least x at which y is v or more, for each v: a
  minimum by y, and a running minimum from the highest y down. It needs no sorting, and the class's
  area is a sum over it. All classes' steps are sorted together once a replicate (`stairs`).

A replicate is exact: where the changes end at a floor, the clips that are sure to have a false
positive below it are counted with the replicate's weights, and where they do not pass max_efpr, all
changes of the class are taken. Replicates go through in portions of bounded memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seldbench.metrics.events.truth import Truth
from seldbench.metrics.psds.changepoints import ChangePoints
from seldbench.metrics.psds.curves import (
    Exposure,
    Scenario,
    exposure,
    line_areas,
    point_rates,
    staircase,
    step_areas,
    trigger_rates,
)
from seldbench.metrics.psds.intersection import PointCounts
from seldbench.metrics.psds.stairs import Steps, curves
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
CELLS = 200_000  # numbers in one table of a portion of replicates
LEAST = 8  # replicates in a portion


@dataclass(frozen=True, eq=False)
class Areas:
    """PSDS of replicates, (rows,), and the areas under each class's own staircase, (rows, classes);
    NaN for a class without events in a replicate."""

    psds: Array
    classes: Array


def psds_of_points(known: Truth, counts: PointCounts, scenario: Scenario, sample: Sample) -> Areas:
    """PSDS at operating points of every replicate."""
    areas = line_areas if scenario.interpolate else step_areas
    parts = []
    cells = counts.points * counts.classes + len(counts.crossed)
    for some in _portions(sample.weights(), cells):
        over = exposure(known, some)
        counts = _reaching(counts, scenario, some, over)
        efpr, tpr = point_rates(counts, some, over, scenario.alpha_ct)
        points = efpr.swapaxes(1, 2), tpr.swapaxes(1, 2)
        psds, own = areas(*points, over.present, scenario)
        parts.append(Areas(psds, np.where(over.present, own, np.nan)))
    return _joined(parts)


def psds_exact(known: Truth, changes: ChangePoints, scenario: Scenario, sample: Sample) -> Areas:
    """Exact PSDS of every replicate.

    `scenario.max_efpr` must be given, and every weight be a whole number.
    """
    weights = sample.weights()
    if (weights != np.floor(weights)).any():
        raise ValueError("a clip counts a whole number of times in exact PSDS")
    return _joined(
        [_exactly(known, changes, scenario, some) for some in _portions(weights, len(known.clip))]
    )


def class_stairs(
    known: Truth, counts: PointCounts | ChangePoints, scenario: Scenario
) -> list[tuple[Array, Array]]:
    """eFPR and TPR of every class's staircase up to max_efpr, of all clips, each once."""
    ones = np.ones((1, len(known.clips)))
    over, classes = exposure(known, ones), range(len(known.classes))
    limit = _limit(scenario)
    if isinstance(counts, ChangePoints):
        every = _levels(counts, scenario, ones, over)
        return [_corners(x[:, 0], over.events[0, k], limit) for k, x in enumerate(every)]
    counts = _reaching(counts, scenario, ones, over)
    efpr, tpr = point_rates(counts, ones, over, scenario.alpha_ct)
    return [staircase(efpr[0, :, label], tpr[0, :, label], limit) for label in classes]


def _exactly(known: Truth, changes: ChangePoints, scenario: Scenario, weights: Array) -> Areas:
    """Of a portion of replicates."""
    over = exposure(known, weights)
    limit = np.full(len(weights), _limit(scenario))
    every = [*_levels(changes, scenario, weights, over)]
    label = np.repeat(np.arange(len(every)), [len(x) for x in every])
    none = np.zeros((0, len(weights)))
    x = np.ascontiguousarray(np.minimum(np.concatenate([none, *every]), limit).T)
    level = np.concatenate([np.zeros(0), *(np.arange(1.0, len(x) + 1) for x in every)])
    each = 1.0 / np.maximum(over.events, 1)[:, label]
    own = np.zeros((len(weights), len(known.classes)))
    for k, of_class in enumerate(every):
        area = np.maximum(limit - of_class, 0.0).sum(axis=0) / limit
        own[:, k] = area / np.maximum(over.events[:, k], 1)
    own[~over.present] = np.nan
    steps = Steps(x, (level - 1) * each, level * each, label, over.present)
    return Areas(curves(steps, scenario.alpha_st).area(limit), own)


def _reaching(
    counts: PointCounts, scenario: Scenario, weights: Array, over: Exposure
) -> PointCounts:
    """The counts, with those of all points where one that was left out may matter."""
    if counts.beyond is None:
        return counts
    limit, floors = scenario.max_efpr, counts.beyond.floors
    if limit is None or scenario.interpolate or floors.short(weights, over.hours, limit).any():
        return counts.beyond.whole()
    return counts


def _levels(
    changes: ChangePoints, scenario: Scenario, weights: Array, over: Exposure
) -> Iterator[Array]:
    """Of each class (levels, replicates): the eFPR from which on v + 1 events are found, for v from
    0 up to the highest that any replicate reaches within max_efpr; infinite where one does not."""
    limit, columns = _limit(scenario), np.ascontiguousarray(weights.T)
    short = changes.floors.short(weights, over.hours, limit)
    per_trigger = scenario.alpha_ct * trigger_rates(over)
    for label in range(len(short)):
        head = changes.head(label, complete=bool(short[label]))
        efpr = np.cumsum(head.false @ columns, axis=0) / over.hours
        if scenario.alpha_ct and len(head.clip):
            steps = head.cross @ (columns[head.clip] * per_trigger.T[head.other])
            efpr += np.cumsum(steps, axis=0)
        near = np.flatnonzero((efpr <= limit).any(axis=1))
        found = np.cumsum(head.found @ columns, axis=0)[near]
        yield _least(efpr[near], found.astype(np.int64))


def _least(efpr: Array, found: Array) -> Array:
    """(points, replicates) twice -> (levels, replicates): the least eFPR of points with as many
    found as the level, or more; levels from 1 on."""
    rows, top = found.shape[1], int(found.max(initial=0))
    table = np.full((top + 1) * rows, np.inf)
    np.minimum.at(table, (found * rows + np.arange(rows)).ravel(), efpr.ravel())
    table = table.reshape(top + 1, rows)
    return np.minimum.accumulate(table[::-1], axis=0)[::-1][1:]


def _corners(x: Array, events: float, limit: float) -> tuple[Array, Array]:
    """The staircase of levels (levels,)."""
    last = np.flatnonzero((x <= limit) & (np.append(x[1:], np.inf) > x))
    return x[last], (last + 1) / max(events, 1.0)


def _limit(scenario: Scenario) -> float:
    if scenario.max_efpr is None or scenario.interpolate:
        raise ValueError("exact PSDS needs max_efpr and has stairs, not lines")
    return scenario.max_efpr


def _joined(parts: list[Areas]) -> Areas:
    return Areas(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("psds", "classes")))


def _portions(weights: Array, cells: int) -> Iterator[Array]:
    """Rows of `weights`, so many that `cells` numbers a row stay within CELLS."""
    step = max(LEAST, CELLS // max(cells, 1))
    for i in range(0, len(weights), step):
        yield weights[i : i + step]
