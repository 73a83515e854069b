"""Paired comparison of two systems on the same clips: difference, interval and p-value; Holm's
correction where several pairs are looked at.

- Both systems are scored on the same drawn clips (paired bootstrap: Koehn 2004, Statistical
  significance tests for machine translation evaluation; Berg-Kirkpatrick, Burkett and Klein 2012,
  An empirical investigation of statistical significance in NLP), so that what makes a clip hard for
  both cancels. The interval is the percentiles' (Efron and Tibshirani 1993, An introduction to the
  bootstrap, ch. 13).
- The p-value is two-sided, from the replicates moved to the null (ibid., ch. 16): the share of
  replicates that lie as far from the difference as the difference lies from 0, with the difference
  itself counted among them (Davison and Hinkley 1997, Bootstrap methods and their application,
  ch. 4), so it is never 0. Over n clips it is at least 2 / 2^n: swapping the two systems clip by
  clip, the exact test of n pairs, cannot give less either.
- Seeds. A system's value is the mean over its seeds; a seed is one draw from what training might
  have given, whatever the number of clips. Drawing among two or three seeds anew understates their
  spread (two equal systems of three seeds each differ "at 5%" in 15% of cases where seeds matter
  most), so replicates get a normal error of the seeds' variance instead, and all of it is widened
  to Student's t with the degrees of freedom of Welch and Satterthwaite (Welch 1947, The
  generalization of "Student's" problem when several different population variances are involved).
"""

from dataclasses import dataclass

import numpy as np

from seldbench.metrics.uncertainty import LEVEL, percentiles

Array = np.ndarray
TIES = 1e-12  # differences this small come from the order of additions


@dataclass(frozen=True, eq=False)
class Pooled:
    """One score of one system.

    seeds: (seeds,) of all clips. replicates: (replicates,) of drawn clips, mean over the seeds.
    """

    seeds: Array
    replicates: Array

    @property
    def value(self) -> float:
        """The mean over seeds."""
        return float(self.seeds.mean())

    @property
    def variance(self) -> float:
        """Of the mean over seeds, from their sample variance; 0 for one seed, which shows none."""
        n = len(self.seeds)
        return float(self.seeds.var(ddof=1) / n) if n > 1 else 0.0


@dataclass(frozen=True)
class Difference:
    """First minus second: value, interval, p-value before any correction; replicates that have a
    value. NaN: not determined, in one of the systems or (interval, p-value) in every replicate; so
    are infinite scores."""

    value: float
    low: float
    high: float
    p: float
    replicates: int


def difference(
    first: Pooled, second: Pooled, clips: int, rng: np.random.Generator, level: float = LEVEL
) -> Difference:
    """What parts two systems.

    Args:
        first, second: their replicates are of the same draws of clips, in the same order.
        clips: how many there are to draw from.
        rng: for the errors that seeds add; not used where each system has one seed.
    """
    with np.errstate(invalid="ignore"):  # infinite in both: no difference is known
        value = float(np.subtract(first.value, second.value))
        replicates = first.replicates - second.replicates
    replicates = replicates[np.isfinite(replicates)]
    if not np.isfinite(value) or not len(replicates):
        return Difference(value, np.nan, np.nan, np.nan, 0)
    replicates = value + _with_seeds(replicates - value, first, second, clips, rng)
    low, high = percentiles(replicates, level)
    p = p_value(value, replicates, clips)
    return Difference(value, float(low), float(high), p, len(replicates))


def p_value(value: float, replicates: Array, clips: int) -> float:
    """Two-sided achieved significance of a difference, from its replicates (replicates,)."""
    reach = abs(value) - TIES * max(1.0, abs(value))
    beyond = int((np.abs(replicates - value) >= reach).sum())
    exact = 2.0 ** (1 - clips)
    return max((1 + beyond) / (1 + len(replicates)), min(1.0, exact))


def holm(p: Array) -> Array:
    """p-values (tests,) corrected for their number, in their order; NaN stays and is not counted.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure, as adjusted
    p-values: the smallest times n, the next times n - 1, ..., none below the one before, at most 1.
    """
    corrected = np.full(np.shape(p), np.nan)
    order = np.argsort(p, kind="stable")[: int((~np.isnan(p)).sum())]
    steps = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * steps), 1.0)
    return corrected


def _with_seeds(
    errors: Array, first: Pooled, second: Pooled, clips: int, rng: np.random.Generator
) -> Array:
    """Errors of a difference by the draw of clips, (replicates,), with those of its seeds."""
    systems = [s for s in (first, second) if s.variance > 0]
    if not systems:
        return errors
    seeds = sum(s.variance for s in systems)
    drawn = float(errors.var())
    terms = [s.variance**2 / (len(s.seeds) - 1) for s in systems]
    freedom = (drawn + seeds) ** 2 / (drawn**2 / max(clips - 1, 1) + sum(terms))
    both = errors + np.sqrt(seeds) * rng.standard_normal(len(errors))
    return both * np.sqrt(freedom / rng.chisquare(freedom, len(errors)))
