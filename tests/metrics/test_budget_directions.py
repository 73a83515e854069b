"""Error budget of directions, frame by frame."""

import itertools

import numpy as np
import pytest

from seldbench.events import DirectionTable
from seldbench.geometry import angular_distance
from seldbench.metrics.budget.directions import Limits, direction_errors, doas
from seldbench.metrics.budget.kinds import tables


def directions(*rows, files=("a", "b"), distance=False):
    """Rows such as "a 3 dog 20 0 1.5": file, frame, class, azimuth, elevation, distance."""
    names = {"dog": 0, "cat": 1, "owl": 2}
    cells = sorted((row.split() for row in rows), key=lambda c: files.index(c[0]))
    numbers = np.array([[float(x) for x in c[3:]] for c in cells]).reshape(
        len(cells), -1 if cells else 3
    )
    whole = np.array([[files.index(c[0]), int(c[1]), names[c[2]], 0] for c in cells], np.int64)
    file, frame, label, track = whole.reshape(-1, 4).T
    far = numbers[:, 2] if distance else None
    return DirectionTable(files, file, frame, label, track, numbers[:, :2].reshape(-1, 2), far)


def kinds(outcomes):
    return [outcomes.kinds[i] for i in outcomes.kind]


def of(true, found, **more):
    errors = direction_errors(directions(*true, **more), directions(*found, **more))
    return kinds(errors.true), kinds(errors.found)


@pytest.mark.parametrize(
    ("found", "kind", "of_found"),
    [
        ("a 0 dog 19 0", "hit", "hit"),
        ("a 0 dog 21 0", "mislocalised", "mislocalised"),
        ("a 0 dog 180 0", "mislocalised", "mislocalised"),
        ("a 0 cat 19 0", "confusion", "confusion"),
        ("a 0 cat 21 0", "miss", "false_alarm"),
        ("a 1 dog 0 0", "miss", "false_alarm"),
        ("b 0 dog 0 0", "miss", "false_alarm"),
    ],
)
def test_a_dog_in_front_and_one_predicted_row(found, kind, of_found):
    assert of(["a 0 dog 0 0"], [found]) == ([kind], [of_found])


def test_off_in_distance_by_more_than_the_true_distance():
    true = ["a 0 dog 0 0 1.0", "a 1 dog 0 0 1.0", "a 2 dog 0 0 1.0"]
    found = ["a 0 dog 0 0 1.9", "a 1 dog 0 0 2.1", "a 2 dog 90 0 2.1"]
    expected = ["hit", "distance", "mislocalised"]
    assert of(true, found, distance=True) == (expected, expected)
    nearer = direction_errors(
        directions(*true, distance=True), directions(*found, distance=True), Limits(distance=0.5)
    )
    assert kinds(nearer.true) == ["distance", "distance", "mislocalised"]
    without = direction_errors(
        directions(*true, distance=True), directions(*found, distance=True), Limits(distance=None)
    )
    assert kinds(without.true) == ["hit", "hit", "mislocalised"]
    assert "distance" not in without.true.kinds


def test_without_distances_there_is_no_such_kind():
    errors = direction_errors(directions("a 0 dog 0 0"), directions("a 0 dog 0 0"))
    assert "distance" not in errors.true.kinds + errors.found.kinds


def test_two_of_a_class_are_paired_at_the_least_sum_of_angles():
    # Straight 10 + 50, crossed 20 + 20: neither is far.
    true, _ = of(["a 0 dog 0 0", "a 0 dog 30 0"], ["a 0 dog -10 0", "a 0 dog 20 0"])
    assert true == ["hit", "hit"]
    true, found = of(["a 0 dog 0 0", "a 0 dog 40 0"], ["a 0 dog 100 30", "a 0 dog 45 0"])
    assert sorted(true) == ["hit", "mislocalised"]
    assert sorted(found) == ["hit", "mislocalised"]


def test_of_three_predictions_for_one_source_the_nearest_is_the_hit():
    true, found = of(["a 0 dog 0 0"], ["a 0 dog 15 0", "a 0 dog 5 0", "a 0 dog 10 0"])
    assert true == ["hit"]
    assert found == ["false_alarm", "hit", "false_alarm"]


def test_a_mislocalised_source_is_not_confused_as_well():
    true, found = of(["a 0 dog 0 0"], ["a 0 dog 90 0", "a 0 cat 0 0"])
    assert true == ["mislocalised"]
    assert found == ["mislocalised", "false_alarm"]


def test_confusions_go_from_the_smallest_angle_up():
    errors = direction_errors(
        directions("a 0 dog 0 0", "a 0 dog 12 0"), directions("a 0 cat 10 0", "a 0 owl 27 0")
    )
    assert errors.confused() == {"0": {"1": 1}}
    assert kinds(errors.true) == ["miss", "confusion"] and errors.partner.tolist() == [-1, 0]


def test_files_are_paired_by_name_and_others_left_out():
    true = directions("a 0 dog 0 0", "b 0 dog 0 0", files=("a", "b"))
    found = directions("z 0 dog 0 0", "b 0 dog 0 0", files=("z", "b"))
    errors = direction_errors(true, found, names={0: "dog"})
    assert kinds(errors.true) == ["miss", "hit"]
    assert kinds(errors.found) == ["hit"]
    assert errors.classes == ("dog",)


def test_vectors_of_any_length_are_directions():
    polar = directions("a 0 dog 30 40")
    vector = 3.0 * doas(polar)
    columns = (polar.files, polar.file, polar.frame, polar.label, polar.track)
    errors = direction_errors(polar, DirectionTable(*columns, vector))
    assert kinds(errors.true) == ["hit"]


def test_empty_tables_have_no_kinds():
    assert of([], ["a 0 dog 0 0"]) == ([], ["false_alarm"])
    assert of(["a 0 dog 0 0"], []) == (["miss"], [])
    assert of([], []) == ([], [])


def random_table(rng, rows=400):
    file = np.sort(rng.integers(0, 3, rows))
    frame, label, track = (rng.integers(0, n, rows) for n in (12, 3, 2))
    where = np.stack([rng.integers(-180, 180, rows), rng.integers(-60, 60, rows)], axis=1)
    return DirectionTable(("a", "b", "c"), file, frame, label, track, where * [1.0, 0.5])


@pytest.mark.parametrize("seed", range(5))
def test_kinds_add_up_and_same_class_pairs_are_the_cheapest_of_all_pairings(seed):
    rng = np.random.default_rng(seed)
    reference, predicted = random_table(rng, 150), random_table(rng, 160)
    errors = direction_errors(reference, predicted)
    true, found = kinds(errors.true), kinds(errors.found)
    for kind in ("hit", "mislocalised", "confusion"):
        assert true.count(kind) == found.count(kind)
    assert tables(errors).true.sum() == len(reference)
    assert tables(errors).found.sum() == len(predicted)
    key = [np.stack([t.file, t.frame, t.label], axis=1) for t in (reference, predicted)]
    for group in np.unique(key[0], axis=0):
        rows, columns = (np.flatnonzero((k == group).all(axis=1)) for k in key)
        if len(columns) and min(len(rows), len(columns)) <= 4 and len(columns) < 6:
            check_cheapest(errors, rows, columns, doas(reference), doas(predicted))


def check_cheapest(errors, rows, columns, true, found):
    pairs = [(i, errors.partner[i]) for i in rows if errors.partner[i] in columns]
    assert len(pairs) == min(len(rows), len(columns))
    few, many = sorted((rows.tolist(), columns.tolist()), key=len)
    turn = few != rows.tolist()

    def cost(pairing):
        ends = [(b, a) if turn else (a, b) for a, b in pairing]
        return sum(float(angular_distance(true[i], found[j])) for i, j in ends)

    best = min(cost(list(zip(few, some))) for some in itertools.permutations(many, len(few)))
    paid = sum(float(angular_distance(true[i], found[j])) for i, j in pairs)
    assert paid == pytest.approx(best)
