"""A training step of AST base beside the official code's.

    python tests/benchmarks/bench_ast.py --official CHECKOUT --python PYTHON \
        [--batch 4] [--frames 1024] [--repeats 5] [--threads 1] [--device cpu]

CHECKOUT: YuanGongND/ast; PYTHON: an interpreter that has timm 0.4.5 and the same torch. Forward,
backward and Adam in float32 on the same batch of random frames, 527 classes; the two processes take
steps in turn, so that other work on the machine falls on both. Without --official, ours alone.
Prints the median and the best of the steps' seconds, their ratios, and ours piece by piece: with
plain attention, without the shorter last block, with memory given back to the kernel.
"""

import argparse
import os
import subprocess
import sys
import time
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
        self.optimiser = torch.optim.Adam(
            network.parameters(), 1e-5, weight_decay=5e-7, betas=(0.95, 0.999), fused=True
        )
        self.loss = torch.nn.BCEWithLogitsLoss()
        self.features = torch.randn(args.batch, 1, args.frames, 128, device=device)
        self.target = (torch.rand(args.batch, 527, device=device) < 0.01).float()
        self.wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None

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
    args = parser.parse_args()
    kinds = {"ours": Ours(args)}
    if args.official:
        kinds["official"] = Official(args)
    for step in kinds.values():
        step()  # the first one allocates
    times = {name: [] for name in kinds}
    for _ in range(args.repeats):
        for name, step in kinds.items():
            times[name].append(step())
    for name, seconds in times.items():
        print(f"{name:9} median {median(seconds):7.3f} s  best {min(seconds):7.3f} s")
    if args.official:
        of_medians = median(times["official"]) / median(times["ours"])
        of_bests = min(times["official"]) / min(times["ours"])
        print(f"official / ours: {of_medians:.2f} (medians), {of_bests:.2f} (bests)")


if __name__ == "__main__":
    main()
