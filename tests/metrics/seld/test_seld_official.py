"""Against the official code on random scenes: pytest --official PATH, where PATH is a checkout of
an official SELD scorer or a folder of them."""

from dataclasses import replace

import numpy as np
import pytest

from seldbench.annotations.directions import read_directions, write_directions
from seldbench.geometry import unit_vectors
from seldbench.metrics.seld import SCORERS, seld_counts, seld_scores
from seldbench.metrics.uncertainty import LeftOut, Whole, jackknife

YEARS = [name for name in SCORERS if not name.endswith("_fixed")]
TOLERANCE = {"le_cd": 1e-5, "doae_cd": 1e-5, "doa_error": 1e-5, "seld_score": 1e-7}
DIALECTS = {
    "dcase2021": ("polar", "cartesian"),
    "dcase2022": ("polar", "cartesian"),
    "dcase2023": ("polar_distance_cm", "cartesian_distance_m"),
    "dcase2024": ("polar_distance_cm", "polar_distance_m"),
    "dcase2024_segments": ("polar_distance_cm", "polar_distance_m"),
}


@pytest.fixture
def officials(request, official_code, record_property):
    """Gives a year's official scorers, one a checkout; skips where there are none."""

    def given(year):
        paths = request.config.getoption("official")
        if not paths:
            pytest.skip("no official code: give --official PATH, a checkout or a folder of them")
        found = [c for c in official_code.checkouts(paths) if year in c.years]
        if not found:
            pytest.skip(f"no checkout with {year} in {', '.join(paths)}")
        for checkout in found:
            print(f"{year}: {checkout.label}")
            record_property("official", checkout.label)
        return [official_code.Official(checkout, year) for checkout in found]

    return given


def same(found, expected, where):
    for name, value in expected.items():
        if name in found:
            value = np.asarray(value, dtype=float)
            tolerance = TOLERANCE.get(name, 1e-9)
            assert found[name] == pytest.approx(value, abs=tolerance, rel=1e-9, nan_ok=True), (
                where,
                name,
            )


@pytest.mark.parametrize("grid", [None, 5, 10], ids=lambda g: f"grid={g}")
@pytest.mark.parametrize("year", YEARS)
def test_scores_of_random_scenes_in_memory_are_the_official_ones(
    officials, scene, score, year, grid
):
    for theirs in officials(year):
        for seed in range(8):
            early = year in ("dcase2019", "dcase2020", "dcase2021")
            tables = scene(np.random.default_rng([seed, 7]), grid=grid, empty=early)
            if year == "dcase2019":  # whose arrays have no room for other classes
                tables = [table.rows(table.label < 13) for table in tables]
            expected, by_class = theirs.score(*(theirs.rows(table) for table in tables))
            found, classes = score(year, *tables, classes=13)
            same(found, expected, seed)
            same(classes, by_class, seed)


@pytest.mark.parametrize("average", ["macro", "micro"])
@pytest.mark.parametrize("angles", ["polar", "cartesian"])
@pytest.mark.parametrize("year", DIALECTS)
def test_the_official_command_on_files_gives_the_same(
    officials, scene, tmp_path, year, angles, average
):
    if year == "dcase2021" and average == "macro":
        pytest.skip("the code of 2021 has no macro average")
    if year.startswith("dcase2024") and angles == "polar":
        pytest.skip("the code of 2024 compares vectors alone")
    options = {"angles": angles, "average": average}
    for theirs in officials(year):
        for seed, grid in enumerate((None, 5, 10)):
            tables = scene(np.random.default_rng([seed, 8]), files=6, grid=grid)
            folders = tmp_path / f"ref{seed}", tmp_path / f"pred{seed}"
            tables = written(tables, folders, DIALECTS[year])
            counts = seld_counts(SCORERS[year], *tables, angles=angles, classes=13)
            found = seld_scores(counts, Whole(6), average)
            expected = theirs.command(*folders, **options)
            same({n: v[0] for n, v in found[0].items()}, expected.scores, seed)
            same({n: v[0] for n, v in found[1].items()}, expected.classes, seed)
            if year == "dcase2021":  # without a jackknife
                continue
            expected = theirs.command(*folders, **options, jackknife=True)
            left_out = seld_scores(counts, LeftOut(6), average)
            for i, intervals in ((0, expected.intervals), (1, expected.class_intervals)):
                for name, value in intervals.items():
                    ends = np.stack(jackknife(found[i][name][0], left_out[i][name]), axis=-1)
                    assert ends == pytest.approx(value, rel=1e-5, abs=1e-7, nan_ok=True), name


def written(tables, folders, dialects):
    """The tables as read back from files; vectors of any length where the dialect has vectors."""
    reference, predictions = tables
    if "cartesian" in dialects[1]:
        vectors = unit_vectors(*predictions.direction.T) * predictions.distance[:, None]
        predictions = replace(predictions, direction=vectors)
    into = folders[0] / "split", folders[1]
    for folder, table, dialect in zip(into, (reference, predictions), dialects):
        folder.mkdir(parents=True, exist_ok=True)
        write_directions(folder, table, dialect)
    return [read_directions(folder, dialect) for folder, dialect in zip(into, dialects)]
