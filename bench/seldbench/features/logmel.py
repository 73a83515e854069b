"""Log-mel spectrograms at 24 kHz, one channel a microphone.

Its defaults are those of the DCASE SELD baselines: STFT 1024, Hann 960, hop 480 (20 ms),
reflection; 64 Slaney bands 0-12000 Hz of the power; decibels, at least -100.
Source: sharathadavanne/seld-dcase2022, cls_feature_class.py; there top_db is 80.
"""

from seldbench.features._spectrograms import MelBands, SpectrogramFeatures
from seldbench.features._stft import Stft
from seldbench.features._whole import top_db_rule


class LogMel(SpectrogramFeatures):
    """Channels: the microphones in order.

    Args:
        layout: "mono", "foa" or "mic".
        top_db: no channel falls further below its largest value in the clip; None for no limit.
        standardise: "all" channels or "none".
        offset: added to every sample (1e-8 in the baselines, which gives digital silence a level
            far below -100 dB).
    """

    version = 1

    def __init__(
        self,
        *,
        layout: str = "mono",
        n_fft: int = 1024,
        window_samples: int = 960,
        hop_samples: int = 480,
        bands: int = 64,
        low: float = 0.0,
        high: float = 12000.0,
        top_db: float | None = None,
        standardise: str = "all",
        offset: float = 0.0,
    ) -> None:
        super().__init__(
            layout=layout,
            stft=Stft(
                n_fft=n_fft, window_samples=window_samples, hop_samples=hop_samples, offset=offset
            ),
            bands=MelBands(n_fft=n_fft, bands=bands, low=low, high=high),
            directions=None,
            rule=top_db_rule(top_db),
            standardise=standardise,
        )


FEATURES = LogMel
