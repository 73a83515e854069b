"""The tree of Speech Commands, real or simulated: a folder a word, and lists of the held-out files.

    <word>/<speaker>_nohash_<n>.wav     a word said by a speaker (8 hexadecimal digits)
    validation_list.txt, testing_list.txt   word/file, one a line; all others are for training
    _background_noise_/                 long recordings of noise, which no split has

Source: README.md of the set; Warden 2018, arXiv:1804.03209, section 5.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from seldbench.datasets._tag_set import Item, some
from seldbench.errors import BadFile

LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
NOISE = "_background_noise_"
_NAME = re.compile(r"([0-9a-f]{8})_nohash_(\d+)\.wav")


class SpeechCommandsTree:
    """Signs TagTree."""

    single = True
    splits: tuple[str, ...] = ("train", "valid", "test")
    folds = 1
    rates: tuple[int, ...] | None = (16000,)
    seconds: float | None = None  # up to a second; every tenth is shorter
    longest: float | None = None
    suffix = ".txt"

    def __init__(
        self, name: str, folder: Path, *, classes: tuple[str, ...], clips: dict[str, int], how: str
    ) -> None:
        """clips: how many each split should have."""
        self.name = name
        self.folder = folder
        self.classes = classes
        self._expected = clips
        self._how = how

    def absence(self, split: str) -> str | None:
        absent = [self.folder / name for name in LISTS.values()]
        absent = [path for path in absent if not path.is_file()]
        return f"no list: looked for {' and '.join(map(str, absent))}" if absent else None

    def items(self, split: str, fold: int) -> tuple[Item, ...]:
        items, problems = self._split(split)
        if problems:
            raise BadFile(problems[0])
        return items

    def scan(self, split: str) -> tuple[Sequence[Item], list[str]]:
        items, problems = self._split(split)
        return items, problems + (self._leaks() if split == "train" else [])

    def expected(self, split: str) -> int:
        return self._expected[split]

    def tables(self) -> list[Path]:
        return [p for name in LISTS.values() if (p := self.folder / name).is_file()]

    def obtain(self, split: str) -> str:
        return self._how

    def _split(self, split: str) -> tuple[tuple[Item, ...], list[str]]:
        """The clips of a split, and what is wrong with its list, or with the folders."""
        if split != "train":
            return self._lists[split]
        held = {item.name for of in LISTS for item in self._lists[of][0]}
        names = [name for name in self._there[0] if name not in held]
        return tuple(self._item(name) for name in names), self._there[1]

    @cached_property
    def _there(self) -> tuple[list[str], list[str]]:
        """word/file of all files that are there, sorted; names of another form."""
        names: list[str] = []
        problems: list[str] = []
        for word in sorted(self.classes):
            folder = self.folder / word
            if not folder.is_dir():
                continue  # what is missing is counted
            files = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
            odd = [file for file in files if not _NAME.fullmatch(file)]
            if odd:
                problems.append(
                    f"{folder}: {some(odd)}; expected names such as 0a7c2a8d_nohash_0.wav"
                )
            names += [f"{word}/{file}" for file in files if file not in odd]
        return names, problems

    @cached_property
    def _lists(self) -> dict[str, tuple[tuple[Item, ...], list[str]]]:
        """By held-out split: its clips, and the faults of its list."""
        found: dict[str, tuple[tuple[Item, ...], list[str]]] = {}
        before: dict[str, str] = {}  # name -> the list that has it
        for split, name in LISTS.items():
            path = self.folder / name
            items: list[Item] = []
            problems: list[str] = []
            for number, line in enumerate(_lines(path), start=1):
                fault = self._fault(line) or (
                    f"{line} is in {before[line]}, too" if line in before else ""
                )
                if fault:
                    problems.append(f"{path}, line {number}: {fault}")
                    continue
                before[line] = name
                items.append(self._item(line))
            found[split] = tuple(items), problems
        return found

    def _fault(self, line: str) -> str:
        word, _, file = line.partition("/")
        if word not in self.classes:
            return f"{line!r}: {word!r} is none of the {len(self.classes)} words"
        return "" if _NAME.fullmatch(file) else f"{line!r}: expected word/speaker_nohash_n.wav"

    def _item(self, name: str) -> Item:
        return Item(name, self.folder / name, frozenset({name.partition("/")[0]}))

    def _leaks(self) -> list[str]:
        """Speakers of two splits: a test on voices heard in training."""
        splits: dict[str, set[str]] = {}
        for split in self.splits:
            for item in self._split(split)[0]:
                speaker = item.path.name.partition("_")[0]
                splits.setdefault(speaker, set()).add(split)
        leaking = [speaker for speaker, of in splits.items() if len(of) > 1]
        if not leaking:
            return []
        return [
            f"{self.folder}: {len(leaking)} speakers are in several splits: {some(leaking)};"
            " list all files of a speaker in one list, or in none"
        ]


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise BadFile(f"{path}: not UTF-8; get it again") from None
