"""Parts of spectra masked, or moved along frequency, in all channels together. Labels stay.

Every clip has draws of its own.
Source: thomeou/SALSA, utilities/transforms.py (CompositeCutout, RandomShiftUpDownNp) and
dataset/datamodule.py. There they act on standardised decibels, here on what comes before both.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Generator, Tensor

from seldbench.augment import _draws
from seldbench.augment.batch import Batch
from seldbench.contracts import Features, OutputFormat

# A part of a spectrum: its frames and its bins.
Patch = tuple[slice, slice]
ALL = slice(None)


class SpecAugment:
    """Stripes of frames and of bins made silent.

    Args:
        probability: that a clip is masked at all.
        times, widest_time: stripes of frames, and the share of the frames that each is below.
        bands, widest_band: stripes of bins, and the share of the bins that each is below.
        below_frames, below_bins: in place of the shares, numbers of frames and of bins that widths
            are below; the least width is then 0 (AST).
        fill: what a stripe holds, in the spectrum's own units; None: what silence is (AST: 0.0,
            the value that pads its logarithmic spectra).

    Source: Park et al. 2019, arXiv:1904.08779; shares as in thomeou/SALSA (SpecAugmentNp), numbers
    as in YuanGongND/ast (src/dataloader.py, the masks of torchaudio). There clips are padded first
    and stripes of frames may lie in the padding.
    """

    def __init__(
        self,
        *,
        probability: float = 0.5,
        times: int = 1,
        widest_time: float = 0.15,
        bands: int = 1,
        widest_band: float = 0.2,
        below_frames: int | None = None,
        below_bins: int | None = None,
        fill: float | None = None,
    ) -> None:
        for name, share in (("widest_time", widest_time), ("widest_band", widest_band)):
            if not 0 < share <= 1:
                raise ValueError(f"{name} is {share}: a share lies in (0, 1]")
        self.probability = _draws.checked_probability(probability)
        self.times, self.widest_time = times, widest_time
        self.bands, self.widest_band = bands, widest_band
        for name, end in (("below_frames", below_frames), ("below_bins", below_bins)):
            if end is not None and end < 1:
                raise ValueError(f"{name} is {end}: widths are below it, and at least 0")
        self.below_frames, self.below_bins, self.fill = below_frames, below_bins, fill

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum = _draws.spectrum_of(batch)
        frames, bins = spectrum.shape[-2:]
        # Marked on the CPU, filled at once: on a GPU every stripe would be a call of its own.
        stripes = torch.zeros(len(spectrum), 1, frames, bins, dtype=torch.bool)
        for i in _chosen(len(spectrum), self.probability, generator):
            for time, band in self._patches(frames, bins, generator):
                stripes[i, 0, time, band] = True
        fill = features.silence() if self.fill is None else self.fill
        return replace(batch, spectrum=spectrum.masked_fill(stripes.to(spectrum.device), fill))

    def _patches(self, frames: int, bins: int, generator: Generator) -> Iterator[Patch]:
        for _ in range(self.times):
            yield _of_width(frames, self.below_frames, self.widest_time, generator), ALL
        for _ in range(self.bands):
            yield ALL, _of_width(bins, self.below_bins, self.widest_band, generator)


class Cutout:
    """Patches filled with one random level, without direction: in one clip of three a rectangle, in
    one a stripe of frames and one of bins, in one eight small squares, each with its own level.

    The level lies between the clip's lowest and highest, in decibels; channels that are no levels
    (those that `features.gain` leaves alone) become silence(). A rectangle covers 2 to 30 % of the
    window and has frames / bins of 0.3 to 3.3; of a window with more frames than bins the lower end
    is that ratio times 0.3, of another the upper end that ratio times 3.3.

    Args:
        probability: that a clip is changed.

    Source: thomeou/SALSA, CompositeCutout.
    """

    def __init__(self, *, probability: float = 0.5) -> None:
        self.probability = _draws.checked_probability(probability)

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum = _draws.spectrum_of(batch).clone()
        frames, bins = spectrum.shape[-2:]
        level, floor = _levels(features, spectrum)
        for i in _chosen(len(spectrum), self.probability, generator):
            # Of the clip as it was: a patch does not change the range of those after it.
            low, high = torch.maximum(spectrum[i, level], floor).log().aminmax()
            kind = KINDS[_draws.integer(0, len(KINDS), generator)]
            for time, band in kind(frames, bins, generator):
                share = torch.rand((), generator=generator).to(low)
                spectrum[i, level, time, band] = (low + share * (high - low)).exp()
                spectrum[i, ~level, time, band] = features.silence()
        return replace(batch, spectrum=spectrum)


def rectangle(frames: int, bins: int, generator: Generator) -> Iterator[Patch]:
    """One large patch."""
    lowest, highest, ratio = 0.3, 1 / 0.3, frames / bins
    lowest, highest = (lowest * ratio, highest) if ratio > 1 else (lowest, highest * ratio)
    area = float(_draws.uniform((), 0.02, 0.3, generator)) * frames * bins
    shape = float(_draws.uniform((), lowest, highest, generator))
    height = min(int((area * shape) ** 0.5), frames - 1)
    width = min(int((area / shape) ** 0.5), bins - 1)
    yield _placed(frames, height, generator), _placed(bins, width, generator)


def stripes(frames: int, bins: int, generator: Generator) -> Iterator[Patch]:
    """One of frames, one of bins."""
    yield _stripe(frames, 0.15, generator), ALL
    yield ALL, _stripe(bins, 0.2, generator)


def squares(frames: int, bins: int, generator: Generator) -> Iterator[Patch]:
    """Eight of 8 frames and 8 bins."""
    for _ in range(8):
        time = _placed(frames, min(8, frames), generator)
        yield time, _placed(bins, min(8, bins), generator)


KINDS: tuple[Callable[[int, int, Generator], Iterator[Patch]], ...] = (rectangle, stripes, squares)


class FrequencyShift:
    """The spectrum moved up or down by a few bins; what comes in is the mirror image of its edge.

    Args:
        probability: that a clip is moved.
        widest: a clip is moved by 1 ... widest - 1 bins ("up to 10" in SALSA is 1 ... 9).
        keep_lags: whether channels whose bins are lags stay as they are, as SALSA leaves GCC-PHAT.

    Errors: ValueError for features with channels whose bins are lags, unless they are kept.
    """

    def __init__(
        self, *, probability: float = 0.5, widest: int = 10, keep_lags: bool = False
    ) -> None:
        if widest < 2:
            raise ValueError(f"widest is {widest}: shifts are below it, and at least 1")
        self.probability = _draws.checked_probability(probability)
        self.widest, self.keep_lags = widest, keep_lags

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        spectrum = _draws.spectrum_of(batch)
        channels, bins = spectrum.shape[1], spectrum.shape[-1]
        lags = features.lags
        if lags and not self.keep_lags:
            raise ValueError(
                f"bins of the last {lags} channels of these features are lags, not frequencies:"
                " leave `frequency_shift` out, or set its keep_lags to true"
            )
        if self.widest > bins:
            raise ValueError(f"shifts below {self.widest} bins, but a spectrum has {bins}")
        clips = len(spectrum)
        shift = torch.randint(1, self.widest, (clips,), generator=generator)
        shift *= 2 * torch.randint(2, (clips,), generator=generator) - 1
        shift *= torch.rand(clips, generator=generator) < self.probability
        moved = spectrum[:, : channels - lags]
        source = _mirrored(torch.arange(bins) - shift[:, None], bins).to(spectrum.device)
        moved = moved.gather(-1, source[:, None, None].expand(moved.shape))
        return replace(batch, spectrum=torch.cat([moved, spectrum[:, channels - lags :]], dim=1))


def _mirrored(bins: Tensor, size: int) -> Tensor:
    """Bins beyond an end, seen in it; the end's own bin is not repeated."""
    bins = bins.abs()
    return torch.where(bins < size, bins, 2 * (size - 1) - bins)


def _chosen(clips: int, probability: float, generator: Generator) -> list[int]:
    drawn = torch.rand(clips, generator=generator) < probability
    return drawn.nonzero()[:, 0].tolist()


def _of_width(size: int, below: int | None, share: float, generator: Generator) -> slice:
    """A stripe whose width is below a number, from 0 on, or else below a share of the size."""
    if below is None:
        return _stripe(size, share, generator)
    width, place = torch.rand(2, generator=generator).tolist()
    width *= min(below, size)
    first = int(place * (size - width))
    return slice(first, first + int(width))


def _stripe(size: int, widest: float, generator: Generator) -> slice:
    """At least 1 wide, below `widest` of the size."""
    return _placed(size, _draws.integer(1, max(int(widest * size), 2), generator), generator)


def _placed(size: int, width: int, generator: Generator) -> slice:
    first = _draws.integer(0, max(size - width, 1), generator)
    return slice(first, first + width)


def _levels(features: Features, spectrum: Tensor) -> tuple[Tensor, Tensor]:
    """Which channels are levels, (channels,) bool: those that are amplified; and what -100 dB is in
    them, (levels, 1, 1)."""
    ones = spectrum.new_ones(1, spectrum.shape[1], 1, 1)
    quiet = features.gain(ones, -100 * ones)[0]
    if not bool((quiet > 0).all()):
        raise ValueError(
            "these features' spectra are logarithms, and `cutout` draws levels of linear ones: use"
            " `spec_augment` instead"
        )
    level = (quiet != 1).flatten()
    return level, quiet[level]
