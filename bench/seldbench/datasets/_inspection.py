"""What `data check` is told of a split: its files and labels, and every rule they break."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seldbench.datasets._desed_files import PartFiles, sizes_in
from seldbench.datasets._desed_parts import CHANNELS
from seldbench.datasets._desed_rules import Scan, scan_table
from seldbench.events import Event


@dataclass(frozen=True)
class SplitFiles:
    """A split's table against its audio folder; nothing here was an error for being wrong.

    absence: why the split cannot be used at all; None if it can. listed: the clips that the table
    names. files: those of them that are there. channels: the numbers of channels that are welcome.
    events, labels: what could be read of the listed clips. durations: as a table states them.
    """

    absence: str | None
    listed: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    channels: tuple[int, ...] | None = None
    events: Mapping[str, list[Event]] = field(default_factory=dict)
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def inspect_part(files: PartFiles, own: Callable[[Scan], tuple[str, ...]]) -> SplitFiles:
    """The part's clips that are a split's own, by what could be read of the part's table."""
    if files.table is None:
        return SplitFiles(files.absence(()))
    scan = scan_table(files.table, files.part.kind, files.classes)
    names = own(scan)
    folder = files.folder_for(scan.names)
    durations: Mapping[str, float] = {}
    problems = list(scan.problems)
    if files.durations_table:
        stated = scan_table(files.durations_table, "durations", ())
        durations = stated.durations
        problems += stated.problems
        lacking = [name for name in names if name not in stated.names]
        problems += [f"{files.durations_table}: has no line for {name}" for name in lacking]
    return SplitFiles(
        files.absence(tuple(scan.names)),
        listed=names,
        files={name: folder / name for name in sizes_in(folder, names)} if folder else {},
        channels=CHANNELS,
        events={name: scan.events[name] for name in names if name in scan.events},
        labels={name: scan.labels[name] for name in names if name in scan.labels},
        durations=durations,
        problems=tuple(problems),
    )
