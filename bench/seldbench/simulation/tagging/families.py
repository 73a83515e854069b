"""The forty parametric classes, and the ten of DESED, in the order of `esc50-sim`'s targets."""

from dataclasses import replace
from typing import Any

from seldbench.simulation.bank import DRAW
from seldbench.simulation.signals import Array, Rng, Signals
from seldbench.simulation.tagging.impacts import IMPACTS
from seldbench.simulation.tagging.noises import NOISES
from seldbench.simulation.tagging.pulses import PULSES
from seldbench.simulation.tagging.sweeps import SWEEPS
from seldbench.simulation.tagging.tones import TONES

PARAMETRIC: dict[str, Any] = {**IMPACTS, **TONES, **SWEEPS, **NOISES, **PULSES}
HOUSEHOLD = {label.lower(): label for label in sorted(DRAW)}
CLASSES = (*HOUSEHOLD, *PARAMETRIC)


def some_classes(count: int) -> tuple[str, ...]:
    """So many of the fifty, from every family alike."""
    return tuple(CLASSES[k * len(CLASSES) // count] for k in range(count))


def sound(label: str, at: Signals, seconds: float, source: Rng, take: Rng) -> Array:
    """A dry sound of a class, (samples,). The same `source` is the same individual; `take` is what
    it does this time."""
    if label in HOUSEHOLD:
        one: Any = DRAW[HOUSEHOLD[label]](float(source.random()), source)
        return replace(one, at=at).sound(seconds, take)
    return PARAMETRIC[label].sound(at, seconds, source, take)
