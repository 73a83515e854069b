"""Comma separated rows of numbers without a header, in many files: parsed at once, and carefully
where one is unusual (blank lines, a byte order mark, old line ends) or wrong.

Numbers are correctly rounded on both ways: the value is always that of Python's `float`.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seldbench.annotations._decimals import decimals
from seldbench.annotations.table import number
from seldbench.errors import BadFile

Array = np.ndarray
PORTION = 4 << 20  # bytes of text parsed at once
LONG = 6  # bytes a cell from which on `decimals` is the faster
SEPARATORS = {"\t": "tabs", ";": "semicolons", " ": "spaces", "|": "bars"}
# What to say of a line with this number of cells.
Refusal = Callable[[int], str]


@dataclass(frozen=True, eq=False)
class Rows:
    """values: (rows, columns) of all files. file: (rows,) index in `files`, ascending. lines: the
    line numbers of a file's rows, where they are not 1, 2, 3, ..."""

    files: Sequence[Path]
    values: Array
    file: Array
    lines: Mapping[int, Array] = field(default_factory=dict)

    def place(self, row: int) -> str:
        """'path:line' of a row."""
        file = int(self.file[row])
        within = row - int(np.searchsorted(self.file, file))
        line = self.lines[file][within] if file in self.lines else within + 1
        return f"{self.files[file]}:{line}"


def read_rows(files: Sequence[Path], columns: int, refusal: Refusal) -> Rows:
    """The rows of all files, each of `columns` numbers.

    Raises:
        BadFile: not text, another separator, a header, a cell that is no number; a line with
            another number of cells, of which `refusal` says what is wrong.
    """
    parts, counts, lines = [], [], {}
    for first, texts in _portions(files):
        values = _parsed(texts, columns)
        if values is not None:
            parts.append(values)
            counts += [text.count(b"\n") for text in texts]
            continue
        for i, text in enumerate(texts, first):
            one = _parsed([text], columns)
            if one is None:
                one, lines[i] = _careful(files[i], text, columns, refusal)
            parts.append(one)
            counts.append(len(one))
    values = np.concatenate(parts) if parts else np.zeros((0, columns))
    return Rows(files, values, np.repeat(np.arange(len(files)), counts), lines)


def _portions(files: Sequence[Path]) -> Iterator[tuple[int, list[bytes]]]:
    """The index of a first file, and the texts from there on, each ending in a line end."""
    first, size, texts = 0, 0, []
    for i, file in enumerate(files):
        text = _content(file)
        texts.append(text + b"\n" if text and text[-1:] != b"\n" else text)
        size += len(text)
        if size >= PORTION:
            yield first, texts
            first, size, texts = i + 1, 0, []
    if texts:
        yield first, texts


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise BadFile(f"{file}: not found") from None
    except OSError as error:
        raise BadFile(f"{file}: cannot be read ({error.strerror or error})") from None


def _parsed(texts: Sequence[bytes], columns: int) -> Array | None:
    """The rows of texts in which every line is a row of that many numbers; None for others."""
    joined = b"".join(texts)
    if not joined:
        return np.zeros((0, columns))
    long = len(joined) > LONG * joined.count(b",")
    values = decimals(joined, columns) if long else None
    if values is None and joined.isascii():
        values = _short(joined)
    # Blank lines vanish in that parser, and with them the line numbers.
    whole = values is not None and values.shape == (joined.count(b"\n"), columns)
    return values if values is not None and whole and np.isfinite(values).all() else None


def _short(joined: bytes) -> Array | None:
    """Rows of numbers, also with spaces around them and carriage returns at line ends."""
    try:
        # numpy parses with Python's own conversion of decimals, so correctly rounded.
        return np.loadtxt(
            io.BytesIO(joined), delimiter=",", comments=None, ndmin=2, encoding="latin1"
        )
    except ValueError:
        return None


def _careful(file: Path, text: bytes, columns: int, refusal: Refusal) -> tuple[Array, Array]:
    """(rows, columns) and the line numbers of the rows, cell by cell."""
    rows, lines = [], []
    for line, content in enumerate(_lines(file, text), 1):
        if content.strip():
            rows.append(_row(f"{file}:{line}", content, columns, refusal, first=line == 1))
            lines.append(line)
    return np.array(rows, dtype=np.float64).reshape(-1, columns), np.array(lines, dtype=np.int64)


def _lines(file: Path, text: bytes) -> list[str]:
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"{file}: not a table of text ({error})") from None
    if "\0" in decoded:
        raise BadFile(f"{file}: not a table of text (it holds zero bytes)")
    return decoded.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _row(place: str, content: str, columns: int, refusal: Refusal, *, first: bool) -> list[float]:
    cells = [cell.strip() for cell in content.split(",")]
    values = [number(cell) for cell in cells]
    if len(cells) == 1:
        for mark, name in SEPARATORS.items():
            if mark in cells[0]:
                raise BadFile(f"{place}: separated by {name}; expected commas")
    if first and len(cells) > 1 and not np.isfinite(values).any():
        raise BadFile(f"{place}: a header line ({content.strip()!r}); these files have none")
    if len(cells) != columns:
        raise BadFile(f"{place}: {refusal(len(cells))}")
    for column, (cell, value) in enumerate(zip(cells, values), 1):
        if not np.isfinite(value):
            raise BadFile(f"{place}: column {column} is {cell!r}, not a finite number")
    return values
