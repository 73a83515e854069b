"""Simulated clips in ESC-50's layout, as `seldbench data simulate esc50-sim` writes them."""

from pathlib import Path

from seldbench.datasets._esc50_tree import Esc50Tree
from seldbench.datasets._manifest import Manifest
from seldbench.datasets._tag_set import SimulatedTagSet
from seldbench.simulation.tagging import ESC50, simulate_esc50


def open_tree(folder: Path, manifest: Manifest, mend: str) -> Esc50Tree:
    return Esc50Tree(
        ESC50.name,
        folder / ESC50.folder,
        classes=manifest.classes,
        clips=manifest.counts["test"],
        how=f"To mend it, {mend}",
    )


DATASET = SimulatedTagSet(ESC50.name, open_tree, simulate_esc50)
