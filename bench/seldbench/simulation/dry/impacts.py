"""Impacts of spatial scenes: crashes, steps, knocks, doors, claps. Damped modes and
bursts of noise.

Ranges from seldbench's specification, E.6; claps after Repp 1987 (spectra of hand clapping peak
between 0.5 and 3 kHz, depending on how the hands are cupped), doors of our design.
"""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.dry.classes import AT
from seldbench.simulation.dry.turns import in_turns, lay, turns
from seldbench.simulation.signals import Array, Rng, between, curve, normal


def _burst(length: int, rng: Rng, frequencies: Array, decibels: Array, decay: float) -> Array:
    """Coloured noise that falls by 60 dB in `decay` seconds."""
    falling = np.exp(-6.91 * np.arange(length) / AT.rate / decay)
    return normal(AT.coloured(length, rng, frequencies, decibels)) * falling


@dataclass(frozen=True)
class Crash:
    """Something breaks: a first blow, then debris. modes: of the pieces, hertz; decays: seconds;
    debris: impacts a second at first; wood: level of the low, short part of the blow."""

    modes: Array
    decays: Array
    debris: float
    hiss: float
    wood: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Crash":
        count = int(rng.integers(20, 61))
        lowest = between(300, 2200, character)
        modes = np.sort(np.exp(rng.uniform(np.log(lowest), np.log(9000), count)))
        ringing = between(0.08, 1.0, rng.random())
        return Crash(
            modes=modes,
            decays=ringing * rng.uniform(0.3, 1.2, count) * (lowest / modes) ** 0.3,
            debris=between(12, 60, rng.random()),
            hiss=rng.uniform(0.2, 1.2),
            wood=rng.uniform(0.0, 1.0),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        wave = np.zeros(length)
        blows = np.append(0.0, rng.uniform(0.0, min(0.3, seconds / 3), rng.integers(1, 6)))
        for start in blows:
            lay(wave, rng.uniform(0.5, 1.0) * self._blow(min(seconds, 1.2), rng), start)
        return AT.faded(wave + self._shards(seconds, length, rng), 0.0005, 0.03)

    def _blow(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        some = rng.random(len(self.modes)) < 0.6
        some[0] = True
        shift = 1 + 0.02 * rng.standard_normal(some.sum())
        pieces = AT.ring(rng, self.modes[some] * shift, self.decays[some], rng.random(some.sum()))
        tilt = np.array([-10.0, 0.0, 0.0, -6.0])
        wave = self.hiss * _burst(length, rng, np.array([200, 800, 5000, 11000]), tilt, 0.35)
        low = np.array([0.0, 0.0, -20.0, -50.0])
        wave += self.wood * _burst(length, rng, np.array([60, 300, 900, 3000]), low, 0.2)
        lay(wave, normal(pieces), 0.0)
        return wave

    def _shards(self, seconds: float, length: int, rng: Rng) -> Array:
        """Small pieces that fall ever more seldom, the last at the end."""
        wave = np.zeros(length)
        fading = seconds / 2.5
        for _ in range(4):
            few = rng.integers(len(self.modes), size=5)
            pitches = self.modes[few] * rng.uniform(1.0, 1.3, 5)
            shard = AT.ring(rng, pitches, self.decays[few] * 0.4, rng.random(5))
            onsets = rng.exponential(fading, rng.poisson(self.debris * fading / 4) + 1) + 0.05
            onsets = np.append(onsets[onsets < seconds - 0.05], max(seconds - 0.09, 0.0))
            gains = rng.lognormal(-1.0, 0.6, len(onsets)) * np.exp(-onsets / fading)
            wave += AT.repeat(normal(shard), onsets, gains, length)
        return wave


# Of steps: modes of the floor in hertz and their decay, level of grit, cut-off of the thump.
_SURFACES = {
    "wood": ((95, 170, 260, 410), 0.12, 0.15, 900),
    "stone": ((420, 950, 1700, 2600), 0.03, 0.35, 1600),
    "gravel": ((160, 300, 520, 800), 0.02, 1.6, 700),
    "carpet": ((70, 110, 160, 220), 0.05, 0.06, 350),
}


@dataclass(frozen=True)
class Walker:
    """pace: steps a second; weight: scales the modes down; heel: hardness of the shoe."""

    pace: float
    surface: str
    weight: float
    heel: float
    roll: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Walker":
        return Walker(
            pace=between(1.4, 2.6, character),
            surface=str(rng.choice(list(_SURFACES))),
            weight=rng.uniform(0.75, 1.35),
            heel=rng.uniform(0.1, 1.0),
            roll=rng.uniform(0.06, 0.16),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """Steps at an even pace, the last one near the end; three feet of their own, in turn."""
        length, last = AT.samples(seconds), max(seconds - 0.15, 0.0)
        count = max(1, round(last * self.pace)) + 1
        onsets = np.linspace(0, last, count)
        onsets[1:-1] += rng.normal(0, 0.03 / self.pace, max(count - 2, 0))
        wave = np.zeros(length)
        for k in range(3):
            mine = onsets[k::3]
            gains = rng.uniform(0.6, 1.0, len(mine))
            wave += AT.repeat(self._step(rng), mine, gains, length)
        return AT.faded(wave, 0.001, 0.03)

    def _step(self, rng: Rng) -> Array:
        wave = np.zeros(AT.samples(0.4))
        lay(wave, self._contact(rng, bright=self.heel), 0.0)
        lay(wave, rng.uniform(0.3, 0.6) * self._contact(rng, bright=0.3 * self.heel), self.roll)
        return normal(wave)

    def _contact(self, rng: Rng, bright: float) -> Array:
        modes, decay, grit, cutoff = _SURFACES[self.surface]
        pitches = np.array(modes) / self.weight * rng.uniform(0.95, 1.05, len(modes))
        floor = AT.ring(rng, pitches, np.full(len(modes), 2.5 * decay), 0.7 ** np.arange(4))
        wave = np.zeros(AT.samples(0.25))
        lay(wave, 0.5 * normal(floor), 0.0)
        points, low = np.array([40, 90, cutoff, 4 * cutoff]), np.array([-10.0, 0, -6, -50])
        wave += _burst(len(wave), rng, points, low, 0.12)
        tilt = np.array([-30.0, -3, 0, -12])
        wave += bright * _burst(len(wave), rng, np.array([500, 1500, 4000, 11000]), tilt, 0.02)
        grains = np.clip(AT.drift(len(wave), rng, 400), 0, None) ** 2
        sand = _burst(len(wave), rng, np.array([800, 2500, 7000, 11500]), tilt, 0.35)
        return AT.faded(wave + grit * grains * sand, 0.001, 0.05)


@dataclass(frozen=True)
class Knocker:
    """modes: of the door, hertz; rate: knocks a second; knuckle: level of the click."""

    modes: Array
    decays: Array
    rate: float
    knuckle: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Knocker":
        spread = np.array([1.0, 1.55, 2.2, 3.1, 4.4]) * rng.uniform(0.93, 1.07, 5)
        return Knocker(
            modes=np.minimum(between(150, 330, character) * spread, 950.0),
            decays=rng.uniform(0.05, 0.16, 5),
            rate=rng.uniform(3.0, 7.0),
            knuckle=rng.uniform(0.1, 0.6),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """Two to six knocks; more than that in groups."""
        group = (1.6 / self.rate, 5.4 / self.rate)
        spans = turns(seconds, group, (0.35, 0.7), rng)
        return AT.faded(in_turns(spans, seconds, self._knocks, rng), 0.0005, 0.02)

    def _knocks(self, seconds: float, rng: Rng) -> Array:
        length, last = AT.samples(seconds), max(seconds - 0.12, 0.0)
        onsets = np.linspace(0, last, max(2, round(last * self.rate) + 1))
        onsets[1:-1] += rng.normal(0, 0.008, len(onsets) - 2)
        levels = 0.75 ** np.arange(5) * rng.uniform(0.5, 1.0, 5)
        hit = normal(AT.ring(rng, self.modes, 2 * self.decays, levels))
        tilt = np.array([-20.0, 0, -4, -25])
        click = _burst(len(hit), rng, np.array([200, 900, 3000, 9000]), tilt, 0.012)
        gains = rng.uniform(0.65, 1.0, len(onsets))
        return AT.repeat(hit + self.knuckle * 3 * click, onsets, gains, length)


@dataclass(frozen=True)
class Door:
    """A latch, a hinge that may creak, a leaf that falls shut. panel: lowest mode of the leaf,
    hertz; creak: level of the hinge; squeal: its resonances, hertz."""

    panel: float
    creak: float
    squeal: Array
    latch: Array
    rattle: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Door":
        return Door(
            panel=between(45, 140, character),
            creak=float(rng.choice([0.03, rng.uniform(0.15, 0.7)])),
            squeal=np.sort(np.exp(rng.uniform(np.log(350), np.log(3200), 4))),
            latch=np.sort(np.exp(rng.uniform(np.log(1200), np.log(6500), 6))),
            rattle=rng.uniform(0.1, 0.8),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """Latch, hinge, slam; below 0.6 s the slam alone."""
        length = AT.samples(seconds)
        wave = np.zeros(length)
        slam = max(seconds - 0.45, 0.0) if seconds >= 0.6 else 0.0
        lay(wave, self._slam(seconds - slam, rng), slam)
        if slam:
            for start in (0.0, rng.uniform(0.05, 0.12)):
                lay(wave, rng.uniform(0.25, 0.5) * self._click(rng), start)
            lay(wave, self._hinge(slam - 0.1, rng), 0.1)
        return AT.faded(wave, 0.0005, 0.03)

    def _click(self, rng: Rng) -> Array:
        pitches = self.latch * rng.uniform(0.97, 1.03, len(self.latch))
        return AT.ring(rng, pitches, np.full(len(pitches), 0.06), rng.random(len(pitches)))

    def _slam(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        modes = self.panel * np.array([1.0, 1.6, 2.3, 3.4, 5.1, 7.7])
        thud = AT.ring(rng, modes, np.linspace(0.6, 0.25, 6), 0.7 ** np.arange(6))
        tilt = np.array([0.0, 0.0, -12.0, -40.0])
        wave = 2 * _burst(length, rng, np.array([60, 400, 2000, 9000]), tilt, 0.3)
        lay(wave, normal(thud), 0.0)
        for start in np.cumsum(rng.uniform(0.015, 0.06, 3)):
            lay(wave, self.rattle * self._click(rng), start)
        return wave

    def _hinge(self, seconds: float, rng: Rng) -> Array:
        """Stick and slip: pulses of a wandering rate through the hinge's resonances; air."""
        length = AT.samples(seconds)
        count = AT.frames(length)
        rate = np.clip(curve(length, rng.uniform(25, 180, 6)), 20, 250)
        rate *= np.clip(1 + 0.1 * AT.drift(length, rng, 60), 0.6, 1.4)
        centres = self.squeal * curve(count, rng.uniform(0.9, 1.15, 5))[:, None]
        widths, levels = np.full(4, 60.0), rng.uniform(0.3, 1.0, 4)
        creak = AT.shape(AT.pulses(rate, 0.1, rng), AT.resonances(centres, widths, levels))
        level = np.clip(0.4 + AT.drift(length, rng, 5), 0.05, None)
        return AT.faded(self.creak * normal(creak) * level, 0.05, 0.05)


@dataclass(frozen=True)
class Clapper:
    """One to eight people who clap, each at a pace of their own."""

    pace: float
    people: int
    cups: Array
    decay: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Clapper":
        people = int(rng.choice([1, 1, 1, 2, 4, 8]))
        return Clapper(
            pace=rng.uniform(2.4, 5.2),
            people=people,
            cups=between(600, 2600, character) * rng.uniform(0.8, 1.25, people),
            decay=rng.uniform(0.025, 0.09),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length, last = AT.samples(seconds), max(seconds - 0.08, 0.0)
        wave = np.zeros(length)
        for k, cup in enumerate(self.cups):
            pace = self.pace * (rng.uniform(0.8, 1.25) if k else 1.0)
            first = rng.uniform(0, 1 / pace) if k else 0.0
            count = max(2, round((last - first) * pace) + 1)
            onsets = np.clip(np.linspace(first, last, count), 0, last)
            onsets[1:-1] += rng.normal(0, 0.012, count - 2)
            for j in range(2):
                mine = np.clip(onsets[j::2], 0, last)
                gains = rng.uniform(0.6, 1.0, len(mine)) * (0.7 if k else 1.0)
                wave += AT.repeat(self._clap(cup, rng), mine, gains, length)
        return AT.faded(wave, 0.0005, 0.01)

    def _clap(self, cup: float, rng: Rng) -> Array:
        """A peak at the cavity of the hands over a broad burst."""
        length = AT.samples(0.12)
        points = cup * rng.uniform(0.93, 1.07) * np.array([0.2, 0.7, 1.0, 1.4, 4.0])
        peak = _burst(length, rng, points, np.array([-30.0, -8, 0, -8, -26]), self.decay)
        tilt = np.array([-25.0, -4, 0, -8])
        slap = _burst(length, rng, np.array([300, 1000, 3500, 11000]), tilt, 0.3 * self.decay)
        return normal(peak + 0.7 * slap)
