"""Mel filter banks: matrices (FFT bins, bands) for magnitude or power spectra."""

import torch
from torch import Tensor


def htk_bank(*, n_fft: int, sample_rate: int, bands: int, low: float, high: float) -> Tensor:
    """Triangles drawn in hertz between edges equally spaced in mel, peak 1, no area normalisation.

    mel(f) = 2595 * log10(1 + f / 700).

    Returns:
        (n_fft / 2 + 1, bands) float32, computed in float64.

    Source: the default bank of torchaudio (`melscale_fbanks`, mel_scale="htk", norm=None).
    """
    edges_mel = torch.linspace(_mel(low), _mel(high), bands + 2, dtype=torch.float64)
    edges = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
    bins = torch.linspace(0.0, sample_rate / 2, n_fft // 2 + 1, dtype=torch.float64)
    distance = edges[None, :] - bins[:, None]  # (bins, bands + 2)
    width = edges.diff()
    rising = -distance[:, :-2] / width[:-1]
    falling = distance[:, 2:] / width[1:]
    return torch.minimum(rising, falling).clamp_min(0.0).float()


def _mel(hertz: float) -> float:
    return 2595.0 * float(torch.log10(torch.tensor(1.0 + hertz / 700.0, dtype=torch.float64)))
