"""Voices: vowels that are sung, speech, chirps of an animal."""

import numpy as np

from seldbench.simulation.families.pieces import in_pieces
from seldbench.simulation.families.regimes import Family, Parameter
from seldbench.simulation.signals import DESED, Array, Rng, between, noise, normal
from seldbench.simulation.voices import VOWELS, Speaker

# From "bead" to "bawd": the second formant falls all the way.
_FRONT_TO_BACK = VOWELS[:6].astype(float)
_WIDTHS = np.array([70.0, 100.0, 150.0, 220.0])


def vowel(second: float, pitch: float, seconds: float, rng: Rng) -> Array:
    """Notes on one vowel, told by its second formant, hertz; the other formants follow it."""
    length = DESED.samples(seconds)
    first, third = (
        np.interp(second, _FRONT_TO_BACK[::-1, 1], _FRONT_TO_BACK[::-1, k]) for k in (0, 2)
    )
    time = np.arange(length) / DESED.rate
    vibrato = 1 + rng.uniform(0, 0.02) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * time)
    line = pitch * vibrato * (1 + 0.01 * DESED.drift(length, rng, 8))
    source = normal(DESED.pulses(line, rng.uniform(0.8, 1.4), rng))
    source += rng.uniform(0.01, 0.08) * noise(length, rng)
    formants = np.array([[first, second, third, 3500.0]])
    tract = DESED.resonances(formants, _WIDTHS, np.array([1.0, 0.5, 0.3, 0.15]))
    level = 1 + 0.2 * DESED.drift(length, rng, 3)
    return in_pieces(DESED.shape(source, tract) * level, rng)


def speech(pitch: float, pace: float, seconds: float, rng: Rng) -> Array:
    """A phrase of nonsense at `pace` syllables a second."""
    speaker = Speaker(
        pitch=pitch,
        tract=between(0.92, 1.2, rng.random()),
        pace=pace,
        tilt=rng.uniform(0.9, 1.5),
        breath=rng.uniform(0.01, 0.06),
        liveliness=rng.uniform(0.04, 0.1),
    )
    return speaker.sound(seconds, rng)


def chirp(pitch: float, rate: float, seconds: float, rng: Rng) -> Array:
    """Calls of an arched pitch, `rate` a second."""
    length = DESED.samples(seconds)
    turns = np.arange(length) / DESED.rate * rate
    place, number = turns % 1.0, turns.astype(int)
    share = rng.uniform(0.45, 0.75)
    inside = np.clip(place / share, 0, 1)
    arch = rng.uniform(0.2, 0.5) * np.sin(np.pi * inside) + rng.uniform(-0.2, 0.2) * inside
    gains = rng.uniform(0.5, 1.0, number[-1] + 1)
    levels = np.array([1.0, 0.25, 0.1]) ** rng.uniform(0.6, 2.0)
    wave = DESED.harmonics(pitch * 2**arch, levels, rng)
    wave *= np.sin(np.pi * inside) ** 2 * gains[number]
    return wave + 1e-4 * noise(length, rng)


FAMILIES = {
    "sung vowel": Family(Parameter(840, 2290), Parameter(90, 380), vowel),
    "speech": Family(Parameter(80, 340), Parameter(2.5, 8.0), speech),
    "animal chirp": Family(Parameter(800, 4500), Parameter(2.0, 16.0), chirp),
}
