"""Error budget of events with times (SED): one kind for every true event and every detection.

Within a clip, step by step, each among what the steps before left over, one to one:
1. `hit`: same class, onset and offset within the collars: the hits of event-based F1.
2. `onset`, `offset`, `both`: same class, near, but onset, offset or both outside the collars.
3. `confusion`: another class at these times, that is both within the collars or an intersection
   over union of at least 0.5 (so a short event below a long detection is not confused with it).
4. `merged` (a true event) and `duplicate` (a detection): near one of its class that belongs to
   another pair, as when one detection spans two events, or pieces of one event are detections.
5. `miss` (a true event) and `false_alarm` (a detection): nothing of the above.
Near: they overlap, or lie apart by no more than the onset's collar. Steps 2 and 3 take pairs from
the largest intersection over union down, of equal ones the first in file order. Seconds.
"""

from dataclasses import dataclass

import numpy as np

from seldbench.events import EventTable
from seldbench.metrics.budget.kinds import Errors, Outcomes, best_first
from seldbench.metrics.events.collar import Collar
from seldbench.metrics.events.matching import maximum
from seldbench.metrics.events.truth import indices
from seldbench.metrics.psds.intersection import PAIRS, batches

Array = np.ndarray
EVENT_KINDS = ("hit", "onset", "offset", "both", "confusion", "merged", "miss")
DETECTION_KINDS = ("hit", "onset", "offset", "both", "confusion", "duplicate", "false_alarm")
HIT, ONSET, OFFSET, BOTH, CONFUSION, SHARED, ALONE = range(7)
SIMILAR = 0.5  # intersection over union from which another class counts as confused


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Events and detections of one clip that are near each other or at one time.

    event, detection: (pairs,) rows. same: of one class. begins, ends: onset, offset within its
    collar. overlap: intersection over union in [0, 1].
    """

    event: Array
    detection: Array
    same: Array
    begins: Array
    ends: Array
    overlap: Array

    def kept(self, keep: Array) -> "_Pairs":
        columns = (self.event, self.detection, self.same, self.begins, self.ends, self.overlap)
        return _Pairs(*(column[keep] for column in columns))


def event_errors(
    reference: EventTable, predicted: EventTable, collar: Collar | None = None
) -> Errors:
    """What became of the events and detections in the clips that the reference lists; detections
    elsewhere are left out, as in event-based F1."""
    collar = collar or Collar()
    clips, scored = reference.clips, reference.labels
    guess = predicted.of_clips(clips)
    classes = scored + tuple(c for c in guess.labels if c not in scored)
    place = [(indices(t.clip, clips), indices(t.label, classes)) for t in (reference, guess)]
    pairs = _pairs(reference, guess, place, collar)
    kinds = np.full(len(reference), ALONE), np.full(len(guess), ALONE)
    partner = np.full(len(reference), -1)
    _pair_up(pairs, kinds, partner)
    for rows, kind in zip((pairs.event, pairs.detection), kinds):
        beside = rows[pairs.same]
        kind[beside[kind[beside] == ALONE]] = SHARED
    true = Outcomes(*place[0], kinds[0], EVENT_KINDS)
    found = Outcomes(*place[1], kinds[1], DETECTION_KINDS)
    return Errors(clips, classes, len(scored), true, found, partner)


def _pair_up(pairs: _Pairs, kinds: tuple[Array, Array], partner: Array) -> None:
    """Steps 1 to 3: sets the kind of what is paired, and its partner."""
    event_kind, detection_kind = kinds
    late = np.where(pairs.begins, OFFSET, np.where(pairs.ends, ONSET, BOTH))
    at_once = pairs.begins & pairs.ends
    alike = at_once | (pairs.overlap >= SIMILAR)

    def set_kind(rows: Array, kind: Array | int) -> None:
        event_kind[pairs.event[rows]] = detection_kind[pairs.detection[rows]] = kind
        partner[pairs.event[rows]] = pairs.detection[rows]

    def best_of(candidates: Array) -> Array:
        free = (event_kind == ALONE)[pairs.event] & (detection_kind == ALONE)[pairs.detection]
        rows = np.flatnonzero(candidates & free)
        return rows[best_first(pairs.event[rows], pairs.detection[rows], pairs.overlap[rows])]

    hits = np.flatnonzero(pairs.same & at_once)
    set_kind(hits[maximum(np.stack([pairs.event[hits], pairs.detection[hits]]))], HIT)
    misplaced = best_of(pairs.same)
    set_kind(misplaced, late[misplaced])
    set_kind(best_of(~pairs.same & alike), CONFUSION)


def _pairs(
    reference: EventTable,
    guess: EventTable,
    place: list[tuple[Array, Array]],
    collar: Collar,
) -> _Pairs:
    (ref_clip, ref_label), (got_clip, got_label) = place
    order = np.argsort(got_clip, kind="stable")
    first = np.searchsorted(got_clip[order], ref_clip)
    sizes = np.searchsorted(got_clip[order], ref_clip, side="right") - first
    parts = []
    for a, b in batches(sizes + 1, PAIRS):
        event = np.repeat(np.arange(a, b), sizes[a:b])
        within = np.arange(len(event)) - np.repeat(np.cumsum(sizes[a:b]) - sizes[a:b], sizes[a:b])
        detection = order[first[event] + within]
        same = ref_label[event] == got_label[detection]
        parts.append(_compared(reference, guess, event, detection, same, collar))
    none = np.zeros(0, dtype=np.int64)
    empty = _Pairs(none, none, none > 0, none > 0, none > 0, none * 1.0)
    columns = zip(*(vars(part).values() for part in [empty, *parts]))
    return _Pairs(*(np.concatenate(column) for column in columns))


def _compared(
    reference: EventTable,
    guess: EventTable,
    event: Array,
    detection: Array,
    same: Array,
    collar: Collar,
) -> _Pairs:
    """The near ones of these pairs."""
    onset, offset = reference.onset[event], reference.offset[event]
    got_onset, got_offset = guess.onset[detection], guess.offset[detection]
    # With the other end exact, both ends' test is that of one.
    begins = collar.hits(onset, offset, got_onset, offset)
    ends = collar.hits(onset, offset, onset, got_offset)
    shared = np.minimum(offset, got_offset) - np.maximum(onset, got_onset)
    spanned = np.maximum(offset, got_offset) - np.minimum(onset, got_onset)
    overlap = np.maximum(shared, 0.0) / np.where(spanned > 0, spanned, 1.0)
    near = (shared >= -collar.onset) | (begins & ends)
    return _Pairs(event, detection, same, begins, ends, overlap).kept(near)
