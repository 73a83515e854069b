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
    parts = [_cut(frames, threshold) for threshold in values]
    point = np.repeat(np.arange(len(values)), [len(first) for _, first, _ in parts])
    label, first, last = (
        np.concatenate([part[i] for part in parts]).astype(np.int64) for i in range(3)
    )
    clip = np.searchsorted(frames.start, first, side="right") - 1
    events = EventTable(
        np.array(frames.clips, dtype=object)[clip],
        frames.onset[first],
        frames.offset[last],
        np.array(frames.classes, dtype=object)[label],
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
    tables = _minima(padded)
    flat = padded.ravel()
    active = np.flatnonzero(flat > -np.inf)
    left = _left(tables, flat, active)
    leader = flat[left] < flat[active]  # the first of a run's frames that have its lowest score
    own, left = active[leader], left[leader]
    right = _right(tables, flat, own)
    column = own // width
    low = np.maximum(flat[left], flat[right])
    return Runs(column, left - column * width, right - column * width - 1, low, flat[own])


def _cut(frames: FrameScores, threshold: float) -> tuple[Array, Array, Array]:
    """(label, first row, last row) of every run above one threshold, by clip and onset."""
    # An array, not a number: a float32 score is then compared as the float64 it stands for.
    active = (frames.scores > np.array([[threshold]])).T
    starts, ends = active.copy(), active.copy()
    starts[:, 1:] &= ~active[:, :-1]
    ends[:, :-1] &= ~active[:, 1:]
    edge = frames.start[1:-1]
    edge = edge[(edge > 0) & (edge < len(frames.scores))]
    starts[:, edge] = active[:, edge]
    ends[:, edge - 1] = active[:, edge - 1]
    label, first = np.nonzero(starts)
    last = np.nonzero(ends)[1]
    order = np.argsort(first, kind="stable")
    return label[order], first[order], last[order]


def _minima(padded: Array) -> list[Array]:
    """Flat tables: entry i of table k is the minimum over 2**k values from i on; -inf where they
    pass the end of the row."""
    tables, reach = [padded], 1
    while 2 * reach < padded.shape[1]:
        wider = np.full_like(padded, -np.inf)
        np.minimum(tables[-1][:, :-reach], tables[-1][:, reach:], out=wider[:, :-reach])
        tables.append(wider)
        reach *= 2
    return [table.ravel() for table in tables]


def _left(tables: list[Array], flat: Array, place: Array) -> Array:
    """Nearest place to the left whose value is not above that at `place`."""
    value, end = flat[place], place.copy()
    for k in range(len(tables) - 1, -1, -1):
        # A row starts with -inf, so that a window over its border never lies above a value.
        before = np.maximum(end - 2**k, 0)
        end = np.where(tables[k][before] > value, before, end)
    return end - 1


def _right(tables: list[Array], flat: Array, place: Array) -> Array:
    """Nearest place to the right whose value is below that at `place`."""
    value, begin = flat[place], place + 1
    for k in range(len(tables) - 1, -1, -1):
        begin = np.where(tables[k][begin] >= value, begin + 2**k, begin)
    return begin
