"""How a dry sound becomes a recorded clip at any rate: placed, in a room, over a background,
through a microphone, at a level. Ranges are our design: wide enough that no class is told by its
level or its timbre alone."""

from dataclasses import replace

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from seldbench.simulation.backgrounds import Background
from seldbench.simulation.signals import Array, Rng, Signals, between, normal

DECAY = (0.1, 0.5)  # seconds to fall by 60 dB
WET = (0.0, 0.6)  # level of the reverberation, re the direct sound
SNR = (6.0, 36.0)  # dB of the sound while it lasts, re the background
PEAK = (-24.0, -1.0)  # dB re full scale, of the clip
CUT = 0.25  # of the clips: digital silence after the sound, as cut recordings have


def recorded(wave: Array, at: Signals, seconds: float, rng: Rng) -> Array:
    """A dry sound, (samples,) at most `seconds` long -> the clip, (seconds * rate,) in [-1, 1]."""
    length = at.samples(seconds)
    wave = normal(wave[:length])
    start = int(rng.integers(length - len(wave) + 1))
    placed = np.zeros(length)
    placed[start : start + len(wave)] = wave
    heard = normal(_in_room(placed, at, rng)) / np.sqrt(len(wave) / length)
    place = replace(Background.draw(float(rng.random()), rng), at=at)
    behind = normal(place.sound(seconds, rng)[:length])
    mixture = heard + behind * 10 ** (-rng.uniform(*SNR) / 20)
    mixture = through_device(mixture, at, rng)
    if rng.random() < CUT:
        end = start + len(wave) + at.samples(0.1)
        mixture = np.concatenate([at.faded(mixture[:end]), np.zeros(max(length - end, 0))])
    return mixture / np.abs(mixture).max() * 10 ** (rng.uniform(*PEAK) / 20)


def _in_room(wave: Array, at: Signals, rng: Rng) -> Array:
    """The direct sound, and noise that decays from 10 ms later on and loses its treble."""
    decay = between(*DECAY, rng.random())
    length = at.samples(decay)
    time = np.arange(length) / at.rate
    points, fall = np.array([100, 1000, 4000, 10000]), np.array([-3, 0, -6, -15])
    tail = normal(at.coloured(length, rng, points, fall) * np.exp(-6.91 * time / decay))
    response = np.concatenate([np.zeros(at.samples(0.01)), tail * rng.uniform(*WET)])
    response /= np.sqrt(length)  # `normal` makes unit power; a response has unit energy
    response[0] = 1.0
    size = next_fast_len(len(wave) + len(response), real=True)
    return irfft(rfft(wave, size) * rfft(response, size), size)[: len(wave)]


def through_device(wave: Array, at: Signals, rng: Rng) -> Array:
    """A smooth random equaliser of a few dB, and a bandwidth from 4 kHz up."""
    size = next_fast_len(len(wave), real=True)
    axis = np.fft.rfftfreq(size, 1 / at.rate)
    knots = np.geomspace(50, at.rate / 2, 7)
    decibels = np.interp(np.log(axis + 1), np.log(knots), rng.normal(0, 2.5, len(knots)))
    decibels -= 24 * np.maximum(np.log2((axis + 1) / between(4000, 20000, rng.random())), 0)
    return irfft(rfft(wave, size) * 10 ** (decibels / 20), size)[: len(wave)]
