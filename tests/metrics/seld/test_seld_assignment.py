"""Assignments in arrays, against scipy's one by one."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from seldbench.metrics.seld.assignment import assigned
from seldbench.metrics.seld.pairing import groups_of, matched

SHAPES = [(1, 1), (1, 4), (5, 1), (2, 2), (2, 3), (3, 2), (3, 3), (4, 4), (2, 6), (5, 5)]


@pytest.mark.parametrize("values", ["distinct", "tied"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_assignments_are_scipys_also_where_costs_tie(shape, values):
    rng = np.random.default_rng(1)
    cost = rng.uniform(0, 180, (200, *shape))
    if values == "tied":
        cost = rng.integers(0, 3, (200, *shape)).astype(float)
    rows, columns = assigned(cost)
    for i, matrix in enumerate(cost):
        expected = linear_sum_assignment(matrix)
        assert np.array_equal([rows[i], columns[i]], expected)


def test_no_matrices_have_no_assignments():
    rows, columns = assigned(np.zeros((0, 2, 3)))
    assert rows.shape == columns.shape == (0, 2)


def test_pairs_come_in_the_order_of_groups_whatever_their_sizes():
    reference = groups_of(np.array([0, 1, 1, 4, 4, 4, 9]))
    predicted = groups_of(np.array([1, 4, 4, 5, 9, 9]))
    places = np.array([0.0, 10, 30, 5, 50, 90, 7]), np.array([29.0, 91, 49, 0, 8, 6])
    pairs = matched(reference, predicted, lambda i, j: np.abs(places[0][i] - places[1][j]))
    # 1: 30 with 29. 4: 50 with 49, 90 with 91. 9: 7 with 8 (as near as 6, and first).
    assert pairs.reference.tolist() == [2, 4, 5, 6]
    assert pairs.predicted.tolist() == [0, 2, 1, 4]
    assert pairs.place.tolist() == [1, 1, 2, 0]
    assert pairs.group.tolist() == [1, 2, 2, 3]
    assert pairs.angle.tolist() == [1.0, 1.0, 1.0, 1.0]


def test_nothing_on_one_side_gives_no_pairs():
    none, some = groups_of(np.zeros(0, dtype=np.int64)), groups_of(np.array([3]))
    for sides in ((none, some), (some, none), (none, none)):
        assert len(matched(*sides, lambda i, j: i * j).angle) == 0
