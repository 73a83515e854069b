"""The manifest beside a simulated tree."""

from pathlib import Path

from seldbench.errors import BadFile
from seldbench.storage import read_json

MANIFEST = "manifest.json"


def is_manifest(path: Path) -> bool:
    """Whether the file is a simulated set's manifest, not some other file of that name."""
    if not path.is_file():
        return False
    try:
        content = read_json(path)
    except BadFile:
        return False
    return isinstance(content, dict) and {"classes", "seed", "scale"} <= content.keys()
