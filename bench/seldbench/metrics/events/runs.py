"""From frame scores to detections: maximal runs of frames above a threshold.

`events_above` cuts at given thresholds (active where score > threshold). `every_run` finds the runs
of all thresholds at once: a run [first, stop) is a detection for every threshold in [low, high),
where `high` is its lowest score and `low` the higher one of its two neighbours; these runs are the
nodes of the score curve's max-tree, and a clip has at most as many as frames. Seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seldbench.events import EventTable, OperatingPoints
from seldbench.prediction import FrameScores

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Runs:
    """(runs,) each. column: row of the table they were found in. first, stop: frames."""

    column: Array
    first: Array
    stop: Array
    low: Array
    high: Array


def events_above(frames: FrameScores, thresholds: Sequence[float] | Array) -> OperatingPoints:
    """The runs of frames with score > threshold, compared in float64.

    Source: fgnt/sed_scores_eval, base_modules/detection.py (scores_to_event_list).
    """
    values = np.unique(np.asarray(thresholds, dtype=np.float64))
    begins = np.zeros(len(frames.onset) + 1, dtype=bool)
    begins[frames.start] = True  # a clip's first frame, and the end
    columns: list[list[Array]] = [[], [], [], []]
    for label in range(len(frames.classes)):
        scores = frames.column(label)
        for at, threshold in enumerate(values):
            ends = _cut(scores, threshold, begins)
            same = np.broadcast_to(np.array([[at], [label]]), (2, len(ends[0])))
            for column, part in zip(columns, (*same, *ends)):
                column.append(part)
    none = np.zeros(0, dtype=np.int64)
    point, of, first, last = (np.concatenate([none, *column]) for column in columns)
    order = np.lexsort((of, first, point))
    point, of, first, last = point[order], of[order], first[order], last[order]
    clip = np.searchsorted(frames.start, first, side="right") - 1
    events = EventTable(
        np.array(frames.clips, dtype=object)[clip],
        frames.onset[first],
        frames.offset[last],
        np.array(frames.classes, dtype=object)[of],
        frames.clips,
    )
    return OperatingPoints(values, point, events)


def every_run(scores: Array) -> Runs:
    """The runs of all thresholds.

    Args:
        scores: (columns, frames), a row a clip and class; -inf is never a detection.
    """
    columns, width = len(scores), scores.shape[1] + 2
    padded = np.full((columns, width), -np.inf, dtype=scores.dtype)
    padded[:, 1:-1] = scores
    left, right, own = nearest_below(padded.ravel(), width)
    column = own // width
    first = left - column * width
    flat = padded.ravel()
    low = np.maximum(flat[left], flat[right])
    return Runs(column, first, right - column * width - 1, low, flat[own])


def nearest_below(flat: Array, longest: int) -> tuple[Array, Array, Array]:
    """The runs of all thresholds in one row of scores.

    Args:
        flat: (places,) stretches of frames, parted by a score below all others, which stands at
            both ends as well.
        longest: frames of the longest stretch, or more.

    Returns:
        (runs,) the last place before a run, the first behind it, and the first of those inside that
        have its lowest score; by the last.
    """
    tables = _minima(flat, longest)
    place = np.flatnonzero(flat[:-1] < flat[1:]) + 1  # above what is before: begins a run
    fall = np.flatnonzero(flat[1:] < flat[:-1]) + 1
    fall = fall[flat[fall] > flat[0]]
    left = _left(tables, flat, fall)
    # Not below what is before, yet the first with this score since something lower.
    first = flat[left] < flat[fall]
    own = np.concatenate([place, fall[first]])
    left = np.concatenate([place - 1, left[first]])
    order = np.argsort(own)
    own, left = own[order], left[order]
    right = own + 1
    flat_or_rising = np.flatnonzero(flat[right] >= flat[own])
    right[flat_or_rising] = _right(tables, flat, own[flat_or_rising])
    return left, right, own


def above(scores: Array, clip: Array, thresholds: Array) -> tuple[Array, Array, Array]:
    """First and last frame of every run with score > threshold, and the threshold's number; by
    threshold and frame.

    Args:
        scores: (frames,). clip: (frames,) what a frame belongs to; runs end with it. thresholds:
            ascending.
    """
    parts: list[tuple[Array, Array]] = []
    if len(thresholds):
        active = np.flatnonzero(scores > _as_kind(thresholds[0], scores.dtype))
        some, of = scores[active], clip[active]
        begins = np.ones(len(active) + 1, dtype=bool)
        begins[1:-1] = (np.diff(active) != 1) | (of[1:] != of[:-1])
        parts = [_cut(some, threshold, begins) for threshold in thresholds]
    none = np.zeros(0, dtype=np.int64)
    first, last = (active[np.concatenate([p[i] for p in parts])] if parts else none for i in (0, 1))
    return first, last, np.repeat(np.arange(len(parts)), [len(p[0]) for p in parts])


def _cut(scores: Array, threshold: float, begins: Array) -> tuple[Array, Array]:
    """First and last row of every run above one threshold; `begins` parts the clips."""
    active = scores > _as_kind(threshold, scores.dtype)
    # Where a frame is active and the one before it is not, or belongs to another clip.
    new = np.append(active, False)
    new[1:] &= ~active | begins[1:]
    ended = active.copy()
    ended[:-1] &= ~active[1:] | begins[1:-1]
    return np.flatnonzero(new), np.flatnonzero(ended)


def _as_kind(threshold: float, kind: np.dtype) -> np.generic | float:
    """The largest number of a floating kind that is not above a threshold: a float32 score is then
    compared as the float64 that it stands for."""
    if kind.kind != "f":
        return threshold
    near = kind.type(threshold)
    return near if float(near) <= threshold else np.nextafter(near, kind.type(-np.inf))


def _minima(flat: Array, longest: int) -> list[Array]:
    """Tables: entry i of table k is the minimum over 2**k values from i on; lower than all where
    they pass the end."""
    tables, reach = [flat], 1
    while 2 * reach < longest + 2:
        wider = np.full_like(flat, flat[0])
        np.minimum(tables[-1][:-reach], tables[-1][reach:], out=wider[:-reach])
        tables.append(wider)
        reach *= 2
    return tables


def _left(tables: list[Array], flat: Array, place: Array) -> Array:
    """Nearest place to the left whose value is not above that at `place`."""
    value, end = flat[place], place.copy()
    for k in range(len(tables) - 1, -1, -1):
        # A window over the border of a stretch never lies above a value.
        before = np.maximum(end - 2**k, 0)
        end = np.where(tables[k][before] > value, before, end)
    return end - 1


def _right(tables: list[Array], flat: Array, place: Array) -> Array:
    """Nearest place to the right whose value is below that at `place`."""
    value, begin = flat[place], place + 1
    for k in range(len(tables) - 1, -1, -1):
        begin = np.where(tables[k][begin] >= value, begin + 2**k, begin)
    return begin
