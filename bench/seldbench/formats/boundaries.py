"""`boundaries`: what has been heard up to a frame, and what is still to come; trained on events and
on weak labels alike. The network returns logits, (..., frames, 2 * classes): first forward scores,
then backward ones.

Source: FB-CRNN of fgnt/pb_sed, pb_sed/models/weak_label/crnn.py and models/base/pseudo_label.py.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import near
from seldbench.formats import _frames
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss

Array = np.ndarray

UNKNOWN = 0.5
SURE = 0.01  # targets further than this from 0 and 1 are unknown
SQUEEZE = 1e-5  # scores lie in [1e-5, 1 - 1e-5]
ANSWERS = ("events", "tags")


def boundary_or_weak(logits: Tensor, targets: Tensor) -> Tensor:
    """The boundary loss of classes whose activity is known in every frame and that are present; the
    weak loss of all others whose presence is known. Mean over frames, then over known classes."""
    presence, active = targets.float().chunk(2, -1)
    forward, backward = scores(logits).chunk(2, -1)
    weak = _bce(torch.maximum(forward, backward), presence)
    boundary = (_bce(forward, heard(active)) + _bce(backward, to_come(active))) / 2
    bounded = known(active).all(-2, keepdim=True) & (presence > 1 - SURE)
    return _mean_of_known(torch.where(bounded, boundary, weak), presence)


def weak(logits: Tensor, targets: Tensor) -> Tensor:
    """The weak loss alone: in every frame the larger of both scores is the clip's label."""
    presence = targets.float().chunk(2, -1)[0]
    forward, backward = scores(logits).chunk(2, -1)
    return _mean_of_known(_bce(torch.maximum(forward, backward), presence), presence)


def scores(logits: Tensor) -> Tensor:
    """Logits -> squeezed probabilities, float32."""
    return SQUEEZE + (1 - 2 * SQUEEZE) * logits.float().sigmoid()


def heard(active: Tensor) -> Tensor:
    """Running maximum forwards over the frames, axis -2."""
    return active.cummax(-2).values


def to_come(active: Tensor) -> Tensor:
    """Running maximum backwards over the frames, axis -2."""
    return active.flip(-2).cummax(-2).values.flip(-2)


def known(targets: Tensor) -> Tensor:
    """Where a target says yes or no."""
    return (targets < SURE) | (targets > 1 - SURE)


class Boundaries:
    """Where classes begin and end in a clip, and which there are.

    A target is (frames, 2 * classes): presence, the same in every frame, then activity. Both are 0,
    1, or 0.5 for unknown; the running maxima are the loss's, so that targets can be rolled, warped
    and joined like any activity.

    Args:
        says: what is decoded. "events": events and frame scores; "tags": clip scores. Another head
            may say what is left out.
    """

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"boundary_or_weak": boundary_or_weak, "weak": weak}

    def __init__(self, classes: tuple[str, ...], *, says: Sequence[str] = ANSWERS) -> None:
        for answer in says:
            if answer not in ANSWERS:
                raise ValueError(
                    f"says nothing called {answer!r}{near(answer, ANSWERS)};"
                    f" choose of: {', '.join(ANSWERS)}"
                )
        if not says:
            raise ValueError(f"says nothing; choose of: {', '.join(ANSWERS)}")
        self.classes = classes
        self.says = tuple(says)
        self.size = 2 * len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(frames, 2 * classes) of the window that begins at `onset`.

        A clip with events has known activities, and the classes that are active in the window are
        present. A clip with weak labels alone has those whatever the window, and an unknown
        activity of the classes that are present.

        Errors: ValueError for a clip with neither.
        """
        if clip.events is not None:
            active = torch.from_numpy(
                _frames.activity(clip.events, self.classes, onset=onset, frames=frames, hop=hop)
            )
            present = active.amax(0) if frames else active.new_zeros(len(self.classes))
        elif clip.labels is not None:
            present = torch.zeros(len(self.classes))
            present[[_frames.class_index(label, self.classes) for label in clip.labels]] = 1.0
            active = (present * UNKNOWN).expand(frames, -1)
        else:
            raise ValueError(
                f"clip {clip.id!r} has no labels to encode: let this head's `on` name only splits "
                "with labels"
            )
        return torch.cat([present.expand(frames, -1), active], dim=-1)

    def activate(self, outputs: Tensor) -> Tensor:
        """Logits -> squeezed probabilities, float32."""
        return scores(outputs)

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """Rolled by label frames, with wrap; the frame axis is -2. An event cut by the clip's end
        is heard at both ends then, and its class from the first frame to the last."""
        return targets.roll(frames, -2)

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """Who sounds in either: known where one of them is known to sound, or both are known."""
        return torch.maximum(first, second)

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, window frames, 2 * classes) -> (frames, 2 * classes).

        A forward score is the largest that a window has said up to the frame, a backward score the
        largest that one says from the frame on: what was heard stays heard after a window's end.
        Windows that begin together are averaged. Fewer frames where the last window ends before.
        """
        length = windows.shape[1]
        merged = windows.new_zeros(max(starts) + length, self.size)
        where = torch.tensor(starts)
        for start in sorted(set(starts)):
            window = windows[where == start].mean(0)
            merged[start : start + length] = merged[start : start + length].maximum(window)
        forward, backward = merged[:frames].chunk(2, -1)
        if len(set(starts)) == 1:  # one window: its own scores, which may fall
            return torch.cat([forward, backward], dim=-1)
        return torch.cat([heard(forward), to_come(backward)], dim=-1)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """Errors: ValueError: scores say what was heard up to a frame and from it on."""
        raise ValueError(
            "boundaries are scores up to a frame and from a frame on: means of them say neither;"
            " leave inference.grid out"
        )

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """As they are: classes have no direction."""
        return targets

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """As they are: classes have no direction."""
        return outputs

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Scores (frames, 2 * classes) -> clip scores, frame scores and events.

        Clip scores are the mean of the last forward and the first backward score, frame scores the
        smaller of both, median-filtered. A class has events where its clip score is above its
        threshold: the runs of frame scores above it, or the whole clip where there is none.
        """
        forward, backward = outputs.detach().float().cpu().chunk(2, -1)
        frames = min(len(outputs), int(np.ceil(clip.duration / hop - _frames.EDGE)))
        if frames == 0:
            raise ValueError(f"clip {clip.id!r} has no frame of {hop:g} s to decode")
        tags = ((forward[frames - 1] + backward[0]) / 2).numpy()
        smooth, active = _frames.decided(
            torch.minimum(forward, backward).numpy(),
            self.classes,
            duration=clip.duration,
            hop=hop,
            post=post,
        )
        if "events" not in self.says:
            return Prediction(clip_scores=tags)
        present = tags > _frames.by_class(post.thresholds, self.classes, "threshold")
        active = present & (active | ~active.any(0))
        events = _frames.runs(active, self.classes, hop=hop, duration=clip.duration)
        return Prediction(
            events=events,
            frame_scores=smooth,
            hop=hop,
            clip_scores=tags if "tags" in self.says else None,
        )


def _bce(probabilities: Tensor, targets: Tensor) -> Tensor:
    with torch.autocast(probabilities.device.type, enabled=False):
        return torch.nn.functional.binary_cross_entropy(probabilities, targets, reduction="none")


def _mean_of_known(loss: Tensor, presence: Tensor) -> Tensor:
    """(..., frames, classes) -> the mean over frames, then over classes whose presence is known; 0
    where none is."""
    weights = known(presence[..., 0, :]).float()
    return (loss.mean(-2) * weights).sum() / weights.sum().clamp_min(1)


FORMAT = Boundaries
