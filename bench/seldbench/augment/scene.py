"""Augmentations of waves, before the features.

Source: time shift and mixup of frednam93/FDY-SED, moved to the waves for features that are padded
or logarithmic before they can be rolled or mixed. Rotation: Mazzon et al., DCASE 2019 workshop, and
the channel swaps of thomeou/SALSA (utilities/transforms.py), moved to the waves: every feature of a
rotated recording follows from its channels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from seldbench import arrays
from seldbench.augment import _draws
from seldbench.augment.batch import Batch
from seldbench.contracts import Features, OutputFormat
from seldbench.geometry import Rotation


class WaveMixup:
    """Clips mixed with others of like labels, as waves. The arguments are `_draws.Mixer`'s."""

    def __init__(
        self,
        *,
        groups: Sequence[Sequence[str]],
        probability: float = 1.0,
        alpha: float = 0.2,
        labels: str = "soft",
    ) -> None:
        self.mixer = _draws.Mixer(groups, probability, alpha, labels)

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        mixes = self.mixer.draw(batch, generator)
        waves = batch.waves
        for mix in mixes:
            waves = mix.audio(waves)
        return replace(
            batch,
            waves=waves,
            targets=self.mixer.targets(batch, formats, mixes),
            heard=self.mixer.heard(batch, mixes),
            inputs=self.mixer.inputs(batch, mixes),
        )


class TagMixup:
    """Clips mixed with another one of the batch, each by its own draw; targets weighted alike.

    The mean of every wave is taken off first. A clip keeps its own length: of a longer partner what
    lies beyond is not heard, as in the original, which cuts it.

    Args:
        probability: that a clip is mixed.
        alpha: the clip's own weight is drawn from Beta(alpha, alpha).

    Source: YuanGongND/ast, src/dataloader.py. Deviation: there the partner is any clip of the data
    set and is read for the purpose; here it is one of the batch, so that nothing is read twice. Of
    a balanced group it is therefore drawn by its labels' weight too.
    """

    def __init__(self, *, probability: float = 0.5, alpha: float = 10.0) -> None:
        if alpha <= 0:
            raise ValueError(f"alpha is {alpha}: Beta(alpha, alpha) needs a positive one")
        self.probability, self.alpha = _draws.checked_probability(probability), alpha

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        clips = len(batch.waves)
        weight = self._weights(clips, generator)
        # Another clip: 1 ... clips - 1 places on, around the end.
        step = torch.randint(1, max(clips, 2), (clips,), generator=generator)
        partners = (torch.arange(clips) + step) % clips

        def mixed(tensor: Tensor) -> Tensor:
            own = weight.to(tensor.device).view(-1, *[1] * (tensor.dim() - 1))
            return own * tensor + (1 - own) * tensor[partners.to(tensor.device)]

        return replace(
            batch,
            waves=mixed(batch.waves - batch.waves.mean(-1, keepdim=True)),
            targets={head: mixed(target) for head, target in batch.targets.items()},
            inputs={name: mixed(given) for name, given in batch.inputs.items()},
        )

    def _weights(self, clips: int, generator: Generator) -> Tensor:
        """Of every clip itself, 1 where it is left alone; (clips,)."""
        weight = _draws.betas(clips, self.alpha, self.alpha, generator)
        alone = torch.rand(clips, generator=generator) >= self.probability
        return weight.masked_fill(alone, 1.0)


class WaveShift:
    """Every clip rolled in time by its own draw of feature hops, targets with it, floored to label
    frames. The window alone is rolled; the margin around it becomes its mirror image.

    Features with a `blank` never have it rolled in: zeros come around as silence, and blank frames
    begin where the rolled recording ends.

    Args:
        sigma: of the normal draw, in hops of the features.
    """

    def __init__(self, *, sigma: float = 90.0) -> None:
        self.sigma = sigma

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        hop_samples = round(features.hop * features.sample_rate)
        margin = features.margin * hop_samples
        ratio = _draws.frames_per_label(batch, features)
        shift = _draws.shifts(len(batch.waves), self.sigma, generator)
        window = batch.waves[..., margin : batch.waves.shape[-1] - margin]
        window = _draws.rolled(window, [n * hop_samples for n in shift], -1)
        frames = features.frames(window.shape[-1])
        return replace(
            batch,
            waves=functional.pad(window, (margin, margin), mode="reflect"),
            targets=_draws.shifted_targets(batch, formats, [n // ratio for n in shift]),
            heard=None if batch.heard is None else _ends(batch.heard, shift, frames),
        )


def _ends(heard: Tensor, shift: Sequence[int], frames: int) -> Tensor:
    """Where rolled recordings end, (clips,): those that wrap, with the window."""
    rolled = heard + torch.tensor(shift, device=heard.device)
    wraps = (rolled > frames) | (rolled < heard)
    return torch.where(wraps, frames, rolled)


class Rotate:
    """Every clip rotated by its own draw of the rotations that its layout's channels can be turned
    by, the identity among them: channels exchanged, targets with them.

    Args:
        probability: that a clip takes part in the draw.

    Errors: ValueError for recordings that cannot be turned.
    """

    def __init__(self, *, probability: float = 1.0) -> None:
        self.probability = _draws.checked_probability(probability)

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        rotations = arrays.rotations(features.layout)
        if len(rotations) == 1:
            raise ValueError(
                f"recordings of layout {features.layout!r} cannot be rotated: choose features of a"
                " layout with directions (foa or mic), or leave `rotate` out"
            )
        clips = len(batch.waves)
        drawn = torch.randint(len(rotations), (clips,), generator=generator)
        taking = torch.rand(clips, generator=generator) < self.probability
        drawn = torch.where(taking, drawn, 0)  # the identity
        waves, targets = batch.waves.clone(), {k: v.clone() for k, v in batch.targets.items()}
        for i in drawn.unique().tolist():
            rows = (drawn == i).nonzero()[:, 0].to(waves.device)
            waves[rows] = _turned(waves[rows], features.layout, rotations[i])
            for head, target in targets.items():
                target[rows] = formats[head].rotate_targets(target[rows], rotations[i])
        return replace(batch, waves=waves, targets=targets)


def _turned(waves: Tensor, layout: str, rotation: Rotation) -> Tensor:
    """(clips, mics, samples) of the rotated scenes."""
    channels = arrays.channel_map(layout, rotation)
    assert channels is not None  # one of the layout's rotations
    order, signs = channels
    return waves[:, order.tolist()] * waves.new_tensor(np.asarray(signs))[:, None]


class MixScenes:
    """A second window of the batch added to a window as another scene of the same array, at a level
    of its own; the targets are those of both scenes.

    Args:
        groups: sets of splits; a clip is joined only by clips of its own set. Splits that no set
            names are left alone.
        probability: that a clip is joined by another.
        decibels: range of the gain of the one that joins.
    """

    def __init__(
        self,
        *,
        groups: Sequence[Sequence[str]],
        probability: float = 0.5,
        decibels: tuple[float, float] = (-6.0, 0.0),
    ) -> None:
        if decibels[0] > decibels[1]:
            raise ValueError(f"decibels is {decibels}: the lower end first")
        self.probability = _draws.checked_probability(probability)
        self.groups, self.decibels = groups, decibels

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        waves, targets = batch.waves.clone(), {k: v.clone() for k, v in batch.targets.items()}
        inputs = {k: v.clone() for k, v in batch.inputs.items()}
        heard = None if batch.heard is None else batch.heard.clone()
        for splits in self.groups:
            rows, partners, gain = self._draw(batch.positions(splits), generator)
            rows, partners = rows.to(waves.device), partners.to(waves.device)
            waves[rows] += gain.to(waves)[:, None, None] * batch.waves[partners]
            for head, target in batch.targets.items():
                targets[head][rows] = formats[head].union(target[rows], target[partners])
            for name, given in batch.inputs.items():
                inputs[name][rows] = torch.maximum(given[rows], given[partners])
            if heard is not None and batch.heard is not None:
                heard[rows] = torch.maximum(batch.heard[rows], batch.heard[partners])
        return replace(batch, waves=waves, targets=targets, inputs=inputs, heard=heard)

    def _draw(self, rows: Tensor, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Clips, each with another one that joins it and that one's gain."""
        order = rows[torch.randperm(len(rows), generator=generator)]
        joined = torch.rand(len(rows), generator=generator) < self.probability
        decibels = _draws.uniform((len(rows),), *self.decibels, generator)
        if len(rows) < 2:  # nobody joins himself
            joined = torch.zeros_like(joined)
        return order[joined], order.roll(1)[joined], (10 ** (decibels / 20))[joined]
