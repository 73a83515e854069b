"""`direction`: from which of the directions of a circle a clip's sources come. The network returns
probabilities, (..., directions); direction k has the azimuth k * 360 / count degrees.

Source: Long et al., "Sound event localization and detection utilizing overlapping end-to-end
learning", Figure 2 and section 3 (eight directions, squared error). That a clip of several sources
has one direction, its target's, or those of all, is our reading: the paper says neither.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import near
from seldbench.events import Event
from seldbench.formats import _target
from seldbench.geometry import Rotation, angles, unit_vectors
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss

OF = ("target", "all")
APART = 1e-6  # how far a rotated direction may be from another, unit vectors


def mse(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over clips and directions; in float32."""
    return functional.mse_loss(probabilities.float(), targets.float())


def bce(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy, mean over clips and directions; in float32, inside autocast too."""
    with torch.autocast(probabilities.device.type, enabled=False):
        return functional.binary_cross_entropy(probabilities.float(), targets.float())


class Direction:
    """Presence of sources in the directions of a circle."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"mse": mse, "bce": bce, "ce": _target.cross_entropy}

    def __init__(self, classes: tuple[str, ...], *, count: int = 8, of: str = "target") -> None:
        """
        Args:
            count: directions of the circle.
            of: "target", the source that the clip asks for, or "all" of its sources.
        """
        if of not in OF:
            raise ValueError(f"no direction of {of!r}{near(of, OF)}; choose of: {', '.join(OF)}")
        if count < 2:
            raise ValueError(f"count = {count}: a circle has two directions at least")
        self.size = self.count = count
        self.of = of

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(directions,) of 0 and 1, whatever the window: those nearest to where the sources are,
        elevation aside; zeros of a clip that is known to hold nothing.

        Errors: ValueError for a clip without target or events, or a source without one direction.
        """
        wanted = torch.zeros(self.count)
        for event in self._sources(clip):
            wanted[self._nearest(event, clip)] = 1.0
        return wanted

    def _sources(self, clip: Clip) -> Sequence[Event]:
        if _target.silent(clip):
            return ()
        if self.of == "target":
            return (_target.target_event(clip),)
        if clip.events is None:
            raise ValueError(
                f"clip {clip.id!r} has no events to encode: let this head's `on` name only splits"
                " whose sources are known"
            )
        return clip.events

    def _nearest(self, event: Event, clip: Clip) -> int:
        if event.doa is None or np.ndim(event.doa) != 1:
            what = "no direction" if event.doa is None else "moves: it has no one direction"
            raise ValueError(f"clip {clip.id!r}: source {event.source} ({event.label}) has {what}")
        return int(np.floor(angles(event.doa)[0] * self.count / 360 + 0.5)) % self.count

    def activate(self, outputs: Tensor) -> Tensor:
        """As they are, float32: the network returns probabilities."""
        return outputs.float()

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """As they are: directions have no frames here."""
        return targets

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """Where either has a source."""
        return torch.maximum(first, second)

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, directions) -> (directions,): the mean, for one target is the whole clip's; of
        all sources the largest, for a clip holds what any window holds."""
        return windows.mean(0) if self.of == "target" else windows.amax(0)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """As they are: directions have no frames here."""
        return outputs

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """Directions exchanged.

        Errors: ValueError where the rotation brings none of the directions to each of them.
        """
        every = unit_vectors(np.arange(self.count) * 360.0 / self.count, np.zeros(self.count))
        before = rotation.inverse(every)  # where what is heard at each was before
        distance = np.linalg.norm(before[:, None] - every[None], axis=-1)
        if distance.min(axis=1).max() > APART:
            raise ValueError(
                f"a circle of {self.count} directions is another one when turned: leave rotations"
                " out, or take a count that four divides"
            )
        return targets[..., torch.from_numpy(distance.argmin(axis=1)).to(targets.device)]

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """Directions exchanged."""
        return self.rotate_targets(outputs, rotation)

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Probabilities (directions,) -> scores of directions; nothing is decided."""
        return Prediction(direction_scores=outputs.detach().float().cpu().numpy())


FORMAT = Direction
