"""`catalogue.csv`: what a folder of recorded sounds says of its files, one row a file.

Columns read: `file` (below the folder), `role` ("event" or "background"), `label` (what it is),
`desed` (its DESED class, or empty), `split` ("train", "validation" or "test": where it may be
used), `source_id` (one recording session, sample pack or speaker). Where they are there: `tnsse`
(its class of TAU-NIGENS Spatial Sound Events 2021, or empty), `many` (its class among many, for
source classification, or empty). Others are ignored.
"""

import csv
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path

from seldbench.errors import BadFile, MissingData, UnknownName, near
from seldbench.simulation.bank import GROUPS
from seldbench.simulation.statistics import CLASSES

COLUMNS = ("file", "role", "label", "desed", "split", "source_id")
OPTIONAL = ("tnsse", "many")
ROLES = ("event", "background")


@dataclass(frozen=True)
class Entry:
    file: str
    role: str
    label: str
    desed: str
    split: str
    source_id: str
    tnsse: str = ""
    many: str = ""


@dataclass(frozen=True)
class Catalogue:
    """digest: of the catalogue's text and the files' sizes; part of what a set is named by."""

    folder: Path
    entries: tuple[Entry, ...]
    digest: str


def read_catalogue(folder: Path) -> Catalogue:
    """Read and check `folder/catalogue.csv`.

    Raises:
        MissingData: no such folder or no catalogue. BadFile: a column, a file or a name is missing,
        listed twice, of an unknown role or split, or a source is in two splits. UnknownName: a
        `desed` label that is none of the ten classes.
    """
    path = folder / "catalogue.csv"
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise MissingData(
            f"{path}: not found; a folder of sounds has a catalogue.csv with the columns"
            f" {', '.join(COLUMNS)}"
        ) from None
    except UnicodeDecodeError:
        raise BadFile(f"{path}: not UTF-8; save it as UTF-8") from None
    reader = csv.DictReader(StringIO(text, newline=""))
    lacking = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
    if lacking:
        raise BadFile(f"{path}: column {', '.join(lacking)} missing; it has {reader.fieldnames}")
    columns = COLUMNS + OPTIONAL
    entries = tuple(Entry(*((row.get(c) or "").strip() for c in columns)) for row in reader)
    for line, entry in enumerate(entries, start=2):
        check(entry, folder, f"{path}, line {line}")
    check_together(entries, path)
    return Catalogue(folder, entries, digest_of(content, folder, entries))


def digest_of(content: bytes, folder: Path, entries: tuple[Entry, ...]) -> str:
    """16 letters that stand for a catalogue's text and its files' sizes."""
    found = sha256(content)
    for entry in entries:
        found.update(f"{(folder / entry.file).stat().st_size} ".encode())
    return found.hexdigest()[:16]


def check(entry: Entry, folder: Path, where: str) -> None:
    if not entry.file or not (folder / entry.file).is_file():
        raise BadFile(
            f"{where}: {entry.file or 'no file'}: not in {folder}; remove the row or add it"
        )
    if entry.role not in ROLES:
        raise BadFile(f"{where}: role {entry.role!r}{near(entry.role, ROLES)}; event or background")
    if entry.split not in GROUPS:
        raise BadFile(
            f"{where}: split {entry.split!r}{near(entry.split, GROUPS)}; {GROUPS} expected"
        )
    if not entry.source_id:
        raise BadFile(f"{where}: no source_id; files of one source share one")
    if entry.desed and entry.desed not in CLASSES:
        raise UnknownName(
            f"{where}: {entry.desed!r} is no class of DESED{near(entry.desed, CLASSES)};"
            " leave it empty for other sounds"
        )


def check_together(entries: tuple[Entry, ...], path: Path) -> None:
    files: set[str] = set()
    splits: dict[str, str] = {}
    for entry in entries:
        if entry.file in files:
            raise BadFile(f"{path}: {entry.file} is listed twice; keep one row")
        files.add(entry.file)
        split = splits.setdefault(entry.source_id, entry.split)
        if split != entry.split:
            raise BadFile(
                f"{path}: source {entry.source_id} is in {split} and in {entry.split}; a test on"
                " sounds heard in training means nothing, so put all its files in one split"
            )
