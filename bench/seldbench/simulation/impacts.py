"""Struck and sounding objects: alarms and bells, dishes. Sums of damped modes, or of tones."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import DESED, Array, Rng, Signals, between, normal

BELL = np.array([1.0, 2.0, 2.4, 3.0, 4.5])  # partials of a struck bell


@dataclass(frozen=True)
class Alarm:
    """kind: "bell", "beeps" or "siren"; pitch: hertz; beat: strikes, beeps or sweeps a second."""

    kind: str
    pitch: float
    beat: float
    tones: Array
    decay: float
    duty: float
    group: int
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Alarm":
        kind = str(rng.choice(["bell", "beeps", "siren"], p=[0.4, 0.42, 0.18]))
        lowest, highest = {"bell": (700, 2500), "beeps": (1500, 4000), "siren": (500, 1200)}[kind]
        beats = {"bell": (5, 20), "beeps": (1.7, 8), "siren": (0.2, 1.5)}[kind]
        spread = rng.choice([1.0, 1.06, 1.25, 1.335, 1.5], size=rng.integers(1, 4), replace=False)
        return Alarm(
            kind=kind,
            pitch=between(lowest, highest, character),
            beat=between(*beats, rng.random()),
            tones=np.sort(spread),
            decay=between(0.1, 1.0, rng.random()),
            duty=rng.uniform(0.35, 0.75),
            group=int(rng.choice([1, 2, 3, 4])),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        make = {"bell": self._bell, "beeps": self._beeps, "siren": self._siren}[self.kind]
        return make(seconds, rng)

    def _bell(self, seconds: float, rng: Rng) -> Array:
        partials = self.pitch * BELL * (1 + 0.004 * rng.standard_normal(len(BELL)))
        decays = self.decay * 2.5 / np.sqrt(BELL) * rng.uniform(0.7, 1.3, len(BELL))
        hit = self.at.strike(rng, partials, decays, rng.uniform(0.4, 1.0, len(BELL)))
        onsets = np.arange(0, max(seconds - 0.08, 0.01), 1 / self.beat)
        onsets = onsets + rng.uniform(0, 0.1 / self.beat, len(onsets))
        gains = rng.uniform(0.7, 1.0, len(onsets))
        return self.at.faded(
            self.at.repeat(hit, onsets, gains, self.at.samples(seconds)), 0.002, 0.08
        )

    def _beeps(self, seconds: float, rng: Rng) -> Array:
        """Groups of beeps; a group's tones take turns. The last beep ends with the event."""
        length, period = self.at.samples(seconds), 1 / self.beat
        time = np.arange(length) / self.at.rate
        count = max(1, round(seconds / period))
        position = time / seconds * (count - 1 + self.duty)
        index = position.astype(int)
        on = np.clip(np.minimum(position % 1, self.duty - position % 1) * period / 0.004, 0, 1)
        pitch = self.pitch * self.tones[(index % self.group) % len(self.tones)]
        overtones = np.array([1.0, 0.25, 0.35, 0.1]) ** rng.uniform(0.6, 1.5)
        return self.at.faded(self.at.harmonics(pitch, overtones, rng) * on, 0.003, 0.005)

    def _siren(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        turn = 2 * np.pi * (self.beat * np.arange(length) / self.at.rate + rng.uniform())
        wave = np.sin(turn) if len(self.tones) > 1 else np.sign(np.sin(turn))
        pitch = self.pitch * 2 ** (0.5 + 0.45 * wave)
        return self.at.faded(
            self.at.harmonics(pitch, np.array([1, 0.5, 0.4, 0.2, 0.2, 0.1]), rng), 0.02, 0.05
        )


@dataclass(frozen=True)
class Dishes:
    """A few objects of one kitchen: their modes (hertz), decays (seconds to -60 dB), levels."""

    modes: tuple[Array, ...]
    decays: tuple[Array, ...]
    levels: tuple[Array, ...]
    pace: float
    scrape: float
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Dishes":
        modes, decays, levels = [], [], []
        lowest = between(1200, 2600, character)
        ringing = between(0.1, 0.6, rng.random())
        for _ in range(4):
            count = int(rng.integers(6, 16))
            frequencies = np.sort(np.exp(rng.uniform(np.log(lowest), np.log(7500), count)))
            modes.append(frequencies)
            decays.append(ringing * rng.uniform(0.3, 1.2, count) * (lowest / frequencies) ** 0.4)
            levels.append(rng.uniform(0.1, 1.0, count) ** 1.5)
        return Dishes(
            modes=tuple(modes),
            decays=tuple(decays),
            levels=tuple(levels),
            pace=between(3.0, 11.0, rng.random()),
            scrape=float(rng.choice([0.0, 0.15, 0.4], p=[0.5, 0.35, 0.15])),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """Impacts at random times, the first at once, one near the end; scraping under them."""
        length = self.at.samples(seconds)
        last = max(seconds - 0.12, 0.02)
        steps = np.minimum(rng.exponential(1 / self.pace, int(4 * self.pace * last) + 4), 0.5)
        onsets = np.concatenate([[0.0], np.cumsum(steps)])
        onsets = np.append(onsets[onsets < last], last)
        owners = rng.integers(len(self.modes), size=len(onsets))
        wave = np.zeros(length)
        for k in np.unique(owners):
            shift = 1 + 0.01 * rng.standard_normal(len(self.modes[k]))
            hit = self.at.strike(rng, self.modes[k] * shift, self.decays[k], self.levels[k])
            mine = onsets[owners == k]
            gains = rng.uniform(0.15, 1.0, len(mine)) ** 1.5
            wave += self.at.repeat(normal(hit), mine, gains, length)
        if self.scrape:
            rubbing = self.at.band(length, rng, 2500, 7000) * np.maximum(
                self.at.drift(length, rng, 8), 0
            )
            wave = normal(wave) + self.scrape * rubbing
        return self.at.faded(wave, 0.001, 0.05)
