"""Frying and running water: shaped noise with many small events on top (crackles, bubbles)."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import DESED, Array, Rng, Signals, between, curve, noise, normal


@dataclass(frozen=True)
class Frying:
    """sizzle: spectrum of the stationary part, dB at fixed points; crackles: a second."""

    sizzle: Array
    crackles: float
    snap: float
    click: float
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Frying":
        return Frying(
            sizzle=np.array([-25, -6, 0, 0, 0]) + rng.uniform(-5, 5, 5),
            crackles=between(20, 300, character),
            snap=between(0.3, 2.0, rng.random()),
            click=between(0.0005, 0.005, rng.random()),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        points = np.array([400, 1000, 2500, 5000, 7900])
        hiss = normal(self.at.coloured(length, rng, points, self.sizzle))
        hiss *= np.clip(1 + 0.15 * self.at.drift(length, rng, 2), 0.5, 1.6)
        wave = hiss.copy()
        for _ in range(3):
            size = max(self.at.samples(self.click * rng.uniform(0.5, 2)), 8)
            click = noise(size, rng) * np.exp(-5 * np.arange(size) / size)
            onsets = rng.uniform(0, seconds, rng.poisson(self.crackles * seconds / 3))
            gains = rng.lognormal(0, 0.8, len(onsets)) * 2.5 * self.snap
            wave += self.at.repeat(click, onsets, gains, length)
        return self.at.faded(wave, 0.1, 0.1)


@dataclass(frozen=True)
class Water:
    """A tap: low and high, the edges of its noise; bubbles: a second."""

    low: float
    high: float
    tilt: float
    bubbles: float
    size: float
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Water":
        return Water(
            low=between(250, 900, character),
            high=rng.uniform(3500, 7000),
            tilt=rng.uniform(-5.0, -0.5),
            bubbles=between(8, 120, rng.random()),
            size=rng.uniform(0.7, 1.4),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        return self.at.faded(
            normal(self._stream(length, rng)) + self._bubbles(seconds, rng), 0.08, 0.1
        )

    def _stream(self, length: int, rng: Rng) -> Array:
        """Noise whose lower edge and one broad resonance move slowly."""
        count = self.at.frames(length)
        knots = int(length / self.at.rate * 1.5) + 3
        edge = self.low * np.exp(0.2 * curve(count, rng.standard_normal(knots)))
        peak = 1500 * self.size * np.exp(0.25 * curve(count, rng.standard_normal(knots)))
        octaves = np.log2(np.maximum(self.at.bins, 30)[None] / 1000)
        gains = 10 ** (self.tilt * octaves / 20) / (
            1 + (edge[:, None] / np.maximum(self.at.bins, 30)) ** 3
        )
        gains = gains / (1 + (self.at.bins / self.high) ** 6)
        gains *= 1 + self.size / (1 + ((self.at.bins - peak[:, None]) / 400) ** 2)
        return self.at.shape(noise(length, rng), gains)

    def _bubbles(self, seconds: float, rng: Rng) -> Array:
        """Rising, damped tones: 0.4 to 3 kHz, 5 to 30 ms (a dozen shapes, reused at random)."""
        length = self.at.samples(seconds)
        wave = np.zeros(length)
        for _ in range(10):
            span = rng.uniform(0.005, 0.03)
            time = np.arange(self.at.samples(span)) / self.at.rate
            pitch = between(400, 3000, rng.random())
            chirp = np.sin(2 * np.pi * pitch * (time + 0.6 * time**2 / span / 2))
            chirp *= np.exp(-3 * time / span) * (1 - np.exp(-time / 0.001))
            onsets = rng.uniform(0, seconds, rng.poisson(self.bubbles * seconds / 10))
            wave += self.at.repeat(chirp, onsets, rng.lognormal(1.2, 0.6, len(onsets)), length)
        return wave
