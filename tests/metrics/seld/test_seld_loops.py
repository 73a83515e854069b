"""Against definitions written down as plain loops over rows, on random scenes."""

from collections import defaultdict

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from seldbench.metrics.seld import SCORERS, seld_counts

CLASSES = 13


def polar_angle(a, b):
    # Degrees times pi first, as the official code: ties must be ties on both sides.
    (az1, el1), (az2, el2) = a * np.pi / 180, b * np.pi / 180
    cosine = np.sin(el1) * np.sin(el2) + np.cos(el1) * np.cos(el2) * np.cos(abs(az1 - az2))
    return np.arccos(np.clip(cosine, -1, 1)) * 180 / np.pi


def cartesian_angle(a, b):
    def unit(place):
        azimuth, elevation = place * np.pi / 180
        level = np.cos(elevation)
        x, y, z = np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(elevation)
        return np.array([x, y, z]) / np.sqrt(x**2 + y**2 + z**2 + 1e-10)

    (x1, y1, z1), (x2, y2, z2) = unit(a), unit(b)
    return np.arccos(np.clip(x1 * x2 + y1 * y2 + z1 * z2, -1, 1)) * 180 / np.pi


def by_frame(table, file):
    """{frame: {class: [(direction, distance), ...]}} in file order."""
    frames = defaultdict(lambda: defaultdict(list))
    for i in np.flatnonzero(table.file == file):
        if 0 <= table.label[i] < CLASSES:
            place = table.direction[i], table.distance[i]
            frames[int(table.frame[i])][int(table.label[i])].append(place)
    return frames


def nearest(references, predictions, angle):
    """[(reference's place, prediction's place, angle), ...] of least total angle."""
    cost = np.array([[angle(r, p) for p, _ in predictions] for r, _ in references])
    return [(i, j, cost[i, j]) for i, j in zip(*linear_sum_assignment(cost))]


def instances_of(reference, predictions, seconds, angle, *, fixed):
    """Counts of one file, 2021 to 2023."""
    totals = defaultdict(lambda: np.zeros(CLASSES))
    errors = np.zeros(3)
    for second in range(seconds):
        inside = range(10 * second, 10 * second + 10)
        false = missed = 0
        for c in range(CLASSES):
            there = max(len(reference[f][c]) for f in inside)
            got = max(len(predictions[f][c]) for f in inside)
            angles = defaultdict(list)
            for f in inside:
                if reference[f][c] and predictions[f][c]:
                    for i, _, degrees in nearest(reference[f][c], predictions[f][c], angle):
                        angles[i].append(degrees)
            means = [sum(a) / len(a) for a in angles.values()]
            far = sum(mean > 20 for mean in means)
            extra, lost = max(0, got - there), max(0, there - got)
            if there and got and not means:
                extra, lost = (got, there) if fixed else (0, got)
            for name, value in (
                ("reference", there),
                ("pairs", len(means)),
                ("hits", len(means) - far),
                ("far", far),
                ("extra", extra),
                ("missed", lost),
                ("angle", sum(means)),
            ):
                totals[name][c] += value
            false, missed = false + extra + far, missed + lost
        errors += min(false, missed), max(0, missed - false), max(0, false - missed)
    return totals, errors


def frames_of(reference, predictions, frames, angle):
    """Counts of one file, 2024."""
    totals = defaultdict(lambda: np.zeros(CLASSES))
    errors = np.zeros(3)
    for f in range(frames):
        false = missed = 0
        for c in range(CLASSES):
            there, got = reference[f][c], predictions[f][c]
            pairs = nearest(there, got, angle) if there and got else []
            far = 0
            for i, j, degrees in pairs:
                error = abs(there[i][1] - got[j][1])
                far += degrees > 20 or error / there[i][1] > 1
                totals["angle"][c] += degrees
                totals["distance"][c] += error
                totals["relative"][c] += error / there[i][1]
            extra, lost = len(got) - len(pairs), len(there) - len(pairs)
            for name, value in (
                ("reference", len(there)),
                ("pairs", len(pairs)),
                ("hits", len(pairs) - far),
                ("far", far),
                ("extra", extra),
                ("missed", lost),
            ):
                totals[name][c] += value
            false, missed = false + extra + far, missed + lost
        errors += min(false, missed), max(0, missed - false), max(0, false - missed)
    return totals, errors


def length_of(name, reference, predictions, file):
    """Frames of a file as each definition has it."""
    last = [max(t.frame[t.file == file], default=-1) for t in (reference, predictions)]
    if name.endswith("fixed"):
        return max(last) + 1
    return 600 if name == "dcase2021" else max(last[0], 0)


@pytest.mark.parametrize("grid", [None, 30], ids=lambda g: f"grid={g}")
@pytest.mark.parametrize(
    "name",
    [
        "dcase2021",
        "dcase2022",
        "dcase2022_fixed",
        "dcase2024_segments",
        "dcase2024",
        "dcase2024_fixed",
    ],
)
def test_counts_of_random_scenes_are_those_of_plain_loops(scene, name, grid):
    for seed in range(3):
        rng = np.random.default_rng([seed, 3])
        # Few and unlike directions, or multiples of 30 degrees: ties, but none at 20 degrees.
        reference, predictions = scene(rng, files=3, grid=grid, empty=name.endswith("fixed"))
        scorer = SCORERS[name]
        counts = seld_counts(scorer, reference, predictions, classes=CLASSES)
        angle = polar_angle if scorer.angles == "polar" else cartesian_angle
        for file in range(3):
            frames = length_of(name, reference, predictions, file)
            sides = by_frame(reference, file), by_frame(predictions, file)
            if scorer.rule == "frames":
                totals, errors = frames_of(*sides, frames, angle)
            else:
                seconds = -(-frames // 10)
                totals, errors = instances_of(*sides, seconds, angle, fixed=scorer.fixed)
            for key, value in totals.items():
                assert counts.of_class[key][file] == pytest.approx(value, abs=1e-5), (seed, key)
            names = ("substitutions", "deletions", "insertions")
            assert [counts.of_file[n][file] for n in names] == errors.tolist(), seed
