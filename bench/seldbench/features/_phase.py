"""Phase differences as differences of path: 24 kHz, 343 metres a second."""

import torch
from torch import Tensor

from seldbench.features._spectrograms import SAMPLE_RATE

SPEED_OF_SOUND = 343.0


def metres_per_radian(bins: int, n_fft: int) -> Tensor:
    """Difference of path of a phase difference, of the FFT bins 0 ... bins - 1 (0 of bin 0)."""
    k = torch.arange(bins, dtype=torch.float64)
    metres = SPEED_OF_SOUND * n_fft / (2.0 * torch.pi * SAMPLE_RATE) / k
    return metres.masked_fill(k == 0, 0.0).float()
