"""The folder of a simulated set: built beside its place, and renamed when complete.

root/NAME/manifest.json   what the set was made from, and its fingerprint
root/.NAME.part/          a build under way, or interrupted; parameters.json says of which set
root/.NAME.lock           held by the process that builds; gone with the build
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from seldbench.contracts import Progress
from seldbench.errors import BadFile, SeldbenchError, UnknownName, WriteFailed
from seldbench.storage import locked, read_json, write_json

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """How a set that is there is looked at. lacks: whether a file that `build` makes is not there;
    fingerprint: of a set's folder, as its manifest has it."""

    lacks: Callable[[Path], bool]
    fingerprint: Callable[[Path], str]

    def changed(self, target: Path, manifest: Manifest) -> bool:
        return self.fingerprint(target) != manifest.get("fingerprint")


def make_set(
    root: Path,
    wanted: Manifest,
    build: Callable[[Path], Manifest],
    *,
    identity: Iterable[str],
    progress: Progress,
    check: Check | None = None,
) -> Manifest:
    """Make `root/wanted["dataset"]`, or leave it where the same set is there already; what is
    missing of that is made again, where `check` is given.

    Args:
        wanted: what the set is made from; `identity` names what of it tells sets apart.
        build: fills the folder it is given, going on with what is there, and returns the rest of
            the manifest, `counts` (clips by split) among it.
        check: of a set that is there; None: it is taken as it is.

    Returns:
        the manifest.

    Raises:
        BadFile: something else is there; what `build` raises, and then nothing is left of a set
        that was not there before. WriteFailed: disk full, no permission.
    """
    target = root / wanted["dataset"]
    if not target.exists():
        absent = [folder for folder in (root, *root.parents) if not folder.exists()]
        try:
            with _alone(target, progress):
                made = None if target.exists() else _made(target, wanted, build)
        except BadFile:
            for folder in absent:
                with suppress(OSError):  # others may have put something there meanwhile
                    folder.rmdir()
            raise
        if made is not None:
            progress.say(f"{target}: {sum(made['counts'].values())} clips")
            return made
    there = _existing(target, wanted, identity)
    if check is None or not check.changed(target, there):
        progress.say(f"{target}: already there")
        return there
    if not check.lacks(target):
        raise _other(target)
    with _alone(target, progress), _kept(target, there, check):
        build(target)
    progress.say(f"{target}: what was missing is made again")
    return there


@contextmanager
def _kept(target: Path, there: Manifest, check: Check) -> Iterator[None]:
    """Where the set does not become again what its manifest says, what came to it meanwhile is
    taken away, and a BadFile says so."""
    before = set(target.rglob("*"))
    try:
        yield
        if check.changed(target, there):
            raise _other(target)
    except BadFile:
        for path in sorted(set(target.rglob("*")) - before, reverse=True):  # what a folder holds
            path.rmdir() if path.is_dir() else path.unlink()  # comes before it
        raise


def _other(target: Path) -> BadFile:
    return BadFile(
        f"{target}: not as it was made: files were changed or added since, or another version of"
        " seldbench made it; remove that folder and start the same command again"
    )


@contextmanager
def _alone(target: Path, progress: Progress) -> Iterator[None]:
    """Nobody else makes the set meanwhile."""
    lock = target.with_name(f".{target.name}.lock")
    with locked(lock, lambda: progress.say(f"{target}: another process makes it; waiting")):
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)  # whoever waits looks at the set anew


def _made(target: Path, wanted: Manifest, build: Callable[[Path], Manifest]) -> Manifest:
    part = target.with_name(part_name(target.name))
    _start(part, wanted)
    try:
        manifest = {**wanted, **build(part)}
    except BadFile:  # of what it is made of: it could not go on from here
        shutil.rmtree(part, ignore_errors=True)
        raise
    write_json(part / "manifest.json", manifest)
    (part / "parameters.json").unlink()
    try:
        os.replace(part, target)
    except OSError as error:
        raise WriteFailed(f"{target}: cannot be made ({error.strerror})") from error
    return manifest


def fills(sounds: Path | None, fill_missing: str | None) -> bool:
    """Whether classes that a folder of sounds lacks are made by formula.

    Raises:
        UnknownName: anything but None or "procedural". SeldbenchError: no folder given.
    """
    if fill_missing not in (None, "procedural"):
        raise UnknownName(f"fill_missing: {fill_missing!r} given; None or 'procedural' expected")
    if sounds is None and fill_missing:
        raise SeldbenchError("fill_missing is for a folder of sounds; none was given")
    return fill_missing is not None


def part_name(name: str) -> str:
    """The folder that a set of this name is built in."""
    return f".{name}.part"


def sweep(folder: Path) -> None:
    """Remove what interrupted writes left."""
    for leftover in folder.rglob(".*.part"):
        leftover.unlink(missing_ok=True)


def fingerprint(folder: Path, tables: str) -> str:
    """SHA-256 over the text of every table (a file ending in `tables`) and every other file's name
    and size."""
    found = sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        text = path.suffix == tables
        found.update(path.read_bytes() if text else str(path.stat().st_size).encode())
    return found.hexdigest()


def _existing(target: Path, wanted: Manifest, identity: Iterable[str]) -> Manifest:
    """The manifest of the set that is there, if it is the wanted one."""
    path = target / "manifest.json"
    if not path.exists():
        raise BadFile(
            f"{target}: is there, but without manifest.json, so no simulated set; move it"
        )
    try:
        there = read_json(path)
    except BadFile as error:
        raise BadFile(f"{error}; remove {target} and simulate again") from None
    if not isinstance(there, dict):
        raise BadFile(f"{path}: not a manifest; remove {target} and simulate again")
    other = [k for k in identity if there.get(k) != wanted[k]]
    if other:
        found, asked = (", ".join(f"{k} {of.get(k)}" for k in other) for of in (there, wanted))
        raise BadFile(
            f"{target}: holds another set ({found}; wanted: {asked}). Give another --data-root, or"
            " remove that folder first"
        )
    return there


def _start(part: Path, wanted: Manifest) -> None:
    """A folder to build in; what another set's interrupted build left there is removed."""
    path = part / "parameters.json"
    try:
        if part.exists() and not (path.exists() and read_json(path) == wanted):
            shutil.rmtree(part)
        part.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(
            f"{part}: cannot be made ({error.strerror}); choose another --data-root"
        ) from error
    write_json(path, wanted)
