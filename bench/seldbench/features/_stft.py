"""The centred short-time Fourier transform that all features share.

n_fft/2 samples of reflection (the edge sample not repeated) on both ends; frame t covers the padded
samples t * hop ... t * hop + n_fft - 1; one-sided; no normalisation; 1 + samples // hop frames.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

# Complex values that are worked on at a time. On the CPU, what follows a transform finds them in
# the cache then: a quarter as many, or eight times as many, take up to half as long again. On
# other devices they bound the memory.
PIECE, LARGE_PIECE = 1 << 17, 1 << 24
SHORTEST = 16  # frames of a piece


def frame_count(samples: int, hop_samples: int) -> int:
    """Frames of so many samples."""
    return 1 + samples // hop_samples


def centred_stft(waves: Tensor, window: Tensor, hop_samples: int) -> Tensor:
    """(batch, mics, samples) -> complex (batch, mics, frames, n_fft / 2 + 1).

    Args:
        window: (n_fft,), on the device of the waves.

    Errors: ValueError where a wave is too short to be reflected.
    """
    return _stft(_reflected(waves, len(window) // 2), window, hop_samples)


def magnitude(spectra: Tensor) -> Tensor:
    """Absolute values, complex -> real. Those below 1e-19 become 0."""
    # abs() guards against overflow, which audio cannot cause, at four times the time.
    return spectra.real.square().addcmul_(spectra.imag, spectra.imag).sqrt_()


class Spectra(NamedTuple):
    """Complex spectra as real numbers: parts and squared magnitude, (batch, mics, frames, bins)."""

    real: Tensor
    imag: Tensor
    power: Tensor


class Stft(nn.Module):
    """The transform of spatial features: whole hops only, piece by piece.

    A periodic Hann window of `window_samples` stands in the middle of n_fft samples. The last
    centred frame, samples // hop, is dropped, as the DCASE baselines do: seconds of audio have a
    fixed number of frames then.

    Args:
        context: frames that come with a piece at each side; beyond the ends of the waves those of
            the mirrored waves.
        offset: added to every sample.
    """

    window: Tensor

    def __init__(
        self,
        *,
        n_fft: int,
        window_samples: int,
        hop_samples: int,
        context: int = 0,
        offset: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 < window_samples <= n_fft:
            raise ValueError(f"a window of {window_samples} samples does not fit n_fft = {n_fft}")
        self.n_fft, self.hop_samples = n_fft, hop_samples
        self.context, self.offset = context, offset
        # Frames whose window reaches beyond a cut; a periodic window's first sample is 0.
        self.margin = context + -(-(window_samples // 2) // hop_samples)
        left = (n_fft - window_samples) // 2
        hann = torch.hann_window(window_samples)
        window = nn.functional.pad(hann, (left, n_fft - window_samples - left))
        self.register_buffer("window", window, persistent=False)

    def frames(self, samples: int) -> int:
        """Frames of so many samples, without context."""
        return samples // self.hop_samples

    @property
    def inner(self) -> slice:
        """A piece's frames without their context."""
        return slice(self.context, -self.context or None)

    def pieces(self, waves: Tensor) -> Iterator[tuple[slice, Spectra]]:
        """(batch, mics, samples) -> successive frames, and their spectra with context.

        Errors: ValueError where a wave is too short to be reflected.
        """
        padded = _reflected(waves, self.n_fft // 2 + self.context * self.hop_samples)
        if self.offset:
            padded.add_(self.offset)
        frames = self.frames(waves.shape[-1])
        piece = PIECE if waves.device.type == "cpu" else LARGE_PIECE
        size = max(piece // (waves.shape[0] * waves.shape[1] * self.n_fft // 2), SHORTEST)
        for first in range(0, frames, size):
            count = min(size, frames - first) + 2 * self.context
            start = first * self.hop_samples
            part = padded[..., start : start + (count - 1) * self.hop_samples + self.n_fft]
            spectra = _stft(part, self.window, self.hop_samples)
            real, imag = spectra.real.contiguous(), spectra.imag.contiguous()
            power = real.square().addcmul_(imag, imag)
            yield slice(first, min(first + size, frames)), Spectra(real, imag, power)


def _reflected(waves: Tensor, margin: int) -> Tensor:
    samples = waves.shape[-1]
    if samples <= margin:
        raise ValueError(
            f"{samples} samples are too few to be mirrored by {margin}: pad to more than {margin}"
        )
    return nn.functional.pad(waves, (margin, margin), mode="reflect")


def _stft(padded: Tensor, window: Tensor, hop_samples: int) -> Tensor:
    # torch.stft takes four times as long: it lays frames out column by column.
    return torch.fft.rfft(padded.unfold(-1, len(window), hop_samples) * window)
