"""Event- and segment-based scores beside the official scorers, ratios of one run as a table.

    python tests/benchmarks/bench_collar.py [--oracle PYTHON] [--repeats 5]

PYTHON has sed_eval 0.2.1 and sed_scores_eval 0.0.4 (`make oracles`); without it only our own times
are shown. Everything is in memory before the clock starts: tables of events (the golden student's
1168 clips), lists of events by clip for sed_eval, and data frames of scores (the golden 60 clips)
for sed_scores_eval. Best of several, one core. A second table shows the cost as sets grow.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"
STUDENT, SYNTHETIC = GOLDEN / "desed_student", GOLDEN / "frame_scores"
REPLICATES = 1000


def seconds(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(repeats):
    """{name: (seconds, value)}; values show that both scorers did the same."""
    import numpy as np

    from seldbench.annotations import read_durations, read_events, read_predictions
    from seldbench.metrics.events.best import best, best_f1
    from seldbench.metrics.events.collar import Collar, collar_counts
    from seldbench.metrics.events.rates import accuracies, macro, micro
    from seldbench.metrics.events.segment import segment_counts
    from seldbench.metrics.events.segment_scores import segment_scores
    from seldbench.metrics.events.steps import collar_steps
    from seldbench.metrics.uncertainty import LeftOut, drawn

    def fresh(events):
        """The table without what an earlier call has kept."""
        return type(events)(events.clip, events.onset, events.offset, events.label, events.clips)

    def mean_f1(counts):
        return micro(counts).f1, macro(accuracies(counts)).f1

    def best_collar():
        steps = collar_steps(reference, frames, Collar(decimals=6))
        return [float(np.mean([best(of).f1 for of in steps]))]

    def best_segment():
        steps = segment_scores(reference, frames, durations).steps()
        return [float(np.mean([best(of).f1 for of in steps]))]

    def replicates():
        clips = len(reference.clips)
        samples = drawn(clips, REPLICATES, np.random.default_rng(0)), LeftOut(clips)
        for of in collar_steps(reference, frames, Collar(decimals=6)):
            for sample in samples:
                best_f1(of, sample)

    student, guess = (
        read_events(STUDENT / "ground_truth.tsv"),
        read_events(STUDENT / "predictions_0.5.tsv"),
    )
    reference = read_events(SYNTHETIC / "ground_truth.tsv")
    durations = read_durations(SYNTHETIC / "durations.tsv")
    frames = read_predictions(SYNTHETIC / "scores.npz")
    tasks = {
        "event-based F1 and ER": lambda: mean_f1(collar_counts(fresh(student), fresh(guess))),
        "segment-based F1 and ER, 1 s": lambda: mean_f1(
            segment_counts(fresh(student), fresh(guess)).counts
        ),
        "segment-based F1 and ER, 0.1 s": lambda: mean_f1(
            segment_counts(fresh(student), fresh(guess), 0.1).counts
        ),
        "best event-based F1": best_collar,
        "best segment-based F1": best_segment,
    }
    found = {name: (seconds(task, repeats), task()) for name, task in tasks.items()}
    found["best event-based F1, its jackknife and 1000 replicates"] = (
        seconds(replicates, repeats),
        [],
    )
    return found


def curve(repeats):
    """Microseconds an event as the set grows by copies of the student's clips, and as one clip of
    ever more hours."""
    import numpy as np

    from seldbench.annotations import read_events
    from seldbench.metrics.events.collar import collar_counts
    from seldbench.metrics.events.segment import segment_counts

    def copies(events, number):
        names = [f"{k} {clip}" for k in range(number) for clip in events.clips]
        clip = np.array([f"{k} {c}" for k in range(number) for c in events.clip], dtype=object)
        tiled = (np.tile(column, number) for column in (events.onset, events.offset, events.label))
        return type(events)(clip, *tiled, tuple(names))

    def in_a_row(events, number):
        start = {clip: 12.0 * i for i, clip in enumerate(events.clips)}
        shift = np.array([start[clip] for clip in events.clip])
        shift = np.concatenate([shift + 12.0 * k * len(start) for k in range(number)])
        onset, offset = (np.tile(c, number) + shift for c in (events.onset, events.offset))
        clip = np.full(len(onset), "one", dtype=object)
        return type(events)(clip, onset, offset, np.tile(events.label, number), ("one",))

    student = [read_events(STUDENT / f) for f in ("ground_truth.tsv", "predictions_0.5.tsv")]
    print("\n| events | hours | event-based, us an event | segment-based | one clip, event-based |")
    print("| --- | --- | --- | --- | --- |")
    for number in (1, 2, 4, 8, 16, 32):
        parts, long = ([lay(e, number) for e in student] for lay in (copies, in_a_row))
        events = sum(map(len, parts))
        times = [
            1e6 * seconds(lambda task=task, given=given: task(*given), repeats) / events
            for task, given in (
                (collar_counts, parts),
                (segment_counts, parts),
                (collar_counts, long),
            )
        ]
        hours = number * len(student[0].clips) / 360
        print(f"| {events} | {hours:.1f} | " + " | ".join(f"{t:.2f}" for t in times) + " |")


def theirs(repeats):
    warnings.simplefilter("ignore")
    import sed_eval

    reference, guess = (by_clip(STUDENT / f) for f in ("ground_truth.tsv", "predictions_0.5.tsv"))
    labels = sorted({event["event_label"] for events in reference.values() for event in events})

    def run(metric):
        for clip, events in reference.items():
            metric.evaluate(events, guess.get(clip, []))
        mean = metric.results_class_wise_average_metrics()
        overall = metric.results_overall_metrics()
        return [of["f_measure"]["f_measure"] for of in (overall, mean)]

    def event_based():
        return run(
            sed_eval.sound_event.EventBasedMetrics(
                labels,
                t_collar=0.2,
                percentage_of_length=0.2,
                empty_system_output_handling="zero_score",
            )
        )

    def segment_based(length):
        return run(sed_eval.sound_event.SegmentBasedMetrics(labels, time_resolution=length))

    tasks = {
        "event-based F1 and ER": event_based,
        "segment-based F1 and ER, 1 s": lambda: segment_based(1.0),
        "segment-based F1 and ER, 0.1 s": lambda: segment_based(0.1),
        **best_tasks(),
    }
    return {name: (seconds(task, repeats), task()) for name, task in tasks.items()}


def best_tasks():
    import numpy as np
    import sed_scores_eval
    from sed_scores_eval.base_modules.scores import create_score_dataframe

    with np.load(SYNTHETIC / "scores.npz") as file:
        scores, start, clips, classes, fps = (
            file[name] for name in ("scores", "start", "clips", "classes", "fps")
        )
    tables = {}
    for clip, begin, end in zip(clips.tolist(), start, start[1:]):
        edges = np.arange(end - begin + 1) / float(fps)
        tables[clip] = create_score_dataframe(scores[begin:end], edges, classes.tolist())
    events = {
        clip: [(e["event_onset"], e["event_offset"], e["event_label"]) for e in of_clip]
        for clip, of_clip in by_clip(SYNTHETIC / "ground_truth.tsv").items()
    }
    lines = (SYNTHETIC / "durations.tsv").read_text().split("\n")[1:]
    durations = {c: float(d) for c, d in (line.split("\t") for line in lines if line)}

    def best_collar():
        collars = {"onset_collar": 0.2, "offset_collar": 0.2, "offset_collar_rate": 0.2}
        f1 = sed_scores_eval.collar_based.best_fscore(tables, events, **collars)[0]
        return [float(f1["macro_average"])]

    def best_segment():
        f1 = sed_scores_eval.segment_based.best_fscore(tables, events, durations)[0]
        return [float(f1["macro_average"])]

    return {"best event-based F1": best_collar, "best segment-based F1": best_segment}


def by_clip(path):
    """{clip: its events as sed_eval takes them}."""
    found = {}
    for line in path.read_text().split("\n")[1:]:
        if line:
            clip, onset, offset, label = (line.split("\t") + [""] * 3)[:4]
            events = found.setdefault(clip, [])
            if label:
                times = {"event_onset": float(onset), "event_offset": float(offset)}
                events.append({"filename": clip, "event_label": label, **times})
    return found


def table(mine, official):
    print("| | official | seldbench | ratio |")
    print("| --- | --- | --- | --- |")
    for name, (own, value) in mine.items():
        if name not in official:
            print(f"| {name} | - | {1e3 * own:.1f} ms | - |")
            continue
        other, their_value = official[name]
        assert all(abs(a - b) < 1e-9 for a, b in zip(value, their_value)), name
        print(f"| {name} | {1e3 * other:.0f} ms | {1e3 * own:.1f} ms | {other / own:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--oracle", help="a Python with sed_eval and sed_scores_eval")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--theirs", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.theirs:
        print(json.dumps(theirs(given.repeats)))
        return
    official = {}
    if given.oracle:
        command = [given.oracle, __file__, "--theirs", "--repeats", str(given.repeats)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        official = json.loads(answer.stdout.splitlines()[-1])
    table(ours(given.repeats), official)
    curve(given.repeats)


if __name__ == "__main__":
    sys.exit(main())
