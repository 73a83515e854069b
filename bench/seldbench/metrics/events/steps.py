"""Event-based counts with collars at all thresholds, as `best.Steps`: from frame scores, whose
detections are the runs of frames with score >= threshold, and from operating points.

A run lives between two scores (`runs.every_run`), a detection of an operating point between two
points. How many runs there are is told by the frames: one comes at a score above both neighbours',
and two become one at a score below both. The runs themselves are sought only in clips with events
of the class. An event within whose collars several runs lie, one after the other as the threshold
falls, is hit while one of them lives. Where runs lie within the collars of several events, the
largest matching is found at every score at which such a run comes or goes, all of these at once.

Source: fgnt/sed_scores_eval 0.0.4, collar_based/intermediate_statistics.py, whose rules these are.
It lists the scores at which a clip's counts change; where a clip has no event of the class it also
lists scores at which as many detections come as go. The list decides where the best threshold lies
between two scores, never F1. Seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.events.best import Steps, steps_in_order
from seldbench.metrics.events.collar import Collar, pairs_within
from seldbench.metrics.events.runs import every_run
from seldbench.metrics.events.truth import indices
from seldbench.metrics.psds.intersection import PAIRS, batches
from seldbench.prediction import FrameScores

Array = np.ndarray
CELLS = 2_000_000  # scores whose runs are sought together


@dataclass(frozen=True, eq=False)
class Lives:
    """Detections of one class: clip, times, and for which thresholds they are: [low, high)."""

    clip: Array
    onset: Array
    offset: Array
    low: Array
    high: Array


@dataclass(frozen=True, eq=False)
class _Events:
    """Events of one class: clip, times; clips: the number of all."""

    clip: Array
    onset: Array
    offset: Array
    clips: int


def collar_steps(reference: EventTable, frames: FrameScores, collar: Collar) -> Iterator[Steps]:
    """The steps of the reference's classes, one after the other, over the clips that it lists; all
    must have scores. A class that the scores lack is never detected.
    """
    place = indices(np.array(reference.clips, dtype=object), list(frames.clips))
    for label, events in _by_class(reference):
        if label not in frames.classes:
            yield _steps(events, _joined([]), collar, _ends(_joined([])))
            continue
        scores = frames.column(frames.classes.index(label))
        parts = [
            _runs(frames, scores, place[some], some)
            for some in _batches(frames, place, np.unique(events.clip))
        ]
        turns = _turns(frames, scores, place)
        yield _steps(events, _joined(parts), collar, turns, listed=True)


def point_steps(reference: EventTable, points: OperatingPoints, collar: Collar) -> Iterator[Steps]:
    """The same of operating points; the score of a step is the threshold of its point."""
    events = points.events
    clip = indices(events.clip, reference.clips)
    low = np.append(-np.inf, points.threshold)[points.point]
    high = points.threshold[points.point]
    for label, of_class in _by_class(reference):
        mine = np.flatnonzero((clip >= 0) & (events.label == label))
        columns = clip, events.onset, events.offset, low, high
        lives = Lives(*(column[mine] for column in columns))
        yield _steps(of_class, lives, collar, _ends(lives))


def _by_class(reference: EventTable) -> Iterator[tuple[str, _Events]]:
    clip = indices(reference.clip, reference.clips)
    for label in reference.labels:
        mine = np.flatnonzero(reference.label == label)
        onset, offset = reference.onset[mine], reference.offset[mine]
        yield label, _Events(clip[mine], onset, offset, len(reference.clips))


def _joined(parts: list[Lives]) -> Lives:
    nothing = np.zeros(0)
    parts = [Lives(nothing.astype(np.int64), nothing, nothing, nothing, nothing), *parts]
    names = ("clip", "onset", "offset", "low", "high")
    return Lives(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _batches(frames: FrameScores, place: Array, clips: Array) -> Iterator[Array]:
    """Some of `clips`, whose scores of a class, padded to the longest, fill about CELLS."""
    sizes = frames.start[place[clips] + 1] - frames.start[place[clips]]
    by_size = np.argsort(sizes, kind="stable")
    for a, b in batches(sizes[by_size] + 1, CELLS):
        yield clips[by_size[a:b]]


def _runs(frames: FrameScores, scores: Array, place: Array, clips: Array) -> Lives:
    """Of one class in some clips; `place` is where they are in `frames`."""
    begin, sizes = frames.start[place], frames.start[place + 1] - frames.start[place]
    inside = np.arange(int(sizes.max(initial=0))) < sizes[:, None]  # (clips, frames)
    rows = np.repeat(begin, sizes) + np.nonzero(inside)[1]
    kind = scores.dtype if scores.dtype.kind == "f" else np.dtype(np.float64)
    table = np.full(inside.shape, -np.inf, dtype=kind)
    table[inside] = scores[rows]
    runs = every_run(table)
    first = begin[runs.column]
    return Lives(
        clips[runs.column],
        frames.onset[first + runs.first],
        frames.offset[first + runs.stop - 1],
        runs.low.astype(np.float64),
        runs.high.astype(np.float64),
    )


def _turns(frames: FrameScores, score: Array, place: Array) -> tuple[Array, Array, Array]:
    """(clip, score, change) of the number of detections as the threshold falls: by frames."""
    before, after = np.append(-np.inf, score[:-1]), np.append(score[1:], -np.inf)
    full = np.flatnonzero(np.diff(frames.start))
    before[frames.start[full]] = after[frames.start[full + 1] - 1] = -np.inf
    change = (score > before).astype(np.int8) - (after > score)
    turns = np.flatnonzero(change)
    of_clip = np.full(len(frames.clips), -1)
    of_clip[place] = np.arange(len(place))
    clip = of_clip[np.searchsorted(frames.start, turns, side="right") - 1]
    turns, clip = turns[clip >= 0], clip[clip >= 0]
    return clip, score[turns].astype(np.float64), change[turns].astype(np.float64)


def _ends(lives: Lives) -> tuple[Array, Array, Array]:
    """The same by detections."""
    ends = np.flatnonzero(lives.low > -np.inf)
    return (
        np.concatenate([lives.clip, lives.clip[ends]]),
        np.concatenate([lives.high, lives.low[ends]]),
        np.concatenate([np.ones(len(lives.clip)), -np.ones(len(ends))]),
    )


def _steps(
    events: _Events,
    lives: Lives,
    collar: Collar,
    changes: tuple[Array, Array, Array],
    *,
    listed: bool = False,
) -> Steps:
    """Each clip and score once, without those that change nothing; with `listed`, these stay in
    clips without events."""
    pairs = pairs_within(events, events.clip, lives, lives.clip, collar)
    clip, score, hits = (
        np.concatenate([mine, of_all])
        for mine, of_all in zip(
            _hits(events, lives, pairs), (*changes[:2], np.zeros(len(changes[0])))
        )
    )
    detected = np.append(np.zeros(len(clip) - len(changes[2])), changes[2])
    order = np.lexsort((clip, -score))
    clip, score, hits, detected = (column[order] for column in (clip, score, hits, detected))
    new = np.append(True, (clip[1:] != clip[:-1]) | (score[1:] != score[:-1]))[: len(clip)]
    row, clip, score = np.cumsum(new) - 1, clip[new], score[new]
    hits, detected = (np.bincount(row, c, minlength=len(clip)) for c in (hits, detected))
    reference = np.bincount(events.clip, minlength=events.clips).astype(np.float64)
    keep = (hits != 0) | (detected != 0) | (listed & (reference[clip] == 0))
    return steps_in_order(clip[keep], score[keep], hits[keep], detected[keep], reference)


def _hits(events: _Events, lives: Lives, pairs: Array) -> tuple[Array, Array, Array]:
    """(clip, score, change) of the number of hits as the threshold falls.

    Events that share a detection, and so on, form a group; its hits are counted at all of its
    levels, the scores at which one of its detections comes or goes.
    """
    event, life = pairs
    nodes = len(events.clip) + len(lives.clip)
    links = sparse.coo_matrix((np.ones(len(event)), (event, life + len(events.clip))), (nodes,) * 2)
    group = connected_components(links, directed=False)[1][event]
    pairs, group = pairs[:, np.argsort(group, kind="stable")], np.sort(group)
    event, life = pairs
    ends = np.flatnonzero(lives.low[life] > -np.inf)
    score = np.concatenate([lives.high[life], lives.low[life[ends]]])
    of = np.concatenate([group, group[ends]])
    order = np.lexsort((-score, of))
    of, score = of[order], score[order]
    alive = np.cumsum(np.append(np.ones(len(life)), -np.ones(len(ends)))[order])
    last = np.append((of[1:] != of[:-1]) | (score[1:] != score[:-1]), True)[: len(of)]
    of, score, alive = of[last], score[last], alive[last]
    first = np.append(True, of[1:] != of[:-1])[: len(of)]
    # Detections of the lowest threshold never go: they are taken off what follows.
    before = np.append(0.0, alive)[np.flatnonzero(first)]
    hits = np.minimum(alive - before[np.cumsum(first) - 1], 1.0)
    lone = _one_event(group, event)[of]
    hits[~lone] = _matched(lives, pairs, group, of[~lone], score[~lone])
    change = hits - np.where(first, 0.0, np.append(0.0, hits)[: len(hits)])
    clip = np.zeros(int(group.max(initial=0)) + 1, dtype=np.int64)
    clip[group] = events.clip[event]
    return clip[of], score, change


def _one_event(group: Array, event: Array) -> Array:
    """(groups,) whether all of a group's pairs are of one event."""
    some = np.zeros(int(group.max(initial=0)) + 1, dtype=np.int64)
    some[group] = event
    alone = np.ones(len(some), dtype=bool)
    alone[group[some[group] != event]] = False
    return alone


def _matched(lives: Lives, pairs: Array, group: Array, of: Array, score: Array) -> Array:
    """(levels,) size of the largest matching among the detections that live at a group's level.

    Args:
        pairs, group: (2, pairs) and (pairs,), by group.
        of, score: (levels,) group and score.
    """
    first = np.searchsorted(group, of)
    sizes = np.searchsorted(group, of, side="right") - first
    found = np.zeros(len(of))
    for a, b in batches(sizes + 1, PAIRS):
        level = np.repeat(np.arange(a, b), sizes[a:b])
        within = np.arange(len(level)) - np.repeat(np.cumsum(sizes[a:b]) - sizes[a:b], sizes[a:b])
        event, life = pairs[:, first[level] + within]
        alive = (lives.low[life] < score[level]) & (score[level] <= lives.high[life])
        level, event, life = level[alive], event[alive], life[alive]
        left, i = np.unique(np.stack([level, event]), axis=1, return_inverse=True)
        right, j = np.unique(np.stack([level, life]), axis=1, return_inverse=True)
        shape = left.shape[1], right.shape[1]
        graph = sparse.csr_matrix((np.ones(len(level)), (i.ravel(), j.ravel())), shape=shape)
        partner = maximum_bipartite_matching(graph, perm_type="column")
        found += np.bincount(left[0, partner >= 0], minlength=len(of))
    return found
