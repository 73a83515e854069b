"""Simulated scenes in the layout of STARSS23, as `seldbench data simulate starss23-sim` writes
them: FOA and MIC of the same scenes, with distances; track numbers are those of people."""

from seldbench.datasets._scene_set import SceneSet
from seldbench.simulation.scenes import STARSS23, simulate_starss23

DATASET = SceneSet(
    kind=STARSS23,
    simulate=simulate_starss23,
    splits={"train": "train/real", "valid": "valid", "test": "test"},  # as recipes call them
    unique_tracks=False,
)
