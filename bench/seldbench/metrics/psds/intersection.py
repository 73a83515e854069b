"""Intersection criteria of PSDS at given operating points: counts by clip, and F1.

A detection d of class c is *relevant* if its own class covers at least `dtc` of it; an event is
*found* if relevant detections cover at least `gtc` of it; a detection that is not relevant is a
*false positive* if it reaches into the clip, and a *cross trigger* for every other class that
covers at least `cttc` of it.

Source: Bilen et al. 2020, arXiv:1910.08440; audioanalytic/psds_eval 0.5.3 (psds.py), whose rules
these are: shares are summed as quotients, in order of onset, with compensated summation (that of
pandas' groupby), and compared without any slack.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seldbench.metrics.events.truth import Detections, Truth
from seldbench.metrics.psds.floors import Floors

Array = np.ndarray
PAIRS = 200_000  # pairs of a detection and an event that are looked at together: they stay in cache


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

    found, false: columns are (points, classes). cross: a column for each of (points, classes, other
    classes) that occurs; `crossed` has their numbers, ascending. beyond: what was not counted.
    """

    found: sparse.csr_matrix
    false: sparse.csr_matrix
    cross: sparse.csr_matrix
    crossed: Array
    points: int
    classes: int
    beyond: "Beyond | None" = None

    def totals(self, weights: Array) -> tuple[Array, Array, Array]:
        """Sums over clips with weights (replicates, clips) -> (replicates, points, classes) twice,
        (replicates, points, classes, classes)."""
        shape = (len(weights), self.points, self.classes)
        cross = np.zeros((len(weights), self.points * self.classes * self.classes))
        cross[:, self.crossed] = weights @ self.cross
        return (
            (weights @ self.found).reshape(shape),
            (weights @ self.false).reshape(shape),
            cross.reshape(*shape, self.classes),
        )


@dataclass(frozen=True, eq=False)
class Beyond:
    """Points that were not counted, since their eFPR is too high.

    points: (points, classes) whether it was left out. floors: what makes it sure. whole: the counts
    with all points.
    """

    points: Array
    floors: Floors
    whole: Callable[[], PointCounts]


# For events found, false positives and cross triggers: cells (clip, column), and how often each
# occurs.
Cells = tuple[tuple[Array, Array], ...]


def point_counts(known: Truth, found: Detections, criteria: Criteria) -> PointCounts:
    """The counts of every operating point."""
    return counts_of(known, found.points, [point_cells(known, found, criteria)])


def point_cells(known: Truth, found: Detections, criteria: Criteria) -> Cells:
    """The counts as cells; a part of all where the detections are those of some classes alone."""
    tables: list[list[Array]] = [[], [], []]
    for rows in _batches(known, found):
        for table, some in zip(tables, _count(known, found, rows, criteria)):
            table.append(some)
    none = np.zeros(0, dtype=np.int64)
    return tuple(_tallied(np.concatenate([none, *table])) for table in tables)


def counts_of(
    known: Truth, points: int, parts: Sequence[Cells], beyond: Beyond | None = None
) -> PointCounts:
    """The counts whose cells these are, each in one part."""
    clips, columns = len(known.clips), points * len(known.classes)
    kinds = [_together([part[kind] for part in parts]) for kind in range(3)]
    found, false = (_table(*of, clips, columns) for of in kinds[:2])
    cells, times = kinds[2]
    clip, column = np.divmod(cells, max(columns * len(known.classes), 1))
    crossed, column = np.unique(column, return_inverse=True)
    cross = _table(clip * len(crossed) + column, times, clips, len(crossed))
    return PointCounts(found, false, cross, crossed, points, len(known.classes), beyond)


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
    sizes = np.diff(starts, append=len(group))
    total = values[starts]
    more = np.flatnonzero(sizes > 1)
    some, lost, k = total[more], np.zeros(len(more)), 1
    while len(more):
        term = values[starts[more] + k] - lost
        new = some + term
        lost = new - some - term
        total[more] = some = new
        k += 1
        still = sizes[more] > k
        more, some, lost = more[still], some[still], lost[still]
    return group[starts], total


def batches(costs: Array, budget: int) -> Iterator[tuple[int, int]]:
    """Begin and end of batches of items, in order, that cost up to `budget` each (or are one)."""
    total = np.cumsum(costs)
    begin = 0
    while begin < len(costs):
        spent = total[begin - 1] if begin else 0
        end = max(int(np.searchsorted(total, spent + budget, side="right")), begin + 1)
        yield begin, end
        begin = end


def _batches(known: Truth, found: Detections) -> Iterator[slice]:
    """Rows in order; the detections of one clip and point stay together."""
    if not len(found.clip):
        return
    key = found.clip * found.points + found.point
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    bounds = np.append(starts, len(key))
    clip = found.clip[starts]
    costs = (known.start[clip + 1] - known.start[clip] + 1) * np.diff(bounds)
    for a, b in batches(costs, PAIRS):
        yield slice(bounds[a], bounds[b])


def _count(
    known: Truth, found: Detections, rows: slice, criteria: Criteria
) -> tuple[Array, Array, Array]:
    """Cells (clip, column) of each true positive, false positive and cross trigger."""
    clip, label, point = found.clip[rows], found.label[rows], found.point[rows]
    onset, offset = found.onset[rows], found.offset[rows]
    classes = len(known.classes)
    cell = (clip * found.points + point) * classes + label
    order, start = known.by_class
    group = clip * classes + label
    row, event = listed(start[group], start[group + 1])
    row, event, shared = _meeting(known, onset, offset, row, order[event])
    hit, covered = ordered_sums(row, shared / (offset - onset)[row])
    relevant = np.zeros(len(clip), dtype=bool)
    relevant[hit[covered >= criteria.dtc]] = True
    false = np.flatnonzero(~relevant & (onset < known.durations[clip]) & (offset > 0))
    keep = relevant[row]
    row, event, shared = row[keep], event[keep], shared[keep]
    hits = _found(known, cell, row, event, shared / known.length[event], criteria.gtc)
    cross = np.zeros(0, dtype=np.int64)
    if criteria.cttc is not None:
        others = np.flatnonzero(~relevant)
        cross = _cross_triggers(known, clip, label, onset, offset, others, criteria.cttc)
        cross = cell[cross // classes] * classes + cross % classes
    return hits, cell[false], cross


def listed(first: Array, stop: Array) -> tuple[Array, Array]:
    """(row, item) for every item in [first, stop) of every row, in order."""
    sizes = stop - first
    row = np.repeat(np.arange(len(first)), sizes)
    return row, np.arange(len(row)) + (first - np.cumsum(sizes) + sizes)[row]


def _meeting(
    known: Truth, onset: Array, offset: Array, row: Array, event: Array
) -> tuple[Array, Array, Array]:
    """The pairs that intersect, and the seconds they share."""
    shared = np.minimum(offset[row], known.offset[event])
    shared -= np.maximum(onset[row], known.onset[event])
    meet = np.flatnonzero(shared > 0)
    return row[meet], event[meet], shared[meet]


def _found(known: Truth, cell: Array, row: Array, event: Array, share: Array, gtc: float) -> Array:
    """Cells of the events of which relevant detections cover enough, one for each."""
    cell = cell[row]
    rank = np.cumsum(np.append(0, cell[1:] != cell[:-1]))[: len(cell)]
    key = rank * len(known.clip) + event
    if (key[1:] < key[:-1]).any():  # identical detections
        order = np.argsort(key, kind="stable")
        key, cell, share = key[order], cell[order], share[order]
    first = np.append(True, key[1:] != key[:-1])[: len(key)]
    _, covered = ordered_sums(key, share)
    return cell[first][covered >= gtc]


def _cross_triggers(
    known: Truth,
    clip: Array,
    label: Array,
    onset: Array,
    offset: Array,
    rows: Array,
    cttc: float,
) -> Array:
    """row * classes + other class, ascending, of every cross trigger of these detections."""
    classes = len(known.classes)
    order, _ = known.by_class
    row, event = listed(known.start[clip[rows]], known.start[clip[rows] + 1])
    row, event, shared = _meeting(known, onset, offset, rows[row], order[event])
    other = known.label[event]
    away = other != label[row]
    key = (row * classes + other)[away]
    key, covered = ordered_sums(key, (shared / (offset - onset)[row])[away])
    return key[covered >= cttc]


def _tallied(cells: Array) -> tuple[Array, Array]:
    """The cells that occur, ascending, and how often each does."""
    if (cells[1:] < cells[:-1]).any():
        cells = np.sort(cells)
    first = np.flatnonzero(np.append(True, cells[1:] != cells[:-1])[: len(cells)])
    return cells[first], np.diff(first, append=len(cells))


def _together(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """The cells of all parts, ascending, and how often each occurs."""
    if len(parts) == 1:
        return parts[0]
    none = np.zeros(0, dtype=np.int64)
    cells = np.concatenate([none, *(part[0] for part in parts)])
    times = np.concatenate([none, *(part[1] for part in parts)])
    order = np.argsort(cells)
    return cells[order], times[order]


def _table(cells: Array, times: Array, clips: int, columns: int) -> sparse.csr_matrix:
    """(clips, columns), of ascending cells."""
    clip, column = np.divmod(cells, max(columns, 1))
    start = np.searchsorted(clip, np.arange(clips + 1))
    cells_of = times.astype(np.float64), column, start
    return sparse.csr_matrix(cells_of, shape=(clips, columns))
