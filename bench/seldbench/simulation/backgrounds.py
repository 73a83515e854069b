"""The quiet of a place: tilted noise with a few resonances, mains hum, faint transients."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import DESED, Array, Rng, Signals, between, noise, normal


@dataclass(frozen=True)
class Background:
    """tilt: dB an octave (pink -3, brown -6); peaks: resonances as (hertz, dB); hum: hertz."""

    tilt: float
    peaks: tuple[tuple[float, float], ...]
    hum: float
    hum_level: float
    clicks: float
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Background":
        count = int(rng.integers(0, 4))
        return Background(
            tilt=-2.0 - 5.0 * character,
            peaks=tuple(
                (between(100, 4000, rng.random()), rng.uniform(3, 12)) for _ in range(count)
            ),
            hum=float(rng.choice([50, 60])),
            hum_level=float(rng.choice([0.0, rng.uniform(0.1, 0.6)])),
            clicks=between(0.1, 2.0, rng.random()),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        axis = np.geomspace(40, 7900, 60)
        decibels = self.tilt * np.log2(axis / 1000)
        for pitch, gain in self.peaks:
            decibels += gain / (1 + (np.log2(axis / pitch) / 0.2) ** 2)
        wave = normal(self.at.coloured(length, rng, axis, decibels))
        wave *= 10 ** (1.5 * self.at.drift(length, rng, 0.3) / 20)
        if self.hum_level:
            mains = self.at.harmonics(np.full(length, self.hum), np.arange(1, 9) ** -1.2, rng)
            wave = wave + self.hum_level * normal(mains)
        thump = noise(400, rng) * np.exp(-np.arange(400) / rng.uniform(15, 120))
        onsets = rng.uniform(0, seconds, rng.poisson(self.clicks * seconds))
        return wave + self.at.repeat(thump, onsets, rng.uniform(0.1, 1.2, len(onsets)), length)
