"""Directions: x front, y left, z up."""

import numpy as np

from seldbench.geometry import Rotation, angles, angular_distance, unit_vectors


def test_front_left_and_up():
    np.testing.assert_allclose(unit_vectors(0, 0), [1, 0, 0], atol=1e-15)
    np.testing.assert_allclose(unit_vectors(90, 0), [0, 1, 0], atol=1e-15)
    np.testing.assert_allclose(unit_vectors(0, 90), [0, 0, 1], atol=1e-15)


def test_angles_invert_unit_vectors():
    azimuth, elevation = np.array([-180.0, -30.0, 179.0]), np.array([-60.0, 0.0, 45.0])
    back = angles(unit_vectors(azimuth, elevation))
    np.testing.assert_allclose(back, [azimuth, elevation], atol=1e-12)


def test_21_degrees_are_21_degrees_and_opposites_180():
    front = unit_vectors(0, 0)
    np.testing.assert_allclose(angular_distance(front, unit_vectors(21, 0)), 21)
    np.testing.assert_allclose(angular_distance(front, -front), 180)
    np.testing.assert_allclose(angular_distance(front, unit_vectors(1e-7, 0)), 1e-7, rtol=1e-6)


def test_a_quarter_turn_takes_the_front_to_the_left():
    turn = Rotation(((0, -1, 0), (1, 0, 0), (0, 0, 1)))
    np.testing.assert_allclose(turn(unit_vectors(0, 0)), unit_vectors(90, 0), atol=1e-15)
