"""DESED tables: strong events, durations, weak labels, clip lists; and operating points, which are
events with a column `threshold` (one file or a folder of them). Seconds.

Layouts: sed.md of DCASE task 4 (DCASE-REPO/DESED_task). A row with empty onset, offset and label
lists a clip without events.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from seldbench.annotations.table import Table, decimal, read_table, write_table
from seldbench.errors import BadFile
from seldbench.events import EventTable, OperatingPoints

Array = np.ndarray
EVENT = ("filename", "onset", "offset", "event_label")


def read_events(path: Path) -> EventTable:
    """A strong table: filename, onset, offset, event_label; further columns are not read.

    Raises:
        BadFile: a column is missing; a row is half empty; a time is negative, not finite or not a
            number; an offset lies before its onset.
    """
    return events_of(read_table(path))


def events_of(table: Table) -> EventTable:
    """The events of a table that was read."""
    return _events(table)[0]


def read_operating_points(path: Path) -> OperatingPoints:
    """Events with a column `threshold`: one table, or every table of a folder.

    Raises:
        BadFile: as `read_events`; or the folder is empty or holds something else.
    """
    files = folder_files(path) if path.is_dir() else [path]
    return operating_points_of([read_table(file) for file in files])


def operating_points_of(tables: Sequence[Table]) -> OperatingPoints:
    """The operating points of tables that were read."""
    parts, thresholds, every = [], [], []
    for table in tables:
        table.require("threshold", *EVENT)
        events, filled = _events(table)
        of_rows = table.numbers("threshold")
        parts.append(events)
        thresholds.append(of_rows[filled])
        every.append(of_rows)
    values = np.unique(np.concatenate(every))
    point = np.searchsorted(values, np.concatenate(thresholds))
    return OperatingPoints(values, point, _joined(parts))


def folder_files(path: Path) -> list[Path]:
    """The files of a folder, sorted by name; hidden ones left out.

    Raises:
        BadFile: empty, or a folder inside.
    """
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    if not files:
        raise BadFile(f"{path}: an empty folder; expected tables of scores or of operating points")
    for file in files:
        if not file.is_file():
            raise BadFile(f"{file}: not a file; expected a folder of tables alone")
    return files


def read_durations(path: Path) -> dict[str, float]:
    """{clip: seconds}: filename, duration.

    Raises:
        BadFile: a column is missing, a clip stands there twice, a duration is not above 0.
    """
    table = read_table(path)
    table.require("filename", "duration")
    clips, seconds = table.names("filename", unique=True), table.numbers("duration")
    table.refuse(seconds <= 0, table.lines, lambda i: f"duration {seconds[i]} is not above 0")
    _refuse_no_rows(table, clips)
    return dict(zip(clips, seconds.tolist()))


def read_weak(path: Path) -> dict[str, frozenset[str]]:
    """{clip: its labels}: filename, event_labels (comma separated, may be empty).

    Raises:
        BadFile: a column is missing, a clip stands there twice, or an empty label.
    """
    table = read_table(path)
    table.require("filename", "event_labels")
    weak = {}
    clips = table.names("filename", unique=True)
    for line, clip, cell in zip(table.lines, clips, table.texts("event_labels")):
        weak[clip] = frozenset(labels_in(table, line, cell))
    return weak


def labels_in(table: Table, line: int, cell: str) -> list[str]:
    """The labels of a cell, separated by commas; none of an empty one.

    Raises:
        BadFile: an empty label beside others.
    """
    labels = [label.strip() for label in cell.split(",")] if cell.strip() else []
    if not all(labels):
        raise BadFile(f"{table.path}:{line}: an empty label in {cell!r}")
    return labels


def read_unlabelled(path: Path) -> tuple[str, ...]:
    """Clips: filename.

    Raises:
        BadFile: the column is missing or a clip stands there twice.
    """
    table = read_table(path)
    table.require("filename")
    return tuple(table.names("filename", unique=True))


def write_events(path: Path, events: EventTable) -> None:
    """A strong table; clips without events are listed first, as rows of empty cells."""
    write_table(path, EVENT, _event_rows(events))


def write_operating_points(path: Path, points: OperatingPoints) -> None:
    """One table with `threshold` first; compressed where the name ends in .gz. An operating point
    without detections is one row of empty cells with some clip's name."""
    events = points.events
    silent = set(range(len(points.threshold))) - set(points.point.tolist())
    if silent and not events.clips:
        raise BadFile(f"{path}: operating points without any clip cannot be written")
    rows = [(decimal(points.threshold[i]), events.clips[0], "", "", "") for i in sorted(silent)]
    columns = zip(points.point, events.clip, events.onset, events.offset, events.label)
    for i, clip, onset, offset, label in columns:
        rows.append((decimal(points.threshold[i]), clip, decimal(onset), decimal(offset), label))
    write_table(path, ("threshold", *EVENT), rows)


def write_durations(path: Path, durations: Mapping[str, float]) -> None:
    write_table(path, ("filename", "duration"), ((c, decimal(s)) for c, s in durations.items()))


def write_weak(path: Path, labels: Mapping[str, Iterable[str]]) -> None:
    """Labels sorted."""
    rows = ((clip, ",".join(sorted(of_clip))) for clip, of_clip in labels.items())
    write_table(path, ("filename", "event_labels"), rows)


def write_unlabelled(path: Path, clips: Iterable[str]) -> None:
    write_table(path, ("filename",), ((clip,) for clip in clips))


def _events(table: Table) -> tuple[EventTable, Array]:
    """The events and the rows (indices) that hold one."""
    table.require(*EVENT)
    clips = table.names("filename", unique=False)
    cells = [table.texts(name) for name in EVENT[1:]]
    full = np.array([bool(a and b and c) for a, b, c in zip(*cells)], dtype=bool)
    some = np.array([bool(a or b or c) for a, b, c in zip(*cells)], dtype=bool)
    table.refuse(
        some & ~full,
        table.lines,
        lambda i: "half an event; give onset, offset and event_label, or none of them",
    )
    filled = np.flatnonzero(full).tolist()
    lines = [table.lines[i] for i in filled]
    onset = table.parse([cells[0][i] for i in filled], lines, "onset")
    offset = table.parse([cells[1][i] for i in filled], lines, "offset")
    table.refuse(onset < 0, lines, lambda i: f"onset {onset[i]} is negative")
    table.refuse(
        offset < onset, lines, lambda i: f"offset {offset[i]} lies before onset {onset[i]}"
    )
    return (
        EventTable(
            _names([clips[i] for i in filled]),
            onset,
            offset,
            _names([cells[2][i] for i in filled]),
            tuple(dict.fromkeys(clips)),
        ),
        np.array(filled, dtype=np.int64),
    )


def _names(cells: list[str]) -> Array:
    """Equal names become one object: less memory, and faster to compare."""
    return np.array([*map(sys.intern, cells)], dtype=object)


def _joined(parts: Sequence[EventTable]) -> EventTable:
    return EventTable(
        np.concatenate([part.clip for part in parts]),
        np.concatenate([part.onset for part in parts]),
        np.concatenate([part.offset for part in parts]),
        np.concatenate([part.label for part in parts]),
        tuple(dict.fromkeys(clip for part in parts for clip in part.clips)),
    )


def _event_rows(events: EventTable) -> Iterable[tuple[str, str, str, str]]:
    sounding = set(events.clip.tolist())
    for clip in events.clips:
        if clip not in sounding:
            yield clip, "", "", ""
    for clip, onset, offset, label in zip(events.clip, events.onset, events.offset, events.label):
        yield clip, decimal(onset), decimal(offset), label


def _refuse_no_rows(table: Table, rows: Sequence[str]) -> None:
    if not rows:
        raise BadFile(f"{table.path}: a header without rows")
