"""Tab separated tables with one header line: UTF-8, gzip told by content, blank lines skipped.

A row that is too short is filled with empty cells (editors strip trailing tabs); one that is too
long is an error. Cells are never quoted.
"""

import csv
import gzip
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seldbench.errors import BadFile, near
from seldbench.storage import write_bytes

Array = np.ndarray
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class Table:
    """columns: names in file order. rows: cells as text. lines: the line number of every row."""

    path: Path
    columns: tuple[str, ...]
    rows: list[list[str]]
    lines: Sequence[int]

    def require(self, *names: str) -> None:
        """Raises BadFile where a column is absent."""
        absent = [name for name in names if name not in self.columns]
        if absent:
            raise BadFile(
                f"{self.path}: no column {', '.join(map(repr, absent))}"
                f"{near(absent[0], self.columns)}; the columns are {', '.join(self.columns)}"
                f" (expected, tab separated: {', '.join(names)})"
            )

    def texts(self, name: str) -> list[str]:
        """The cells of a column."""
        i = self.columns.index(name)
        return [row[i] for row in self.rows]

    def numbers(self, name: str) -> Array:
        """(rows,) float64, finite.

        Raises:
            BadFile: a cell is empty, not a number, NaN or infinite.
        """
        return self.parse(self.texts(name), self.lines, name)

    def parse(self, cells: Sequence[str], lines: Sequence[int], name: str) -> Array:
        """The finite numbers in `cells`, cell i standing in line `lines[i]`."""
        values = np.fromiter(map(number, cells), np.float64, len(cells))
        self.refuse(
            ~np.isfinite(values), lines, lambda i: f"{name} is {cells[i]!r}, not a finite number"
        )
        return values

    def refuse(self, wrong: Array, lines: Sequence[int], why: Callable[[int], str]) -> None:
        """Raises BadFile for the first row where `wrong` holds; `why(row)` says the rule."""
        if wrong.any():
            i = int(np.argmax(wrong))
            raise BadFile(f"{self.path}:{lines[i]}: {why(i)}")

    def names(self, name: str, *, unique: bool) -> list[str]:
        """A column of names: not empty and, where `unique`, each once."""
        cells = self.texts(name)
        seen: dict[str, int] = {}
        for line, cell in zip(self.lines, cells):
            if not cell:
                raise BadFile(f"{self.path}:{line}: {name} is empty")
            if unique and seen.setdefault(cell, line) != line:
                raise BadFile(
                    f"{self.path}:{line}: {cell!r} stands in line {seen[cell]} already; keep one"
                )
        return cells


def read_table(path: Path) -> Table:
    """A table with its header.

    Raises:
        BadFile: absent, empty, not UTF-8 text, a repeated column, or a row with too many cells.
    """
    rows = _cells(path)
    if not rows or not any(rows[0]):
        raise BadFile(f"{path}: empty; expected a header line and tab separated rows")
    columns = tuple(cell.strip() for cell in rows[0])
    repeated = [name for name in columns if columns.count(name) > 1]
    if repeated:
        raise BadFile(f"{path}: the column {repeated[0]!r} stands there twice; keep one")
    lines = [i for i, row in enumerate(rows[1:], 2) if row]
    body = [row for row in rows[1:] if row]
    for line, row in zip(lines, body):
        if len(row) > len(columns):
            raise BadFile(f"{path}:{line}: {len(row)} cells under {len(columns)} columns")
        if len(row) < len(columns):
            row.extend([""] * (len(columns) - len(row)))
    return Table(path, columns, body, lines)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Writes a table, compressed where the name ends in .gz.

    Raises:
        BadFile: a cell holds a tab or a line break, which the format cannot hold.
    """
    text = io.StringIO()
    for row in (columns, *rows):
        if any(mark in cell for cell in row for mark in "\t\r\n"):
            raise BadFile(f"{path}: a tab or line break inside one of {list(row)}; rename it")
        text.write("\t".join(row) + "\n")
    content = text.getvalue().encode()
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def decimal(value: float) -> str:
    """The shortest decimal that reads back as the same float64."""
    return repr(float(value))


def _cells(path: Path) -> list[list[str]]:
    try:
        content = path.read_bytes()
        if content[:2] == GZIP:
            content = gzip.decompress(content)
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        return list(csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE))
    except FileNotFoundError:
        raise BadFile(f"{path}: not found; name a table that is there") from None
    except IsADirectoryError:
        raise BadFile(f"{path}: a folder where a table is expected") from None
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path}: not a table of text ({error})") from None


def number(cell: str) -> float:
    """NaN for what is not a decimal number."""
    try:
        return float(cell) if "_" not in cell else math.nan
    except ValueError:
        return math.nan
