"""Training throughput beside the official DCASE 2022 baseline, feature extraction included.

    python tests/benchmarks/bench_training.py --official CHECKOUT --python PYTHON \
        [--minutes 22] [--epochs 3] [--threads 2]

CHECKOUT: sharathadavanne/seld-dcase2022; PYTHON: an interpreter that has its packages and torch.
Both train the same network (604,533 parameters, multi-ACCDOA, FOA, batches of 128 five-second
windows) on the same noise, one process after the other, on so many threads. Ours is the whole of
`seldbench run`'s training: scaling, reading, targets, optimiser, checkpoints; it runs with and
without memory kept (`training/memory.py`). Prints seconds, and times real time over all epochs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

RATE = 24000


def make_data(root, minutes):
    """One-minute FOA recordings of noise in the layout of STARSS22, with a moving source each."""
    audio, tables = root / "foa_dev" / "dev-train-sony", root / "metadata_dev" / "dev-train-sony"
    audio.mkdir(parents=True)
    tables.mkdir(parents=True)
    for k in range(minutes):
        draw = np.random.default_rng(k)
        name = f"fold3_room{21 + k % 2}_mix{k + 1:03d}"
        noise = draw.standard_normal((60 * RATE, 4)) * 0.05
        soundfile.write(audio / f"{name}.wav", noise, RATE, subtype="PCM_16")
        rows = [
            f"{f},{k % 13},0,{(f + 7 * k) % 360 - 180},{f % 41 - 20}\n"
            for f in range(600)
            if f // 50 % 2
        ]
        (tables / f"{name}.csv").write_text("".join(rows))


def official(checkout, python, data, epochs, threads):
    script = Path(__file__).with_name("official_training.py").resolve()
    command = [python, str(script), str(data), str(epochs), str(threads)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"the official training failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def ours(data, epochs, threads, keep_memory):
    """Seconds of `epochs` epochs, in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, __file__, "--own", str(data), "--epochs", str(epochs)]
    command += [] if keep_memory else ["--give-memory-back"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"our training failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def train(data, epochs, keep_memory):
    """Train in this process; prints JSON."""
    import torch

    from seldbench.contracts import Quiet
    from seldbench.datasets.starss22 import DATASET
    from seldbench.experiment import graph
    from seldbench.experiment.answers import Answers
    from seldbench.experiment.preparing import Data, prepare
    from seldbench.recipe import recipe_file, resolve

    if not keep_memory:
        graph.keep_freed_memory = lambda: None
    settings = {"training.epochs": epochs, "select": "last", "batch": {"train/real+valid": 128}}
    settings |= {"heads.frames.on": ["train/real", "valid"], "protocol": "select_on_test"}
    recipe = resolve(recipe_file("seldnet", "starss22"), "starss22", "foa", settings)
    with tempfile.TemporaryDirectory() as folder:
        found = Data(DATASET(data.parent))
        (node,) = graph.nodes(recipe, found, 0, Path(folder))
        prepared = prepare(recipe, node.stage, found, 0)
        answers = Answers(recipe, {}, torch.device("cpu"), Quiet())
        started = time.perf_counter()
        graph.execute(node, prepared, answers, Quiet())
        total = time.perf_counter() - started
        log = [json.loads(line) for line in (node.folder.path / "log.jsonl").open()]
    print(json.dumps({"total": total, "last": log[-1]["seconds"] - log[-2]["seconds"]}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--official", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--minutes", type=int, default=22)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--own", type=Path, help="(used by the benchmark itself)")
    parser.add_argument("--give-memory-back", action="store_true")
    given = parser.parse_args()
    if given.own:
        train(given.own, given.epochs, not given.give_memory_back)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "starss22"
        make_data(data, given.minutes)
        audio = 60 * given.minutes * given.epochs
        kept = ours(data, given.epochs, given.threads, True)
        given_back = ours(data, given.epochs, given.threads, False)
        for name, found in (("ours", kept), ("ours, memory given back", given_back)):
            print(
                f"{name:26} {found['total']:7.1f} s for {given.epochs} epochs with all"
                f" ({audio / found['total']:.0f} x real time); an epoch {found['last']:.1f} s"
            )
        if given.official is None:
            print("no --official checkout: nothing to compare with")
            return
        theirs = official(given.official, given.python, data, given.epochs, given.threads)
        total = theirs["extraction"] + sum(theirs["epochs"])
        print(
            f"{'official':26} {total:7.1f} s for {given.epochs} epochs with all"
            f" ({audio / total:.0f} x real time); an epoch {theirs['epochs'][-1]:.1f} s;"
            f" extraction {theirs['extraction']:.1f} s"
        )
        print(
            f"official / ours: with all {total / kept['total']:.2f}, an epoch"
            f" {theirs['epochs'][-1] / kept['last']:.2f}"
        )


if __name__ == "__main__":
    main()
