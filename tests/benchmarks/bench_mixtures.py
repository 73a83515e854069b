"""What it costs to render a mixture of `mix75-sim` when it is read, and to make its features, on
one core: a Markdown table.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_mixtures.py [--scale tiny] [--array direct]
        [--jitter 0] [--mixtures 100] [--batch 16]

Milliseconds a mixture, medians over mixtures, in processor time and by the wall's clock (which
others that compute meanwhile slow down). The parts are measured alone, the first row is the whole;
memory that was freed is kept, as in a training.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from seldbench.datasets import open_dataset
from seldbench.features.ipd_circular8 import IpdCircular8
from seldbench.features.log_magnitude import LogMagnitude
from seldbench.simulation.mixtures.rendering import images
from seldbench.simulation.mixtures.simulating import simulate_mixtures
from seldbench.simulation.mixtures.table import read_mixtures
from seldbench.training.memory import keep_freed_memory

Row = tuple[str, Callable[[int], object], int]  # what, what to do with number k, mixtures in it


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="tiny")
    parser.add_argument("--array", default="direct")
    parser.add_argument("--jitter", type=int, default=0)
    parser.add_argument("--mixtures", type=int, default=100)
    parser.add_argument("--batch", type=int, default=16)
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        options = {"scale": given.scale, "array": given.array, "jitter": given.jitter}
        made = simulate_mixtures(Path(folder), **options, jobs=1)
        spent, many = time.perf_counter() - start, sum(made["counts"].values())
        print(f"made {many} mixtures in {spent:.1f} s\n")
        print("| | processor, ms | clock, ms |\n|---|---|---|")
        for name, work, share in rows(open_dataset("mix75-sim", Path(folder)), given.batch):
            processor, clock = measured(work, given.mixtures // share)
            print(f"| {name} | {processor / share:.2f} | {clock / share:.2f} |")


def rows(data, batch) -> list[Row]:
    clips, files = data.clips("train"), data.files
    mixtures = read_mixtures(files.folder / "mixtures/train.jsonl")
    dry = [[files.dry(source) for source in mixture.sources] for mixture in mixtures[:200]]
    eight, alone = (waves(clips, array, batch) for array in ("circular8", "target"))

    def read(array):
        return lambda k: clips[k % len(clips)].recordings[array].read()

    def features(module, given):
        return lambda _: module.finish(module.spectrum(given), module.statistic(given))

    def of(k):
        return mixtures[k % len(dry)]

    return [
        ("a mixture, 8 microphones", read("circular8"), 1),
        ("of it: dry sounds read", lambda k: [files.dry(source) for source in of(k).sources], 1),
        ("of it: noise read", lambda k: files.noise(of(k).noise), 1),
        ("of it: images", lambda k: images(files.array, of(k).sources, dry[k % len(dry)]), 1),
        ("its target alone", read("target"), 1),
        (f"features of it, batches of {batch}", features(IpdCircular8(), eight), batch),
        (f"features of its target, batches of {batch}", features(LogMagnitude(), alone), batch),
    ]


def waves(clips, array, batch):
    read = [clips[k % len(clips)].recordings[array].read() for k in range(batch)]
    return torch.from_numpy(np.stack(read))


def measured(work, times):
    """Milliseconds of processor and clock, the median; the first three fill caches."""
    spent = []
    for k in range(max(times, 3) + 3):
        before = time.process_time(), time.perf_counter()
        work(k)
        spent.append((time.process_time() - before[0], time.perf_counter() - before[1]))
    return 1000 * np.median(spent[3:], axis=0)


if __name__ == "__main__":
    main()
