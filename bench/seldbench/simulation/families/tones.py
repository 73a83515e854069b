"""Tones: steady, swept, frequency-modulated, and those of a blown tube."""

import numpy as np

from seldbench.simulation.families.pieces import in_pieces
from seldbench.simulation.families.regimes import Family, Parameter
from seldbench.simulation.signals import DESED, Array, Rng, noise, normal

_PARTIALS = np.arange(1, 41)


def steady(pitch: float, tilt: float, seconds: float, rng: Rng) -> Array:
    """One long note. tilt: the k-th partial is about k**-tilt."""
    length = DESED.samples(seconds)
    levels = _PARTIALS**-tilt * rng.uniform(0.4, 1.0, len(_PARTIALS))
    line = pitch * (1 + 0.003 * DESED.drift(length, rng, 3))
    wave = DESED.harmonics(line, levels, rng) * (1 + 0.1 * DESED.drift(length, rng, 2))
    return in_pieces(wave, rng)


def swept(pitch: float, rate: float, seconds: float, rng: Rng) -> Array:
    """Sweeps of about an octave from or to a pitch, up or down, `rate` a second."""
    length = DESED.samples(seconds)
    place = (np.arange(length) / DESED.rate * rate + rng.uniform()) % 1.0
    octaves = rng.uniform(0.8, 1.2)
    way = place if rng.random() < 0.5 else 1 - place
    levels = np.array([1.0, 0.5, 0.3, 0.15, 0.1]) ** rng.uniform(0.5, 2.0)
    wave = normal(DESED.harmonics(pitch * 2 ** (octaves * way), levels, rng))
    return in_pieces(wave * np.clip(np.minimum(place, 1 - place) / 0.05, 0, 1), rng)


def modulated(pitch: float, rate: float, seconds: float, rng: Rng) -> Array:
    """A tone whose frequency swings `rate` times a second by a fifteenth to a fourth."""
    length = DESED.samples(seconds)
    swing = np.sin(2 * np.pi * (rate * np.arange(length) / DESED.rate + rng.uniform()))
    line = pitch * (1 + rng.uniform(0.07, 0.25) * swing)
    levels = np.array([1.0, 0.3, 0.15]) ** rng.uniform(0.5, 2.0)
    return in_pieces(DESED.harmonics(line, levels, rng), rng)


def blown(pitch: float, breath: float, seconds: float, rng: Rng) -> Array:
    """A stopped tube: odd partials, and breath coloured by the tube's resonances. breath: its level
    re the tone."""
    length = DESED.samples(seconds)
    odd = np.where(_PARTIALS % 2, 1.0, 0.1) * _PARTIALS ** -rng.uniform(1.0, 1.6)
    time = np.arange(length) / DESED.rate
    vibrato = rng.uniform(0, 0.008) * np.sin(2 * np.pi * rng.uniform(4, 6) * time)
    tone = normal(DESED.harmonics(pitch * (1 + vibrato), odd, rng))
    centres = pitch * np.arange(1, 16, 2)
    widths = np.full(len(centres), 0.1 * pitch)
    tube = DESED.resonances(centres[None], widths, 1 / np.arange(1, 16, 2) ** 0.7)
    air = normal(DESED.shape(noise(length, rng), tube))
    chiff = 1 + 2 * np.exp(-time / 0.03)
    level = 1 + 0.15 * DESED.drift(length, rng, 3)
    return in_pieces(level * (tone + breath * chiff * air), rng)


FAMILIES = {
    "steady tone": Family(Parameter(180, 1800), Parameter(0.6, 4.0), steady),
    "swept tone": Family(Parameter(250, 2500), Parameter(0.8, 9.0), swept),
    "frequency-modulated tone": Family(Parameter(300, 3000), Parameter(4, 80), modulated),
    "blown tube": Family(Parameter(120, 1200), Parameter(0.05, 1.0), blown),
}
