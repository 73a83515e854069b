"""One part of a DESED tree on disk: its table, its audio folder, and what the table says."""

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from seldbench import annotations
from seldbench.audio import read_header
from seldbench.datasets._desed_parts import LONGEST, Part
from seldbench.errors import BadFile, near
from seldbench.events import EventList

SYNTHETIC = "dcase_synth"  # what the synthetic archive unpacks to, beside audio/ and metadata/
_TIMES = re.compile(r"_(\d+(?:\.\d+)?)_(\d+(?:\.\d+)?)\.wav$")


class PartFiles:
    """A part below `root`. Each fact is read when it is first asked for, then kept.

    A table lies in metadata/, or in dcase_synth/metadata/; audio likewise.
    """

    def __init__(self, part: Part, root: Path, classes: tuple[str, ...]) -> None:
        self.part = part
        self.root = root
        self.classes = classes

    @cached_property
    def table(self) -> Path | None:
        return self._metadata(self.part.table)

    @cached_property
    def durations_table(self) -> Path | None:
        return self._metadata(self.part.durations) if self.part.durations else None

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The clips that the table names, in its order; none without a table.

        Raises:
            BadFile: the table breaks a rule, or names a label that is no class.
        """
        if self.table is None:
            return ()
        if self.part.kind == "unlabelled":
            return annotations.read_unlabelled(self.table)
        return tuple(self.events if self.part.kind == "strong" else self.labels)

    @cached_property
    def events(self) -> Mapping[str, EventList]:
        """Of a strong part; a clip without events has an empty list."""
        if self.table is None:
            return {}
        table = annotations.read_events(self.table)
        self._refuse_unknown(self.table, table.labels)
        return table.by_clip()

    @cached_property
    def labels(self) -> Mapping[str, frozenset[str]]:
        """Of a weak part."""
        if self.table is None:
            return {}
        labels = annotations.read_weak(self.table)
        self._refuse_unknown(self.table, sorted(frozenset().union(*labels.values())))
        return labels

    @cached_property
    def durations(self) -> Mapping[str, float]:
        """As the durations table says; empty without one."""
        return annotations.read_durations(self.durations_table) if self.durations_table else {}

    @cached_property
    def folder(self) -> Path | None:
        """The audio folder in use; None where there is none."""
        return self.folder_for(self.listed)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """{name: bytes} of the listed clips that are in the audio folder, in the table's order."""
        return sizes_in(self.folder, self.listed)

    def folder_for(self, wanted: Collection[str]) -> Path | None:
        """The audio folder that holds most of the names: X_16k unless X holds more of them."""
        names = set(wanted)
        there = [folder for folder in self._audio() if folder.is_dir()]
        return max(there, key=lambda f: len(names.intersection(os.listdir(f))), default=None)

    def duration(self, name: str) -> float:
        """Seconds of a clip, at most LONGEST. By a real clip's name it is the length that was cut;
        the file can be some milliseconds shorter.

        Raises:
            BadFile: the durations table lacks the clip, or the file's header is bad.
        """
        times = _TIMES.search(name)
        if self.durations_table is not None:
            if name not in self.durations:
                raise BadFile(
                    f"{self.durations_table}: has no line for {name}, which {self.table} names;"
                    " get both from the same release"
                )
            seconds = self.durations[name]
        elif self.part.length == "name" and times:
            seconds = float(times[2]) - float(times[1])
        else:
            assert self.folder is not None
            seconds = read_header(self.folder / name).duration
        return min(seconds, LONGEST)

    def absence(self, wanted: Collection[str]) -> str | None:
        """What is absent, and where it was looked for; None if some wanted clip can be read."""
        if self.table is None:
            return f"no table: looked for {_either(self._places('metadata', self.part.table))}"
        folder = self.folder_for(wanted)
        if folder is None:
            return f"no audio folder: looked for {_either(self._audio())}"
        if not sizes_in(folder, wanted):
            return f"{folder} holds none of the {len(wanted)} clips that {self.table} names"
        return None

    def notes(self) -> list[str]:
        """What is read in another place than the layout says."""
        if self.table and self.part.durations and self.durations_table is None:
            return [f"no {self.part.durations}; durations are the sound files' own"]
        return []

    def description(self) -> Iterator[str]:
        """Tables by their digest, then the names and sizes of the clips that are there."""
        yield self.part.split
        for table in (self.table, self.durations_table):
            yield hashlib.sha256(table.read_bytes()).hexdigest() if table else "no table"
        for name in sorted(self.sizes):
            yield f"{name} {self.sizes[name]}"

    def _refuse_unknown(self, table: Path, labels: Iterable[str]) -> None:
        for label in labels:
            if label not in self.classes:
                raise BadFile(
                    f"{table}: unknown label {label!r}{near(label, self.classes)}; the classes are"
                    f" {', '.join(self.classes)}"
                )

    def _metadata(self, name: str) -> Path | None:
        return next((p for p in self._places("metadata", name) if p.is_file()), None)

    def _audio(self) -> list[Path]:
        return [f for x in ("_16k", "") for f in self._places("audio", self.part.audio + x)]

    def _places(self, kind: str, name: str) -> list[Path]:
        return [self.root / kind / name, self.root / SYNTHETIC / kind / name]


def sizes_in(folder: Path | None, wanted: Collection[str]) -> dict[str, int]:
    """{name: bytes} of the wanted files that are in the folder, in the order they are wanted."""
    if folder is None:
        return {}
    with os.scandir(folder) as entries:
        there = {entry.name: entry for entry in entries}
    return {n: there[n].stat().st_size for n in wanted if n in there and there[n].is_file()}


def _either(places: list[Path]) -> str:
    return " or ".join(str(place) for place in places)
