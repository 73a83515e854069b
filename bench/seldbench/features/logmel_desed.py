"""Log-mel of the DESED task: linear magnitude mel, decibels in [-50, 80], min-max scaled.

16 kHz mono; STFT 2048, hop 256 (16 ms), symmetric Hamming, reflection; 128 HTK bands 0-8000 Hz on
magnitudes, not power. Source: DCASE-REPO/DESED_task, recipes/dcase2022_task4_baseline
(local/sed_trainer.py) and desed_task/utils/scaler.py; frednam93/FDY-SED, utils/utils.py.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seldbench.errors import near
from seldbench.features._mel import htk_bank
from seldbench.features._stft import centred_stft, frame_count, magnitude
from seldbench.geometry import IDENTITY, Rotation

N_FFT = 2048
HOP_SAMPLES = 256
SMALLEST = 1e-5  # magnitude, -100 dB
DECIBELS = (-50.0, 80.0)
SCALINGS = ("clip", "band")


class LogMelDesed(nn.Module):
    """(batch, 1, samples) -> spectrum, linear magnitudes (batch, 1, frames, bins) -> features.

    Args:
        scaling: what one minimum and maximum are taken over. "clip": bands and frames of a clip, to
            [-1, 1] (DESED baseline). "band": the frames of one band of a clip, to [0, 1] (the FDY
            family, whose own code pools them over the batch as well; here a clip's features must
            not depend on its neighbours).
        peak_normalise: divides every wave by its largest absolute sample first (the FDY family).
            The peak is that of the waves given: a window cut from a longer clip has its own, so
            only windows that are whole clips (DESED) have the features of their clips.

    Everything is computed in float32, inside autocast too.
    """

    version = 1
    layout = "mono"
    sample_rate = 16000
    channels = 1
    bins = 128
    lags = 0
    hop = HOP_SAMPLES / 16000
    margin = N_FFT // 2 // HOP_SAMPLES
    statistics = True
    fitted = False
    blank = None

    window: Tensor
    bank: Tensor

    def __init__(self, *, scaling: str = "clip", peak_normalise: bool = False) -> None:
        super().__init__()
        if scaling not in SCALINGS:
            known = ", ".join(SCALINGS)
            raise ValueError(f"no scaling {scaling!r}{near(scaling, SCALINGS)}; choose of: {known}")
        self.scaling = scaling
        self.peak_normalise = peak_normalise
        bank = htk_bank(
            n_fft=N_FFT, sample_rate=self.sample_rate, bands=self.bins, low=0.0, high=8000.0
        )
        self.register_buffer("window", torch.hamming_window(N_FFT, periodic=False), False)
        self.register_buffer("bank", bank, False)

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples."""
        return frame_count(samples, HOP_SAMPLES)

    def spectrum(self, waves: Tensor) -> Tensor:
        """(batch, 1, samples) -> linear mel magnitudes, (batch, 1, frames, bins)."""
        if waves.dim() != 3 or waves.shape[1] != 1:
            raise ValueError(f"logmel_desed takes (batch, 1, samples), not {tuple(waves.shape)}")
        with torch.autocast(waves.device.type, enabled=False):
            waves = waves.float()
            if self.peak_normalise:
                peak = waves.abs().amax(-1, keepdim=True)
                waves = waves / peak.clamp_min(torch.finfo(torch.float32).tiny)
            return magnitude(centred_stft(waves, self.window, HOP_SAMPLES)) @ self.bank

    def statistic(self, spectrum: Tensor) -> Tensor:
        """Smallest and largest decibels: (batch, 2), or (batch, 2 * bins) minima then maxima."""
        over = (1, 2) if self.scaling == "band" else (1, 2, 3)
        low, high = spectrum.amin(over), spectrum.amax(over)
        return _decibels(torch.stack([low, high], 1).flatten(1))

    def silence(self) -> float:
        """Magnitude 0."""
        return 0.0

    def gain(self, spectrum: Tensor, decibels: Tensor) -> Tensor:
        """Magnitudes amplified by `decibels`, broadcastable to the spectrum."""
        return spectrum * 10.0 ** (decibels / 20.0)

    def rotate(self, spectrum: Tensor, rotation: Rotation) -> Tensor | None:
        """One microphone hears no direction: nothing but the identity."""
        return spectrum if rotation == IDENTITY else None

    def finish(self, spectrum: Tensor, statistic: Tensor, start: Tensor | int = 0) -> Tensor:
        """Decibels, scaled by the clip's `statistic` -> (batch, 1, frames, bins).

        Constant input gives the lower end of the scale.
        """
        with torch.autocast(spectrum.device.type, enabled=False):
            low, high = statistic.float().unflatten(1, (2, 1, 1, -1)).unbind(1)
            unit = (_decibels(spectrum) - low) / (high - low + 1e-8)
            return unit if self.scaling == "band" else unit * 2.0 - 1.0

    def fit(self, spectra: Iterable[Tensor]) -> None:
        """Nothing: every clip is scaled by its own statistic."""


def _decibels(magnitude: Tensor) -> Tensor:
    return (20.0 * magnitude.float().clamp_min(SMALLEST).log10()).clamp(*DECIBELS)


FEATURES = LogMelDesed
