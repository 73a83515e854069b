"""A DESED tree on disk, real or simulated: which clips each split has, with audio and labels.

A split's clips are those that its table names and whose files are there, in the table's order. A
clip is known by split and file name together: both synthetic parts use the same file names.
Everything is read when it is asked for, and nothing in the tree is ever written.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from seldbench.audio import AudioFile, beginning, mono, resampled
from seldbench.contracts import Clip
from seldbench.datasets._desed_files import PartFiles
from seldbench.datasets._desed_parts import CHANNELS, LONGEST, SAMPLE_RATE, Part
from seldbench.datasets._held_out import held_out
from seldbench.datasets._inspection import SplitFiles, inspect_part
from seldbench.errors import MissingData, UnknownName, near

HELD_OUT = 0.1  # share of the weakly labelled clips that selects; DCASE baselines hold out as much
MANY_MISSING = 0.01  # share of missing training clips above which a person is told


class Tree:
    """The tree in `folder`: audio/ and metadata/, or dcase_synth/ with the same inside."""

    def __init__(
        self,
        name: str,
        folder: Path,
        parts: Sequence[Part],
        *,
        classes: tuple[str, ...],
        obtain: Callable[[Part], str],
    ) -> None:
        """obtain: how to get a part that is absent, in words and commands."""
        self.name = name
        self.folder = folder
        self.parts = tuple(parts)
        self._obtain = obtain
        self._files = {part: PartFiles(part, folder, classes) for part in self.parts}
        self._clips: dict[str, tuple[Clip, ...]] = {}

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(split for part in self.parts for split in part.splits)

    def files(self, split: str) -> PartFiles:
        """The files of the part that a split belongs to.

        Raises:
            UnknownName: no such split.
        """
        return self._files[self._part(split)]

    def clips(self, split: str, fold: int = 0) -> tuple[Clip, ...]:
        """The clips of a split; the same objects every time.

        Raises:
            UnknownName: no such split, or a fold other than 0.
            MissingData: no table, no audio folder, or none of the clips is in it.
            BadFile: a table that breaks a rule, a label that is no class, a clip of unknown length.
        """
        files = self.files(split)
        if fold != 0:
            raise UnknownName(f"{self.name} has no fold {fold}; its only fold is 0")
        if split not in self._clips:
            if absence := files.absence(files.listed):
                raise MissingData(f"{self.name}: {split}: {absence}\n{self._obtain(files.part)}")
            own = self._own(split, files.listed, files.labels if files.part.held_out else {})
            self._clips[split] = tuple(_clip(files, name) for name in own if name in files.sizes)
        return self._clips[split]

    def coverage(self, split: str) -> tuple[int, int]:
        """Clips found and clips expected; (0, expected) where the part is absent.

        Expected are those that the table names; a table shorter than the part should be counts for
        the clips that it lacks, too.
        """
        files = self.files(split)
        own = self._own(split, files.listed, files.labels if files.part.held_out else {})
        found = sum(name in files.sizes for name in own)
        return found, self._expected(split, len(own), len(files.listed))

    def notes(self, split: str) -> list[str]:
        """What a person should know before they use the split."""
        files = self.files(split)
        found, expected = self.coverage(split)
        missing = expected - found
        notes = []
        if missing > (0 if split.startswith("test") else MANY_MISSING * expected):
            notes.append(
                f"{split}: {missing} of {expected} clips are missing ({missing / expected:.1%});"
                f" `seldbench data check {self.name}` lists them"
            )
        return notes + [f"{split}: {note}" for note in files.notes()]

    def provenance(self) -> dict[str, dict[str, str]]:
        """{part: the table and the audio folder in use, below the tree} of the parts there."""
        return {
            part.split: {
                "table": files.table.relative_to(self.folder).as_posix(),
                "audio": files.folder.relative_to(self.folder).as_posix(),
            }
            for part, files in self._files.items()
            if files.table and files.folder
        }

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the tables, and of the names and sizes of the sound files that they name."""
        digest = hashlib.sha256()
        for files in self._files.values():
            for line in files.description():
                digest.update(f"{line}\n".encode())
        return digest.hexdigest()

    def inspect(self, split: str) -> SplitFiles:
        """All that is to be said of a split's files and labels, whatever is wrong with them."""
        files = self.files(split)
        found = inspect_part(
            files,
            lambda scan: self._own(split, tuple(scan.names), scan.labels),
            lambda own, listed: self._expected(split, own, listed),
        )
        if split == files.part.held_out:  # the table's faults are told once, of its main split
            return replace(found, problems=())
        return replace(found, notes=tuple(files.notes()))

    def _part(self, split: str) -> Part:
        for part in self.parts:
            if split in part.splits:
                return part
        raise UnknownName(
            f"{self.name} has no split {split!r}{near(split, self.splits)};"
            f" it has: {', '.join(self.splits)}"
        )

    def _own(
        self, split: str, names: tuple[str, ...], labels: Mapping[str, frozenset[str]]
    ) -> tuple[str, ...]:
        """Of a part's names those of the split: all, or its side of the hold-out."""
        part = self._part(split)
        if not part.held_out:
            return names
        chosen = held_out(labels, HELD_OUT)
        return tuple(name for name in names if (name in chosen) == (split == part.held_out))

    def _expected(self, split: str, own: int, listed: int) -> int:
        part = self._part(split)
        if listed == 0:
            held = round(HELD_OUT * part.clips) if part.held_out else 0
            return held if split == part.held_out else part.clips - held
        return own if split == part.held_out else own + max(part.clips - listed, 0)


def _clip(files: PartFiles, name: str) -> Clip:
    assert files.folder is not None
    file = AudioFile(files.folder / name, CHANNELS)
    kind = files.part.kind
    return Clip(
        id=name,
        duration=files.duration(name),
        recordings={"mono": resampled(beginning(mono(file), LONGEST), SAMPLE_RATE)},
        events=files.events[name] if kind == "strong" else None,
        labels=files.labels[name] if kind == "weak" else None,
    )
