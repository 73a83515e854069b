"""Pulses: short beeps, clicks or puffs in a rhythm. Eight rhythms."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import Array, Rng, Signals, between, noise, normal


@dataclass(frozen=True)
class Pulses:
    """kind: what a pulse is: "click", "beep" or "puff". rate: groups a second, from and to.
    group: pulses of one; spacing: share of a period between them. random: times without a rhythm.
    speeding: how many times faster the end is than the start. length: of a pulse."""

    kind: str
    rate: tuple[float, float]
    group: int = 1
    spacing: float = 0.2
    random: bool = False
    speeding: float = 1.0
    length: tuple[float, float] = (0.02, 0.06)

    def sound(self, at: Signals, seconds: float, source: Rng, take: Rng) -> Array:
        """(samples,). source: draws the pulse and the pace, take: the times."""
        rate = between(*self.rate, source.random())
        pitch, span = between(500, 3500, source.random()), between(*self.length, source.random())
        pulse = self._pulse(at, pitch, span, take)
        onsets = self._onsets(rate * take.uniform(0.9, 1.1), seconds, take)
        gains = take.uniform(0.7, 1.0, len(onsets))
        return at.faded(at.repeat(pulse, onsets, gains, at.samples(seconds)), 0.001, 0.02)

    def _pulse(self, at: Signals, pitch: float, span: float, rng: Rng) -> Array:
        length = at.samples(span)
        time = np.arange(length) / at.rate
        if self.kind == "click":
            wave = at.band(length, rng, pitch * 0.7, pitch * 2) * np.exp(-time / span * 8)
        elif self.kind == "beep":
            wave = np.sin(2 * np.pi * pitch * time) + 0.3 * np.sin(6 * np.pi * pitch * time)
        else:
            wave = at.coloured(length, rng, np.array([100, pitch, 8000]), np.array([-6, 0, -20]))
            wave *= np.sin(np.pi * time / span)
        return at.faded(normal(wave + 1e-3 * noise(length, rng)), 0.002, 0.005)

    def _onsets(self, rate: float, seconds: float, rng: Rng) -> Array:
        count = max(int(seconds * rate), 1)
        if self.random:
            return np.sort(rng.uniform(0, seconds * 0.95, count))
        grid = np.arange(count) / count
        bend = np.log(self.speeding)
        starts = grid if bend == 0 else np.log1p(grid * (self.speeding - 1)) / bend
        groups = starts[:, None] * seconds + np.arange(self.group) * self.spacing / rate
        onsets = groups.ravel()
        return onsets[onsets < seconds]


PULSES = {
    "slow_ticking": Pulses("click", (1.0, 2.5)),
    "fast_ticking": Pulses("click", (6.0, 14.0)),
    "geiger_clicks": Pulses("click", (6.0, 14.0), random=True),
    "double_click": Pulses("click", (1.0, 2.5), group=2),
    "steady_beeps": Pulses("beep", (1.5, 4.0), length=(0.05, 0.2)),
    "triple_beeps": Pulses("beep", (0.8, 1.6), group=3, length=(0.05, 0.12)),
    "speeding_beeps": Pulses("beep", (3.0, 7.0), speeding=5.0, length=(0.04, 0.08)),
    "steam_puffs": Pulses("puff", (1.5, 5.0), length=(0.08, 0.2)),
}
