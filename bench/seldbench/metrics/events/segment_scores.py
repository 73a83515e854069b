"""Segment-based scores of frame scores: a segment's score is the highest of the frames that reach
into it, and it is detected where its score is above the threshold.

Source: fgnt/sed_scores_eval 0.0.4, segment_based/intermediate_statistics.py: times are rounded to 6
decimals, a clip has the segments of its duration, and a segment behind the last frame has score 0.
Seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seldbench.events import EventTable
from seldbench.metrics.events.best import Steps, steps_of
from seldbench.metrics.events.rates import Counts
from seldbench.metrics.events.truth import indices
from seldbench.prediction import FrameScores

Array = np.ndarray
DECIMALS = 6


@dataclass(frozen=True, eq=False)
class SegmentScores:
    """Segments of all clips: clip (segments,); scores and whether they are active, (segments,
    classes) each. classes: those of the reference, then those that only scores have."""

    clips: tuple[str, ...]
    classes: tuple[str, ...]
    scored: int
    clip: Array
    scores: Array
    active: Array

    def counts(self, threshold: float) -> Counts:
        """A segment is detected where its score > threshold, compared in float64."""
        found = self.scores > np.array([[threshold]])
        hits, known = found & self.active, self.active
        swapped = np.minimum(known.sum(1), found.sum(1)) - hits.sum(1)
        swapped = np.bincount(self.clip, swapped, minlength=len(self.clips))
        return Counts(
            self.clips,
            self.classes,
            self.scored,
            self._by_clip(hits),
            self._by_clip(known),
            self._by_clip(found),
            swapped,
            empty=1.0,
        )

    def steps(self) -> list[Steps]:
        """Of the reference's classes; every segment's score is one of the list."""
        found = []
        for k in range(self.scored):
            active = self.active[:, k].astype(np.float64)
            reference = np.bincount(self.clip, active, minlength=len(self.clips))
            some = self.scores[:, k] > -np.inf
            clip, score, ones = self.clip[some], self.scores[some, k], np.ones(int(some.sum()))
            found.append(steps_of(clip, score, active[some], ones, reference))
        return found

    def _by_clip(self, table: Array) -> Array:
        columns = [np.bincount(self.clip, column, minlength=len(self.clips)) for column in table.T]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.clips), 0))


def segment_scores(
    reference: EventTable,
    frames: FrameScores,
    durations: Mapping[str, float],
    length: float = 1.0,
) -> SegmentScores:
    """The segments of the clips that the reference lists; all must have scores and a duration.

    A class that the scores lack has -inf everywhere.
    """
    clips, scored = reference.clips, reference.labels
    classes = scored + tuple(c for c in frames.classes if c not in scored)
    seconds = np.array([durations[clip] for clip in clips])
    number = np.ceil(seconds / length).astype(np.int64)
    clip = np.repeat(np.arange(len(clips)), number)
    within = np.arange(len(clip)) - np.repeat(np.cumsum(number) - number, number)
    bounds = np.round(np.arange(int(number.max(initial=0)) + 1) * length, DECIMALS)
    first, stop = _frames_of(frames, clips, clip, bounds[within], bounds[within + 1])
    scores = np.full((len(clip), len(classes)), -np.inf)
    for k, name in enumerate(classes):
        if name in frames.classes:
            scores[:, k] = _highest(frames.column(frames.classes.index(name)), first, stop)
    active = _reached(reference, clips, scored, number, bounds)
    wide = np.zeros((len(clip), len(classes) - len(scored)), dtype=bool)
    return SegmentScores(
        clips, classes, len(scored), clip, scores, np.concatenate([active, wide], axis=1)
    )


def _frames_of(
    frames: FrameScores, clips: Sequence[str], clip: Array, onset: Array, offset: Array
) -> tuple[Array, Array]:
    """First row of `frames` that reaches into every segment, and the one after the last."""
    first, stop = np.zeros(len(clip), dtype=np.int64), np.zeros(len(clip), dtype=np.int64)
    bounds = np.searchsorted(clip, np.arange(len(clips) + 1))
    for i, name in enumerate(clips):
        rows, some = frames.rows(name), slice(int(bounds[i]), int(bounds[i + 1]))
        if rows.stop == rows.start:
            continue
        times = np.append(frames.onset[rows], frames.offset[rows.stop - 1]).round(DECIMALS)
        begin = np.searchsorted(times, onset[some], side="right") - 1
        first[some] = rows.start + np.maximum(begin, 0)
        stop[some] = rows.start + np.searchsorted(times, offset[some]).clip(max=len(times) - 1)
    return first, stop


def _highest(scores: Array, first: Array, stop: Array) -> Array:
    """Maxima of scores[first:stop], 0 where these are none."""
    highest = np.zeros(len(first))
    some = np.flatnonzero(stop > first)
    if len(some):
        bounds = np.stack([first[some], stop[some]], axis=1).ravel()
        highest[some] = np.maximum.reduceat(np.append(scores, 0), bounds)[::2]
    return highest


def _reached(
    reference: EventTable,
    clips: Sequence[str],
    classes: Sequence[str],
    number: Array,
    bounds: Array,
) -> Array:
    """(segments, classes) whether an event reaches into a segment.

    Args:
        number: (clips,) of segments.
        bounds: times of the longest clip's segments, one more than these.
    """
    clip, label = indices(reference.clip, clips), indices(reference.label, classes)
    begin = np.cumsum(number) - number
    first = np.maximum(np.searchsorted(bounds, reference.onset, side="right") - 1, 0)
    stop = np.minimum(np.searchsorted(bounds, reference.offset), number[clip])
    some = first < stop
    change = np.zeros((int(number.sum()) + 1, len(classes)), dtype=np.int32)
    np.add.at(change, ((begin[clip] + first)[some], label[some]), 1)
    np.add.at(change, ((begin[clip] + stop)[some], label[some]), -1)
    return np.cumsum(change, axis=0)[:-1] > 0
