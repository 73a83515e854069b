"""A folder of recordings without a catalogue: `<root>/<class>/*.wav` and `<root>/split.csv`.

`split.csv` has the columns `file` (below the root, with /) and `split` ("train", "validation" or
"test"), one row for each sound file. Every file is a source of its own, so files of one speaker or
one session belong into one split.
"""

import csv
from collections.abc import Collection
from io import StringIO
from pathlib import Path, PurePosixPath

from seldbench.errors import BadFile, MissingData, UnknownName, near
from seldbench.simulation.catalogue import (
    Catalogue,
    Entry,
    check,
    check_together,
    digest_of,
    read_catalogue,
)

SPLITS = "split.csv"
_COLUMNS = ("file", "split")
_SUFFIXES = (".wav", ".flac", ".ogg")


def read_sounds(folder: Path, known: Collection[str] | None) -> Catalogue:
    """The catalogue of a folder of recordings: `catalogue.csv`, or what `split.csv` amounts to.

    Raises:
        MissingData: the folder has neither file. BadFile, UnknownName: what `read_catalogue` and
        `read_folder` raise.
    """
    if (folder / "catalogue.csv").is_file():
        return read_catalogue(folder)
    if (folder / SPLITS).is_file():
        return read_folder(folder, known)
    raise MissingData(
        f"{folder}: neither catalogue.csv nor {SPLITS} found; a folder of sounds has a catalogue,"
        f" or a folder for each class and a {SPLITS} with the columns file, split"
    )


def read_folder(folder: Path, known: Collection[str] | None) -> Catalogue:
    """The catalogue that `folder/split.csv` and the names of the classes' folders amount to.

    Args:
        known: names that the folders may have; None for any.

    Raises:
        BadFile: a column, a row or a file is missing, listed twice or of an unknown split.
        UnknownName: a folder of another name.
    """
    path = folder / SPLITS
    content = path.read_bytes()
    try:
        reader = csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""))
    except UnicodeDecodeError:
        raise BadFile(f"{path}: not UTF-8; save it as UTF-8") from None
    lacking = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
    if lacking:
        raise BadFile(f"{path}: column {', '.join(lacking)} missing; it has {reader.fieldnames}")
    entries = []
    for line, row in enumerate(reader, start=2):
        file, split = ((row[c] or "").strip() for c in _COLUMNS)
        entries.append(_entry(file, split, folder, known, f"{path}, line {line}"))
    found = tuple(entries)
    check_together(found, path)
    _check_complete(found, folder, path)
    return Catalogue(folder, found, digest_of(content, folder, found))


def _entry(file: str, split: str, folder: Path, known: Collection[str] | None, where: str) -> Entry:
    parts = PurePosixPath(file).parts
    if len(parts) != 2:
        raise BadFile(f"{where}: {file or 'no file'}: <class>/<name> expected")
    if known is not None and parts[0] not in known:
        raise UnknownName(
            f"{where}: no class {parts[0]!r}{near(parts[0], known)}; rename its folder to"
            ' a class of the data set, or to "general"'
        )
    entry = Entry(file, "event", parts[0], desed="", split=split, source_id=file)
    check(entry, folder, where)
    return entry


def _check_complete(entries: tuple[Entry, ...], folder: Path, path: Path) -> None:
    listed = {entry.file for entry in entries}
    for file in sorted(folder.glob("*/*")):
        name = file.relative_to(folder).as_posix()
        if file.suffix.lower() in _SUFFIXES and name not in listed:
            raise BadFile(f"{path}: {name} has no row; add one with its split")
