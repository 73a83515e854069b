"""SALSA-Lite: linear spectrograms of the microphones, and what their phases say of the directions.

24 kHz MIC. Phase differences to the first microphone as differences of path in metres (NIPD), or in
half turns (IPD), for bins up to 2 kHz, above which they are ambiguous; 0 beyond.
Source: sharathadavanne/seld-dcase2022, cls_feature_class.py (`use_salsalite`); thomeou/SALSA,
dataset/salsa_lite_feature_extraction.py. Nguyen et al. 2022, arXiv:2111.08192.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from seldbench.features._phase import metres_per_radian
from seldbench.features._spectrograms import (
    SAMPLE_RATE,
    Bands,
    Directions,
    SpectrogramFeatures,
    check_choice,
)
from seldbench.features._stft import Spectra, Stft
from seldbench.features._whole import top_db_rule

LOW, HIGH, ALIASING = 50, 9000, 2000  # hertz: first bin, end of the bins, end of the phases
PHASES = ("nipd", "ipd")


class Form(NamedTuple):
    """What the publications choose differently."""

    n_fft: int
    window_samples: int
    hop_samples: int
    standardise: str
    offset: float


FORMS = {
    "dcase2022": Form(1024, 960, 480, "all", 1e-8),
    "salsa": Form(512, 512, 300, "spectrograms", 0.0),
}


class SalsaLite(SpectrogramFeatures):
    """Channels: decibels of the four microphones, then the phases of microphones 1, 2, 3.

    Both forms zero the phases from the index of 2 kHz on *of the cropped bins*: as many bins above
    2 kHz as lie below 50 Hz keep them. SALSA keeps the last centred frame, here it is dropped.

    Args:
        form: "dcase2022": STFT 1024, Hann 960, hop 480 (20 ms), 382 bins; "salsa": STFT 512, Hann
            512, hop 300 (12.5 ms), 191 bins.
        phase: "nipd" or "ipd".
        top_db: no spectrogram falls further below its largest value in the clip; None for no limit.
        standardise: "all" channels, the "spectrograms" alone, or "none"; as "published" is "all" of
            dcase2022 and "spectrograms" of salsa.
    """

    version = 1

    def __init__(
        self,
        *,
        form: str = "dcase2022",
        phase: str = "nipd",
        top_db: float | None = None,
        standardise: str = "published",
    ) -> None:
        check_choice("form", form, FORMS)
        check_choice("phase", phase, PHASES)
        chosen = FORMS[form]
        first = max(1, LOW * chosen.n_fft // SAMPLE_RATE)
        end = HIGH * chosen.n_fft // SAMPLE_RATE
        unit = half_turns(end) if phase == "ipd" else metres_per_radian(end, chosen.n_fft)
        super().__init__(
            layout="mic",
            stft=Stft(
                n_fft=chosen.n_fft,
                window_samples=chosen.window_samples,
                hop_samples=chosen.hop_samples,
                offset=chosen.offset,
            ),
            bands=Crop(first, end),
            directions=Phases(first, unit[first:], ALIASING * chosen.n_fft // SAMPLE_RATE),
            rule=top_db_rule(top_db),
            standardise=chosen.standardise if standardise == "published" else standardise,
        )


class Crop(Bands):
    """The FFT bins from `first` on, `end` excluded."""

    def __init__(self, first: int, end: int) -> None:
        super().__init__()
        self.first, self.end, self.bins = first, end, end - first

    def forward(self, power: Tensor) -> Tensor:
        """(..., FFT bins) -> (..., bins)."""
        return power[..., self.first : self.end]


class Phases(Directions):
    """Phase differences to microphone 0.

    Args:
        first: the first bin.
        unit: what a radian is, of the bins from `first` on.
        kept: of these, as many keep their phases; the others are 0.
    """

    channels = 3

    unit: Tensor

    def __init__(self, first: int, unit: Tensor, kept: int) -> None:
        super().__init__()
        self.first, self.zeros = first, len(unit) - kept
        self.register_buffer("unit", unit[:kept], persistent=False)

    def forward(self, spectra: Spectra) -> Tensor:
        """(batch, 4, frames, FFT bins) -> (batch, 3, frames, bins)."""
        kept = slice(self.first, self.first + len(self.unit))
        real, imag = spectra.real[..., kept], spectra.imag[..., kept]
        cosine = real[:, 1:] * real[:, :1] + imag[:, 1:] * imag[:, :1]
        sine = imag[:, 1:] * real[:, :1] - real[:, 1:] * imag[:, :1]
        return torch.nn.functional.pad(torch.atan2(sine, cosine) * self.unit, (0, self.zeros))


def half_turns(bins: int) -> Tensor:
    """Half turns of a radian, of so many bins."""
    return torch.full((bins,), 1.0 / torch.pi)


FEATURES = SalsaLite
