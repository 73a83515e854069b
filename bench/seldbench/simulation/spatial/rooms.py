"""A shoebox room with a microphone array in it.

Walls, floor and ceiling reflect alike, and all frequencies alike. Metres and seconds.
"""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.spatial.sampling import SOUND, Array, Rng

WALL = 0.3  # no source stands nearer to a wall
CLEAR = 1.0  # nor the array nearer than this: every direction has place for a source at 0.7 m
SHORTEST = 0.15  # seconds of reverberation that a room of any size can be given (`walls`)
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Room:
    """size: length, width, height; array: its place, from the corner; rt60: seconds to fall by
    60 dB, 0 for an open field (no reflection at all).

    Raises ValueError where the array is less than 1 m from a wall, the floor or the ceiling, or
    rt60 is below 0.15 s: walls that hardly reflect do not make an even decay.
    """

    size: Triple
    array: Triple
    rt60: float

    def __post_init__(self) -> None:
        # Plain numbers, so that equal rooms have equal names (`bank`) whatever they were made of.
        for field in ("size", "array"):
            x, y, z = (float(value) for value in getattr(self, field))
            object.__setattr__(self, field, (x, y, z))
        object.__setattr__(self, "rt60", float(self.rt60))
        size, array = np.array(self.size), np.array(self.array)
        if not (array >= CLEAR - 1e-9).all() or not (size - array >= CLEAR - 1e-9).all():
            raise ValueError(
                f"array at {self.array} m in a room of {self.size} m: it has to be at least"
                f" {CLEAR} m from every wall, the floor and the ceiling"
            )
        if self.rt60 and not SHORTEST <= self.rt60 < np.inf:
            raise ValueError(
                f"rt60 {self.rt60} s: expected at least {SHORTEST} s, or 0 for an open field"
            )

    @staticmethod
    def draw(rng: Rng, *, rt60: tuple[float, float] = (0.2, 0.9)) -> "Room":
        """4-10 x 4-8 x 2.6-4 m, the array at least 1 m from the walls and 1.2-1.6 m high."""
        length, width, height = rng.uniform(4, 10), rng.uniform(4, 8), rng.uniform(2.6, 4)
        x, y = (rng.uniform(CLEAR, side - CLEAR) for side in (length, width))
        array = (x, y, rng.uniform(1.2, min(1.6, height - CLEAR)))
        return Room((length, width, height), array, rng.uniform(*rt60))

    @property
    def eyring(self) -> float:
        """Pressure that a wall would return after Eyring's formula (Eyring 1930); see `walls`."""
        if self.rt60 == 0:
            return 0.0
        x, y, z = self.size
        surface = 2 * (x * y + y * z + x * z)
        return float(np.exp(-12 * np.log(10) * x * y * z / (SOUND * surface * self.rt60)))

    def space(self, doa: Array) -> Array:
        """How far a source can stand from the array in directions (..., 3): (...)."""
        doa = np.asarray(doa, dtype=np.float64)
        array, size = np.array(self.array), np.array(self.size)
        ahead = np.where(doa > 0, size - WALL - array, array - WALL)
        with np.errstate(divide="ignore"):
            return (ahead / np.abs(doa)).min(axis=-1)
