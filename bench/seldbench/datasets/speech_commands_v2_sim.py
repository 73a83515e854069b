"""Simulated words in the layout of Speech Commands, as `seldbench data simulate
speech_commands_v2-sim` writes them."""

from pathlib import Path

from seldbench.datasets._manifest import Manifest
from seldbench.datasets._speech_commands_tree import SpeechCommandsTree
from seldbench.datasets._tag_set import SimulatedTagSet
from seldbench.simulation.tagging import SPEECH_COMMANDS, simulate_speech_commands


def open_tree(folder: Path, manifest: Manifest, mend: str) -> SpeechCommandsTree:
    return SpeechCommandsTree(
        SPEECH_COMMANDS.name,
        folder / SPEECH_COMMANDS.folder,
        classes=manifest.classes,
        clips=dict(manifest.counts),
        how=f"To mend it, {mend}",
    )


DATASET = SimulatedTagSet(SPEECH_COMMANDS.name, open_tree, simulate_speech_commands)
