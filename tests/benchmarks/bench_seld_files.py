"""SELD scores of 600 one-minute files, from the files on the disk, beside the official command.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_seld_files.py [--scorer dcase2022]
        [--files 600] [--repeats 3] [--official PATH]

The 40 golden scenes of the scorer's year are written anew under as many names as are asked for;
processor time, all threads together. Printed: reading, reading and scoring, the same with a
jackknife; with `--official`, also the official scorer's own way through the same files (its
command's class: its reader, its scoring, no jackknife) and the ratio. PATH is a checkout of
sharathadavanne/seld-dcase2021, seld-dcase2022 or seld-dcase2023, or of
partha2409/DCASE2024_seld_baseline; what it imports and scoring does not need (audio, plots) may be
absent, and names that numpy dropped are put back. Both must agree.

Up to 2023 the official command reads predictions as vectors, so both get them; for 2024 angles.
"""

import argparse
import contextlib
import io
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np

from seldbench.annotations import read_directions, write_directions
from seldbench.evaluation import Resampling, score_seld_files
from seldbench.evaluation.seld.scoring import dialects_of
from seldbench.events import DirectionTable
from seldbench.geometry import unit_vectors
from seldbench.metrics.seld import SCORERS

GOLDEN = Path(__file__).parents[1] / "golden"
SETS = {"dcase2020": 2021, "dcase2021": 2021, "dcase2022": 2022, "dcase2023": 2024}
NOT_NEEDED = ("librosa", "joblib", "IPython", "matplotlib", "matplotlib.pyplot", "cv2", "PIL")
NOT_NEEDED += ("sklearn", "sklearn.preprocessing", "torch", "torchvision", "cls_vid_features")


def scenes(scorer: str, files: int, folder: Path) -> tuple[Path, Path, str]:
    """The folders of reference and predictions, and the dialect of the predictions."""
    source = GOLDEN / f"seld{SETS.get(scorer, 2024)}"
    golden = dialects_of(SCORERS["dcase2024" if source.name == "seld2024" else scorer])
    wanted = dialects_of(SCORERS[scorer])
    reference = repeated(read_directions(source / "ref", golden[0]), files)
    write_directions(folder / "ref" / "test", reference, wanted[0])
    predictions = repeated(read_directions(source / "pred", golden[1]), files)
    dialect = wanted[1]
    if not scorer.startswith("dcase2024"):
        predictions = in_vectors(predictions)
        dialect = "cartesian_distance_m" if scorer == "dcase2023" else "cartesian"
    write_directions(folder / "pred", predictions, dialect)
    return folder / "ref" / "test", folder / "pred", dialect


def repeated(table: DirectionTable, files: int) -> DirectionTable:
    """The scenes (not the corner cases) over and over under new names."""
    whole = [i for i, name in enumerate(table.files) if name.startswith("fold")]
    bounds = np.searchsorted(table.file, np.arange(len(table.files) + 1))
    picked = [whole[i % len(whole)] for i in range(files)]
    rows = np.concatenate([np.arange(bounds[i], bounds[i + 1]) for i in picked])
    sizes = [bounds[i + 1] - bounds[i] for i in picked]
    kept = table.rows(rows)
    names = tuple(f"fold6_room{i % 9}_mix{i:05d}" for i in range(files))
    columns = (kept.frame, kept.label, kept.track, kept.direction, kept.distance)
    return DirectionTable(names, np.repeat(np.arange(files), sizes), *columns)


def in_vectors(table: DirectionTable) -> DirectionTable:
    vectors = unit_vectors(*table.direction.T)
    columns = (table.file, table.frame, table.label, table.track)
    return DirectionTable(table.files, *columns, vectors, table.distance)


def best(work, repeats: int):
    """The shortest time and the result."""
    times, result = [], None
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return min(times), result


def official(checkout: Path, folder: Path) -> tuple[float, dict[str, float], float]:
    """Seconds, scores and seconds of the readers alone, of the official command's class."""
    names = ("bool", "float", "int", "object")
    for name, kind in zip(names, (bool, float, int, object)):
        if name not in np.__dict__:
            setattr(np, name, kind)
    np.NaN = np.nan
    sys.path.insert(0, str(checkout))
    for name in NOT_NEEDED:
        if "." in name or name == "cls_vid_features" or find_spec(name) is None:
            sys.modules.setdefault(name, MagicMock())
    parameters = "parameters" if (checkout / "parameters.py").exists() else "parameter"
    with contextlib.redirect_stdout(io.StringIO()):
        settings = import_module(parameters).get_params()
        module = import_module("cls_compute_seld_results")
        start = time.process_time()
        command = module.ComputeSELDResults(settings, ref_files_folder=str(folder / "ref"))
        found = command.get_SELD_Results(str(folder / "pred"))
        seconds = time.process_time() - start
        start = time.process_time()
        for side in (folder / "ref" / "test", folder / "pred"):
            for file in side.iterdir():
                command._feat_cls.load_output_format_file(str(file))
        reading = time.process_time() - start
    return seconds, named(found), reading


def named(found: tuple) -> dict[str, float]:
    """The official tuple under our names; the last of more than six is a table of classes."""
    if len(found) == 5 or len(found) == 6:
        keys = ("er20", "f20", "le_cd", "lr_cd", "seld_score")
    else:
        keys = ("er20", "f20", "doae_cd", "diste_cd", "rde_cd", "lr_cd", "seld_score")
    return {key: float(value) for key, value in zip(keys, found)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scorer", default="dcase2022", choices=list(SCORERS))
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--official", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        reference, predictions, dialect = scenes(given.scorer, given.files, folder)

        def read():
            mine = dialects_of(SCORERS[given.scorer])[0]
            return read_directions(reference, mine), read_directions(predictions, dialect)

        def score(resampling=None):
            return score_seld_files(
                reference,
                predictions,
                given.scorer,
                prediction_dialect=dialect,
                resampling=resampling,
            )

        reading, tables = best(read, given.repeats)
        scoring, scores = best(score, given.repeats)
        left_out, _ = best(lambda: score(Resampling(bootstrap=0)), given.repeats)
        print(f"{given.scorer}, {given.files} file pairs, {sum(map(len, tables))} rows, {dialect}")
        print(f"reading              {reading:7.3f} s")
        print(f"reading and scoring  {scoring:7.3f} s")
        print(f"... with jackknife   {left_out:7.3f} s")
        if given.official is None:
            print("official: not run; give --official PATH, a checkout of the year's repository")
            return
        seconds, theirs, alone = official(given.official, folder)
        told = ["git", "-C", str(given.official), "log", "-1", "--format=%H"]
        commit = subprocess.run(told, capture_output=True, text=True, check=False).stdout.strip()
        print(f"official             {seconds:7.3f} s  ({given.official.name} {commit[:12]})")
        print(f"... reading alone    {alone:7.3f} s")
        apart = {name: abs(value - scores.scores[name]) for name, value in theirs.items()}
        print("largest difference of scores:", max((d, name) for name, d in apart.items()))
        print(
            f"ratio, with reading: {seconds / scoring:.1f}x; reading alone: {alone / reading:.1f}x"
        )


if __name__ == "__main__":
    main()
