"""Noises: a band, a band that swells and fades, crackles, a machine with a period."""

import numpy as np

from seldbench.simulation.families.pieces import in_pieces
from seldbench.simulation.families.regimes import Family, Parameter
from seldbench.simulation.signals import DESED, Array, Rng, noise, normal


def band(centre: float, octaves: float, seconds: float, rng: Rng) -> Array:
    """Noise of a width in octaves around a centre, hertz."""
    length, half = DESED.samples(seconds), 2 ** (octaves / 2)
    wave = DESED.band(length, rng, centre / half, centre * half)
    return in_pieces(wave * (1 + 0.15 * DESED.drift(length, rng, 3)), rng)


def modulated(centre: float, rate: float, seconds: float, rng: Rng) -> Array:
    """A broad hiss around a centre, hertz, whose level swings `rate` times a second."""
    length = DESED.samples(seconds)
    points = centre * np.array([0.1, 0.5, 1.0, 2.0, 8.0])
    slope = rng.uniform(0.7, 1.3)
    wave = DESED.coloured(length, rng, points, slope * np.array([-36.0, -6, 0, -6, -36]))
    turn = 2 * np.pi * (rate * np.arange(length) / DESED.rate + rng.uniform())
    depth = rng.uniform(0.7, 0.98)
    return in_pieces(wave * (1 + depth * np.sin(turn)), rng)


def crackle(rate: float, centre: float, seconds: float, rng: Rng) -> Array:
    """Cracks at random times, `rate` a second on average, each a burst of some milliseconds around
    a centre, hertz; a faint hiss under them. The first is at once, the last at the end."""
    length = DESED.samples(seconds)
    wave = np.zeros(length)
    for k in range(6):
        size = DESED.samples(rng.uniform(0.004, 0.012))
        width = 2 ** rng.uniform(0.3, 0.6)
        crack = DESED.band(size, rng, centre / width, centre * width)
        crack = normal(crack * np.exp(-5 * np.arange(size) / size))
        onsets = rng.uniform(0, seconds - 0.02, rng.poisson(rate * seconds / 6))
        onsets = np.append(onsets, (0.0, seconds - 0.02)) if k == 0 else onsets
        wave += DESED.repeat(crack, onsets, rng.lognormal(0, 0.6, len(onsets)), length)
    hiss = normal(DESED.band(length, rng, centre / 3, centre * 3))
    return wave + 10 ** (rng.uniform(-40, -25) / 20) * hiss


def machine(cycles: float, body: float, seconds: float, rng: Rng) -> Array:
    """Strokes of an even period, `cycles` a second, that shake a body. body: hertz of its lowest
    resonance; some air between the strokes."""
    length = DESED.samples(seconds)
    modes = body * np.array([1.0, 1.6, 2.3, 3.4]) * rng.uniform(0.95, 1.05, 4)
    stroke = normal(DESED.ring(rng, modes, rng.uniform(0.03, 0.08, 4), rng.uniform(0.3, 1.0, 4)))
    puff = noise(len(stroke), rng) * np.exp(-np.arange(len(stroke)) / 80)
    stroke = stroke + rng.uniform(0.1, 0.6) * normal(puff)
    onsets = np.arange(0, seconds - 0.01, 1 / cycles)
    onsets = np.clip(onsets + rng.normal(0, 0.015 / cycles, len(onsets)), 0, None)
    gains = rng.uniform(0.7, 1.0, len(onsets)) * np.resize([1.0, rng.uniform(0.5, 1)], len(onsets))
    wave = normal(DESED.repeat(stroke, onsets, gains, length))
    air = normal(DESED.band(length, rng, body, 4 * body))
    return in_pieces(wave + rng.uniform(0.02, 0.2) * air, rng)


FAMILIES = {
    "band noise": Family(Parameter(300, 5000), Parameter(0.15, 1.8), band),
    "modulated noise": Family(Parameter(300, 4000), Parameter(2, 40), modulated),
    "crackle": Family(Parameter(8, 300), Parameter(900, 5000), crackle),
    "periodic machine": Family(Parameter(8, 90), Parameter(150, 1600), machine),
}
