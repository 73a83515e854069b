"""Impacts: something struck again and again. Eight kinds of objects and rhythms."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import Array, Rng, Signals, between, noise, normal

BAR = (1.0, 2.76, 5.4, 8.93)  # a free bar
PLATE = (1.0, 1.59, 2.14, 2.3, 2.65, 2.92, 3.5, 4.06)  # a membrane; a plate is near it
TUBE = (1.0, 2.0, 3.01, 4.04, 5.1)
ROD = (1.0, 1.7, 2.6, 3.9)


@dataclass(frozen=True)
class Impact:
    """ratios: partials re the lowest. pitch: its hertz, decay: its seconds, rate: hits a second,
    each from and to. uneven: of the rhythm, 0 to 1. click: noise of the hit, re its tone. fading:
    dB that each hit is below the one before."""

    ratios: tuple[float, ...]
    pitch: tuple[float, float]
    decay: tuple[float, float]
    rate: tuple[float, float]
    uneven: float = 0.1
    click: float = 0.2
    fading: float = 0.0

    def sound(self, at: Signals, seconds: float, source: Rng, take: Rng) -> Array:
        """(samples,). source: draws the object, take: how it is played."""
        pitch = between(*self.pitch, source.random())
        ratios = np.array(self.ratios) * (1 + 0.02 * source.standard_normal(len(self.ratios)))
        decays = between(*self.decay, source.random()) * ratios ** -source.uniform(0.2, 0.8)
        levels = source.uniform(0.2, 1.0, len(ratios)) * ratios**-0.5
        rate = between(*self.rate, source.random())
        snap = between(0.002, 0.01, source.random())
        pitch *= take.uniform(0.97, 1.03)
        hit = normal(at.ring(take, pitch * ratios, decays, levels))
        click = noise(len(hit), take) * np.exp(-np.arange(len(hit)) / at.rate / snap)
        onsets = self._onsets(rate * take.uniform(0.85, 1.15), seconds, take)
        gains = take.uniform(0.5, 1.0, len(onsets))
        gains *= 10 ** (-self.fading * np.arange(len(onsets)) / 20)
        return at.faded(
            at.repeat(hit + self.click * 6 * click, onsets, gains, at.samples(seconds)), 0.001, 0.05
        )

    def _onsets(self, rate: float, seconds: float, rng: Rng) -> Array:
        count = max(int(seconds * rate), 1)
        even = np.arange(count) / rate
        return np.clip(even + self.uneven * rng.uniform(-0.5, 0.5, count) / rate, 0, None)


IMPACTS = {
    "wood_block": Impact(ROD, (350, 1100), (0.05, 0.18), (1.5, 5), click=0.5),
    "door_knocking": Impact(ROD, (90, 350), (0.06, 0.2), (2.5, 6), click=0.3, uneven=0.2),
    "glass_chime": Impact(BAR, (1200, 3500), (0.3, 1.4), (1.5, 8), uneven=1.0, click=0.05),
    "metal_pipe": Impact(TUBE, (250, 1200), (0.3, 1.4), (0.6, 2.5), click=0.3),
    "hand_drum": Impact(PLATE, (80, 350), (0.15, 0.5), (2, 7), uneven=0.3, click=0.1),
    "marimba_run": Impact(BAR, (180, 700), (0.2, 0.7), (3, 8), click=0.02),
    "bouncing_ball": Impact(PLATE, (150, 700), (0.05, 0.2), (3, 8), fading=2.5, click=0.4),
    "gravel_steps": Impact(ROD, (1500, 4500), (0.01, 0.04), (18, 60), uneven=1.0, click=1.0),
}
