"""Log-mel of PANNs: mel power in decibels, as the networks released for AudioSet hear it.

Centred STFT with reflection, periodic Hann; 64 Slaney bands from 50 Hz on; 10 log10 of at least
1e-10, neither standardised nor cut at the top. Source: qiuqiangkong/audioset_tagging_cnn,
pytorch/models.py (Cnn14, Cnn14_16k); Kong et al. 2020, arXiv:1912.10211.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seldbench.features._mel import slaney_bank
from seldbench.features._stft import centred_stft, frame_count
from seldbench.features._whole import SMALLEST
from seldbench.geometry import IDENTITY, Rotation

BANDS = 64
LOWEST = 50.0


class Setting(NamedTuple):
    """Samples of the window and between windows, and the upper end of the bands in hertz."""

    n_fft: int
    hop_samples: int
    highest: float


# Both windows are 32 ms, both hops 10 ms.
SETTINGS = {16000: Setting(512, 160, 8000.0), 32000: Setting(1024, 320, 14000.0)}


class LogMelPanns(nn.Module):
    """(batch, 1, samples) -> spectrum, linear mel power (batch, 1, frames, bins) -> decibels.

    Args:
        sample_rate: 16000 (Cnn14_16k) or 32000, that of most released networks.

    Everything is computed in float32, inside autocast too.

    Errors: ValueError for another sample rate.
    """

    version = 1
    layout = "mono"
    channels = 1
    bins = BANDS
    lags = 0
    hop = 0.01
    statistics = False
    fitted = False
    blank = None

    window: Tensor
    bank: Tensor

    def __init__(self, *, sample_rate: int = 16000) -> None:
        super().__init__()
        if sample_rate not in SETTINGS:
            raise ValueError(
                f"no PANNs network hears {sample_rate} Hz; choose of:"
                f" {', '.join(map(str, SETTINGS))}"
            )
        n_fft, self.hop_samples, highest = SETTINGS[sample_rate]
        self.sample_rate = sample_rate
        self.margin = -(-(n_fft // 2) // self.hop_samples)
        bank = slaney_bank(
            n_fft=n_fft, sample_rate=sample_rate, bands=BANDS, low=LOWEST, high=highest
        )
        self.register_buffer("window", torch.hann_window(n_fft), False)
        self.register_buffer("bank", bank, False)

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples."""
        return frame_count(samples, self.hop_samples)

    def spectrum(self, waves: Tensor) -> Tensor:
        """(batch, 1, samples) -> linear mel power, (batch, 1, frames, bins)."""
        if waves.dim() != 3 or waves.shape[1] != 1:
            raise ValueError(f"logmel_panns takes (batch, 1, samples), not {tuple(waves.shape)}")
        with torch.autocast(waves.device.type, enabled=False):
            spectra = centred_stft(waves.float(), self.window, self.hop_samples)
            return spectra.real.square().addcmul_(spectra.imag, spectra.imag) @ self.bank

    def statistic(self, spectrum: Tensor) -> Tensor:
        """None is needed: (batch, 0)."""
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
        """Decibels, (batch, 1, frames, bins)."""
        with torch.autocast(spectrum.device.type, enabled=False):
            return spectrum.float().clamp_min(SMALLEST).log10().mul_(10.0)

    def fit(self, spectra: Iterable[Tensor]) -> None:
        """Nothing: the networks normalise their bands themselves."""


FEATURES = LogMelPanns
