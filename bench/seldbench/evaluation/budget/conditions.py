"""Under which conditions true events (or frames of sources) are found: a bin of every condition for
every row of a reference, where it is known.

Events with times: how many sound with it, how long it is, whether its class is short or long as in
AST-SED's Table 3 (Li et al. 2023, arXiv:2303.03689), and what a table of conditions says (SNR).
Directions: sources in the frame, sector of azimuth and of elevation, moving or still, angle to the
nearest other source, distance. Seconds, degrees, metres, dB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from seldbench.annotations.table import Table, read_table
from seldbench.errors import BadFile
from seldbench.events import DirectionTable, EventTable
from seldbench.geometry import angles, angular_distance
from seldbench.metrics.budget.directions import doas
from seldbench.metrics.events.truth import indices

Array = np.ndarray
UNKNOWN = -1
# Of DESED; AST-SED's Table 3 has means of these groups.
LENGTHS = {
    "Speech": 0,
    "Dog": 0,
    "Alarm_bell_ringing": 0,
    "Cat": 0,
    "Dishes": 0,
    "Running_water": 1,
    "Electric_shaver_toothbrush": 1,
    "Frying": 1,
    "Blender": 1,
    "Vacuum_cleaner": 1,
}
SECTORS = (
    "front",
    "front left",
    "left",
    "back left",
    "back",
    "back right",
    "right",
    "front right",
)
STILL = 5.0  # degrees that a still source strays from where it began
MOST_BINS = 20  # that a column of a table of conditions may hold


@dataclass(frozen=True, eq=False)
class Condition:
    """bins: their names, in order. bin: (rows of the reference,) indices in `bins`, -1 where it is
    not known."""

    name: str
    bins: tuple[str, ...]
    bin: Array


def event_conditions(reference: EventTable) -> list[Condition]:
    """What the events themselves tell: polyphony, duration, length of the class."""
    found = [
        _counted("polyphony", _overlapping(reference)),
        _binned("duration", reference.offset - reference.onset, (0.5, 1, 2, 5, 10), "s"),
    ]
    group = np.fromiter((LENGTHS.get(c, UNKNOWN) for c in reference.label), np.int64)
    if (group != UNKNOWN).any():
        found.append(Condition("class_length", ("short", "long"), group))
    return found


def read_conditions(path: Path, reference: EventTable) -> list[Condition]:
    """A table of what is known of every event: filename, onset, offset, event_label as in the
    reference (it may be the reference itself), and a column a condition. Of `snr`, dB, tens make
    bins; of any other column its texts are the bins. An empty cell: not known.

    Raises:
        BadFile: no such column; an event of the reference without a row, or a row that is no event
            of the reference; an `snr` that is no number; more than 20 different texts.
    """
    table = read_table(path)
    known = ("filename", "onset", "offset", "event_label")
    table.require(*known)
    further = [name for name in table.columns if name not in known]
    if not further:
        raise BadFile(f"{path}: no column besides {', '.join(known)}; add one, such as snr")
    listed = [i for i, cells in enumerate(zip(*map(table.texts, known[1:]))) if any(cells)]
    rows, lines = [table.rows[i] for i in listed], [table.lines[i] for i in listed]
    table = replace(table, rows=rows, lines=lines)
    row = _rows_of(table, reference)
    return [_column(table, name, row) for name in further]


def direction_conditions(reference: DirectionTable) -> list[Condition]:
    """What the rows themselves tell."""
    doa = doas(reference)
    azimuth, elevation = angles(doa)
    sector = np.floor((azimuth + 22.5) / 45).astype(np.int64) % 8
    sources, nearest = _beside(reference, doa)
    found = [
        _counted("polyphony", sources),
        Condition("azimuth", SECTORS, sector),
        _binned("elevation", elevation, (-45, -15, 15, 45), "degrees", least=-90, most=90),
        Condition("motion", ("still", "moving"), _moving(reference, doa)),
        _binned("nearest_source", nearest, (30, 60, 90), "degrees", least=0, most=180),
    ]
    if reference.distance is not None:
        found.append(_binned("distance", reference.distance, (1, 2, 3, 4), "m"))
    return found


def _counted(name: str, number: Array) -> Condition:
    return Condition(name, ("1", "2", "3+"), np.clip(number, 1, 3) - 1)


def _binned(
    name: str,
    values: Array,
    edges: Sequence[float],
    unit: str,
    *,
    least: float | None = None,
    most: float | None = None,
) -> Condition:
    """Bins [low, high) between edges; NaN is not known."""
    first = f"under {edges[0]:g} {unit}" if least is None else f"{least:g} to {edges[0]:g} {unit}"
    last = f"{edges[-1]:g} {unit} and more" if most is None else f"{edges[-1]:g} to {most:g} {unit}"
    inner = [f"{low:g} to {high:g} {unit}" for low, high in pairwise(edges)]
    place = np.where(np.isnan(values), UNKNOWN, np.digitize(values, edges))
    return Condition(name, (first, *inner, last), place)


def _overlapping(events: EventTable) -> Array:
    """(events,) how many of its clip overlap each, itself among them."""
    clip = indices(events.clip, events.clips)
    times, rank = np.unique(np.concatenate([events.onset, events.offset]), return_inverse=True)
    onset, offset = (clip * (len(times) + 1) + of for of in np.split(rank, 2))
    begun = np.searchsorted(np.sort(onset), offset, side="left")
    over = np.searchsorted(np.sort(offset), onset, side="right")
    return np.maximum(begun - over, 1)


def _beside(table: DirectionTable, doa: Array) -> tuple[Array, Array]:
    """(rows,) sources in the row's frame, and degrees to the nearest other one, NaN if alone."""
    cell = table.file * (1 + table.frame.max(initial=0)) + table.frame
    order = np.argsort(cell, kind="stable")
    cell, doa = cell[order], doa[order]
    size = np.searchsorted(cell, cell, side="right") - np.searchsorted(cell, cell)
    nearest = np.full(len(cell), np.inf)
    for step in range(1, int(size.max(initial=1))):
        first = np.flatnonzero(cell[step:] == cell[:-step])
        angle = angular_distance(doa[first], doa[first + step])
        for end in (first, first + step):
            nearest[end] = np.minimum(nearest[end], angle)
    back = np.argsort(order)
    return size[back], np.where(size > 1, nearest, np.nan)[back]


def _moving(table: DirectionTable, doa: Array) -> Array:
    """(rows,) 1 in runs of frames in which a track strays from where it began, else 0; -1 where a
    track number stands for several sources of a class at once."""
    span = 2 + int(table.frame.max(initial=0))
    track = table.track - table.track.min(initial=0)
    tracks = 1 + int(track.max(initial=0))
    classes = 1 + int(table.label.max(initial=0))
    key = ((table.file * classes + table.label) * tracks + track) * span + table.frame
    order = np.argsort(key, kind="stable")
    step = np.diff(key[order], prepend=-2)
    start = np.flatnonzero(step > 1)
    run = np.cumsum(step > 1) - 1
    strays = angular_distance(doa[order], doa[order[start]][run]) > STILL
    moves = np.maximum.reduceat(strays, start) if len(start) else strays
    doubled = np.bincount(run[step == 0], minlength=len(start)) > 0
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.where(doubled, UNKNOWN, moves)[run]
    return found


def _rows_of(table: Table, reference: EventTable) -> Array:
    """(events,) the row of each event; equal events take equal rows in order."""
    cells = zip(
        table.names("filename", unique=False),
        table.numbers("onset").tolist(),
        table.numbers("offset").tolist(),
        table.texts("event_label"),
    )
    waiting: dict[tuple[str, float, float, str], list[int]] = {}
    for i, event in enumerate(cells):
        waiting.setdefault(event, []).append(i)
    columns = (reference.clip, reference.onset, reference.offset, reference.label)
    found = []
    for event in zip(*(column.tolist() for column in columns)):
        if not waiting.get(event):
            clip, onset, offset, label = event
            raise BadFile(
                f"{table.path}: no row for {label} in {clip!r} from {onset:g} to {offset:g} s;"
                " every event of the reference needs one, its cells may be empty"
            )
        found.append(waiting[event].pop(0))
    spare = sorted(i for rows in waiting.values() for i in rows)
    if spare:
        raise BadFile(
            f"{table.path}:{table.lines[spare[0]]}: no such event in the reference; write clip,"
            " onset, offset and label as they stand there, or leave the row out"
        )
    return np.array(found, dtype=np.int64)


def _column(table: Table, name: str, row: Array) -> Condition:
    cells = np.array(table.texts(name), dtype=object)[row]
    full = np.flatnonzero(cells != "")
    if name == "snr":
        values = np.full(len(cells), np.nan)
        lines = [table.lines[i] for i in row[full]]
        values[full] = table.parse(cells[full].tolist(), lines, name)
        return _binned("snr", values, (0, 10, 20), "dB")
    bins = tuple(sorted(set(cells[full])))
    if len(bins) > MOST_BINS:
        raise BadFile(
            f"{table.path}: column {name!r} holds {len(bins)} different texts, at most {MOST_BINS}"
            " can be bins; sort its values into classes first"
        )
    place: Mapping[str, int] = {text: i for i, text in enumerate(bins)}
    found = np.fromiter((place.get(cell, UNKNOWN) for cell in cells), np.int64, len(cells))
    return Condition(name, bins, found)
