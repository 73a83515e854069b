"""Sets of clips with labels (tagging): what all of them share, whatever their folders look like.

A `TagTree` says what a set's tables list; `TagSet` and `SimulatedTagSet` are what is fixed of a
set, and with a data root they become the set there, an `OpenTagSet`. Recordings are mono, at their
own rate.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import Any, Protocol

from seldbench.audio import AudioFile, beginning, mono
from seldbench.contracts import Clip
from seldbench.datasets._manifest import MANIFEST, Manifest, find_set, is_manifest, read_manifest
from seldbench.datasets._publication import Publication
from seldbench.errors import BadFile, MissingData, UnknownName, near
from seldbench.events import Event

CHANNELS = (1,)
SOME = 3  # names that a message shows


@dataclass(frozen=True)
class Item:
    """A clip that a set's tables list. name: its id, which no other clip of its split has."""

    name: str
    path: Path
    labels: frozenset[str]


class TagTree(Protocol):
    """A set's files. Everything is read when it is asked for; nothing is written.

    folder: what the tables and sounds lie in. single: whether a clip has exactly one label. rates,
    seconds: what every file should have, None where they may differ. longest: seconds of a file
    that are heard, None for all. suffix: of the tables.
    """

    name: str
    folder: Path
    single: bool
    splits: tuple[str, ...]
    folds: int
    rates: tuple[int, ...] | None
    seconds: float | None
    longest: float | None
    suffix: str

    @property
    def classes(self) -> tuple[str, ...]: ...
    def absence(self, split: str) -> str | None:
        """What is absent, and where it was looked for; None if the split is listed."""
        ...

    def items(self, split: str, fold: int) -> Sequence[Item]:
        """Of a split that is listed. Raises BadFile where a table breaks a rule."""
        ...

    def scan(self, split: str) -> tuple[Sequence[Item], Sequence[str]]:
        """The clips of all folds that can be read of the tables, and all that is wrong there."""
        ...

    def expected(self, split: str) -> int:
        """Clips of all folds that the set should have, at least."""
        ...

    def tables(self) -> Sequence[Path]:
        """Those that are there."""
        ...

    def obtain(self, split: str) -> str:
        """How to get what is absent, in words and commands."""
        ...


@dataclass(frozen=True)
class TagFiles:
    """For `data check`: a split's tables against its sounds; signs `datacheck.Inspection`."""

    absence: str | None
    expected: int
    clips: int = 0
    optional: bool = False
    listed: tuple[str, ...] = ()
    recordings: Mapping[str, AudioFile] = field(default_factory=dict)
    events: Mapping[str, Sequence[Event]] = field(default_factory=dict)
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TagSet:
    """A published set. open: the tree below a data root. class_count: wherever it lies."""

    open: Callable[[Path], TagTree]
    citation: str
    licence: str
    class_count: int
    publication: Publication | None = None

    def __call__(self, root: Path) -> "OpenTagSet":
        tree = self.open(root)
        refuse_simulated(tree.name, tree.folder)
        return OpenTagSet(tree, self.citation, self.licence)


@dataclass(frozen=True)
class SimulatedTagSet:
    """open: the tree in a set's folder, by its manifest and how to mend it."""

    name: str
    open: Callable[[Path, Manifest, str], TagTree]
    simulate: Callable[..., dict[str, Any]]

    def __call__(self, root: Path) -> "OpenTagSet":
        folder = find_set(root, self.name)
        manifest = read_manifest(folder / MANIFEST)
        mend = (
            f"remove {folder} and make the set again: seldbench data simulate {self.name}"
            f" {manifest.arguments} --data-root {quote(str(root))}"
        )
        tree = self.open(folder, manifest, mend)
        citation, licence = "simulated with seldbench", "as the sounds that it was made of"
        return OpenTagSet(tree, citation, licence, manifest=manifest, mend=mend)


class OpenTagSet:
    """Signs the contract Dataset.

    test_classes: those that a test clip can have. single: a clip has exactly one label.

    Raises:
        MissingData: no set there.
        BadFile: a simulated set's manifest that cannot be read.
    """

    task = "tagging"
    grid: float | None = None

    def __init__(
        self,
        tree: TagTree,
        citation: str,
        licence: str,
        *,
        manifest: Manifest | None = None,
        mend: str = "",
    ) -> None:
        self.tree = tree
        self.name, self.single = tree.name, tree.single
        self.splits, self.folds = tree.splits, tree.folds
        self.citation, self.licence = citation, licence
        self.manifest = manifest
        self.test_classes = manifest.test_classes if manifest else tree.classes
        self.simulated: str | None = manifest.says if manifest else None
        self.sounds: str | None = manifest.sounds if manifest else None
        self._mend = mend
        self._clips: dict[Item, Clip] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        return self.tree.classes

    def clips(self, split: str, fold: int = 0) -> tuple[Clip, ...]:
        """Those that the tables list and whose files are there, in the tables' order; the same
        objects every time.

        Raises:
            UnknownName: no such split or fold.
            MissingData: no table, or none of its clips is there.
            BadFile: a table that breaks a rule, a file that is no sound; a simulated set that is
                not what its manifest says.
        """
        self._refuse_unknown(split, fold)
        if faults := self.faults():
            raise BadFile(faults[0])
        absence = self.tree.absence(split)
        items = () if absence else self.tree.items(split, fold)
        there = [item for item in items if item.path.is_file()]
        if not there:
            absence = absence or f"none of its {len(items)} clips is in {self.tree.folder}"
            raise MissingData(f"{self.name}: {split}: {absence}\n{self.tree.obtain(split)}")
        return tuple(self._clip(item) for item in there)

    def coverage(self, split: str) -> tuple[int, int]:
        """Clips found and clips expected, of all folds together."""
        self._refuse_unknown(split, 0)
        items = self._all(split)
        found = sum(item.path.is_file() for item in items)
        return found, max(self.tree.expected(split), len(items))

    def notes(self, split: str) -> list[str]:
        """What a person should know before they use the split."""
        found, expected = self.coverage(split)
        missing = expected - found
        if missing == 0:
            return []
        return [
            f"{split}: {missing} of {expected} clips are missing ({missing / expected:.1%});"
            f" `seldbench data check {self.name}` lists them"
        ]

    def fingerprint(self) -> str:
        """Of the tables, and of the names and sizes of the sounds that they list. Of a simulated
        set also of what it was made with: another seed is to be heard, and not to be seen there."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        # Every stage of every fold asks for it, and AudioSet has two million files.
        if self.manifest is not None:
            made = (self._found, self.manifest.arguments, self.sounds, self.manifest.generator)
            return hashlib.sha256("\n".join(map(str, made)).encode()).hexdigest()
        digest = hashlib.sha256()
        for table in self.tree.tables():
            digest.update(
                f"{table.name} {hashlib.sha256(table.read_bytes()).hexdigest()}\n".encode()
            )
        for split in self.splits:
            for item in self._all(split):
                size = item.path.stat().st_size if item.path.is_file() else "absent"
                digest.update(f"{split} {item.name} {size}\n".encode())
        return digest.hexdigest()

    def provenance(self) -> dict[str, object]:
        """What the set was made of, and the tables in use, below its folder."""
        tables = {p.relative_to(self.tree.folder).as_posix() for p in self.tree.tables()}
        return {"sounds": self.sounds, "tables": sorted(tables)}

    def inspect(self, split: str) -> TagFiles:
        """For `data check`: all that is to be said of a split's files."""
        if absence := self.tree.absence(split):
            return TagFiles(absence, self.tree.expected(split))
        items, problems = self.tree.scan(split)
        rates, seconds = self.tree.rates, self.tree.seconds
        there = {i.name: AudioFile(i.path, CHANNELS, rates) for i in items if i.path.is_file()}
        return TagFiles(
            None,
            max(self.tree.expected(split), len(items)),
            clips=len(there),
            listed=tuple(item.name for item in items),
            recordings=there,
            labels={item.name: item.labels for item in items},
            durations={} if seconds is None else dict.fromkeys(there, seconds),
            problems=tuple(problems),
            notes=tuple(self._lacking(items)),
        )

    def faults(self) -> list[str]:
        """Files changed or added since a simulated set was made; files removed are no fault."""
        if self.manifest is None or self._found == self.manifest.fingerprint:
            return []
        if any(self._lacks(split) for split in self.splits):
            return []
        return [
            f"{self.tree.folder}: files were changed or added since the set was made; {self._mend}"
        ]

    def _lacks(self, split: str) -> bool:
        try:
            found, expected = self.coverage(split)
        except BadFile:  # a table that was changed: no clip of it can be said to be missing
            return False
        return found < expected

    @cached_property
    def _found(self) -> str:
        """Of what is there, taken as the manifest's was."""
        from seldbench.simulation.sets import fingerprint  # with it comes all of the simulation

        return fingerprint(self.tree.folder, self.tree.suffix)

    def _all(self, split: str) -> list[Item]:
        """The listed clips of all folds, each once."""
        if self.tree.absence(split):
            return []
        of_folds = (self.tree.items(split, fold) for fold in range(self.folds))
        return list(dict.fromkeys(item for items in of_folds for item in items))

    def _lacking(self, items: Sequence[Item]) -> list[str]:
        heard = frozenset().union(*(item.labels for item in items))
        lacking = [name for name in self.classes if name not in heard]
        return [f"no clip of {len(lacking)} classes: {some(lacking)}"] if lacking else []

    def _clip(self, item: Item) -> Clip:
        if item not in self._clips:
            file, longest = AudioFile(item.path), self.tree.longest
            heard = mono(file) if longest is None else beginning(mono(file), longest)
            self._clips[item] = Clip(item.name, heard.duration, {"mono": heard}, labels=item.labels)
        return self._clips[item]

    def _refuse_unknown(self, split: str, fold: int) -> None:
        if split not in self.splits:
            raise UnknownName(
                f"{self.name} has no split {split!r}{near(split, self.splits)};"
                f" it has: {', '.join(self.splits)}"
            )
        if not 0 <= fold < self.folds:
            raise UnknownName(
                f"{self.name} has no fold {fold}; its folds are 0 to {self.folds - 1}"
            )


def find_tree(name: str, root: Path, places: Sequence[str], marks: Sequence[str], how: str) -> Path:
    """The first of the places below the root that has one of the marks (files or folders in it).

    Raises:
        MissingData: none has; `how` says how to get the set.
    """
    for place in places:
        if any((root / place / mark).exists() for mark in marks):
            return root / place
    looked = "\n".join(f"  {root / place}" for place in places)
    raise MissingData(f"{name}: not found. Looked for {' or '.join(marks)} in\n{looked}\n{how}")


def stand_in(name: str, root: Path) -> str:
    """What can be used without the real set."""
    return (
        "Without it, simulated clips can stand in; results on them are marked as simulated:\n"
        f"  seldbench data simulate {name}-sim --scale small --data-root {quote(str(root))}"
    )


def refuse_simulated(name: str, folder: Path) -> None:
    """Raises BadFile where a folder, or the one around it, has a simulated set's manifest."""
    if any(is_manifest(place / MANIFEST) for place in (folder, folder.parent)):
        raise BadFile(f"{folder}: simulated, not {name}; use it with --dataset {name}-sim")


def some(names: Sequence[str]) -> str:
    return ", ".join(names[:SOME]) + (", ..." if len(names) > SOME else "")
