"""`weak`: which classes sound in a clip. The network returns probabilities, (..., classes)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from seldbench.contracts import Clip, PostProcessing
from seldbench.formats import _frames
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss


def bce(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy, mean over clips and classes; in float32, inside autocast too."""
    with torch.autocast(probabilities.device.type, enabled=False):
        return functional.binary_cross_entropy(probabilities.float(), targets.float())


def mse(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error."""
    return functional.mse_loss(probabilities.float(), targets.float())


class Weak:
    """Presence of classes in a clip."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"bce": bce, "mse": mse}

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self.size = len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(classes,) of 0 and 1: who has an active frame in the window, where the events are known;
        else the clip's weak labels, whatever the window.

        Errors: ValueError for a clip with neither.
        """
        if clip.events is not None:
            active = _frames.activity(
                clip.events, self.classes, onset=onset, frames=frames, hop=hop
            )
            return torch.from_numpy(active.max(axis=0, initial=0.0))
        if clip.labels is None:
            raise ValueError(
                f"clip {clip.id!r} has no labels to encode: let this head's `on` name only splits "
                "with labels"
            )
        target = torch.zeros(self.size)
        target[[_frames.class_index(label, self.classes) for label in clip.labels]] = 1.0
        return target

    def activate(self, outputs: Tensor) -> Tensor:
        """As they are, float32: the network returns probabilities."""
        return outputs.float()

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """As they are: a clip rolled in time holds the same classes."""
        return targets

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, classes) -> (classes,), the largest: a clip holds what any window holds."""
        return windows.amax(0)

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """Who sounds in either."""
        return torch.maximum(first, second)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """As they are: a clip has no frames here."""
        return outputs

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """As they are: classes have no direction."""
        return targets

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """As they are: classes have no direction."""
        return outputs

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Probabilities (classes,) -> clip scores; nothing is decided."""
        return Prediction(clip_scores=outputs.detach().float().cpu().numpy())


FORMAT = Weak
