"""Simulated scenes in the layout of TAU-NIGENS Spatial Sound Events 2021, as `seldbench data
simulate tnsse2021-sim` writes them: FOA and MIC of the same scenes."""

from seldbench.datasets._scene_set import SceneSet
from seldbench.simulation.scenes import TNSSE2021, simulate_tnsse2021

DATASET = SceneSet(
    kind=TNSSE2021,
    simulate=simulate_tnsse2021,
    splits={"train": "train", "valid": "valid", "test": "test"},
    unique_tracks=True,
)
