"""Sweeps: a pitch that travels. Eight shapes of the way."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import Array, Rng, Signals, between, normal

OVERTONES = np.array([1.0, 0.4, 0.25, 0.12, 0.06])


@dataclass(frozen=True)
class Sweep:
    """way: (position in one period, 0 to 1) -> octaves, 0 to 1 of `octaves`. rate:
    periods a second, from and to; gap: silent share of a period."""

    way: Callable[[Array], Array]
    rate: tuple[float, float]
    octaves: tuple[float, float] = (0.7, 2.0)
    pitch: tuple[float, float] = (250, 1200)
    gap: float = 0.0

    def sound(self, at: Signals, seconds: float, source: Rng, take: Rng) -> Array:
        """(samples,). source: draws pitch, range and pace, take: where in its way it begins."""
        length = at.samples(seconds)
        low = between(*self.pitch, source.random())
        octaves, rate = source.uniform(*self.octaves), between(*self.rate, source.random())
        overtones = OVERTONES ** source.uniform(0.5, 2.0)
        turns = np.arange(length) / at.rate * rate * take.uniform(0.9, 1.1) + take.uniform()
        height = np.clip(self.way(turns % 1.0), 0.0, 1.0)
        pitch = low * 2 ** (octaves * height) * (1 + 0.01 * at.drift(length, take, 4))
        wave = normal(at.harmonics(pitch, overtones, take))
        heard = 1.0 / (1.0 + np.exp((turns % 1.0 - (1 - self.gap)) * 60)) if self.gap else 1.0
        return at.faded(wave * heard, 0.02, 0.05)


def rising(position: Array) -> Array:
    return position


def falling(position: Array) -> Array:
    return 1 - position


def arching(position: Array) -> Array:
    return np.sin(np.pi * position)


def waving(position: Array) -> Array:
    return 0.5 + 0.5 * np.sin(2 * np.pi * position)


def stepping(position: Array) -> Array:
    return np.floor(position * 5) / 4


def switching(position: Array) -> Array:
    return (position > 0.5).astype(float)


def passing(position: Array) -> Array:
    """The Doppler shift of what passes by."""
    return 0.5 - 0.5 * np.tanh(8 * (position - 0.5))


SWEEPS = {
    "rising_whoop": Sweep(rising, (0.6, 2.0), gap=0.3),
    "falling_whistle": Sweep(falling, (0.6, 2.0), gap=0.3),
    "arched_call": Sweep(arching, (0.6, 2.0), gap=0.3),
    "slow_siren": Sweep(waving, (0.3, 0.9)),
    "fast_warble": Sweep(waving, (5.0, 11.0), octaves=(0.3, 0.8)),
    "glissando_steps": Sweep(stepping, (0.6, 2.0)),
    "two_tone_horn": Sweep(switching, (0.6, 2.0), octaves=(0.3, 0.6)),
    "passing_engine": Sweep(passing, (0.2, 0.35), octaves=(0.3, 0.6), pitch=(90, 400)),
}
