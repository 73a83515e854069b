"""The folder of a simulated set: built beside its place, and renamed when complete.

root/NAME/manifest.json   what the set was made from, and its fingerprint
root/.NAME.part/          a build under way, or interrupted; parameters.json says of which set
root/.NAME.lock           held by the process that builds; gone with the build
"""

import os
import shutil
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from seldbench.contracts import Progress
from seldbench.errors import BadFile, SeldbenchError, UnknownName, WriteFailed
from seldbench.storage import locked, read_json, write_json

Manifest = dict[str, Any]


def make_set(
    root: Path,
    wanted: Manifest,
    build: Callable[[Path], Manifest],
    *,
    identity: Iterable[str],
    progress: Progress,
) -> Manifest:
    """Make `root/wanted["dataset"]`, or leave it where the same set is there already.

    Args:
        wanted: what the set is made from; `identity` names what of it tells sets apart.
        build: fills the folder it is given, going on with what is there, and returns the rest of
            the manifest, `counts` (clips by split) among it.

    Returns:
        the manifest.

    Raises:
        BadFile: something else is there. WriteFailed: disk full, no permission.
    """
    target = root / wanted["dataset"]
    lock = root / f".{wanted['dataset']}.lock"
    if not target.exists():
        with locked(lock, lambda: progress.say(f"{target}: another process makes it; waiting")):
            made = None if target.exists() else _made(target, wanted, build)
            lock.unlink(missing_ok=True)  # the set is there: whoever waits finds it
        if made is not None:
            progress.say(f"{target}: {sum(made['counts'].values())} clips")
            return made
    return _existing(target, wanted, identity, progress)


def _made(target: Path, wanted: Manifest, build: Callable[[Path], Manifest]) -> Manifest:
    part = target.with_name(part_name(target.name))
    _start(part, wanted)
    manifest = {**wanted, **build(part)}
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


def _existing(
    target: Path, wanted: Manifest, identity: Iterable[str], progress: Progress
) -> Manifest:
    """The manifest of the set that is there, if it is the wanted one."""
    path = target / "manifest.json"
    if not path.exists():
        raise BadFile(
            f"{target}: is there, but without manifest.json, so no simulated set; move it"
        )
    there = read_json(path)
    if not isinstance(there, dict):
        raise BadFile(f"{path}: not a manifest; remove {target} and simulate again")
    other = [k for k in identity if there.get(k) != wanted[k]]
    if other:
        found, asked = (", ".join(f"{k} {of.get(k)}" for k in other) for of in (there, wanted))
        raise BadFile(
            f"{target}: holds another set ({found}; wanted: {asked}). Give another --data-root, or"
            " remove that folder first"
        )
    progress.say(f"{target}: already there")
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
