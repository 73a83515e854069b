"""PSDS: ours beside the official scorers on the same files, in one run, on one core. Markdown.

    python tests/benchmarks/bench_psds.py [--oracle PYTHON] [--repeats 5] [--large]

- 50 operating points of the golden DESED student (1168 clips, 174,730 detections), PSDS1: tables in
  memory, names not yet looked up.
- Exact PSDS1 and PSDS2 from frame scores of these clips, 10 classes, at 25 and 50 frames a second.
- 1000 bootstrap replicates and the jackknife, by one full evaluation.
- Growth with clips and with events.
- With --large: exact PSDS1 and PSDS2 of 15,000 clips and 400 classes at 25 frames a second, from a
  folder with a file a class (6 GB, written to a temporary folder), and 100 replicates.

PYTHON has psds_eval 0.5.3 and sed_scores_eval 0.0.4 (`make oracles`); without it there are no
ratios. Times are the best of the repeats, each set in a process of its own; memory is the largest
that this process ever had, files mapped into it included.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from synthetic_scores import SECONDS, frame_scores, many_events

from seldbench.annotations import (
    read_durations,
    read_events,
    read_frame_scores,
    read_predictions,
    write_class_scores,
    write_frame_scores,
)
from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.events.truth import detections, truth
from seldbench.metrics.psds.changepoints import changes_of_each
from seldbench.metrics.psds.curves import DCASE
from seldbench.metrics.psds.intersection import point_counts
from seldbench.metrics.psds.weighted import psds_exact, psds_of_points
from seldbench.metrics.uncertainty import LeftOut, Whole, drawn

HERE = Path(__file__).parent
STUDENT = HERE.parent / "golden" / "desed_student"
CLIPS, CLASSES = 15_000, 400


def best(function, repeats):
    """Least seconds, and what the function gave."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = function()
        times.append(time.perf_counter() - start)
    return min(times), found


def peak():
    """The largest memory of this process so far, bytes."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def student():
    return read_events(STUDENT / "ground_truth.tsv"), read_durations(STUDENT / "durations.tsv")


def forgotten(table):
    """The table without what it remembers of its names."""
    return EventTable(table.clip, table.onset, table.offset, table.label, table.clips)


def point_psds(reference, durations, points, sample=None):
    known = truth(forgotten(reference), durations)
    found = detections(replace(points, events=forgotten(points.events)), known)
    counts = point_counts(known, found, DCASE["psds1"].criteria)
    whole = psds_of_points(known, counts, DCASE["psds1"], Whole(len(known.clips))).psds[0]
    return float(whole), (known, counts)


def exact_psds(reference, durations, frames):
    known = truth(forgotten(reference), durations)
    criteria = [scenario.criteria for scenario in DCASE.values()]
    changes = changes_of_each(known, frames, criteria, max_efpr=100.0)
    pairs = list(zip(changes, DCASE.values()))
    whole = Whole(len(known.clips))
    return [float(psds_exact(known, c, s, whole).psds[0]) for c, s in pairs], (known, pairs)


# What a process of its own measures: {"seconds", "values", "peak", ...}.


def measure_points(repeats):
    reference, durations = student()
    points = read_predictions(STUDENT / "operating_points.tsv.gz")
    seconds, (value, (known, counts)) = best(
        lambda: point_psds(reference, durations, points), repeats
    )
    found = {"seconds": seconds, "values": [value], "peak": peak()}
    samples = replicates(len(known.clips), 1000)
    for name, sample in samples.items():
        found[name], _ = best(lambda s=sample: psds_of_points(known, counts, DCASE["psds1"], s), 1)
    return found


def measure_frames(path, repeats):
    reference, durations = student()
    frames = read_frame_scores(Path(path))
    seconds, (values, (known, pairs)) = best(
        lambda: exact_psds(reference, durations, frames), repeats
    )
    found = {"seconds": seconds, "values": values, "peak": peak()}
    for name, sample in replicates(len(known.clips), 1000).items():
        found[name], _ = best(lambda s=sample: [psds_exact(known, c, n, s) for c, n in pairs], 1)
    return found


def measure_large(folder, repeats):
    reference = many_events(CLIPS, CLASSES)
    durations = dict.fromkeys(reference.clips, SECONDS)
    frames = read_frame_scores(Path(folder))
    seconds, (values, (known, pairs)) = best(
        lambda: exact_psds(reference, durations, frames), repeats
    )
    found = {"seconds": seconds, "values": values, "peak": peak()}
    sample = drawn(CLIPS, 100, np.random.default_rng(0))
    found["bootstrap"], _ = best(lambda: [psds_exact(known, c, s, sample) for c, s in pairs], 1)
    return {**found, "peak_replicates": peak()}


def make_large(folder):
    reference = many_events(CLIPS, CLASSES)
    frames = frame_scores(reference, reference.clips, reference.labels, 25)
    write_class_scores(Path(folder), frames)
    return {}


def measure_growth(repeats):
    """Seconds at operating points, and from frame scores, of the set several times over."""
    reference, durations = student()
    points = read_predictions(STUDENT / "operating_points.tsv.gz")
    rows = []
    for times in (1, 2, 4, 8):
        many = [repeated(table, times) for table in (reference, points.events)]
        lasting = {f"{c}/{i}": s for i in range(times) for c, s in durations.items()}
        some = OperatingPoints(points.threshold, np.tile(points.point, times), many[1])
        at_points, _ = best(lambda t=many[0], d=lasting, p=some: point_psds(t, d, p), repeats)
        frames = in_memory(frame_scores(many[0], lasting, many[0].labels, 25))
        exact, _ = best(lambda t=many[0], d=lasting, f=frames: exact_psds(t, d, f), repeats)
        rows.append((f"{times} x 1168", len(many[0]), at_points, exact))
    for classes in (10, 20, 40):
        events = many_events(2000, classes)
        lasting = dict.fromkeys(events.clips, SECONDS)
        frames = in_memory(frame_scores(events, events.clips, events.labels, 25))
        exact, _ = best(lambda t=events, d=lasting, f=frames: exact_psds(t, d, f), repeats)
        rows.append((f"2000, {classes} classes", len(events), None, exact))
    return rows


def repeated(table, times):
    """The table with every clip several times, under new names."""
    clip = np.concatenate([table.clip + f"/{i}" for i in range(times)])
    onset, offset, label = (np.tile(c, times) for c in (table.onset, table.offset, table.label))
    return EventTable(
        clip, onset, offset, label, tuple(f"{c}/{i}" for i in range(times) for c in table.clips)
    )


def in_memory(frames):
    return replace(frames, scores=np.asfortranarray(frames.scores[:]))


def replicates(clips, number):
    draw = np.random.default_rng(0)
    return {"bootstrap": drawn(clips, number, draw), "jackknife": LeftOut(clips)}


# What the parent prints.


def apart(*arguments):
    """What a function of this file, or the oracle's script, measures in a process of its own."""
    done = subprocess.run([*map(str, arguments)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def mine(name, *arguments):
    return apart(sys.executable, __file__, "--apart", name, *arguments)


def theirs(oracle, kind, *arguments):
    if oracle is None:
        return None
    return apart(oracle, HERE / "oracle_psds.py", kind, STUDENT, *arguments)


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("| " + " | ".join("---" for _ in head) + " |")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def compared(name, ours, official):
    if official is None:
        return [name, f"{ours['seconds']:.3f} s", "-", "-", f"{ours['peak'] / 2**20:.0f} MiB", "-"]
    assert np.allclose(ours["values"], official["values"], rtol=0, atol=1e-9)
    return [
        name,
        f"{ours['seconds']:.3f} s",
        f"{official['seconds']:.2f} s",
        f"{official['seconds'] / ours['seconds']:.0f}",
        f"{ours['peak'] / 2**20:.0f} MiB",
        f"{official['peak'] / 2**20:.0f} MiB",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oracle", type=Path, help="interpreter with the official packages")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--apart", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.apart:
        name, *arguments = given.apart
        values = [int(a) if a.isdigit() else a for a in arguments]
        print(json.dumps(globals()[name](*values)))
        return
    side_by_side(given.oracle, given.repeats)
    rows = mine("measure_growth", given.repeats)
    cells = [
        [name, str(events), "-" if p is None else f"{1000 * p:.0f} ms", f"{1000 * e:.0f} ms"]
        for name, events, p, e in rows
    ]
    table(["clips", "events", "50 operating points, PSDS1", "exact, both"], cells)
    if given.large:
        large(given.repeats)


def side_by_side(oracle, repeats):
    official = theirs(oracle, "points", repeats)
    found = {"50 operating points, PSDS1": mine("measure_points", repeats)}
    rows = [compared(name, of, official) for name, of in found.items()]
    with tempfile.TemporaryDirectory() as folder:
        for fps in (25, 50):
            path = Path(folder) / f"{fps}.npz"
            reference, durations = student()
            frames = frame_scores(reference, durations, reference.labels, fps)
            write_frame_scores(path, frames)
            official = theirs(oracle, "frames", path, max(1, repeats // 2))
            name = f"exact PSDS1 and PSDS2, {fps} frames a second"
            found[name] = mine("measure_frames", path, repeats)
            rows.append(compared(name, found[name], official))
    head = ["1168 clips, 10 classes", "seldbench", "official", "ratio", "peak", "official's"]
    table(head, rows)
    rows = [
        [name]
        + [f"{1000 * of[k]:.0f} ms" for k in ("seconds", "bootstrap", "jackknife")]
        + [f"{of['bootstrap'] / of['seconds']:.1f}"]
        for name, of in found.items()
    ]
    head = ["", "one evaluation", "1000 replicates", "jackknife", "replicates / evaluation"]
    table(head, rows)


def large(repeats):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "scores"
        mine("make_large", place)
        found = mine("measure_large", place, min(repeats, 2))
    row = [
        f"{found['seconds']:.1f} s",
        f"{found['peak'] / 2**20:.0f} MiB",
        f"{found['bootstrap']:.1f} s",
        f"{found['peak_replicates'] / 2**20:.0f} MiB",
        ", ".join(f"{v:.6f}" for v in found["values"]),
    ]
    head = ["15,000 clips, 400 classes", "peak", "100 replicates", "peak with them", "PSDS1, PSDS2"]
    table(head, [row])


if __name__ == "__main__":
    main()
