"""Axes of spectra stretched and squeezed, levels moved: every clip by its own draw.

Source: fgnt/pb_sed, experiments/weak_label_crnn/training.py and data_preparation/provider.py (how
far), with fgnt/padertorch, contrib/je (data/transforms.py, modules/augment.py), and fgnt/paderbox,
transform/module_fbank.py (what). There spectra are computed anew, with other hops and other bands;
here they are interpolated.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor

from seldbench.augment import _draws
from seldbench.augment.batch import Batch
from seldbench.contracts import Features, OutputFormat
from seldbench.errors import near


class FrequencyWarp:
    """Bands moved as by another length of the vocal tract: the axis is multiplied by a factor up to
    a break, and in a line from there to its end, which stays. Bands from beyond the end are silent.

    Args:
        sigma, widest: of the factor's logarithm: a normal draw within +-widest.
        break_scale, last_break: the break, a share of the axis, is an exponential draw below
            last_break; from 1 on there is none.

    Deviation: pb_sed's axis begins at 0 Hz, this one below the first band (50 Hz there). Source of
    the rule: Jaitly and Hinton 2013, "Vocal tract length perturbation".
    Errors: ValueError for features with channels whose bins are lags.
    """

    def __init__(
        self,
        *,
        sigma: float = 0.08,
        widest: float = math.log(1.3),
        break_scale: float = 0.5,
        last_break: float = 5.0,
    ) -> None:
        _check_positive(sigma=sigma, widest=widest, break_scale=break_scale, last_break=last_break)
        self.sigma, self.widest = sigma, widest
        self.break_scale, self.last_break = break_scale, last_break

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum = _draws.spectrum_of(batch)
        if features.lags:
            raise ValueError(
                f"bins of the last {features.lags} channels of these features are lags, not"
                " frequencies: leave `frequency_warp` out"
            )
        clips, bins = len(spectrum), spectrum.shape[-1]
        factor = truncated_normal(clips, self.sigma, self.widest, generator).exp()
        middle = truncated_exponential(clips, self.break_scale, self.last_break, generator)
        axis = torch.arange(1, bins + 1, dtype=torch.float64) / (bins + 1)
        place = broken_line(axis, factor, middle).to(spectrum.device)  # (clips, bins)
        moved = interpolated(spectrum, place * (bins + 1) - 1, -1)
        beyond = (place > 1)[:, None, None, :]
        return replace(batch, spectrum=moved.masked_fill(beyond, features.silence()))


class TimeWarp:
    """A moment near the middle of a clip moved in time, what is before and after it stretched and
    squeezed in a line; the clip's length stays, and targets go with it.

    Args:
        anchor: range of the moment, as shares of the clip.
        shift: range of how far it is moved.
        heads: heads whose targets have label frames on axis 1.
    """

    def __init__(
        self,
        *,
        anchor: tuple[float, float] = (0.4, 0.6),
        shift: tuple[float, float] = (-0.1, 0.1),
        heads: Sequence[str] = ("frames",),
    ) -> None:
        if not (anchor[0] + shift[0] > 0 and anchor[1] + shift[1] < 1):
            raise ValueError(f"anchor {anchor} moved by {shift} leaves the clip, (0, 1)")
        if not (0 < anchor[0] <= anchor[1] < 1 and shift[0] <= shift[1]):
            raise ValueError(f"anchor {anchor}, shift {shift}: the lower end first, in (0, 1)")
        self.anchor, self.shift, self.heads = anchor, shift, heads

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum, targets = _draws.spectrum_of(batch), dict(batch.targets)
        clips, frames = len(spectrum), spectrum.shape[-2]
        old = _draws.uniform((clips,), *self.anchor, generator).double()
        new = old + _draws.uniform((clips,), *self.shift, generator)
        place = _bent(_middles(frames), new, old).to(spectrum.device)
        for head in self.heads:
            if head not in targets:
                raise ValueError(f"no head {head!r}{near(head, targets)} among {list(targets)}")
            targets[head] = _taken(targets[head], new, old)
        heard = batch.heard
        if heard is not None:
            share = (heard.cpu().double() / frames)[:, None]
            heard = (_bent(share, old, new)[:, 0] * frames).round().to(heard)
        moved = interpolated(spectrum, place * frames - 0.5, -2)
        return replace(batch, spectrum=moved, targets=targets, heard=heard)


class RandomGain:
    """Every clip louder or softer: a normal draw of decibels within +-widest. By default a factor
    up to 3."""

    def __init__(self, *, sigma: float = 8.686, widest: float = 9.542) -> None:
        _check_positive(sigma=sigma, widest=widest)
        self.sigma, self.widest = sigma, widest

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum = _draws.spectrum_of(batch)
        drawn = truncated_normal(len(spectrum), self.sigma, self.widest, generator)
        decibels = drawn.to(spectrum)[:, None, None, None]
        return replace(batch, spectrum=features.gain(spectrum, decibels))


class LevelNoise:
    """Normal noise on the level of every frame and bin, its deviation drawn for each clip.

    Args:
        widest: the largest deviation, in decibels. pb_sed draws up to 0.2 of a band's deviation in
            the training data, which is some 13 dB.
    """

    def __init__(self, *, widest: float = 2.5) -> None:
        _check_positive(widest=widest)
        self.widest = widest

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum = _draws.spectrum_of(batch)
        deviation = _draws.uniform((len(spectrum), 1, 1, 1), 0.0, self.widest, generator)
        shape = (len(spectrum), 1, *spectrum.shape[-2:])
        noise = deviation * torch.randn(shape, generator=generator)
        return replace(batch, spectrum=features.gain(spectrum, noise.to(spectrum)))


def truncated_normal(count: int, sigma: float, widest: float, generator: Generator) -> Tensor:
    """Normal numbers of mean 0 within +-widest, (count,) float64."""
    share = math.erf(widest / sigma / math.sqrt(2))
    draw = torch.rand(count, generator=generator, dtype=torch.float64)
    return (sigma * math.sqrt(2) * torch.erfinv((2 * draw - 1) * share)).clamp(-widest, widest)


def truncated_exponential(count: int, scale: float, end: float, generator: Generator) -> Tensor:
    """Exponential numbers below `end`, (count,) float64."""
    draw = torch.rand(count, generator=generator, dtype=torch.float64)
    return -scale * torch.log1p(-draw * (1 - math.exp(-end / scale)))


def broken_line(axis: Tensor, factor: Tensor, middle: Tensor) -> Tensor:
    """Where each point of an axis in [0, 1] is read, (clips, points): `factor` times as far up to
    the break, then in a line to 1; what the whole axis is multiplied by may end beyond 1.

    Args:
        axis: (points,).
        factor, middle: (clips,); the break is that of the squeezed one of both axes.
    """
    start = middle * factor.clamp(max=1) / factor
    whole = (start >= 1) | (start * factor > 1)
    value = (start * factor)[:, None]
    first = factor[:, None] * axis
    left = (1 - start).clamp(min=1e-12)[:, None]
    second = value + (axis - start[:, None]) * (1 - value) / left
    return torch.where(whole[:, None] | (axis <= start[:, None]), first, second)


def interpolated(tensor: Tensor, place: Tensor, axis: int) -> Tensor:
    """(clips, channels, frames, bins) read at fractional places of its axis -1 or -2, (clips,
    points); beyond the ends the end's own value."""
    size = tensor.shape[axis]
    place = place.clamp(0, size - 1)
    low = place.floor().long().clamp(max=max(size - 2, 0))
    way = (place - low).to(tensor.dtype)

    def along(values: Tensor) -> Tensor:
        return values[:, None, None, :] if axis == -1 else values[:, None, :, None]

    shape = list(tensor.shape)
    shape[axis] = place.shape[1]
    lower = tensor.gather(axis, along(low).expand(shape))
    upper = tensor.gather(axis, along((low + 1).clamp(max=size - 1)).expand(shape))
    return torch.lerp(lower, upper, along(way))


def _bent(share: Tensor, knee: Tensor, image: Tensor) -> Tensor:
    """Shares of a clip, (points,) or (clips, points), in lines 0, knee, 1 -> 0, image, 1."""
    knee, image = knee[:, None], image[:, None]
    before = share * image / knee
    after = image + (share - knee) * (1 - image) / (1 - knee)
    return torch.where(share <= knee, before, after)


def _middles(frames: int) -> Tensor:
    return (torch.arange(frames, dtype=torch.float64) + 0.5) / frames


def _taken(target: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """The label frame that each frame's middle came from."""
    frames = target.shape[1]
    place = (_bent(_middles(frames), new, old) * frames).floor().long().clamp(0, frames - 1)
    place = place.to(target.device)
    index = place.reshape(*place.shape, *(1,) * (target.dim() - 2)).expand_as(target)
    return target.gather(1, index)


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if value <= 0:
            raise ValueError(f"{name} is {value}: give a positive number")
