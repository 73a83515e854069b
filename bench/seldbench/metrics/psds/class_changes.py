"""From the runs of one class's scores to the changes of its counts; see `changepoints`. Seconds.

Rules of fgnt/sed_scores_eval 0.0.4, intersection_based/intermediate_statistics.py: sums of
intersections and the shares of lengths are both rounded to 6 decimals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seldbench.metrics.events.runs import nearest_below
from seldbench.metrics.events.truth import Truth
from seldbench.metrics.psds.floors import Grid
from seldbench.metrics.psds.intersection import PAIRS, Criteria, batches, listed

Array = np.ndarray
DECIMALS = 6
CELLS = 200_000  # frames whose runs are sought together
FOUND, FALSE = -2, -1  # kinds of change; other classes' numbers are cross triggers


@dataclass(frozen=True, eq=False)
class ClassChanges:
    """The changes of one class, by falling score, of equal scores by clip; each score and clip
    once, none that changes nothing.

    clip: (changes,) index. score. found, false: by how much the numbers of events found and of
    false positives change. cross: (changes, classes), of other classes' cross triggers; None where
    not counted.
    """

    clip: Array
    score: Array
    found: Array
    false: Array
    cross: sparse.csr_matrix | None


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of one class: clip, times, and the levels between which they are detections: the scores
    that occur, numbered from the lowest; -1 below."""

    clip: Array
    onset: Array
    offset: Array
    low: Array
    high: Array

    @property
    def length(self) -> Array:
        return self.offset - self.onset


@dataclass(frozen=True, eq=False)
class _Deltas:
    """clip, level, kind of every change; change: +1 or -1."""

    clip: Array
    level: Array
    kind: Array
    change: Array


def class_changes(
    grid: Grid, label: int, scores: Array, floor: float, criteria: Sequence[Criteria]
) -> list[ClassChanges]:
    """The changes of one class at scores from `floor` on, for each of the criteria.

    Args:
        scores: (frames,)
    """
    parts: list[list[_Deltas]] = [[] for _ in criteria]
    lowest = np.nextafter(scores.dtype.type(-np.inf), scores.dtype.type(0))
    active = np.flatnonzero(scores >= max(lowest, scores.dtype.type(floor)))
    levels, level = np.unique(scores[active], return_inverse=True)
    for some in _portions(grid, active):
        runs = _runs(grid, active[some], level[some])
        own = _own_pairs(grid.known, label, runs)
        for part, each in zip(parts, criteria):
            part += _deltas(grid.known, label, runs, own, each)
    return [_combined(grid.known, p, each, levels) for p, each in zip(parts, criteria)]


def _portions(grid: Grid, active: Array) -> Iterator[slice]:
    """Frames in order, about CELLS at a time; those of a clip stay together."""
    clip = grid.clip[active]
    first = np.flatnonzero(np.append(True, clip[1:] != clip[:-1])[: len(clip)])
    bounds = np.append(first, len(active))
    for a, b in batches(np.diff(bounds), CELLS):
        yield slice(bounds[a], bounds[b])


def _runs(grid: Grid, frame: Array, level: Array) -> _Runs:
    """The runs among some frames; others are never active."""
    clip = grid.clip[frame]
    parted = np.append(True, (np.diff(frame) != 1) | (clip[1:] != clip[:-1]))[: len(frame)]
    place = np.arange(len(frame)) + np.cumsum(parted)  # a place before each stretch
    flat = np.full(int(place[-1]) + 2, -1, dtype=np.int32)
    flat[place] = level
    longest = int(np.diff(np.flatnonzero(parted), append=len(frame)).max(initial=0))
    left, right, own = nearest_below(flat, longest)
    at = np.zeros(len(flat), dtype=np.int64)
    at[place] = frame
    first, last = at[left + 1], at[right - 1]
    low = np.maximum(flat[left], flat[right])
    owner = grid.owner[grid.clip[first]]
    return _Runs(owner, grid.onset[first], grid.offset[last], low, flat[own])


def _own_pairs(known: Truth, label: int, runs: _Runs) -> tuple[Array, Array, Array]:
    """(run, event, seconds shared) of every pair of the class that intersects, by run and onset."""
    _, start = known.by_class
    group = runs.clip * len(known.classes) + label
    return _pairs(known, runs, np.arange(len(runs.clip)), start[group], start[group + 1])


def _pairs(
    known: Truth, runs: _Runs, which: Array, first: Array, stop: Array
) -> tuple[Array, Array, Array]:
    """The intersecting pairs of these runs with the events `by_class[first:stop]` of each."""
    order, _ = known.by_class
    found = []
    for a, b in batches(stop - first + 1, PAIRS):
        row, event = listed(first[a:b], stop[a:b])
        run, event = which[a:b][row], order[event]
        shared = np.minimum(runs.offset[run], known.offset[event])
        shared -= np.maximum(runs.onset[run], known.onset[event])
        meet = np.flatnonzero(shared > 0)
        found.append((run[meet], event[meet], shared[meet]))
    none = np.zeros(0, dtype=np.int64)
    run, event, shared = (np.concatenate(c) for c in zip((none, none, np.zeros(0)), *found))
    return run, event, shared


def _deltas(
    known: Truth, label: int, runs: _Runs, own: tuple[Array, Array, Array], criteria: Criteria
) -> list[_Deltas]:
    run, event, shared = own
    length = runs.length
    covered = np.bincount(run, shared, minlength=len(length))
    relevant = np.round(covered, DECIMALS) >= np.round(criteria.dtc * length, DECIMALS)
    false = np.flatnonzero(~relevant)
    keep = relevant[run]
    hits = _found(known, runs, run[keep], event[keep], shared[keep], criteria.gtc)
    kinds = [hits, _lives(runs, false, np.full(len(false), FALSE))]
    if criteria.cttc is not None:
        kinds.append(_lives(runs, *_triggers(known, label, runs, false, criteria.cttc)))
    return kinds


def _triggers(
    known: Truth, label: int, runs: _Runs, false: Array, cttc: float
) -> tuple[Array, Array]:
    """(run, other class) of every cross trigger of the runs `false`."""
    classes = len(known.classes)
    clip = runs.clip[false]
    run, event, shared = _pairs(known, runs, false, known.start[clip], known.start[clip + 1])
    away = known.label[event] != label
    # Ascends: events come by class here.
    key, shared = (run * classes + known.label[event])[away], shared[away]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])
    sums = np.add.reduceat(shared, first) if len(first) else shared
    met, other = np.divmod(key[first], classes)
    enough = np.round(sums, DECIMALS) >= np.round(cttc * runs.length[met], DECIMALS)
    return met[enough], other[enough]


def _lives(runs: _Runs, which: Array, kind: Array) -> _Deltas:
    """+1 where a run comes to life, -1 where it is swallowed by a longer one."""
    ends = runs.low[which] >= 0
    gone = which[ends]
    return _Deltas(
        np.concatenate([runs.clip[which], runs.clip[gone]]),
        np.concatenate([runs.high[which], runs.low[gone]]),
        np.concatenate([kind, kind[ends]]),
        np.repeat([1.0, -1.0], [len(which), len(gone)]),
    )


def _found(
    known: Truth, runs: _Runs, run: Array, event: Array, shared: Array, gtc: float
) -> _Deltas:
    """Where events become found, or cease to be, as the threshold falls."""
    ends = runs.low[run] >= 0
    event = np.concatenate([event, event[ends]])
    level = np.concatenate([runs.high[run], runs.low[run[ends]]])
    step = np.concatenate([shared, -shared[ends]])
    top = int(level.max(initial=0)) + 1
    order = np.argsort(event * top - level)
    event, level, step = event[order], level[order], step[order]
    total = np.cumsum(step)
    first = np.append(True, event[1:] != event[:-1])[: len(event)]
    before = np.append(0.0, total)[np.flatnonzero(first)]
    total -= before[np.cumsum(first) - 1]
    last = np.ones(len(event), dtype=bool)
    last[:-1] = (event[1:] != event[:-1]) | (level[1:] != level[:-1])
    event, level, total = event[last], level[last], total[last]
    need = np.round(gtc * known.length[event], DECIMALS)
    state = (np.round(total, DECIMALS) >= need).astype(np.float64)
    same = np.append(False, event[1:] == event[:-1])[: len(event)]
    change = state - np.where(same, np.append(0.0, state[:-1])[: len(state)], 0.0)
    rows = np.flatnonzero(change)
    kind = np.full(len(rows), FOUND)
    return _Deltas(known.clip[event[rows]], level[rows], kind, change[rows])


def _combined(
    known: Truth, parts: list[_Deltas], criteria: Criteria, levels: Array
) -> ClassChanges:
    """The changes in order, those of one clip and score as one."""
    none = np.zeros(0, dtype=np.int64)
    parts = [_Deltas(none, none, none, none * 1.0), *parts]
    clip, level, kind, change = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("clip", "level", "kind", "change")
    )
    # One integer a clip and level: sorting by two columns is several times slower.
    key = (len(levels) - level.astype(np.int64)) * len(known.clips) + clip
    order = np.argsort(key)
    key, clip, level, kind, change = (c[order] for c in (key, clip, level, kind, change))
    new = np.append(True, key[1:] != key[:-1])[: len(key)]
    row, rows = np.cumsum(new) - 1, int(new.sum())
    sums = [np.bincount(row[kind == k], change[kind == k], minlength=rows) for k in (FOUND, FALSE)]
    some = (sums[0] != 0) | (sums[1] != 0)
    cross = None
    if criteria.cttc is not None:
        other = kind >= 0
        shape = rows, len(known.classes)
        cross = sparse.coo_matrix((change[other], (row[other], kind[other])), shape=shape).tocsr()
        cross.eliminate_zeros()
        some |= np.diff(cross.indptr) > 0
        cross = cross[some]
    found, false = (part[some].astype(np.int32) for part in sums)
    clip, score = clip[new][some].astype(np.int32), levels[level[new][some]]
    return ClassChanges(clip, score, found, false, cross)
