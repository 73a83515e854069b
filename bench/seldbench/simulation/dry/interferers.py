"""What sounds in a spatial scene without a label: engines, fires and, as "general", all that is
none of the scene's classes. Ranges from seldbench's specification, E.6."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from seldbench.simulation.bank import Source
from seldbench.simulation.dry.classes import AT
from seldbench.simulation.fluids import Frying, Water
from seldbench.simulation.impacts import Dishes
from seldbench.simulation.motors import Blender, Shaver, Vacuum
from seldbench.simulation.others import Confuser
from seldbench.simulation.signals import Array, Rng, between, curve, normal
from seldbench.simulation.voices import Cat


@dataclass(frozen=True)
class Engine:
    """firing: explosions a second; uneven: how much the four cylinders differ; revs: how far the
    speed moves, relative."""

    firing: float
    uneven: float
    revs: float
    partials: Array
    air: Array
    rough: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Engine":
        count = 160
        body = np.interp(np.arange(count), [0, 20, 60, 160], [0, -8, -24, -45])
        ripple = 4 * np.sin(np.arange(count) / rng.uniform(4, 9) + rng.uniform(0, 6))
        return Engine(
            firing=between(25, 80, character),
            uneven=rng.uniform(0.05, 0.4),
            revs=float(rng.choice([0.03, rng.uniform(0.1, 0.4)])),
            partials=10 ** ((body + ripple) / 20),
            air=np.array([0, -4, -12, -22, -40]) + rng.uniform(-4, 4, 5),
            rough=rng.uniform(0.1, 0.6),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        """The series of a quarter of the firing rate, the fourth partials strongest; noise that
        pulses with it."""
        length = AT.samples(seconds)
        speed = 1 + self.revs * curve(length, rng.uniform(-0.5, 1.0, max(int(seconds), 2) + 1))
        pitch = self.firing * speed * (1 + 0.01 * AT.drift(length, rng, 25))
        series = self.partials.copy()
        series[np.arange(1, len(series) + 1) % 4 != 0] *= self.uneven
        motor = normal(AT.harmonics(pitch / 4, series, rng))
        air = AT.coloured(length, rng, np.array([60, 250, 1000, 3500, 10000]), self.air)
        pulse = np.exp(-4 * (np.cumsum(pitch) / AT.rate % 1))
        wave = motor + self.rough * normal(normal(air) * pulse)
        return AT.faded(wave * speed, 0.1, 0.15)


@dataclass(frozen=True)
class Fire:
    """crackles: a second; rumble: cut-off of the flames' noise, hertz."""

    crackles: float
    rumble: float
    hiss: float
    snap: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Fire":
        return Fire(
            crackles=between(4, 50, character),
            rumble=between(120, 600, rng.random()),
            hiss=rng.uniform(0.05, 0.4),
            snap=rng.uniform(0.5, 2.0),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        points, low = self.rumble * np.array([0.2, 0.5, 1.0, 4.0]), np.array([-12.0, 0, 0, -36])
        flames = normal(AT.coloured(length, rng, points, low))
        flames *= np.clip(1 + 0.5 * AT.drift(length, rng, 6), 0.2, 2.5)
        wave = flames + self.hiss * normal(AT.band(length, rng, 1000, 7000))
        for _ in range(8):
            size = max(AT.samples(rng.uniform(0.001, 0.005)), 16)
            crack = AT.band(size, rng, rng.uniform(2000, 4000), rng.uniform(5000, 8000))
            crack = normal(crack) * np.exp(-4 * np.arange(size) / size)
            onsets = rng.uniform(0, seconds, rng.poisson(self.crackles * seconds / 8))
            gains = 2.5 * self.snap * rng.lognormal(0, 0.9, len(onsets))
            wave += AT.repeat(crack, onsets, gains, length)
        return AT.faded(wave, 0.1, 0.1)


@dataclass(frozen=True)
class _Family:
    """excluded: classes of a scene that this sound could be taken for."""

    draw: Callable[[float, Rng], Source]
    excluded: frozenset[str] = frozenset()


_HOUSE = frozenset({"domestic sounds"})
# desed-sim's sources and confusers, at 24 kHz.
GENERAL = {
    "bird": _Family(partial(Confuser.draw, "bird")),
    "keyboard": _Family(partial(Confuser.draw, "keyboard")),
    "rain": _Family(partial(Confuser.draw, "rain"), frozenset({"water tap, faucet"})),
    "cat": _Family(Cat.draw),
    "dishes": _Family(Dishes.draw),
    "shaver": _Family(Shaver.draw),
    "frying": _Family(Frying.draw, frozenset({"water tap, faucet"})),
    "blender": _Family(Blender.draw, _HOUSE),
    "hair dryer": _Family(partial(Confuser.draw, "hair_dryer"), _HOUSE),
    "vacuum cleaner": _Family(Vacuum.draw, _HOUSE),
    "tap": _Family(Water.draw, frozenset({"water tap, faucet"})),
}


def draw_general(classes: Sequence[str], k: int, character: float, rng: Rng) -> Source:
    """The k-th general interferer beside these classes; the families take turns."""
    families = [f for f in GENERAL.values() if not f.excluded & set(classes)]
    source = families[k % len(families)].draw(character, rng)
    return replace(source, at=AT)  # type: ignore[type-var]
