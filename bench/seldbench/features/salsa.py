"""SALSA: linear spectrograms, and the principal eigenvector of every active bin with one source.

24 kHz FOA or MIC; STFT 512, Hann 512, hop 300 (12.5 ms), reflection. Spectrograms have 200 bins:
the FFT's 1 ... 192, then means of eight. Directions have the FFT bins from 1 up to `high`, where
the covariance of seven frames has a first eigenvalue more than five times the second, and where the
bin is active (`_activity`); 0 elsewhere.
Source: thomeou/SALSA, dataset/salsa_feature_extraction.py; Nguyen et al. 2022, arXiv:2110.00275.

Deviations: the original keeps the last centred frame, here it is dropped, for windows of a fixed
number of frames. Its covariances are circular, those of a file's first three frames take in the
last ones; here the waves are mirrored at the clip's ends, as for everything else. Activity is
circular as in the original, in the frames that are kept; so the first floors differ, and with them
the activity of about one bin in a hundred in the first seconds. On the original's own frames, ends
joined, both are the same.
"""

import torch
from torch import Tensor

from seldbench.arrays import ChannelMap, vector_map
from seldbench.features import _hermitian
from seldbench.features._activity import ActiveBins
from seldbench.features._phase import metres_per_radian
from seldbench.features._spectrograms import (
    SAMPLE_RATE,
    Bands,
    Directions,
    SpectrogramFeatures,
    check_choice,
)
from seldbench.features._stft import Spectra, Stft
from seldbench.geometry import Rotation

N_FFT = 512
FIRST = 1  # FFT bin
SINGLE = 192  # FFT bins that are bins of their own
GROUP = 8  # FFT bins in each of the others
BINS = 200
CONTEXT = 3  # frames at each side in a covariance
CONDITION = 5.0


class Salsa(SpectrogramFeatures):
    """Channels: decibels of the four microphones, then three that tell the direction.

    Of "foa" these are the components Y, Z, X of a unit vector, real parts of the eigenvector over
    its W. Of "mic" they are the phase differences to the first microphone, as differences of path
    in metres.

    Args:
        layout: "foa" or "mic".
        high: end of the directions' bins, in hertz; 9000 as published, 4000 is advised for MIC.
        standardise: "all" channels, the "spectrograms" alone, or "none".
    """

    version = 1

    def __init__(
        self,
        *,
        layout: str = "foa",
        window_samples: int = 512,
        hop_samples: int = 300,
        high: float = 9000.0,
        standardise: str = "spectrograms",
    ) -> None:
        check_choice("layout of four microphones", layout, ("foa", "mic"))
        end = int(high * N_FFT / SAMPLE_RATE)
        if not FIRST < end <= SINGLE + 1:
            raise ValueError(f"high = {high}: directions end between 94 and 9093 Hz")
        stft = Stft(
            n_fft=N_FFT,
            window_samples=window_samples,
            hop_samples=hop_samples,
            context=CONTEXT,
        )
        super().__init__(
            layout=layout,
            stft=stft,
            bands=Compressed(),
            directions=Eigenvectors(layout, end),
            rule=ActiveBins(end - FIRST),
            standardise=standardise,
        )


class Compressed(Bands):
    """The FFT bins from 1 on, at last means of eight; the very last lacks its eighth and is
    divided by eight all the same."""

    bins = BINS

    def forward(self, power: Tensor) -> Tensor:
        """(..., 257) -> (..., 200)."""
        groups = torch.nn.functional.pad(power[..., FIRST + SINGLE : -1], (0, 1))
        means = groups.unflatten(-1, (-1, GROUP)).mean(-1)
        return torch.cat([power[..., FIRST : FIRST + SINGLE], means], dim=-1)


class Eigenvectors(Directions):
    """What the principal eigenvectors tell of the FFT bins from 1 to `end`, excluded."""

    channels = 3

    metres: Tensor

    def __init__(self, layout: str, end: int) -> None:
        super().__init__()
        self.layout, self.end = layout, end
        self.register_buffer("metres", metres_per_radian(end, N_FFT)[FIRST:], persistent=False)

    def forward(self, spectra: Spectra) -> Tensor:
        """(batch, 4, 3 + frames + 3, FFT bins) -> (batch, 3, frames, 200)."""
        real, imag, power = (part[..., FIRST : self.end] for part in spectra)
        matrix = _hermitian.covariance(real, imag, power)
        eighth = matrix
        for _ in range(3):
            eighth = _hermitian.square(eighth)
        far = _hermitian.dominated(matrix, eighth, CONDITION)
        tell = self._components if self.layout == "foa" else self._paths
        vector = tell(*_hermitian.principal(eighth)).mul_(far[:, None])
        return torch.nn.functional.pad(vector, (0, BINS - vector.shape[-1]))

    def channel_map(self, rotation: Rotation) -> ChannelMap | None:
        """The unit vector turned; phases between microphones cannot be. Whether a bin has one
        source is judged alike but for rounding: of thirty million bins none was judged
        otherwise."""
        return vector_map(rotation) if self.layout == "foa" else None

    def _components(self, real: list[Tensor], imag: list[Tensor]) -> Tensor:
        vector = torch.stack(real, dim=1)
        length = torch.linalg.vector_norm(vector, dim=1, keepdim=True)
        return vector.div_(length.clamp_min_(torch.finfo(length.dtype).tiny))

    def _paths(self, real: list[Tensor], imag: list[Tensor]) -> Tensor:
        return torch.stack([torch.atan2(*part) for part in zip(imag, real)], dim=1) * self.metres


FEATURES = Salsa
