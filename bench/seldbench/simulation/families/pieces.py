"""Sounds that last come in one piece, or in several with pauses between them."""

import numpy as np

from seldbench.simulation.signals import DESED, Array, Rng

_BROKEN = 0.3  # share of sounds that come in pieces
_PIECES = (0.8, 3.0)  # a second
_SOUNDING = (0.45, 0.8)  # share of the time
_EDGE = 0.02  # seconds of a piece's rise and fall


def in_pieces(wave: Array, rng: Rng) -> Array:
    """A wave as it is, or with even pauses; the first piece begins at once."""
    if rng.random() > _BROKEN:
        return DESED.faded(wave, 0.02, 0.05)
    rate = rng.uniform(*_PIECES)
    since = np.arange(len(wave)) / DESED.rate % (1 / rate)
    left = rng.uniform(*_SOUNDING) / rate - since
    return DESED.faded(wave * np.clip(np.minimum(since, left) / _EDGE, 0, 1), 0.005, 0.05)
