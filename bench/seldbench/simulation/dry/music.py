"""Music of spatial scenes: a piano, one other instrument, recorded music from a loudspeaker.

Range of the piano's tempo from seldbench's specification, E.6; its inharmonicity, f_k = k f_1
sqrt(1 + B k^2), from Fletcher 1964; the rest of our design.
"""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.dry.classes import AT
from seldbench.simulation.signals import Array, Rng, between, curve, noise, normal

SCALES = np.array([(0, 2, 4, 7, 9, 12, 14, 16), (0, 2, 3, 7, 8, 12, 14, 15)])
PALETTE = 8  # notes of one performance


def _onsets(seconds: float, beat: float, rng: Rng) -> Array:
    """Times of notes on a grid of half beats, seconds; the first at once, the last near the end."""
    last = max(seconds - min(0.25, seconds / 4), 0.0)
    grid = np.arange(0, last, beat / 2)
    played = rng.random(len(grid)) < np.where(np.arange(len(grid)) % 2, 0.35, 0.85)
    played[:1] = True
    return np.unique(np.append(grid[played], last))


def _string(pitch: float, hold: float, bright: float, stiff: float, rng: Rng) -> Array:
    """A struck or plucked string, damped after `hold` seconds."""
    k = np.arange(1, min(60, int(9000 / pitch)) + 1)
    partials = pitch * k * np.sqrt(1 + stiff * k**2)
    decays = 6.0 * (220 / pitch) ** 0.5 / (1 + bright * 0.25 * k)
    levels = (
        k**-bright
        * np.exp(-partials / 3500)
        * np.abs(np.sin(np.pi * k * 0.13))
        * rng.uniform(0.6, 1.0, len(k))
    )
    return AT.faded(AT.ring(rng, partials, decays, levels, longest=hold), 0.002, 0.12)


@dataclass(frozen=True)
class Piano:
    """root: hertz; beat: seconds; bright: fall of the partials, k**-bright."""

    root: float
    scale: int
    beat: float
    bright: float
    stiff: float
    chords: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Piano":
        return Piano(
            root=between(65, 440, character),
            scale=int(rng.integers(len(SCALES))),
            beat=60 / between(40, 120, rng.random()),
            bright=rng.uniform(0.9, 1.7),
            stiff=between(1e-4, 8e-4, rng.random()),
            chords=rng.uniform(0.1, 0.9),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """Notes and chords of up to three notes from eight keys."""
        length = AT.samples(seconds)
        onsets = _onsets(seconds, self.beat, rng)
        played = rng.random((len(onsets), PALETTE)).argsort(axis=1)
        several = np.where(rng.random(len(onsets)) < self.chords, 3, 1)
        wave = np.zeros(length)
        for k in range(PALETTE):
            mine = onsets[(played[:, k] < several)]
            if not len(mine):
                continue
            pitch = self.root * 2 ** (SCALES[self.scale][k] / 12)
            hold = min(self.beat * rng.uniform(1.0, 2.5), 3.0)
            note = normal(_string(pitch, hold, self.bright, self.stiff, rng))
            hammer = AT.coloured(len(note), rng, np.array([80, 300, 1500]), np.array([0, 0, -30.0]))
            note += 0.3 * normal(hammer) * np.exp(-np.arange(len(note)) / AT.rate / 0.012)
            wave += AT.repeat(note, mine, rng.uniform(0.35, 1.0, len(mine)), length)
        return AT.faded(wave, 0.001, 0.05)


# Partials of sustained instruments: bowed (all, strong), reed (odd), flute (few).
_TIMBRES = {
    "bowed": np.arange(1, 21) ** -0.9,
    "reed": np.where(np.arange(1, 17) % 2, 1.0, 0.12) * np.arange(1, 17) ** -0.8,
    "flute": np.array([1.0, 0.35, 0.15, 0.06, 0.03]),
    "brass": np.array([0.6, 1.0, 1.0, 0.85, 0.6, 0.45, 0.35, 0.25, 0.18, 0.12, 0.08]),
}
_STRUCK = {"guitar": (1.2, 5e-5), "marimba": (0.0, 0.0)}


@dataclass(frozen=True)
class Instrument:
    """kind: guitar, marimba (struck) or bowed, reed, flute, brass (sustained); plays a tune."""

    kind: str
    root: float
    scale: int
    beat: float
    vibrato: float
    breath: float
    bright: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Instrument":
        return Instrument(
            kind=str(rng.choice([*_TIMBRES, "guitar", "guitar", "marimba"])),
            root=between(110, 520, character),
            scale=int(rng.integers(len(SCALES))),
            beat=60 / between(60, 150, rng.random()),
            vibrato=rng.uniform(0.0, 0.012),
            breath=rng.uniform(0.01, 0.08),
            bright=rng.uniform(0.7, 1.3),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        onsets = _onsets(seconds, self.beat, rng)
        steps = SCALES[self.scale][rng.integers(PALETTE, size=len(onsets))]
        pitches = self.root * 2.0 ** (steps / 12)
        if self.kind in _STRUCK:
            return self._struck(onsets, pitches, seconds, rng)
        return self._sustained(onsets, pitches, seconds, rng)

    def _struck(self, onsets: Array, pitches: Array, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        bright, stiff = _STRUCK[self.kind]
        wave = np.zeros(length)
        for pitch in np.unique(pitches):
            if self.kind == "marimba":  # a bar tuned to 1 : 4 : 10
                decays = np.array([0.9, 0.35, 0.12]) * (220 / pitch) ** 0.5
                note = AT.ring(
                    rng, pitch * np.array([1.0, 4.0, 10.0]), decays, np.array([1, 0.4, 0.2])
                )
            else:
                note = _string(pitch, 1.5, bright * self.bright, stiff, rng)
            mine = onsets[pitches == pitch]
            wave += AT.repeat(normal(note), mine, rng.uniform(0.5, 1.0, len(mine)), length)
        return AT.faded(wave, 0.001, 0.05)

    def _sustained(self, onsets: Array, pitches: Array, seconds: float, rng: Rng) -> Array:
        """One voice: a note lasts until the next, with a short dip between."""
        length = AT.samples(seconds)
        time = np.arange(length) / AT.rate
        which = np.searchsorted(onsets, time, side="right") - 1
        since = time - onsets[which]
        shake = self.vibrato * np.sin(2 * np.pi * 5.5 * time) * np.clip(since / 0.3, 0, 1)
        tone = normal(AT.harmonics(pitches[which] * (1 + shake), _TIMBRES[self.kind], rng))
        left = np.append(onsets[1:], seconds)[which] - time
        level = np.clip(since / 0.05, 0.08, 1) * np.clip(left / 0.04, 0.08, 1)
        air = AT.band(length, rng, 1000, 6000)
        strength = rng.uniform(0.5, 1.0, len(onsets))[which]
        return AT.faded((tone + self.breath * normal(air)) * level * strength, 0.02, 0.05)


@dataclass(frozen=True)
class Ensemble:
    """Recorded music: drums, bass and chords. beat: seconds; parts: level of each of the three."""

    root: float
    scale: int
    beat: float
    parts: Array
    snare: float
    tone: Array

    @staticmethod
    def draw(character: float, rng: Rng) -> "Ensemble":
        return Ensemble(
            root=between(55, 110, character),
            scale=int(rng.integers(len(SCALES))),
            beat=60 / between(75, 150, rng.random()),
            parts=rng.uniform(0.3, 1.0, 3),
            snare=between(150, 280, rng.random()),
            tone=rng.uniform(0.45, 0.85) ** np.arange(12),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        layers = (self._drums(seconds, rng), self._bass(length, rng), self._chords(length, rng))
        wave = sum(level * normal(layer) for level, layer in zip(self.parts, layers))
        return AT.faded(np.asarray(wave), 0.002, 0.05)

    def _drums(self, seconds: float, rng: Rng) -> Array:
        """Kick on one and three, snare on two and four, hat on every half beat."""
        length, size = AT.samples(seconds), AT.samples(0.25)
        time = np.arange(size) / AT.rate
        kick = np.sin(2 * np.pi * (50 * time + 2.0 * (1 - np.exp(-time / 0.03))))
        drum = AT.ring(rng, np.array([1.0, 1.7]) * self.snare, np.full(2, 0.25), np.ones(2))
        wires = AT.band(size, rng, 1500, 9000) * np.exp(-time / 0.05)
        wires[: len(drum)] += 0.5 * normal(drum)[:size]
        hat = AT.band(size, rng, 6000, 11000) * np.exp(-time / 0.015)
        beats = np.arange(0, max(seconds - 0.05, 0.01), self.beat)
        halves = np.arange(0, max(seconds - 0.05, 0.01), self.beat / 2)
        wave = AT.repeat(
            2.0 * kick * np.exp(-time / 0.07), beats[::2], np.ones(len(beats[::2])), length
        )
        wave += AT.repeat(normal(wires), beats[1::2], np.full(len(beats[1::2]), 0.6), length)
        return wave + AT.repeat(hat, halves, rng.uniform(0.1, 0.4, len(halves)), length)

    def _bass(self, length: int, rng: Rng) -> Array:
        place = np.arange(length) / AT.rate / self.beat
        steps = SCALES[self.scale][rng.integers(5, size=int(place[-1]) + 1)]
        pitch = self.root * 2 ** (steps[place.astype(int)] / 12)
        return AT.harmonics(pitch, 0.6 ** np.arange(8), rng) * np.exp(-1.2 * (place % 1))

    def _chords(self, length: int, rng: Rng) -> Array:
        """Triads that change every bar of four beats."""
        place = np.arange(length) / AT.rate / self.beat / 4
        roots = rng.integers(5, size=int(place[-1]) + 1)
        wave = np.zeros(length)
        for third in (0, 1, 3):
            steps = SCALES[self.scale][np.minimum(roots + third, PALETTE - 1)]
            pitch = 4 * self.root * 2 ** (steps[place.astype(int)] / 12)
            pitch *= 1 + 0.002 * np.sin(2 * np.pi * rng.uniform(4, 6) * np.arange(length) / AT.rate)
            wave += AT.harmonics(pitch, self.tone, rng)
        swell = curve(length, rng.uniform(0.5, 1.0, 8))
        return wave * swell + 0.01 * noise(length, rng)
