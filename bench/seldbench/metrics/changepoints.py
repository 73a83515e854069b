"""Intersection criteria at every threshold at once, from frame scores: what changes at which score.

For a clip and class the detections are the runs of frames with score >= threshold. A run lives from
its lowest score down to the higher of its neighbours' (`runs.every_run`), and whether it is
relevant, a false positive or a cross trigger hangs on the run alone. So each run adds its counts
at one score and takes them back at another; an event's coverage is the running sum of its relevant
runs. All clips' changes, sorted by falling score and summed up, give the counts at every threshold.

Source: Ebbers et al. 2022, arXiv:2201.13148; fgnt/sed_scores_eval 0.0.4,
intersection_based/intermediate_statistics.py, whose rules these are: sums of intersections and the
shares of lengths are both rounded to 6 decimals, and a false positive may lie behind the clip's
end. A class that the scores lack is never detected. Seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seldbench.errors import BadFile
from seldbench.metrics.intersection import PAIRS, Criteria, batches, pairs_in_clips
from seldbench.metrics.psds import HOUR, Exposure
from seldbench.metrics.runs import every_run
from seldbench.metrics.truth import Truth
from seldbench.prediction import FrameScores

Array = np.ndarray
DECIMALS = 6
CELLS = 400_000  # scores whose runs are sought together


@dataclass(frozen=True, eq=False)
class ChangePoints:
    """Changes of the counts where the threshold falls below a score.

    (changes,) by class, then by falling score. Class k owns the rows start[k]:start[k + 1].
    cross: (changes, classes), of other classes' cross triggers; None where not counted.
    last: the last of the changes at one score: only there the counts are those of a threshold.
    """

    start: Array
    clip: Array
    score: Array
    found: Array
    false: Array
    cross: sparse.csr_matrix | None
    last: Array

    def rates(
        self, label: int, weights: Array, over: Exposure, alpha_ct: float
    ) -> tuple[Array, Array]:
        """eFPR per hour and TPR of a class at every threshold, (replicates, thresholds) both.

        Args:
            weights: of clips, (replicates, clips).
            over: what the rates divide by, for these weights.
        """
        rows = slice(int(self.start[label]), int(self.start[label + 1]))
        last, weight = self.last[rows], weights[:, self.clip[rows]]
        tpr = np.cumsum(weight * self.found[rows], axis=1)[:, last]
        tpr = tpr / np.maximum(over.events[:, label], 1)[:, None]
        efpr = np.cumsum(weight * self.false[rows], axis=1)[:, last] / over.hours[:, None]
        if self.cross is not None and alpha_ct and self.cross.shape[1] > 1:
            per_trigger = HOUR / np.maximum(over.seconds, 1e-12) / (self.cross.shape[1] - 1)
            steps = weight * (self.cross[rows] @ per_trigger.T).T
            efpr = efpr + alpha_ct * np.cumsum(steps, axis=1)[:, last]
        return efpr, tpr


def change_points(known: Truth, frames: FrameScores, criteria: Criteria) -> ChangePoints:
    """The changes of all clips of `known`.

    Raises:
        BadFile: clips without scores.
    """
    absent = [clip for clip in known.clips if clip not in frames.index]
    if absent:
        raise BadFile(
            f"{len(absent)} of {len(known.clips)} clips have no frame scores (first:"
            f" {absent[0]!r}); score the clips of the durations, or shorten the durations"
        )
    parts = [
        _changes(known, _runs(known, frames, clips), criteria) for clips in _batches(known, frames)
    ]
    columns = [np.concatenate([part[i] for part in parts]) for i in range(5)]
    label, clip, score, found, false = columns
    order = np.lexsort((clip, -score, label))
    label, score = label[order], score[order]
    cross = None
    if criteria.cttc is not None:
        cross = sparse.vstack([part[5] for part in parts], format="csr")[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (label[1:] != label[:-1]) | (score[1:] != score[:-1])
    start = np.searchsorted(label, np.arange(len(known.classes) + 1))
    return ChangePoints(start, clip[order], score, found[order], false[order], cross, last)


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of some clips: clip, class, times, and the scores between which they are detections."""

    clip: Array
    label: Array
    onset: Array
    offset: Array
    low: Array
    high: Array


def _batches(known: Truth, frames: FrameScores) -> Iterator[Array]:
    """Clips whose scores, padded to the longest, fill about CELLS."""
    place = np.array([frames.index[clip] for clip in known.clips], dtype=np.int64)
    sizes = (frames.start[place + 1] - frames.start[place]) * max(len(known.classes), 1)
    by_size = np.argsort(sizes, kind="stable")
    for a, b in batches(sizes[by_size] + 1, CELLS):
        yield by_size[a:b]


def _runs(known: Truth, frames: FrameScores, clips: Array) -> _Runs:
    place = np.array([frames.index[known.clips[i]] for i in clips], dtype=np.int64)
    begin, sizes = frames.start[place], frames.start[place + 1] - frames.start[place]
    inside = np.arange(int(sizes.max(initial=0))) < sizes[:, None]  # (clips, frames)
    rows = np.repeat(begin, sizes) + np.nonzero(inside)[1]
    labels = [i for i, name in enumerate(known.classes) if name in frames.classes]
    columns = [frames.classes.index(known.classes[i]) for i in labels]
    table = np.full((len(labels), *inside.shape), -np.inf, dtype=_floating(frames.scores))
    for k, column in enumerate(columns):
        table[k][inside] = frames.scores[rows, column]
    runs = every_run(table.reshape(-1, inside.shape[1]))
    label, clip = np.divmod(runs.column, len(clips))
    first = begin[clip]
    return _Runs(
        clips[clip],
        np.array(labels, dtype=np.int64)[label],
        frames.onset[first + runs.first],
        frames.offset[first + runs.stop - 1],
        runs.low,
        runs.high,
    )


def _floating(scores: Array) -> np.dtype:
    return scores.dtype if scores.dtype.kind == "f" else np.dtype(np.float64)


def _changes(
    known: Truth, runs: _Runs, criteria: Criteria
) -> tuple[Array, Array, Array, Array, Array, sparse.csr_matrix]:
    """Label, clip, score, found, false, cross of every change in some clips; each clip, class and
    score once, without those that change nothing."""
    run, event, shared = _intersections(known, runs)
    length = runs.offset - runs.onset
    own = runs.label[run] == known.label[event]
    covered = np.bincount(run[own], shared[own], minlength=len(length))
    relevant = np.round(covered, DECIMALS) >= np.round(criteria.dtc * length, DECIMALS)
    false = np.flatnonzero(~relevant)
    keep = own & relevant[run]
    hits = _found(known, runs, run[keep], event[keep], shared[keep], criteria.gtc)
    kinds = [hits, _lives(runs, false, -1)]
    if criteria.cttc is not None:
        away = ~own & ~relevant[run]
        key, inverse = np.unique(
            run[away] * len(known.classes) + known.label[event[away]], return_inverse=True
        )
        met, other = np.divmod(key, len(known.classes))
        sums = np.round(np.bincount(inverse, shared[away], minlength=len(key)), DECIMALS)
        meets = sums >= np.round(criteria.cttc * length[met], DECIMALS)
        kinds.append(_lives(runs, met[meets], other[meets]))
    return _combined(known, kinds)


def _intersections(known: Truth, runs: _Runs) -> tuple[Array, Array, Array]:
    """(run, event, seconds shared) of every pair that intersects, by run and the event's onset."""
    found = []
    costs = known.start[runs.clip + 1] - known.start[runs.clip] + 1
    for a, b in batches(costs, PAIRS):
        run, event = pairs_in_clips(known, runs.clip[a:b])
        run += a
        shared = np.minimum(runs.offset[run], known.offset[event])
        shared -= np.maximum(runs.onset[run], known.onset[event])
        meet = shared > 0
        found.append((run[meet], event[meet], shared[meet]))
    if not found:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0)
    run, event, shared = (np.concatenate(column) for column in zip(*found))
    return run, event, shared


@dataclass(frozen=True, eq=False)
class _Deltas:
    """kind: -2 found, -1 false, else the other class of a cross trigger; change: +1 or -1."""

    label: Array
    clip: Array
    score: Array
    kind: Array
    change: Array


def _lives(runs: _Runs, which: Array, kind: Array | int) -> _Deltas:
    """+1 where a run comes to life, -1 where it is swallowed by a longer one."""
    ends = runs.low[which] > -np.inf
    both = np.concatenate([which, which[ends]])
    kinds = np.broadcast_to(np.asarray(kind), which.shape)
    change = np.ones(len(both))
    change[len(which) :] = -1
    return _Deltas(
        runs.label[both],
        runs.clip[both],
        np.concatenate([runs.high[which], runs.low[which[ends]]]),
        np.concatenate([kinds, kinds[ends]]),
        change,
    )


def _found(
    known: Truth, runs: _Runs, run: Array, event: Array, shared: Array, gtc: float
) -> _Deltas:
    """Where events become found, or cease to be, as the threshold falls."""
    ends = runs.low[run] > -np.inf
    event = np.concatenate([event, event[ends]])
    score = np.concatenate([runs.high[run], runs.low[run[ends]]])
    step = np.concatenate([shared, -shared[ends]])
    order = np.lexsort((-score, event))
    event, score, step = event[order], score[order], step[order]
    first = np.append(True, event[1:] != event[:-1])[: len(event)]
    total = np.cumsum(step)
    before = np.append(0.0, total)[np.flatnonzero(first)]
    total -= before[np.cumsum(first) - 1]
    last = np.ones(len(event), dtype=bool)
    last[:-1] = (event[1:] != event[:-1]) | (score[1:] != score[:-1])
    event, score, total = event[last], score[last], total[last]
    need = np.round(gtc * known.length[event], DECIMALS)
    state = (np.round(total, DECIMALS) >= need).astype(np.float64)
    same = np.append(False, event[1:] == event[:-1])[: len(event)]
    change = state - np.where(same, np.append(0.0, state[:-1])[: len(state)], 0.0)
    rows = np.flatnonzero(change)
    at = event[rows]
    kind = np.full(len(rows), -2)
    return _Deltas(known.label[at], known.clip[at], score[rows], kind, change[rows])


def _combined(
    known: Truth, kinds: list[_Deltas]
) -> tuple[Array, Array, Array, Array, Array, sparse.csr_matrix]:
    label, clip, score, kind, change = (
        np.concatenate([getattr(k, name) for k in kinds])
        for name in ("label", "clip", "score", "kind", "change")
    )
    # One integer a class, clip and score: sorting by three columns is several times slower.
    levels, level = np.unique(score, return_inverse=True)
    key = (label * len(known.clips) + clip) * (len(levels) + 1) - level
    order = np.argsort(key)
    label, clip, score, kind = label[order], clip[order], score[order], kind[order]
    key, change = key[order], change[order]
    new = np.append(True, key[1:] != key[:-1])[: len(key)]
    row, rows = np.cumsum(new) - 1, int(new.sum())
    found = np.bincount(row[kind == -2], change[kind == -2], minlength=rows)
    false = np.bincount(row[kind == -1], change[kind == -1], minlength=rows)
    other = kind >= 0
    cross = sparse.coo_matrix(
        (change[other], (row[other], kind[other])), shape=(rows, len(known.classes))
    ).tocsr()
    cross.eliminate_zeros()
    some = (found != 0) | (false != 0) | (np.diff(cross.indptr) > 0)
    columns = (c[new][some] for c in (label, clip, score))
    return (*columns, found[some], false[some], cross[some])
