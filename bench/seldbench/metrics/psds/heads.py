"""What the counts of replicates need of one class's changes: the fewest running sums.

A replicate counts every clip some number of times, which multiplies its changes. A threshold can
only raise a class's staircase where the number of events found rises, or where false positives or
cross triggers fall, since the threshold before it; which thresholds these are does not hang on the
weights. Between two of them the changes are summed up by clip, once; and of thresholds one after
the other between which nothing gets worse, the last stands for all. What is left of a class is one
sparse matrix (thresholds, clips) for the events found and one for the false positives: a product
with the weights, and a running sum, give the counts of all replicates at once.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seldbench.metrics.psds.class_changes import ClassChanges

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Head:
    """Changes of one class at the thresholds that can raise its staircase, highest first.

    found, false: (thresholds, clips). cross: (thresholds, pairs), of cross triggers in a clip by
    the events of another class; `clip` and `other` say which, (pairs,).
    """

    found: sparse.csr_matrix
    false: sparse.csr_matrix
    cross: sparse.csr_matrix
    clip: Array
    other: Array


def head_of(changes: ClassChanges, clips: int) -> Head:
    """The head of a class's changes, of that many clips."""
    row, other, value = _triggers(changes)
    better, worse = changes.found > 0, changes.found < 0
    better |= changes.false < 0
    worse |= changes.false > 0
    better[row[value < 0]] = True
    worse[row[value > 0]] = True
    group = np.cumsum(np.append(0, changes.score[1:] != changes.score[:-1]))[: len(changes.score)]
    raising = np.unique(group[better])
    segment = np.searchsorted(raising, group)
    bad = np.bincount(segment[worse], minlength=len(raising) + 1)
    # The next one is as good where nothing gets worse on the way to it.
    kept = np.append(bad[1:-1] > 0, True)[: len(raising)]
    segment = np.searchsorted(raising[kept], group)
    size = int(kept.sum())
    inside = segment < size

    def table(values: Array) -> sparse.csr_matrix:
        rows = np.flatnonzero(inside & (values != 0))
        cells = values[rows].astype(np.float64), (segment[rows], changes.clip[rows])
        return sparse.csr_matrix(cells, shape=(size, clips))

    keep = inside[row]
    row, other, value = row[keep], other[keep], value[keep]
    classes = 1 if changes.cross is None else changes.cross.shape[1]
    key = changes.clip[row].astype(np.int64) * classes + other
    pairs, pair = np.unique(key, return_inverse=True)
    cross = sparse.csr_matrix((value, (segment[row], pair)), shape=(size, len(pairs)))
    return Head(table(changes.found), table(changes.false), cross, *np.divmod(pairs, classes))


def _triggers(changes: ClassChanges) -> tuple[Array, Array, Array]:
    """(change, other class, number) of every change of cross triggers."""
    if changes.cross is None:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    row = np.repeat(np.arange(len(changes.clip)), np.diff(changes.cross.indptr))
    return row, changes.cross.indices.astype(np.int64), changes.cross.data
