"""`sed_doa`: who sounds and from where, in one head: an activity and a direction a class and frame.

The network returns (..., frames, 4 * classes): logits of the classes' activities, then directions
after its own tanh, x of all classes, then y, then z.
Source: Adavanne et al. 2018, arXiv:1807.00129; losses as named below.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from seldbench.contracts import Clip, PostProcessing
from seldbench.formats import _directions, _frames, _losses
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss


def bce_mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy of activities + 1000 * mean squared error of directions, those of silent
    classes to zero. Source: sharathadavanne/seld-dcase2021, doa_objective "mse" (parameter.py)."""
    bce, given, wanted, _ = _parts(outputs, targets)
    return bce + 1000 * _losses.mse(given, wanted)


def bce_masked_mse_dcase2020(outputs: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy + 1000 * `_losses.masked_mse_dcase2020`. Source:
    sharathadavanne/seld-dcase2020, doa_objective "masked_mse" (parameter.py)."""
    bce, *rest = _parts(outputs, targets)
    return bce + 1000 * _losses.masked_mse_dcase2020(*rest)


def bce_masked_mse_dcase2020_fixed(outputs: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy + 1000 * `_losses.masked_mse_dcase2020_fixed`: what the baseline's
    authors meant."""
    bce, *rest = _parts(outputs, targets)
    return bce + 1000 * _losses.masked_mse_dcase2020_fixed(*rest)


def bce_masked_mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy + `_losses.masked_mse`, which does not depend on the batch's size. Of no
    publication: the weights of networks trained apart, one for each half."""
    bce, *rest = _parts(outputs, targets)
    return bce + _losses.masked_mse(*rest)


def bce_masked_mae(outputs: Tensor, targets: Tensor) -> Tensor:
    """0.3 * binary cross-entropy + 0.7 * `_losses.masked_mae`. Source: thomeou/SALSA,
    models/interfaces.py and experiments/configs/seld.yml."""
    bce, *rest = _parts(outputs, targets)
    return 0.3 * bce + 0.7 * _losses.masked_mae(*rest)


def _parts(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cross-entropy; (..., 3, classes) directions of both; who sounds, (..., 1, classes)."""
    given, wanted = outputs.float().unflatten(-1, (4, -1)), targets.float().unflatten(-1, (4, -1))
    bce = functional.binary_cross_entropy_with_logits(given[..., 0, :], wanted[..., 0, :])
    sounding = (wanted[..., :1, :] >= 0.5).float()
    return bce, given[..., 1:, :], wanted[..., 1:, :], sounding


class SedDoa:
    """An activity and a direction a class. Targets, (frames, 4 * classes): 0 or 1, then unit
    vectors, zeros where a class is silent."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {
        "bce_mse": bce_mse,
        "bce_masked_mse": bce_masked_mse,
        "bce_masked_mse_dcase2020": bce_masked_mse_dcase2020,
        "bce_masked_mse_dcase2020_fixed": bce_masked_mse_dcase2020_fixed,
        "bce_masked_mae": bce_masked_mae,
    }

    def __init__(self, classes: tuple[str, ...], *, overlap: str = "keep") -> None:
        """overlap: which of several sources of a class gives its direction; see `accdoa`."""
        _directions.check_overlap(overlap)
        self.classes, self.overlap = classes, overlap
        self.size = 4 * len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(frames, 4 * classes), of the window that begins at `onset`.

        Errors: ValueError for a clip without events, or an event without direction.
        """
        vectors = _directions.class_vectors(
            clip, self.classes, overlap=self.overlap, onset=onset, frames=frames, hop=hop
        )
        return _with_activity(vectors)

    def activate(self, outputs: Tensor) -> Tensor:
        """Logits -> probabilities; directions as they are; float32."""
        activity, directions = self._halves(outputs.float())
        return torch.cat([activity.sigmoid(), directions], dim=-1)

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """Rolled by label frames, with wrap; the frame axis is -2."""
        return targets.roll(frames, -2)

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """Who sounds in either; of a class that sounds in both the first scene's source, with
        overlap "last" the second's."""
        one, other = (self._vectors(self._halves(targets)[1]) for targets in (first, second))
        return _with_activity(_directions.joined(one, other, self.overlap))

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, window frames, 4 * classes) -> (frames, 4 * classes): probabilities, and
        vectors before they are normalised, averaged where windows overlap; fewer frames where the
        last window ends before."""
        return _frames.overlap_average(windows, starts, frames)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """Probabilities as those of `strong`; the mean vector of a label frame's frames."""
        activity, directions = self._halves(outputs)
        smooth = _frames.smoother(activity, times)
        return _frames.coarser(torch.cat([smooth, directions], dim=-1), times)

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        activity, directions = self._halves(targets)
        turned = _directions.rotated(self._vectors(directions), rotation)
        return torch.cat([activity, turned.flatten(-2)], dim=-1)

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        return self.rotate_targets(outputs, rotation)

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Scores are the median-filtered probabilities; a class is active where its score exceeds
        the threshold, from where its vector points."""
        activity, directions = self._halves(outputs)
        scores, doa = _directions.by_class(activity, self._vectors(directions))
        return _directions.decided(scores, doa, classes=self.classes, clip=clip, hop=hop, post=post)

    def _halves(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        classes = len(self.classes)
        return flat[..., :classes], flat[..., classes:]

    def _vectors(self, flat: Tensor) -> Tensor:
        """(..., 3 * classes) -> (..., 3, classes)"""
        return flat.unflatten(-1, (3, len(self.classes)))


def _with_activity(vectors: Tensor) -> Tensor:
    """(..., 3, classes) -> (..., 4 * classes)"""
    sounding = _directions.sounding(vectors).to(vectors)
    return torch.cat([sounding, vectors], dim=-2).flatten(-2)


FORMAT = SedDoa
