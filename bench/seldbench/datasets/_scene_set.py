"""A simulated set of spatial scenes: what is fixed of it (SceneSet), and the set opened on disk
(OpenSceneSet). A set says itself how many rooms it has, and how hard it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import Any

from seldbench.contracts import Clip
from seldbench.datasets._manifest import MANIFEST, Manifest, find_set, read_manifest
from seldbench.datasets._seld_inspection import SeldFiles, inspect, notes
from seldbench.datasets._seld_rows import GRID
from seldbench.datasets._seld_tree import SeldTree, Split
from seldbench.errors import BadFile
from seldbench.simulation.scenes import Kind, fingerprint


@dataclass(frozen=True)
class SceneSet:
    """Called with a data root it is the data set there.

    splits: {split of the simulation: what the real set calls it}. unique_tracks: whether a track
    number tells events apart, or only who made them.
    """

    kind: Kind
    simulate: Callable[..., dict[str, Any]]
    splits: Mapping[str, str]
    unique_tracks: bool

    def __call__(self, root: Path) -> "OpenSceneSet":
        return OpenSceneSet(self, root)

    def rules(self, manifest: Manifest) -> dict[str, Split]:
        """Which files are a split's: those of its rooms."""
        halls = self.kind.halls(manifest.options["rooms"])
        found = {}
        for split, name in self.splits.items():
            own = [hall for hall in halls if hall.split == split]
            folds = tuple(sorted({hall.fold for hall in own}))
            rooms = tuple(sorted({hall.room for hall in own}))
            found[name] = Split(manifest.counts[split], folds, rooms)
        return found


class OpenSceneSet:
    """Signs the contract Dataset.

    sounds: "builtin", or the digest of the recordings. test_classes: those with an event in test.

    Raises:
        MissingData: no set there.
        BadFile: a manifest that cannot be read, or of another version.
    """

    task = "seld"
    grid: float | None = GRID
    folds = 1
    citation = "simulated with seldbench"
    licence = "as the sounds that it was made of"

    def __init__(self, facts: SceneSet, root: Path) -> None:
        self.name = facts.kind.name
        self.classes = facts.kind.classes
        folder = find_set(root, self.name)
        self.manifest = read_manifest(folder / MANIFEST)
        self.test_classes = self.manifest.test_classes
        self.simulated: str | None = self.manifest.says
        self.sounds = self.manifest.sounds
        self._again = (
            f"remove {folder} and make the set again: seldbench data simulate {self.name}"
            f" {self.manifest.arguments} --data-root {quote(str(root))}"
        )
        self.tree = SeldTree(
            self.name,
            folder,
            self.classes,
            facts.rules(self.manifest),
            dialect=facts.kind.dialect,
            unique_tracks=facts.unique_tracks,
            obtain=f"To mend it, {self._again}",
        )
        self.splits = tuple(self.tree.splits)

    def clips(self, split: str, fold: int = 0) -> Sequence[Clip]:
        """As the tree's; also BadFile where the set is not what its manifest says."""
        if self._changed:
            raise BadFile(self._changed[0])
        return self.tree.clips(split, fold)

    def coverage(self, split: str) -> tuple[int, int]:
        return self.tree.coverage(split)

    def notes(self, split: str) -> list[str]:
        """What a person should know before they use the split."""
        return notes(self.tree, split)

    def fingerprint(self) -> str:
        """Of what is there and of what it was made with: another SNR, or no interferers, is to be
        heard and not to be seen in labels, names and sizes."""
        made = (self._fingerprint, self.manifest.arguments, self.sounds, self.manifest.generator)
        return sha256("\n".join(map(str, made)).encode()).hexdigest()

    def provenance(self) -> dict[str, object]:
        """What the set was made of, and the clips of each split by layout."""
        return {"sounds": self.sounds, "splits": self.tree.provenance()}

    def inspect(self, split: str) -> SeldFiles:
        """For `data check`: all that is to be said of a split's files."""
        return inspect(self.tree, split)

    def faults(self) -> list[str]:
        """Files changed or added since the set was made, names that two files or no split has."""
        return self._changed + self.tree.faults()

    @cached_property
    def _changed(self) -> list[str]:
        """Files removed are no fault: the splits that lack them are partial, and say so."""
        lacks = any(found < expected for found, expected in map(self.coverage, self.splits))
        if self._fingerprint == self.manifest.fingerprint or lacks:
            return []
        folder = self.tree.folder
        return [f"{folder}: files were changed or added since the set was made; {self._again}"]

    @cached_property
    def _fingerprint(self) -> str:
        """Of what is there, taken as the manifest's was."""
        return fingerprint(self.tree.folder)
