"""`accdoa`: one vector a class and label frame: its length is the activity, its direction the DOA.

The network returns (..., frames, 3 * classes), x of all classes, then y, then z.
Source: Shimada et al. 2021, arXiv:2010.15306; sharathadavanne/seld-dcase2021.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from seldbench.contracts import Clip, PostProcessing
from seldbench.formats import _directions, _frames, _losses
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss


class Accdoa:
    """One direction a class. Targets: unit vectors, zeros where a class is silent."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"mse": _losses.mse}

    def __init__(self, classes: tuple[str, ...], *, overlap: str = "keep") -> None:
        """overlap: which of several sources of a class is the target. "keep": the one that began
        first, until it ends. "last": the last one in the clip's order, as in the baseline's code
        the file's last row of a frame: the target may jump from one source to another."""
        _directions.check_overlap(overlap)
        self.classes, self.overlap = classes, overlap
        self.size = 3 * len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(frames, 3 * classes), of the window that begins at `onset`.

        Errors: ValueError for a clip without events, or an event without direction.
        """
        vectors = _directions.class_vectors(
            clip, self.classes, overlap=self.overlap, onset=onset, frames=frames, hop=hop
        )
        return vectors.flatten(1)

    def activate(self, outputs: Tensor) -> Tensor:
        """As they are, float32: whether a tanh ends the network is the network's affair (the 2021
        and 2022 baselines have one, that of 2024 has none)."""
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
        """(windows, window frames, 3 * classes) -> (frames, 3 * classes), overlaps averaged; fewer
        frames where the last window ends before."""
        return _frames.overlap_average(windows, starts, frames)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """The mean vector of a label frame's frames."""
        return _frames.coarser(outputs, times)

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        return _directions.rotated(self._vectors(targets), rotation).flatten(-2)

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        return self.rotate_targets(outputs, rotation)

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Scores are the vectors' lengths, cut to 1 and median-filtered: active where they exceed
        the threshold. Directions are of length 1."""
        vectors = self._vectors(outputs.detach().float())
        scores, doa = _directions.by_class(_directions.lengths(vectors).clamp(max=1), vectors)
        return _directions.decided(scores, doa, classes=self.classes, clip=clip, hop=hop, post=post)

    def _vectors(self, flat: Tensor) -> Tensor:
        """(..., 3 * classes) -> (..., 3, classes)"""
        return flat.unflatten(-1, (3, len(self.classes)))


FORMAT = Accdoa
