"""Sounds that come in turns: rings of a phone, phrases of a speaker, barks of a dog."""

from collections.abc import Callable

import numpy as np

from seldbench.simulation.dry.classes import AT
from seldbench.simulation.signals import Array, Rng, normal

Range = tuple[float, float]


def turns(seconds: float, on: Range, off: Range, rng: Rng) -> list[tuple[float, float]]:
    """(start, stop) of each turn in seconds. The first starts at once, the last ends at `seconds`;
    all are stretched a little for it."""
    found: list[tuple[float, float]] = []
    at = 0.0
    while not found or at + on[0] / 2 < seconds:
        stop = at + rng.uniform(*on)
        found.append((at, stop))
        at = stop + rng.uniform(*off)
    scale = seconds / found[-1][1]
    return [(start * scale, stop * scale) for start, stop in found]


def in_turns(
    spans: list[tuple[float, float]],
    seconds: float,
    sound: Callable[[float, Rng], Array],
    rng: Rng,
    spread: float = 0.7,
) -> Array:
    """A sound of its own in each span, at `spread` to 1 of the same level; silence between."""
    wave = np.zeros(AT.samples(seconds))
    for start, stop in spans:
        part = normal(sound(stop - start, rng)) * rng.uniform(spread, 1.0)
        lay(wave, part, start)
    return wave


def lay(wave: Array, part: Array, start: float) -> None:
    """Add a part to a wave, from `start` seconds on; what hangs over its end is cut."""
    place = min(AT.samples(start), len(wave))
    part = part[: len(wave) - place]
    wave[place : place + len(part)] += part
