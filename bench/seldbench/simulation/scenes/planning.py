"""What happens in each scene, before any sound is made: who sounds when, from where, how loud.

A scene's plan depends on its set, split, number and options alone. Times are steps of 100 ms.
Source: the generator of DCASE 2022's synthetic data (danielkrause/DCASE2022-data-generator).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seldbench.simulation.dry import DryBank, level_db
from seldbench.simulation.scenes.casting import Part, cast, interfering
from seldbench.simulation.scenes.kinds import Kind
from seldbench.simulation.scenes.layers import STEP, fill, onsets
from seldbench.simulation.scenes.options import Options
from seldbench.simulation.scenes.placing import Course, Stage
from seldbench.simulation.seeds import generator
from seldbench.simulation.spatial import Grid

Rng = np.random.Generator

GROUPS = {"train": "train", "valid": "validation", "test": "test"}  # of dry sources, by split
SPEEDS = (10, 20, 40)  # degrees a second
MOVES = 30  # steps; only longer events move


@dataclass(frozen=True)
class Sound:
    """One sound of a scene.

    label: of its class, or kind of interferer; target: whether it is annotated; person: who makes
    it, 0 for a thing, None where nobody asks. source: its place among those of its label. level: at
    1 m, dB re speech. course: from where.
    """

    label: str
    target: bool
    person: int | None
    source: int
    onset: int
    steps: int
    level: float
    course: Course


@dataclass(frozen=True)
class ScenePlan:
    """name: of its files, without suffix; hall: the number of its room; snr: dB. sounds: targets by
    their onsets, then interferers."""

    split: str
    index: int
    name: str
    hall: int
    steps: int
    snr: int
    sounds: tuple[Sound, ...]


@dataclass(frozen=True)
class _Slot:
    part: Part
    onset: int
    steps: int


def plan_scene(
    kind: Kind,
    split: str,
    index: int,
    *,
    name: str,
    hall: int,
    seconds: int,
    seed: int,
    bank: DryBank,
    options: Options,
    grid: Grid,
) -> ScenePlan:
    """The plan of one scene of a split; `grid` has the places that sounds come from."""
    rng = generator(seed, kind.name, split, index, "plan")
    group, steps = GROUPS[split], round(seconds / STEP)
    layers = cast(kind, bank, group, options.overlap, rng)
    slots = [slot for parts in layers for slot in _layer(parts, steps, kind.filled, rng)]
    sounds = _staged(kind, grid, slots, options, rng)
    if options.interferers:
        between = _layer(interfering(bank, group, rng), steps, kind.filled, rng)
        sounds += _staged(kind, grid, between, options, rng)
    snr = int(rng.integers(options.snr[0], options.snr[1] + 1))
    return ScenePlan(split, index, name, hall, steps, snr, tuple(sounds))


def _layer(parts: Iterator[Part], steps: int, filled: float, rng: Rng) -> list[_Slot]:
    """One thing after the other, with silence between."""
    lengths = ((part, max(round(part.seconds / STEP), 1)) for part in parts)
    kept = fill(lengths, steps, filled)
    starts = onsets([n for _, n in kept], steps, rng)
    return [_Slot(part, onset, n) for (part, n), onset in zip(kept, starts)]


def _staged(kind: Kind, grid: Grid, slots: list[_Slot], options: Options, rng: Rng) -> list[Sound]:
    """Slots by their onsets, with places, movements and levels."""
    stage = Stage(grid)
    found = []
    for slot in sorted(slots, key=lambda slot: slot.onset):
        part = slot.part
        share = kind.motion.get(part.label, 0.0)
        share = options.moving if share and options.moving is not None else share
        moves = slot.steps > MOVES and rng.random() < share
        speed = int(rng.choice(SPEEDS) * rng.choice([-1, 1])) if moves else 0
        course = stage.place(slot.onset, slot.steps, speed, part.home, rng)
        who = (part.label, part.target, part.person, part.source)
        level = level_db(part.label, rng)
        found.append(Sound(*who, onset=slot.onset, steps=slot.steps, level=level, course=course))
    return found
