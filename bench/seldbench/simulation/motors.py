"""Appliances with a motor: blender, shaver or electric toothbrush, vacuum cleaner. A harmonic
series of the motor's speed over broadband noise, both moving with the load."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import DESED, Array, Rng, Signals, between, normal


def _spin(length: int, rate: int, up: float, down: float) -> Array:
    """Speed of a motor over a sound, 0.35 to 1: it starts in `up` and stops in `down` seconds."""
    time = np.arange(length) / rate
    shortest = length / rate / 3
    up, down = min(up, shortest), min(down, shortest)
    rise = 1 - 0.65 * np.exp(-4 * time / up)
    return rise * (1 - 0.65 * np.exp(-4 * (length / rate - time) / down))


@dataclass(frozen=True)
class Blender:
    """pitch: of the motor, hertz; load: how much its content slows it down, relative."""

    pitch: float
    load: float
    partials: Array
    grit: Array
    hiss: float
    up: float
    down: float
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Blender":
        count = 40
        falling = np.arange(1, count + 1) ** -rng.uniform(0.4, 1.0)
        return Blender(
            pitch=between(120, 400, character),
            load=rng.uniform(0.02, 0.08),
            partials=falling * rng.uniform(0.1, 1.0, count),
            grit=np.array([-6, 0, rng.uniform(-6, 4), rng.uniform(-10, 2), -14]),
            hiss=rng.uniform(0.5, 1.6),
            up=rng.uniform(0.1, 0.4),
            down=rng.uniform(0.2, 0.6),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        speed = _spin(length, self.at.rate, self.up, self.down)
        load = self.load * self.at.drift(length, rng, 3)
        pitch = self.pitch * rng.uniform(0.9, 1.1) * speed * np.clip(1 + load, 0.7, 1.3)
        motor = normal(self.at.harmonics(pitch, self.partials, rng))
        churn = self.at.coloured(length, rng, np.array([500, 1000, 2500, 5000, 7900]), self.grit)
        churn = normal(churn) * np.clip(1 + 0.35 * self.at.drift(length, rng, 12), 0.2, 2)
        return self.at.faded((motor + self.hiss * churn) * speed**1.5, 0.02, 0.04)


@dataclass(frozen=True)
class Shaver:
    """A shaver (mains or double mains frequency) or a toothbrush; contact: noise on the skin."""

    pitch: float
    partials: Array
    wobble: float
    contact: float
    tone: Array
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Shaver":
        brush = rng.random() < 0.5
        mains = between(50, 60, character) * float(rng.choice([1, 2]))
        count = 120
        tilt = np.arange(1, count + 1) ** -rng.uniform(0.1, 0.6)
        return Shaver(
            pitch=between(150, 270, character) if brush else mains,
            partials=tilt * rng.uniform(0.05, 1.0, count) ** 1.5,
            wobble=rng.uniform(1.0, 6.0),
            contact=rng.uniform(0.1, 0.6),
            tone=rng.uniform(-12, 0, 4),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        pitch = self.pitch * (
            1 + 0.012 * self.at.drift(length, rng, 3) + 0.004 * self.at.drift(length, rng, 20)
        )
        buzz = normal(self.at.harmonics(pitch, self.partials, rng))
        buzz *= np.clip(1 + 0.3 * self.at.drift(length, rng, self.wobble), 0.3, 1.8)
        skin = self.at.coloured(length, rng, np.array([1000, 2500, 5000, 7900]), self.tone)
        skin = normal(skin) * np.maximum(self.at.drift(length, rng, 5), 0)
        return self.at.faded(buzz + self.contact * skin, 0.05, 0.05)


@dataclass(frozen=True)
class Vacuum:
    """whine: of the turbine, hertz; air: spectrum of the stream, dB at fixed points."""

    whine: float
    partials: Array
    air: Array
    balance: float
    ramp: float
    motion: float
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Vacuum":
        count = 16
        return Vacuum(
            whine=between(200, 600, character),
            partials=np.arange(1, count + 1) ** -1.0 * rng.uniform(0.1, 1.0, count),
            air=np.array([-8, 0, 2, -2, -8, -16]) + rng.uniform(-5, 5, 6),
            balance=rng.uniform(0.2, 0.7),
            ramp=rng.uniform(0.3, 1.0),
            motion=rng.uniform(0.2, 1.0),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        speed = _spin(length, self.at.rate, self.ramp, self.ramp)
        motion = self.at.drift(length, rng, self.motion)
        pitch = self.whine * rng.uniform(0.95, 1.05) * speed * (1 + 0.015 * motion)
        points = np.array([100, 300, 700, 1800, 4000, 7900])
        air = normal(self.at.coloured(length, rng, points, self.air))
        turbine = normal(self.at.harmonics(pitch, self.partials, rng))
        wave = (air + self.balance * turbine) * np.clip(1 + 0.15 * motion, 0.4, 1.6)
        return self.at.faded(wave * speed**2, 0.05, 0.08)
