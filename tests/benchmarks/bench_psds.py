"""What counting once and weighing afterwards is worth for PSDS. Ratios, not times.

    python tests/benchmarks/bench_psds.py [--replicates 200] [--repeats 3]

On the golden frame scores (60 clips) and the golden operating points (1168 clips, 50 thresholds):
counts by plain loops over events against array operations, on the first clips; the exact curve
against 50 thresholds; and a bootstrap replicate against scoring the drawn clips anew.
"""

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np

from seldbench.annotations import read_durations, read_events, read_predictions
from seldbench.metrics.changepoints import change_points
from seldbench.metrics.intersection import point_counts
from seldbench.metrics.psds import DCASE
from seldbench.metrics.runs import events_above
from seldbench.metrics.truth import detections, truth
from seldbench.metrics.uncertainty import Whole, drawn
from seldbench.metrics.weighted import psds_exact, psds_of_points

GOLDEN = Path(__file__).parents[1] / "golden"
SCENARIO = DCASE["psds2"]
THRESHOLDS = np.linspace(0.01, 0.99, 50)


def known_and_predicted(folder, predictions):
    reference = read_events(GOLDEN / folder / "ground_truth.tsv")
    known = truth(reference, read_durations(GOLDEN / folder / "durations.tsv"))
    return known, read_predictions(GOLDEN / folder / predictions)


def true_positives_by_loops(known, found, clips):
    """Events found in the first clips, at all points; the definition written down."""
    hits, criteria = 0, SCENARIO.criteria
    for clip in range(clips):
        events = range(known.start[clip], known.start[clip + 1])
        for point in range(found.points):
            rows = np.flatnonzero((found.clip == clip) & (found.point == point))
            for event in events:
                covered = 0.0
                for row in rows:
                    if found.label[row] != known.label[event]:
                        continue
                    shares = [shared(known, other, found, row) for other in events]
                    own = [s for s, o in zip(shares, events) if known.label[o] == found.label[row]]
                    if sum(own) >= criteria.dtc * (found.offset[row] - found.onset[row]):
                        covered += shared(known, event, found, row)
                hits += covered > 0 and covered >= criteria.gtc * known.length[event]
    return hits


def shared(known, event, found, row):
    end = min(known.offset[event], found.offset[row])
    return max(0.0, end - max(known.onset[event], found.onset[row]))


def seconds(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return median(times)


def compare_loops(repeats, clips=20):
    known, points = known_and_predicted("desed_student", "operating_points.tsv.gz")
    found = detections(points, known)
    counts = point_counts(known, found, SCENARIO.criteria)
    assert true_positives_by_loops(known, found, clips) == counts.found[:clips].sum()
    loops = seconds(lambda: true_positives_by_loops(known, found, clips), 1)
    arrays = seconds(lambda: point_counts(known, found, SCENARIO.criteria), repeats)
    print(f"plain loops / arrays, a clip: {loops / clips / (arrays / len(known.clips)):.0f}")


def compare_versions_and_replicates(replicates, repeats):
    known, frames = known_and_predicted("frame_scores", "scores.npz")
    one, many = Whole(60), drawn(60, replicates, np.random.default_rng(0))

    def exact(weights):
        return psds_exact(known, change_points(known, frames, SCENARIO.criteria), SCENARIO, weights)

    def at_points(weights):
        found = detections(events_above(frames, THRESHOLDS), known)
        counts = point_counts(known, found, SCENARIO.criteria)
        return psds_of_points(known, counts, SCENARIO, weights)

    for name, score in (("exact", exact), ("50 thresholds", at_points)):
        alone = seconds(lambda score=score: score(one), repeats)
        many_took = seconds(lambda score=score: score(many), repeats)
        share = (many_took - alone) / replicates / alone
        print(f"{name}: a replicate / scoring anew: {share:.4f}")
    ratio = seconds(lambda: exact(one), repeats) / seconds(lambda: at_points(one), repeats)
    print(f"exact / 50 thresholds: {ratio:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    compare_loops(arguments.repeats)
    compare_versions_and_replicates(arguments.replicates, arguments.repeats)


if __name__ == "__main__":
    main()
