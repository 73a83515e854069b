"""Angles between sources, directions matched to them, and McNemar's test."""

from itertools import combinations, permutations

import numpy as np
import pytest

from seldbench.geometry import angular_distance, unit_vectors
from seldbench.metrics.sources import (
    ANGLES,
    angle_class,
    angle_to_nearest,
    matched,
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


def test_found_directions_are_matched_within_their_mixture():
    """The answer at 350 is 10 from the source at 0, but stands in another mixture."""
    found = matched(np.array([0, 0, 1]), level(0, 90, 0), np.array([0, 1, 1]), level(95, 350, 90))
    assert found.tolist() == [-1, 0, 1]


def test_as_many_pairs_as_there_can_be_then_the_smallest_angle():
    # 10 is nearest to 0, but alone within reach of 30.
    one, two = np.zeros(1, int), np.zeros(2, int)
    assert matched(two, level(0, 30), two, level(10, -20)).tolist() == [1, 0]
    assert matched(one, level(0), two, level(12, -10)).tolist() == [1]
    assert matched(two, level(0, 10), one, level(6)).tolist() == [-1, 0]


def test_nothing_to_match():
    none = np.zeros(0, np.int64)
    assert matched(np.zeros(2, int), level(0, 9), none, level()).tolist() == [-1, -1]
    assert matched(none, level(), np.zeros(1, int), level(0)).tolist() == []


@pytest.mark.parametrize("seed", range(4))
def test_no_other_way_to_match_has_more_pairs_or_a_smaller_angle(seed):
    rng = np.random.default_rng(seed)
    mixtures = 12
    mixture = rng.permutation(np.repeat(np.arange(mixtures), rng.integers(0, 4, mixtures)))
    other = rng.permutation(np.repeat(np.arange(mixtures), rng.integers(0, 6, mixtures)))
    doa, answered = (level(*rng.uniform(0, 90, len(of))) for of in (mixture, other))
    found = matched(mixture, doa, other, answered)
    for i in range(mixtures):
        rows, columns = np.flatnonzero(mixture == i), np.flatnonzero(other == i)
        apart = angular_distance(doa[rows][:, None], answered[columns][None])
        mine = [(k, columns.tolist().index(found[r])) for k, r in enumerate(rows) if found[r] >= 0]
        best = (0, 0.0)
        for size in range(1, min(len(rows), len(columns)) + 1):
            for chosen in combinations(range(len(rows)), size):
                for order in permutations(range(len(columns)), size):
                    angles = [apart[pair] for pair in zip(chosen, order)]
                    if max(angles) < 22.5:
                        best = min(best, (-size, sum(angles)))
        assert (-len(mine), sum(apart[pair] for pair in mine)) == pytest.approx(best)
