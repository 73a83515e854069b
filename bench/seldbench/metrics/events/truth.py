"""Reference and detections as numbers: clips and classes become indices, rows are sorted by clip.

PSDS is not defined for events of one class that overlap in a clip, so they are refused as
psds_eval 0.5.3 (psds.py) does; identical rows and events that touch are let through, and events
without length are dropped. Seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from seldbench.errors import BadFile
from seldbench.events import EventTable, OperatingPoints

Array = np.ndarray
HOUR = 3600.0


@dataclass(frozen=True, eq=False)
class Truth:
    """The reference events of the clips in `clips`, sorted by clip and onset.

    durations: (clips,). clip, label: (events,) indices in `clips` and `classes`. Clip i owns the
    rows start[i]:start[i + 1].
    """

    clips: tuple[str, ...]
    classes: tuple[str, ...]
    durations: Array
    clip: Array
    label: Array
    onset: Array
    offset: Array
    start: Array

    @property
    def length(self) -> Array:
        return self.offset - self.onset

    @cached_property
    def by_class(self) -> tuple[Array, Array]:
        """The events by clip, class and onset: (events,) rows; and (clips * classes + 1,) where in
        it those of each clip and class begin."""
        key = self.clip * len(self.classes) + self.label
        order = np.argsort(key, kind="stable")
        every = np.arange(len(self.clips) * len(self.classes) + 1)
        return order, np.searchsorted(key[order], every)

    @cached_property
    def tables(self) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """Events, and their seconds, by clip and class, (clips, classes) both."""
        shape, place = (len(self.clips), len(self.classes)), (self.clip, self.label)
        ones = np.ones(len(self.clip))
        return (
            sparse.csr_matrix((ones, place), shape=shape),
            sparse.csr_matrix((self.length, place), shape=shape),
        )

    def counts(self) -> Array:
        """Events by clip and class, (clips, classes)."""
        return self.tables[0].toarray()

    def seconds(self) -> Array:
        """Length of the events by clip and class, (clips, classes)."""
        return self.tables[1].toarray()


@dataclass(frozen=True, eq=False)
class Detections:
    """Detections of known clips and classes at `points` operating points, by clip, point, class and
    onset.

    point, clip, label: (events,) indices.
    """

    point: Array
    clip: Array
    label: Array
    onset: Array
    offset: Array
    points: int


def truth(reference: EventTable, durations: Mapping[str, float]) -> Truth:
    """The reference for PSDS; the clips are those of `durations`, in its order.

    Raises:
        BadFile: a reference clip without duration, or overlapping events of one class.
    """
    unknown = [clip for clip in reference.clips if clip not in durations]
    if unknown:
        raise BadFile(
            f"{len(unknown)} clips of the reference have no duration (first: {unknown[0]!r});"
            " complete the durations"
        )
    refuse_overlaps(reference, "reference")
    events = _with_length(reference)
    clips, classes = tuple(durations), events.labels
    clip, label = _places(*events.clip_codes, clips), _places(*events.label_codes, classes)
    order = np.lexsort((events.onset, clip))
    start = np.searchsorted(clip[order], np.arange(len(clips) + 1))
    seconds = np.fromiter(durations.values(), np.float64, len(clips))
    onset, offset = events.onset[order], events.offset[order]
    return Truth(clips, classes, seconds, clip[order], label[order], onset, offset, start)


def detections(points: OperatingPoints, known: Truth) -> Detections:
    """Detections with length in the clips and classes of `known`; others are not scored.

    Raises:
        BadFile: overlapping detections of one class at one operating point.
    """
    events, number = points.events, len(points.threshold)
    clip = _places(*events.clip_codes, known.clips)
    label = _places(*events.label_codes, known.classes)
    place = clip * number + points.point
    place = place * (len(known.classes) + len(events.label_codes[0])) + label
    order, apart = _in_order(place, events.onset, events.offset)
    if not apart:
        refuse_overlaps(events, "predictions", points)
    inside = (clip < len(known.clips)) & (label < len(known.classes))
    order = order[(inside & (events.offset > events.onset))[order]]
    point, clip, label = points.point[order], clip[order], label[order]
    return Detections(point, clip, label, events.onset[order], events.offset[order], number)


def one_point(events: EventTable) -> OperatingPoints:
    """A list of events as the only operating point (its threshold is not known: NaN)."""
    return OperatingPoints(np.array([np.nan]), np.zeros(len(events), dtype=np.int64), events)


def indices(names: Array, known: Sequence[str]) -> Array:
    """(rows,) index in `known`, -1 where a name is not among them."""
    place = {name: i for i, name in enumerate(known)}
    return np.fromiter((place.get(name, -1) for name in names), np.int64, len(names))


def refuse_overlaps(events: EventTable, what: str, points: OperatingPoints | None = None) -> None:
    """Raises BadFile where two events of one class and clip (and point) overlap; open intervals."""
    place = events.clip_codes[1] * len(events.label_codes[0]) + events.label_codes[1]
    if points is not None:
        place = place * len(points.threshold) + points.point
    order = np.lexsort((events.offset, events.onset, place))
    onset, offset = events.onset[order], events.offset[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.diff(place[order]) != 0
    distinct = new.copy()
    distinct[1:] |= (np.diff(onset) != 0) | (np.diff(offset) != 0)
    keep = np.flatnonzero(distinct)
    group = np.cumsum(new)[keep]
    onset, offset = onset[keep], offset[keep]
    latest = _running_maximum(offset, group)
    bad = np.flatnonzero((group[1:] == group[:-1]) & (onset[1:] < latest[:-1]))
    if len(bad):
        i = int(bad[0])
        j = int(np.flatnonzero((group[: i + 1] == group[i]) & (offset[: i + 1] == latest[i]))[0])
        row = order[keep[i + 1]]
        at = "" if points is None else f" at threshold {points.threshold[points.point[row]]:g}"
        raise BadFile(
            f"{what}{at}: in clip {events.clip[row]!r} the {events.label[row]!r} events"
            f" {onset[j]:g}-{offset[j]:g} s and {onset[i + 1]:g}-{offset[i + 1]:g} s overlap;"
            " PSDS is not defined then: merge them"
        )


def _with_length(events: EventTable) -> EventTable:
    keep = events.offset > events.onset
    return EventTable(
        events.clip[keep], events.onset[keep], events.offset[keep], events.label[keep], events.clips
    )


def _places(names: Sequence[str], code: Array, known: Sequence[str]) -> Array:
    """(rows,) index in `known` of names given as codes; beyond its end for the others, each its
    own."""
    place = {name: i for i, name in enumerate(known)}
    beyond = range(len(known), len(known) + len(names))
    at = np.array([place.get(name, b) for name, b in zip(names, beyond)], dtype=np.int64)
    return at[code]


def _in_order(place: Array, onset: Array, offset: Array) -> tuple[Array, bool]:
    """The order by place and onset, and whether each event ends before the next in its place."""
    # One number holds both as a rule, and sorting by one is several times faster than by two.
    order = np.argsort(place + onset / (2 * onset.max(initial=0.0) + 1))
    sorted_place, sorted_onset = place[order], onset[order]
    same = sorted_place[1:] == sorted_place[:-1]
    later = sorted_onset[1:] >= sorted_onset[:-1]
    if not ((same & later) | (sorted_place[1:] > sorted_place[:-1])).all():
        order = np.lexsort((onset, place))
        sorted_onset = onset[order]
        same = np.diff(place[order]) == 0
    return order, not (same & (sorted_onset[1:] < offset[order[:-1]])).any()


def _running_maximum(values: Array, group: Array) -> Array:
    """Largest value so far inside each group; groups are contiguous and ascending, times >= 0."""
    if not len(values):
        return values
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values))
    highest = np.maximum.accumulate(rank + group * len(values)) - group * len(values)
    return values[order][highest]
