"""PSDS of replicates: a sample (`uncertainty`) says how often each clip counts.

- At operating points, the counts of all rows are one product of the weights and the counts by clip.
- Exactly: the changes of the counts (`changepoints`) are sorted by score once. A weight multiplies
  its clip's changes; their running sums are the row's counts at every threshold, from which each
  class's staircase up to max_efpr is kept.

Rows go through in portions of bounded memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seldbench.metrics.changepoints import ChangePoints
from seldbench.metrics.intersection import PointCounts
from seldbench.metrics.psds import (
    Exposure,
    Scenario,
    area,
    exposure,
    point_rates,
    stair_area,
    staircase,
)
from seldbench.metrics.truth import Truth
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
CELLS = 4_000_000  # numbers held at once by a portion of rows


@dataclass(frozen=True, eq=False)
class Areas:
    """PSDS of replicates, (rows,), and the areas under each class's own staircase, (rows, classes);
    NaN for a class without events in a replicate."""

    psds: Array
    classes: Array


def psds_of_points(known: Truth, counts: PointCounts, scenario: Scenario, sample: Sample) -> Areas:
    """PSDS at operating points of every replicate."""
    classes = counts.classes
    cells = counts.points * classes * classes
    label = np.tile(np.arange(classes), counts.points)
    values, by_class = [], []
    for some in _portions(sample.weights(), 3 * cells):
        over = exposure(known, some)
        efpr, tpr = point_rates(counts, some, over, scenario.alpha_ct)
        rows = len(some), -1
        values.append(area(efpr.reshape(rows), tpr.reshape(rows), label, over.present, scenario))
        for x, y in zip(efpr, tpr):
            limit = float(x.max(initial=0.0)) if scenario.max_efpr is None else scenario.max_efpr
            stairs = [staircase(x[:, k], y[:, k], limit) for k in range(classes)]
            by_class.append([stair_area(*stair, limit) for stair in stairs])
    present = sample.weights() @ known.counts() > 0
    return Areas(np.concatenate(values), np.where(present, np.array(by_class), np.nan))


def psds_exact(known: Truth, changes: ChangePoints, scenario: Scenario, sample: Sample) -> Areas:
    """Exact PSDS of every replicate.

    `scenario.max_efpr` must be given: only the points up to it are kept.
    """
    values, by_class = [], []
    longest = int(np.diff(changes.start).max(initial=0))
    limit = _limit(scenario)
    for some in _portions(sample.weights(), 6 * longest):
        over = exposure(known, some)
        stairs = [
            _stairs(changes, label, some, over, scenario) for label in range(len(known.classes))
        ]
        values += [
            _area_of([of_class[i] for of_class in stairs], over.present[i], scenario)
            for i in range(len(some))
        ]
        by_class += [
            [stair_area(*of_class[i], limit) for of_class in stairs] for i in range(len(some))
        ]
    present = sample.weights() @ known.counts() > 0
    return Areas(np.array(values), np.where(present, np.array(by_class), np.nan))


def class_stairs(
    known: Truth, counts: PointCounts | ChangePoints, scenario: Scenario
) -> list[tuple[Array, Array]]:
    """eFPR and TPR of every class's staircase up to max_efpr, of all clips, each once."""
    ones = np.ones((1, len(known.clips)))
    over, classes = exposure(known, ones), range(len(known.classes))
    if isinstance(counts, ChangePoints):
        return [_stairs(counts, label, ones, over, scenario)[0] for label in classes]
    efpr, tpr = point_rates(counts, ones, over, scenario.alpha_ct)
    limit = _limit(scenario)
    return [staircase(efpr[0, :, label], tpr[0, :, label], limit) for label in classes]


def _stairs(
    changes: ChangePoints, label: int, weights: Array, over: Exposure, scenario: Scenario
) -> list[tuple[Array, Array]]:
    efpr, tpr = changes.rates(label, weights, over, scenario.alpha_ct)
    return [staircase(x, y, _limit(scenario)) for x, y in zip(efpr, tpr)]


def _limit(scenario: Scenario) -> float:
    if scenario.max_efpr is None:
        raise ValueError("a staircase needs max_efpr")
    return scenario.max_efpr


def _area_of(stairs: list[tuple[Array, Array]], present: Array, scenario: Scenario) -> float:
    label = np.repeat(np.arange(len(stairs)), [len(x) for x, _ in stairs])
    efpr = np.concatenate([x for x, _ in stairs])
    tpr = np.concatenate([y for _, y in stairs])
    return float(area(efpr[None], tpr[None], label, present[None], scenario)[0])


def _portions(weights: Array, cells: int) -> Iterator[Array]:
    """Rows of `weights`, so many that `cells` numbers a row stay within CELLS."""
    step = max(1, CELLS // max(cells, 1))
    for i in range(0, len(weights), step):
        yield weights[i : i + step]
