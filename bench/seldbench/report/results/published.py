"""The files of a published run, `runs/<run>/` in a reports folder, as pages read them."""

from pathlib import Path
from typing import Any

from seldbench.errors import BadFile
from seldbench.storage import read_json

FORMAT = 1  # of the JSON files in runs/<run>/


def read_part(path: Path) -> dict[str, Any]:
    """A JSON file of `publish`.

    Raises:
        BadFile: it is absent, no JSON, or of another format.
    """
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        version = content.get("format") if isinstance(content, dict) else None
        raise BadFile(
            f"{path}: format {version!r}, this seldbench reads {FORMAT}; publish the run again"
        )
    return content


def optional_part(path: Path) -> dict[str, Any] | None:
    """The same of a file that runs published by older versions lack."""
    return read_part(path) if path.exists() else None


def read_beside(name: str, folder: Path) -> bytes:
    """A picture or sound that a JSON file names.

    Raises:
        BadFile: there is no such file, or it lies elsewhere.
    """
    path = folder / name
    if path.parent != folder or not path.is_file():
        raise BadFile(
            f"{folder / 'clips.json'}: no picture or sound {name!r} beside it; publish again"
        )
    return path.read_bytes()
