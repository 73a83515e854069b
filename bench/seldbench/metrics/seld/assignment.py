"""Minimum cost assignments of many small matrices at once.

Small matrices try every assignment in arrays; large ones, and those in which two assignments cost
the same, go to scipy's linear_sum_assignment one by one, so that ties fall as in scorers that
call it. A single row or column needs no such care: scipy takes the first of equal costs too.
"""

from functools import lru_cache
from itertools import permutations
from math import perm

import numpy as np
from scipy.optimize import linear_sum_assignment

Array = np.ndarray
WAYS = 24  # assignments tried in arrays: up to 4 x 4, 2 x 5
SAME = 1e-9  # costs closer than this may change places by rounding


def assigned(cost: Array) -> tuple[Array, Array]:
    """Assignments of (matrices, rows, columns) costs.

    Returns:
        rows and columns of the pairs, (matrices, min(rows, columns)) each, sorted by row.
    """
    number, height, width = cost.shape
    pairs = min(height, width)
    if pairs > 1 and perm(max(height, width), pairs) > WAYS:
        rows, columns = np.zeros((2, number, pairs), dtype=np.int64)
        _by_scipy(cost, range(number), rows, columns)
        return rows, columns
    rows_of, columns_of = _ways(height, width)
    total = cost[:, rows_of, columns_of].sum(-1)  # (matrices, ways)
    best = total.argmin(1)
    rows, columns = rows_of[best], columns_of[best]
    if pairs > 1:
        least = np.take_along_axis(total, best[:, None], 1)
        tied = np.flatnonzero((total <= least + SAME).sum(1) > 1)
        _by_scipy(cost, tied, rows, columns)
    return rows, columns


def _by_scipy(cost: Array, which: Array | range, rows: Array, columns: Array) -> None:
    for i in which:
        rows[i], columns[i] = linear_sum_assignment(cost[i])


@lru_cache
def _ways(height: int, width: int) -> tuple[Array, Array]:
    """All assignments: rows and columns of their pairs, (ways, pairs) each, sorted by row."""
    if height <= width:
        columns = np.array(list(permutations(range(width), height)))
        return np.broadcast_to(np.arange(height), columns.shape), columns
    rows = np.array(list(permutations(range(height), width)))
    order = np.argsort(rows, axis=1)
    return np.take_along_axis(rows, order, 1), order
