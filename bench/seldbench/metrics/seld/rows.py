"""The rows that take part: cut at their file's length, ordered by frame and class.

Cells are frames of all files one after another; a file's cells are whole seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seldbench.events import DirectionTable
from seldbench.metrics.seld.directions import ANGLE, Columns, columns
from seldbench.metrics.seld.files import Paired
from seldbench.metrics.seld.pairing import Groups, Pairs, groups_of, matched
from seldbench.metrics.seld.scorers import Setting

Array = np.ndarray
PORTION = 30_000  # cells at a time: what a processor's cache holds


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one side in the order of `code` (cell * classes + class), in file order inside.

    columns: of the directions, see `directions`. distance: (rows,) metres or None.
    """

    code: Array
    columns: Columns
    distance: Array | None

    def at(self, rows: Array) -> Columns:
        """The directions of some rows, in the shape of `rows`."""
        return [column[rows] for column in self.columns]

    def of(self, rows: Array) -> "Rows":
        distance = None if self.distance is None else self.distance[rows]
        return Rows(self.code[rows], self.at(rows), distance)


@dataclass(frozen=True, eq=False)
class Portion:
    """Some of the files. length: (files,) frames; start: (files + 1,) their first cells, and the
    end of the last."""

    setting: Setting
    length: Array
    start: Array
    reference: Rows
    predictions: Rows

    @property
    def classes(self) -> int:
        return self.setting.classes

    @property
    def rate(self) -> int:
        """Frames in a second."""
        return self.setting.rate

    @property
    def files(self) -> int:
        return len(self.length)

    @property
    def cells(self) -> int:
        """Of all files together."""
        return int(self.start[-1])

    @property
    def seconds(self) -> int:
        return self.cells // self.rate

    def second_of(self, code: Array) -> Array:
        """second * classes + class of codes."""
        cell, label = np.divmod(code, self.classes)
        return cell // self.rate * self.classes + label

    def cell_of(self, second: Array) -> Array:
        """The code of the first frame of a second and class."""
        number, label = np.divmod(second, self.classes)
        return number * self.rate * self.classes + label

    def file_of_second(self) -> Array:
        """(seconds,)"""
        return np.repeat(np.arange(self.files), np.diff(self.start) // self.rate)

    def by_file(self, values: Array, frames: int) -> Array:
        """Sums over a file's cells of so many frames: (cells, ...) -> (files, ...)"""
        start = self.start // frames
        total = np.zeros((self.files, *values.shape[1:]))
        some = start[1:] > start[:-1]
        if some.any():
            total[some] = np.add.reduceat(values, start[:-1][some], axis=0, dtype=np.float64)
        return total

    def groups(self) -> tuple[Groups, Groups]:
        """Rows of the reference and of the predictions by frame and class."""
        return groups_of(self.reference.code), groups_of(self.predictions.code)

    def pairs(self, reference: Groups, predicted: Groups) -> Pairs:
        angle = ANGLE[self.setting.angles]
        return matched(
            reference,
            predicted,
            lambda i, j: angle(self.reference.at(i), self.predictions.at(j)),
        )


def portions(both: Paired, setting: Setting) -> Iterator[Portion]:
    """All files, some at a time, in order."""
    cells = -(-both.length // setting.rate) * setting.rate
    part = np.cumsum(cells) // PORTION
    edges = np.flatnonzero(np.diff(part, prepend=-1, append=-1))
    # Where seconds are scored, the last one is whole.
    length = cells if setting.scorer.rule in ("classes", "instances") else both.length
    for a, b in pairwise(edges.tolist()):
        start = np.concatenate([[0], np.cumsum(cells[a:b])])
        sides = [
            _rows(_cut(table, a, b), start, length[a:b], setting)
            for table in (both.reference, both.predictions)
        ]
        yield Portion(setting, length[a:b], start, *sides)


def _cut(table: DirectionTable, a: int, b: int) -> DirectionTable:
    """Files a up to b."""
    some = slice(*np.searchsorted(table.file, [a, b]).tolist())
    columns = (table.frame, table.label, table.track, table.direction)
    frame, label, track, direction = (column[some] for column in columns)
    distance = None if table.distance is None else table.distance[some]
    return DirectionTable(
        table.files[a:b], table.file[some] - a, frame, label, track, direction, distance
    )


def _rows(table: DirectionTable, start: Array, length: Array, setting: Setting) -> Rows:
    inside = (table.frame >= 0) & (table.frame < length[table.file])
    inside &= (table.label >= 0) & (table.label < setting.classes)
    code = (start[table.file] + table.frame) * setting.classes + table.label
    rows: Array | slice = slice(None)
    if not inside.all():
        rows = np.flatnonzero(inside)
        code = code[rows]
    if (code[1:] < code[:-1]).any():
        order = np.argsort(code, kind="stable")
        code, rows = code[order], order if isinstance(rows, slice) else rows[order]
    scorer, distance = setting.scorer, None
    if scorer.distance and table.distance is not None:
        distance = table.distance[rows]
    place = columns(table.direction[rows], setting.angles, through_angles=scorer.through_angles)
    return Rows(code, place, distance)
