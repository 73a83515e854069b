"""SELD scores against the official code, on the same generated files: a Markdown table.

    python tests/benchmarks/bench_seld.py [--official PATH ...] [--files 600] [--repeats 5]

Columns: processor seconds from rows in memory to scores, official and ours; their ratio, and that
from CSV files on; the jackknife of all scores and classes included, as a multiple of the plain
score; the largest difference of a score. PATH is a checkout of an official scorer or a folder of
them; without it, ours alone. Then ours for growing numbers of files, jackknife included.
"""

import argparse
import importlib.util
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from seldbench.annotations.directions import read_directions, write_directions
from seldbench.events import DirectionTable
from seldbench.metrics.seld import SCORERS, seld_counts, seld_scores
from seldbench.metrics.uncertainty import LeftOut, Whole, jackknife

FRAMES, CLASSES = 600, 13
YEARS = [name for name in SCORERS if not name.endswith("_fixed")]


def scenes(files, seed=0):
    """One-minute scenes of up to three sources, three quarters of the frames busy, and what a fair
    system might say of them: misses, wrong classes, shifted edges, biased and jittery directions,
    some far away, and false alarms."""
    rng = np.random.default_rng(seed)
    sides = [], []
    for file in range(files):
        for side, rows in zip(sides, scene(rng)):
            side.append(np.column_stack([np.full(len(rows), file), rows]))
    names = tuple(f"mix{file:05}" for file in range(files))
    return [table(names, np.concatenate(side)) for side in sides]


def scene(rng):
    """Rows (frame, class, track, azimuth, elevation, distance) of both sides, frames ascending."""
    load, truth, guess = np.zeros(FRAMES, dtype=int), [], []
    popular = rng.choice(CLASSES, 6, replace=False)
    while (load > 0).mean() < 0.75:
        onset, length = rng.integers(0, FRAMES - 4), int(np.exp(rng.uniform(1.4, 5.1)))
        frames = np.arange(onset, min(FRAMES, onset + length))
        if load[frames].max() >= 3:
            continue
        load[frames] += 1
        label = rng.choice(popular) if rng.random() < 0.8 else rng.integers(CLASSES)
        place = rng.uniform(-180, 180), rng.normal(0, 20), rng.uniform(0.5, 5)
        speed = rng.normal(0, 1.2) if rng.random() < 0.4 else 0.0
        truth.append(rows_of(frames, label, place, speed))
        if rng.random() < 0.12:
            continue
        shifted = np.arange(max(0, onset + rng.integers(-3, 4)), min(FRAMES, frames[-1] + 3))
        label = (label + 1) % CLASSES if rng.random() < 0.06 else label
        bias = rng.uniform(40, 180) if rng.random() < 0.06 else rng.normal(0, 7)
        place = place[0] + bias, place[1] + rng.normal(0, 5), place[2] * np.exp(rng.normal(0, 0.25))
        guess.append(rows_of(shifted, label, place, speed, rng))
    for _ in range(4):
        onset = rng.integers(0, FRAMES - 20)
        place = rng.uniform(-180, 180), rng.normal(0, 20), 1.0
        guess.append(rows_of(np.arange(onset, onset + 20), rng.integers(CLASSES), place, 0.0, rng))
    return [in_order(rows) for rows in (truth, guess)]


def rows_of(frames, label, place, speed, rng=None):
    azimuth, elevation, distance = (np.full(len(frames), value) for value in place)
    azimuth = azimuth + speed * (frames - frames[0])
    if rng is not None:
        azimuth = azimuth + rng.normal(0, 4, len(frames))
        elevation = elevation + rng.normal(0, 2.5, len(frames))
    azimuth = np.round((azimuth + 180) % 360 - 180)
    columns = np.clip(np.round(elevation), -89, 89), np.round(distance, 2)
    return np.column_stack([frames, np.full(len(frames), label), azimuth, *columns])


def in_order(events):
    rows = np.concatenate(events) if events else np.zeros((0, 5))
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    key = rows[:, 0] * CLASSES + rows[:, 1]
    first = np.searchsorted(key, key)
    return np.insert(rows, 2, np.arange(len(rows)) - first, axis=1)


def table(names, rows):
    columns = (np.ascontiguousarray(c, dtype=np.int64) for c in rows[:, :4].T)
    return DirectionTable(names, *columns, np.ascontiguousarray(rows[:, 4:6]), rows[:, 6].copy())


def plain(name, reference, predictions):
    counts = seld_counts(SCORERS[name], reference, predictions, classes=CLASSES)
    return counts, seld_scores(counts, Whole(len(counts.files)))


def with_jackknife(name, reference, predictions):
    counts, whole = plain(name, reference, predictions)
    left_out = seld_scores(counts, LeftOut(len(counts.files)))
    for values, replicates in zip(whole, left_out):
        for score in values:
            jackknife(values[score][0], replicates[score])


def seconds(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def official_code():
    path = Path(__file__).parents[1] / "metrics" / "seld" / "official.py"
    spec = importlib.util.spec_from_file_location("official_seld", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def compare(paths, tables, root, repeats):
    print(
        "| scorer | official code | official, s | ours, s | ratio | with reading |"
        " with jackknife | largest difference |\n|---|---|---|---|---|---|---|---|"
    )
    code = official_code()
    found = code.checkouts(paths)
    for year in YEARS:
        ours = seconds(lambda year=year: plain(year, *tables), repeats)
        more = seconds(lambda year=year: with_jackknife(year, *tables), repeats) / ours
        holders = [code.Official(c, year, classes=CLASSES) for c in found if year in c.years]
        if not holders:
            print(f"| {year} | - | - | {ours:.3f} | - | - | {more:.2f} | - |")
        for official in holders:
            theirs, off = against(official, tables)
            loaded, read = reading(official, root)
            both = f"{(loaded + theirs) / (read + ours):.0f}" if loaded else "-"
            print(
                f"| {year} | {official.checkout.label} | {theirs:.1f} | {ours:.3f} |"
                f" {theirs / ours:.0f} | {both} | {more:.2f} | {off:.0e} |",
                flush=True,
            )


def against(official, tables):
    """Seconds of the official code, and the largest difference of a score."""
    rows = [official.rows(side) for side in tables]
    start = time.process_time()
    expected, _ = official.score(*rows)
    theirs = time.process_time() - start
    _, (scores, _) = plain(official.year, *tables)
    return theirs, max(abs(scores[name][0] - value) for name, value in expected.items())


def reading(official, root):
    """Seconds to read both sides, official and ours; 0 where the code has no reader of its own."""
    dialect = "polar" if official.year < "dcase2023" else "polar_distance_m"
    folders = root / dialect / "ref", root / dialect / "pred"
    read = seconds(lambda: [read_directions(folder, dialect) for folder in folders], 2)
    if official.features is None:
        return 0.0, read
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    load = official.features.load_output_format_file
    return seconds(lambda: [load(path) for path in paths], 1), read


def grow(files, repeats):
    print("\n| files | rows | " + " | ".join(f"{y}, ms a file" for y in YEARS) + " |")
    print("|---" * (2 + len(YEARS)) + "|")
    for number in files:
        tables = scenes(number)
        times = (
            seconds(lambda y=y, t=tables: with_jackknife(y, *t), repeats) / number for y in YEARS
        )
        rows = len(tables[0]) + len(tables[1])
        print(f"| {number} | {rows} | " + " | ".join(f"{1e3 * t:.3f}" for t in times) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--official", action="append", default=[], metavar="PATH")
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    tables = scenes(arguments.files)
    with tempfile.TemporaryDirectory() as root:
        for dialect in ("polar", "polar_distance_m"):
            for name, side in zip(("ref", "pred"), tables):
                folder = Path(root) / dialect / name
                folder.mkdir(parents=True)
                write_directions(folder, side, dialect)
        compare(arguments.official, tables, Path(root), arguments.repeats)
    grow([75, 150, 300, 600, 1200], arguments.repeats)


if __name__ == "__main__":
    main()
