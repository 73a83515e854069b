"""Counts of frame scores cut at thresholds, by the rules of operating points (`intersection`): the
same as of `runs.events_above`, class by class, so that memory holds one class's scores and the
detections of no more.

Where `max_efpr` is given, thresholds below a class's floor (`floors`) are not counted: their eFPR
is beyond it, and their detections are most of all. A false positive counts if it reaches into the
clip, so that a clip makes a floor sure only if all of its frames begin inside.
"""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np

from seldbench.metrics.events.runs import above
from seldbench.metrics.events.truth import Detections, Truth
from seldbench.metrics.psds.floors import Grid, class_scores, floor_of, floors_of, grid_of
from seldbench.metrics.psds.intersection import (
    Beyond,
    Cells,
    Criteria,
    PointCounts,
    counts_of,
    point_cells,
)
from seldbench.prediction import FrameScores

Array = np.ndarray


def cut_counts(
    known: Truth,
    frames: FrameScores,
    thresholds: Sequence[float] | Array,
    criteria: Sequence[Criteria],
    *,
    max_efpr: float | None = None,
) -> list[PointCounts]:
    """The counts of detections with score > threshold, for each of the criteria; points ascend.

    Raises:
        BadFile: clips without scores.
    """
    grid, frames = grid_of(known, frames)
    values = np.unique(np.asarray(thresholds, dtype=np.float64))
    usable = np.ones(len(grid.owner), dtype=bool)
    late = grid.onset >= known.durations[grid.owner[grid.clip]]
    usable[grid.clip[late]] = False
    cells: list[list[Cells]] = [[] for _ in criteria]
    floors = []
    for label in range(len(known.classes)):
        scores = class_scores(known, frames, label)
        floors.append(floor_of(grid, label, scores, usable, max_efpr))
        kept = np.flatnonzero(values >= floors[-1][0])
        found = _detections(grid, label, scores, values, kept)
        for part, each in zip(cells, criteria):
            part.append(point_cells(known, found, each))
    below = floors_of(floors, len(known.clips))
    beyond = values[:, None] < below.floor
    counts = []
    for part, each in zip(cells, criteria):
        whole = cache(partial(_whole, known, frames, values, each))
        left_out = Beyond(beyond, below, whole) if beyond.any() else None
        counts.append(counts_of(known, len(values), part, left_out))
    return counts


def _whole(known: Truth, frames: FrameScores, values: Array, criteria: Criteria) -> PointCounts:
    return cut_counts(known, frames, values, [criteria])[0]


def _detections(grid: Grid, label: int, scores: Array, values: Array, kept: Array) -> Detections:
    """Of one class at the thresholds `kept` (indices in `values`)."""
    first, last, point = above(scores, grid.clip, values[kept])
    clip, at = grid.owner[grid.clip[first]], kept[point]
    order = np.argsort(clip * len(values) + at, kind="stable")
    order = order[(grid.offset[last] > grid.onset[first])[order]]
    clip, at, first, last = clip[order], at[order], first[order], last[order]
    of = np.full(len(order), label)
    return Detections(at, clip, of, grid.onset[first], grid.offset[last], len(values))
