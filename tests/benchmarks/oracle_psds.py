"""The official PSDS scorers on given files, one core. `bench_psds.py` runs it with an interpreter
that has psds_eval 0.5.3 and sed_scores_eval 0.0.4; it knows nothing of seldbench.

    PYTHON oracle_psds.py points FOLDER REPEATS        the golden operating points, PSDS1
    PYTHON oracle_psds.py frames FOLDER SCORES REPEATS     exact PSDS1 and PSDS2 of an .npz

Tables are in memory before the clock starts. Prints JSON: seconds (best), values, peak bytes.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd


def peak():
    """The largest memory of this process so far, bytes."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def best(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        values = function()
        times.append(time.perf_counter() - start)
    return {"seconds": min(times), "values": values, "peak": peak()}


def read(folder, name):
    return pd.read_csv(f"{folder}/{name}", sep="\t")


def points(folder, repeats):
    from psds_eval import PSDSEval

    truth, meta = read(folder, "ground_truth.tsv"), read(folder, "durations.tsv")
    rows = read(folder, "operating_points.tsv.gz")
    tables = [table.drop(columns="threshold") for _, table in rows.groupby("threshold")]

    def score():
        evaluation = PSDSEval(0.7, 0.7, 0.3, ground_truth=truth, metadata=meta)
        for table in tables:
            evaluation.add_operating_point(table)
        return [evaluation.psds(0.0, 1.0, 100.0).value]

    return best(score, repeats)


def frames(folder, scores, repeats):
    from sed_scores_eval.intersection_based.psds import psds

    truth, meta = read(folder, "ground_truth.tsv"), read(folder, "durations.tsv")
    with np.load(scores) as archive:
        arrays = dict(archive)
    classes = [str(name) for name in arrays["classes"]]
    tables, reference = {}, {}
    for i, clip in enumerate(map(str, arrays["clips"])):
        rows = arrays["scores"][arrays["start"][i] : arrays["start"][i + 1]].astype(np.float64)
        edges = np.arange(len(rows) + 1) / float(arrays["fps"])
        columns = np.column_stack([edges[:-1], edges[1:], rows])
        tables[clip] = pd.DataFrame(columns, columns=["onset", "offset", *classes])
        reference[clip] = []
    for row in truth.dropna().itertuples():
        reference[row.filename].append((row.onset, row.offset, row.event_label))
    durations = dict(zip(meta.filename, meta.duration))
    scenarios = [(0.7, 0.7, None, 0.0), (0.1, 0.1, 0.3, 0.5)]

    def score():
        return [
            psds(
                tables,
                reference,
                durations,
                dtc_threshold=dtc,
                gtc_threshold=gtc,
                cttc_threshold=cttc,
                alpha_ct=alpha_ct,
                alpha_st=1.0,
                max_efpr=100.0,
            )[0]
            for dtc, gtc, cttc, alpha_ct in scenarios
        ]

    return best(score, repeats)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    kind, *paths, number = sys.argv[1:]
    print(json.dumps({"points": points, "frames": frames}[kind](*paths, int(number))))
