"""Layouts: what channels hear, and the rotations that an exchange of channels is."""

import numpy as np
import pytest

from seldbench.arrays import MIC_POSITIONS, channel_map, foa_gains, rotations
from seldbench.geometry import ROTATIONS, angles, unit_vectors

# Mazzon et al. 2019: the new X and Y of azimuth s * a + turn, and the microphones' order with the
# elevation kept or turned over, whichever exists.
TABLE = [
    (1, 0, "+X", "+Y", 1, (1, 2, 3, 4)),
    (1, 90, "-Y", "+X", -1, (2, 4, 1, 3)),
    (1, 180, "-X", "-Y", 1, (4, 3, 2, 1)),
    (1, -90, "+Y", "-X", -1, (3, 1, 4, 2)),
    (-1, 0, "+X", "-Y", -1, (2, 1, 4, 3)),
    (-1, 90, "+Y", "+X", 1, (1, 3, 2, 4)),
    (-1, 180, "-X", "+Y", -1, (3, 4, 1, 2)),
    (-1, -90, "-Y", "-X", 1, (4, 2, 3, 1)),
]


def rotation_of(sign, turn, height):
    doa = unit_vectors(np.array([10.0, 50.0]), np.array([20.0, -5.0]))
    goal = unit_vectors(sign * np.array([10.0, 50.0]) + turn, height * np.array([20.0, -5.0]))
    return next(r for r in ROTATIONS if np.allclose(r(doa), goal))


def test_a_source_to_the_left_is_in_w_and_y_alone():
    np.testing.assert_allclose(foa_gains(unit_vectors(90, 0)), [1, 1, 0, 0], atol=1e-15)


def test_there_are_sixteen_rotations_of_foa_and_eight_of_the_tetrahedron():
    assert len(rotations("foa")) == 16
    assert len(rotations("mic")) == 8
    assert len(rotations("mono")) == 1
    assert np.allclose(rotations("foa")[0].matrix, np.eye(3))


@pytest.mark.parametrize("sign, turn, x, y, height, order", TABLE)
def test_channels_are_exchanged_as_in_the_published_table(sign, turn, x, y, height, order):
    names = {"W": 0, "Y": 1, "Z": 2, "X": 3}
    for z in (1, -1):
        rotation = rotation_of(sign, turn, z)
        found, signs = channel_map("foa", rotation)
        assert found.tolist() == [0, names[y[1]], 2, names[x[1]]]
        assert signs.tolist() == [1, 1 if y[0] == "+" else -1, z, 1 if x[0] == "+" else -1]
        microphones = channel_map("mic", rotation)
        assert (microphones is None) == (z != height)
        if microphones is not None:
            assert (microphones[0] + 1).tolist() == list(order)


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_turning_the_channels_is_turning_the_source(rotation):
    doa = unit_vectors(np.array([10.0, -120.0]), np.array([30.0, -45.0]))
    order, signs = channel_map("foa", rotation)
    np.testing.assert_allclose(foa_gains(doa)[:, order] * signs, foa_gains(rotation(doa)))
    np.testing.assert_allclose(rotation.inverse(rotation(doa)), doa)


@pytest.mark.parametrize("rotation", rotations("mic"))
def test_each_microphone_takes_the_place_of_the_one_before_it(rotation):
    order, _ = channel_map("mic", rotation)
    np.testing.assert_allclose(rotation(MIC_POSITIONS[order]), MIC_POSITIONS, atol=1e-12)


def test_rotations_keep_elevation_up_to_its_sign():
    doa = unit_vectors(33.0, 21.0)
    assert {round(abs(float(angles(r(doa))[1])), 9) for r in ROTATIONS} == {21.0}
