"""What the walls of a room reflect so that its sounds decay in the time asked for.

Eyring's formula supposes a field that is diffuse from the start. A dry shoebox is not: sound that
runs between two far walls meets few of them and lasts, and 60 dB take up to a quarter longer. So
the formula's result is corrected until the images of some positions, with the late part after
them, decay as asked, by T30 (ISO 3382: from -5 to -35 dB).
"""

from functools import lru_cache

import numpy as np

from seldbench.simulation.spatial.images import image_sources
from seldbench.simulation.spatial.rooms import Room
from seldbench.simulation.spatial.sampling import EARLY, FADE, RATE, SOUND, Array

_POSITIONS = 24
_DISTANCE = 1.5  # metres from the array
_ROUNDS = 5
_BIN = 0.001  # seconds
_BINS = round((EARLY - FADE) / RATE / _BIN)  # of the early part, before it fades
_LEVEL = 20  # bins, the last of them, that the late part's level is read from


@lru_cache(maxsize=64)
def reflection(room: Room) -> float:
    """Pressure that a wall returns, in [0, 1); 0 in an open field."""
    if room.rt60 == 0:
        return 0.0
    doa = _sphere(_POSITIONS)
    places = room.array + doa * np.minimum(_DISTANCE, room.space(doa))[:, None]
    images = image_sources(room, places, 1.0)
    time = np.minimum(images.distance / SOUND / _BIN, _BINS).astype(np.int64)
    bins = images.owner * (_BINS + 1) + time
    exponent = np.log(room.eyring)
    for _ in range(_ROUNDS):
        energy = np.square(np.exp(exponent * images.hits) * images.gain)
        found = np.bincount(bins, energy, _POSITIONS * (_BINS + 1)).reshape(_POSITIONS, -1)
        # Losses go with the exponent: what decays too slowly by some per cent loses as much more.
        exponent *= _decay(found[:, :_BINS], room.rt60) / room.rt60
    return float(np.exp(exponent))


def _decay(early: Array, rt60: float) -> float:
    """T30 of energies a bin, (positions, bins), continued by the late part; their mean."""
    loss = 6 * np.log(10) * _BIN / rt60  # of energy, a bin
    late = np.exp(-loss * np.arange(_BINS, int(1.2 * rt60 / _BIN) + 2 * _BINS))
    level = early[:, -_LEVEL:].sum(axis=1) / np.exp(-loss * np.arange(_BINS)[-_LEVEL:]).sum()
    whole = np.concatenate([early, level[:, None] * late], axis=1)
    remaining = np.cumsum(whole[:, ::-1], axis=1)[:, ::-1]
    decibels = 10 * np.log10(remaining / remaining[:, :1])
    return float(np.mean([_line(one) for one in decibels]))


def _line(decibels: Array) -> float:
    part = np.flatnonzero((decibels <= -5) & (decibels >= -35))
    return float(-60 / np.polyfit(part * _BIN, decibels[part], 1)[0])


def _sphere(count: int) -> Array:
    """Directions spread evenly (a Fibonacci spiral), (count, 3)."""
    height = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)
