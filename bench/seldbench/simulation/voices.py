"""Voices: a person who speaks, a cat, a dog. Each is an excitation (pulses, breath) shaped by
moving resonances of a vocal tract. A source is one individual; every sound of it differs.

Source of the numbers: Peterson and Barney 1952 (vowel formants of men), rounded; the rest as in
the physics of each call, chosen for these simulations.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seldbench.simulation.signals import DESED, Array, Rng, Signals, between, curve, noise, normal

# First three formants of nine vowels, hertz, of a vocal tract of 17.5 cm.
VOWELS = np.array(
    [
        (270, 2290, 3010),
        (390, 1990, 2550),
        (530, 1840, 2480),
        (660, 1720, 2410),
        (730, 1090, 2440),
        (570, 840, 2410),
        (440, 1020, 2240),
        (300, 870, 2240),
        (640, 1190, 2390),
    ]
)


@dataclass(frozen=True)
class Speaker:
    """pitch: mean, hertz; tract: formants as a multiple of a 17.5 cm tract's; pace: syllables/s."""

    pitch: float
    tract: float
    pace: float
    tilt: float
    breath: float
    liveliness: float
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Speaker":
        return Speaker(
            pitch=between(85, 260, character),
            tract=between(0.94, 1.22, np.clip(character + rng.normal(0, 0.15), 0, 1)),
            pace=rng.uniform(3.0, 6.0),
            tilt=rng.uniform(0.9, 1.5),
            breath=rng.uniform(0.01, 0.06),
            liveliness=rng.uniform(0.08, 0.22),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """A phrase: syllables of a consonant (hiss, burst or nothing) and a vowel, pauses under
        150 ms between some of them."""
        length = self.at.samples(seconds)
        return self.utter(length, self._phrase(self.at.frames(length), rng), rng)

    def utter(
        self, length: int, articulation: tuple[Array, Array, Array, Array], rng: Rng
    ) -> Array:
        """So many samples of given movements. articulation: per frame the level of the voice, the
        level of the hiss, four formants and the hiss's frequency, hertz."""
        voiced, hiss, formants, sibilance = articulation
        glide = 1.12 - 0.22 * np.linspace(0, 1, length)  # declination over a phrase
        pitch = self.pitch * glide * (1 + self.liveliness * self.at.drift(length, rng, 2.5))
        pitch = np.clip(pitch, 60, 500) * (1 + 0.01 * self.at.drift(length, rng, 60))
        source = normal(self.at.pulses(pitch, self.tilt, rng)) + self.breath * noise(length, rng)
        widths = np.array([60.0, 90.0, 140.0, 220.0]) * self.tract
        tract = self.at.resonances(formants, widths, np.array([1.0, 0.5, 0.28, 0.15]))
        vowel = self.at.shape(source, tract * voiced[:, None])
        mouth = self.at.resonances(sibilance[:, None], np.array([900.0]), np.array([1.0]))
        consonant = self.at.shape(noise(length, rng), mouth**3 * hiss[:, None])
        return self.at.faded(normal(vowel) + 0.35 * normal(consonant), 0.01, 0.03)

    def _phrase(self, count: int, rng: Rng) -> tuple[Array, Array, Array, Array]:
        """Per frame: level of the voice, level of the hiss, four formants, the hiss's frequency."""
        voiced, hiss = np.zeros(count), np.zeros(count)
        targets, sibilance = np.zeros((count, 3)), np.full(count, 4500.0)
        for start, vowel, end in self._syllables(count, rng):
            targets[start:] = VOWELS[rng.integers(len(VOWELS))]
            swell = np.sin(np.linspace(0.25, 2.9, max(end - vowel, 1)))[: end - vowel]
            voiced[vowel:end] = swell * rng.uniform(0.55, 1.0)
            kind = rng.random()
            if kind < 0.45:  # a fricative
                hiss[start:vowel] = rng.uniform(0.3, 1.0)
                sibilance[start:vowel] = rng.uniform(2500, 6500)
            elif kind < 0.75:  # a plosive: silence, then a burst
                hiss[max(vowel - 3, start) : vowel] = rng.uniform(0.5, 1.2)
                sibilance[start:vowel] = rng.uniform(1200, 4500)
            else:  # a nasal or a glide
                voiced[start:vowel] = 0.35
        formants = np.stack([*map(gliding, targets.T), np.full(count, 3500.0)], axis=1)
        return eased(voiced), hiss, formants * self.tract, sibilance

    def _syllables(self, count: int, rng: Rng) -> list[tuple[int, int, int]]:
        """(start, start of the vowel, end) in frames; a pause under 150 ms after some."""
        found: list[tuple[int, int, int]] = []
        at = 0
        while at < count:
            span = max(int(self.at.rate / self.at.hop / self.pace * rng.uniform(0.6, 1.5)), 8)
            consonant = int(span * rng.uniform(0.15, 0.4)) if rng.random() < 0.75 else 0
            end = min(at + span, count)
            found.append((at, min(at + consonant, end), end))
            pause = (
                int(rng.uniform(0.04, 0.12) * self.at.rate / self.at.hop)
                if rng.random() < 0.12
                else 0
            )
            at = end + pause
        return found


def gliding(track: Array) -> Array:
    """A formant's targets, reached within 90 ms."""
    smooth = np.hanning(11) / np.hanning(11).sum()
    return np.convolve(np.pad(track, 5, "edge"), smooth, "valid")


def eased(level: Array) -> Array:
    smooth = np.hanning(5) / np.hanning(5).sum()
    return np.convolve(np.pad(level, 2), smooth, "valid")


@dataclass(frozen=True)
class Cat:
    """pitch: peak of a meow, hertz; growler: share of its calls that are growls."""

    pitch: float
    tract: float
    breath: float
    growler: float
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Cat":
        return Cat(
            pitch=between(420, 900, character),
            tract=rng.uniform(0.85, 1.2),
            breath=rng.uniform(0.02, 0.15),
            growler=rng.choice([0.0, 0.1, 0.6], p=[0.6, 0.25, 0.15]),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """Calls in a row that fill the time; gaps stay under 120 ms."""
        call = self._growl if rng.random() < self.growler else self._meow
        longest = rng.uniform(0.8, 1.6)
        count = max(1, round(seconds / longest))
        cuts = np.sort(rng.uniform(-0.15, 0.15, count - 1) + np.arange(1, count)) / count * seconds
        edges = np.concatenate([[0.0], cuts, [seconds]])
        wave = np.zeros(self.at.samples(seconds))
        for start, stop in pairwise(edges):
            gap = rng.uniform(0.02, 0.12) if stop < seconds else 0.0
            part = normal(call(max(stop - start - gap, 0.1), rng)) * rng.uniform(0.6, 1.0)
            place = self.at.samples(start)
            part = part[: len(wave) - place]
            wave[place : place + len(part)] += part
        return wave

    def _meow(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        top = self.pitch * rng.uniform(0.85, 1.15)
        pitch = curve(length, top * np.array([0.72, 0.97, 1.0, 0.93, 0.8, rng.uniform(0.55, 0.75)]))
        source = normal(
            self.at.pulses(pitch * (1 + 0.01 * self.at.drift(length, rng, 20)), 0.6, rng)
        )
        source += self.breath * noise(length, rng)
        count = self.at.frames(length)
        opening = curve(count, np.array([0.75, 1.0, 1.25, 1.2, 0.95, 0.8]))
        centres = np.array([1000.0, 2100.0, 3500.0]) * self.tract * opening[:, None]
        tract = self.at.resonances(
            centres, np.array([180.0, 260.0, 400.0]), np.array([1.0, 0.7, 0.35])
        )
        level = curve(count, np.array([0.15, 0.8, 1.0, 0.9, 0.6, 0.15]))
        return self.at.faded(self.at.shape(source, tract**1.5 * level[:, None]), 0.02, 0.05)

    def _growl(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        pitch = np.clip(rng.uniform(90, 160) * (1 + 0.1 * self.at.drift(length, rng, 6)), 50, 300)
        source = normal(self.at.pulses(pitch, 0.4, rng)) + 0.4 * noise(length, rng)
        centres = np.array([[700.0, 1500.0, 2600.0]]) * self.tract
        tract = self.at.resonances(
            centres, np.array([150.0, 220.0, 350.0]), np.array([1.0, 0.8, 0.4])
        )
        return self.at.faded(
            self.at.shape(source, tract**1.5) * (1 + 0.3 * self.at.drift(length, rng, 9)), 0.08, 0.1
        )


@dataclass(frozen=True)
class Dog:
    """pitch: of a bark's start, hertz; bark: its length; spacing: onset to onset; seconds."""

    pitch: float
    tract: float
    bark: float
    spacing: float
    rough: float
    howler: bool
    at: Signals = DESED

    @staticmethod
    def draw(character: float, rng: Rng) -> "Dog":
        small = character
        return Dog(
            pitch=between(280, 900, small),
            tract=between(0.75, 1.35, np.clip(small + rng.normal(0, 0.15), 0, 1)),
            bark=between(0.28, 0.09, np.clip(small + rng.normal(0, 0.25), 0, 1)),
            spacing=rng.uniform(0.22, 0.55),
            rough=rng.uniform(0.25, 0.9),
            howler=bool(rng.random() < 0.12),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """A run of barks, the last one ending with the event; or one howl."""
        if self.howler and seconds > 0.9 and rng.random() < 0.7:
            return self._howl(seconds, rng)
        wave = np.zeros(self.at.samples(seconds))
        bark = min(self.bark * rng.uniform(0.85, 1.2), seconds)
        spacing = max(self.spacing * rng.uniform(0.85, 1.15), bark + 0.05)
        count = max(1, 1 + round((seconds - bark) / spacing))
        starts = np.linspace(0, seconds - bark, count) if count > 1 else np.zeros(1)
        single = seconds if count == 1 else bark
        for k, start in enumerate(starts):
            wobble = rng.uniform(-0.03, 0.03) if 0 < k < count - 1 else 0.0
            part = normal(self._bark(single, rng)) * rng.uniform(0.6, 1.0)
            place = max(0, self.at.samples(start + wobble))
            part = part[: len(wave) - place]
            wave[place : place + len(part)] += part
        return wave

    def _bark(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        top = self.pitch * rng.uniform(0.9, 1.1)
        pitch = curve(length, top * np.array([0.8, 1.05, 1.0, 0.85, rng.uniform(0.5, 0.7)]))
        pitch *= np.clip(1 + 0.04 * self.rough * self.at.drift(length, rng, 150), 0.7, 1.3)
        source = normal(self.at.pulses(pitch, 0.5, rng)) + self.rough * noise(length, rng)
        count = self.at.frames(length)
        mouth = curve(count, np.array([0.8, 1.15, 1.1, 0.9, 0.8]))
        centres = np.array([750.0, 1350.0, 2600.0]) * self.tract * mouth[:, None]
        tract = self.at.resonances(
            centres, np.array([160.0, 260.0, 500.0]), np.array([1.0, 0.7, 0.15])
        )
        level = curve(count, np.array([0.5, 1.0, 0.9, 0.5, 0.2, 0.05]))
        return self.at.faded(self.at.shape(source, tract**1.5 * level[:, None]), 0.008, 0.04)

    def _howl(self, seconds: float, rng: Rng) -> Array:
        length = self.at.samples(seconds)
        top = self.pitch * rng.uniform(0.8, 1.2)
        pitch = curve(length, top * np.array([0.6, 0.95, 1.0, 1.0, 0.97, 0.75]))
        source = normal(
            self.at.pulses(pitch * (1 + 0.015 * self.at.drift(length, rng, 5)), 1.2, rng)
        )
        centres = np.array([[700.0, 1300.0]]) * self.tract
        tract = self.at.resonances(centres, np.array([250.0, 350.0]), np.array([1.0, 0.4]))
        return self.at.faded(self.at.shape(source + 0.05 * noise(length, rng), tract), 0.1, 0.15)
