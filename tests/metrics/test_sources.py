"""Angles between sources, and McNemar's test."""

import numpy as np
import pytest

from seldbench.geometry import unit_vectors
from seldbench.metrics.sources import (
    ANGLES,
    angle_class,
    angle_to_nearest,
    mcnemar,
    sources_around,
)


def level(*azimuths):
    return unit_vectors(np.array(azimuths, float), np.zeros(len(azimuths)))


def test_the_nearest_other_source_counts():
    mixture = np.array([0, 1, 0, 0, 2, 1])
    doa = level(0, 170, 90, -45, 10, -170)
    # Mixture 0 has sources at 0, 90 and -45; mixture 1 at 170 and -170; mixture 2 a single one.
    assert sources_around(mixture).tolist() == [3, 2, 3, 3, 1, 2]
    expected = [45, 20, 90, 45, np.nan, 20]
    assert angle_to_nearest(mixture, doa) == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_two_sources_in_one_place_are_zero_apart():
    assert angle_to_nearest(np.array([0, 0]), level(30, 30)).tolist() == [0, 0]


def test_elevation_counts():
    doa = unit_vectors(np.array([0.0, 77.0]), np.array([0.0, 90.0]))
    assert angle_to_nearest(np.array([0, 0]), doa) == pytest.approx([90, 90])


def test_an_angle_belongs_to_the_nearest_on_the_grid():
    angle = np.array([0, 22.4, 22.5, 45 + 1e-9, 67.4, 90, 135, 157.5, 180, np.nan])
    nearest = angle_class(angle)
    assert [ANGLES[i] for i in nearest[:-1]] == [0, 0, 45, 45, 45, 90, 135, 180, 180]
    assert nearest[-1] == -1


def test_mcnemar_looks_at_what_one_system_alone_has_right():
    # Both right or both wrong: 90 items. Alone right: one system 8, the other 2. At most 2 of 10
    # with probability 1/2 each: (1 + 10 + 45) / 1024, and as many on the other side.
    a = np.array([1] * 50 + [0] * 40 + [1] * 8 + [0] * 2)
    b = np.array([1] * 50 + [0] * 40 + [0] * 8 + [1] * 2)
    assert mcnemar(a, b) == mcnemar(b, a) == pytest.approx(2 * 56 / 1024)


def test_equal_systems_do_not_differ():
    answers = np.array([True, False, True])
    assert mcnemar(answers, answers) == 1.0
    assert mcnemar(np.array([1, 0]), np.array([0, 1])) == 1.0
    assert mcnemar(np.zeros(0), np.zeros(0)) == 1.0


def test_mcnemar_compares_the_same_items():
    with pytest.raises(ValueError, match="expected the same items"):
        mcnemar(np.ones(3), np.ones(4))
