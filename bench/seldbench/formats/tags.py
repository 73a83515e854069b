"""`tags`: what a whole clip is (tagging). The network returns logits, (..., classes).

Source: losses and scores of AST, YuanGongND/ast, src/traintest.py. There the scores of a clip with
one label come from sigmoids too; here `single` makes them sum to one. Which class is highest is the
same.
"""

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


def bce(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy, mean over clips and classes; in float32, inside autocast too."""
    with torch.autocast(logits.device.type, enabled=False):
        return functional.binary_cross_entropy_with_logits(logits.float(), targets.float())


def ce(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the softmax against shares of classes, mean over clips; in float32.

    targets: (clips, classes), one-hot or, of mixed clips, their weights; no class at all costs 0.
    """
    with torch.autocast(logits.device.type, enabled=False):
        return functional.cross_entropy(logits.float(), targets.float())


class Tags:
    """Presence of classes in a clip. single: a clip has exactly one, and its scores sum to 1."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"bce": bce, "ce": ce}

    def __init__(self, classes: tuple[str, ...], single: bool = False) -> None:
        self.classes = classes
        self.single = single
        self.size = len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(classes,) of 0 and 1: the clip's labels, whatever the window.

        Errors: ValueError for a clip whose labels are unknown or, where each has one, more.
        """
        if clip.labels is None:
            raise ValueError(
                f"clip {clip.id!r} has no labels to encode: let this head's `on` name only splits "
                "with labels"
            )
        if self.single and len(clip.labels) > 1:
            raise ValueError(
                f"clip {clip.id!r} has {len(clip.labels)} labels, and the format is for clips with "
                "one: leave `single` out"
            )
        target = torch.zeros(self.size)
        target[[_frames.class_index(label, self.classes) for label in clip.labels]] = 1.0
        return target

    def activate(self, outputs: Tensor) -> Tensor:
        """Logits -> probabilities, float32: each class for itself or, where a clip has one, of
        all classes together."""
        outputs = outputs.float()
        return outputs.softmax(-1) if self.single else outputs.sigmoid()

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """As they are: a clip rolled in time is the same."""
        return targets

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """What is in either."""
        return torch.maximum(first, second)

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, classes) -> (classes,), the mean: the label is one of the whole clip."""
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


FORMAT = Tags
