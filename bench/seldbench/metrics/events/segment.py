"""Segment-based scores: time is cut into segments, 1 s each, and what is active in one is compared.

An event is active in every segment that it reaches into, from floor(onset / length) to
ceil(offset / length) in float64; segments that several events of a class share count once. In a
segment, as many misses as there are false alarms are substitutions. A clip has as many segments as
the longest of its events and detections needs, or as a given duration does, which then also cuts
events; else that matters only to what is inactive on both sides. Seconds.

Source: TUT-ARG/sed_eval 0.2.1, sound_event.py (SegmentBasedMetrics), util/event_roll.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seldbench.events import EventTable
from seldbench.metrics.events.rates import EPS, Counts
from seldbench.metrics.events.truth import indices

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class SegmentCounts:
    """counts: of active segments, as of events. segments: (clips,) all that are looked at."""

    counts: Counts
    segments: Array


@dataclass(frozen=True)
class Activity:
    """How often a segment's activity is right: of active ones, of inactive ones, the mean of both,
    and of all."""

    sensitivity: float
    specificity: float
    balanced_accuracy: float
    accuracy: float


def segment_counts(
    reference: EventTable,
    predicted: EventTable,
    length: float = 1.0,
    durations: Mapping[str, float] | None = None,
    *,
    empty: float = np.nan,
) -> SegmentCounts:
    """Counts of the clips that the reference lists; detections elsewhere are not scored.

    Args:
        length: of a segment.
        durations: seconds that are looked at in each clip; those of its longest event or detection
            unless given.
        empty: the precision of what is never detected: NaN in sed_eval, whose macro average of F1
            leaves such a class out.

    Raises:
        ValueError: a length that is not above 0.
    """
    if not length > 0:
        raise ValueError(f"segments of {length} s; expected a length above 0")
    clips, scored = reference.clips, reference.labels
    guess = predicted.of_clips(clips)
    classes = scored + tuple(c for c in guess.labels if c not in scored)
    number = _segments(reference, guess, length, durations)
    start = np.concatenate([[0], np.cumsum(number)])
    ref, sys = (_active(e, clips, classes, start, length) for e in (reference, guess))
    both = np.intersect1d(ref, sys, assume_unique=True)
    clip = np.repeat(np.arange(len(clips)), number)
    shape = len(clips), len(classes)
    hits, known, found = (_tally(keys, clip, shape) for keys in (both, ref, sys))
    counts = Counts(
        clips,
        classes,
        len(scored),
        hits,
        known,
        found,
        _swapped(ref, sys, both, clip, shape),
        empty,
    )
    return SegmentCounts(counts, number)


def activity(of: SegmentCounts, labels: Sequence[str] | None = None) -> Activity:
    """Over all clips and the classes in `labels`: one class, or all together.

    Args:
        labels: those of the reference and of the detections, unless given.
    """
    counts = of.counts
    labels = counts.classes if labels is None else labels
    some = [counts.classes.index(name) for name in labels if name in counts.classes]
    tables = counts.hits, counts.reference, counts.detected
    hits, known, found = (float(table[:, some].sum()) for table in tables)
    silent = float(of.segments.sum()) * len(labels) - known - found + hits
    sensitivity, specificity = hits / (known + EPS), silent / (silent + found - hits + EPS)
    right = (hits + silent) / (known + found - hits + silent + EPS)
    return Activity(sensitivity, specificity, (sensitivity + specificity) / 2, right)


def _segments(
    reference: EventTable,
    guess: EventTable,
    length: float,
    durations: Mapping[str, float] | None,
) -> Array:
    """(clips,) their numbers of segments."""
    clips = reference.clips
    if durations is not None:
        longest = np.array([durations[clip] for clip in clips])
    else:
        longest = np.zeros(len(clips))
        for events in (reference, guess):
            np.maximum.at(longest, indices(events.clip, clips), events.offset)
    return np.ceil(longest / length).astype(np.int64)


def _active(
    events: EventTable, clips: Sequence[str], classes: Sequence[str], start: Array, length: float
) -> Array:
    """The active (segment, class) cells, ascending: segment * classes + class; the segments of
    clip i begin at start[i]."""
    clip, label = indices(events.clip, clips), indices(events.label, classes)
    first = np.maximum(np.floor(events.onset / length), 0).astype(np.int64) + start[clip]
    stop = np.ceil(events.offset / length).astype(np.int64) + start[clip]
    sizes = np.maximum(np.minimum(stop, start[clip + 1]) - first, 0)
    row = np.repeat(np.arange(len(events)), sizes)
    within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.unique((first[row] + within) * len(classes) + label[row])


def _tally(cells: Array, clip: Array, shape: tuple[int, int]) -> Array:
    """(clips, classes) numbers of cells; `clip` is that of every segment."""
    segment, label = np.divmod(cells, max(shape[1], 1))
    table = np.bincount(clip[segment] * shape[1] + label, minlength=shape[0] * shape[1])
    return table.astype(np.float64).reshape(shape)


def _swapped(ref: Array, sys: Array, both: Array, clip: Array, shape: tuple[int, int]) -> Array:
    """(clips,) substitutions: of a segment, the smaller number of active classes less the hits."""
    known, found, hits = (
        np.bincount(cells // max(shape[1], 1), minlength=len(clip)) for cells in (ref, sys, both)
    )
    return np.bincount(clip, np.minimum(known, found) - hits, minlength=shape[0])
