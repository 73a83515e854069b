"""A whole epoch of training beside the bare training step: what everything else costs.

    python tests/benchmarks/bench_epoch.py [--systems crnn,ast_sed_tiny,ast_sed_base] [--steps 4]
        [--rounds 3] [--threads 1] [--device cpu] [--precision auto] [--batch N] [--profile]

The bare step: forward, losses, backward and optimiser on one batch whose features are made
already. The epoch: the training loop with reading of sound files, targets, augmentations, features,
gradient clipping and the teacher's average, as recipes say it. Both take turns on noise in 10 s
files; printed are milliseconds a step of each, best of the rounds, and the median of the rounds'
ratios: of seconds, and of seconds of CPU (reading included, though it has a thread of its own; that
one holds on a busy machine too). `--profile` prints what the loop's main thread spends its time on.
"""

import argparse
import cProfile
import json
import pstats
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch

from seldbench.audio import AudioFile
from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.experiment.graph import keeps_spectra
from seldbench.experiment.preparing import Data, prepare
from seldbench.recipe import recipe_file, resolve
from seldbench.training.loop import LOG, Job, fit, make_optimiser
from seldbench.training.memory import keep_freed_memory

RATE = 16000
SPLITS = ("train/real", "train/synthetic", "train/weak", "train/unlabelled")
BASE = {"select": "last", "init.encoder": "none"}
SYSTEMS = {  # architecture, variant, settings
    "crnn": ("crnn", "desed", {"select": "last"}),
    "ast_sed_tiny": ("ast_sed", "small", {"select": "last"}),
    "ast_sed_base": ("ast_sed", "paper", BASE),
}


@dataclass
class Noise:
    """Signs the contract Dataset: noise of 10 s in files, with the splits and classes of DESED."""

    folder: Path
    clips_each: int
    name, task, grid, folds, simulated = "desed", "sed", None, 1, "noise"
    classes = (
        *("Alarm_bell_ringing", "Blender", "Cat", "Dishes", "Dog", "Electric_shaver_toothbrush"),
        *("Frying", "Running_water", "Speech", "Vacuum_cleaner"),
    )
    splits = (*SPLITS, "valid/weak", "valid/synthetic", "test")

    def __post_init__(self):
        draw = np.random.default_rng(0)
        for k in range(self.clips_each):
            wave = (draw.standard_normal(10 * RATE) * 3000).astype(np.int16)
            soundfile.write(self.folder / f"{k}.wav", wave, RATE, subtype="PCM_16")

    def clips(self, split, fold=0):
        return [
            Clip(
                f"{k}.wav",
                10.0,
                {"mono": AudioFile(self.folder / f"{k}.wav")},
                EventList([Event(1.0, 3.0 + k % 5, self.classes[k % 10])]),
                frozenset({self.classes[k % 10]}),
            )
            for k in range(self.clips_each)
        ]

    def fingerprint(self):
        return "noise"


class Bench:
    """One system, ready to be timed both ways."""

    def __init__(self, name, folder, given):
        arch, variant, settings = SYSTEMS[name]
        path = recipe_file(arch, "desed")
        extra = {"training.precision": given.precision, "training.epochs": 2}
        if given.batch:
            sizes = resolve(path, "desed", variant, settings).stage.batch
            extra["batch"] = dict.fromkeys(sizes, given.batch)
        recipe = resolve(path, "desed", variant, settings | extra)
        stage = recipe.stage
        sizes = [-(-n // len(g.split("+"))) for g, n in stage.batch.items()]
        noise = Noise(folder, given.steps * max(sizes))
        self.device = torch.device(given.device)
        self.prepared = prepare(recipe, stage, Data(noise), 0)
        self.prepared.assembly.to(self.device)
        for network in self.prepared.step.networks.values():
            network.to(self.device)
        if keeps_spectra(self.prepared, folder, self.device):
            self.prepared.assembly.windowing.store.open(folder / "spectra")
        self.training = stage.training.model_copy(update={"epochs": 1, "steps": given.steps})
        self.prepared.batches.steps = given.steps
        self.clips = sum(stage.batch.values())
        self.folder, self.steps = folder, given.steps
        draw = torch.Generator().manual_seed(0)
        self.batch = next(self.prepared.batches.epoch(1)).to(self.device)
        self.batch, views = self.prepared.hearing(self.batch, draw)
        self.views = [views(self.batch, view) for view in range(2)]

    def bare(self):
        """Seconds a step, and of CPU."""
        step, dtype = self.prepared.step, self._dtype()
        optimiser = make_optimiser(self.training, step.networks["student"])
        for network in step.networks.values():
            network.train()
        self._wait()
        started, used = time.perf_counter(), time.process_time()
        for _ in range(self.steps):
            optimiser.zero_grad()
            with torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32):
                terms = step.losses(self.batch, lambda part, view: self.views[view], 1)
            torch.stack(list(terms.values())).sum().backward()
            optimiser.step()
        self._wait()
        return self._a_step(time.perf_counter() - started, time.process_time() - used)

    def epoch(self, number):
        """Seconds a step, and of CPU."""
        folder = self.folder / f"run{number}"
        folder.mkdir()
        used = time.process_time()
        fit(
            Job(
                training=self.training,
                step=self.prepared.step,
                batches=self.prepared.batches,
                inputs=self.prepared.hearing,
                validate=None,
                folder=folder,
                seed=number,
                device=self.device,
                progress=self,
            )
        )
        seconds = json.loads((folder / LOG).read_text())["seconds"]
        return self._a_step(seconds, self.used - used)

    def advance(self, task, done, total, note=""):
        """The end of a step; what is saved after the last one is no part of the epoch."""
        self.used = time.process_time()

    def say(self, line):
        pass

    def _a_step(self, seconds, of_cpu):
        return seconds / self.steps, of_cpu / self.steps

    def _dtype(self):
        if self.training.precision == "bf16" or self.device.type == "cuda":
            return torch.bfloat16
        return torch.float32

    def _wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def profiled(bench):
    profile = cProfile.Profile()
    profile.enable()
    bench.epoch(999)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(18)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto")
    parser.add_argument(
        "--batch", type=int, help="clips of each group; the recipe's where left out"
    )
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    keep_freed_memory()
    for name in given.systems.split(","):
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(name, Path(folder), given)
            if given.profile:
                profiled(bench)
            bench.bare(), bench.epoch(0)
            rounds = [(bench.bare(), bench.epoch(k)) for k in range(1, given.rounds + 1)]
        bare, epoch = (1000 * min(of)[0] for of in zip(*rounds))
        ratios = [statistics.median(e[i] / b[i] for b, e in rounds) for i in range(2)]
        print(
            f"{name:14} {bench.clips:3} clips a step: bare {bare:8.1f} ms,"
            f" epoch {epoch:8.1f} ms, ratio {ratios[0]:.3f}, of CPU {ratios[1]:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
