"""Which pages stand: one is rendered anew only where what it is made of changed.

For every page `<out>/.cache/<page>.json` holds a digest of what went in (published data, templates,
the package's code, the releases of the drawing libraries) and one of each file that came out. A
page stands while all of them hold: a file that is gone, or was changed by hand, is written anew. A
cache file that cannot be read counts as none; the folder may be removed at any time.
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import seldbench
from seldbench.errors import BadFile
from seldbench.storage import read_json, write_json, write_text

FORMAT = 1  # of a cache file
FOLDER = ".cache"
# The rooms of the package that pages are made by; all else that they say is in published data.
ROOMS = ("report", "evaluation", "metrics", "recipe")
LIBRARIES = ("matplotlib", "jinja2", "numpy")
SOURCES = (".py", ".html", ".css", ".svg", ".js")


def digest(*parts: bytes | str) -> str:
    """One of several parts in their order."""
    total = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        total.update(f"{len(content)}:".encode() + content)
    return total.hexdigest()


def digest_of(files: Iterable[Path]) -> str:
    """Of files' names and contents, whatever the order in which they are named."""
    return digest(*(part for path in sorted(files) for part in (path.name, path.read_bytes())))


@cache
def code_digest() -> str:
    """Of the code and the templates that pages are made by."""
    home = Path(seldbench.__file__).parent
    rooms = [path for room in ROOMS for path in sorted((home / room).rglob("*"))]
    files = [p for p in (*sorted(home.glob("*.py")), *rooms) if p.suffix in SOURCES]
    said = [f"{p.relative_to(home)}" for p in files]
    return digest(*said, *(p.read_bytes() for p in files), *(version(name) for name in LIBRARIES))


class Rendering:
    """The pages of one folder.

    written, kept: the names of the pages that this rendering wrote anew and of those that stood.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.written: list[str] = []
        self.kept: list[str] = []

    def page(self, name: str, inputs: str, make: Callable[[], None], *folders: str) -> None:
        """Make a page where it does not stand.

        Args:
            name: such as "runs/<id>", in `out`; index.html there is the page.
            inputs: a digest of the data that it is made of.
            make: writes the page, and files into `folders`.
            folders: in `out`, whose files are of this page alone.
        """
        record = self.out / FOLDER / f"{name or 'index'}.json"
        now = digest(inputs, code_digest())
        if self._stands(record, now):
            self.kept.append(name)
            return
        make()
        page = self.out / name / "index.html"
        found = [page, *(p for folder in folders for p in _files(self.out / folder))]
        outputs = {p.relative_to(self.out).as_posix(): digest(p.read_bytes()) for p in found}
        write_text(self.out / FOLDER / ".gitignore", "*\n")
        write_json(record, {"format": FORMAT, "inputs": now, "outputs": outputs})
        self.written.append(name)

    def _stands(self, record: Path, inputs: str) -> bool:
        known = _read(record)
        if known.get("inputs") != inputs:
            return False
        return all(_same(self.out / name, of) for name, of in known["outputs"].items())


def _read(record: Path) -> dict[str, Any]:
    try:
        content = read_json(record)
    except BadFile:
        return {}
    whole = isinstance(content, dict) and content.get("format") == FORMAT
    return content if whole and isinstance(content.get("outputs"), dict) else {}


def _same(path: Path, known: str) -> bool:
    return path.is_file() and digest(path.read_bytes()) == known


def _files(folder: Path) -> list[Path]:
    """Files of a folder but those that somebody is writing."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".part")
