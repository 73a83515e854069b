"""Layouts of spatial recordings: what their channels hear, and what a rotation does to them.

"foa": first-order Ambisonics, channels W, Y, Z, X (ACN) with SN3D gains: its axes stand in the
order y, z, x, those of directions everywhere else in x, y, z. "mic": four microphones on a rigid
sphere. "circular8": eight microphones on a horizontal circle. "target": one channel, the source
that a clip asks for, alone at the first microphone.
Source: README of STARSS23 (formats and positions); radius from sharathadavanne/seld-dcase2019.
"""

from collections.abc import Sequence

import numpy as np

from seldbench.geometry import ROTATIONS, Rotation, unit_vectors

Array = np.ndarray
ChannelMap = tuple[Array, Array]  # order and signs, see `channel_map`

MIC_RADIUS = 0.042  # metres
# Azimuth and elevation of the microphones M1 ... M4.
MIC_ANGLES = ((45.0, 35.0), (-45.0, -35.0), (135.0, -35.0), (-135.0, 35.0))
MIC_POSITIONS = unit_vectors(*np.array(MIC_ANGLES).T)
CHANNELS = {"mono": 1, "foa": 4, "mic": 4, "circular8": 8, "target": 1}

CIRCLE_RADIUS = 0.0365  # metres
# Azimuth of the microphones of "circular8", degrees.
CIRCLE_ANGLES = tuple(45.0 * i for i in range(8))


def foa_gains(doa: Array) -> Array:
    """What a plane wave from `doa` (unit vectors, (..., 3)) is in W, Y, Z, X: (..., 4)."""
    x, y, z = np.moveaxis(np.asarray(doa, dtype=np.float64), -1, 0)
    return np.stack([np.ones_like(x), y, z, x], axis=-1)


def rotations(layout: str) -> tuple[Rotation, ...]:
    """Those of ROTATIONS that a layout's channels can be turned by: 16 of "foa", 8 of "mic", the
    identity alone of others."""
    return tuple(r for r in ROTATIONS if channel_map(layout, r) is not None)


def channel_map(layout: str, rotation: Rotation) -> ChannelMap | None:
    """(order, signs), (channels,) each: channel i of the rotated scene is signs[i] times channel
    order[i] of the scene. None where no exchange of channels is that rotation."""
    if layout == "foa":
        return _foa_map(rotation)
    if layout == "mic":
        return _mic_map(rotation)
    same = np.allclose(rotation.matrix, np.eye(3))
    return (np.arange(CHANNELS[layout]), np.ones(CHANNELS[layout])) if same else None


def vector_map(rotation: Rotation, order: Sequence[int] = (0, 1, 2)) -> ChannelMap | None:
    """As `channel_map`, of the components of a vector of space in this order out of 0 (Y), 1 (Z),
    2 (X), that of Ambisonics."""
    channels = _foa_map(rotation)
    if channels is None:
        return None
    before, signs = channels[0][1:] - 1, channels[1][1:]
    places = list(order)
    return np.array([places.index(n) for n in before[places]]), signs[places]


def _foa_map(rotation: Rotation) -> ChannelMap | None:
    matrix = np.asarray(rotation.matrix)[np.ix_([1, 2, 0], [1, 2, 0])]  # y, z, x
    order = np.abs(matrix).argmax(axis=1)
    signs = np.take_along_axis(matrix, order[:, None], axis=1)[:, 0]
    if not np.allclose(np.abs(signs), 1.0):
        return None
    return np.append(0, order + 1), np.append(1.0, signs)


def _mic_map(rotation: Rotation) -> ChannelMap | None:
    # A microphone hears of the rotated scene what the one at its turned-back place heard before.
    before = rotation.inverse(MIC_POSITIONS)
    distance = np.linalg.norm(before[:, None] - MIC_POSITIONS[None], axis=-1)
    if distance.min(axis=1).max() > 1e-9:
        return None
    return distance.argmin(axis=1), np.ones(len(MIC_POSITIONS))
