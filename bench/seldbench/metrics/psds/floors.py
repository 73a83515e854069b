"""Scores below which no threshold matters to PSDS up to a max_efpr, by class, for any weights.

A clip without events of a class has at least one false positive at every threshold below its
highest score. Where the clips whose highest score is s or more pass max_efpr together, no threshold
below s is needed: s is the class's floor. A replicate may draw these clips less often, so that
there are more of them than needed; that they suffice is looked up with the replicate's weights.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seldbench.errors import BadFile
from seldbench.metrics.events.truth import HOUR, Truth, indices
from seldbench.prediction import FrameScores

Array = np.ndarray
MARGIN = 5.0  # standard deviations by which a replicate's false positives may fall short


@dataclass(frozen=True, eq=False)
class Grid:
    """The frames of the clips, in the order of the scores.

    known: the reference. owner: (clips of the scores,) their indices in `known.clips`. start,
    onset, offset: as in `FrameScores`. clip: (frames,) the clip of the scores that each belongs to.
    """

    known: Truth
    owner: Array
    start: Array
    clip: Array
    onset: Array
    offset: Array


@dataclass(frozen=True, eq=False)
class Floors:
    """floor: (classes,) -inf where all thresholds matter. sure: (classes, clips) 1 where a clip has
    a false positive of the class at every threshold below its floor."""

    floor: Array
    sure: sparse.csr_matrix

    def short(self, weights: Array, hours: Array, max_efpr: float) -> Array:
        """(classes,) whether thresholds below the floor may matter to any replicate.

        Args:
            weights: (replicates, clips). hours: (replicates,) of all their clips.
        """
        rates = (self.sure @ weights.T) / hours
        return (rates <= max_efpr).any(axis=1) & (self.floor > -np.inf)


def grid_of(known: Truth, frames: FrameScores) -> tuple[Grid, FrameScores]:
    """The frames of the clips of `known`, and their scores.

    Raises:
        BadFile: clips without scores.
    """
    absent = [clip for clip in known.clips if clip not in frames.index]
    if absent:
        raise BadFile(
            f"{len(absent)} of {len(known.clips)} clips have no frame scores (first:"
            f" {absent[0]!r}); score the clips of the durations, or shorten the durations"
        )
    frames = frames.of_clips(set(known.clips))
    owner = indices(np.array(frames.clips, dtype=object), known.clips)
    clip = np.repeat(np.arange(len(owner), dtype=np.int32), np.diff(frames.start))
    return Grid(known, owner, frames.start, clip, frames.onset, frames.offset), frames


def class_scores(known: Truth, frames: FrameScores, label: int) -> Array:
    """(frames,) of a class, floating; -inf, never active, where the scores lack the class."""
    name = known.classes[label]
    if name not in frames.classes:
        return np.full(len(frames.onset), -np.inf, dtype=np.float32)
    scores = frames.column(frames.classes.index(name))
    return scores if scores.dtype.kind == "f" else scores.astype(np.float64)


def floor_of(
    grid: Grid, label: int, scores: Array, usable: Array, max_efpr: float | None
) -> tuple[float, Array]:
    """The floor of a class, and the clips that make it sure; -inf where there are too few.

    Args:
        scores: (frames,). usable: (clips of the scores,) whether a frame that is active, in a clip
            without events of the class, is a false positive for certain.
    """
    known, nothing = grid.known, grid.owner[:0]
    if max_efpr is None or not np.isfinite(max_efpr):
        return -np.inf, nothing
    full = np.flatnonzero(np.diff(grid.start) > 0)
    highest = np.full(len(grid.owner), -np.inf, dtype=scores.dtype)
    if len(full):
        highest[full] = np.maximum.reduceat(scores, grid.start[full])
    without = np.ones(len(known.clips), dtype=bool)
    without[known.clip[known.label == label]] = False
    silent = np.flatnonzero(without[grid.owner] & usable & (highest > -np.inf))
    reach = max_efpr * known.durations.sum() / HOUR
    # Of so many, fewer than needed are drawn only where a Poisson number strays by MARGIN.
    number = int(((MARGIN + np.sqrt(MARGIN**2 + 4 * reach)) / 2) ** 2) + 2
    if number > len(silent):
        return -np.inf, nothing
    floor = np.partition(highest[silent], -number)[-number]
    return float(floor), grid.owner[silent[highest[silent] >= floor]]


def floors_of(found: list[tuple[float, Array]], clips: int) -> Floors:
    """The floors of all classes, one after the other."""
    sure = [of for _, of in found]
    start = np.cumsum([0, *map(len, sure)])
    column = np.concatenate([np.zeros(0, dtype=np.int64), *sure])
    cells = np.ones(len(column)), column, start
    table = sparse.csr_matrix(cells, shape=(len(found), clips))
    return Floors(np.array([floor for floor, _ in found]), table)
