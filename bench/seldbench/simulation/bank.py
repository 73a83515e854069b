"""Sources by group (train, validation, test), which share none: the procedural ones.

A source's leading parameter (a voice's pitch, a motor's speed, a room's size) is its `character`,
in [0, 1). Its range is cut into stripes, dealt in turn to the groups, so that no parameter of a
test source occurs in training.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from seldbench.simulation.backgrounds import Background
from seldbench.simulation.calibration import POOL
from seldbench.simulation.fluids import Frying, Water
from seldbench.simulation.impacts import Alarm, Dishes
from seldbench.simulation.motors import Blender, Shaver, Vacuum
from seldbench.simulation.others import KINDS, Confuser
from seldbench.simulation.seeds import generator
from seldbench.simulation.signals import Array, Rng
from seldbench.simulation.voices import Cat, Dog, Speaker

GROUPS = ("train", "validation", "test")
STRIPES = {"train": (0, 1, 3, 5, 6), "validation": (2,), "test": (4, 7)}
_STRIPES, _ROUNDS = 8, 5  # the range holds 5 rounds of 8 stripes


class Source(Protocol):
    """Something that sounds: a speaker, an appliance, a recording."""

    def sound(self, seconds: float, rng: Rng) -> Array:
        """(samples,) at RATE, sounding from its first to its last sample; any level."""
        ...


class Confusing(Source, Protocol):
    """A source without a label, which knows how long it usually lasts."""

    def length(self, rng: Rng) -> float: ...


class Bank(Protocol):
    """All sources that a data set is made of; of equal banks, equal sets."""

    @property
    def name(self) -> str:
        """ "builtin", or a digest of the recordings."""
        ...

    def __hash__(self) -> int: ...
    def labels(self, group: str) -> tuple[str, ...]:
        """The classes with a source in the group, sorted."""
        ...

    def sources(self, group: str, label: str) -> Sequence[Source]: ...
    def possible(self, group: str, label: str, source: int, seconds: float) -> float:
        """The length that a sound of this source gets where `seconds` are wanted."""
        ...

    def confusers(self, group: str) -> Sequence[Confusing]: ...
    def backgrounds(self, group: str) -> Sequence[Source]: ...
    def origins(self) -> dict[str, object]:
        """What the manifest says of the sounds."""
        ...


DRAW: dict[str, Callable[[float, Rng], Source]] = {
    "Alarm_bell_ringing": Alarm.draw,
    "Blender": Blender.draw,
    "Cat": Cat.draw,
    "Dishes": Dishes.draw,
    "Dog": Dog.draw,
    "Electric_shaver_toothbrush": Shaver.draw,
    "Frying": Frying.draw,
    "Running_water": Water.draw,
    "Speech": Speaker.draw,
    "Vacuum_cleaner": Vacuum.draw,
}


def character(group: str, rng: Rng) -> float:
    """A point of [0, 1) in one of the group's stripes."""
    stripe = rng.choice(STRIPES[group]) + _STRIPES * rng.integers(_ROUNDS)
    return float((stripe + rng.uniform()) / (_STRIPES * _ROUNDS))


@cache
def procedural_sources(seed: int, group: str, label: str) -> tuple[Source, ...]:
    """A class's sources in a group; their characters are spread over the group's stripes."""
    found = []
    for k in range(POOL[group]):
        rng = generator(seed, "source", group, label, k)
        found.append(DRAW[label](character(group, rng), rng))
    return tuple(found)


@cache
def procedural_confusers(seed: int, group: str) -> tuple[Confuser, ...]:
    found = []
    for k in range(POOL[group]):
        rng = generator(seed, "confuser", group, k)
        found.append(Confuser.draw(KINDS[k % len(KINDS)], character(group, rng), rng))
    return tuple(found)


@cache
def procedural_backgrounds(seed: int, group: str) -> tuple[Background, ...]:
    rngs = [generator(seed, "background", group, k) for k in range(POOL[group])]
    return tuple(Background.draw(character(group, rng), rng) for rng in rngs)


@dataclass(frozen=True)
class ProceduralBank:
    """Everything made by formula."""

    seed: int
    name: str = "builtin"

    def labels(self, group: str) -> tuple[str, ...]:
        return tuple(sorted(DRAW))

    def sources(self, group: str, label: str) -> Sequence[Source]:
        return procedural_sources(self.seed, group, label)

    def possible(self, group: str, label: str, source: int, seconds: float) -> float:
        return seconds

    def confusers(self, group: str) -> Sequence[Confuser]:
        return procedural_confusers(self.seed, group)

    def backgrounds(self, group: str) -> Sequence[Background]:
        return procedural_backgrounds(self.seed, group)

    def origins(self) -> dict[str, object]:
        kinds: dict[str, object] = dict.fromkeys(sorted(DRAW), "procedural")
        return {"origins": kinds, "backgrounds": dict.fromkeys(GROUPS, "procedural")}
