"""Confidence intervals from counts by clip: a score is a function of sums over clips, so that
drawing or leaving out clips weighs their counts anew, and nothing is matched or cut again.

A `Sample` is a set of replicates, each of which counts every clip some number of times: all clips
once (`Whole`), drawn with replacement (`Drawn`), or all but one (`LeftOut`).

- Bootstrap: percentiles of the scores of drawn clips (Efron and Tibshirani 1993, An Introduction
  to the Bootstrap, ch. 13).
- Jackknife: around the bias-corrected score, with Student's t, as DCASE task 3 computes it
  (sharathadavanne/seld-dcase2022, cls_compute_seld_results.py, after Mesaros et al. 2019).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
from scipy import sparse
from scipy.special import stdtrit

Array = np.ndarray
Table = Array | sparse.csr_matrix
LEVEL = 0.95


class Sample(Protocol):
    """Replicates of a set of clips."""

    @property
    def rows(self) -> int:
        """The number of replicates."""

    @property
    def clips(self) -> int: ...

    def sums(self, table: Table) -> Array:
        """Sums over clips, each as often as it counts: (clips, ...) -> (rows, ...); a sparse
        table has two axes and its sums are dense."""

    def weights(self) -> Array:
        """(rows, clips) how often each clip counts."""

    def portions(self, rows: int) -> Iterator["Sample"]:
        """The replicates in order, up to `rows` at a time."""


@dataclass(frozen=True)
class Whole:
    """One replicate: every clip once."""

    clips: int
    rows: int = 1

    def sums(self, table: Table) -> Array:
        return np.asarray(table.sum(axis=0)).reshape(1, *table.shape[1:])

    def weights(self) -> Array:
        return np.ones((1, self.clips))

    def portions(self, rows: int) -> Iterator[Sample]:
        yield self


@dataclass(frozen=True, eq=False)
class Drawn:
    """Replicates with these numbers of each clip, (rows, clips)."""

    times: Array

    @property
    def rows(self) -> int:
        return len(self.times)

    @property
    def clips(self) -> int:
        return self.times.shape[1]

    def sums(self, table: Table) -> Array:
        if isinstance(table, np.ndarray):
            return np.tensordot(self.times, table, axes=1)
        return np.asarray(table.T @ self._columns).T

    @cached_property
    def _columns(self) -> Array:
        """(clips, replicates), which scipy would lay out anew for every sparse table."""
        return np.ascontiguousarray(self.times.T)

    def weights(self) -> Array:
        return self.times

    def portions(self, rows: int) -> Iterator[Sample]:
        for i in range(0, len(self.times), rows):
            yield Drawn(self.times[i : i + rows])


@dataclass(frozen=True)
class LeftOut:
    """Replicates that each lack one clip: the clips first, first + 1, ..., up to stop."""

    clips: int
    first: int = 0
    stop: int | None = None

    @property
    def rows(self) -> int:
        return (self.clips if self.stop is None else self.stop) - self.first

    def sums(self, table: Table) -> Array:
        mine = table[self.first : self.first + self.rows]
        part = mine if isinstance(mine, np.ndarray) else mine.toarray()
        return np.asarray(table.sum(axis=0)).reshape(1, *table.shape[1:]) - part

    def weights(self) -> Array:
        kept = np.ones((self.rows, self.clips))
        kept[np.arange(self.rows), self.first + np.arange(self.rows)] = 0.0
        return kept

    def portions(self, rows: int) -> Iterator[Sample]:
        stop = self.first + self.rows
        for i in range(self.first, stop, rows):
            yield LeftOut(self.clips, i, min(i + rows, stop))


def drawn(clips: int, replicates: int, rng: np.random.Generator) -> Drawn:
    """Bootstrap replicates: as many clips drawn with replacement as there are."""
    chance = np.full(clips, 1.0 / clips)
    return Drawn(rng.multinomial(clips, chance, size=replicates).astype(np.float64))


def percentiles(values: Array, level: float = LEVEL) -> tuple[Array, Array]:
    """Percentile intervals of replicates, (rows, ...) -> (...) twice; replicates without a value
    (NaN) are left out, and where none has one both are NaN."""
    tail = 50 * (1 - level)
    known = ~np.isnan(values)
    some = np.where(known.any(axis=0), values, 0.0)
    low, high = np.nanpercentile(some, [tail, 100 - tail], axis=0)
    absent = ~known.any(axis=0)
    return np.where(absent, np.nan, low), np.where(absent, np.nan, high)


def jackknife(score: Array, left_out: Array, level: float = LEVEL) -> tuple[Array, Array]:
    """Jackknife intervals: `score` (...) of all clips, `left_out` (clips, ...) of all but one.

    Around the bias-corrected score; NaN for one clip, and where any value is.
    """
    n = len(left_out)
    if n < 2:
        return np.full(np.shape(score), np.nan), np.full(np.shape(score), np.nan)
    mean = left_out.mean(axis=0)
    centre = score - (n - 1) * (mean - score)
    error = np.sqrt((n - 1) * np.square(left_out - mean).mean(axis=0))
    reach = _quantile(0.5 + level / 2, n - 1) * error
    return centre - reach, centre + reach


@lru_cache
def _quantile(share: float, freedom: int) -> float:
    """Of Student's t."""
    return float(stdtrit(freedom, share))
