"""Intersection criteria at every threshold at once, from frame scores: what changes at which score.

For a clip and class the detections are the runs of frames with score >= threshold. A run lives from
its lowest score down to the higher of its neighbours' (`runs.nearest_below`), and whether it is
relevant, a false positive or a cross trigger hangs on the run alone. So each run adds its counts
at one score and takes them back at another; an event's coverage is the running sum of its relevant
runs. All clips' changes, sorted by falling score and summed up, give the counts at every threshold.

Only thresholds with an eFPR up to `max_efpr` matter to PSDS, and most frames lie below all of
these (`floors`): frames below a class's floor are never looked at.

Classes go through one at a time: memory holds one class's scores, and the changes.

Source: Ebbers et al. 2022, arXiv:2201.13148; fgnt/sed_scores_eval 0.0.4,
intersection_based/intermediate_statistics.py, whose rules these are; a false positive may lie
behind the clip's end. A class that the scores lack is never detected. Seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from seldbench.metrics.events.truth import Truth
from seldbench.metrics.psds.class_changes import ClassChanges, class_changes
from seldbench.metrics.psds.floors import Floors, Grid, class_scores, floor_of, floors_of, grid_of
from seldbench.metrics.psds.heads import Head, head_of
from seldbench.metrics.psds.intersection import Criteria
from seldbench.prediction import FrameScores

Array = np.ndarray
BRIEF = 1e-6  # seconds; a share of a shorter run is rounded to nothing


@dataclass(frozen=True, eq=False)
class ChangePoints:
    """Changes of the counts where the threshold falls below a score.

    (changes,) by class, then by falling score. Class k owns the rows start[k]:start[k + 1].
    cross: (changes, classes), of other classes' cross triggers; None where not counted.
    last: the last of the changes at one score: only there the counts are those of a threshold.
    floors: the lowest scores that were looked at.
    """

    start: Array
    clip: Array
    score: Array
    found: Array
    false: Array
    cross: sparse.csr_matrix | None
    last: Array
    floors: Floors
    source: "_Source" = field(repr=False)
    heads: dict[tuple[int, bool], Head] = field(default_factory=dict, repr=False)

    def head(self, label: int, *, complete: bool = False) -> Head:
        """What the counts of replicates need of a class, kept for the next; with `complete` of all
        its changes, also those below its floor."""
        key = label, complete and bool(self.floors.floor[label] > -np.inf)
        if key not in self.heads:
            changes = self.source.complete(label) if key[1] else self.of_class(label)
            self.heads[key] = head_of(changes, len(self.source.grid.known.clips))
        return self.heads[key]

    def of_class(self, label: int) -> ClassChanges:
        """The rows of one class."""
        rows = slice(int(self.start[label]), int(self.start[label + 1]))
        cross = None if self.cross is None else self.cross[rows]
        return ClassChanges(
            self.clip[rows], self.score[rows], self.found[rows], self.false[rows], cross
        )


@dataclass(frozen=True, eq=False)
class _Source:
    """Where changes come from."""

    grid: Grid
    frames: FrameScores
    criteria: Criteria

    def complete(self, label: int) -> ClassChanges:
        """All changes of a class."""
        scores = class_scores(self.grid.known, self.frames, label)
        return class_changes(self.grid, label, scores, -np.inf, [self.criteria])[0]


def change_points(
    known: Truth, frames: FrameScores, criteria: Criteria, *, max_efpr: float | None = None
) -> ChangePoints:
    """The changes of all clips of `known`; where `max_efpr` is given, those of thresholds up to it.

    Raises:
        BadFile: clips without scores.
    """
    return changes_of_each(known, frames, [criteria], max_efpr=max_efpr)[0]


def changes_of_each(
    known: Truth,
    frames: FrameScores,
    criteria: Sequence[Criteria],
    *,
    max_efpr: float | None = None,
) -> list[ChangePoints]:
    """`change_points` for several criteria; scores are read, and their runs found, once.

    Raises:
        BadFile: clips without scores.
    """
    grid, frames = grid_of(known, frames)
    lasting = _lasting(grid, min((each.dtc for each in criteria), default=1.0))
    parts: list[list[ClassChanges]] = [[] for _ in criteria]
    floors = []
    for label in range(len(known.classes)):
        scores = class_scores(known, frames, label)
        floors.append(floor_of(grid, label, scores, lasting, max_efpr))
        for part, found in zip(parts, class_changes(grid, label, scores, floors[-1][0], criteria)):
            part.append(found)
    below = floors_of(floors, len(known.clips))
    return [
        _joined(part, below, _Source(grid, frames, each)) for part, each in zip(parts, criteria)
    ]


def _lasting(grid: Grid, dtc: float) -> Array:
    """(clips of the scores,) whether every run is long enough to be no hit by rounding alone."""
    lasts = np.ones(len(grid.owner), dtype=bool)
    lasts[grid.clip[dtc * (grid.offset - grid.onset) < BRIEF]] = False
    return lasts


def _joined(parts: list[ClassChanges], floors: Floors, source: _Source) -> ChangePoints:
    none = np.zeros(0, dtype=np.int32)
    empty = ClassChanges(none, np.zeros(0, dtype=np.float32), none, none, None)
    clip, score, found, false = (
        np.concatenate([getattr(part, name) for part in (parts or [empty])])
        for name in ("clip", "score", "found", "false")
    )
    start = np.cumsum([0, *(len(part.clip) for part in parts)])
    last = np.ones(len(clip), dtype=bool)
    last[:-1] = score[1:] != score[:-1]
    last[start[1:][start[1:] > 0] - 1] = True
    cross = None
    crossed = [part.cross for part in parts if part.cross is not None]
    if crossed:
        cross = sparse.vstack(crossed, format="csr")
    return ChangePoints(start, clip, score, found, false, cross, last, floors, source)
