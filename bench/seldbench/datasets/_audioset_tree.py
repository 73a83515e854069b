"""The tree of AudioSet, real or simulated: JSON index files and class_labels_indices.csv.

    class_labels_indices.csv    index,mid,display_name
    balanced_train_data.json    {"data": [{"wav": path, "labels": "mid,mid"}]}
    unbalanced_train_data.json, eval_data.json   likewise; all may lie in datafiles/

A path in an index is absolute, or below the folder of the index. Classes are the display names:
they are unique and can be read, where mids are not words.

Source: YuanGongND/ast, egs/audioset/data, and its README.md, "Audioset Recipe".
"""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from seldbench.datasets._tag_set import Item, some
from seldbench.errors import BadFile

LABELS = "class_labels_indices.csv"
INDICES = {
    "train/balanced": "balanced_train_data.json",
    "train/unbalanced": "unbalanced_train_data.json",
    "test": "eval_data.json",
}
INNER = ("", "datafiles", "data", "data/datafiles")  # where tables may lie in the folder
LONGEST = 10.0  # seconds; some files are a few milliseconds longer


class AudioSetTree:
    """Signs TagTree. Several clips may be listed and absent: videos vanish."""

    single = False
    splits: tuple[str, ...] = tuple(INDICES)
    folds = 1
    rates: tuple[int, ...] | None = None
    seconds: float | None = None
    longest: float | None = LONGEST
    suffix = ".json"

    def __init__(self, name: str, folder: Path, *, clips: dict[str, int], how: str) -> None:
        """clips: how many each split should have."""
        self.name = name
        self.folder = folder
        self._expected = clips
        self._how = how
        self._read: dict[str, tuple[list[Item], list[str]]] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        """Display names in the order of the table.

        Raises:
            BadFile: the table breaks a rule.
        """
        return tuple(self.names.values())

    @cached_property
    def names(self) -> dict[str, str]:
        """{mid: display name} in the order of the table."""
        path = self._table(LABELS)
        if path is None:
            raise BadFile(f"{self.folder}: has no {LABELS}\n{self._how}")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or not {"index", "mid", "display_name"} <= rows[0].keys():
            raise BadFile(f"{path}: columns index, mid and display_name expected")
        for place, row in enumerate(rows):
            if row["index"] != str(place):
                raise BadFile(f"{path}: index {row['index']} in place {place}; put rows in order")
        for column in ("mid", "display_name"):
            twice = [name for name, n in Counter(row[column] for row in rows).items() if n > 1]
            if twice:
                raise BadFile(f"{path}: {column} {some(twice)} occurs twice; each is one class")
        return {row["mid"]: row["display_name"] for row in rows}

    def absence(self, split: str) -> str | None:
        if self._table(INDICES[split]):
            return None
        places = " or ".join(str(self.folder / inner / INDICES[split]) for inner in INNER[:2])
        return f"no index: looked for {places}"

    def items(self, split: str, fold: int) -> list[Item]:
        items, problems = self._split(split)
        if problems:
            raise BadFile(problems[0])
        return items

    def scan(self, split: str) -> tuple[list[Item], list[str]]:
        items, problems = self._split(split)
        return items, problems + (self._leaks() if split == "test" else [])

    def expected(self, split: str) -> int:
        return self._expected[split]

    def tables(self) -> list[Path]:
        found = (self._table(name) for name in (LABELS, *INDICES.values()))
        return [path for path in found if path]

    def obtain(self, split: str) -> str:
        return self._how

    def _table(self, name: str) -> Path | None:
        places = (self.folder / inner / name for inner in INNER)
        return next((path for path in places if path.is_file()), None)

    def _split(self, split: str) -> tuple[list[Item], list[str]]:
        """The clips that can be read of a split's index, and what is wrong with the others."""
        if split not in self._read:
            path = self._table(INDICES[split])
            assert path is not None
            items: dict[str, Item] = {}
            problems: list[str] = []
            for place, entry in enumerate(_entries(path)):
                item = self._item(entry, path.parent)
                if isinstance(item, str):
                    problems.append(f"{path}, entry {place}: {item}")
                elif item.name in items:
                    problems.append(f"{path}, entry {place}: a file named {item.name} twice")
                else:
                    items[item.name] = item
            self._read[split] = list(items.values()), problems
        return self._read[split]

    def _item(self, entry: Any, folder: Path) -> Item | str:
        """An entry of an index, or what is wrong with it."""
        if not isinstance(entry, dict) or not all(
            isinstance(entry.get(key), str) and entry[key] for key in ("wav", "labels")
        ):
            return 'expected {"wav": path, "labels": "mid,mid"}'
        mids = entry["labels"].split(",")
        unknown = [mid for mid in mids if mid not in self.names]
        if unknown:
            return f"{entry['wav']}: {some(unknown)} is no mid of {LABELS}"
        path = folder / entry["wav"]
        return Item(path.name, path, frozenset(self.names[mid] for mid in mids))

    def _leaks(self) -> list[str]:
        """Files of the test split that a training split lists as well."""
        tested = {item.name for item in self._split("test")[0]}
        found = []
        for split in self.splits[:-1]:
            both: Sequence[str] = []
            if not self.absence(split):
                both = [i.name for i in self._split(split)[0] if i.name in tested]
            if both:
                found.append(f"{len(both)} clips of test are in {split}, too: {some(both)}")
        return found


def _entries(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadFile(f"{path}: not JSON ({error}); make it again") from None
    found = content.get("data") if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise BadFile(f'{path}: expected {{"data": [{{"wav": path, "labels": "mid,mid"}}]}}')
    return found
