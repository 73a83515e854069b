"""`seldbench data fetch`: the archives of a published set, downloaded and unpacked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seldbench import registry
from seldbench.contracts import Progress, Quiet
from seldbench.datasets import DATA
from seldbench.datasets._publication import Archive, Publication, RemoteFile
from seldbench.errors import BadFile, MissingData, UnknownName, near
from seldbench.fetching.downloads import download, size_of
from seldbench.fetching.unpacking import gigabytes, need_space, unpack
from seldbench.storage import read_json, write_json

ARCHIVES = "archives"  # below the set's folder
RECEIPT = ".fetched.json"  # {archive: its MD5s and what it unpacked to}
UNPACKED = 1.4  # unpacked size to be reckoned with, in archives' sizes; real recordings: 1.2


def fetch(
    name: str,
    root: Path | None,
    parts: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """The published parts of a data set (None: the standard ones), ready below the data root; the
    set's folder.

    What is there already is left as it is.

    Raises:
        UnknownName: no such data set or part, or a set that is not fetched.
        MissingData: no checksum is known, or no connection.
        BadFile: another checksum, an archive that cannot be trusted, a file in the way.
        WriteFailed: disk full, no permission.
    """
    found = registry.find("datasets", name)
    publication: Publication | None = getattr(found, "publication", None)
    if publication is None:
        raise UnknownName(
            f"{name} cannot be fetched; `seldbench data check {name}` says how to get it. These can"
            f" be: {', '.join(n for n in registry.names('datasets') if _fetched(n))}"
        )
    told = progress or Quiet()
    told.say(f"{name}, {publication.record}. Licence: {found.licence}")
    told.say(f"Please cite: {found.citation}")
    return fetch_publication(publication, root or DATA, parts or publication.standard, told)


def fetch_publication(
    publication: Publication, root: Path, parts: Sequence[str], progress: Progress
) -> Path:
    """`fetch` of what is published there."""
    folder = root / publication.folder
    chosen = [_archive(publication, part) for part in dict.fromkeys(parts)]
    left = [archive for archive in chosen if not _is_unpacked(folder, archive)]
    for archive in chosen:
        if archive not in left:
            progress.say(f"{archive.files[-1].name}: unpacked already")
    _refuse_too_little_space(publication, folder, left, progress)
    for archive in left:
        volumes = [folder / ARCHIVES / file.name for file in archive.files]
        for file, path in zip(archive.files, volumes):
            url = publication.files.format(name=file.name)
            download(url, path, file.md5 or "", publication.checksums, progress)
        tops = unpack(volumes, folder, progress)
        _keep_receipt(folder, archive, tops)
        progress.say(f"{archive.files[-1].name}: unpacked to {_listed(folder, tops)}")
    if left:
        progress.say(f"Not needed any longer: {folder / ARCHIVES}")
    return folder


def _archive(publication: Publication, part: str) -> Archive:
    """The archive of a part, every file of which has a checksum."""
    if part in publication.by_hand:
        raise MissingData(f"{part}: {publication.by_hand[part]}")
    for archive in publication.archives:
        if archive.part == part:
            for file in archive.files:
                _refuse_unchecked(publication, file)
            return archive
    known = (*publication.parts, *publication.by_hand)
    raise UnknownName(f"no part {part!r}{near(part, known)}; there are {', '.join(known)}")


def _refuse_too_little_space(
    publication: Publication, folder: Path, archives: Sequence[Archive], progress: Progress
) -> None:
    """Says what is to be fetched, after asking the server how large it is."""
    fetched = unpacked = 0
    for archive in archives:
        for file in archive.files:
            there = folder / ARCHIVES / file.name
            part = there.with_name(there.name + ".part")
            size = size_of(publication.files.format(name=file.name)) or 0
            have = next((p.stat().st_size for p in (there, part) if p.exists()), 0)
            fetched += max(size - have, 0)
            unpacked += round(UNPACKED * size)
            progress.say(f"  {file.name}: {gigabytes(size)}, {gigabytes(have)} of it here")
    need_space(folder, fetched + unpacked)


def _refuse_unchecked(publication: Publication, file: RemoteFile) -> None:
    if file.md5 is None:
        raise MissingData(
            f"{file.name}: no source names its checksum, so it is not fetched; get it by hand from"
            f" {publication.record}"
        )


def _is_unpacked(folder: Path, archive: Archive) -> bool:
    """Whether the very same archive was, and what it unpacked to is still there."""
    kept = _receipts(folder).get(archive.files[-1].name, {})
    same = kept.get("md5") == [file.md5 for file in archive.files]
    return same and all((folder / top).exists() for top in kept.get("tops", ()))


def _keep_receipt(folder: Path, archive: Archive, tops: Sequence[str]) -> None:
    kept = {"md5": [file.md5 for file in archive.files], "tops": list(tops)}
    write_json(folder / RECEIPT, _receipts(folder) | {archive.files[-1].name: kept})


def _receipts(folder: Path) -> dict[str, Any]:
    """What was unpacked so far; without a readable receipt, nothing."""
    try:
        found = read_json(folder / RECEIPT)
    except BadFile:
        return {}
    return found if isinstance(found, dict) else {}


def _listed(folder: Path, tops: Sequence[str]) -> str:
    return ", ".join(str(folder / top) for top in tops)


def _fetched(name: str) -> bool:
    return getattr(registry.find("datasets", name), "publication", None) is not None
