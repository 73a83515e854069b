"""Event-based scores with collars: a detection hits an event of its class and clip if its onset is
within 0.2 s and its offset within 0.2 s or a fifth of the event's length, whichever is more;
bounds are inclusive, and matching is one to one and of maximum size. Seconds.

Source: TUT-ARG/sed_eval 0.2.1, sound_event.py (EventBasedMetrics, event_matching_type "optimal",
empty_system_output_handling "zero_score"): times are compared without slack. `Collar.decimals = 6`
gives fgnt/sed_scores_eval 0.0.4, collar_based/intermediate_statistics.py, which rounds first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from seldbench.errors import UnknownName
from seldbench.events import EventTable
from seldbench.metrics.events.matching import first_come, in_order, maximum, near
from seldbench.metrics.events.rates import Counts
from seldbench.metrics.events.truth import indices

Array = np.ndarray
MATCHINGS = {"optimal": maximum, "greedy": first_come}


@dataclass(frozen=True)
class Collar:
    """onset, offset: seconds, infinite where that end is not looked at. rate: share of the event's
    length that the offset may miss by, where that is more. decimals: of the rounding before a
    comparison, None for none."""

    onset: float = 0.2
    offset: float = 0.2
    rate: float = 0.2
    decimals: int | None = None

    def hits(self, onset: Array, offset: Array, got_onset: Array, got_offset: Array) -> Array:
        """Whether detections (got) are at the events' times; labels are not looked at."""
        return self._within(onset - got_onset, self.onset) & self._within(
            offset - got_offset, self.allowed(onset, offset)
        )

    def allowed(self, onset: Array, offset: Array) -> Array:
        """By how much the offsets of events may be missed."""
        return np.maximum(self.offset, self.rate * (offset - onset))

    def _within(self, distance: Array, allowed: float | Array) -> Array:
        if self.decimals is None:
            return np.abs(distance) <= allowed
        return np.round(np.abs(distance) - allowed, self.decimals) <= 0


class Timed(Protocol):
    """Whatever has (rows,) onsets and offsets."""

    @property
    def onset(self) -> Array: ...

    @property
    def offset(self) -> Array: ...


ONSET_ONLY = Collar(offset=np.inf)


def collar_counts(
    reference: EventTable,
    predicted: EventTable,
    collar: Collar | None = None,
    matching: str = "optimal",
    empty: float = 0.0,
) -> Counts:
    """Counts of the clips that the reference lists; detections elsewhere are not scored.

    Args:
        matching: "optimal" for as many hits as possible; "greedy": every event in file order takes
            the first detection that is left.
        empty: the precision of what is never detected, 0 (as DCASE asks of sed_eval) or NaN.

    Raises:
        UnknownName: no such matching.
    """
    if matching not in MATCHINGS:
        raise UnknownName(f"no matching {matching!r}; there are {', '.join(MATCHINGS)}")
    collar, clips, scored = collar or Collar(), reference.clips, reference.labels
    guess = predicted.of_clips(clips)
    classes = scored + tuple(c for c in guess.labels if c not in scored)
    ref, sys = _codes(reference, clips, classes), _codes(guess, clips, classes)
    pairs = pairs_within(reference, ref, guess, sys, collar)
    event, detection = pairs[:, MATCHINGS[matching](pairs)]
    free_ref, free_sys = np.ones(len(ref), dtype=bool), np.ones(len(sys), dtype=bool)
    free_ref[event] = free_sys[detection] = False
    left = _only(reference, ref // len(classes), free_ref)
    right = _only(guess, sys // len(classes), free_sys)
    swapped = pairs_within(*left, *right, collar)
    swapped = swapped[:, first_come(swapped)]
    shape = len(clips), len(classes)
    return Counts(
        clips,
        classes,
        len(scored),
        _tally(ref[event], shape),
        _tally(ref, shape),
        _tally(sys, shape),
        np.bincount(left[1][swapped[0]], minlength=len(clips)).astype(np.float64),
        empty,
    )


def class_f1(hits: Array, reference: Array, detected: Array) -> Array:
    """F1 of counts; 0 for a class that was never detected, NaN for one without events."""
    return np.where(reference > 0, 2 * hits / np.maximum(reference + detected, 1), np.nan)


def macro_f1(hits: Array, reference: Array, detected: Array) -> Array:
    """Mean over the classes (last axis) that have events; NaN where none has."""
    f1, present = class_f1(hits, reference, detected), reference > 0
    number = present.sum(-1)
    total = np.where(present, f1, 0.0).sum(-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def micro_f1(hits: Array, reference: Array, detected: Array) -> Array:
    """From the sums over classes (last axis); NaN where there are no events."""
    return class_f1(hits.sum(-1), reference.sum(-1), detected.sum(-1))


def _codes(events: EventTable, clips: Sequence[str], classes: Sequence[str]) -> Array:
    return indices(events.clip, clips) * len(classes) + indices(events.label, classes)


def _tally(codes: Array, shape: tuple[int, int]) -> Array:
    return np.bincount(codes, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def _only(events: EventTable, group: Array, keep: Array) -> tuple[EventTable, Array]:
    return EventTable(
        events.clip[keep], events.onset[keep], events.offset[keep], events.label[keep], events.clips
    ), group[keep]


def pairs_within(
    events: Timed, group: Array, detections: Timed, groups: Array, collar: Collar
) -> Array:
    """(2, pairs) event and detection of one group (integers from 0 on) within the collars, in
    order."""
    onset, offset = events.onset, events.offset
    if np.isfinite(collar.onset):
        pairs = near(group, onset, collar.onset, groups, detections.onset)
    else:
        pairs = near(group, offset, collar.allowed(onset, offset), groups, detections.offset)
    r, s = pairs
    hit = collar.hits(onset[r], offset[r], detections.onset[s], detections.offset[s])
    return in_order(pairs[:, hit])
