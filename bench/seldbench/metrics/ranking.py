"""Scores that rank: average precision and area under the ROC curve, of samples of clips.

An item (a frame, or a clip itself) has a score and a label, and belongs to a clip; a sample says
how often each clip counts. Items are sorted once. Only the distinct scores that a true item has
matter to either sum, so items in between are counted together, by clip: the sums of a replicate
are running sums of weighted counts at those scores.

Source: scikit-learn, metrics/_ranking.py (average_precision_score, roc_auc_score); the weights are
its `sample_weight`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from seldbench.metrics.sums import running_sums
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
BLOCK = 1024  # distinct scores that are looked at together


@dataclass(frozen=True, eq=False)
class Step:
    """Counts by clip at neighbouring distinct scores of true items, falling: (clips, scores).

    true: true items of the score. down: all items from the last such score down to it. tied: false
    items of the score, None where there are none.
    """

    true: sparse.csr_matrix
    down: sparse.csr_matrix
    tied: sparse.csr_matrix | None


@dataclass(frozen=True, eq=False)
class Ranking:
    """The items of one class. items, true: (clips,) how many there are, and how many are true."""

    steps: tuple[Step, ...]
    items: Array
    true: Array


def ranking(scores: Array, labels: Array, owner: Array, clips: int) -> Ranking:
    """Sorts items.

    Args:
        scores: (items,), higher is more likely.
        labels: (items,), true or false.
        owner: (items,) the clip of each, below `clips`.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, label, clip = scores[order], labels[order].astype(bool), owner[order]
    level = np.cumsum(np.append(False, ranked[1:] != ranked[:-1])[: len(ranked)])
    marks = np.unique(level[label])
    mark = np.searchsorted(marks, level)  # the next score with a true item; none for the last
    tied = ~label & (level == np.append(marks, -1)[mark])
    steps = []
    for first in range(0, len(marks), BLOCK):
        stop = min(first + BLOCK, len(marks))
        some = slice(*np.searchsorted(mark, [first, stop]))
        steps.append(_step(clip[some], mark[some] - first, label[some], tied[some], clips))
    return replace(unranked(labels, owner, clips), steps=tuple(steps))


def unranked(labels: Array, owner: Array, clips: int) -> Ranking:
    """Items without scores: none is ever found, so that their average precision is 0."""
    items = np.bincount(owner, minlength=clips).astype(np.float64)
    true = np.bincount(owner[labels.astype(bool)], minlength=clips).astype(np.float64)
    return Ranking((), items, true)


def rankings(
    scores: Array, labels: Array, owner: Array | None = None, clips: int | None = None
) -> list[Ranking]:
    """One a class, of (items, classes); without `owner` every item is a clip of its own."""
    if owner is None or clips is None:
        owner, clips = np.arange(len(scores)), len(scores)
    return [ranking(s, y, owner, clips) for s, y in zip(scores.T, labels.T)]


def average_precision(ranked: Ranking, sample: Sample) -> Array:
    """Sum of (R_n - R_{n-1}) P_n over the distinct scores, falling, without interpolation.

    Returns:
        (replicates,), NaN where none of the items that count is true.
    """
    found, seen, area = (np.zeros(sample.rows) for _ in range(3))
    for step in ranked.steps:
        new, hits, items = _running(step, sample, found, seen)
        found, seen = hits[-1].copy(), items[-1].copy()
        np.maximum(items, 1.0, out=items)  # where nothing counts so far, no hit does
        area += np.einsum("ij,ij->j", new, np.divide(hits, items, out=hits))
    true = sample.sums(ranked.true)
    return np.where(true > 0, area / np.maximum(true, 1.0), np.nan)


def roc_area(ranked: Ranking, sample: Sample) -> Array:
    """Chance that a true item scores above a false one; ties count a half.

    Returns:
        (replicates,), NaN where the items that count are all true or all false.
    """
    true = sample.sums(ranked.true)
    false = sample.sums(ranked.items) - true
    found, seen, pairs = (np.zeros(sample.rows) for _ in range(3))
    for step in ranked.steps:
        new, hits, items = _running(step, sample, found, seen)
        below = false - (items - hits)
        if step.tied is not None:
            below = below + sample.sums(step.tied).T / 2
        pairs += (new * below).sum(axis=0)
        found, seen = hits[-1], items[-1]
    both = true * false
    return np.where(both > 0, pairs / np.maximum(both, 1.0), np.nan)


def by_class(of: Sequence[Array], replicates: int) -> Array:
    """(replicates, classes) from the values of every class."""
    return np.stack(of, axis=1) if of else np.zeros((replicates, 0))


def _running(step: Step, sample: Sample, found: Array, seen: Array) -> tuple[Array, Array, Array]:
    """(scores, replicates): true items at each score, and true items and all down to it."""
    new, down = (np.ascontiguousarray(sample.sums(t).T) for t in (step.true, step.down))
    hits, items = running_sums(new), running_sums(down)
    hits += found
    items += seen
    return new, hits, items


def _step(clip: Array, mark: Array, label: Array, tied: Array, clips: int) -> Step:
    shape = clips, int(mark[-1]) + 1
    return Step(
        _tally(clip[label], mark[label], shape),
        _tally(clip, mark, shape),
        _tally(clip[tied], mark[tied], shape) if tied.any() else None,
    )


def _tally(row: Array, column: Array, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Counts of (row, column) pairs."""
    return sparse.coo_matrix((np.ones(len(row)), (row, column)), shape=shape).tocsr()
