"""Event-based scores with collars: a detection hits an event of its class and clip if its onset is
within 0.2 s and its offset within 0.2 s or a fifth of the event's length, whichever is more;
bounds are inclusive, and matching is one to one and of maximum size. Seconds.

Source: TUT-ARG/sed_eval 0.2.1, sound_event.py (EventBasedMetrics, event_matching_type "optimal",
empty_system_output_handling "zero_score"): times are compared without slack. `Collar.decimals = 6`
gives fgnt/sed_scores_eval 0.0.4, collar_based/intermediate_statistics.py, which rounds first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from seldbench.events import EventTable
from seldbench.metrics.intersection import PAIRS, batches
from seldbench.metrics.truth import indices

Array = np.ndarray
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Collar:
    """onset, offset: seconds. rate: share of the event's length that the offset may miss by, where
    that is more. decimals: of the rounding before a comparison, None for none."""

    onset: float = 0.2
    offset: float = 0.2
    rate: float = 0.2
    decimals: int | None = None

    def hits(self, onset: Array, offset: Array, got_onset: Array, got_offset: Array) -> Array:
        """Whether detections (got) are at the events' times; labels are not looked at."""
        allowed = np.maximum(self.offset, self.rate * (offset - onset))
        return self._within(onset - got_onset, self.onset) & self._within(
            offset - got_offset, allowed
        )

    def _within(self, distance: Array, allowed: float | Array) -> Array:
        if self.decimals is None:
            return np.abs(distance) <= allowed
        return np.round(np.abs(distance) - allowed, self.decimals) <= 0


@dataclass(frozen=True, eq=False)
class CollarCounts:
    """Counts by clip of the reference and class, (clips, classes); substitutions (clips,).

    classes: those of the reference, then those that only detections have: the latter count as
    false positives in micro averages, as in sed_eval, and have no score of their own.
    """

    clips: tuple[str, ...]
    classes: tuple[str, ...]
    scored: int
    hits: Array
    reference: Array
    detected: Array
    substitutions: Array


@dataclass(frozen=True)
class Accuracy:
    """F1, precision, recall and error rate; NaN where there is nothing to divide by."""

    f1: float
    precision: float
    recall: float
    error_rate: float


def collar_counts(
    reference: EventTable, predicted: EventTable, collar: Collar | None = None
) -> CollarCounts:
    """Counts of the clips that the reference lists; detections elsewhere are not scored."""
    collar = collar or Collar()
    clips, scored = reference.clips, reference.labels
    guess = predicted.of_clips(clips)
    classes = scored + tuple(c for c in guess.labels if c not in scored)
    ref, sys = _codes(reference, clips, classes), _codes(guess, clips, classes)
    taken = _matching(reference, guess, ref, sys, collar)
    matched = np.flatnonzero(taken >= 0)
    shape = len(clips), len(classes)
    free_ref, free_sys = taken < 0, np.ones(len(guess), dtype=bool)
    free_sys[taken[matched]] = False
    return CollarCounts(
        clips,
        classes,
        len(scored),
        _tally(ref[matched], shape),
        _tally(ref, shape),
        _tally(sys, shape),
        _substitutions(reference, guess, _Free(ref, free_ref), _Free(sys, free_sys), shape, collar),
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


def accuracies(counts: CollarCounts) -> dict[str, Accuracy]:
    """{class: scores} of the reference's classes; error rates without substitutions."""
    hits, ref, sys = (a.sum(0) for a in (counts.hits, counts.reference, counts.detected))
    return {
        name: _accuracy(hits[i], ref[i], sys[i], 0.0)
        for i, name in enumerate(counts.classes[: counts.scored])
    }


def macro(by_class: dict[str, Accuracy]) -> Accuracy:
    """Plain means over the classes of the reference."""
    fields = ("f1", "precision", "recall", "error_rate")
    means = {f: float(np.mean([getattr(a, f) for a in by_class.values()])) for f in fields}
    return Accuracy(**means) if by_class else Accuracy(np.nan, np.nan, np.nan, np.nan)


def micro(counts: CollarCounts) -> Accuracy:
    """From the sums over all classes. An unmatched event and an unmatched detection at its times,
    of whatever class, are one substitution instead of two errors.

    Where several maximum matchings leave different events over, their number can depend on which
    one is found; F1, precision and recall cannot.
    """
    hits, reference, detected, swapped = (
        float(table.sum())
        for table in (counts.hits, counts.reference, counts.detected, counts.substitutions)
    )
    return _accuracy(hits, reference, detected, swapped)


@dataclass(frozen=True, eq=False)
class _Free:
    """Code (clip and class) of every event, and which of them are unmatched."""

    code: Array
    left: Array


def _accuracy(hits: float, reference: float, detected: float, swapped: float) -> Accuracy:
    if not reference:
        return Accuracy(np.nan, 0.0 if detected else np.nan, np.nan, np.nan)
    precision = hits / detected if detected else 0.0
    missed, invented = reference - hits - swapped, detected - hits - swapped
    errors = sum(float(n) / (reference + EPS) for n in (swapped, missed, invented))
    f1 = 2 * hits / (reference + detected)
    return Accuracy(float(f1), float(precision), float(hits / reference), errors)


def _codes(events: EventTable, clips: Sequence[str], classes: Sequence[str]) -> Array:
    return indices(events.clip, clips) * len(classes) + indices(events.label, classes)


def _tally(codes: Array, shape: tuple[int, int]) -> Array:
    return np.bincount(codes, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def _matching(
    reference: EventTable, guess: EventTable, ref: Array, sys: Array, collar: Collar
) -> Array:
    """(reference events,) the detection matched to each, or -1."""
    order = np.argsort(sys, kind="stable")
    first = np.searchsorted(sys[order], ref)
    sizes = np.searchsorted(sys[order], ref, side="right") - first
    found = []
    for a, b in batches(sizes + 1, PAIRS):
        r = np.repeat(np.arange(a, b), sizes[a:b])
        within = np.arange(len(r)) - np.repeat(np.cumsum(sizes[a:b]) - sizes[a:b], sizes[a:b])
        s = order[first[r] + within]
        hit = collar.hits(reference.onset[r], reference.offset[r], guess.onset[s], guess.offset[s])
        found.append(np.stack([r[hit], s[hit]]))
    if not found or not len(guess):
        return np.full(len(reference), -1)
    r, s = np.concatenate(found, axis=1)
    graph = sparse.csr_matrix((np.ones(len(r)), (r, s)), shape=(len(reference), len(guess)))
    return maximum_bipartite_matching(graph, perm_type="column")


def _substitutions(
    reference: EventTable,
    guess: EventTable,
    ref: _Free,
    sys: _Free,
    shape: tuple[int, int],
    collar: Collar,
) -> Array:
    """(clips,) unmatched events, in order, that meet an unmatched detection not yet used."""
    clips, classes = shape
    number = np.zeros(clips)
    waiting: dict[int, list[int]] = {}
    for j in np.flatnonzero(sys.left):
        waiting.setdefault(int(sys.code[j] // classes), []).append(int(j))
    for i in np.flatnonzero(ref.left):
        clip = int(ref.code[i] // classes)
        rest = np.array(waiting.get(clip, ()), dtype=np.int64)
        hit = collar.hits(
            reference.onset[i], reference.offset[i], guess.onset[rest], guess.offset[rest]
        )
        if hit.any():
            waiting[clip].remove(int(rest[np.argmax(hit)]))
            number[clip] += 1
    return number
