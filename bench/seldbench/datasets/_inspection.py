"""What `data check` is told of a split: its files and labels, and every rule they break."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from seldbench.audio import AudioFile
from seldbench.datasets._desed_files import PartFiles, sizes_in
from seldbench.datasets._desed_parts import CHANNELS
from seldbench.datasets._desed_rules import Scan, scan_table
from seldbench.events import Event


@dataclass(frozen=True)
class SplitFiles:
    """A split's table against its audio folder; nothing here was an error for being wrong.

    absence: why the split cannot be used at all; None if it can. expected: clips that there should
    be; optional: unless the whole part is absent. listed: the clips that the table names;
    recordings: those of them that are there, unopened. events, labels: what could be read of the
    listed clips. durations: as a table states them.
    """

    absence: str | None
    expected: int
    optional: bool
    listed: tuple[str, ...] = ()
    recordings: Mapping[str, AudioFile] = field(default_factory=dict)
    events: Mapping[str, list[Event]] = field(default_factory=dict)
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def clips(self) -> int:
        return len(self.recordings)


def inspect_part(
    files: PartFiles,
    own: Callable[[Scan], tuple[str, ...]],
    expected: Callable[[int, int], int],
) -> SplitFiles:
    """Those of a part's clips that are one split's own, by what can be read of the part's table.

    expected(own, listed): how many clips the split should have where the table names so many.
    """
    if files.table is None:
        return SplitFiles(files.absence(()), expected(0, 0), files.part.optional)
    scan = scan_table(files.table, files.part.kind, files.classes)
    names = own(scan)
    folder = files.folder_for(scan.names)
    there = sizes_in(folder, names) if folder else {}
    durations, problems = _stated(files, names)
    return SplitFiles(
        files.absence(tuple(scan.names)),
        expected(len(names), len(scan.names)),
        files.part.optional,
        listed=names,
        recordings={n: AudioFile(folder / n, CHANNELS) for n in there} if folder else {},
        events={name: scan.events[name] for name in names if name in scan.events},
        labels={name: scan.labels[name] for name in names if name in scan.labels},
        durations=durations,
        problems=(*scan.problems, *problems),
    )


def _stated(files: PartFiles, names: tuple[str, ...]) -> tuple[dict[str, float], list[str]]:
    """The durations table: what it states, and what is wrong with it."""
    if files.durations_table is None:
        return {}, []
    scan = scan_table(files.durations_table, "durations", ())
    lacking = [name for name in names if name not in scan.names]
    faults = [f"{files.durations_table}: has no line for {name}" for name in lacking]
    return scan.durations, scan.problems + faults
