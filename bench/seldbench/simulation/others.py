"""Confusers: everyday sounds without a label in DESED. They keep the task from being trivial."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import DESED, Array, Rng, Signals, between, curve, noise, normal

KINDS = (
    "phone",
    "knock",
    "chords",
    "hair_dryer",
    "rain",
    "footsteps",
    "keyboard",
    "car",
    "bird",
)
# Usual length of each, seconds: from, to.
LENGTHS = {
    "phone": (1.0, 6.0),
    "knock": (0.4, 1.5),
    "chords": (2.0, 10.0),
    "hair_dryer": (3.0, 10.0),
    "rain": (4.0, 10.0),
    "footsteps": (1.5, 6.0),
    "keyboard": (1.0, 6.0),
    "car": (2.5, 7.0),
    "bird": (0.5, 4.0),
}


@dataclass(frozen=True)
class Confuser:
    """One object of a kind; `character` is its size, from small to large, in [0, 1)."""

    kind: str
    character: float
    flavour: float
    at: Signals = DESED

    @staticmethod
    def draw(kind: str, character: float, rng: Rng) -> "Confuser":
        return Confuser(kind, character, float(rng.random()))

    def length(self, rng: Rng) -> float:
        return between(*LENGTHS[self.kind], rng.random())

    def sound(self, seconds: float, rng: Rng) -> Array:
        make = {
            "phone": self._phone,
            "knock": self._knock,
            "chords": self._chords,
            "hair_dryer": self._hair_dryer,
            "rain": self._rain,
            "footsteps": self._footsteps,
            "keyboard": self._keyboard,
            "car": self._car,
            "bird": self._bird,
        }[self.kind]
        return self.at.faded(make(seconds, rng), 0.01, 0.05)

    def _phone(self, seconds: float, rng: Rng) -> Array:
        """A melody of plain tones, below the range of the alarms."""
        length = self.at.samples(seconds)
        beat = between(4, 9, self.flavour)
        steps = rng.choice([0, 2, 4, 7, 9, 12], size=int(seconds * beat) + 1)
        index = (np.arange(length) / self.at.rate * beat).astype(int)
        pitch = between(400, 900, self.character) * 2 ** (steps[index] / 12)
        position = np.arange(length) / self.at.rate * beat % 1
        return self.at.harmonics(pitch, np.array([1, 0.3, 0.15]), rng) * np.exp(-2.5 * position)

    def _knock(self, seconds: float, rng: Rng) -> Array:
        modes = np.array([1, 1.7, 2.6, 3.9]) * between(110, 350, self.character)
        hit = self.at.strike(rng, modes, np.full(4, 0.12), np.array([1, 0.6, 0.4, 0.3]))
        click = noise(len(hit), rng) * np.exp(-np.arange(len(hit)) / 60)
        onsets = np.arange(0, max(seconds - 0.1, 0.05), between(0.15, 0.3, self.flavour))
        hits = normal(hit) + 0.3 * click
        return self.at.repeat(
            hits, onsets, rng.uniform(0.6, 1, len(onsets)), self.at.samples(seconds)
        )

    def _chords(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        bar = between(0.5, 1.2, self.flavour)
        wave = np.zeros(length)
        for _ in range(3):
            steps = rng.choice([0, 3, 4, 5, 7, 9, 12], size=int(seconds / bar) + 1)
            index = (np.arange(length) / self.at.rate / bar).astype(int)
            pitch = between(110, 330, self.character) * 2 ** (steps[index] / 12)
            wave += self.at.harmonics(pitch, 0.6 ** np.arange(8), rng)
        return wave * np.exp(-1.5 * (np.arange(length) / self.at.rate / bar % 1))

    def _hair_dryer(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        points, decibels = np.array([100, 800, 3000, 7900]), np.array([-14, -4, 0, -4])
        air = normal(self.at.coloured(length, rng, points, decibels))
        pitch = between(650, 1300, self.character) * (1 + 0.004 * self.at.drift(length, rng, 2))
        return air + 0.25 * normal(self.at.harmonics(pitch, np.array([1, 0.4, 0.2]), rng))

    def _rain(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        tilt = np.array([-12, -3, 0, between(1, 6, self.flavour) - 4])
        wave = normal(self.at.coloured(length, rng, np.array([200, 1000, 4000, 7900]), tilt))
        drop = noise(40, rng) * np.exp(-np.arange(40) / 10)
        onsets = rng.uniform(0, seconds, rng.poisson(seconds * between(10, 60, self.character)))
        return wave + self.at.repeat(drop, onsets, rng.lognormal(0, 0.7, len(onsets)), length)

    def _footsteps(self, seconds: float, rng: Rng) -> Array:
        size = self.at.samples(0.12)
        body = self.at.coloured(
            size, rng, np.array([60, 150, 800, 4000]), np.array([0, 0, -12, -24])
        )
        step = normal(body * np.exp(-np.arange(size) / between(250, 700, self.character)))
        pace = between(0.35, 0.65, self.flavour)
        onsets = np.arange(0, max(seconds - 0.12, 0.05), pace)
        onsets = onsets + rng.uniform(0, 0.03, len(onsets))
        return self.at.repeat(
            step, onsets, rng.uniform(0.5, 1, len(onsets)), self.at.samples(seconds)
        )

    def _keyboard(self, seconds: float, rng: Rng) -> Array:
        size = self.at.samples(0.03)
        click = self.at.band(size, rng, between(1500, 3000, self.character), 6500)
        click *= np.exp(-np.arange(size) / 60)
        rate = between(4, 11, self.flavour)
        onsets = np.sort(rng.uniform(0, seconds, rng.poisson(rate * seconds) + 1))
        return self.at.repeat(
            click, onsets, rng.lognormal(0, 0.5, len(onsets)), self.at.samples(seconds)
        )

    def _car(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        points, decibels = np.array([40, 120, 600, 1500, 5000]), np.array([0, 0, -6, -12, -30])
        tyres = normal(self.at.coloured(length, rng, points, decibels))
        pitch = between(50, 110, self.character) * curve(length, np.array([1.06, 1.05, 0.95, 0.94]))
        engine = normal(self.at.harmonics(pitch, 0.75 ** np.arange(20), rng))
        passing = 1 / (1 + (np.linspace(-3, 3, length)) ** 2)
        return (tyres + 0.5 * engine) * passing

    def _bird(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        knots = rng.uniform(-0.35, 0.35, int(seconds * between(12, 30, self.flavour)) + 2)
        pitch = between(2600, 5200, self.character) * np.exp(curve(length, knots))
        gate = self.at.drift(length, rng, 14)
        return self.at.harmonics(pitch, np.array([1.0, 0.1]), rng) * np.clip(gate + 0.3, 0, 1)
