"""Voices of spatial scenes: people who speak, scream or laugh, a crying baby, a barking dog.

Sources of the numbers: ranges of pitch from seldbench's specification, E.6; laughter from
Bachorowski, Smoski and Owren 2001 (mean pitch 421 Hz of women and 282 Hz of men, bursts of a few
tens to hundred milliseconds); roughness of screams (30 to 150 Hz) from Arnal et al. 2015.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from seldbench.simulation.dry.classes import AT
from seldbench.simulation.dry.turns import Range, in_turns, lay, turns
from seldbench.simulation.signals import Array, Rng, between, curve, noise, normal
from seldbench.simulation.voices import Dog, Speaker


@dataclass(frozen=True)
class Register:
    """Where the voices of women or of men lie: pitches in hertz, tract as in `Speaker`."""

    speech: Range
    scream: Range
    laugh: Range
    tract: Range


CLOSURE = 0.25  # seconds of silence that a phrase of `Speaker` begins with at most
FEMALE = Register((165, 255), (700, 1400), (250, 560), (1.08, 1.24))
MALE = Register((85, 155), (350, 800), (140, 330), (0.92, 1.07))


@dataclass(frozen=True)
class Talker:
    """pause: the longest between two phrases, seconds."""

    speaker: Speaker
    pause: float

    @staticmethod
    def draw(register: Register, character: float, rng: Rng) -> "Talker":
        pitch = between(*register.speech, character)
        tract = between(*register.tract, np.clip(character + rng.normal(0, 0.3), 0, 1))
        speaker = replace(Speaker.draw(character, rng), pitch=pitch, tract=tract, at=AT)
        return Talker(speaker, pause=rng.uniform(0.4, 0.9))

    def sound(self, seconds: float, rng: Rng) -> Array:
        spans = turns(seconds, (0.8, 3.0), (0.2, self.pause), rng)
        return in_turns(spans, seconds, self._phrase, rng)

    def _phrase(self, seconds: float, rng: Rng) -> Array:
        """A phrase that is heard from its start on, even where that is the closure of a "p"."""
        wave = self.speaker.sound(seconds + CLOSURE, rng)
        heard = np.argmax(np.abs(wave) > 0.02 * np.abs(wave).max())
        start = min(int(heard), AT.samples(CLOSURE))
        return AT.faded(wave[start : start + AT.samples(seconds)], 0.005, 0.03)


@dataclass(frozen=True)
class Screamer:
    """pitch: its height, hertz; rough: depth of the modulation at `rasp` hertz."""

    pitch: float
    tract: float
    rough: float
    rasp: float
    vibrato: float
    breath: float
    tilt: float
    arch: Array

    @staticmethod
    def draw(register: Register, character: float, rng: Rng) -> "Screamer":
        return Screamer(
            pitch=between(*register.scream, character),
            tract=between(*register.tract, rng.random()),
            rough=rng.uniform(0.1, 0.8),
            rasp=rng.uniform(30, 150),
            vibrato=rng.uniform(0.0, 0.03),
            breath=rng.uniform(0.05, 0.5),
            tilt=rng.uniform(0.2, 1.0),
            arch=np.array([rng.uniform(0.6, 0.95), 0.97, 1.0, 1.0, rng.uniform(0.65, 1.0)]),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """One scream, or several with a breath between them."""
        return in_turns(turns(seconds, (0.7, 2.5), (0.15, 0.4), rng), seconds, self._scream, rng)

    def _scream(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        count = AT.frames(length)
        time = np.arange(length) / AT.rate
        pitch = self.pitch * rng.uniform(0.93, 1.07) * curve(length, self.arch)
        pitch *= 1 + self.vibrato * np.sin(2 * np.pi * rng.uniform(4, 8) * time)
        pitch *= np.clip(1 + 0.02 * (0.3 + self.rough) * AT.drift(length, rng, 120), 0.85, 1.15)
        source = normal(AT.pulses(pitch, self.tilt, rng)) + self.breath * noise(length, rng)
        rasp = self.rasp * np.clip(1 + 0.1 * AT.drift(length, rng, 12), 0.5, 1.5)
        source *= 1 + self.rough * np.sin(2 * np.pi * np.cumsum(rasp) / AT.rate)
        mouth = curve(count, rng.uniform(0.88, 1.12, 5))
        centres = np.array([1000.0, 1700.0, 2900.0, 4200.0]) * self.tract * mouth[:, None]
        widths = np.array([200.0, 250.0, 350.0, 600.0])
        tract = AT.resonances(centres, widths, np.array([0.8, 1.0, 0.7, 0.25]))
        level = curve(count, np.array([0.5, 1.0, 1.0, 0.9, 0.8, 0.35]))
        return AT.faded(AT.shape(source, tract**1.3 * level[:, None]), 0.03, 0.05)


@dataclass(frozen=True)
class Baby:
    """pitch: of a cry's height, hertz; cry: its usual length; gasp: level of the breath drawn."""

    pitch: float
    tract: float
    cry: Range
    gasp: float
    rough: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Baby":
        shortest = rng.uniform(0.6, 0.8)
        return Baby(
            pitch=between(350, 600, character),
            tract=rng.uniform(0.9, 1.12),
            cry=(shortest, shortest + rng.uniform(0.15, 0.4)),
            gasp=rng.uniform(0.05, 0.2),
            rough=rng.uniform(0.0, 0.6),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        spans = turns(seconds, self.cry, (0.2, 0.5), rng)
        wave = in_turns(spans, seconds, self._cry, rng)
        for (_, stop), (start, _) in pairwise(spans):
            length = AT.samples((start - stop) * 0.7)
            breath = AT.band(length, rng, 1200, 4500) * np.hanning(length)
            lay(wave, self.gasp * normal(breath), stop + (start - stop) * 0.2)
        return wave

    def _cry(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        count = AT.frames(length)
        top = self.pitch * rng.uniform(0.92, 1.08)
        pitch = curve(length, top * np.array([0.78, 1.0, 1.05, 1.0, 0.93, rng.uniform(0.68, 0.8)]))
        pitch *= 1 + 0.012 * AT.drift(length, rng, 40)
        source = normal(AT.pulses(pitch, 0.8, rng)) + 0.08 * noise(length, rng)
        if rng.random() < self.rough:  # a hoarse stretch: every second pulse weaker, and noise
            hoarse = np.clip(AT.drift(length, rng, 4), 0, 1)
            source *= 1 + 0.5 * hoarse * np.sin(np.pi * np.cumsum(pitch) / AT.rate)
            source += 0.7 * hoarse * noise(length, rng)
        mouth = curve(count, np.array([0.85, 1.05, 1.1, 1.0, 0.9]) * rng.uniform(0.95, 1.05, 5))
        centres = np.array([1100.0, 2800.0, 3700.0]) * self.tract * mouth[:, None]
        tract = AT.resonances(centres, np.array([220.0, 320.0, 450.0]), np.array([1.0, 0.8, 0.5]))
        level = curve(count, np.array([0.2, 0.9, 1.0, 0.95, 0.8, 0.2]))
        return AT.faded(AT.shape(source, tract**1.3 * level[:, None]), 0.02, 0.06)


@dataclass(frozen=True)
class Laugher:
    """Bouts of short voiced bursts, "ha ha ha"; pace: bursts a second; voice: share that is voiced,
    the rest is breath."""

    pitch: float
    tract: float
    pace: float
    voice: float
    vowel: Array

    @staticmethod
    def draw(character: float, rng: Rng) -> "Laugher":
        register = FEMALE if rng.random() < 0.5 else MALE
        vowels = np.array([(680, 1300, 2500), (560, 1600, 2500), (500, 1800, 2600)])
        return Laugher(
            pitch=between(*register.laugh, character),
            tract=between(*register.tract, rng.random()),
            pace=rng.uniform(3.8, 6.2),
            voice=rng.uniform(0.5, 1.0),
            vowel=vowels[rng.integers(len(vowels))].astype(float),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        return in_turns(turns(seconds, (0.8, 2.4), (0.25, 0.6), rng), seconds, self._bout, rng)

    def _bout(self, seconds: float, rng: Rng) -> Array:
        """Bursts that fall in pitch and level, breath before each."""
        length = AT.samples(seconds)
        count = AT.frames(length)
        bursts = max(1, round(seconds * self.pace))
        place = np.linspace(0, bursts, count, endpoint=False) + 0.12 * np.sin(
            2 * np.pi * rng.random() + np.arange(count) / 40
        )
        phase = np.clip(place, 0, bursts - 1e-6) % 1
        which = np.clip(place, 0, bursts - 1e-6).astype(int)
        strength = rng.uniform(0.6, 1.0, bursts) * np.linspace(1.0, 0.55, bursts)
        voiced = (
            np.clip(np.sin(np.pi * phase / 0.55), 0, None) * (phase < 0.55) + 0.02
        ) * strength[which]
        airy = 0.25 * np.clip(np.sin(np.pi * (phase - 0.45) / 0.55), 0, None) + 0.1 * voiced
        lift = np.interp(np.arange(length), AT.hop * np.arange(count), 1.15 - 0.3 * phase)
        pitch = self.pitch * lift * np.linspace(1.1, 0.85, length) * rng.uniform(0.9, 1.1)
        pitch = pitch * (1 + 0.015 * AT.drift(length, rng, 50))
        source = normal(AT.pulses(pitch, 1.0, rng)) * self.voice + 0.15 * noise(length, rng)
        centres = np.append(self.vowel, 3600.0) * self.tract * np.ones((count, 1))
        widths = np.array([110.0, 140.0, 200.0, 300.0])
        tract = AT.resonances(centres, widths, np.array([1.0, 0.5, 0.3, 0.15]))
        breath = AT.shape(noise(length, rng), tract * airy[:, None])
        voice = AT.shape(source, tract * voiced[:, None])
        return AT.faded(normal(voice) + (1.3 - self.voice) * 0.5 * normal(breath), 0.01, 0.03)


@dataclass(frozen=True)
class Barker:
    """A dog that barks in short runs."""

    dog: Dog
    rest: Range

    @staticmethod
    def draw(character: float, rng: Rng) -> "Barker":
        dog = replace(Dog.draw(character, rng), howler=False, at=AT)
        shortest = rng.uniform(0.3, 0.8)
        return Barker(dog, rest=(shortest, shortest + rng.uniform(0.2, 1.0)))

    def sound(self, seconds: float, rng: Rng) -> Array:
        """Runs of one to four barks."""
        return in_turns(turns(seconds, (0.2, 1.3), self.rest, rng), seconds, self._run, rng)

    def _run(self, seconds: float, rng: Rng) -> Array:
        return self.dog.sound(seconds, rng)
