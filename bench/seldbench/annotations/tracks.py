"""Rows of DCASE files <-> events with directions: what metrics read, and what formats encode.

An event is a run of consecutive frames with one class and one track. Frame k of a grid covers
[k * grid, (k + 1) * grid), seconds.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from seldbench.errors import BadFile
from seldbench.events import DirectionTable, Event, EventList
from seldbench.geometry import angles, unit_vectors

Array = np.ndarray


def events_of_rows(table: DirectionTable, classes: Sequence[str], grid: float) -> EventList:
    """The events of one file, by onset, then as they stand in the file.

    Rows of one frame, class and track are different sources: the second and further ones get track
    numbers of their own, above all others of the file.

    Raises:
        BadFile: a class number without a name, or a table of several files.
    """
    if len(table.files) > 1:
        raise BadFile(f"{', '.join(table.files[:3])}: rows of several files; give one at a time")
    if not len(table):
        return EventList()
    if table.label.max() >= len(classes):
        raise BadFile(
            f"{table.files[0]}: class {table.label.max()}, but there are {len(classes)} (0 to"
            f" {len(classes) - 1}); mend the row, or take the data set that the file belongs to"
        )
    track = _single(table)
    order = np.lexsort((table.frame, track, table.label))
    key = np.stack([table.label, track, table.frame], axis=1)[order]
    breaks = (np.diff(key[:, :2], axis=0) != 0).any(1) | (np.diff(key[:, 2]) != 1)
    runs = np.split(order, np.flatnonzero(breaks) + 1)
    runs.sort(key=lambda rows: (table.frame[rows[0]], rows[0]))
    doa = _vectors(table)
    return EventList(
        Event(
            float(table.frame[rows[0]] * grid),
            float((table.frame[rows[-1]] + 1) * grid),
            classes[table.label[rows[0]]],
            int(track[rows[0]]),
            doa[rows],
            None if table.distance is None else table.distance[rows],
        )
        for rows in runs
    )


def rows_of_events(
    events: Mapping[str, Iterable[Event]], classes: Sequence[str], grid: float
) -> DirectionTable:
    """The rows of {file: its events} in degrees, by frame, then in the order of the events.

    Distances are given where every event has them.

    Raises:
        ValueError: an event without direction.
    """
    listed = [(i, e) for i, of_file in enumerate(events.values()) for e in of_file]
    number = {label: k for k, label in enumerate(classes)}
    file, frame, label, track, doa, distance = [], [], [], [], [], []
    for i, event in listed:
        if event.doa is None:
            raise ValueError(f"the event {event.label!r} at {event.onset} s has no direction")
        first, last = round(event.onset / grid), round(event.offset / grid)
        n = last - first
        frame.append(np.arange(first, last))
        file.append(np.full(n, i))
        label.append(np.full(n, number[event.label]))
        track.append(np.full(n, event.source))
        doa.append(np.broadcast_to(event.doa, (n, 3)))
        if event.distance is not None:
            distance.append(np.broadcast_to(event.distance, n))
    azimuth, elevation = angles(_joined(doa, (0, 3)))
    files, frames, labels, tracks = (
        _joined(column, (0,)).astype(np.int64) for column in (file, frame, label, track)
    )
    order = np.lexsort((frames, files))
    metres = _joined(distance, (0,)) if len(distance) == len(listed) and listed else None
    return DirectionTable(
        tuple(events),
        files[order],
        frames[order],
        labels[order],
        tracks[order],
        np.stack([azimuth, elevation], axis=1)[order],
        None if metres is None else metres[order],
    )


def joined_tables(tables: Iterable[DirectionTable]) -> DirectionTable:
    """Tables of different files one after the other; all polar or all vectors, all with distances
    or none."""
    listed = list(tables)
    offset = np.cumsum([0, *(len(t.files) for t in listed)])
    metres = [t.distance for t in listed if t.distance is not None]
    return DirectionTable(
        tuple(name for t in listed for name in t.files),
        np.concatenate([t.file + n for t, n in zip(listed, offset)]),
        np.concatenate([t.frame for t in listed]),
        np.concatenate([t.label for t in listed]),
        np.concatenate([t.track for t in listed]),
        np.concatenate([t.direction for t in listed]),
        np.concatenate(metres) if len(metres) == len(listed) else None,
    )


def _single(table: DirectionTable) -> Array:
    """Track numbers such that no two rows share frame, class and track, (rows,)."""
    order = np.lexsort((table.track, table.label, table.frame))
    key = np.stack([table.frame, table.label, table.track], axis=1)[order]
    fresh = np.append(True, (np.diff(key, axis=0) != 0).any(1))
    first = np.maximum.accumulate(np.where(fresh, np.arange(len(key)), 0))
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - first
    span = table.track.max() - table.track.min() + 1
    return table.track + rank * span


def _vectors(table: DirectionTable) -> Array:
    if not table.cartesian:
        return unit_vectors(table.direction[:, 0], table.direction[:, 1])
    return table.direction / np.linalg.norm(table.direction, axis=1, keepdims=True)


def _joined(parts: Sequence[Array], empty: tuple[int, ...]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(empty)
