"""`strong`: who sounds in every label frame. The network returns logits, (..., frames, classes).

Source: target encoding of DCASE-REPO/DESED_task, desed_task/utils/encoder.py.
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
    """Binary cross-entropy, mean over clips, frames and classes."""
    return functional.binary_cross_entropy_with_logits(logits.float(), targets.float())


def mse(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of the probabilities."""
    return functional.mse_loss(logits.float().sigmoid(), targets.float())


SOFT = 1e-6  # keeps F-scores of silence defined


def soft_f(logits: Tensor, targets: Tensor) -> Tensor:
    """1 - F1 with probabilities for decisions, of all clips, frames and classes together.

    For a second stage: its gradient has about the strength of F1 itself, which is almost
    none where a network knows nothing. Where nobody sounds it is nearly 1, almost flat.

    Source: Table 5 of M2M-AST names it and cites Park et al. 2020 (ICCE-Asia) and Tanaka and
    Shinozaki 2018 (APSIPA ASC), whose text was not at hand: the formula, the sum over the whole
    batch, as the 2021 metric counts, and the small constant are ours.
    """
    p, y = _both(logits, targets)
    return _one_minus_f((p * y).sum(), p.sum() + y.sum())


def soft_f_per_class(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of `soft_f` over the classes that sound in the batch; 0 where none does."""
    p, y = (t.flatten(0, -2) for t in _both(logits, targets))  # (frames of all clips, classes)
    loss, sounds = _one_minus_f((p * y).sum(0), (p + y).sum(0)), y.any(0)
    return (loss * sounds).sum() / sounds.sum().clamp(min=1)


def soft_f_per_example(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of `soft_f` over the clips of the batch, (clips, frames, classes)."""
    p, y = (t.flatten(1) for t in _both(logits, targets))
    return _one_minus_f((p * y).sum(1), (p + y).sum(1)).mean()


def _both(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    return logits.float().sigmoid(), targets.float()


def _one_minus_f(hits: Tensor, both: Tensor) -> Tensor:
    """hits: sum of p y; both: sum of p and y."""
    return 1 - (2 * hits + SOFT) / (both + SOFT)


class Strong:
    """Activities of classes by label frame; a frame that an event touches is active."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {
        "bce": bce,
        "mse": mse,
        "soft_f": soft_f,
        "soft_f_per_class": soft_f_per_class,
        "soft_f_per_example": soft_f_per_example,
    }

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self.size = len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(frames, classes) of 0 and 1, of the window that begins at `onset`.

        Errors: ValueError for a clip without strong labels: it has no target of
        this format (one whose weak labels are known to be none has: zeros).
        """
        if clip.events is None and clip.labels != frozenset():
            raise ValueError(
                f"clip {clip.id!r} has no events to encode: let this head's `on` name only splits "
                "with strong labels"
            )
        if clip.events is None:  # known to hold no class at all
            return torch.zeros(frames, self.size)
        return torch.from_numpy(
            _frames.activity(clip.events, self.classes, onset=onset, frames=frames, hop=hop)
        )

    def activate(self, outputs: Tensor) -> Tensor:
        """Logits -> probabilities, float32."""
        return outputs.float().sigmoid()

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """Rolled by label frames, with wrap; the frame axis is -2."""
        return targets.roll(frames, -2)

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, window frames, classes) -> (frames, classes), overlaps averaged; fewer frames
        where the last window ends before."""
        return _frames.overlap_average(windows, starts, frames)

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """Who sounds in either."""
        return torch.maximum(first, second)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """Median-filtered over a label frame (5 frames where it has 4, 3 where it has 2), then the
        mean of its frames: (frames, classes) -> (frames / times, classes). So M2M-AST is reduced;
        its paper gives no lengths."""
        return _frames.coarser(_frames.smoother(outputs, times), times)

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """As they are: classes have no direction."""
        return targets

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """As they are: classes have no direction."""
        return outputs

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Probabilities (frames, classes) -> events, and the median-filtered frame scores.

        Frames that begin after the end of the clip are dropped, events are cut to it.
        """
        scores = outputs.detach().float().cpu().numpy()
        smooth, active = _frames.decided(
            scores, self.classes, duration=clip.duration, hop=hop, post=post
        )
        events = _frames.runs(active, self.classes, hop=hop, duration=clip.duration)
        return Prediction(events=events, frame_scores=smooth, hop=hop)


FORMAT = Strong
