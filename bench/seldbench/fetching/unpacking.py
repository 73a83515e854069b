"""Archives (.zip in one or more volumes, .tar.gz) unpacked so that nothing outside the target can
be touched, nothing there is overwritten, and an archive is there as a whole or not at all."""

import gzip
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from seldbench.contracts import Progress
from seldbench.errors import BadFile, WriteFailed
from seldbench.fetching.split_zip import open_zip

CHUNK = 1 << 20
MEGABYTE = 1_000_000
_ENCRYPTED = 0x1
_SPECIAL = "which is a link or a special file"


def unpack(volumes: Sequence[Path], target: Path, progress: Progress) -> list[str]:
    """The archive's files into `target`, by way of a folder beside them.

    Returns:
        the names at its top, such as foa_dev.

    Raises:
        BadFile: damaged, a name that leads out of the target, a link, a file that is there already
            with other content. WriteFailed: too little space, no permission. Nothing is changed.
    """
    part = target / f".{volumes[-1].stem}.unpacking"
    try:
        shutil.rmtree(part, ignore_errors=True)  # of an interrupted try
        if volumes[-1].name.endswith(".tar.gz"):
            _extract_tar(volumes[-1], part, progress)
        else:
            _extract_zip(volumes, part, progress)
        tops = sorted(entry.name for entry in part.iterdir())
        _refuse_others(part, target, volumes[-1])
        _move(part, target)
    except OSError as error:
        raise WriteFailed(
            f"{target}: cannot be written ({error.strerror or error}); free space or choose"
            " another --data-root, then start the same command again"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return tops


def _extract_zip(volumes: Sequence[Path], part: Path, progress: Progress) -> None:
    with open_zip(volumes) as archive:
        members = [m for m in archive.infolist() if not _is_rubbish(m.filename)]
        for member in members:
            _refuse_unsafe(volumes[-1], member)
        _refuse_twice(volumes[-1], [member.filename for member in members])
        need_space(part.parent, sum(member.file_size for member in members))
        _extract(archive, members, part, volumes[-1], progress)


def _extract_tar(path: Path, part: Path, progress: Progress) -> None:
    """In one pass, since nothing says beforehand what a .tar.gz holds: what is not to be trusted
    ends it, and the caller removes what was written."""
    part.mkdir(parents=True)
    names: list[str] = []
    done = 0
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                name = member.name.removeprefix("./").rstrip("/")
                if name in ("", ".") or _is_rubbish(name):
                    continue
                _refuse_unsafe_tar(path, member, name)
                names.append(name)
                _take(archive, member, part / name)
                done += member.size
                so_far = done // MEGABYTE  # of how much is not known
                progress.advance(f"unpacking {path.name}", so_far, so_far, "MB")
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise BadFile(f"{path}: damaged ({error}); remove it and fetch it again") from error
    _refuse_twice(path, names)


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    assert source is not None  # of a plain file there is one
    with place.open("wb") as file:
        shutil.copyfileobj(source, file, CHUNK)


def need_space(folder: Path, size: int) -> None:
    """Raises WriteFailed where the disk has less than `size` bytes left."""
    there = next(f for f in (folder, *folder.parents) if f.exists())
    free = shutil.disk_usage(there).free
    if size > free:
        raise WriteFailed(
            f"{folder}: {gigabytes(size)} are needed, {gigabytes(free)} are free; free space or"
            " choose another --data-root"
        )


def gigabytes(size: int) -> str:
    """'5.7 GB', or in MB where it is less than one."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _is_rubbish(name: str) -> bool:
    """What macOS adds to archives."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name == ".DS_Store"


def _refuse_unsafe(path: Path, member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    why = _why_unsafe(member.filename)
    if not why and kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        why = _SPECIAL
    if not why and member.flag_bits & _ENCRYPTED:
        why = "which is encrypted"
    if why:
        raise _untrusted(path, member.filename, why)


def _refuse_unsafe_tar(path: Path, member: tarfile.TarInfo, name: str) -> None:
    why = _why_unsafe(name)
    if not why and not (member.isreg() or member.isdir()):
        why = _SPECIAL
    if why:
        raise _untrusted(path, member.name, why)


def _why_unsafe(name: str) -> str:
    """Why a name is not to be trusted; "" if it is."""
    parts = name.rstrip("/").split("/")
    if not name or name.startswith("/") or "\\" in name or ":" in parts[0] or "\0" in name:
        return "which is no name below a folder"
    if any(part in ("", ".", "..") for part in parts):
        return "which could lead out of the folder"
    return ""


def _untrusted(path: Path, name: str, why: str) -> BadFile:
    return BadFile(f"{path}: holds {name!r}, {why}; nothing was unpacked, do not trust the file")


def _refuse_twice(path: Path, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for given in names:
        name = given.rstrip("/").casefold()
        if name in seen:
            raise BadFile(f"{path}: holds {given!r} twice; nothing was unpacked")
        seen.add(name)


def _extract(
    archive: zipfile.ZipFile,
    members: Sequence[zipfile.ZipInfo],
    part: Path,
    path: Path,
    progress: Progress,
) -> None:
    total, done = sum(member.file_size for member in members), 0
    part.mkdir(parents=True)
    for member in members:
        place = part / member.filename
        if member.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with archive.open(member) as source, place.open("xb") as file:
                while chunk := source.read(CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    told = f"unpacking {path.name}"
                    progress.advance(told, done // MEGABYTE, total // MEGABYTE, "MB")
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise BadFile(
                f"{path}: {member.filename} is damaged ({error}); remove it and fetch it again"
            ) from error
        except NotImplementedError as error:
            raise BadFile(
                f"{path}: {member.filename}: {error}; unpack it with another program, into the"
                " same folder"
            ) from error


def _refuse_others(part: Path, target: Path, archive: Path) -> None:
    """Raises BadFile where a file would take the place of one with other content."""
    for file in _files(part):
        place = target / file.relative_to(part)
        if os.path.lexists(place) and not _same(file, place):
            raise BadFile(
                f"{place}: is there already, and not as in {archive.name}; nothing was changed."
                " Move it away, then start the same command again"
            )


def _same(first: Path, second: Path) -> bool:
    if not second.is_file() or first.stat().st_size != second.stat().st_size:
        return False
    with first.open("rb") as a, second.open("rb") as b:
        while chunk := a.read(CHUNK):
            if chunk != b.read(CHUNK):
                return False
    return True


def _move(part: Path, target: Path) -> None:
    """What is not there yet; a folder that is not there at all in one step."""
    for entry in sorted(part.iterdir()):
        place = target / entry.name
        if not os.path.lexists(place):
            os.replace(entry, place)
        elif entry.is_dir():
            _move(entry, place)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir())
