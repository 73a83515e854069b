"""Angles between directions of arrival (DOAs): unit vectors, x front, y left, z up; degrees.

Azimuth runs counter-clockwise from the front (left is +90) in [-180, 180), elevation upwards in
[-90, 90].
"""

from dataclasses import dataclass

import numpy as np
from numpy.linalg import norm

Array = np.ndarray


def unit_vectors(azimuth: Array, elevation: Array) -> Array:
    """DOAs of angles, (...) and (...) -> (..., 3)."""
    azimuth_rad, elevation_rad = np.radians(azimuth), np.radians(elevation)
    level = np.cos(elevation_rad)
    return np.stack(
        [level * np.cos(azimuth_rad), level * np.sin(azimuth_rad), np.sin(elevation_rad)], axis=-1
    )


def angles(doa: Array) -> tuple[Array, Array]:
    """Azimuth and elevation of vectors of any length, (..., 3) -> (...), (...); 0, 0 for zeros."""
    x, y, z = np.moveaxis(np.asarray(doa, dtype=np.float64), -1, 0)
    azimuth = np.degrees(np.arctan2(y, x))
    return np.where(azimuth >= 180, azimuth - 360, azimuth), np.degrees(
        np.arctan2(z, np.hypot(x, y))
    )


def circle(count: int) -> Array:
    """(count,) azimuths of so many directions at equal steps around, the first in front, then to
    the left."""
    azimuth = np.arange(count) * 360.0 / count
    return np.where(azimuth >= 180, azimuth - 360, azimuth)


def angular_distance(a: Array, b: Array) -> Array:
    """Great-circle angle between DOAs.

    Args:
        a: unit vectors, (..., 3).
        b: unit vectors, broadcastable to `a`.

    Returns:
        degrees in [0, 180], (...); empty for empty input.

    Source: DOA error of Adavanne et al. 2018, arXiv:1807.00129.
    """
    # Half-angle form: arccos of the dot product loses precision near 0 and 180 degrees.
    return np.degrees(2 * np.arctan2(norm(a - b, axis=-1), norm(a + b, axis=-1)))


@dataclass(frozen=True)
class Rotation:
    """A rotation of space, or a swap of its axes: `matrix`, (3, 3), orthogonal."""

    matrix: tuple[tuple[float, float, float], ...]

    def __call__(self, doa: Array) -> Array:
        """(..., 3) -> (..., 3)"""
        return np.asarray(doa) @ np.asarray(self.matrix).T

    @property
    def inverse(self) -> "Rotation":
        """What undoes it."""
        rows = np.asarray(self.matrix).T.tolist()
        return Rotation(tuple((x, y, z) for x, y, z in rows))


def _axis_rotations() -> tuple[Rotation, ...]:
    found = []
    for sign in (1, -1):
        for turn in (0, 90, 180, 270):
            # The cosine and sine of a whole quarter turn are whole.
            cos, sin = round(np.cos(np.radians(turn))), round(np.sin(np.radians(turn)))
            for height in (1, -1):
                rows = ((cos, -sign * sin, 0), (sin, sign * cos, 0), (0, 0, height))
                found.append(Rotation(rows))
    return tuple(found)


# Azimuth a -> +-a + {0, 90, 180, 270}, elevation e -> +-e: what augments recordings without leaving
# the elevations that they have; the identity first.
# Source: Mazzon et al., DCASE 2019 workshop (first-order Ambisonics domain rotation).
ROTATIONS = _axis_rotations()
IDENTITY = ROTATIONS[0]
