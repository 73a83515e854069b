"""Mean and spread of many staircases from steps sorted once."""

import numpy as np
import pytest

from seldbench.metrics.psds import stairs
from seldbench.metrics.psds.stairs import Steps, class_areas, curves


def steps_of(curves_of_classes, present=None):
    """[{class: [(x, y), ...] rising}] of each replicate, as Steps; all have as many points."""
    x, low, high, label = [], [], [], []
    for replicate in curves_of_classes:
        rows = [
            (at, before, after, k)
            for k, points in enumerate(replicate)
            for (at, after), before in zip(points, [0.0, *(y for _, y in points)])
        ]
        columns = list(zip(*rows))
        x.append(columns[0])
        low.append(columns[1])
        high.append(columns[2])
        label = columns[3]
    classes = len(curves_of_classes[0])
    some = np.ones((len(x), classes), dtype=bool) if present is None else np.array(present)
    return Steps(np.array(x), np.array(low), np.array(high), np.array(label), some)


def densely(steps, row, alpha_st, limit):
    """The area from a table of all classes at all points."""
    axis = np.unique(np.append(steps.x[row], 0.0))
    values = []
    for k in np.flatnonzero(steps.present[row]):
        mine = steps.label == k
        inside = steps.x[row, mine][:, None] <= axis
        values.append(np.where(inside, steps.high[row, mine][:, None], 0.0).max(axis=0, initial=0))
    effective = np.maximum(np.mean(values, axis=0) - alpha_st * np.std(values, axis=0), 0.0)
    return (effective * np.diff(axis, append=limit)).sum() / limit


def random_steps(seed, replicates=4, classes=7, points=30):
    draw = np.random.default_rng(seed)
    shape = replicates, classes, points
    x = np.sort(draw.integers(0, 20, shape).astype(float), axis=2)
    high = np.cumsum(draw.integers(0, 2, shape), axis=2) / points
    low = np.concatenate([np.zeros((replicates, classes, 1)), high[:, :, :-1]], axis=2)
    present = draw.random((replicates, classes)) < 0.8
    present[:, 0] = True
    high[~present], low[~present] = 0.0, 0.0
    flat = (a.reshape(replicates, -1) for a in (x, low, high))
    return Steps(*flat, np.repeat(np.arange(classes), points), present)


def test_two_classes_by_hand():
    steps = steps_of([[[(10.0, 0.5), (30.0, 1.0)], [(20.0, 0.25), (40.0, 0.75)]]])
    found = curves(steps, 1.0)
    assert found.x[0].tolist() == [10.0, 20.0, 30.0, 40.0]
    assert found.mean[0] == pytest.approx([0.25, 0.375, 0.625, 0.875])
    assert found.spread[0] == pytest.approx([0.25, 0.125, 0.375, 0.125])
    area = (0.0 * 10 + 0.25 * 10 + 0.25 * 10 + 0.75 * 10) / 50
    assert found.area(np.array([50.0])) == pytest.approx([area])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("alpha_st", [0.0, 1.0, 2.0])
def test_the_area_is_that_of_a_table_of_all_classes_at_all_points(seed, alpha_st):
    steps = random_steps(seed)
    found = curves(steps, alpha_st).area(np.full(4, 20.0))
    expected = [densely(steps, row, alpha_st, 20.0) for row in range(4)]
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("classes", [1, 2, 9, 60])
def test_classes_that_rise_together_have_no_spread_at_all(classes):
    curve = [(i / 7, (i + 1) / 3000) for i in range(3000)]
    found = curves(steps_of([[curve] * classes]), 1.0)
    last = np.append(np.diff(found.x[0]) > 0, True)
    assert found.spread[0, last].max() < 1e-13
    assert found.mean[0, -1] == 1.0


def test_a_spread_that_has_become_small_keeps_its_digits():
    # Two classes, first far apart, end 2e-7 from each other.
    far = [(float(i), 0.9 * (i + 1) / 500) for i in range(500)]
    late = [(x + 500.0, y) for x, y in far]
    steps = steps_of([[[*far, (900.0, 0.9 + 2e-7)], [*late, (1001.0, 0.9)]]])
    assert curves(steps, 1.0).spread[0, -1] == pytest.approx(1e-7, rel=1e-6)


def test_values_taken_anew_do_not_hang_on_the_portion(monkeypatch):
    steps = random_steps(3)
    whole = curves(steps, 1.0)
    monkeypatch.setattr(stairs, "LOST", 2.0)  # everywhere
    anew = curves(steps, 1.0)
    monkeypatch.setattr(stairs, "CELLS", 1)
    small = curves(steps, 1.0)
    last = np.append(np.diff(whole.x, axis=1) > 0, np.ones((4, 1), dtype=bool), axis=1)
    for name in ("mean", "spread"):
        assert getattr(anew, name)[last] == pytest.approx(getattr(whole, name)[last], abs=1e-12)
        assert np.array_equal(getattr(anew, name), getattr(small, name))


def test_the_area_of_a_class_is_that_of_its_stairs():
    x, rise = np.array([[[10.0, 20.0, 200.0]]]), np.array([[[0.5, 0.25, 0.25]]])
    area = class_areas(x, rise, np.array([[100.0]]))
    assert area == pytest.approx((0.5 * 90 + 0.25 * 80) / 100)
