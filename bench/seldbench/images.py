"""Time-frequency images of signals, and the way back: what networks that separate hear and say.

16 kHz; frames of 512 samples every 256 (16 ms) that lie within the wave, periodic Hann; bins
0 ... 255, without the Nyquist frequency; magnitudes over the window's sum, so that a full-scale
sine has 0.5. An image is 0 at -120 dB or below and 1 at 0 dB. Axes: (..., frames, bins).

Source: the public code behind Long et al., "Sound event localization and detection utilizing
overlapping end-to-end learning". It transforms with half a window of zeros at both ends and drops
the first and the last frame, which leaves these frames: 256 of 65,792 samples.
"""

import torch
from torch import Tensor
from torch.nn import functional

SAMPLE_RATE = 16000
N_FFT, HOP_SAMPLES = 512, 256
HOP = HOP_SAMPLES / SAMPLE_RATE
BINS = N_FFT // 2
SUM = N_FFT / 2  # of the window
DECIBELS = 120.0  # from an image of 0 to one of 1
FLOOR = 1e-8  # added to magnitudes


def frame_count(samples: int) -> int:
    """Frames of so many samples; 0 of less than a window."""
    return max(0, samples // HOP_SAMPLES - 1)


def spectra(waves: Tensor, window: Tensor | None = None) -> Tensor:
    """(..., samples) -> complex, over the window's sum: (..., frames, bins + 1), Nyquist last.

    Args:
        window: that of `hann`, where it is at hand.

    Errors: ValueError for less than a window.
    """
    if waves.shape[-1] < N_FFT:
        raise ValueError(f"{waves.shape[-1]} samples are less than a frame: pad to {N_FFT}")
    window = hann(waves) if window is None else window
    return torch.fft.rfft(waves.unfold(-1, N_FFT, HOP_SAMPLES) * window)


def hann(like: Tensor) -> Tensor:
    """The window over its sum, (512,), of the type and on the device of `like`."""
    return torch.hann_window(N_FFT, dtype=like.dtype, device=like.device) / SUM


def image_(magnitude: Tensor) -> Tensor:
    """Images of magnitudes over the window's sum, in their place."""
    return magnitude.add_(FLOOR).log10_().mul_(20 / DECIBELS).add_(1.0).clamp_(0.0, 1.0)


def images(waves: Tensor) -> Tensor:
    """(..., samples) -> (..., frames, bins). Errors: see `spectra`."""
    return image_(spectra(waves)[..., :BINS].abs())


def resynthesised(image: Tensor, mixture: Tensor) -> Tensor:
    """The signal of an image that a network made of a mixture, with the mixture's phase.

    Every bin of the mixture is amplified by the ratio of the two magnitudes. An image that equals
    the mixture's gives the mixture; where both are 0, at -120 dB or below, the mixture stays. The
    half frames at both ends, which no image covers, take the gain of the frame beside them, as the
    Nyquist frequency takes that of the last bin. Frames are windowed again when they are added, so
    that changed ones do not click: the signal whose transform is nearest to the changed one.

    Args:
        image: (frames, bins); frames beyond the mixture's are not heard.
        mixture: (samples,), that of the image.

    Returns:
        (samples,)

    Errors: ValueError for an image without frames or with other bins.
    Source: Griffin and Lim 1984, IEEE Trans. ASSP 32(2), equation 6, for the adding.
    """
    if image.dim() != 2 or len(image) == 0 or image.shape[1] != BINS:
        raise ValueError(f"an image is (frames, {BINS}), not {tuple(image.shape)}")
    samples, window = len(mixture), hann(mixture)
    # One hop before, and one at least after: every sample lies in two frames.
    blocks = -(-samples // HOP_SAMPLES) + 2
    padded = functional.pad(mixture, (HOP_SAMPLES, (blocks - 1) * HOP_SAMPLES - samples))
    spectrum = spectra(padded, window)  # (blocks - 1, bins + 1), the first before the image's
    own = image_(spectrum[1:, :BINS].abs())
    heard = min(len(image), len(own))
    gain = 10.0 ** ((image[:heard].to(own.dtype) - own[:heard]) * (DECIBELS / 20))
    at = torch.arange(-1, len(own), device=gain.device).clamp_(0, heard - 1)
    gain = torch.cat([gain, gain[:, -1:]], dim=1)[at]
    frames = torch.fft.irfft(spectrum * gain, N_FFT) * window
    added = _added(frames) / _added((window * window).expand_as(frames))
    return added[HOP_SAMPLES : HOP_SAMPLES + samples]


def _added(frames: Tensor) -> Tensor:
    """Frames of two hops, one hop apart: (frames, 512) -> ((frames + 1) * 256,)."""
    first, second = frames.split(HOP_SAMPLES, dim=1)
    return (functional.pad(first, (0, 0, 0, 1)) + functional.pad(second, (0, 0, 1, 0))).flatten()
