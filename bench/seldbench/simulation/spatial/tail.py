"""The late part of a room's response: diffuse noise that decays by 60 dB in RT60.

It does not depend on where in the room a source is, but for its level, which continues the early
part's. It comes from every direction at once (`diffuse`) instead of from 32: the same field, in the
limit of many directions.
"""

from functools import lru_cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from seldbench.simulation.spatial.diffuse import mixing_matrices
from seldbench.simulation.spatial.early import fade_out
from seldbench.simulation.spatial.sampling import CHANNELS, EARLY, FADE, RATE, Array, Rng

_LONG = 0.6  # seconds after the early part are enough, as far as they let it fall by 40 dB
_DECAY = 3 * np.log(10)  # of pressure over RT60: 60 dB
# Where the early part's level is read: the last 20 ms before it fades.
_WINDOW = slice(EARLY - FADE - round(0.020 * RATE), EARLY - FADE)


def samples(rt60: float) -> int:
    """Of a whole response, from when the sound is made; the early part alone in an open field."""
    return EARLY + round(min(rt60, max(_LONG, rt60 * 2 / 3)) * RATE)


def late(rt60: float, early: Array, rng: Rng) -> Array:
    """The late part that continues the early part of a response.

    Args:
        early: W of the early part, (positions, EARLY); the level fits them on average.

    Returns:
        (8, samples(rt60)) float32, time 0 being that of `early`.
    """
    length = samples(rt60)
    if rt60 == 0:
        return np.zeros((CHANNELS, length), dtype=np.float32)
    begin = EARLY - FADE
    envelope = np.exp(-_DECAY * np.arange(length) / (rt60 * RATE))
    level = np.square(early[:, _WINDOW]).sum(axis=1).mean() / np.square(envelope[_WINDOW]).sum()
    envelope[begin:EARLY] *= np.sqrt(1 - fade_out()[begin:] ** 2)
    noise = rng.standard_normal((CHANNELS, length - begin), dtype=np.float32)
    noise *= (envelope[begin:] * np.sqrt(level)).astype(np.float32)
    # The spare samples take what the sphere's filters spread over either end.
    fast = next_fast_len(length - begin + 64, real=True)
    spectra = np.matmul(_mixing(fast), rfft(noise, fast).T[..., None])[..., 0].T
    tail = np.zeros((CHANNELS, length), dtype=np.float32)
    tail[:, begin:] = irfft(spectra, fast)[:, : length - begin]
    return tail


@lru_cache(maxsize=4)
def _mixing(fast: int) -> Array:
    return mixing_matrices(np.fft.rfftfreq(fast, 1 / RATE)).astype(np.complex64)
