"""Intersection-based F1 of frame scores: counts at one threshold, and as steps over all of them, by
the rules of fgnt/sed_scores_eval 0.0.4 (`changepoints`). A true positive is an event that is found,
and precision has the detections that are not relevant as false positives.
"""

from dataclasses import dataclass, replace

import numpy as np

from seldbench.metrics.events.best import Steps, steps_of
from seldbench.metrics.events.truth import Truth
from seldbench.metrics.psds.changepoints import ChangePoints, change_points
from seldbench.metrics.psds.intersection import Criteria
from seldbench.prediction import Columns, FrameScores

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Found:
    """By clip and class, (clips, classes): events found, and false positives."""

    found: Array
    false: Array


def found_above(known: Truth, frames: FrameScores, threshold: float, criteria: Criteria) -> Found:
    """Where frames with score > threshold, compared in float64, are active."""

    def active(label: int) -> Array:
        above = frames.column(label) > np.array([threshold])
        return np.where(above, np.float32(1.0), np.float32(-np.inf))

    shape = len(frames.onset), len(frames.classes)
    cut = replace(frames, scores=Columns(active, shape, np.dtype(np.float32)))
    changes = change_points(known, cut, criteria)
    tables = np.zeros((2, len(known.clips), len(known.classes)))
    for k in range(len(known.classes)):
        rows = slice(int(changes.start[k]), int(changes.start[k + 1]))
        for table, values in zip(tables, (changes.found, changes.false)):
            np.add.at(table[:, k], changes.clip[rows], values[rows])
    return Found(*tables)


def intersection_steps(known: Truth, changes: ChangePoints) -> list[Steps]:
    """The steps of every class; `changes` of all thresholds."""
    events, found = known.counts(), []
    for k in range(len(known.classes)):
        rows = slice(int(changes.start[k]), int(changes.start[k + 1]))
        hits, false = changes.found[rows], changes.false[rows]
        columns = changes.clip[rows], changes.score[rows], hits, hits + false
        found.append(steps_of(*columns, events[:, k]))
    return found
