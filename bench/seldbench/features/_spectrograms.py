"""Features of 24 kHz recordings: decibel spectrograms of the microphones, then channels that tell
directions. Features differ in their transform, their bins, their directions; the rest is here."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seldbench.arrays import CHANNELS, ChannelMap, channel_map
from seldbench.errors import near
from seldbench.features._mel import slaney_bank
from seldbench.features._standard import population
from seldbench.features._stft import Stft
from seldbench.features._whole import Rule, decibels_
from seldbench.geometry import IDENTITY, Rotation

SAMPLE_RATE = 24000
GROUPS = 4  # of bands
STANDARDISED = ("all", "spectrograms", "none")
# What may be added to every sample and left out of account: the rounding of 16-bit audio as float32
# is as large. A channel whose sign is turned has it with the wrong sign.
UNHEARD = 1e-7


class Bands(nn.Module):
    """Spectrograms' own bins: forward(power of FFT bins, (..., FFT bins)) -> (..., bins)."""

    bins: int


class Directions(nn.Module):
    """Further channels: forward(Spectra) -> (batch, channels, frames, bins)."""

    channels: int

    def channel_map(self, rotation: Rotation) -> ChannelMap | None:
        """Order and signs of these channels in the rotated scene, as `arrays.channel_map`; None, as
        of phases between microphones, where no exchange makes it exactly."""
        return None


class MelBands(Bands):
    """Bands of a Slaney bank: weighted sums of FFT bins."""

    bank: Tensor

    def __init__(self, *, n_fft: int, bands: int, low: float, high: float) -> None:
        super().__init__()
        bank = slaney_bank(n_fft=n_fft, sample_rate=SAMPLE_RATE, bands=bands, low=low, high=high)
        self.register_buffer("bank", bank, persistent=False)
        self.bins = bands
        self.groups = [_group(bank, part.tolist()) for part in torch.arange(bands).chunk(GROUPS)]

    def forward(self, values: Tensor) -> Tensor:
        """(..., FFT bins) -> (..., bands)."""
        # Most of a bank is 0: by groups of neighbouring bands it takes less than half the time.
        return torch.cat(
            [values[..., rows] @ self.bank[rows, own] for rows, own in self.groups], -1
        )


def _group(bank: Tensor, bands: list[int]) -> tuple[slice, slice]:
    """The FFT bins that neighbouring bands hear, and the bands."""
    own = slice(bands[0], bands[-1] + 1)
    heard = bank[:, own].any(1).nonzero()
    return slice(int(heard.min()), int(heard.max()) + 1), own


class SpectrogramFeatures(nn.Module):
    """(batch, mics, samples) -> spectrum: linear power of every microphone, then directions, both
    (batch, channels, frames, bins) -> features: decibels, directions, standardised.

    Everything is computed in float32, inside autocast too. `mean` and `scale` are (channels, 1,
    bins); they are fitted, or loaded, where something is standardised.

    Args:
        layout: of the recordings, see `arrays.CHANNELS`.
        stft, bands, directions: the transform, the spectrograms' bins, the further channels.
        rule: what needs the whole clip, see `_whole`.
        standardise: "all" channels, "spectrograms" alone, or "none".

    Errors: ValueError for an unknown layout or standardisation.
    """

    version = 1
    sample_rate = SAMPLE_RATE
    lags = 0
    blank = None

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        *,
        layout: str,
        stft: Stft,
        bands: Bands,
        directions: Directions | None,
        rule: Rule,
        standardise: str,
    ) -> None:
        super().__init__()
        check_choice("layout", layout, CHANNELS)
        check_choice("standardisation", standardise, STANDARDISED)
        self.layout, self.standardise = layout, standardise
        self.stft, self.bands, self.directions, self.rule = stft, bands, directions, rule
        self.mics = CHANNELS[layout]
        self.channels = self.mics + (0 if directions is None else directions.channels)
        self.bins = bands.bins
        self.hop = stft.hop_samples / SAMPLE_RATE
        self.margin = stft.margin
        self.statistics = rule.values
        self.fitted = standardise != "none"
        self._ready = False
        if self.fitted:
            self.register_buffer("mean", torch.full((self.channels, 1, self.bins), torch.nan))
            self.register_buffer("scale", torch.full((self.channels, 1, self.bins), torch.nan))

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples."""
        return self.stft.frames(samples)

    def spectrum(self, waves: Tensor) -> Tensor:
        """(batch, mics, samples) -> linear (batch, channels, frames, bins)."""
        if waves.dim() != 3 or waves.shape[1] != self.mics:
            raise ValueError(
                f"features of {self.layout!r} recordings take (batch, {self.mics}, samples),"
                f" not {tuple(waves.shape)}"
            )
        with torch.autocast(waves.device.type, enabled=False):
            shape = (len(waves), self.channels, self.frames(waves.shape[-1]), self.bins)
            spectrum = torch.empty(shape, dtype=torch.float32, device=waves.device)
            for frames, spectra in self.stft.pieces(waves.float()):
                own = spectra.power[..., self.stft.inner, :]
                spectrum[:, : self.mics, frames] = self.bands(own)
                if self.directions is not None:
                    spectrum[:, self.mics :, frames] = self.directions(spectra)
            return spectrum

    def statistic(self, spectrum: Tensor) -> Tensor:
        """What the rule for whole clips needs: (batch, values)."""
        return self.rule.statistic(spectrum[:, : self.mics].float())

    def silence(self) -> float:
        """Power 0, no direction."""
        return 0.0

    def gain(self, spectrum: Tensor, decibels: Tensor) -> Tensor:
        """Power amplified by `decibels`, broadcastable to the spectrum; directions stay: what they
        say does not depend on the level."""
        factor = (10.0 ** (decibels / 10.0)).expand_as(spectrum)[:, : self.mics]
        louder = spectrum[:, : self.mics] * factor
        return torch.cat([louder, spectrum[:, self.mics :]], dim=1)

    def rotate(self, spectrum: Tensor, rotation: Rotation) -> Tensor | None:
        """Spectrograms exchanged, directions with signs; None where directions are not made so."""
        if rotation == IDENTITY:
            return spectrum
        mics = channel_map(self.layout, rotation)
        if mics is None or (self.stft.offset > UNHEARD and (mics[1] < 0).any()):
            return None
        turned = spectrum[:, mics[0].tolist()]
        if self.directions is None:
            return turned
        further = self.directions.channel_map(rotation)
        if further is None:
            return None
        order, signs = further
        vector = spectrum[:, (order + self.mics).tolist()]
        return torch.cat([turned, vector * vector.new_tensor(signs)[:, None, None]], dim=1)

    def finish(self, spectrum: Tensor, statistic: Tensor, start: Tensor | int = 0) -> Tensor:
        """Decibels, the rule for whole clips, standardisation -> (batch, channels, frames, bins).

        Errors: ValueError where `mean` and `scale` are neither fitted nor loaded.
        """
        with torch.autocast(spectrum.device.type, enabled=False):
            features = self._unscaled(spectrum.float(), statistic, start)
            if not self.fitted:
                return features
            self._check_ready()
            return features.sub_(self.mean).div_(self.scale)

    def fit(self, spectra: Iterable[Tensor]) -> None:
        """Mean and standard deviation of whole training clips' spectra, (1, ..., frames, bins)
        each; nothing where nothing is standardised."""
        if not self.fitted:
            return
        unscaled = (self._unscaled(s.float(), self.statistic(s), 0) for s in spectra)
        mean, scale = population(unscaled)
        if self.standardise == "spectrograms":
            mean[self.mics :], scale[self.mics :] = 0.0, 1.0
        self.mean.copy_(mean)
        self.scale.copy_(scale)

    def _unscaled(self, spectrum: Tensor, statistic: Tensor, start: Tensor | int) -> Tensor:
        features = spectrum.clone()
        spectrograms = decibels_(features[:, : self.mics])
        self.rule.apply(spectrograms, features[:, self.mics :], statistic, start)
        return features

    def _check_ready(self) -> None:
        # Asked until it is so: the answer waits for the device.
        self._ready = self._ready or bool(self.scale.isfinite().all())
        if not self._ready:
            raise ValueError(
                "the features' mean and scale are unknown: fit it on training clips first, or load"
                " what was fitted"
            )


def check_choice(what: str, given: str, known: Iterable[str]) -> None:
    """Raises ValueError, with the nearest known name, for a choice that there is not."""
    known = list(known)
    if given not in known:
        raise ValueError(f"no {what} {given!r}{near(given, known)}; choose of: {', '.join(known)}")
