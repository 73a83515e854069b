"""The tree of ESC-50, real or simulated.

    meta/esc50.csv
    audio/{fold}-{source}-{take}-{target}.wav

Source: README.md and meta/esc50.csv of karolpiczak/ESC-50.
"""

import csv
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from seldbench.datasets._tag_set import Item, some
from seldbench.errors import BadFile, near

TABLE = "meta/esc50.csv"
AUDIO = "audio"
COLUMNS = ("filename", "fold", "target", "category", "src_file", "take")
FOLDS = 5
_NAME = re.compile(r"(\d+)-(\d+)-([A-Z])-(\d+)\.wav")


class Row(NamedTuple):
    """A clip. fold: 1 to 5, as in the table. source: the recording that it was cut from."""

    item: Item
    fold: int
    source: str


class Esc50Tree:
    """Signs TagTree. Fold f tests on the table's fold f + 1 and trains on the others."""

    single = True
    splits: tuple[str, ...] = ("train", "test")
    folds = FOLDS
    rates: tuple[int, ...] | None = (44100,)
    seconds: float | None = 5.0
    longest: float | None = None
    suffix = ".csv"

    def __init__(
        self, name: str, folder: Path, *, classes: tuple[str, ...], clips: int, how: str
    ) -> None:
        """classes: in the order of the targets. clips: how many there should be."""
        self.name = name
        self.folder = folder
        self.classes = classes
        self._clips = clips
        self._how = how

    def absence(self, split: str) -> str | None:
        table = self.folder / TABLE
        return None if table.is_file() else f"no table: looked for {table}"

    def items(self, split: str, fold: int) -> tuple[Item, ...]:
        rows, problems = self._table
        if problems:
            raise BadFile(problems[0])
        return tuple(row.item for row in rows if (row.fold == fold + 1) == (split == "test"))

    def scan(self, split: str) -> tuple[list[Item], list[str]]:
        """What is wrong with the table is told once, of the test split."""
        rows, problems = self._table
        told = [*problems, *self._leaks(rows)] if split == "test" else []
        return [row.item for row in rows], told

    def expected(self, split: str) -> int:
        """Each clip is tested on in one fold and trained on in the others."""
        return self._clips

    def tables(self) -> list[Path]:
        table = self.folder / TABLE
        return [table] if table.is_file() else []

    def obtain(self, split: str) -> str:
        return self._how

    @cached_property
    def _table(self) -> tuple[list[Row], list[str]]:
        """The rows that can be read, and what is wrong with the others."""
        path = self.folder / TABLE
        rows: dict[str, Row] = {}
        problems: list[str] = []
        lines, lacking = _lines(path)
        if lacking:
            return [], [f"{path}: column {', '.join(lacking)} missing; expected {COLUMNS}"]
        for number, line in enumerate(lines, start=2):
            row = self._row(line)
            if isinstance(row, str):
                problems.append(f"{path}, line {number}: {row}")
            elif row.item.name in rows:
                problems.append(f"{path}, line {number}: {row.item.name} is listed twice")
            else:
                rows[row.item.name] = row
        return list(rows.values()), problems

    def _row(self, line: dict[str, str]) -> Row | str:
        """A line of the table, or what is wrong with it."""
        name, fold, target, category, source, take = (line.get(c) or "" for c in COLUMNS)
        found = _NAME.fullmatch(name)
        if not found:
            return f"file name {name!r}; expected fold-source-take-target.wav"
        if found.groups() != (fold, source, take, target):
            return f"{name}: its columns say {fold}-{source}-{take}-{target}"
        if not 1 <= int(fold) <= FOLDS:
            return f"{name}: fold {fold}; there are folds 1 to {FOLDS}"
        if int(target) >= len(self.classes) or self.classes[int(target)] != category:
            known = self.classes[int(target)] if int(target) < len(self.classes) else "no class"
            return (
                f"{name}: category {category!r}{near(category, self.classes)}, but target {target}"
                f" is {known}"
            )
        item = Item(name, self.folder / AUDIO / name, frozenset({category}))
        return Row(item, int(fold), source)

    def _leaks(self, rows: Sequence[Row]) -> list[str]:
        """Recordings cut into clips of two folds: a test on what was heard in training."""
        folds: dict[str, set[int]] = {}
        for row in rows:
            folds.setdefault(row.source, set()).add(row.fold)
        leaking = [source for source, of in folds.items() if len(of) > 1]
        if not leaking:
            return []
        return [
            f"{self.folder / TABLE}: clips of one source lie in several folds: source"
            f" {some(leaking)}; put all takes of a source into one fold"
        ]


def _lines(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    """The lines of a CSV by column, and the columns that it lacks."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
            return list(reader), lacking
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path}: not a CSV in UTF-8 ({error}); get it again") from None
