"""What a training costs: floating point operations as counted, time as measured.

Counted are matrix products, convolutions, attention and recurrences of the network on the examples
that it is trained on. Not counted: features, reading, validation, and what acts on single values
(norms, activations, the optimiser).
"""

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch

from seldbench.experiment.counting import LAYERS, counting
from seldbench.experiment.preparing import Prepared
from seldbench.experiment.store import stored
from seldbench.recipe import Stage

# A step backward takes two forward ones: the gradient of what went in, and that of the weights.
FORWARD_AND_BACKWARD = 3
SIDE = 1024  # of the matrices that are multiplied to measure the machine
SECONDS = 0.3  # of measuring
# What a step's time hangs on.
SAME = ("architecture", "features", "layout", "each_microphone", "model", "batch")
SAME_TRAINING = ("step", "window", "accumulate", "precision", "steps")


@dataclass
class Costs:
    """Estimates on one device, from the trainings that lie in `runs` or else from its own rate of
    matrix products."""

    device: torch.device
    device_name: str
    runs: Path
    counted: dict[str, int] = field(default_factory=dict)

    def operations(self, prepared: Prepared, epochs: int) -> int:
        """Of so many epochs. A product and a sum are two; a teacher goes forward only."""
        examples = sum(group.size for group in prepared.batches.groups)
        passes = FORWARD_AND_BACKWARD + len(prepared.step.networks) - 1
        return self._window(prepared) * examples * passes * prepared.batches.steps * epochs

    def seconds(self, prepared: Prepared, epochs: int) -> tuple[float, str]:
        """Of so many epochs, and what that is taken from; of matrix products it is the least."""
        for key, stage, done in self._finished():
            if _alike(stage, prepared.stage) and done["steps"]:
                steps = prepared.batches.steps * epochs
                return steps * done["seconds"] / done["steps"], f"as stage [{key}] took"
        rate = matrix_rate(self.device)
        why = f"at this machine's {rate / 1e9:,.0f} GFLOP/s of float32 matrix products, or more"
        return self.operations(prepared, epochs) / rate, why

    def _window(self, prepared: Prepared) -> int:
        stage = prepared.stage
        same = repr((stage.architecture, stage.model, stage.features, stage.training.window))
        if same not in self.counted:
            self.counted[same] = window_operations(prepared)
        return self.counted[same]

    def _finished(self) -> Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
        """Finished stages that this device trained, the newest first."""
        every = [(one.key, one.stage, one.folder.done) for one in stored(self.runs).values()]
        mine = [(k, s, d) for k, s, d in every if d and d.get("device") == self.device_name]
        return mine[::-1]


def window_operations(prepared: Prepared) -> int:
    """Floating point operations of the network on one window, forward; those of its layers."""
    assembly = prepared.assembly
    windowing, features = assembly.windowing, assembly.windowing.features
    network = copy.deepcopy(assembly.network).train()  # as it trains: no shortcuts of evaluation
    window = torch.zeros(1, features.channels, windowing.frames, features.bins)
    inputs = {name: torch.zeros(1, size) for name, size in assembly.inputs.items()}
    with torch.random.fork_rng([]), counting(network) as macs:
        network(window, **inputs)
    return 2 * sum(macs[kind] for kind in LAYERS)


@cache
def matrix_rate(device: torch.device) -> float:
    """Floating point operations a second of large matrix products in float32, by its own threads;
    the best of what is measured in a moment."""
    a, b = (torch.randn(SIDE, SIDE, device=device) for _ in range(2))
    best, began = float("inf"), time.monotonic()
    while time.monotonic() - began < SECONDS or best == float("inf"):
        start = time.perf_counter()
        c = a @ b
        c[0, 0].item()  # waits until it is there
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best


def _alike(stage: Mapping[str, Any], other: Stage) -> bool:
    """Whether a step of the two takes the same time."""
    asked = other.model_dump(mode="json")
    training = stage.get("training", {})
    return all(stage.get(name) == asked[name] for name in SAME) and all(
        training.get(name) == asked["training"][name] for name in SAME_TRAINING
    )
