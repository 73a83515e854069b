"""A split of a SELD tree looked at for `data check`: its files and labels, and every rule they
break; and what a person should know before they use it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from seldbench.annotations.directions import read_files
from seldbench.annotations.tracks import events_of_rows
from seldbench.audio import AudioFile
from seldbench.datasets._seld_rows import GRID, label_frames, row_faults, rows_twice
from seldbench.datasets._seld_tree import SAMPLE_RATE, SeldTree
from seldbench.errors import BadFile
from seldbench.events import EventList

MANY_MISSING = 0.01  # share of missing training clips above which a person is told


@dataclass
class SeldFiles:
    """A split's recordings against its metadata; nothing here was an error for being wrong.

    clips: those with a recording. listed, recordings: by `clip (layout)`, of every layout that the
    clip's tree has any recording of. late: clips with rows after their end; twice: rows that say
    the same as one before them.
    """

    absence: str | None
    expected: int
    optional: bool
    clips: int = 0
    listed: list[str] = field(default_factory=list)
    recordings: dict[str, AudioFile] = field(default_factory=dict)
    events: dict[str, EventList] = field(default_factory=dict)
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    twice: int = 0

    @property
    def notes(self) -> list[str]:
        missing = [name for name in self.listed if name not in self.recordings]
        notes = []
        if missing:
            notes.append(f"recordings missing: {len(missing)} ({_some(missing)})")
        if self.late:
            late = f"{len(self.late)} ({_some(self.late)})"
            notes.append(f"clips with rows after their end, which no event has: {late}")
        if self.twice:
            notes.append(f"rows that repeat another, and count as a second source: {self.twice}")
        return notes


def inspect(tree: SeldTree, split: str) -> SeldFiles:
    """All that is to be said of a split's files and labels, whatever is wrong with them."""
    found, expected = tree.coverage(split)
    files = SeldFiles(tree.absence(split), expected, tree.splits[split].optional, found)
    if not found:
        return files
    for stem in tree.stems(split):
        audio = {kind: tree.audio(file) for kind, file in tree.recordings(split, stem).items()}
        files.listed += [f"{stem} ({layout})" for layout in tree.layouts(split, stem)]
        files.recordings |= {f"{stem} ({layout})": file for layout, file in audio.items()}
        if fault := tree.unpaired(split, stem):
            files.problems.append(fault)
        lengths = _lengths(audio.values())
        if len(set(lengths.values())) > 1:
            said = " and ".join(f"{path} has {n}" for path, n in lengths.items())
            files.problems.append(f"recordings of one scene differ in samples: {said}")
        _inspect_rows(files, tree, split, stem, min(lengths.values(), default=None))
    return files


def notes(tree: SeldTree, split: str) -> list[str]:
    """What a person should know before they use a split."""
    found, expected = tree.coverage(split)
    missing = expected - found
    told = []
    if missing > (0 if split.startswith("test") else MANY_MISSING * expected):
        told.append(
            f"{split}: {missing} of {expected} clips are missing ({missing / expected:.1%});"
            f" `seldbench data check {tree.name}` says more"
        )
    files = inspect(tree, split)
    if files.problems:
        more = len(files.problems) - 1
        others = f" and {more} more faults: `seldbench data check {tree.name}`" if more else ""
        told.append(f"{split}: {files.problems[0]}{others}")
    return told + [f"{split}: {note}" for note in files.notes]


def _inspect_rows(
    files: SeldFiles, tree: SeldTree, split: str, stem: str, samples: int | None
) -> None:
    """A clip's metadata: its events, and the rules that it breaks. samples: of its recording."""
    found = tree.table(split, stem)
    if found is None:
        return
    try:
        table, place = read_files([found.path], tree.dialects[found.place])
    except BadFile as error:
        files.problems.append(str(error))
        return
    frames = None if samples is None else label_frames(samples / SAMPLE_RATE)
    faults = row_faults(table, place, tree.classes, frames, unique=tree.unique_tracks)
    files.problems += faults
    files.twice += 0 if tree.unique_tracks else rows_twice(table)  # else they are faults
    if frames is not None and (table.frame >= frames).any():
        files.late.append(stem)
    known = table.rows(table.label < len(tree.classes))
    files.events[stem] = events_of_rows(known, tree.classes, GRID)


def _lengths(recordings: Iterable[AudioFile]) -> dict[Path, int]:
    """{path: samples} of those that can be read; what is wrong with others is told of each file."""
    lengths = {}
    for file in recordings:
        with suppress(BadFile):
            lengths[file.path] = file.header.frames
    return lengths


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
