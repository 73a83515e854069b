"""What a SELD run's scores are worth: the same scores of answers that cannot know.

    python tests/benchmarks/chance_seld.py RUN [RUN ...]

Beside the run: its own answers given to other clips (mean over 50 draws), its own activity pointed
to one fixed direction (the best of 36 azimuths at elevation 0, chosen on test in its favour), and
the true activity pointed so.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from seldbench.annotations import read_run_directions
from seldbench.evaluation import score_seld
from seldbench.runs import Run

SHOWN = ("er20", "f20", "le_cd", "lr_cd")
AZIMUTHS = range(-180, 180, 10)


def scores(reference, table, scorer, classes):
    found = score_seld(
        reference, table, scorer, classes=classes, with_distance=False, resampling=None
    ).scores
    return {name: found[name] for name in SHOWN if name in found}


def elsewhere(table, draw):
    """Every file's rows under the name of another file."""
    order = draw.permutation(len(table.files))
    moved = replace(table, file=order[table.file])
    return moved.rows(np.argsort(moved.file, kind="stable"))


def pointed(table, azimuth):
    return replace(table, direction=np.tile([float(azimuth), 0.0], (len(table), 1)))


def best_pointed(reference, table, scorer, classes):
    every = [scores(reference, pointed(table, a), scorer, classes) for a in AZIMUTHS]
    return max(every, key=lambda found: found["f20"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    for path in parser.parse_args().runs:
        run = Run(path)
        reference, predicted = read_run_directions(run.path)
        scorer, classes = run.scores["scorers"][0], run.scores["number_of_classes"]
        draw = np.random.default_rng(0)
        drawn = [scores(reference, elsewhere(predicted, draw), scorer, classes) for _ in range(50)]
        rows = {
            "the run": scores(reference, predicted, scorer, classes),
            "its answers to other clips": {
                name: float(np.mean([one[name] for one in drawn])) for name in drawn[0]
            },
            "its activity, one direction": best_pointed(reference, predicted, scorer, classes),
            "true activity, one direction": best_pointed(reference, reference, scorer, classes),
        }
        print(f"{path.name} ({scorer})")
        for name, found in rows.items():
            print(f"  {name:30}" + "".join(f"  {k} {v:8.3f}" for k, v in found.items()))


if __name__ == "__main__":
    main()
