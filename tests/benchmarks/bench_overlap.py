"""What rendering, features and targets of a batch cost beside the training step that hears them:
a Markdown table of the parts of `overlap_e2e`.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_overlap.py [--width 64] [--batch 16] \
        [--steps 3] [--scale tiny] [--threads 1]

Processor seconds, medians over steps; a batch is made before each step, in turns, so that others
that compute meanwhile slow down both. `data` is all that a batch needs: mixtures and targets
rendered, features finished, images encoded. Memory that was freed is kept, as in a training.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode

from seldbench.datasets import open_dataset
from seldbench.experiment.assembly import assemble, input_sizes, make_format
from seldbench.recipe import recipe_file, resolve
from seldbench.simulation.mixtures.simulating import simulate_mixtures
from seldbench.training.memory import keep_freed_memory

STAGES = ("ssl", "sss", "ssc", "pair_a", "pair_b", "whole")


class Work:
    """A stage's batches, and its steps."""

    def __init__(self, recipe, name, data, batch):
        torch.manual_seed(0)
        stage, classes = recipe.stages[name], data.classes
        self.assembly = assemble(stage, classes, 0, input_sizes(recipe, stage, classes))
        self.network = self.assembly.network.train()
        self.given = {
            name: make_format(name, source.truth, classes) for name, source in stage.inputs.items()
        }
        self.optimiser = torch.optim.Adam(self.network.parameters(), fused=True)
        self.clips, self.batch = data.clips("train"), batch

    def read(self, step):
        chosen = [self.clips[(step * self.batch + i) % len(self.clips)] for i in range(self.batch)]
        windowing, frames = self.assembly.windowing, self.assembly.frames
        waves = torch.stack([torch.from_numpy(windowing.cut(clip, 0.0)) for clip in chosen])
        spectrum = windowing.spectrum(waves)
        features = windowing.features.finish(spectrum, windowing.features.statistic(spectrum))
        features = features.contiguous(memory_format=torch.channels_last)

        def encoded(formats):
            return {
                name: torch.stack([f.encode(clip, 0.0, frames, windowing.grid) for clip in chosen])
                for name, f in formats.items()
            }

        return features, encoded(self.given), encoded(self.assembly.formats)

    def train(self, features, given, targets):
        self.optimiser.zero_grad()
        said = self.network(features, **given)
        losses = [
            self.assembly.formats[name].losses[head.loss](said[name], targets[name])
            for name, head in self.assembly.stage.heads.items()
        ]
        torch.stack(losses).sum().backward()
        self.optimiser.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--scale", default="tiny")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    keep_freed_memory()
    settings = {"model.width": given.width}
    recipe = resolve(recipe_file("overlap_e2e", "mix75-sim"), "mix75-sim", "overlapped", settings)
    with tempfile.TemporaryDirectory() as folder:
        simulate_mixtures(Path(folder), scale=given.scale, jobs=1)
        data = open_dataset("mix75-sim", Path(folder))
        print(f"width {given.width}, {given.batch} examples\n")
        print(
            "| | parameters | TFLOP | data, s | step, s | data / step |\n|---|---|---|---|---|---|"
        )
        for name in STAGES:
            print(row(name, Work(recipe, name, data, given.batch), given.steps), flush=True)


def row(name, work, steps):
    counter = FlopCounterMode(display=False)
    with counter:
        work.train(*work.read(0))
    reading, training = [], []
    for step in range(1, steps + 1):
        start = time.process_time()
        batch = work.read(step)
        between = time.process_time()
        work.train(*batch)
        reading.append(between - start)
        training.append(time.process_time() - between)
    data, own = median(reading), median(training)
    parameters = sum(p.numel() for p in work.network.parameters())
    flop = counter.get_total_flops() / 1e12
    return f"| {name} | {parameters:,} | {flop:.2f} | {data:.3f} | {own:.2f} | {data / own:.2f} |"


if __name__ == "__main__":
    main()
