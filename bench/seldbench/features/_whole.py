"""Rules that need the whole clip: its `statistic` is taken once, and applied to any stretch of it.

Spectrograms are (batch, mics, frames, bins), directions (batch, channels, frames, bins).
"""

from typing import Protocol

from torch import Tensor

SMALLEST = 1e-10  # power; -100 dB


def decibels_(power: Tensor) -> Tensor:
    """10 log10 of power, at least -100 dB, in its place."""
    return power.clamp_(min=SMALLEST).log10_().mul_(10.0)


class Rule(Protocol):
    """values: whether the statistic holds any."""

    values: bool

    def statistic(self, power: Tensor) -> Tensor:
        """Of the linear spectrograms of whole clips: (batch, values)."""
        ...

    def apply(
        self, spectrograms: Tensor, directions: Tensor, statistic: Tensor, start: Tensor | int
    ) -> None:
        """Change spectrograms (decibels) or directions of the frames from `start` on, in place."""
        ...


class NoRule:
    """Nothing of the whole clip is needed."""

    values = False

    def statistic(self, power: Tensor) -> Tensor:
        """(batch, 0)."""
        return power.new_zeros(len(power), 0)

    def apply(
        self, spectrograms: Tensor, directions: Tensor, statistic: Tensor, start: Tensor | int
    ) -> None:
        """Both stay as they are."""


class TopDb:
    """No spectrogram falls more than `top_db` below the largest value of its channel in the clip.

    Source: librosa's `power_to_db`.
    """

    values = True

    def __init__(self, top_db: float) -> None:
        self.top_db = top_db

    def statistic(self, power: Tensor) -> Tensor:
        """The largest decibels of every microphone: (batch, mics)."""
        return decibels_(power.amax((2, 3)))

    def apply(
        self, spectrograms: Tensor, directions: Tensor, statistic: Tensor, start: Tensor | int
    ) -> None:
        """Raise spectrograms to their floors."""
        spectrograms.clamp_(min=(statistic - self.top_db)[:, :, None, None])


def top_db_rule(top_db: float | None) -> Rule:
    """The rule of the argument `top_db`."""
    return NoRule() if top_db is None else TopDb(top_db)
