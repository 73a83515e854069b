"""Simulated clips in AudioSet's layout, as `seldbench data simulate audioset-sim` writes them."""

from pathlib import Path

from seldbench.datasets._audioset_tree import AudioSetTree
from seldbench.datasets._manifest import Manifest
from seldbench.datasets._tag_set import SimulatedTagSet
from seldbench.simulation.tagging import AUDIOSET, simulate_audioset


def open_tree(folder: Path, manifest: Manifest, mend: str) -> AudioSetTree:
    return AudioSetTree(
        AUDIOSET.name,
        folder / AUDIOSET.folder,
        clips=dict(manifest.counts),
        how=f"To mend it, {mend}",
    )


DATASET = SimulatedTagSet(AUDIOSET.name, open_tree, simulate_audioset)
