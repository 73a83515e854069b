"""Domestic sounds: what STARSS22 calls so (vacuum cleaner, water boiler, air circulator; Politis et
al. 2022, arXiv:2206.01948), and the taps and kitchens of desed-sim at 24 kHz."""

from dataclasses import dataclass, replace

import numpy as np

from seldbench.simulation.bank import Source
from seldbench.simulation.dry.classes import AT
from seldbench.simulation.fluids import Water
from seldbench.simulation.motors import Vacuum
from seldbench.simulation.signals import Array, Rng, between, noise, normal


@dataclass(frozen=True)
class Fan:
    """An air circulator: broad air noise, blades that pass `blades` times a second, a hum."""

    blades: float
    air: Array
    beat: float
    hum: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Fan":
        return Fan(
            blades=between(25, 140, character),
            air=np.array([0.0, -3, -8, -18, -34]) + rng.uniform(-4, 4, 5),
            beat=rng.uniform(0.05, 0.4),
            hum=rng.uniform(0.05, 0.5),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        points = np.array([80, 300, 1000, 4000, 11000])
        air = normal(AT.coloured(length, rng, points, self.air))
        pitch = self.blades * (1 + 0.01 * AT.drift(length, rng, 1.5))
        hum = normal(AT.harmonics(pitch, np.arange(1, 16) ** -1.0, rng))
        turn = np.sin(2 * np.pi * np.cumsum(pitch) / AT.rate)
        return AT.faded(air * (1 + self.beat * turn) + self.hum * hum, 0.15, 0.15)


@dataclass(frozen=True)
class Boiler:
    """Water that is heated: hiss, knocking bubbles that grow, a rumble when it boils. stage: how
    far it is at the start, 0 to 1; bubbles: a second."""

    stage: float
    bubbles: float
    pitch: float
    hiss: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Boiler":
        return Boiler(
            stage=rng.uniform(0.0, 0.6),
            bubbles=between(30, 200, rng.random()),
            pitch=between(250, 1000, character),
            hiss=rng.uniform(0.3, 1.0),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        boiling = np.linspace(self.stage, min(self.stage + 0.5, 1.0), length)
        low = normal(
            AT.coloured(length, rng, np.array([60, 250, 900, 3000]), np.array([0.0, 0, -14, -45]))
        )
        high = normal(
            AT.coloured(
                length, rng, np.array([500, 2000, 6000, 11000]), np.array([-24.0, -3, 0, -10])
            )
        )
        wave = low * boiling * 1.5 + self.hiss * high * (1.2 - boiling)
        for _ in range(6):
            size = AT.samples(rng.uniform(0.008, 0.03))
            time = np.arange(size) / AT.rate
            pop = np.sin(2 * np.pi * self.pitch * rng.uniform(0.6, 1.6) * time * (1 + 8 * time))
            onsets = rng.uniform(0, seconds, rng.poisson(self.bubbles * seconds / 6))
            gains = rng.lognormal(0.3, 0.6, len(onsets))
            wave += AT.repeat(pop * np.exp(-5 * time / time[-1]), onsets, gains, length)
        return AT.faded(wave + 0.02 * noise(length, rng), 0.15, 0.15)


def draw_domestic(character: float, rng: Rng) -> Source:
    """A vacuum cleaner, an air circulator or a water boiler."""
    kind = rng.integers(3)
    if kind == 0:
        return replace(Vacuum.draw(character, rng), at=AT)
    return Fan.draw(character, rng) if kind == 1 else Boiler.draw(character, rng)


def draw_tap(character: float, rng: Rng) -> Source:
    return replace(Water.draw(character, rng), at=AT)
