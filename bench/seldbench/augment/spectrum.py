"""Augmentations of spectra: before the logarithm, between `features.spectrum` and `finish`.

Source: frednam93/FDY-SED and frednam93/FilterAugSED (utils/data_aug.py), DCASE-REPO/DESED_task
(desed_task/data_augm.py); FilterAugment: Nam et al. 2022, arXiv:2110.03282.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor

from seldbench.augment import _draws
from seldbench.augment.batch import Batch
from seldbench.contracts import Features, OutputFormat
from seldbench.errors import near


class Mixup:
    """Clips mixed with others of like labels, in the spectrum's own units: linear ones, but of
    logarithmic features their logarithms (there `wave_mixup` mixes what is heard).

    The arguments are `_draws.Mixer`'s. The DESED baseline mixes one batch in two, FDY every batch.
    """

    def __init__(
        self,
        *,
        groups: Sequence[Sequence[str]],
        probability: float = 0.5,
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
        spectrum = _draws.spectrum_of(batch)
        for mix in mixes:
            spectrum = mix.audio(spectrum)
        return replace(
            batch,
            spectrum=spectrum,
            targets=self.mixer.targets(batch, formats, mixes),
            heard=self.mixer.heard(batch, mixes),
            inputs=self.mixer.inputs(batch, mixes),
        )


class FrameShift:
    """Every clip rolled in time by its own draw, targets with it, floored to label frames.

    Features of full frames alone have a little less of them than their labels last: what wraps is
    early by that (two frames of `fbank_ast`); `wave_shift` rolls both by the same period.

    Args:
        sigma: of the normal draw, in frames of the features (90 of 16 ms in FDY-SED).
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
        spectrum = _draws.spectrum_of(batch)
        ratio = _draws.frames_per_label(batch, features)
        shift = _draws.shifts(len(spectrum), self.sigma, generator)
        return replace(
            batch,
            spectrum=_draws.rolled(spectrum, shift, -2),
            targets=_draws.shifted_targets(batch, formats, [n // ratio for n in shift]),
        )


class TimeMask:
    """One span of time, the same for the whole batch, made silent; its targets become 0.

    Where features end before their labels do, so does a span that reaches beyond them.

    Args:
        groups: splits whose clips are masked: those with strong labels (a weak label may well be
            what the span held).
        heads: heads whose targets have label frames on axis 1.
        width: least and (excluded) largest share of the label frames.
    """

    def __init__(
        self,
        *,
        groups: Sequence[str],
        heads: Sequence[str] = ("frames",),
        width: tuple[float, float] = (1 / 20, 1 / 5),
    ) -> None:
        if not 0 <= width[0] < width[1] <= 1:
            raise ValueError(f"width is {width}: two rising shares of a clip, in [0, 1]")
        self.groups, self.heads, self.width = groups, heads, width

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        rows = batch.positions(self.groups).to(batch.waves.device)
        spectrum, targets = _draws.spectrum_of(batch).clone(), dict(batch.targets)
        ratio = _draws.frames_per_label(batch, features)
        first, last = self._span(targets, generator)
        spectrum[rows, :, first * ratio : last * ratio] = features.silence()
        for head in self.heads:
            targets[head] = targets[head].clone()
            targets[head][rows, first:last] = 0
        return replace(batch, spectrum=spectrum, targets=targets)

    def _span(self, targets: Mapping[str, Tensor], generator: Generator) -> tuple[int, int]:
        for head in self.heads:
            if head not in targets:
                raise ValueError(f"no head {head!r}{near(head, targets)} among {list(targets)}")
        frames = targets[self.heads[0]].shape[1]
        low, high = (int(frames * share + 1e-6) for share in self.width)
        width = _draws.integer(low, max(high, low + 1), generator)
        first = _draws.integer(0, max(frames - width, 1), generator)
        return first, first + width


class NoiseRoll:
    """Noise on every cell, then every clip rolled in time by its own draw, targets with it.

    The noise is uniform in [0, 1), times one factor a clip, uniform in [0, `loudest`), times
    `scale`.

    Args:
        scale: what one unit of the network's input is in the spectrum: of AST twice the deviation
            that it scales by, for the original adds noise to scaled features.
        loudest: end of the factors.
        furthest: clips are rolled by -furthest ... furthest - 1 frames.

    Source: YuanGongND/ast, src/dataloader.py (`noise`). Deviation: there a clip is padded first and
    its padding is rolled and made noisy too; here frames beyond its end stay blank.
    """

    def __init__(self, *, scale: float, loudest: float = 0.1, furthest: int = 10) -> None:
        if furthest < 1:
            raise ValueError(f"furthest is {furthest}: at least 1; leave `noise_roll` out instead")
        self.scale, self.loudest, self.furthest = scale, loudest, furthest

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum = _draws.spectrum_of(batch)
        clips = len(spectrum)
        factor = _draws.uniform((clips, 1, 1, 1), 0.0, self.loudest * self.scale, generator)
        noise = torch.rand(spectrum.shape, generator=generator) * factor
        drawn = torch.randint(-self.furthest, self.furthest, (clips,), generator=generator)
        shift, ratio = drawn.tolist(), _draws.frames_per_label(batch, features)
        return replace(
            batch,
            spectrum=_draws.rolled(spectrum + noise.to(spectrum.device), shift, -2),
            targets=_draws.shifted_targets(batch, formats, [n // ratio for n in shift]),
        )


class FilterAugment:
    """A random equaliser: bands of random width, gains in decibels by clip and band.

    One division into bands for the whole batch; every clip has its own gains. With a single band
    nothing happens.

    Args:
        kind: "step": one gain a band. "linear": a gain at each edge, in between linear in decibels
            over the band's bins.
        decibels: range of the gains.
        bands: least and (excluded) largest number of bands.
        narrowest: least bins of a band.
    """

    def __init__(
        self,
        *,
        kind: str = "step",
        decibels: tuple[float, float] = (-4.5, 6.0),
        bands: tuple[int, int] = (2, 5),
        narrowest: int = 4,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"no kind {kind!r}{near(kind, KINDS)}: {' or '.join(KINDS)}")
        if not 1 <= bands[0] < bands[1]:
            raise ValueError(f"bands is {bands}: two rising numbers, the first at least 1")
        self.kind, self.decibels, self.bands, self.narrowest = kind, decibels, bands, narrowest

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum = _draws.spectrum_of(batch)
        bands = _draws.integer(*self.bands, generator)
        if bands == 1:
            return batch
        edges = self._edges(bands, spectrum.shape[-1], generator)
        gains = KINDS[self.kind](len(spectrum), edges, self.decibels, generator)
        gains = gains[:, None, None, :].to(spectrum)  # (clips, 1, 1, bins)
        return replace(batch, spectrum=features.gain(spectrum, gains))

    def _edges(self, bands: int, bins: int, generator: Generator) -> Tensor:
        """(bands + 1,) bins, the first 0 and the last `bins`."""
        free = bins - bands * self.narrowest
        if free < 0:
            raise ValueError(f"{bands} bands of {self.narrowest} bins are more than {bins} bins")
        inner = torch.randint(0, free + 1, (bands - 1,), generator=generator).sort().values
        inner = inner + torch.arange(1, bands) * self.narrowest
        return torch.cat([torch.tensor([0]), inner, torch.tensor([bins])])


class FilterAugmentMixed:
    """FilterAugment of a kind drawn for each batch: steps (2-4 bands, 4 bins) or lines (3-5, 6).

    Args:
        share: probability of steps.
        decibels: range of the gains of both.
    """

    def __init__(self, *, share: float = 0.5, decibels: tuple[float, float] = (-6.0, 6.0)) -> None:
        self.share = share
        self.step = FilterAugment(kind="step", decibels=decibels, bands=(2, 5), narrowest=4)
        self.linear = FilterAugment(kind="linear", decibels=decibels, bands=(3, 6), narrowest=6)

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        step = float(torch.rand((), generator=generator)) < self.share
        return (self.step if step else self.linear)(batch, features, formats, generator)


def step_gains(
    clips: int, edges: Tensor, decibels: tuple[float, float], generator: Generator
) -> Tensor:
    """(clips, bins): one gain in every band."""
    gains = _draws.uniform((clips, len(edges) - 1), *decibels, generator)
    return gains.repeat_interleave(edges.diff(), dim=1)


def linear_gains(
    clips: int, edges: Tensor, decibels: tuple[float, float], generator: Generator
) -> Tensor:
    """(clips, bins): lines whose ends meet at the edges; a band's last bin has its upper gain."""
    gains = _draws.uniform((clips, len(edges)), *decibels, generator)
    # A line has as many points as its band has bins, both ends included.
    way = torch.cat([torch.linspace(0, 1, int(n)) for n in edges.diff()])
    band = torch.arange(len(edges) - 1).repeat_interleave(edges.diff())
    return gains[:, band] * (1 - way) + gains[:, band + 1] * way


KINDS = {"step": step_gains, "linear": linear_gains}
