"""Log-mel and intensity vector of the DCASE 2021 baseline: divided by half the channels' power.

24 kHz FOA; STFT 1024, Hann 960, hop 480 (20 ms), reflection; 64 Slaney bands 0-12000 Hz.
The baseline keeps the first samples // 480 frames too, and cuts or pads files to a minute (with
noise of 1e-8) before.
Source: sharathadavanne/seld-dcase2021, cls_feature_class.py.
"""

from torch import Tensor

from seldbench.features._intensity import Intensity
from seldbench.features._spectrograms import MelBands, SpectrogramFeatures
from seldbench.features._stft import Stft
from seldbench.features._whole import top_db_rule


class IvDcase2021(SpectrogramFeatures):
    """Channels: log-mel of W, Y, Z, X, then the intensity's X, Y, Z.

    Args:
        top_db: no spectrogram falls further below its largest value in the clip (80 in the
            baselines); None for no limit.
        standardise: "all" channels, the "spectrograms" alone, or "none".
        offset: added to every sample.
    """

    version = 1

    def __init__(
        self,
        *,
        n_fft: int = 1024,
        window_samples: int = 960,
        hop_samples: int = 480,
        bands: int = 64,
        low: float = 0.0,
        high: float = 12000.0,
        top_db: float | None = None,
        standardise: str = "all",
        offset: float = 1e-8,
    ) -> None:
        mel = MelBands(n_fft=n_fft, bands=bands, low=low, high=high)
        super().__init__(
            layout="foa",
            stft=Stft(
                n_fft=n_fft, window_samples=window_samples, hop_samples=hop_samples, offset=offset
            ),
            bands=mel,
            directions=Intensity(mel, energy, order=(2, 0, 1)),
            rule=top_db_rule(top_db),
            standardise=standardise,
        )


def energy(intensity: Tensor, power: Tensor) -> Tensor:
    """1e-8 + (|W|^2 + |Y|^2 + |Z|^2 + |X|^2) / 2."""
    return power.sum(1, keepdim=True).mul_(0.5).add_(1e-8)


FEATURES = IvDcase2021
