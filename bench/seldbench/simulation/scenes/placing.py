"""Where the sounds of a scene come from: at first 15 degrees or more from all that sound then."""

from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from seldbench.geometry import angular_distance, unit_vectors
from seldbench.simulation.scenes.layers import STEP
from seldbench.simulation.spatial import Grid

Array = np.ndarray
Rng = np.random.Generator

APART = 15.0  # degrees between two sounds when the later one begins
STAYS = 0.6  # chance that a person still is where they were heard last
_TRIES = 64


@dataclass(frozen=True)
class Home:
    """Who or what a sound belongs to, in one scene; fixed: it never changes its place by itself."""

    owner: str
    fixed: bool


@dataclass(frozen=True)
class Course:
    """azimuth, elevation: whole degrees, in the first step; distance: metres, as asked for; speed:
    degrees of azimuth a second, counter-clockwise where positive."""

    azimuth: int
    elevation: int
    distance: float
    speed: int = 0

    def doa(self, step: int) -> Array:
        """In the middle of a step since the onset, (3,); at `azimuth` in the middle of step 0."""
        turned = self.azimuth + self.speed * step * STEP
        return unit_vectors(np.array(turned), np.array(self.elevation))

    def after(self, steps: int) -> "Course":
        """Standing still where it ends after so many steps."""
        azimuth = round(self.azimuth + self.speed * steps * STEP)
        return replace(self, azimuth=(azimuth + 180) % 360 - 180, speed=0)


class Stage:
    """What was placed so far in a scene; events are placed in the order of their onsets."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._placed: list[tuple[int, int, Course]] = []  # onset, end
        self._homes: dict[str, Course] = {}

    def place(self, onset: int, steps: int, speed: int, home: Home | None, rng: Rng) -> Course:
        """A course for the next event: its owner's place, or a new one; of many, the first (or,
        where there is none, the one that comes closest) that is far enough from all others."""
        active = [c.doa(onset - start) for start, end, c in self._placed if start <= onset < end]
        chosen, best = None, -1.0
        for course in chain(self._known(home, rng), (self._draw(rng) for _ in range(_TRIES))):
            moving = replace(course, speed=speed)
            apart = min((float(angular_distance(moving.doa(0), o)) for o in active), default=180.0)
            if apart > best:
                chosen, best = moving, apart
            if apart >= APART:
                break
        assert chosen is not None  # every distance is above -1
        self._placed.append((onset, onset + steps, chosen))
        if home is not None:
            self._homes[home.owner] = chosen.after(steps)
        return chosen

    def _known(self, home: Home | None, rng: Rng) -> list[Course]:
        if home is None or home.owner not in self._homes:
            return []
        return [self._homes[home.owner]] if home.fixed or rng.random() < STAYS else []

    def _draw(self, rng: Rng) -> Course:
        azimuth = -180 + 360 // self._grid.azimuths * int(rng.integers(self._grid.azimuths))
        elevation = int(rng.choice(self._grid.elevations))
        return Course(azimuth, elevation, float(rng.choice(self._grid.distances)))
