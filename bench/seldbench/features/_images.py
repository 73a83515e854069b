"""Features that are images (see `seldbench.images`), and perhaps what phases say of directions."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seldbench import images
from seldbench.arrays import CHANNELS
from seldbench.features._stft import LARGE_PIECE, PIECE, SHORTEST, magnitude
from seldbench.geometry import IDENTITY, Rotation

# A magnitude that stands for none, so that silence has a phase: 0.
NOTHING = 1e-18


class ImageFeatures(nn.Module):
    """(batch, mics, samples) -> spectrum: the magnitude of microphone 0, then cosine and sine of
    its phase differences to the others, (batch, channels, frames, bins) -> the same with the
    magnitude as image.

    Everything is computed in float32, inside autocast too. Nothing is fitted.
    """

    version = 1
    sample_rate = images.SAMPLE_RATE
    bins = images.BINS
    lags = 0
    hop = images.HOP
    margin = 1  # of the 512 samples from a cut's last hop on, 256 lie beyond it
    statistics = False
    fitted = False
    blank = None

    window: Tensor

    def __init__(self, layout: str) -> None:
        super().__init__()
        self.layout, self.mics = layout, CHANNELS[layout]
        self.channels = 1 + 2 * (self.mics - 1)
        self.register_buffer("window", images.hann(torch.zeros(0)), persistent=False)

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples."""
        return images.frame_count(samples)

    def spectrum(self, waves: Tensor) -> Tensor:
        """(batch, mics, samples) -> (batch, channels, frames, bins), piece by piece.

        Errors: ValueError for another number of channels, and for waves shorter than a frame.
        """
        if waves.dim() != 3 or waves.shape[1] != self.mics:
            raise ValueError(
                f"features of {self.layout!r} recordings take (batch, {self.mics}, samples),"
                f" not {tuple(waves.shape)}"
            )
        with torch.autocast(waves.device.type, enabled=False):
            waves = waves.float()
            frames = self.frames(waves.shape[-1])
            shape = (len(waves), self.channels, frames, self.bins)
            spectrum = torch.empty(shape, dtype=torch.float32, device=waves.device)
            # On a CPU clip by clip: pieces of many clips at once would be of too few frames each.
            cpu = waves.device.type == "cpu"
            for own, into in zip(waves.split(1), spectrum.split(1)) if cpu else [(waves, spectrum)]:
                size = (PIECE if cpu else LARGE_PIECE) // (len(own) * self.mics * self.bins)
                self._write(own, into, max(size, SHORTEST))
            return spectrum

    def _write(self, waves: Tensor, into: Tensor, size: int) -> None:
        """The spectrum of waves, so many frames at a time."""
        for first in range(0, max(into.shape[2], 1), size):
            start = first * images.HOP_SAMPLES
            part = waves[..., start : start + (size + 1) * images.HOP_SAMPLES]
            self._write_piece(part, into[:, :, first : first + size])

    def _write_piece(self, waves: Tensor, into: Tensor) -> None:
        complex_ = images.spectra(waves, self.window)[..., : self.bins]
        into[:, 0] = magnitude(complex_[:, 0])
        if self.mics > 1:
            real, imag = _phasors(complex_)
            own_real, real = real[:, :1], real[:, 1:]
            own_imag, imag = imag[:, :1], imag[:, 1:]
            # The conjugate product of phasors: no angle is taken of it.
            into[:, 1::2] = (own_real * real).addcmul_(own_imag, imag)
            into[:, 2::2] = (own_imag * real).addcmul_(own_real, imag, value=-1.0)

    def statistic(self, spectrum: Tensor) -> Tensor:
        """None is needed: (batch, 0)."""
        return spectrum.new_zeros(len(spectrum), 0)

    def silence(self) -> float:
        """Magnitude 0, no direction."""
        return 0.0

    def gain(self, spectrum: Tensor, decibels: Tensor) -> Tensor:
        """The magnitude amplified by `decibels`, broadcastable to the spectrum; directions stay."""
        factor = (10.0 ** (decibels / 20.0)).expand_as(spectrum)[:, :1]
        return torch.cat([spectrum[:, :1] * factor, spectrum[:, 1:]], dim=1)

    def rotate(self, spectrum: Tensor, rotation: Rotation) -> Tensor | None:
        """Nothing but the identity: phases to another microphone 0 are other ones."""
        return spectrum if rotation == IDENTITY else None

    def finish(self, spectrum: Tensor, statistic: Tensor, start: Tensor | int = 0) -> Tensor:
        """The magnitude as image: (batch, channels, frames, bins)."""
        with torch.autocast(spectrum.device.type, enabled=False):
            finished = spectrum.float().clone()
            images.image_(finished[:, 0])
            return finished

    def fit(self, spectra: Iterable[Tensor]) -> None:
        """Nothing: images are scaled as they are."""


def _phasors(spectra: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary parts of complex numbers over their magnitudes; 1 of 0."""
    real, imag = spectra.real.contiguous(), spectra.imag.contiguous()
    inverse = real.square().addcmul_(imag, imag).add_(NOTHING**2).rsqrt_()
    return real.add_(NOTHING).mul_(inverse), imag.mul_(inverse)
