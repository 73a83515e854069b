"""A table of scores before it is written: entries whose amounts know their score, unit and source.

`terminal`, `markup`, `latex` and `tidy` write it. Values are fractions, degrees, metres or dB.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from seldbench.evaluation.names import unit
from seldbench.report.words import DECIMALS, arrow, shown

NO_VALUE = "–"
BEST, SECOND = 1, 2


@dataclass(frozen=True)
class Source:
    """What an amount is of.

    kind: "measured", "simulated", "reduced" or "published". seeds: how many; None of a published
    value. marks: what must stand beside it. rivals: amounts of one score whose rivals are the same
    text compare, so that one of them is the best; "" compares with nothing.
    """

    kind: str
    system: str = ""
    arch: str = ""
    variant: str = ""
    dataset: str = ""
    task: str = ""
    scorer: str = ""
    seeds: int | None = None
    runs: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    rivals: str = ""


@dataclass(frozen=True)
class Amount:
    """A value of a score: of one run with its interval, or a mean over seeds with their spread.

    spread: sample standard deviation. method: of the interval. label: the class that it is of.
    given: published, shown with all its digits. versus: what it is the difference to, None of a
    plain value; p: after correction; stars: of a difference that is resolved.
    """

    score: str
    value: float
    source: Source
    spread: float | None = None
    interval: tuple[float, float] | None = None
    method: str = ""
    label: str = ""
    given: bool = False
    versus: str | None = None
    p: float | None = None
    stars: str = ""

    @property
    def head(self) -> str:
        """The value alone, with its unit."""
        return self._shown(self.value) + self.stars

    @property
    def tail(self) -> str:
        """Its spread or interval; "" for neither."""
        if self.spread is not None:
            return f"± {self._shown(self.spread)}"
        if self.interval is None:
            return ""
        low, high = map(self._shown, self.interval)
        return f"[{low}, {high}]"

    @property
    def text(self) -> str:
        return f"{self.head} {self.tail}".rstrip()

    def _shown(self, value: float) -> str:
        if self.given:
            return as_given(value, self.score)
        return shown(value, self.score, "" if self.versus is None else "+")


Cell = tuple[Amount, ...]  # several systems stand for one row of a paper; () is no value


@dataclass(frozen=True)
class Column:
    """name: of the column, once in a sheet. score: what all its amounts are of, "" where that
    differs. group: what columns share that stand under one heading, with their `part` below it.
    marked: amounts carry their marks, which the entry does not. versus: the name of the column that
    this one is the difference of."""

    name: str
    score: str = ""
    group: str = ""
    part: str = ""
    marked: bool = False
    versus: str | None = None


@dataclass(frozen=True)
class Entry:
    """A row. words: {column of words: text}. marks: of all its amounts, where these do not carry
    them themselves. below: it belongs to the entry above it."""

    label: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    below: bool = False

    def amounts(self, column: str) -> Cell:
        return self.cells.get(column, ())


@dataclass(frozen=True)
class Block:
    """Entries that belong together, such as those of one data set; title: "" for none."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Sheet:
    """A table: the label and `words`, then the columns of amounts (`values`), then `remarks`.

    across: amounts are rivals along an entry, else down a column. notes: below the table; those
    that begin with a mark and a colon say what it means. about, label: what the caption of a paper
    says of the results, and what the table is referred to by; "" for the title.
    """

    title: str
    head: str
    values: tuple[Column, ...]
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    across: bool = False
    about: str = ""
    label: str = ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for block in self.blocks for entry in block.entries)

    @property
    def columns(self) -> tuple[str, ...]:
        """Of all columns, as the terminal and Markdown show them."""
        return (self.head, *self.words, *(c.name for c in self.values), *self.remarks)

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Every entry's cells as text, under `columns`."""
        return tuple(tuple(self.texts(entry)) for entry in self.entries)

    def texts(self, entry: Entry) -> Iterator[str]:
        yield ("  " if entry.below else "") + entry.label
        yield from (self.word(entry, name) for name in self.words)
        yield from (text_of(entry.amounts(c.name), c.marked) for c in self.values)
        yield from (entry.words.get(name, "") for name in self.remarks)

    def word(self, entry: Entry, name: str) -> str:
        """A cell of words; the first one also says the entry's marks."""
        marks = entry.marks if name == self.words[0] else ()
        return (entry.words.get(name, "") + in_brackets(marks)).strip()

    def as_json(self) -> dict[str, Any]:
        """The cells as text: a row is a table by column."""
        rows = [dict(zip(self.columns, row)) for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}

    def ranks(self) -> dict[tuple[int, str], int]:
        """{(number of the entry, column): BEST or SECOND}. Values that look alike share a place;
        where all do, or one stands alone, none is best."""
        found: dict[tuple[int, str], int] = {}
        for places in self._contests():
            values = sorted(set(places.values()))
            if len(values) < 2:
                continue
            # The second of two is the last.
            of = {values[0]: BEST} | ({values[1]: SECOND} if len(values) > 2 else {})
            found |= {place: of[value] for place, value in places.items() if value in of}
        return found

    def _contests(self) -> Iterator[dict[tuple[int, str], float]]:
        """Amounts that compare: {(entry, column): rounded, the better the lower}."""
        gathered: dict[tuple[Any, ...], dict[tuple[int, str], float]] = {}
        starts = iter(range(len(self.entries)))
        for number, block in enumerate(self.blocks):
            for entry in block.entries:
                at = next(starts)
                for column in self.values:
                    if (rank := _rival(entry.amounts(column.name))) is None:
                        continue
                    rivals, value = rank
                    where = at if self.across else column.name
                    gathered.setdefault((number, where, rivals), {})[at, column.name] = value
        yield from gathered.values()


def _rival(cell: Cell) -> tuple[str, float] | None:
    """With whom a cell compares, and by what."""
    if len(cell) != 1 or cell[0].versus is not None or not cell[0].source.rivals:
        return None
    amount = cell[0]
    rounded = round(amount.value, DECIMALS.get(unit(amount.score), 3))
    return amount.source.rivals, rounded if arrow(amount.score) else -rounded


def as_given(value: float, score: str) -> str:
    """A published value: at least as many decimals as measured values have, more where they were
    given."""
    plain = shown(value, score)
    symbol = plain.lstrip("-0123456789.")
    return max(plain, f"{value!r}{symbol}", key=len)


def text_of(cell: Cell, with_marks: bool) -> str:
    """A cell of amounts in one line."""
    parts = (a.text + (in_brackets(a.source.marks) if with_marks else "") for a in cell)
    return "; ".join(parts) or NO_VALUE


def in_brackets(marks: tuple[str, ...]) -> str:
    """Marks in brackets, empty for none."""
    return f" ({'; '.join(marks)})" if marks else ""
