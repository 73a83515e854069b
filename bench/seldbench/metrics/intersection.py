"""Intersection criteria of PSDS at given operating points: counts by clip, and F1.

A detection d of class c is *relevant* if its own class covers at least `dtc` of it; an event is
*found* if relevant detections cover at least `gtc` of it; a detection that is not relevant is a
*false positive* if it reaches into the clip, and a *cross trigger* for every other class that
covers at least `cttc` of it.

Source: Bilen et al. 2020, arXiv:1910.08440; audioanalytic/psds_eval 0.5.3 (psds.py), whose rules
these are: shares are summed as quotients, in order of onset, with compensated summation (that of
pandas' groupby), and compared without any slack.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seldbench.metrics.truth import Detections, Truth

Array = np.ndarray
PAIRS = 2_000_000  # pairs of a detection and an event that are looked at together


@dataclass(frozen=True)
class Criteria:
    """Shares in (0, 1]; `cttc` is None where cross triggers are not counted."""

    dtc: float
    gtc: float
    cttc: float | None = None

    def __post_init__(self) -> None:
        for name in ("dtc", "gtc", "cttc"):
            share = getattr(self, name)
            if share is not None and not 0 < share <= 1:
                raise ValueError(f"{name} is {share}; expected a share in (0, 1]")


@dataclass(frozen=True, eq=False)
class PointCounts:
    """Counts by clip at every operating point, sparse, one row a clip.

    found, false: columns are (points, classes); cross: (points, classes, classes), detection's
    class before the event's.
    """

    found: sparse.csr_matrix
    false: sparse.csr_matrix
    cross: sparse.csr_matrix
    points: int
    classes: int

    def totals(self, weights: Array) -> tuple[Array, Array, Array]:
        """Sums over clips with weights (replicates, clips) -> (replicates, points, classes) twice,
        (replicates, points, classes, classes)."""
        shape = (len(weights), self.points, self.classes)
        return (
            (weights @ self.found).reshape(shape),
            (weights @ self.false).reshape(shape),
            (weights @ self.cross).reshape(*shape, self.classes),
        )


def point_counts(known: Truth, found: Detections, criteria: Criteria) -> PointCounts:
    """The counts of every operating point."""
    classes, points = len(known.classes), found.points
    order = np.lexsort((found.onset, found.point, found.clip))
    tables: list[list[Array]] = [[], [], []]  # columns of (clip, column) pairs, by kind
    for rows in _batches(known, found, order):
        for table, pairs in zip(tables, _count(known, found, rows, criteria)):
            table.append(pairs)
    sizes = (points * classes, points * classes, points * classes * classes)
    hits, false, cross = (_tally(rows, len(known.clips), size) for rows, size in zip(tables, sizes))
    return PointCounts(hits, false, cross, points, classes)


def intersection_f1(known: Truth, counts: PointCounts, point: int = 0) -> dict[str, float]:
    """{class: F1}, NaN where a class has not one true positive.

    psds_eval recovers the number of events from TP / TPR, so that such a class is left out of its
    macro average (the mean of what is not NaN); see compute_macro_f_score.
    """
    hits, misses, _ = counts.totals(np.ones((1, len(known.clips))))
    tp, fp, events = hits[0, point], misses[0, point], known.counts().sum(0)
    f1 = np.where(tp > 0, 2 * tp / (tp + events + fp), np.nan)
    return dict(zip(known.classes, f1.tolist()))


def ordered_sums(group: Array, values: Array) -> tuple[Array, Array]:
    """Sums of `values` by `group`, which ascends, compensated (Kahan), in the order given.

    Returns:
        the groups that occur, and their sums.
    """
    if not len(group):
        return group, values
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    sizes = np.diff(np.append(starts, len(group)))
    total, lost = np.zeros(len(starts)), np.zeros(len(starts))
    for k in range(int(sizes.max())):
        more = np.flatnonzero(sizes > k)
        term = values[starts[more] + k] - lost[more]
        new = total[more] + term
        lost[more] = new - total[more] - term
        total[more] = new
    return group[starts], total


def pairs_in_clips(known: Truth, clip: Array) -> tuple[Array, Array]:
    """(row of `clip`, event) for every event of the row's clip, by row and the event's onset."""
    first, sizes = known.start[clip], known.start[clip + 1] - known.start[clip]
    row = np.repeat(np.arange(len(clip)), sizes)
    within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return row, first[row] + within


def batches(costs: Array, budget: int) -> Iterator[tuple[int, int]]:
    """Begin and end of batches of items, in order, that cost up to `budget` each (or are one)."""
    total = np.cumsum(costs)
    begin = 0
    while begin < len(costs):
        spent = total[begin - 1] if begin else 0
        end = max(int(np.searchsorted(total, spent + budget, side="right")), begin + 1)
        yield begin, end
        begin = end


def _batches(known: Truth, found: Detections, order: Array) -> list[Array]:
    """Rows by clip and point; the detections of one clip and point stay together."""
    if not len(order):
        return []
    key = found.clip[order] * found.points + found.point[order]
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    events = known.start[found.clip[order] + 1] - known.start[found.clip[order]]
    costs = np.add.reduceat(events + 1, starts)
    bounds = np.append(starts, len(order))
    return [order[bounds[a] : bounds[b]] for a, b in batches(costs, PAIRS)]


def _count(
    known: Truth, found: Detections, rows: Array, criteria: Criteria
) -> tuple[Array, Array, Array]:
    """(2, hits) clip and column of each true positive, false positive and cross trigger."""
    clip, label, point = found.clip[rows], found.label[rows], found.point[rows]
    onset, offset = found.onset[rows], found.offset[rows]
    classes = len(known.classes)
    row, event = pairs_in_clips(known, clip)
    meet = (onset[row] < known.offset[event]) & (known.onset[event] < offset[row])
    row, event = row[meet], event[meet]
    shared = np.minimum(offset[row], known.offset[event]) - np.maximum(
        onset[row], known.onset[event]
    )
    share = shared / (offset - onset)[row]
    own = label[row] == known.label[event]

    hit, covered = ordered_sums(row[own], share[own])
    relevant = np.zeros(len(rows), dtype=bool)
    relevant[hit[covered >= criteria.dtc]] = True
    false = ~relevant & (onset < known.durations[clip]) & (offset > 0)
    column = point * classes + label

    found_pairs = np.flatnonzero(own & relevant[row])
    key = point[row[found_pairs]] * len(known.clip) + event[found_pairs]
    by_event = found_pairs[np.argsort(key, kind="stable")]
    key, part = ordered_sums(np.sort(key), (shared / known.length[event])[by_event])
    key = key[part >= criteria.gtc]
    at, got = np.divmod(key, len(known.clip))
    return (
        np.stack([known.clip[got], at * classes + known.label[got]]),
        np.stack([clip[false], column[false]]),
        _cross_triggers(known, criteria, clip, column, row, event, share, ~own & ~relevant[row]),
    )


def _cross_triggers(
    known: Truth,
    criteria: Criteria,
    clip: Array,
    column: Array,
    row: Array,
    event: Array,
    share: Array,
    candidate: Array,
) -> Array:
    if criteria.cttc is None:
        return np.zeros((2, 0), dtype=np.int64)
    classes = len(known.classes)
    pairs = np.flatnonzero(candidate)
    key = row[pairs] * classes + known.label[event[pairs]]
    order = np.argsort(key, kind="stable")
    key, covered = ordered_sums(key[order], share[pairs[order]])
    key = key[covered >= criteria.cttc]
    row, other = np.divmod(key, classes)
    return np.stack([clip[row], column[row] * classes + other])


def _tally(hits: list[Array], clips: int, columns: int) -> sparse.csr_matrix:
    rows = np.concatenate(hits, axis=1) if hits else np.zeros((2, 0), dtype=np.int64)
    ones = np.ones(rows.shape[1])
    return sparse.coo_matrix((ones, (rows[0], rows[1])), shape=(clips, columns)).tocsr()
