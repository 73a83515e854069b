"""The positions around an array that a bank holds responses for."""

from dataclasses import dataclass

import numpy as np

from seldbench.geometry import unit_vectors
from seldbench.simulation.spatial.rooms import Room
from seldbench.simulation.spatial.sampling import Array, Numbers


@dataclass(frozen=True)
class Grid:
    """azimuths: how many, a whole number of degrees apart, from -180 on; elevations: whole degrees;
    distances: metres, shortened where a wall is nearer.

    Position i counts azimuths fastest, then elevations, then distances: an arc lies in one piece.
    """

    azimuths: int
    elevations: tuple[int, ...]
    distances: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.azimuths < 1 or 360 % self.azimuths:
            raise ValueError(f"{self.azimuths} azimuths: 360 has to be a multiple of their number")
        if not self.elevations or not all(-90 <= e <= 90 for e in self.elevations):
            raise ValueError(f"elevations {self.elevations}: expected some in [-90, 90] degrees")
        if not self.distances or min(self.distances) < 0.7:
            raise ValueError(f"distances {self.distances}: expected some of at least 0.7 m")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Distances, elevations, azimuths."""
        return len(self.distances), len(self.elevations), self.azimuths

    def angles(self, index: Array | int) -> tuple[Array, Array]:
        """Azimuth in [-180, 180) and elevation of positions (...), whole degrees: (...), (...)."""
        _, elevation, azimuth = np.unravel_index(np.asarray(index), self.shape)
        return azimuth * (360 // self.azimuths) - 180, np.array(self.elevations)[elevation]

    def doa(self, index: Array | int) -> Array:
        """Unit vectors, (..., 3)."""
        return unit_vectors(*self.angles(index))

    def distance(self, index: Array | int, room: Room) -> Array:
        """Metres from the array to where the source can stand, (...)."""
        asked, _, _ = np.unravel_index(np.asarray(index), self.shape)
        return np.minimum(np.array(self.distances)[asked], room.space(self.doa(index)))

    def nearest(self, azimuth: Numbers, elevation: Numbers, distance: Numbers, room: Room) -> Array:
        """The position nearest in azimuth, then in elevation, then in its actual distance."""
        a, e, d = np.broadcast_arrays(azimuth, elevation, distance)
        column = self.column(a)
        row = np.abs(np.array(self.elevations) - e[..., None]).argmin(axis=-1)
        levels = np.arange(len(self.distances))
        index = np.ravel_multi_index(
            (levels, row[..., None], column[..., None]), self.shape
        )  # (..., distances)
        best = np.abs(self.distance(index, room) - d[..., None]).argmin(axis=-1)
        return np.take_along_axis(index, best[..., None], axis=-1)[..., 0]

    def column(self, azimuth: Array) -> Array:
        """Of azimuths in degrees, of any turn: which of the grid's is nearest, (...)."""
        return np.rint((azimuth + 180.0) * self.azimuths / 360).astype(np.int64) % self.azimuths


ELEVATIONS = tuple(range(-40, 41, 10))
FULL = Grid(360, ELEVATIONS, (1.2, 2.4))  # as many positions as the largest real room
MINI = Grid(72, (-20, 0, 20), (1.5,))  # small enough for a test
