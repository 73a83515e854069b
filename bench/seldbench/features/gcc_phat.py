"""Log-mel and generalised cross-correlation (GCC-PHAT) of every pair of microphones.

24 kHz MIC; STFT 1024, Hann 960, hop 480 (20 ms), reflection; 64 Slaney bands 0-12000 Hz. Pairs
(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3); as many lags as bands, from -bands / 2 on: lag 0 is
bin bands / 2, and a peak at lag d says that the second microphone hears d samples later. Full band:
every bin's phase counts alike. Two channels of digital silence are in phase, as in the originals.
Source: sharathadavanne/seld-dcase2022, cls_feature_class.py (2021 and 2023 alike);
`melspecgcc` of thomeou/SALSA, dataset/feature_extraction.py, whose low-pass filter changes nothing
because the phase alone is kept.
"""

from itertools import combinations

import torch
from torch import Tensor

from seldbench.features._spectrograms import (
    Bands,
    Directions,
    MelBands,
    SpectrogramFeatures,
)
from seldbench.features._stft import Spectra, Stft
from seldbench.features._whole import top_db_rule

NOTHING = 1e-18  # an amplitude
PAIRS = tuple(combinations(range(4), 2))


class GccPhat(SpectrogramFeatures):
    """Channels: log-mel of the four microphones, then the six pairs, whose bins are lags.

    SALSA's form: n_fft = 1024, window_samples = 512, hop_samples = 300, mel_n_fft = 512,
    bands = 128, low = 50, offset = 0. (There the last centred frame is kept, here it is dropped.)

    Args:
        n_fft: of the correlations, whose lags are circular in it.
        mel_n_fft: of the spectrograms, None for n_fft.
        top_db: no spectrogram falls further below its largest value in the clip (80 in the
            baselines); None for no limit.
        standardise: "all" channels, the "spectrograms" alone, or "none".
        offset: added to every sample.
    """

    version = 1
    lags = len(PAIRS)  # the last channels: their bins are lags

    def __init__(
        self,
        *,
        n_fft: int = 1024,
        window_samples: int = 960,
        hop_samples: int = 480,
        mel_n_fft: int | None = None,
        bands: int = 64,
        low: float = 0.0,
        high: float = 12000.0,
        top_db: float | None = None,
        standardise: str = "all",
        offset: float = 1e-8,
    ) -> None:
        mel_n_fft = n_fft if mel_n_fft is None else mel_n_fft
        if mel_n_fft < window_samples or n_fft % mel_n_fft:
            raise ValueError(
                f"mel_n_fft = {mel_n_fft} must divide n_fft = {n_fft} and hold the window of"
                f" {window_samples} samples"
            )
        if bands % 2 or bands > n_fft:
            raise ValueError(f"{bands} lags: an even number, at most n_fft = {n_fft}")
        mel = MelBands(n_fft=mel_n_fft, bands=bands, low=low, high=high)
        super().__init__(
            layout="mic",
            stft=Stft(
                n_fft=n_fft, window_samples=window_samples, hop_samples=hop_samples, offset=offset
            ),
            bands=mel if mel_n_fft == n_fft else _EveryNth(mel, n_fft // mel_n_fft),
            directions=Correlations(n_fft, bands),
            rule=top_db_rule(top_db),
            standardise=standardise,
        )


class Correlations(Directions):
    """Cross-correlation of the pairs' phases at the lags -lags / 2 ... lags / 2 - 1."""

    channels = len(PAIRS)

    weight: Tensor
    cosines: Tensor
    sines: Tensor

    def __init__(self, n_fft: int, lags: int) -> None:
        super().__init__()
        # Few lags are kept: a product with their part of the inverse DFT is faster than one. Its
        # cosines are even and its sines odd, so the lags 0, 1 ... lags / 2 hold all of it.
        bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64)
        weight = torch.full_like(bins, 2.0 / n_fft)
        weight[0] = weight[-1] = 1.0 / n_fft
        angle = bins[:, None] * torch.arange(1, lags // 2 + 1) * (2.0 * torch.pi / n_fft)
        self.register_buffer("weight", weight.float(), persistent=False)
        self.register_buffer("cosines", (angle.cos() * weight[:, None]).float(), persistent=False)
        self.register_buffer("sines", (angle.sin() * -weight[:, None]).float(), persistent=False)

    def forward(self, spectra: Spectra) -> Tensor:
        """(batch, 4, frames, FFT bins) -> (batch, 6, frames, lags)."""
        # Silence gets the phase 0, and nothing else is changed by so little.
        inverse = (spectra.power + NOTHING**2).rsqrt_()
        real, imag = (spectra.real + NOTHING).mul_(inverse), spectra.imag * inverse
        pairs = []
        for m, n in PAIRS:
            cosine = (real[:, m] * real[:, n]).addcmul_(imag[:, m], imag[:, n])
            sine = (real[:, m] * imag[:, n]).addcmul_(imag[:, m], real[:, n], value=-1.0)
            even, odd = cosine @ self.cosines, sine @ self.sines
            lag_0 = (cosine @ self.weight)[..., None]
            pairs.append(torch.cat([(even - odd).flip(-1), lag_0, (even + odd)[..., :-1]], dim=-1))
        return torch.stack(pairs, dim=1)


class _EveryNth(Bands):
    """Bands of a shorter transform with the same window: each of its bins is every nth of these."""

    def __init__(self, bands: Bands, n: int) -> None:
        super().__init__()
        self.bands, self.n, self.bins = bands, n, bands.bins

    def forward(self, power: Tensor) -> Tensor:
        """(..., n * FFT bins) -> (..., bins)."""
        return self.bands(power[..., :: self.n])


FEATURES = GccPhat
