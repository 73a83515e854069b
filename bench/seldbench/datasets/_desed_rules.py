"""A DESED table read for its faults: each broken rule with its line, not the first alone.

What loads a data set reads strictly (`seldbench.annotations`); this is for `data check`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seldbench.annotations.table import read_table
from seldbench.errors import BadFile, near
from seldbench.events import Event

COLUMNS = {
    "strong": ("filename", "onset", "offset", "event_label"),
    "weak": ("filename", "event_labels"),
    "unlabelled": ("filename",),
    "durations": ("filename", "duration"),
}


@dataclass
class Scan:
    """What could be read of a table, and what could not. `labels`: of weak tables; `durations`: of
    durations tables; `events`: of strong ones, with an empty list for a clip without events."""

    path: Path
    classes: tuple[str, ...]
    names: dict[str, int] = field(default_factory=dict)  # name -> the first line that has it
    events: dict[str, list[Event]] = field(default_factory=dict)
    labels: dict[str, frozenset[str]] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def fault(self, line: int, text: str) -> None:
        self.problems.append(f"{self.path}:{line}: {text}")


def scan_table(path: Path, kind: str, classes: tuple[str, ...]) -> Scan:
    """All of a table of one of the kinds in COLUMNS."""
    scan = Scan(path, classes)
    read = {"strong": _event, "weak": _labels, "unlabelled": _name, "durations": _duration}[kind]
    for line, row in _rows(scan, COLUMNS[kind]):
        if not row["filename"]:
            scan.fault(line, "no file name")
            continue
        if kind != "strong" and row["filename"] in scan.names:
            first = scan.names[row["filename"]]
            scan.fault(line, f"{row['filename']} is named twice (before: line {first})")
            continue
        scan.names.setdefault(row["filename"], line)
        read(scan, line, row)
    _check_overlaps(scan)
    return scan


def _rows(scan: Scan, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column); none where the file is no table or lacks a column."""
    try:
        table = read_table(scan.path)
        table.require(*columns)
    except BadFile as error:
        scan.problems.append(str(error))
        return
    for line, row in zip(table.lines, table.rows):
        yield line, {name: cell.strip() for name, cell in zip(table.columns, row)}


def _event(scan: Scan, line: int, row: dict[str, str]) -> None:
    events = scan.events.setdefault(row["filename"], [])
    onset, offset, label = row["onset"], row["offset"], row["event_label"]
    if not (onset or offset or label):
        return
    times = _number(onset), _number(offset)
    if not label or None in times:
        scan.fault(line, f"onset {onset!r}, offset {offset!r}, label {label!r}: all or none")
        return
    event = Event(times[0] or 0.0, times[1] or 0.0, label)
    if event.onset < 0:
        scan.fault(line, f"onset {onset} is negative")
    elif event.duration <= 0:
        scan.fault(line, f"offset {offset} is not after onset {onset}")
    elif _known(scan, line, label):
        events.append(event)


def _labels(scan: Scan, line: int, row: dict[str, str]) -> None:
    labels = [label.strip() for label in row["event_labels"].split(",") if label.strip()]
    if len(set(labels)) < len(labels):
        scan.fault(line, f"a label is named twice in {row['event_labels']}")
    scan.labels[row["filename"]] = frozenset(x for x in labels if _known(scan, line, x))


def _name(scan: Scan, line: int, row: dict[str, str]) -> None:
    """A file name alone has no further rule."""


def _duration(scan: Scan, line: int, row: dict[str, str]) -> None:
    seconds = _number(row["duration"])
    if seconds is None or seconds <= 0:
        scan.fault(line, f"duration {row['duration']!r} is not a positive number")
    else:
        scan.durations[row["filename"]] = seconds


def _known(scan: Scan, line: int, label: str) -> bool:
    if label not in scan.classes:
        scan.fault(line, f"unknown label {label!r}{near(label, scan.classes)}")
    return label in scan.classes


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _check_overlaps(scan: Scan) -> None:
    """Two events of one class never overlap in one clip; the same event twice is told apart."""
    for name, events in scan.events.items():
        last: dict[str, Event] = {}  # by class, the event that ends last so far
        for event in sorted(events, key=lambda e: (e.onset, e.offset)):
            before = last.get(event.label)
            if before and (before.onset, before.offset) == (event.onset, event.offset):
                scan.problems.append(f"{scan.path}: {name}: {_text(event)} is listed twice")
            elif before and event.onset < before.offset:
                both = f"{_text(before)} and {_text(event)}"
                scan.problems.append(f"{scan.path}: {name}: {both} overlap")
            if before is None or event.offset > before.offset:
                last[event.label] = event


def _text(event: Event) -> str:
    return f"{event.label} {event.onset:g}-{event.offset:g}"
