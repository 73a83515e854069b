"""The centred short-time Fourier transform that the log-mel and intensity features share.

n_fft/2 samples of reflection (the edge sample not repeated) on both ends; frame t covers the padded
samples t * hop ... t * hop + n_fft - 1; one-sided; no normalisation; 1 + samples // hop frames.
"""

import torch
from torch import Tensor


def frame_count(samples: int, hop_samples: int) -> int:
    """Frames of so many samples."""
    return 1 + samples // hop_samples


def centred_stft(waves: Tensor, window: Tensor, hop_samples: int) -> Tensor:
    """(batch, mics, samples) -> complex (batch, mics, frames, n_fft / 2 + 1).

    Args:
        window: (n_fft,), on the device of the waves.

    Errors: ValueError where a wave is too short to be reflected.
    """
    batch, mics, samples = waves.shape
    n_fft = len(window)
    if samples <= n_fft // 2:
        raise ValueError(
            f"{samples} samples are too few for an STFT of {n_fft}: pad to more than {n_fft // 2}"
        )
    spectra = torch.stft(
        waves.reshape(batch * mics, samples),
        n_fft,
        hop_samples,
        window=window,
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    return spectra.transpose(1, 2).unflatten(0, (batch, mics))


def magnitude(spectra: Tensor) -> Tensor:
    """Absolute values, complex -> real. Those below 1e-19 become 0."""
    # abs() guards against overflow, which audio cannot cause, at four times the time.
    return spectra.real.square().addcmul_(spectra.imag, spectra.imag).sqrt_()
