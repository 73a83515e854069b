"""`multi_accdoa`: three vectors a class and label frame, so that up to three sources of one class
sound at once; trained with auxiliary duplicating permutation invariant training (ADPIT).

The network returns (..., frames, 3 tracks * axes * classes), track by track x of all classes, then
y, z and, with distances, metres.
Source: Shimada et al. 2022, arXiv:2110.07124; sharathadavanne/seld-dcase2022 (seldnet_model.py,
train_seldnet.py); with distances partha2409/DCASE2024_seld_baseline.
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

TRACKS = 3
CHUNK = 64  # windows at a time, so that merging many views of a clip takes little memory
# Which track holds a track's source, where none of the pairs (0, 1), (1, 2) and (2, 0) is near, the
# first, the second, both, the third, ...
OWNERS = (
    (0, 1, 2),
    (0, 0, 2),
    (0, 1, 1),
    (0, 0, 0),
    (0, 1, 0),
    (0, 0, 0),
    (0, 0, 0),
    (0, 0, 0),
)


def adpit(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error to the nearest of 13 assignments, chosen for every frame and class: A0 on
    all tracks, B0 and B1 on three tracks in 6 ways, C0, C1 and C2 in 6 ways.

    The official code pads absent families with the present one's targets, so that no family wins
    by being absent. One family is present at a time, so that this is a choice among the present
    family's assignments. They are the 12 orders of two triples: (A0 + B0 + C0, A0 + B0 + C1,
    A0 + B1 + C2) and the same with A0 + B1 + C1 in the middle.

    Args:
        outputs: (..., frames, 3 * axes * classes). targets: (..., frames, 6, 1 + axes, classes),
            each the activity and the axes.
    """
    wanted = targets.float()[..., :1, :] * targets.float()[..., 1:, :]
    given = outputs.float().reshape(*wanted.shape[:-3], TRACKS, *wanted.shape[-2:])
    a0, b0, b1, c0, c1, c2 = wanted.unbind(-3)
    sources = torch.stack([a0 + b0 + c0, a0 + b0 + c1, a0 + b1 + c2, a0 + b1 + c1], dim=-3)
    return functional.mse_loss(given, _assigned(given.detach(), sources))


def _assigned(given: Tensor, sources: Tensor) -> Tensor:
    """Of (..., 4, axes, classes) sources those that lie nearest to (..., tracks, axes, classes)."""
    orders = _tracks.permuted(TRACKS, given.device)
    orders = torch.cat([orders, torch.tensor([0, 3, 2], device=given.device)[orders]])
    distance = torch.stack(
        [(given - sources[..., i : i + 1, :, :]).square().sum(-2) for i in range(4)], dim=-2
    )  # (..., tracks, sources, classes)
    places = torch.arange(TRACKS, device=given.device)
    sums = distance[..., places, orders, :].sum(-2)  # (..., orders, classes)
    best = orders[sums.argmin(-2)].transpose(-1, -2)  # (..., tracks, classes)
    return sources.gather(-3, best.unsqueeze(-2).expand(given.shape))


class MultiAccdoa:
    """Up to three directions a class.

    Targets are (frames, 6, 1 + axes, classes): activity and axes of the dummy tracks A0 (one source
    of the class sounds), B0, B1 (two), C0, C1, C2 (three; of more the first three of the clip's
    order).
    """

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"adpit": adpit}

    def __init__(
        self, classes: tuple[str, ...], *, distance: bool = False, unify: float = 15.0
    ) -> None:
        """distance: whether sources have distances (metres). unify: active tracks of one class
        that are nearer than this are one source."""
        self.classes, self.distance, self.unify = classes, distance, unify
        self.axes = 4 if distance else 3
        self.size = TRACKS * self.axes * len(classes)

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(frames, 6, 1 + axes, classes), of the window that begins at `onset`.

        Errors: ValueError for a clip without events, an event without direction or, with
        distances, without distance.
        """
        found = torch.zeros(frames, TRACKS, 1 + self.axes, len(self.classes))
        taken = torch.zeros(frames, len(self.classes), dtype=torch.int64)
        for piece in _directions.pieces(
            clip, self.classes, onset=onset, frames=frames, hop=hop, distance=self.distance
        ):
            rank = taken[piece.first : piece.last, piece.label]
            row = torch.arange(piece.first, piece.last)[rank < TRACKS]
            values = torch.from_numpy(piece.values)[rank < TRACKS]
            place = (row, rank[rank < TRACKS], slice(None), piece.label)
            found[place] = functional.pad(values, (1, 0), value=1.0)
            rank += 1
        return _families(found)

    def activate(self, outputs: Tensor) -> Tensor:
        """As they are, float32: whether a tanh ends the network is the network's affair (the 2022
        and 2023 baselines have one, that of 2024 has none)."""
        return outputs.float()

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """Rolled by label frames, with wrap; the frame axis is -4."""
        return targets.roll(frames, -4)

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """The sources of both, the first scene's first, in the families of their new number."""
        both = torch.cat([_sources(first), _sources(second)], dim=-3)
        silent = both[..., :1, :] == 0
        order = silent.to(torch.uint8).argsort(dim=-3, stable=True)[..., :TRACKS, :, :]
        return _families(both.gather(-3, order.expand(*order.shape[:-2], *both.shape[-2:])))

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, window frames, size) -> (frames, size), overlaps averaged source by source;
        fewer frames where the last window ends before.

        Where windows overlap, tracks of a class nearer than `unify` are made one first, the others
        zero: a source that one window says on two tracks and the next on three would otherwise be
        averaged with another source. Then tracks are aligned by frame and class.
        """
        tracks = self._tracks(windows).movedim(-1, -3)  # (..., frames, classes, tracks, axes)
        if len(starts) > 1:
            several = _overlapping(windows.shape[1], starts)[..., None, None, None].split(CHUNK)
            parts = zip(several, tracks.split(CHUNK))
            tracks = torch.cat([torch.where(s, self._distinct(t), t) for s, t in parts])
        merged = _tracks.aligned_average(tracks, starts, frames, lambda t: t[..., :3])
        return merged.movedim(-3, -1).flatten(1)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """Errors: ValueError: which track holds which source is free in every frame."""
        raise ValueError(
            "tracks change places from frame to frame: frames cannot be put together; leave"
            " inference.grid out, and choose features or pools that make label frames as long"
        )

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        turned = _directions.rotated(targets[..., 1:4, :], rotation)
        return torch.cat([targets[..., :1, :], turned, targets[..., 4:, :]], dim=-2)

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """Every vector rotated."""
        tracks = self._tracks(outputs)
        turned = _directions.rotated(tracks[..., :3, :], rotation)
        return torch.cat([turned, tracks[..., 3:, :]], dim=-2).flatten(-3)

    def _tracks(self, flat: Tensor) -> Tensor:
        """(..., size) -> (..., tracks, axes, classes)"""
        return flat.unflatten(-1, (TRACKS, self.axes, len(self.classes)))

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """Tracks longer than the class's threshold are active; those of a class nearer than `unify`
        are averaged: a pair, or all three where more than one pair is near. Runs of frames follow
        the nearest direction from frame to frame. Distances below 0 are 0.

        Frame scores are the length of the longest track, cut to 1, and its direction. The official
        code writes a frame's sources in the order of the network's tracks, and calls them all 0.

        Errors: ValueError for a median filter: tracks have no order that one could act along.
        """
        _frames.refuse_medians(post, "multi_accdoa")
        frames = int(np.ceil(clip.duration / hop - _frames.EDGE))
        tracks = self._tracks(outputs.detach().float().cpu())[:frames].movedim(-1, -3)
        # Distances first, then means, as in the official code.
        tracks = torch.cat([tracks[..., :3], tracks[..., 3:].clamp(min=0)], dim=-1)
        length = _lengths(tracks)
        thresholds = _frames.by_class(post.thresholds, self.classes, "threshold")
        active = length > torch.from_numpy(thresholds).to(length)[:, None]
        sources, sounding = _unified(tracks, active, _owners(tracks, active, self.unify))
        longest = length.argmax(-1, keepdim=True)
        doa = _tracks.reordered(tracks[..., :3], longest).squeeze(-2)
        events = _tracks.followed(
            sounding.numpy(),
            _units(sources[..., :3]).numpy(),
            self.classes,
            hop=hop,
            duration=clip.duration,
            distance=sources[..., 3].numpy() if self.distance else None,
        )
        return Prediction(
            events=events,
            frame_scores=length.amax(-1).clamp(max=1).numpy(),
            hop=hop,
            doa=_units(doa).numpy(),
        )

    def _distinct(self, tracks: Tensor) -> Tensor:
        """(..., tracks, axes) with each source on one track: the mean direction of those that are
        nearer than `unify`, of the longest one's length."""
        length = _lengths(tracks)
        owner = _owners(tracks, length > 0, self.unify)
        sources, sounding = _unified(tracks, length > 0, owner)
        longest = torch.zeros_like(length).scatter_reduce(-1, owner, length, "amax")
        vectors = _units(sources[..., :3]) * longest.unsqueeze(-1)
        return torch.cat([vectors, sources[..., 3:] * sounding.unsqueeze(-1)], dim=-1)


def _lengths(tracks: Tensor) -> Tensor:
    """(..., axes) -> (...)"""
    return _directions.lengths(tracks[..., :3, None])[..., 0]


def _units(vectors: Tensor) -> Tensor:
    """(..., 3) -> (..., 3)"""
    return _directions.units(vectors.unsqueeze(-1)).squeeze(-1)


def _owners(tracks: Tensor, active: Tensor, degrees: float) -> Tensor:
    """The track that holds each track's source, (..., tracks)."""
    turned = _units(tracks[..., :3])
    cosine = (turned * turned.roll(-1, -2)).sum(-1).clamp(-1, 1)
    near = cosine.acos().rad2deg() < degrees  # tracks 0 and 1, 1 and 2, 2 and 0
    near &= active & active.roll(-1, -1)
    return torch.tensor(OWNERS, device=tracks.device)[
        (near * torch.tensor([1, 2, 4], device=near.device)).sum(-1)
    ]


def _unified(tracks: Tensor, active: Tensor, owner: Tensor) -> tuple[Tensor, Tensor]:
    """Means of the tracks of one source, (..., tracks, axes), on the track that holds it, and which
    tracks hold an active one."""
    total = torch.zeros_like(tracks).scatter_add(-2, owner.unsqueeze(-1).expand_as(tracks), tracks)
    number = torch.zeros_like(tracks[..., 0]).scatter_add(-1, owner, torch.ones_like(total[..., 0]))
    sounding = torch.zeros_like(number).scatter_reduce(-1, owner, active.to(number), "amax") > 0
    return total / number.clamp(min=1).unsqueeze(-1), sounding


def _sources(targets: Tensor) -> Tensor:
    """(..., 6, 1 + axes, classes) -> (..., 3, 1 + axes, classes), the silent ones last."""
    a0, b0, b1, c0, c1, c2 = targets.unbind(-3)
    return torch.stack([a0 + b0 + c0, b1 + c1, c2], dim=-3)


def _families(sources: Tensor) -> Tensor:
    """(..., 3, 1 + axes, classes), the silent ones last -> (..., 6, 1 + axes, classes)."""
    number = (sources[..., :1, :] != 0).sum(-3, keepdim=True)
    parts = [sources[..., : n + 1, :, :] * (number == n + 1) for n in range(TRACKS)]
    return torch.cat(parts, dim=-3)


def _overlapping(length: int, starts: Sequence[int]) -> Tensor:
    """Which frames of each window lie in another one too: (windows, window frames) bool."""
    frames = torch.as_tensor(starts)[:, None] + torch.arange(length)
    return (torch.bincount(frames.flatten())[frames]) > 1


FORMAT = MultiAccdoa
