"""Log-mel and unit intensity vectors: every FFT bin's vector is divided by its own length.

24 kHz FOA; STFT 512, Hann 512, hop 300 (12.5 ms), reflection; 128 Slaney bands 50-12000 Hz; no
limit to the decibels. Both originals keep the last centred frame, 1 + samples // hop in all; here
it is dropped, for windows of a fixed number of frames.
Source: `melspeciv` of thomeou/SALSA, dataset/feature_extraction.py; with other arguments
yinkalario/EIN-SELD, seld/methods/feature.py.
"""

from functools import partial

from seldbench.features._intensity import Intensity, length
from seldbench.features._spectrograms import MelBands, SpectrogramFeatures
from seldbench.features._stft import Stft
from seldbench.features._whole import top_db_rule


class IvUnit(SpectrogramFeatures):
    """Channels: log-mel of W, Y, Z, X, then the intensity's Y, Z, X.

    EINV2's form: n_fft = window_samples = 1024, hop_samples = 600, bands = 256, low = 20,
    epsilon = 1.19e-7.

    Args:
        epsilon: added to a vector's length.
        top_db: no spectrogram falls further below its largest value in the clip; None for no limit.
        standardise: "all" channels, the "spectrograms" alone, or "none".
    """

    version = 1

    def __init__(
        self,
        *,
        n_fft: int = 512,
        window_samples: int = 512,
        hop_samples: int = 300,
        bands: int = 128,
        low: float = 50.0,
        high: float = 12000.0,
        epsilon: float = 1e-8,
        top_db: float | None = None,
        standardise: str = "all",
    ) -> None:
        mel = MelBands(n_fft=n_fft, bands=bands, low=low, high=high)
        super().__init__(
            layout="foa",
            stft=Stft(n_fft=n_fft, window_samples=window_samples, hop_samples=hop_samples),
            bands=mel,
            directions=Intensity(mel, partial(length, epsilon=epsilon)),
            rule=top_db_rule(top_db),
            standardise=standardise,
        )


FEATURES = IvUnit
