"""The files of a SELD tree: recordings by array, metadata beside them, clips by their names.

foa_dev/, mic_dev/ and metadata_dev/ hold the files of the development set, foa_eval/, mic_eval/ and
metadata_eval/ those of the evaluation set: all in one folder, or sorted into subfolders such as
dev-train/, which say nothing here. A companion set calls the first three foa, mic and metadata.

Sources: archives of Zenodo records 4064792 (flat), 5476980, 6387880 and 7880637 (subfolders); flat
trees in thomeou/SALSA and Jinbo-Hu/PSELDNets.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from seldbench.contracts import Recording
from seldbench.errors import MissingData

LAYOUTS = ("foa", "mic")
METADATA = "metadata"
AREAS = ("dev", "eval")
_NAME = re.compile(r"fold(\d+)_room(\d+)_mix(\d+)(?:_ov(\d+))?")


class ClipName(NamedTuple):
    """What a development file's name says: `fold3_room21_mix001`, or `fold1_room1_mix001_ov2` where
    the name has the number of simultaneous events (0: it has not)."""

    fold: int
    room: int
    mix: int
    overlap: int = 0


def clip_name(stem: str) -> ClipName | None:
    """None for a name of another form."""
    found = _NAME.fullmatch(stem)
    return ClipName(*(int(number or 0) for number in found.groups())) if found else None


def natural(stem: str) -> tuple[bool, ClipName, str]:
    """By fold, room and number, not as text (room 10 after room 9); other names behind."""
    name = clip_name(stem)
    return name is None, name or ClipName(0, 0, 0), stem


class Found(NamedTuple):
    """A file, its size in bytes, which of the tree's folders has it (a place in their list), and
    the subfolder it lies in (dev-train, "." for none)."""

    path: Path
    size: int
    place: int
    inner: str


@dataclass
class Area:
    """The development or the evaluation files of a tree: {layout: {stem: file}}, {stem: CSV}.

    twice: names that two files of one kind have, in words.
    """

    recordings: dict[str, dict[str, Found]] = field(default_factory=dict)
    tables: dict[str, Found] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)

    @cached_property
    def places(self) -> set[tuple[str, int]]:
        """(layout, folder) where the folder has any recording of the layout."""
        return {(kind, file.place) for kind, of in self.recordings.items() for file in of.values()}

    @property
    def stems(self) -> set[str]:
        return set(self.tables).union(*self.recordings.values())


class Arrays(dict[str, Recording]):
    """A clip's recordings by layout. Asking for one that is absent raises MissingData: where it was
    looked for, and how to get it."""

    def __init__(self, recordings: Mapping[str, Recording], absent: Mapping[str, str]) -> None:
        """absent: {layout: what to say} of those that are not there."""
        super().__init__(recordings)
        self.absent = dict(absent)

    def __missing__(self, layout: str) -> Recording:
        if layout not in self.absent:
            raise KeyError(layout)
        raise MissingData(self.absent[layout])

    def __reduce__(self) -> tuple[type, tuple[dict[str, Recording], dict[str, str]]]:
        return Arrays, (dict(self), self.absent)


def find_area(folders: list[Path], area: str) -> Area:
    """All files of "dev" or "eval" below the folders of a tree."""
    found = Area()
    for place, folder in enumerate(folders):
        for layout in LAYOUTS:
            for top in tops(folder, layout, area):
                into = found.recordings.setdefault(layout, {})
                _collect(into, top, ".wav", place, found.twice)
        for top in tops(folder, METADATA, area):
            _collect(found.tables, top, ".csv", place, found.twice)
    return found


def tops(folder: Path, kind: str, area: str) -> list[Path]:
    """The folders there that may hold a layout's recordings, or the metadata."""
    names = [f"{kind}_{area}", kind] if area == "dev" else [f"{kind}_{area}"]
    return [folder / name for name in names if (folder / name).is_dir()]


def _collect(into: dict[str, Found], top: Path, suffix: str, place: int, twice: list[str]) -> None:
    for path, size in _files(top):
        if path.suffix.lower() != suffix:
            continue
        inner = path.parent.relative_to(top).as_posix()
        before = into.setdefault(path.stem, Found(path, size, place, inner))
        if before.path != path:
            twice.append(f"{path}: {before.path} has that name, too; keep one of the two")


def _files(top: Path) -> Iterator[tuple[Path, int]]:
    """(path, bytes) below a folder, sorted; not hidden files, nor what macOS adds to archives."""
    for folder, inner, names in os.walk(top, followlinks=True):
        inner[:] = sorted(n for n in inner if not n.startswith((".", "__MACOSX")))
        for name in sorted(names):
            if not name.startswith("."):
                path = Path(folder, name)
                yield path, path.stat().st_size
