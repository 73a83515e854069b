"""Log-mel of the Paderborn DESED systems: FB-CRNN and BiCRNN, standardised by training statistics.

16 kHz mono; Blackman window of 960 samples, FFT 1024, hop 320 (20 ms); 128 HTK bands 50-8000 Hz,
each a weighted mean of the FFT bins' power; natural logarithm; standardised; clamped to [-6, 6].
Source: fgnt/pb_sed, data_preparation/provider.py (AudioReader, STFT), with fgnt/padertorch,
contrib/je/modules/features.py (NormalizedLogMelExtractor) and fgnt/paderbox,
transform/module_fbank.py.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seldbench.features._standard import population
from seldbench.geometry import IDENTITY, Rotation

WINDOW_SAMPLES, N_FFT, HOP_SAMPLES = 960, 1024, 320
PAD = (WINDOW_SAMPLES - HOP_SAMPLES) // 2
LOW, HIGH = 50.0, 8000.0
SMALLEST = 1e-12  # added to the power of a band
CLAMP = 6.0  # standard deviations


class LogMelPb(nn.Module):
    """(batch, 1, samples) -> spectrum, linear power (batch, 1, frames, bins) -> features.

    The middle of frame t's window is the middle of the label frame [t * hop, (t + 1) * hop), half a
    hop later than the centred frames of other features: 10 s have 500 frames and none to drop.

    Args:
        peak_normalise: subtracts a wave's mean and divides it by its largest absolute sample (plus
            1e-3), as published. Mean and peak are those of the waves given: a window cut from a
            longer clip has its own, so only windows that are whole clips (DESED) have the features
            of their clips.

    Departs from pb_sed at a clip's ends, which are mirrored here, as all our features are, and
    zeros there: the first and the last frame. Everything is computed in float32, inside autocast
    too. `mean` and `scale` are (1, 1, bins); they are fitted, or loaded.
    """

    version = 1
    layout = "mono"
    sample_rate = 16000
    channels = 1
    bins = 128
    lags = 0
    hop = HOP_SAMPLES / 16000
    margin = 1
    statistics = False
    fitted = True
    blank = None

    window: Tensor
    bank: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, *, peak_normalise: bool = False) -> None:
        super().__init__()
        self.peak_normalise = peak_normalise
        self.register_buffer("window", torch.blackman_window(WINDOW_SAMPLES), persistent=False)
        self.register_buffer("bank", mean_bank(self.bins), persistent=False)
        self.register_buffer("mean", torch.full((1, 1, self.bins), torch.nan))
        self.register_buffer("scale", torch.full((1, 1, self.bins), torch.nan))
        self._ready = False

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples: its whole hops."""
        return samples // HOP_SAMPLES

    def spectrum(self, waves: Tensor) -> Tensor:
        """(batch, 1, samples) -> power of the bands, (batch, 1, frames, bins).

        Errors: ValueError for waves of another shape, or too short to be mirrored.
        """
        if waves.dim() != 3 or waves.shape[1] != 1 or waves.shape[-1] <= PAD:
            raise ValueError(
                f"logmel_pb takes (batch, 1, more than {PAD} samples), not {tuple(waves.shape)}"
            )
        with torch.autocast(waves.device.type, enabled=False):
            waves = waves.float()
            if self.peak_normalise:
                waves = waves - waves.mean(-1, keepdim=True)
                waves = waves / (waves.abs().amax(-1, keepdim=True) + 1e-3)
            padded = nn.functional.pad(waves, (PAD, PAD), mode="reflect")
            parts = padded.unfold(-1, WINDOW_SAMPLES, HOP_SAMPLES) * self.window
            spectra = torch.view_as_real(torch.fft.rfft(parts, N_FFT))
            return spectra.square().sum(-1) @ self.bank

    def statistic(self, spectrum: Tensor) -> Tensor:
        """(batch, 0): nothing of the whole clip is needed."""
        return spectrum.new_zeros(len(spectrum), 0)

    def silence(self) -> float:
        """Power 0."""
        return 0.0

    def gain(self, spectrum: Tensor, decibels: Tensor) -> Tensor:
        """Power amplified by `decibels`, broadcastable to the spectrum."""
        return spectrum * 10.0 ** (decibels / 10.0)

    def rotate(self, spectrum: Tensor, rotation: Rotation) -> Tensor | None:
        """One microphone hears no direction: nothing but the identity."""
        return spectrum if rotation == IDENTITY else None

    def finish(self, spectrum: Tensor, statistic: Tensor, start: Tensor | int = 0) -> Tensor:
        """Logarithm, standardised and clamped -> (batch, 1, frames, bins).

        Errors: ValueError where `mean` and `scale` are neither fitted nor loaded.
        """
        # Asked until it is so: the answer waits for the device.
        self._ready = self._ready or bool(self.scale.isfinite().all())
        if not self._ready:
            raise ValueError(
                "the features' mean and scale are unknown: fit it on training clips first, or load"
                " what was fitted"
            )
        with torch.autocast(spectrum.device.type, enabled=False):
            level = (spectrum.float() + SMALLEST).log_()
            return level.sub_(self.mean).div_(self.scale).clamp_(-CLAMP, CLAMP)

    def fit(self, spectra: Iterable[Tensor]) -> None:
        """Mean and standard deviation of every band of whole training clips' spectra,
        (1, 1, frames, bins) each."""
        mean, scale = population((s.float() + SMALLEST).log() for s in spectra)
        self.mean.copy_(mean)
        self.scale.copy_(scale)


def mean_bank(bands: int) -> Tensor:
    """(FFT bins, bands): triangles between edges equally spaced in HTK mel, each reaching at least
    one FFT bin to both sides of its middle, divided by the sum of their weights; float32."""
    ends = 2595.0 * (1.0 + torch.tensor([LOW, HIGH], dtype=torch.float64) / 700.0).log10()
    mel = torch.linspace(float(ends[0]), float(ends[1]), bands + 2, dtype=torch.float64)
    edges = 700.0 * (10.0 ** (mel / 2595.0) - 1.0) * N_FFT / LogMelPb.sample_rate
    middle = edges[1:-1]
    rise = (middle - edges[:-2]).clamp_min(1.0)
    fall = (edges[2:] - middle).clamp_min(1.0)
    apart = torch.arange(N_FFT // 2 + 1, dtype=torch.float64)[:, None] - middle
    bank = torch.minimum(1.0 + apart / rise, 1.0 - apart / fall).clamp_min(0.0)
    return (bank / (bank.sum(0) + 1e-6)).float()


FEATURES = LogMelPb
