"""Rules that need the whole clip: its `statistic` is taken once, and applied to any stretch of it.

Spectrograms are (batch, mics, frames, bins), directions (batch, channels, frames, bins).
"""

from typing import Protocol

import torch
from torch import Tensor

SMALLEST = 1e-10  # power; -100 dB


def decibels(power: Tensor) -> Tensor:
    """10 log10 of power, at least -100 dB."""
    return power.clamp_min(SMALLEST).log10() * 10.0


class Rule(Protocol):
    """values: whether the statistic holds any."""

    values: bool

    def statistic(self, power: Tensor) -> Tensor:
        """Of the linear spectrograms of whole clips: (batch, values)."""
        ...

    def apply(
        self, spectrograms: Tensor, directions: Tensor, statistic: Tensor, start: Tensor | int
    ) -> tuple[Tensor, Tensor]:
        """Spectrograms (decibels) and directions of the frames from `start` on, as they become."""
        ...


class NoRule:
    """Nothing of the whole clip is needed."""

    values = False

    def statistic(self, power: Tensor) -> Tensor:
        """(batch, 0)."""
        return power.new_zeros(len(power), 0)

    def apply(
        self, spectrograms: Tensor, directions: Tensor, statistic: Tensor, start: Tensor | int
    ) -> tuple[Tensor, Tensor]:
        """Both as they are."""
        return spectrograms, directions


class TopDb:
    """No spectrogram falls more than `top_db` below the largest value of its channel in the clip.

    Source: librosa's `power_to_db`.
    """

    values = True

    def __init__(self, top_db: float) -> None:
        self.top_db = top_db

    def statistic(self, power: Tensor) -> Tensor:
        """The largest decibels of every microphone: (batch, mics)."""
        return decibels(power.amax((2, 3)))

    def apply(
        self, spectrograms: Tensor, directions: Tensor, statistic: Tensor, start: Tensor | int
    ) -> tuple[Tensor, Tensor]:
        """Spectrograms raised to their floors."""
        floors = (statistic - self.top_db)[:, :, None, None]
        return torch.maximum(spectrograms, floors), directions


def top_db_rule(top_db: float | None) -> Rule:
    """The rule of the argument `top_db`."""
    return NoRule() if top_db is None else TopDb(top_db)
