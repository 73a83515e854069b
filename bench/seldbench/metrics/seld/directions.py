"""Angles between directions as the official SELD scorers compute them, to the last bit where the
machine's sine and cosine allow; degrees.

Two forms, which differ from the sixth digit on: `polar` on the sphere, and `cartesian`, which
divides by sqrt(x^2 + y^2 + z^2 + 1e-10), so that a direction is 8e-4 degrees away from itself.
Both clip the cosine: near 0 and 180 degrees one unit in its last place is 9e-7 degrees.

Source: sharathadavanne/seld-dcase2021, metrics/SELD_evaluation_metrics.py and
cls_feature_class.py; the same in 2022 and in partha2409/DCASE2024_seld_baseline.
"""

from collections.abc import Callable, Sequence

import numpy as np

from seldbench.metrics.seld.scorers import Angles

Array = np.ndarray
# Columns of directions, three of equal shape: azimuth in radians, sine and cosine of the elevation
# (polar), or x, y, z (cartesian).
Columns = Sequence[Array]
SOFT = 1e-10
# Of -180 to 180 whole degrees.
WAVES = tuple(wave(np.arange(-180, 181) * np.pi / 180.0) for wave in (np.sin, np.cos))


def columns(direction: Array, angles: Angles, *, through_angles: bool) -> Columns:
    """What a form needs of directions, (rows, 2) degrees or (rows, 3) vectors -> 3 of (rows,)."""
    direction = np.asarray(direction, dtype=np.float64)
    vectors = direction.shape[1] == 3
    if vectors and (through_angles or angles == "polar"):
        return columns(_degrees(direction), angles, through_angles=False)
    if vectors:
        return _unit(*direction.T)
    sine, cosine = _waves(direction[:, 1])
    if angles == "polar":
        return direction[:, 0] * np.pi / 180.0, sine, cosine
    across, along = _waves(direction[:, 0])
    return _unit(along * cosine, across * cosine, sine)


def polar(a: Columns, b: Columns) -> Array:
    """Angles between directions given as azimuth, sine and cosine of the elevation."""
    cosine = a[1] * b[1] + a[2] * b[2] * np.cos(np.abs(a[0] - b[0]))
    return _arc(cosine)


def cartesian(a: Columns, b: Columns) -> Array:
    """Angles between vectors."""
    return _arc(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


ANGLE: dict[Angles, Callable[[Columns, Columns], Array]] = {"polar": polar, "cartesian": cartesian}


def _waves(degrees: Array) -> tuple[Array, Array]:
    """Sines and cosines; those of whole degrees, of which most files consist, by table."""
    whole = np.clip(degrees, -180, 180).astype(np.int64)
    sine, cosine = (table[whole + 180] for table in WAVES)
    other = np.flatnonzero(whole != degrees)
    # Multiplied first, as in the official code: np.radians differs in the last place.
    angle_rad = degrees[other] * np.pi / 180.0
    sine[other], cosine[other] = np.sin(angle_rad), np.cos(angle_rad)
    return sine, cosine


def _arc(cosine: Array) -> Array:
    return np.arccos(np.clip(cosine, -1, 1)) * 180 / np.pi


def _degrees(vectors: Array) -> Array:
    x, y, z = vectors.T
    azimuth = np.arctan2(y, x) * 180 / np.pi
    return np.stack([azimuth, np.arctan2(z, np.sqrt(x**2 + y**2)) * 180 / np.pi], axis=1)


def _unit(x: Array, y: Array, z: Array) -> Columns:
    length = np.sqrt(x**2 + y**2 + z**2 + SOFT)
    return x / length, y / length, z / length
