"""Confidence intervals by bootstrap over clips: clips are drawn with replacement, as many as there
are, and a score is computed anew from the drawn clips' counts; the interval lies between the
percentiles of the replicates (Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 13).

A replicate is a row of weights: how often each clip was drawn. Nothing is matched or cut again:

- F1 and PSDS at operating points are functions of counts summed over clips, so that all replicates
  are one product of the weights and the counts by clip.
- Exact PSDS: the changes of the counts (`changepoints`) are sorted by score once. A weight
  multiplies its clip's changes; their running sums are the replicate's counts at every threshold.

A class that no drawn clip has is left out of a replicate's means. Replicates go through in
portions of bounded memory.
"""

from collections.abc import Iterator

import numpy as np

from seldbench.metrics.changepoints import ChangePoints
from seldbench.metrics.collar import CollarCounts, macro_f1, micro_f1
from seldbench.metrics.intersection import PointCounts
from seldbench.metrics.psds import Exposure, Scenario, area, exposure, point_rates, staircase
from seldbench.metrics.truth import Truth

Array = np.ndarray
LEVEL = 0.95
CELLS = 4_000_000  # numbers held at once by a portion of replicates


def draws(clips: int, replicates: int, rng: np.random.Generator) -> Array:
    """(replicates, clips) how often each clip is drawn."""
    chance = np.full(clips, 1.0 / clips)
    return rng.multinomial(clips, chance, size=replicates).astype(np.float64)


def interval(values: Array, level: float = LEVEL) -> tuple[float, float] | None:
    """Percentile interval of replicates; None where none has a value."""
    some = values[~np.isnan(values)]
    if not len(some):
        return None
    tail = 50 * (1 - level)
    low, high = np.percentile(some, [tail, 100 - tail])
    return float(low), float(high)


def f1_replicates(counts: CollarCounts, weights: Array) -> tuple[Array, Array]:
    """Macro and micro F1, (replicates,) both."""
    sums = [weights @ table for table in (counts.hits, counts.reference, counts.detected)]
    return macro_f1(*sums), micro_f1(*sums)


def psds_of_points(known: Truth, counts: PointCounts, scenario: Scenario, weights: Array) -> Array:
    """PSDS at operating points of clips with weights (replicates, clips) -> (replicates,)."""
    classes = counts.classes
    cells = counts.points * classes * classes
    label = np.tile(np.arange(classes), counts.points)
    values = []
    for some in _portions(weights, 3 * cells):
        over = exposure(known, some)
        efpr, tpr = point_rates(counts, some, over, scenario.alpha_ct)
        rows = len(some), -1
        values.append(area(efpr.reshape(rows), tpr.reshape(rows), label, over.present, scenario))
    return np.concatenate(values)


def psds_exact(known: Truth, changes: ChangePoints, scenario: Scenario, weights: Array) -> Array:
    """Exact PSDS of clips with weights (replicates, clips) -> (replicates,).

    `scenario.max_efpr` must be given: only the points up to it are kept.
    """
    values = []
    longest = int(np.diff(changes.start).max(initial=0))
    for some in _portions(weights, 6 * longest):
        over = exposure(known, some)
        stairs = [
            _stairs(changes, label, some, over, scenario) for label in range(len(known.classes))
        ]
        values += [
            _area_of([of_class[i] for of_class in stairs], over.present[i], scenario)
            for i in range(len(some))
        ]
    return np.array(values)


def _stairs(
    changes: ChangePoints, label: int, weights: Array, over: Exposure, scenario: Scenario
) -> list[tuple[Array, Array]]:
    efpr, tpr = changes.rates(label, weights, over, scenario.alpha_ct)
    limit = scenario.max_efpr
    if limit is None:
        raise ValueError("exact PSDS needs max_efpr")
    return [staircase(x, y, limit) for x, y in zip(efpr, tpr)]


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
