"""`seldbench stages gc`: what of the store nobody needs, and taking it away.

A stage stays that a run refers to, directly or as an ancestor, and every one that is being trained.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seldbench.experiment.store import Stored, referred, size_of, stored
from seldbench.runs import LOCK, source_digest
from seldbench.storage import if_free, locked

HALF = ".*.part"  # a file that was being written
UNFINISHED = ("resume.safetensors", "best.*.safetensors")  # of no use once a training is done


@dataclass(frozen=True)
class Garbage:
    """Something to take away: a stage, or what lies in the folder of one that stays. what: in
    words. stage: the stage's folder."""

    path: Path
    what: str
    bytes: int
    stage: Path


@dataclass(frozen=True)
class Found:
    """busy: stages that no run refers to, but that are being trained."""

    garbage: list[Garbage]
    busy: list[str]

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.garbage)


def garbage(runs: Path) -> Found:
    """What `collect` would take away.

    Raises:
        BadFile, BadRun: a run or a stage that cannot be read; nothing is known to be unneeded then.
    """
    every = stored(runs)
    needed = referred(runs, every)
    found: list[Garbage] = []
    busy: list[str] = []
    for key, one in every.items():
        if key not in needed and one.folder.locked:
            busy.append(key)
        elif key not in needed:
            what = f"stage {one.name or '?'} of no run, {one.state}"
            found.append(Garbage(one.folder.path, what, one.size, one.folder.path))
        elif not one.folder.locked:
            found += _leftovers(one)
    return Found(found, busy)


def collect(runs: Path) -> Found:
    """Take away what nobody needs; what was taken. No run can begin meanwhile."""
    taken: list[Garbage] = []
    with locked(runs / LOCK):
        found = garbage(runs)
        for one in found.garbage:
            with if_free(one.stage / LOCK) as free:
                if free:
                    _remove(one)
                    taken.append(one)
                else:
                    found.busy.append(one.stage.name)
    return Found(taken, found.busy)


def _remove(one: Garbage) -> None:
    # The lock's file stays: whoever waits for it would hold the lock of a file that is gone.
    whole = one.path == one.stage
    gone = [p for p in one.path.iterdir() if p.name != LOCK] if whole else [one.path]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _leftovers(one: Stored) -> Iterator[Garbage]:
    """What dead trainings of a stage left, which none goes on from."""
    folder, aside = one.folder.path, one.folder.aside
    paths = dict.fromkeys([*folder.glob(HALF), *aside.path.glob(HALF)], "half a file")
    if one.folder.state == "done":
        paths |= {p: "of a finished training" for name in UNFINISHED for p in folder.glob(name)}
    for kept in (folder / "spectra", aside.path / "spectra"):
        if kept.exists():
            paths[kept] = "spectra that a dead training kept"
    if aside.about and aside.source != source_digest() and aside.state != "done":
        paths = {p: what for p, what in paths.items() if not p.is_relative_to(aside.path)}
        paths[aside.path] = "begun anew from another source than today's"
    for path, what in paths.items():
        yield Garbage(path, what, size_of(path), folder)
