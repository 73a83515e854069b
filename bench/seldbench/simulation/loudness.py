"""Integrated loudness after ITU-R BS.1770: K-weighted, gated; LKFS (dB re full scale).

Source: ITU-R BS.1770-4, Annex 1: a high shelf and a high-pass (given there at 48 kHz, redesigned
here for any rate from their analogue form), blocks of 400 ms overlapping by 75 %, an absolute gate
at -70 LKFS and a relative one 10 LU below the mean of what passes the first. Sounds shorter than
0.5 s are tiled to 0.5 s, as scaper does (public repository justinsalamon/scaper, `audio.py`).
"""

from functools import cache

import numpy as np
from scipy.signal import sosfilt

Array = np.ndarray

OFFSET = -0.691  # makes a 997 Hz sine of full scale -3.01 LKFS in one channel
SILENCE = -70.0  # the absolute gate; what lies below has no loudness
_BLOCK, _STEP, _SHORTEST = 0.4, 0.1, 0.5


@cache
def k_weighting(rate: int) -> Array:
    """The K-weighting's two sections, (2, 6): shelf of +4 dB above 1.7 kHz, high-pass 38 Hz."""
    tangent = np.tan(np.pi * 1681.974450955533 / rate)
    quality, gain = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle, scale = gain**0.4996667741545416, 1 + tangent / quality + tangent**2
    shelf = [
        (gain + middle * tangent / quality + tangent**2) / scale,
        2 * (tangent**2 - gain) / scale,
        (gain - middle * tangent / quality + tangent**2) / scale,
        1.0,
        2 * (tangent**2 - 1) / scale,
        (1 - tangent / quality + tangent**2) / scale,
    ]
    tangent, quality = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    scale = 1 + tangent / quality + tangent**2
    tail = [1.0, 2 * (tangent**2 - 1) / scale, (1 - tangent / quality + tangent**2) / scale]
    return np.array([shelf, [1.0, -2.0, 1.0, *tail]])


def loudness(wave: Array, rate: int) -> float:
    """Integrated loudness of a mono wave, (samples,); -inf where nothing passes the gates."""
    if not wave.any():
        return -np.inf
    if len(wave) < _SHORTEST * rate:
        wave = np.resize(wave, int(_SHORTEST * rate))
    power = np.concatenate([[0.0], np.cumsum(np.square(sosfilt(k_weighting(rate), wave)))])
    block, step = round(_BLOCK * rate), round(_STEP * rate)
    starts = np.arange(0, len(wave) - block + 1, step)
    blocks = (power[starts + block] - power[starts]) / block
    heard = blocks[blocks > _power(SILENCE)]
    if len(heard) == 0:
        return -np.inf
    heard = heard[heard > heard.mean() / 10]
    return float(OFFSET + 10 * np.log10(heard.mean()))


def _power(level: float) -> float:
    return float(10 ** ((level - OFFSET) / 10))
