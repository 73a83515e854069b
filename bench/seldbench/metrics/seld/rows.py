"""The rows that take part: files paired by name, cut at their length, ordered by frame and class.

Cells are frames of all files one after another; a file's cells are whole seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seldbench.errors import BadFile
from seldbench.events import DirectionTable
from seldbench.metrics.seld.directions import ANGLE, Columns, columns
from seldbench.metrics.seld.pairing import Groups, Pairs, groups_of, matched
from seldbench.metrics.seld.scorers import SECOND, Angles, Scorer

Array = np.ndarray
LONGEST = 1 << 24  # frames of a file: 19 days
PORTION = 100_000  # cells at a time


@dataclass(frozen=True, eq=False)
class Paired:
    """Files of both sides under one numbering.

    reference, predictions: their `file` numbers `files`. length: (files,) frames. unscored: files
    of the reference that are left out.
    """

    files: tuple[str, ...]
    unscored: tuple[str, ...]
    reference: DirectionTable
    predictions: DirectionTable
    length: Array


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
    """Some of the files. start: (files + 1,) the first cell of each, and the end."""

    classes: int
    angles: Angles
    length: Array
    start: Array
    reference: Rows
    predictions: Rows

    @property
    def files(self) -> int:
        return len(self.start) - 1

    @property
    def seconds(self) -> int:
        """Of all files together."""
        return int(self.start[-1]) // SECOND

    def second_of(self, code: Array) -> Array:
        """second * classes + class of codes."""
        cell, label = np.divmod(code, self.classes)
        return cell // SECOND * self.classes + label

    def file_of_second(self) -> Array:
        """(seconds,)"""
        return np.repeat(np.arange(self.files), np.diff(self.start) // SECOND)

    def by_file(self, values: Array, cells: int = SECOND) -> Array:
        """Sums over a file's seconds (or frames, with `cells` 1): (seconds, ...) -> (files, ...)"""
        start = self.start // cells
        total = np.zeros((self.files, *values.shape[1:]))
        some = start[1:] > start[:-1]
        if some.any():
            total[some] = np.add.reduceat(values, start[:-1][some], axis=0)
        return total

    def groups(self) -> tuple[Groups, Groups]:
        """Rows of the reference and of the predictions by frame and class."""
        return groups_of(self.reference.code), groups_of(self.predictions.code)

    def pairs(self, reference: Groups, predicted: Groups) -> Pairs:
        angle = ANGLE[self.angles]
        return matched(
            reference,
            predicted,
            lambda i, j: angle(self.reference.at(i), self.predictions.at(j)),
        )


def paired(
    scorer: Scorer,
    reference: DirectionTable,
    predictions: DirectionTable,
    frames_per_file: int | None,
) -> Paired:
    """Official: the files of the predictions, in their order; fixed: those of the reference.

    Raises:
        BadFile: predictions without a reference; a reference without rows, where the official code
            fails on it; a frame number beyond any recording.
    """
    known = set(reference.files)
    stray = [name for name in predictions.files if name not in known]
    if stray:
        raise BadFile(
            f"{stray[0]}: predictions for a file that the reference does not have"
            f"{'' if len(stray) == 1 else f' ({len(stray)} such files)'}; remove or rename it"
        )
    files = reference.files if scorer.fixed else predictions.files
    scored = set(files)
    unscored = tuple(name for name in reference.files if name not in scored)
    mine, theirs = _renumbered(reference, files), _renumbered(predictions, files)
    length = _lengths(scorer, reference, files, mine, theirs, frames_per_file)
    return Paired(files, unscored, mine, theirs, length)


def portions(both: Paired, classes: int, angles: Angles, scorer: Scorer) -> Iterator[Portion]:
    """All files, some at a time, in order."""
    cells = -(-both.length // SECOND) * SECOND
    part = np.cumsum(cells) // PORTION
    edges = np.flatnonzero(np.diff(part, prepend=-1, append=-1))
    for a, b in pairwise(edges.tolist()):
        start = np.concatenate([[0], np.cumsum(cells[a:b])])
        # Rows up to the end of the last second count, but for 2019, which fills an array.
        length = both.length[a:b] if scorer.rule in ("activity", "frames") else cells[a:b]
        sides = [
            _rows(table, a, b, start, length, classes, angles, scorer)
            for table in (both.reference, both.predictions)
        ]
        yield Portion(classes, angles, length, start, *sides)


def _rows(
    table: DirectionTable,
    a: int,
    b: int,
    start: Array,
    length: Array,
    classes: int,
    angles: Angles,
    scorer: Scorer,
) -> Rows:
    lo, hi = np.searchsorted(table.file, [a, b])
    file, frame, label = table.file[lo:hi] - a, table.frame[lo:hi], table.label[lo:hi]
    keep = (label >= 0) & (label < classes) & (frame >= 0) & (frame < length[file])
    code = (start[file] + frame) * classes + label
    rows = np.flatnonzero(keep)
    code = code[rows]
    if (code[1:] < code[:-1]).any():
        order = np.argsort(code, kind="stable")
        code, rows = code[order], rows[order]
    whole = len(rows) == hi - lo and (rows == np.arange(len(rows))).all()
    picked = slice(lo, hi) if whole else lo + rows
    distance = table.distance[picked] if scorer.distance and table.distance is not None else None
    direction = table.direction[picked]
    return Rows(code, columns(direction, angles, through_angles=scorer.through_angles), distance)


def _renumbered(table: DirectionTable, files: tuple[str, ...]) -> DirectionTable:
    """The same rows with `file` a position in `files`; rows of other files are dropped."""
    if table.files == files:
        return table
    position = {name: i for i, name in enumerate(files)}
    number = np.array([position.get(name, -1) for name in table.files], dtype=np.int64)[table.file]
    rows = np.flatnonzero(number >= 0)
    rows = rows[np.argsort(number[rows], kind="stable")]
    kept = table.rows(rows)
    return DirectionTable(
        files, number[rows], kept.frame, kept.label, kept.track, kept.direction, kept.distance
    )


def _lengths(
    scorer: Scorer,
    whole: DirectionTable,
    files: tuple[str, ...],
    reference: DirectionTable,
    predictions: DirectionTable,
    frames_per_file: int | None,
) -> Array:
    """(files,) frames that are scored."""
    if frames_per_file is not None:
        return np.full(len(files), frames_per_file, dtype=np.int64)
    if scorer.fixed:
        last = np.maximum(_last(reference, len(files)), _last(predictions, len(files)))
        length = np.maximum(last + 1, scorer.frames or 0)
    elif scorer.frames is not None:
        return np.full(len(files), scorer.frames, dtype=np.int64)
    else:
        _refuse_empty(scorer, whole)
        # As in the official code: the last frame's number stands for the number of frames.
        length = np.maximum(_last(reference, len(files)), 0)
    _refuse_endless(length, files)
    return length


def _last(table: DirectionTable, files: int) -> Array:
    """(files,) the largest frame number, -1 for files without rows."""
    last = np.full(files, -1, dtype=np.int64)
    np.maximum.at(last, table.file, table.frame)
    return last


def _refuse_empty(scorer: Scorer, reference: DirectionTable) -> None:
    rows = np.bincount(reference.file, minlength=len(reference.files))
    if len(rows) and not rows.all():
        name = reference.files[int(np.argmin(rows > 0))]
        raise BadFile(
            f"{name}: a reference without rows, on which the official code of {scorer.name} fails;"
            f" {scorer.name}_fixed scores it, or give the frames of a file"
        )


def _refuse_endless(length: Array, files: tuple[str, ...]) -> None:
    if len(length) and length.max() > LONGEST:
        name = files[int(np.argmax(length))]
        raise BadFile(f"{name}: frame {int(length.max())}, beyond any recording at 0.1 s a frame")
