"""Dry sources by group (train, validation, test), which share none: what a spatial scene takes its
sounds from, and the built-in ones.

A source's leading parameter lies in its group's stripes (`simulation.bank.character`), so no test
source has a pitch, a pace or a size that occurs in training.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol

import numpy as np
from scipy.signal import butter, sosfilt

from seldbench.errors import UnknownName, near
from seldbench.simulation.bank import GROUPS, Source, character
from seldbench.simulation.calibration import POOL
from seldbench.simulation.dry.classes import AT, INTERFERERS, LENGTHS
from seldbench.simulation.dry.household import draw_domestic, draw_tap
from seldbench.simulation.dry.impacts import Clapper, Crash, Door, Knocker, Walker
from seldbench.simulation.dry.interferers import Engine, Fire, draw_general
from seldbench.simulation.dry.music import Ensemble, Instrument, Piano
from seldbench.simulation.dry.rings import Bell, Telephone, draw_alarm
from seldbench.simulation.dry.voices import FEMALE, MALE, Baby, Barker, Laugher, Screamer, Talker
from seldbench.simulation.seeds import generator
from seldbench.simulation.signals import Array, Rng, between

PEAK = 0.99
# Keeps direct current and drifts out; below the lowest engine.
_HIGH_PASS = butter(2, 15, "highpass", fs=AT.rate, output="sos")


class DrySource(Protocol):
    """Something that sounds at one place: a person, a telephone, a recording."""

    @property
    def label(self) -> str:
        """Its class, or "engine", "fire" or "general"."""
        ...

    def length(self, rng: Rng) -> float:
        """How long one sound of it naturally lasts, seconds."""
        ...

    def sound(self, seconds: float, rng: Rng) -> Array:
        """round(24000 seconds) samples, float32, at most 1. Built-in classes sound at both ends,
        whatever pauses lie between; recordings and interferers may begin or end faintly (see
        `activity`). A pure function of the source, of `seconds` and of `rng`'s state."""
        ...


class DryBank(Protocol):
    """All sources of a data set; of equal names and classes, equal sets."""

    @property
    def name(self) -> str:
        """ "builtin", or a digest of the recordings."""
        ...

    @property
    def classes(self) -> tuple[str, ...]: ...
    def labels(self, group: str) -> tuple[str, ...]:
        """The classes with a source in the group, in the order of `classes`."""
        ...

    def sources(self, group: str, label: str) -> Sequence[DrySource]: ...
    def interferers(self, group: str) -> Mapping[str, Sequence[DrySource]]:
        """Sources of "engine", "fire" and "general"; a kind without one is absent."""
        ...

    def origins(self) -> dict[str, object]:
        """What a manifest says of the sounds."""
        ...


DRAW: dict[str, Callable[[float, Rng], Source]] = {
    "alarm": draw_alarm,
    "crying baby": Baby.draw,
    "crash": Crash.draw,
    "barking dog": Barker.draw,
    "female scream": partial(Screamer.draw, FEMALE),
    "female speech": partial(Talker.draw, FEMALE),
    "footsteps": Walker.draw,
    "knocking on door": Knocker.draw,
    "male scream": partial(Screamer.draw, MALE),
    "male speech": partial(Talker.draw, MALE),
    "ringing phone": Telephone.draw,
    "piano": Piano.draw,
    "clapping": Clapper.draw,
    "telephone": Telephone.draw,
    "laughter": Laugher.draw,
    "domestic sounds": draw_domestic,
    "walk, footsteps": Walker.draw,
    "door, open or close": Door.draw,
    "music": Ensemble.draw,
    "musical instrument": Instrument.draw,
    "water tap, faucet": draw_tap,
    "bell": Bell.draw,
    "knock": Knocker.draw,
}


@dataclass(frozen=True)
class BuiltinSource:
    """A procedural source under the label that it stands for."""

    label: str
    maker: Source

    def length(self, rng: Rng) -> float:
        return between(*LENGTHS[self.label], rng.random())

    def sound(self, seconds: float, rng: Rng) -> Array:
        return finished(self.maker.sound(seconds, rng), AT.samples(seconds))


def finished(wave: Array, length: int) -> Array:
    """Of exactly `length` samples, without direct current, peak 0.99, float32."""
    wave = np.pad(wave, (0, max(length - len(wave), 0)))[:length]
    wave = sosfilt(_HIGH_PASS, wave)
    peak = float(np.abs(wave).max(initial=0.0))
    return (wave * (PEAK / peak if peak else 1.0)).astype(np.float32)


@dataclass(frozen=True)
class BuiltinBank:
    """Everything made by formula."""

    classes: tuple[str, ...]
    seed: int
    name: str = "builtin"

    def labels(self, group: str) -> tuple[str, ...]:
        return self.classes

    def sources(self, group: str, label: str) -> Sequence[DrySource]:
        return builtin_sources(self.seed, group, label)

    def interferers(self, group: str) -> Mapping[str, Sequence[DrySource]]:
        return builtin_interferers(self.seed, group, self.classes)

    def origins(self) -> dict[str, object]:
        kinds: dict[str, object] = dict.fromkeys((*self.classes, *INTERFERERS), "procedural")
        return {"origins": kinds}


def builtin_bank(classes: tuple[str, ...], seed: int) -> DryBank:
    """Procedural sources of these classes.

    Raises:
        UnknownName: a class that has no procedural source.
    """
    known_classes(classes)
    return BuiltinBank(tuple(classes), seed)


def known_classes(classes: Sequence[str]) -> None:
    """Raises UnknownName for a class without a procedural source."""
    for label in classes:
        if label not in DRAW:
            raise UnknownName(
                f"no dry sounds of {label!r}{near(label, DRAW)}; known are {', '.join(DRAW)}"
            )


@cache
def builtin_sources(seed: int, group: str, label: str) -> tuple[BuiltinSource, ...]:
    """A class's procedural sources in a group."""
    found = []
    for k in range(_size(group)):
        rng = generator(seed, "dry", group, label, k)
        found.append(BuiltinSource(label, DRAW[label](character(group, rng), rng)))
    return tuple(found)


@cache
def builtin_interferers(
    seed: int, group: str, classes: tuple[str, ...]
) -> dict[str, tuple[BuiltinSource, ...]]:
    """Procedural interferers beside these classes in a group."""
    found: dict[str, list[BuiltinSource]] = {kind: [] for kind in INTERFERERS}
    for k in range(_size(group)):
        for kind, draw in (
            ("engine", Engine.draw),
            ("fire", Fire.draw),
            ("general", partial(draw_general, classes, k)),
        ):
            rng = generator(seed, "dry", group, kind, k)
            found[kind].append(BuiltinSource(kind, draw(character(group, rng), rng)))
    return {kind: tuple(sources) for kind, sources in found.items()}


def _size(group: str) -> int:
    """Sources of a class in a group."""
    if group not in GROUPS:
        raise UnknownName(f"no group {group!r}{near(group, GROUPS)}; there are {GROUPS}")
    return POOL[group]
