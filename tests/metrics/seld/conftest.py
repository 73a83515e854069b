"""Golden files, and a small notation for scenes."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations.directions import read_directions
from seldbench.events import DirectionTable
from seldbench.metrics.seld import SCORERS, seld_counts, seld_scores
from seldbench.metrics.uncertainty import Whole

GOLDEN = Path(__file__).parents[2] / "golden"


class Golden:
    """Reference, predictions and official values of a set; distances where it has them."""

    def __init__(self, year):
        folder, distance = GOLDEN / f"seld{year}", year == 2024
        self.reference = read_directions(
            folder / "ref", "polar_distance_cm" if distance else "polar"
        )
        self.predictions = read_directions(
            folder / "pred", "polar_distance_m" if distance else "polar"
        )
        expected = json.loads((GOLDEN / "expected_seld.json").read_text())
        self.expected = expected[f"seld{year}"]


@pytest.fixture(scope="session")
def golden():
    return {year: Golden(year) for year in (2021, 2022, 2024)}


def without(table, *names):
    """The table without these files."""
    files = tuple(f for f in table.files if f not in names)
    number = np.array([files.index(f) if f in files else -1 for f in table.files])[table.file]
    kept = table.rows(number >= 0)
    columns = (kept.frame, kept.label, kept.track, kept.direction, kept.distance)
    return DirectionTable(files, number[number >= 0], *columns)


def table_of(**files):
    """Rows of files in the notation "frame class azimuth elevation distance", the last two
    optional; several frames as 10-19. Tracks number the rows of a frame and class."""
    rows = []
    for i, lines in enumerate(files.values()):
        seen = {}
        for line in lines:
            frames, label, *place = line.split()
            first, last = (int(f) for f in (frames.split("-") * 2)[:2])
            azimuth, elevation, distance = (*map(float, place), *(0.0, 1.0)[len(place) - 1 :])
            for frame in range(first, last + 1):
                track = seen[frame, label] = seen.get((frame, label), -1) + 1
                rows.append((i, frame, int(label), track, azimuth, elevation, distance))
    values = np.array(rows).reshape(-1, 7)
    file, frame, label, track = values[:, :4].astype(np.int64).T
    return DirectionTable(tuple(files), file, frame, label, track, values[:, 4:6], values[:, 6])


def scores_of(name, reference, predictions, *, average=None, **options):
    """{name: score} and {name: (classes,)} of all files."""
    counts = seld_counts(SCORERS[name], reference, predictions, **options)
    scores, classes = seld_scores(counts, Whole(len(counts.files)), average)
    return {n: v[0] for n, v in scores.items()}, {n: v[0] for n, v in classes.items()}


@pytest.fixture
def table():
    return table_of


@pytest.fixture
def drop():
    return without


@pytest.fixture
def score():
    return scores_of


def scene_of(rng, *, files=4, frames=45, classes=13, grid=None, empty=False):
    """Random reference and predictions: many sources of a class at once, rows out of order, classes
    beyond the last, silent files (the reference's only where `empty`). With a grid, directions are
    multiples of it and ties abound."""
    sides, popular = [], rng.choice(classes, 3)
    for side in range(2):
        rows = []
        for file in range(files):
            silent = rng.random() < 0.15 and (side or empty)
            number = 0 if silent else int(rng.integers(1, 160))
            values = np.zeros((number, 7))
            values[:, 0] = file
            values[:, 1] = rng.integers(0, frames, number)
            label = np.where(
                rng.random(number) < 0.8,
                rng.choice(popular, number),
                rng.integers(0, classes + 2, number),
            )
            values[:, 2], values[:, 3] = label, rng.integers(0, 3, number)
            values[:, 4] = 60 * (label % 3) + rng.normal(0, 15, number)
            values[:, 5] = rng.normal(0, 15, number)
            if grid:
                values[:, 4:6] = np.round(values[:, 4:6] / grid) * grid
            values[:, 5] = np.clip(values[:, 5], -90, 90)
            values[:, 6] = np.round(rng.uniform(0.2, 5, number), 2)
            rows.append(values if rng.random() < 0.3 else values[np.argsort(values[:, 1])])
        sides.append(np.concatenate(rows))
    names = tuple(f"mix{i:03}" for i in range(files))
    return [
        DirectionTable(names, *side[:, :4].astype(np.int64).T, side[:, 4:6], side[:, 6])
        for side in sides
    ]


@pytest.fixture
def scene():
    return scene_of


@pytest.fixture(scope="session")
def official_code():
    """The module that runs official checkouts."""
    path = Path(__file__).with_name("official.py")
    spec = importlib.util.spec_from_file_location("official_seld", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
