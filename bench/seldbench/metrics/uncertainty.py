"""Confidence intervals by bootstrap over clips: clips are drawn with replacement, as many as there
are, and a score is computed anew from the drawn clips' counts; the interval lies between the
percentiles of the replicates (Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 13).

A replicate is a row of weights: how often each clip was drawn. Scores are functions of counts that
are sums over clips, so that replicates weigh the counts and nothing is matched or cut again; for
PSDS see `weighted`. A class that no drawn clip has is left out of a replicate's means.
"""

import numpy as np

from seldbench.metrics.collar import CollarCounts, macro_f1, micro_f1

Array = np.ndarray
LEVEL = 0.95


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


def macro_f1_of(counts: CollarCounts, weights: Array) -> Array:
    """Macro F1 of clips with weights (replicates, clips) -> (replicates,)."""
    return macro_f1(*_sums(counts, weights))


def micro_f1_of(counts: CollarCounts, weights: Array) -> Array:
    """Micro F1 of clips with weights (replicates, clips) -> (replicates,)."""
    return micro_f1(*_sums(counts, weights))


def _sums(counts: CollarCounts, weights: Array) -> tuple[Array, Array, Array]:
    return weights @ counts.hits, weights @ counts.reference, weights @ counts.detected
