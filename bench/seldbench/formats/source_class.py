"""`source_class`: what the source is that a clip asks for. The network returns probabilities,
(..., classes).

Source of the squared error of probabilities: Long et al., "Sound event localization and detection
utilizing overlapping end-to-end learning", section 3; cross-entropy is the usual choice.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from seldbench.contracts import Clip, PostProcessing
from seldbench.formats import _frames, _target
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss


def mse(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over clips and classes; in float32."""
    return functional.mse_loss(probabilities.float(), targets.float())


class SourceClass:
    """The class of a clip's target, one-hot."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"mse": mse, "ce": _target.cross_entropy}

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self.size = len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(classes,) of 0 and 1: the label of the clip's target, whatever the window; zeros of a
        clip that is known to hold nothing.

        Errors: ValueError for a clip without target, UnknownName for a label that is no class.
        """
        wanted = torch.zeros(self.size)
        if not _target.silent(clip):
            label = _target.target_event(clip).label
            wanted[_frames.class_index(label, self.classes)] = 1.0
        return wanted

    def activate(self, outputs: Tensor) -> Tensor:
        """As they are, float32: the network returns probabilities."""
        return outputs.float()

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """As they are: a clip rolled in time asks for the same."""
        return targets

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """What either asks for."""
        return torch.maximum(first, second)

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, classes) -> (classes,), the mean: the class is one of the whole clip."""
        return windows.mean(0)

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


FORMAT = SourceClass
