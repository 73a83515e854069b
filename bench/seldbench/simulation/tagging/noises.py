"""Noises: a hiss with a colour and a motion. Eight kinds."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import Array, Rng, Signals, between, curve, noise, normal


@dataclass(frozen=True)
class Noise:
    """centre: hertz of its middle, octaves: half width to either side, each from and to. tilt: dB
    an octave. travel: octaves that the middle moves by, `pace` times a second. swell: (a second,
    depth) of its level; grain: how much of it comes in grains of some milliseconds."""

    centre: tuple[float, float]
    octaves: tuple[float, float] = (1.0, 2.0)
    tilt: float = 0.0
    travel: float = 0.1
    pace: float = 0.5
    swell: tuple[float, float] = (0.4, 0.2)
    grain: float = 0.0

    def sound(self, at: Signals, seconds: float, source: Rng, take: Rng) -> Array:
        """(samples,). source: draws colour and motion, take: the noise itself."""
        length = at.samples(seconds)
        middle = between(*self.centre, source.random())
        width = source.uniform(*self.octaves)
        tilt = self.tilt + source.uniform(-1.5, 1.5)
        swell = self.swell[0] * source.uniform(0.7, 1.4)
        count = at.frames(length)
        way = curve(count, take.standard_normal(int(seconds * self.pace * 2) + 4))
        octave = np.log2(np.maximum(at.bins, 30) / middle) - self.travel * way[:, None]
        decibels = tilt * octave - 18 * np.maximum(np.abs(octave) - width, 0)
        wave = normal(at.shape(noise(length, take), 10 ** (decibels / 20)))
        turn = 2 * np.pi * (swell * np.arange(length) / at.rate + take.uniform())
        wave *= 1 + self.swell[1] * np.sin(turn)
        if self.grain:
            wave *= 1 - self.grain + self.grain * np.maximum(at.drift(length, take, 90), 0)
        return at.faded(wave, 0.1, 0.1)


NOISES = {
    "steady_hiss": Noise((2500, 7000)),
    "low_rumble": Noise((60, 200), tilt=-3.0, swell=(0.4, 0.5)),
    "air_vent": Noise((250, 900), tilt=-2.0),
    "gusty_wind": Noise((200, 800), octaves=(0.4, 1.0), travel=1.0, swell=(0.4, 0.5)),
    "howling_draught": Noise((400, 1200), octaves=(0.05, 0.2), travel=0.8, pace=0.8),
    "breaking_waves": Noise((400, 1500), octaves=(1.5, 2.5), swell=(0.35, 0.9)),
    "sawing_strokes": Noise((1500, 4500), swell=(2.8, 0.95)),
    "rustling_leaves": Noise((2000, 5500), swell=(0.8, 0.5), grain=0.9),
}
