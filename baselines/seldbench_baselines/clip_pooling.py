"""From frames to clips: how sound event networks pool frame probabilities into clip probabilities.

Sources: DCASE-REPO/DESED_task, desed_task/nnet/CRNN.py (attention); Wang et al. 2019,
arXiv:1810.09050 (linear softmax).
"""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from seldbench.errors import near

HEADS = ("frames", "clip")


class Attention(nn.Module):
    """Frame probabilities averaged with weights of their own, softmax over classes or over time."""

    def __init__(self, inputs: int, classes: int, over: str) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, classes)
        self.axis = {"class": -1, "time": -2}[over]

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """(batch, frames, inputs), probabilities (batch, frames, classes) -> (batch, classes)"""
        weights = self.linear(x).softmax(self.axis).clamp(1e-7, 1)
        return (frames * weights).sum(1) / weights.sum(1)


class LinearSoftmax(nn.Module):
    """Frame probabilities averaged with themselves as weights."""

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """(batch, frames, inputs), probabilities (batch, frames, classes) -> (batch, classes)"""
        return ((frames**2).sum(1) / (frames.sum(1) + 1e-12)).clamp(1e-7, 1)


CLIP_POOLINGS: Mapping[str, Callable[[int, int], nn.Module]] = {
    "attention_class": lambda inputs, classes: Attention(inputs, classes, "class"),
    "attention_time": lambda inputs, classes: Attention(inputs, classes, "time"),
    "linear_softmax": lambda inputs, classes: LinearSoftmax(),
}


def frames_and_clip(x: Tensor, frames: nn.Module, clip: nn.Module | None) -> dict[str, Tensor]:
    """What a network heard in every label frame -> frames: logits (batch, label frames, classes),
    clip: probabilities (batch, classes), where it has a clip pooling.

    In float32 under autocast: probabilities close to 0 and 1 do not survive half precision.

    Args:
        x: (batch, label frames, inputs).
        frames: inputs -> classes.
        clip: one of `CLIP_POOLINGS`, None where clips are not scored.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.float()
        logits = frames(x)
        if clip is None:
            return {"frames": logits}
        return {"frames": logits, "clip": clip(x, logits.sigmoid())}


def check_heads(architecture: str, sizes: Mapping[str, int], clip: str) -> None:
    """Raises ValueError unless there is a head "frames", perhaps one "clip" of as many classes,
    and a clip pooling of the name `clip`."""
    for what, name, known in (
        *(("head", head, HEADS) for head in sizes),
        ("clip pooling", clip, CLIP_POOLINGS),
    ):
        check_choice(architecture, what, name, known)
    if "frames" not in sizes:
        raise ValueError(
            f"{architecture}: needs a head named 'frames'; its clip scores are pooled from it"
        )
    if sizes.get("clip", sizes["frames"]) != sizes["frames"]:
        raise ValueError(f"{architecture}: the heads are of different classes: {dict(sizes)}")


def check_choice(architecture: str, what: str, name: str, known: Iterable[str]) -> None:
    """Raises ValueError, with the nearest known name, for a choice that there is not."""
    if name not in (known := list(known)):
        raise ValueError(
            f"{architecture}: no {what} {name!r}{near(name, known)}; has {', '.join(known)}"
        )
