"""`doa`: one direction a class and label frame, for classes that another head hears.

The network returns (..., frames, 3 * classes) after its own tanh, x of all classes, then y, then z.
What it says of a silent class means nothing after training with a masked loss.
Source: M2M-AST's localisation network (Park et al., DCASE 2021 workshop); losses as named below.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from torch import Tensor

from seldbench.contracts import Clip, PostProcessing
from seldbench.formats import _directions, _frames, _losses
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss


def masked_mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """See `_losses.masked_mse`."""
    return _losses.masked_mse(*_vectors(outputs, targets))


def masked_mse_dcase2020(outputs: Tensor, targets: Tensor) -> Tensor:
    """See `_losses.masked_mse_dcase2020`."""
    return _losses.masked_mse_dcase2020(*_vectors(outputs, targets))


def masked_mse_dcase2020_fixed(outputs: Tensor, targets: Tensor) -> Tensor:
    """See `_losses.masked_mse_dcase2020_fixed`."""
    return _losses.masked_mse_dcase2020_fixed(*_vectors(outputs, targets))


def masked_mae(outputs: Tensor, targets: Tensor) -> Tensor:
    """See `_losses.masked_mae`."""
    return _losses.masked_mae(*_vectors(outputs, targets))


def _vectors(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(..., 3, classes) of both, and who sounds: (..., 1, classes)."""
    given, wanted = outputs.float().unflatten(-1, (3, -1)), targets.float().unflatten(-1, (3, -1))
    return given, wanted, _directions.sounding(wanted).float()


class Doa:
    """One direction a class. Targets: unit vectors, zeros where a class is silent."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {
        "mse": _losses.mse,
        "masked_mse": masked_mse,
        "masked_mse_dcase2020": masked_mse_dcase2020,
        "masked_mse_dcase2020_fixed": masked_mse_dcase2020_fixed,
        "masked_mae": masked_mae,
    }

    def __init__(self, classes: tuple[str, ...], *, overlap: str = "keep") -> None:
        """overlap: which of several sources of a class is the target; see `accdoa`."""
        _directions.check_overlap(overlap)
        self.classes, self.overlap = classes, overlap
        self.size = 3 * len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(frames, 3 * classes), of the window that begins at `onset`.

        Errors: ValueError for a clip without events, or an event without direction.
        """
        return _directions.class_vectors(
            clip, self.classes, overlap=self.overlap, onset=onset, frames=frames, hop=hop
        ).flatten(1)

    def activate(self, outputs: Tensor) -> Tensor:
        """As they are, float32: the network ends with a tanh."""
        return outputs.float()

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """Rolled by label frames, with wrap; the frame axis is -2."""
        return targets.roll(frames, -2)

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """Who sounds in either; of a class that sounds in both the first scene's source, with
        overlap "last" the second's."""
        both = _directions.joined(self._vectors(first), self._vectors(second), self.overlap)
        return both.flatten(-2)

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, window frames, 3 * classes) -> (frames, 3 * classes), overlaps averaged before
        they are normalised; fewer frames where the last window ends before."""
        return _frames.overlap_average(windows, starts, frames)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """The mean vector of a label frame's frames, before it is normalised."""
        return _frames.coarser(outputs, times)

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        return _directions.rotated(self._vectors(targets), rotation).flatten(-2)

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        return self.rotate_targets(outputs, rotation)

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Unit vectors, (frames, classes, 3); who sounds is another head's to say, so that there
        are no events and nothing of `post` acts. Frames that begin after the end of the clip are
        dropped."""
        frames = int(np.ceil(clip.duration / hop - _frames.EDGE))
        doa = _directions.units(self._vectors(outputs.detach().float())[:frames])
        return Prediction(doa=doa.transpose(-1, -2).cpu().numpy(), hop=hop)

    def _vectors(self, flat: Tensor) -> Tensor:
        """(..., 3 * classes) -> (..., 3, classes)"""
        return flat.unflatten(-1, (3, len(self.classes)))


FORMAT = Doa
