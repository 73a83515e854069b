"""What the rows of a SELD set's metadata must keep to beyond their columns' own rules.

Degrees as the sets' own descriptions give them: azimuth in [-180, 180], elevation in [-90, 90].
Both -180 and 180 occur.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from seldbench.errors import BadFile
from seldbench.events import DirectionTable

Array = np.ndarray
Place = Callable[[int], str]

GRID = 0.1  # seconds of a label frame, in all sets of this kind


def label_frames(duration: float) -> int:
    """Frames of the grid that begin within so many seconds."""
    return math.ceil(round(duration / GRID, 6))


def refuse_unknown_classes(table: DirectionTable, place: Place, classes: Sequence[str]) -> None:
    """Raises BadFile for the first row whose class has no name."""
    wrong = np.flatnonzero(table.label >= len(classes))
    if len(wrong):
        raise BadFile(f"{place(int(wrong[0]))}: {_class_fault(table, int(wrong[0]), classes)}")


def row_faults(
    table: DirectionTable,
    place: Place,
    classes: Sequence[str],
    frames: int | None,
    *,
    unique: bool,
) -> Iterator[str]:
    """Every broken rule of one file: its first row, and how many more break it.

    frames: label frames that the recording has, None where it is not known.
    unique: whether a frame may have a class and track once only.
    """

    def first(wrong: Array, text: Callable[[int], str]) -> Iterator[str]:
        rows = np.flatnonzero(wrong)
        if len(rows):
            more = f" ({len(rows) - 1} more rows of this file likewise)" if len(rows) > 1 else ""
            yield f"{place(int(rows[0]))}: {text(int(rows[0]))}{more}"

    yield from first(table.label >= len(classes), lambda row: _class_fault(table, row, classes))
    yield from first(
        np.abs(table.direction[:, 0]) > 180,
        lambda row: (
            f"azimuth is {table.direction[row, 0]:g}, beyond [-180, 180] degrees; mend the row"
        ),
    )
    if frames is not None:
        yield from first(
            table.frame >= frames,
            lambda row: (
                f"frame {table.frame[row]} is beyond the end of the recording, whose last is"
                f" {frames - 1}; take the row out"
            ),
        )
    if unique:
        yield from first(
            repeated(table.frame, table.label, table.track),
            lambda row: (
                f"frame {table.frame[row]} has class {table.label[row]}, track"
                f" {table.track[row]} already"
            ),
        )


def rows_twice(table: DirectionTable) -> int:
    """Rows that say the same as one before them in their file, direction and all."""
    columns = [table.file, table.frame, table.label, table.track, *table.direction.T]
    return int(repeated(*columns).sum())


def repeated(*columns: Array) -> Array:
    """Mask of the rows that equal one before them."""
    if not len(columns[0]):
        return np.zeros(0, dtype=bool)
    order = np.lexsort(columns)  # stable: of equal rows the first in the file stays first
    same = np.ones(len(order) - 1, dtype=bool)
    for column in columns:
        same &= np.diff(column[order]) == 0
    mask = np.zeros(len(order), dtype=bool)
    mask[order[1:]] = same
    return mask


def by_file(table: DirectionTable) -> Mapping[str, DirectionTable]:
    """{file: its rows as a table of their own}."""
    bounds = np.searchsorted(table.file, np.arange(len(table.files) + 1))
    return {
        name: _one(table, name, slice(low, high))
        for name, low, high in zip(table.files, bounds[:-1], bounds[1:])
    }


def _one(table: DirectionTable, name: str, rows: slice) -> DirectionTable:
    return DirectionTable(
        (name,),
        np.zeros_like(table.file[rows]),
        table.frame[rows],
        table.label[rows],
        table.track[rows],
        table.direction[rows],
        None if table.distance is None else table.distance[rows],
    )


def _class_fault(table: DirectionTable, row: int, classes: Sequence[str]) -> str:
    return (
        f"class {table.label[row]}, but there are {len(classes)} (0 to {len(classes) - 1}); mend"
        " the row, or take the data set that the file belongs to"
    )
