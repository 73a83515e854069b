"""`tracks`: a few tracks that hold one source each, of whatever class, frame by frame.

The network returns (..., frames, tracks * (classes + 3)): track by track logits of the classes,
then x, y, z after its own tanh. Which track holds which source is free in every frame (frame-level
permutation invariant training, tPIT).
Source: Cao et al. 2021, arXiv:2010.13092; yinkalario/EIN-SELD, seld/methods/ein_seld/losses.py and
inference.py (two tracks); Jinbo-Hu/DCASE2022-TASK3 (three).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seldbench.contracts import Clip, PostProcessing
from seldbench.formats import _directions, _frames, _tracks
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss


def tpit(outputs: Tensor, targets: Tensor) -> Tensor:
    """Half the binary cross-entropy and half the mean squared error of directions (those of silent
    tracks to zero), both in the order of tracks that makes their sum least in the frame.

    Args:
        outputs: (..., frames, tracks * (classes + 3)). targets: (..., frames, tracks, classes + 3).
    """
    given, wanted = outputs.float().reshape(targets.shape), targets.float()
    with torch.no_grad():
        costs = _costs(given, wanted)
        orders = _tracks.permuted(given.shape[-2], given.device)
        places = torch.arange(given.shape[-2], device=given.device)
        best = orders[costs[..., places, orders].sum(-1).argmin(-1)]
    wanted = _tracks.reordered(wanted, best)
    bce = functional.binary_cross_entropy_with_logits(given[..., :-3], wanted[..., :-3])
    return 0.5 * bce + 0.5 * functional.mse_loss(given[..., -3:], wanted[..., -3:])


def _costs(given: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy and squared error of every track for every target, (..., tracks, targets)."""
    pairs = [
        functional.binary_cross_entropy_with_logits(
            given[..., :-3], target[..., :-3].expand_as(given[..., :-3]), reduction="none"
        ).mean(-1)
        + (given[..., -3:] - target[..., -3:]).square().mean(-1)
        for target in wanted.split(1, dim=-2)
    ]
    return torch.stack(pairs, dim=-1)


class Tracks:
    """One source a track. Targets, (frames, tracks, classes + 3): the class as 0 and 1, then a unit
    vector; zeros on silent tracks. Of more sources than tracks the first of the clip's order are
    kept."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"tpit": tpit}

    def __init__(self, classes: tuple[str, ...], *, tracks: int = 2) -> None:
        """tracks: how many sources sound at once, 2 or 3."""
        if tracks not in (2, 3):
            raise ValueError(f"{tracks} tracks: 2 (EINV2) or 3 (EINV2-Conformer)")
        self.classes, self.tracks = classes, tracks
        self.size = tracks * (len(classes) + 3)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(frames, tracks, classes + 3), of the window that begins at `onset`: each source on the
        first free track of its frame.

        Errors: ValueError for a clip without events, or an event without direction.
        """
        targets = torch.zeros(frames, self.tracks, len(self.classes) + 3)
        taken = torch.zeros(frames, dtype=torch.int64)
        for piece in _directions.pieces(clip, self.classes, onset=onset, frames=frames, hop=hop):
            rank = taken[piece.first : piece.last]
            free = rank < self.tracks
            row, track = torch.arange(piece.first, piece.last)[free], rank[free]
            targets[row, track, piece.label] = 1.0
            targets[row, track, -3:] = torch.from_numpy(piece.values)[free]
            rank += 1
        return targets

    def activate(self, outputs: Tensor) -> Tensor:
        """Logits -> probabilities; directions as they are; float32."""
        tracks = self._apart(outputs.float())
        return torch.cat([tracks[..., :-3].sigmoid(), tracks[..., -3:]], dim=-1).flatten(-2)

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """Rolled by label frames, with wrap; the frame axis is -3."""
        return targets.roll(frames, -3)

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """The sources of both, the first scene's first, as far as there are tracks."""
        both = torch.cat([first, second], dim=-2)
        silent = ~both[..., :-3].any(-1)
        order = silent.to(torch.uint8).argsort(dim=-1, stable=True)
        return _tracks.reordered(both, order[..., : self.tracks])

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, window frames, size) -> (frames, size): probabilities and vectors averaged
        where windows overlap, tracks aligned frame by frame; fewer frames where the last window
        ends before."""
        merged = _tracks.aligned_average(self._apart(windows), starts, frames, _position)
        return merged.flatten(-2)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """Errors: ValueError: which track holds which source is free in every frame."""
        raise ValueError(
            "tracks change places from frame to frame: frames cannot be put together; leave"
            " inference.grid out, and choose features or pools that make label frames as long"
        )

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        turned = _directions.rotated(targets[..., -3:, None], rotation).squeeze(-1)
        return torch.cat([targets[..., :-3], turned], dim=-1)

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        return self.rotate_targets(self._apart(outputs), rotation).flatten(-2)

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Each track's most probable class is active where it exceeds its threshold. Runs of frames
        follow the nearest direction of their class from frame to frame.

        Frame scores are the most probable track's, and its direction. Two tracks of one class are
        two sources however near they are, as in the official code.

        Errors: ValueError for a median filter: tracks have no order that one could act along.
        """
        _frames.refuse_medians(post, "tracks")
        frames = int(np.ceil(clip.duration / hop - _frames.EDGE))
        tracks = self._apart(outputs.detach().float().cpu())[:frames].numpy()
        scores = tracks[..., :-3].swapaxes(1, 2)  # (frames, classes, tracks)
        vectors = torch.from_numpy(tracks[..., -3:, None])
        doa = _directions.units(vectors)[..., 0].numpy()[:, None]  # (frames, 1, tracks, 3)
        doa = np.broadcast_to(doa, (*scores.shape, 3))
        thresholds = _frames.by_class(post.thresholds, self.classes, "threshold")
        best = scores.argmax(1, keepdims=True) == np.arange(len(self.classes))[:, None]
        active = best & (scores > thresholds[:, None])
        top = scores.argmax(-1)[..., None]
        return Prediction(
            events=_tracks.followed(active, doa, self.classes, hop=hop, duration=clip.duration),
            frame_scores=np.take_along_axis(scores, top, -1)[..., 0],
            hop=hop,
            doa=np.take_along_axis(doa, top[..., None], -2)[..., 0, :],
        )

    def _apart(self, flat: Tensor) -> Tensor:
        """(..., size) -> (..., tracks, classes + 3)"""
        return flat.unflatten(-1, (self.tracks, len(self.classes) + 3))


def _position(tracks: Tensor) -> Tensor:
    """Probabilities, and the direction as far as anything sounds: a silent track's is arbitrary."""
    loudest = tracks[..., :-3].amax(-1, keepdim=True)
    return torch.cat([tracks[..., :-3], loudest * tracks[..., -3:]], dim=-1)


FORMAT = Tracks
