"""Accuracy against cost: which systems stand on the Pareto front, and what is drawn."""

import json
import math
import re
from itertools import pairwise

import pytest

from seldbench.report.figures.against_cost import (
    Cost,
    Point,
    cost_figure,
    front,
    known_costs,
    points,
    ticks,
)
from seldbench.report.results.costs import ratio, short
from seldbench.report.results.result import groups
from seldbench.report.results.score_files import of_run


def point(name, cost, value):
    return Point(name, "crnn", False, cost, value, value, value)


def test_no_system_on_the_front_is_beaten_in_both():
    systems = [point("cheap", 1, 0.2), point("worse", 2, 0.1), point("better", 2, 0.5)]
    systems += [point("dear", 9, 0.4), point("best", 10, 0.6)]
    assert [p.name for p in front(systems, "psds1")] == ["cheap", "better", "best"]


def test_of_errors_the_front_goes_down():
    systems = [point("cheap", 1, 0.9), point("worse", 2, 0.95), point("best", 3, 0.4)]
    assert [p.name for p in front(systems, "seld_score")] == ["cheap", "best"]


@pytest.mark.parametrize("ends", [(4.4e8, 5.9e8), (6.9e6, 8.1e6), (1e3, 1e9), (7.001e6, 7.0012e6)])
@pytest.mark.parametrize("inches", [1.2, 2.7, 8.0])
def test_texts_of_an_axis_of_costs_stand_side_by_side(ends, inches):
    low, high = ends
    found = ticks(low, high, inches, short)
    places = [inches * math.log(value / low) / math.log(high / low) for value in found]
    texts = [short(value) for value in found]
    assert found and len({*texts}) == len(texts)
    assert all(low <= value <= high for value in found)
    for (a, b), (left, right) in zip(pairwise(places), pairwise(texts)):
        assert b - a > 0.075 * (len(left) + len(right)) / 2


@pytest.mark.parametrize(
    ("said", "value", "text"),
    [
        (short, 2e6, "2 M"), (short, 1.5e6, "1.5 M"), (short, 1e8, "100 M"), (short, 500, "500"),
        (ratio, 0.006, "0.006"), (ratio, 0.0105, "0.0105"), (ratio, 1.0, "1"), (ratio, 200, "200"),
    ],
)  # fmt: skip
def test_round_values_of_an_axis_have_no_noughts_at_the_end(said, value, text):
    assert Cost("", lambda costs: None, said).tick(value) == text


def test_wide_ranges_have_powers_of_ten():
    assert ticks(9e4, 3e7, 4.1, short) == [1e5, 1e6, 1e7]
    assert ticks(9e4, 9e5, 4.1, short) == [1e5, 2e5, 5e5]


def test_of_equal_systems_one_stands_on_the_front():
    assert len(front([point("a", 1, 0.5), point("b", 1, 0.5), point("c", 2, 0.5)], "psds1")) == 1


@pytest.fixture
def systems(write_run):
    """Three systems of which two were profiled, on two devices."""
    made = {"crnn": ("cpu", 1e9, 300_000), "fdy_crnn": ("cuda", 2e9, 700_000), "sk_crnn": None}
    for i, (arch, cost) in enumerate(made.items()):
        run = write_run(arch, arch=arch, psds1=0.3 + 0.1 * i)
        content = json.loads((run / "scores.json").read_text())
        if cost:
            device, macs, content["parameters"] = cost
            content["cost"] = {"macs_per_second": macs, "real_time_factor": 0.1, "device": device}
        (run / "scores.json").write_text(json.dumps(content))
        made[arch] = of_run(run)
    return groups(made.values())


def test_a_cost_is_drawn_where_two_systems_have_it_and_times_by_device(systems):
    titles = [kind.title for kind in known_costs(systems, "psds1")]
    assert titles == ["parameters", "multiply-accumulates a second of audio"]


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ({"threads": 2}, {"threads": 2}, "cpu, 2 threads, test clips"),
        ({"threads": 2, "noise": True}, {"threads": 2, "noise": True}, "cpu, 2 threads, noise"),
        ({"threads": 2}, {"threads": 1}, None),
        ({"threads": 2}, {"threads": 2, "noise": True}, None),
    ],
)
def test_times_are_drawn_together_where_they_were_taken_alike(write_run, first, second, together):
    made = []
    for arch, how in (("crnn", first), ("fdy_crnn", second)):
        run = write_run(arch, arch=arch)
        content = json.loads((run / "scores.json").read_text())
        times = {"real_time_factor": 0.1, "device": "cpu"}
        content["cost"] = {"macs_per_second": 1e9} | times | how
        (run / "scores.json").write_text(json.dumps(content))
        made.append(of_run(run))
    titles = [kind.title for kind in known_costs(groups(made), "psds1")]
    assert titles[2:] == ([f"real-time factor ({together})"] if together else [])


def test_points_have_the_interval_of_a_run_or_the_spread_of_its_seeds(systems, write_run):
    parameters = known_costs(systems, "psds1")[0]
    first = points(systems, "psds1", parameters)[0]
    assert (first.low, first.value, first.high) == pytest.approx((0.25, 0.3, 0.35))
    seeds = [of_run(write_run(f"s{i}", psds1=0.3 + 0.02 * i, seed=i)) for i in (0, 1)]
    both = points(groups(seeds), "psds1", parameters)[0]
    assert (both.low, both.high) == pytest.approx((0.31 - 0.01414, 0.31 + 0.01414), abs=1e-4)


def test_the_figure_s_data_say_which_systems_stand_on_the_front(systems):
    svg, data = cost_figure(systems, "psds1", "Accuracy against cost")
    assert "Pareto front" in svg
    rows = [dict(zip(data.columns, row)) for row in data.rows]
    macs = {r["system"]: r["on the Pareto front"] for r in rows if r["cost"] != "parameters"}
    assert macs == {"crnn wide": "yes", "fdy_crnn wide": "yes"}


def test_who_points_at_a_system_is_told_its_name_and_numbers(systems):
    svg, _ = cost_figure(systems, "psds1", "Accuracy against cost")
    told = re.findall(r"<title>([^<]*)</title>", svg)
    assert "fdy_crnn wide: 0.400 (0.350 to 0.450), 2.00 G" in told
    assert len(told) == 5  # three by parameters, two by multiply-accumulates
    assert 'id="said' not in svg
