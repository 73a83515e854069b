"""Simulated scenes in DESED's layout, as `seldbench data simulate desed-sim` writes them.

The set says itself which classes it has: made from a folder of recordings, it lacks those that
the folder lacks.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from shlex import quote

from seldbench.contracts import Clip, Dataset
from seldbench.datasets._desed_parts import PARTS
from seldbench.datasets._desed_tree import Tree
from seldbench.datasets._inspection import SplitFiles
from seldbench.datasets._manifest import MANIFEST, find_set, read_manifest
from seldbench.errors import BadFile
from seldbench.simulation.desed import NAME, fingerprint, simulate_desed


class DesedSim:
    """The set in `root/desed-sim`.

    sounds: "builtin", or the digest of the recordings. test_classes: those with an event in test.

    Raises:
        MissingData: no set there.
        BadFile: a manifest that cannot be read, or of another version.
    """

    name = NAME
    task = "sed"
    grid: float | None = None
    folds = 1
    simulate = staticmethod(simulate_desed)
    citation = "simulated with seldbench"
    licence = "as the sounds that it was made of"

    def __init__(self, root: Path) -> None:
        folder = find_set(root, NAME)
        self.manifest = read_manifest(folder / MANIFEST)
        self.test_classes = tuple(sorted(self.manifest.test_classes))
        self.classes = tuple(sorted({*self.manifest.classes, *self.test_classes}))
        self.simulated: str | None = self.manifest.says
        self.sounds = self.manifest.sounds
        counts = self.manifest.counts
        parts = [replace(part, clips=counts[part.split]) for part in PARTS if part.split in counts]
        self._again = (
            f"remove {folder} and make the set again: seldbench data simulate {NAME}"
            f" {self.manifest.arguments} --data-root {quote(str(root))}"
        )
        self.tree = Tree(
            self.name,
            folder / "dataset",
            parts,
            classes=self.classes,
            obtain=lambda part: f"To mend it, {self._again}",
        )
        self.splits = self.tree.splits

    def clips(self, split: str, fold: int = 0) -> Sequence[Clip]:
        """As the tree's; also BadFile where the set is not what its manifest says."""
        if faults := self.faults():
            raise BadFile(faults[0])
        return self.tree.clips(split, fold)

    def coverage(self, split: str) -> tuple[int, int]:
        return self.tree.coverage(split)

    def fingerprint(self) -> str:
        """Of what is there, taken as the manifest's was."""
        return self._fingerprint

    def notes(self, split: str) -> list[str]:
        """What a person should know before they use the split."""
        return self.tree.notes(split)

    def provenance(self) -> dict[str, object]:
        """What the set was made of, and the tables and folders in use."""
        return {"sounds": self.sounds, "parts": self.tree.provenance()}

    def inspect(self, split: str) -> SplitFiles:
        """For `data check`: all that is to be said of a split's files."""
        return self.tree.inspect(split)

    def faults(self) -> list[str]:
        """Files changed or added since the set was made. Files removed are no fault: the splits
        that lack them are partial, and say so."""
        if self._fingerprint == self.manifest.fingerprint or self._lacks_clips():
            return []
        folder = self.tree.folder
        return [f"{folder}: files were changed or added since the set was made; {self._again}"]

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.tree.folder)

    def _lacks_clips(self) -> bool:
        try:
            coverage = [self.tree.coverage(split) for split in self.splits]
        except BadFile:  # a table that was changed: no clip of it can be said to be missing
            return False
        return any(found < expected for found, expected in coverage)


DATASET: type[Dataset] = DesedSim
