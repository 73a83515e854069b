"""Rows by frame and class, and the pairs of reference and predicted rows that share both."""

from collections.abc import Callable
from dataclasses import dataclass
from math import perm

import numpy as np

from seldbench.metrics.seld.assignment import WAYS, assigned

Array = np.ndarray
CELLS = 1 << 20  # costs held at a time


@dataclass(frozen=True, eq=False)
class Groups:
    """Sorted rows that share a code: group i is the rows first[i] to first[i] + size[i]."""

    code: Array
    first: Array
    size: Array


@dataclass(frozen=True, eq=False)
class Pairs:
    """Matched rows, in the order of the groups and of the reference's rows inside each.

    group: (pairs,) index of the reference's group; place: the reference row's number in it, from 0;
    reference, predicted: row numbers; angle: degrees.
    """

    group: Array
    place: Array
    reference: Array
    predicted: Array
    angle: Array


def groups_of(code: Array) -> Groups:
    """Runs of equal values in ascending codes."""
    if not len(code):
        none = np.zeros(0, dtype=np.int64)
        return Groups(none, none, none)
    first = np.flatnonzero(np.concatenate([[True], code[1:] != code[:-1]]))
    return Groups(code[first], first, np.diff(first, append=len(code)))


def matched(reference: Groups, predicted: Groups, angle: Callable[[Array, Array], Array]) -> Pairs:
    """Pairs of least total angle in every group that both have.

    angle: of row numbers of the reference and of the predictions, broadcast against each other.
    """
    mine, theirs = _common(reference.code, predicted.code)
    height, width = reference.size[mine], predicted.size[theirs]
    number = np.minimum(height, width)
    slot = np.cumsum(number) - number
    row, column, degrees = (np.empty(int(number.sum()), dtype=t) for t in (int, int, float))
    alone = np.flatnonzero((height == 1) & (width == 1))
    row[slot[alone]] = column[slot[alone]] = 0
    degrees[slot[alone]] = angle(reference.first[mine[alone]], predicted.first[theirs[alone]])
    for r, p in _shapes(height, width):
        of_shape = np.flatnonzero((height == r) & (width == p))
        at_once = max(1, CELLS // (r * p * min(perm(max(r, p), min(r, p)), WAYS)))
        for a in range(0, len(of_shape), at_once):
            some = of_shape[a : a + at_once]
            i = reference.first[mine[some], None, None] + np.arange(r)[:, None]
            j = predicted.first[theirs[some], None, None] + np.arange(p)
            cost = angle(i, j)  # (groups, r, p)
            rows, columns = assigned(cost)
            into = slot[some, None] + np.arange(min(r, p))
            row[into], column[into] = rows, columns
            degrees[into] = cost[np.arange(len(some))[:, None], rows, columns]
    group, other = np.repeat(mine, number), np.repeat(theirs, number)
    return Pairs(group, row, reference.first[group] + row, predicted.first[other] + column, degrees)


def _common(mine: Array, theirs: Array) -> tuple[Array, Array]:
    """Positions of the values that two ascending arrays share."""
    if not len(theirs):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    at = np.minimum(np.searchsorted(theirs, mine), len(theirs) - 1)
    common = np.flatnonzero(theirs[at] == mine)
    return common, at[common]


def _shapes(height: Array, width: Array) -> list[tuple[int, int]]:
    """Those that occur, but 1 x 1."""
    large = np.flatnonzero((height > 1) | (width > 1))
    if not len(large):
        return []
    base = int(width.max()) + 1
    codes = np.unique(height[large] * base + width[large])
    return [divmod(code, base) for code in codes.tolist()]
