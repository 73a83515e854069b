"""A folder of recordings without a catalogue: `<root>/<class>/*.wav` and `<root>/split.csv`.

`split.csv` has the columns `file` (below the root, with /) and `split` ("train", "validation" or
"test"), one row for each sound file. Every file is a source of its own, so files of one speaker or
one session belong into one split.
"""

import csv
from io import StringIO
from pathlib import Path, PurePosixPath

from seldbench.errors import BadFile, UnknownName, near
from seldbench.simulation.catalogue import Catalogue, Entry, check, check_together, digest_of
from seldbench.simulation.dry.labels import known_labels

SPLITS = "split.csv"
_COLUMNS = ("file", "split")
_SUFFIXES = (".wav", ".flac", ".ogg")


def read_folder(folder: Path) -> Catalogue:
    """The catalogue that `folder/split.csv` and the names of the classes' folders amount to.

    Raises:
        BadFile: a column, a row or a file is missing, listed twice or of an unknown split.
        UnknownName: a folder that is no class, no interferer and no label known for one.
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
        entries.append(_entry(file, split, folder, f"{path}, line {line}"))
    found = tuple(entries)
    check_together(found, path)
    _check_complete(found, folder, path)
    return Catalogue(folder, found, digest_of(content, folder, found))


def _entry(file: str, split: str, folder: Path, where: str) -> Entry:
    parts = PurePosixPath(file).parts
    if len(parts) != 2:
        raise BadFile(f"{where}: {file or 'no file'}: <class>/<name> expected")
    if parts[0] not in known_labels():
        raise UnknownName(
            f"{where}: no class {parts[0]!r}{near(parts[0], known_labels())}; rename its folder to"
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
