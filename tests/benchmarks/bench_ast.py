"""A training step of AST base beside the official code's.

    python tests/benchmarks/bench_ast.py --official CHECKOUT --python PYTHON \
        [--batch 4] [--frames 1024] [--repeats 5] [--threads 1] [--device cpu] [--pieces]

CHECKOUT: YuanGongND/ast; PYTHON: an interpreter that has timm 0.4.5 and the same torch. Forward,
backward and Adam in float32 on the same batch of random frames, 527 classes; the two processes take
steps in turn, so that other work on the machine falls on both. Without --official, ours alone.
Prints the median and the best of the steps' seconds and their ratios; with --pieces also ours with
one thing at a time as in the official code: plain attention, a whole last block, plain Adam.
"""

import argparse
import os
import subprocess
import sys
import time
from functools import cached_property, partial
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent


class Official:
    """The official code in a process of its own."""

    def __init__(self, args):
        command = [args.python, HERE / "official_ast.py", args.official, args.batch, args.frames]
        command += [527, args.device, args.threads]
        environment = os.environ | {"OMP_NUM_THREADS": str(args.threads)}
        self.process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __call__(self):
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the official code ended; its message is above")
        return float(line)


class Ours:
    """`ast` in this process."""

    def __init__(self, args):
        import torch

        from seldbench.training.memory import keep_freed_memory
        from seldbench_baselines.architectures.ast import ARCHITECTURE

        keep_freed_memory()
        torch.set_num_threads(args.threads)
        torch.manual_seed(0)
        device = torch.device(args.device)
        network = ARCHITECTURE.build(
            channels=1, bins=128, hop=0.01, sizes={"tags": 527}, frames=args.frames
        )
        self.network = network.to(device).train()
        parameters = list(network.parameters())
        adam = partial(torch.optim.Adam, parameters, 1e-5, weight_decay=5e-7, betas=(0.95, 0.999))
        self.optimiser = adam(fused=True)
        self.plain_adam = adam  # built when asked for: it keeps two tensors a parameter
        self.loss = torch.nn.BCEWithLogitsLoss()
        self.features = torch.randn(args.batch, 1, args.frames, 128, device=device)
        self.target = (torch.rand(args.batch, 527, device=device) < 0.01).float()
        self.wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None

    def with_plain_attention(self):
        for block in self.network.encoder.blocks:
            block.attn.fused_attn = False
        seconds = self()
        for block in self.network.encoder.blocks:
            block.attn.fused_attn = True
        return seconds

    def with_a_whole_last_block(self):
        encoder = self.network.encoder
        encoder.of_clip = lambda features: encoder(features)[:, :2]
        seconds = self()
        del encoder.of_clip
        return seconds

    def with_plain_adam(self):
        fused, self.optimiser = self.optimiser, self.plain
        seconds = self()
        self.optimiser = fused
        return seconds

    @cached_property
    def plain(self):
        return self.plain_adam()

    def __call__(self):
        start = time.perf_counter()
        value = self.loss(self.network(self.features)["tags"], self.target)
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        self.optimiser.step()
        self.wait()
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--official", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--frames", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--pieces", action="store_true")
    args = parser.parse_args()
    ours = Ours(args)
    kinds = {"ours": ours}
    if args.official:
        kinds["official"] = Official(args)
    if args.pieces:
        kinds["plain attention"] = ours.with_plain_attention
        kinds["whole last block"] = ours.with_a_whole_last_block
        kinds["plain Adam"] = ours.with_plain_adam
    for step in kinds.values():
        step()  # the first one allocates
    times = {name: [] for name in kinds}
    for _ in range(args.repeats):
        for name, step in kinds.items():
            times[name].append(step())
    for name, seconds in times.items():
        of_medians = median(seconds) / median(times["ours"])
        of_bests = min(seconds) / min(times["ours"])
        print(
            f"{name:16}  median {median(seconds):7.3f} s  best {min(seconds):7.3f} s"
            f"  times ours {of_medians:.2f} {of_bests:.2f}"
        )


if __name__ == "__main__":
    main()
