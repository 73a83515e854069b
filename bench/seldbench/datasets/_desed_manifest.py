"""The manifest beside a simulated tree: what it was made of, and its fingerprint."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seldbench.errors import BadFile
from seldbench.storage import read_json

MANIFEST = "manifest.json"
FORMAT = 1
_BUILTIN = "builtin"


@dataclass(frozen=True)
class Manifest:
    """classes: those with an event in training or test, sorted; test_classes: in test. counts:
    clips by split. sounds: "builtin" or the digest of the recordings; folder: their folder's name.
    """

    classes: tuple[str, ...]
    test_classes: tuple[str, ...]
    counts: dict[str, int]
    scale: str
    seed: int
    sounds: str
    folder: str | None
    fill_missing: str | None
    generator: int
    fingerprint: str

    @property
    def says(self) -> str:
        """What a result on the set must say."""
        sources = "built-in procedural sources"
        if self.sounds != _BUILTIN:
            sources = f"recordings of {self.folder!r}, digest {self.sounds[:12]}"
            if self.fill_missing:
                sources += f", lacking classes {self.fill_missing}"
        made = f"scale {self.scale}, seed {self.seed}, generator {self.generator}"
        return f"simulated scenes ({sources}; {made})"

    @property
    def arguments(self) -> str:
        """What `seldbench data simulate desed-sim` was given, but for the data root."""
        words = f"--scale {self.scale} --seed {self.seed}"
        if self.sounds != _BUILTIN:
            words += f" --sounds PATH/{self.folder}"
        return words + (f" --fill-missing {self.fill_missing}" if self.fill_missing else "")


def read_manifest(path: Path) -> Manifest:
    """Raises BadFile where it is no manifest, or one of another version."""
    content = read_json(path)
    if not is_manifest(path) or content.get("format") != FORMAT:
        raise BadFile(
            f"{path}: not a manifest of format {FORMAT}; remove {path.parent} and make the set"
            " again with `seldbench data simulate desed-sim`"
        )
    try:
        return _manifest(content)
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"{path}: lacks or garbles {error}; make the set again") from error


def is_manifest(path: Path) -> bool:
    """Whether the file is a simulated set's manifest, not some other file of that name."""
    if not path.is_file():
        return False
    try:
        content = read_json(path)
    except BadFile:
        return False
    return isinstance(content, dict) and {"classes", "seed", "scale"} <= content.keys()


def _manifest(content: dict[str, Any]) -> Manifest:
    tested = tuple(sorted(content["test_classes"]))
    return Manifest(
        classes=tuple(sorted({*content["classes"], *tested})),
        test_classes=tested,
        counts={split: int(clips) for split, clips in dict(content["counts"]).items()},
        scale=str(content["scale"]),
        seed=int(content["seed"]),
        sounds=str(content["sounds"]),
        folder=content["sounds_folder"],
        fill_missing=content["fill_missing"],
        generator=int(content["generator"]),
        fingerprint=str(content["fingerprint"]),
    )
