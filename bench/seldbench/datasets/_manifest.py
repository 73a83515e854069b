"""The manifest of a simulated set: what it was made of, and its fingerprint; and where sets lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from types import MappingProxyType
from typing import Any

from seldbench.errors import BadFile, MissingData
from seldbench.storage import read_json

MANIFEST = "manifest.json"
FORMAT = 1
_BUILTIN = "builtin"
_OF_SCENES = ("rooms", "moving", "snr", "overlap", "interferers")
_OF_MIXTURES = ("array", "noise", "jitter", "levels")
_OPTIONS = (*_OF_SCENES, *_OF_MIXTURES)


@dataclass(frozen=True)
class Manifest:
    """classes: those that the set can have, or has an event of; test_classes: those with one in
    test. counts: clips by split. sounds: "builtin" or the digest of the recordings; folder: their
    folder's name. options: what scenes or mixtures are like, as `data simulate` takes it.
    """

    dataset: str
    classes: tuple[str, ...]
    test_classes: tuple[str, ...]
    counts: Mapping[str, int]
    scale: str
    seed: int
    sounds: str
    folder: str | None
    fill_missing: str | None
    generator: int
    fingerprint: str
    options: Mapping[str, Any]

    @property
    def says(self) -> str:
        """What a result on the set must say."""
        sources = "built-in procedural sources"
        if self.sounds != _BUILTIN:
            sources = f"recordings of {self.folder!r}, digest {self.sounds[:12]}"
            if self.fill_missing:
                sources += f", lacking classes {self.fill_missing}"
        made = f"scale {self.scale}, seed {self.seed}, generator {self.generator}"
        return "; ".join([f"simulated scenes ({sources}", made, *self._how_hard]) + ")"

    @property
    def arguments(self) -> str:
        """What `seldbench data simulate` was given, but for the data root."""
        about = {"scale": self.scale, "seed": self.seed, "sounds": self.sounds}
        about |= {"sounds_folder": self.folder, "fill_missing": self.fill_missing}
        return _arguments({**about, **self.options})

    @property
    def _how_hard(self) -> list[str]:
        if not self.options:
            return []
        of = self.options
        if "levels" in of:
            return [_of_mixtures(of)]
        low, high = of["snr"]
        words = f"{of['rooms']} rooms, SNR {low} to {high} dB, up to {of['overlap']} at once"
        if of["moving"] is not None:
            words += f", {of['moving']:g} of what can move moves"
        return [words + (", interferers" if of["interferers"] else ", no interferers")]


def _of_mixtures(of: Mapping[str, Any]) -> str:
    array = {"direct": "microphones free in the air", "head": "microphones on a sphere"}
    off = f", up to {of['jitter']} degrees off the eight directions" if of["jitter"] else ""
    levels = {"dominant": "one source louder", "equal": "three equally loud sources"}
    return f"{array[of['array']]}, {levels[of['levels']]}, {of['noise']} noise{off}"


def find_set(root: Path, name: str) -> Path:
    """The folder of a simulated set; raises MissingData where none is finished there."""
    folder = root / name
    if (folder / MANIFEST).is_file():
        return folder
    simulate = f"seldbench data simulate {name} --scale small --data-root"
    if (root / MANIFEST).is_file() and root.name == name:
        raise MissingData(
            f"{name}: {root} is the set itself; --data-root is the folder that it lies in:"
            f" {root.parent}"
        )
    from seldbench.simulation.sets import part_name  # with it comes all of the simulation

    part = root / part_name(name)
    if part.is_dir():
        raise MissingData(
            f"{name}: {part} was begun and not finished; the command that began it goes on where"
            f" it stopped:\n  seldbench data simulate {name} {_begun_with(part)} --data-root"
            f" {quote(str(root))}"
        )
    raise MissingData(
        f"{name}: no {folder / MANIFEST}. Make the set, from built-in sounds or with --sounds from"
        " a folder of recordings (--scale tiny is made in seconds):\n"
        f"  {simulate} {quote(str(root))}"
    )


def read_manifest(path: Path) -> Manifest:
    """Raises BadFile where it is no manifest, or one of another version."""
    try:
        content = read_json(path)
    except BadFile as error:
        raise BadFile(f"{error}; {_again(path, None)}") from None
    if not is_manifest(path) or content.get("format") != FORMAT:
        raise BadFile(f"{path}: not a manifest of format {FORMAT}; {_again(path, content)}")
    try:
        return _manifest(content)
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"{path}: lacks or garbles {error}; {_again(path, content)}") from error


def _again(path: Path, content: Any) -> str:
    """How a set is made again whose manifest cannot be read; its folder bears its name."""
    name = content.get("dataset") if isinstance(content, dict) else None
    return (
        f"remove {path.parent} and make the set again with"
        f" `seldbench data simulate {name or path.parent.name}`"
    )


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
    options = {name: content[name] for name in _OPTIONS if name in content}
    return Manifest(
        dataset=str(content["dataset"]),
        classes=tuple(content["classes"]),
        test_classes=tuple(content["test_classes"]),
        counts={split: int(clips) for split, clips in dict(content["counts"]).items()},
        scale=str(content["scale"]),
        seed=int(content["seed"]),
        sounds=str(content["sounds"]),
        folder=content["sounds_folder"],
        fill_missing=content["fill_missing"],
        generator=int(content["generator"]),
        fingerprint=str(content["fingerprint"]),
        options=MappingProxyType(options),
    )


def _begun_with(part: Path) -> str:
    """The arguments of a build that was begun."""
    try:
        return _arguments(read_json(part / "parameters.json"))
    except (BadFile, KeyError, TypeError):
        return "--scale small"  # nothing there can be gone on with


def _arguments(made: Mapping[str, Any]) -> str:
    words = f"--scale {made['scale']} --seed {made['seed']}"
    if made["sounds"] != _BUILTIN:
        words += f" --sounds PATH/{made['sounds_folder']}"
    words += f" --fill-missing {made['fill_missing']}" if made["fill_missing"] else ""
    for name in _OPTIONS:
        value = made.get(name)
        if isinstance(value, bool):
            words += f" --{name}" if value else f" --no-{name}"
        elif value is not None:
            words += f" --{name} {_listed(value)}"
    return words


def _listed(value: Any) -> str:
    """ "6,30" of [6, 30]."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
