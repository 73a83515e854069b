"""Events: one sounding of one source (Event), those of a clip (EventList), and those of many clips
as columns in file order (EventTable, DirectionTable: what files hold and metrics read). Seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Event:
    """One sounding of one source.

    `source` tells apart equal labels at one time (DCASE: track). `doa`: unit vectors, (3,) for a
    still source or (label frames, 3) for a moving one, None without position; `distance` likewise.
    """

    onset: float
    offset: float
    label: str
    source: int = 0
    doa: Array | None = None
    distance: Array | None = None

    @property
    def duration(self) -> float:
        return self.offset - self.onset


class EventList(tuple[Event, ...]):
    """The events of one clip."""

    __slots__ = ()

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(event.label for event in self)


@dataclass(frozen=True, eq=False)
class EventTable:
    """Events of many clips as columns, in file order.

    `clip` and `label` are (events,) of str objects, `onset` and `offset` (events,) float64.
    `clips` names every clip that the file lists, in file order: those without events as well.
    """

    clip: Array
    onset: Array
    offset: Array
    label: Array
    clips: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.onset)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted(self.label_codes[0]))

    @cached_property
    def clip_codes(self) -> tuple[tuple[str, ...], Array]:
        """The clips with events, as they first occur, and every event's index among them."""
        return factorised(self.clip)

    @cached_property
    def label_codes(self) -> tuple[tuple[str, ...], Array]:
        """The labels, as they first occur, and every event's index among them."""
        return factorised(self.label)

    def of_clips(self, names: Iterable[str]) -> "EventTable":
        """The rows of the clips in `names`; order and `clips` restricted likewise."""
        wanted = set(names)
        keep = np.fromiter((c in wanted for c in self.clip), bool, len(self))
        clips = tuple(c for c in self.clips if c in wanted)
        return EventTable(
            self.clip[keep], self.onset[keep], self.offset[keep], self.label[keep], clips
        )

    def by_clip(self) -> dict[str, EventList]:
        """{clip: its events in file order}, for every clip in `clips`."""
        rows: dict[str, list[Event]] = {c: [] for c in self.clips}
        for clip, onset, offset, label in zip(self.clip, self.onset, self.offset, self.label):
            rows[clip].append(Event(float(onset), float(offset), label))
        return {clip: EventList(events) for clip, events in rows.items()}


@dataclass(frozen=True, eq=False)
class OperatingPoints:
    """Detections at several thresholds: the rows of all of them in one table.

    threshold: (points,) ascending. point: (events,) the index in `threshold` of every row.
    """

    threshold: Array
    point: Array
    events: EventTable

    def find(self, threshold: float) -> int | None:
        """The index of a threshold, as written up to 1e-9; None where it is not among them."""
        near = np.flatnonzero(np.abs(self.threshold - threshold) <= 1e-9)
        return int(near[0]) if len(near) else None

    def at(self, index: int) -> EventTable:
        """The detections of one operating point; `clips` are those of all."""
        rows, e = self.point == index, self.events
        return EventTable(e.clip[rows], e.onset[rows], e.offset[rows], e.label[rows], e.clips)


@dataclass(frozen=True, eq=False)
class DirectionTable:
    """Who sounds from where, frame by frame: the rows of DCASE task 3 files in file order.

    files: names, those of files without rows as well. file: (rows,) index in `files`, ascending.
    frame, label, track: (rows,) int64; frames as numbered in the file, labels are class numbers.
    direction: (rows, 2) azimuth and elevation in degrees, or (rows, 3) vectors x, y, z of any
    length, as the file gives them. distance: (rows,) metres, None where the files have none.
    """

    files: tuple[str, ...]
    file: Array
    frame: Array
    label: Array
    track: Array
    direction: Array
    distance: Array | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def cartesian(self) -> bool:
        """Whether `direction` holds vectors."""
        return self.direction.shape[1] == 3

    def rows(self, keep: Array) -> "DirectionTable":
        """The rows that a mask or an index array keeps; `files` stay."""
        columns = (self.file, self.frame, self.label, self.track, self.direction)
        file, frame, label, track, direction = (column[keep] for column in columns)
        distance = None if self.distance is None else self.distance[keep]
        return DirectionTable(self.files, file, frame, label, track, direction, distance)


def factorised(names: Array) -> tuple[tuple[str, ...], Array]:
    """The different ones of (rows,) names, as they first occur, and (rows,) int64 indices in them.

    Tables hold long runs of one name, so that only a run's first name is looked up.
    """
    if not len(names):
        return (), np.zeros(0, dtype=np.int64)
    first = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    leading = names[first].tolist()
    place = {name: i for i, name in enumerate(dict.fromkeys(leading))}
    code = np.fromiter(map(place.__getitem__, leading), np.int64, len(leading))
    return tuple(place), np.repeat(code, np.diff(first, append=len(names)))


def event_table(events: Mapping[str, Iterable[Event]]) -> EventTable:
    """The table of {clip: events}, clips in the mapping's order."""
    rows = [(clip, e) for clip, of_clip in events.items() for e in of_clip]
    return EventTable(
        np.array([clip for clip, _ in rows], dtype=object),
        np.array([e.onset for _, e in rows], dtype=np.float64),
        np.array([e.offset for _, e in rows], dtype=np.float64),
        np.array([e.label for _, e in rows], dtype=object),
        tuple(events),
    )
