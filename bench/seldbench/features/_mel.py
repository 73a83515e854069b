"""Mel filter banks: matrices (FFT bins, bands) for magnitude or power spectra."""

import math

import torch
from torch import Tensor

BREAK = 1000.0  # the Slaney scale is linear below, logarithmic above
LINEAR = 200.0 / 3.0  # its hertz per mel below
STEP = math.log(6.4) / 27.0  # its log-hertz per mel above


def htk_bank(*, n_fft: int, sample_rate: int, bands: int, low: float, high: float) -> Tensor:
    """Triangles drawn in hertz between edges equally spaced in mel, peak 1, no area normalisation.

    mel(f) = 2595 * log10(1 + f / 700).

    Returns:
        (n_fft / 2 + 1, bands) float32, computed in float64.

    Source: the default bank of torchaudio (`melscale_fbanks`, mel_scale="htk", norm=None).
    """
    mel = 2595.0 * (1.0 + _range(low, high) / 700.0).log10()
    edges = 700.0 * (10.0 ** (_between(mel, bands) / 2595.0) - 1.0)
    return _triangles(edges, n_fft, sample_rate).float()


def slaney_bank(*, n_fft: int, sample_rate: int, bands: int, low: float, high: float) -> Tensor:
    """Triangles drawn in hertz between edges equally spaced in mel, each of unit area in hertz.

    mel(f) = 3 f / 200 below 1000 Hz, 15 + 27 ln(f / 1000) / ln 6.4 above.

    Returns:
        (n_fft / 2 + 1, bands) float32, computed in float64.

    Source: the default bank of librosa (`filters.mel`).
    """
    hertz = _range(low, high)
    above = BREAK / LINEAR + (hertz.clamp_min(BREAK) / BREAK).log() / STEP
    mel = _between(torch.where(hertz < BREAK, hertz / LINEAR, above), bands)
    edges = torch.where(
        mel < BREAK / LINEAR, mel * LINEAR, BREAK * ((mel - BREAK / LINEAR) * STEP).exp()
    )
    area = 2.0 / (edges[2:] - edges[:-2])
    return (_triangles(edges, n_fft, sample_rate) * area).float()


def kaldi_bank(*, n_fft: int, sample_rate: int, bands: int, low: float, high: float) -> Tensor:
    """Triangles drawn in mel between edges equally spaced in mel, peak 1, no area normalisation.

    mel(f) = 1127 ln(1 + f / 700).

    Returns:
        (n_fft / 2 + 1, bands) float32, computed in float32: rounding moves the weight of a bin at
        the foot of a triangle by a thousandth, and weights were trained with that.

    Source: Kaldi, feat/mel-computations; torchaudio.compliance.kaldi.get_mel_banks.
    """
    first, step = _kaldi_scale(bands, low, high)
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float32) * (sample_rate / n_fft)
    mel = (1127.0 * (1.0 + bins / 700.0).log())[:, None]
    left, centre, right = (first + step * (torch.arange(bands) + n) for n in range(3))
    rising, falling = (mel - left) / (centre - left), (right - mel) / (right - centre)
    return torch.minimum(rising, falling).clamp_min(0.0)


def kaldi_edges(bands: int, low: float, high: float) -> Tensor:
    """Edges of Kaldi's bands, in hertz: band k lies between edges k and k + 2; (bands + 2,)."""
    first, step = _kaldi_scale(bands, low, high)
    mel = first + step * torch.arange(bands + 2, dtype=torch.float64)
    return 700.0 * ((mel / 1127.0).exp() - 1.0)


def _kaldi_scale(bands: int, low: float, high: float) -> tuple[float, float]:
    """The first edge and the distance of edges, in mel."""
    ends = [1127.0 * math.log(1.0 + hertz / 700.0) for hertz in (low, high)]
    return ends[0], (ends[1] - ends[0]) / (bands + 1)


def _range(low: float, high: float) -> Tensor:
    return torch.tensor([low, high], dtype=torch.float64)


def _between(ends: Tensor, bands: int) -> Tensor:
    """Edges of so many overlapping bands, equally spaced: (bands + 2,)."""
    return torch.linspace(float(ends[0]), float(ends[1]), bands + 2, dtype=torch.float64)


def _triangles(edges: Tensor, n_fft: int, sample_rate: int) -> Tensor:
    """(bins, bands), peak 1."""
    bins = torch.linspace(0.0, sample_rate / 2, n_fft // 2 + 1, dtype=torch.float64)
    distance = edges[None, :] - bins[:, None]  # (bins, bands + 2)
    width = edges.diff()
    rising = -distance[:, :-2] / width[:-1]
    falling = distance[:, 2:] / width[1:]
    return torch.minimum(rising, falling).clamp_min(0.0)
