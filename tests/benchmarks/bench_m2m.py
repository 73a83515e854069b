"""How much of a machine's own matrix products a training step of M2M-AST keeps busy.

    python tests/benchmarks/bench_m2m.py [--size base] [--batch 4] [--channels 7] [--frames 300] \
        [--tokens 30] [--dropout 0.1] [--precision float32] [--threads 2] [--repeats 5] \
        [--device cpu] [--profile]

Forward and backward of random features, in turns with plain matrix products of the shapes that a
block has and of the same precision (float32, or bf16 through autocast), so that other work on the
machine falls on both. Prints the rate of each, best and median, and the step's share of the
products' rate; with --profile where the step's time goes, and the share that the step would have
without dropout.

A step's operations are counted, not measured: a multiplication and an addition are two, of matrix
products alone (patches, the four layers and both products of attention of each block, the head);
the last block answers for the class tokens alone. Backwards costs twice as much as forwards, but
for the patches, whose input needs no gradient.
"""

import argparse
import time
from functools import partial
from statistics import median

PRECISIONS = {"float32": "float32", "bf16": "bfloat16"}
GROUPS = {
    "attention": ("scaled_dot_product",),
    "layers": ("addmm", "linear", "::mm", "matmul"),
    "patches": ("convolution", "conv2d"),
    "gelu": ("gelu",),
    "norms": ("layer_norm",),
    "dropout": ("random_", "bernoulli", "ge", "dropout"),
}


def forward_operations(model, channels, outputs):
    """Of one example: (all, those of the patches)."""
    tokens, width = model.cls_token.shape[1:]
    length = model.pos_embed.shape[1]
    pixels = model.patch_embed.proj.weight[0, 0].numel()
    patches = (length - tokens) * channels * pixels * width
    whole = 12 * length * width**2 + 2 * length**2 * width
    last = (2 * length + 10 * tokens) * width**2 + 2 * tokens * length * width
    products = patches + (len(model.blocks) - 1) * whole + last + tokens * width * outputs
    return 2 * products, 2 * patches


class Products:
    """Matrix products of a block's four shapes, for the rows that a batch has; over and over, to as
    many operations as a step has: both then see the same machine."""

    def __init__(self, torch, rows, width, args, operations):
        self.torch = torch
        made = {"device": args.device, "dtype": getattr(torch, PRECISIONS[args.precision])}
        shapes = [(width, 3 * width), (width, width), (width, 4 * width), (4 * width, width)]
        self.pairs = [(torch.randn(rows, a, **made), torch.randn(a, b, **made)) for a, b in shapes]
        self.out = [torch.empty(rows, b, **made) for _, b in shapes]
        once = 2 * rows * sum(a * b for a, b in shapes)
        self.times = max(1, round(operations / once))
        self.operations = self.times * once

    def __call__(self):
        for _ in range(self.times):
            for (left, right), out in zip(self.pairs, self.out):
                self.torch.mm(left, right, out=out)


class Step:
    """Forward and backward of a network in training mode."""

    def __init__(self, torch, args, dropout):
        from seldbench_baselines.architectures.m2m_ast import ARCHITECTURE

        torch.manual_seed(0)
        self.model = ARCHITECTURE.build(
            channels=args.channels,
            bins=128,
            hop=0.01,
            sizes={"frames": 36},
            size=args.size,
            frames=args.frames,
            tokens=args.tokens,
            dropout=dropout,
            output="tanh",
        )
        self.model = self.model.to(args.device).train()
        self.features = torch.randn(args.batch, args.channels, args.frames, 128, device=args.device)
        self.target = torch.zeros(args.batch, args.tokens, 36, device=args.device)
        self.loss = torch.nn.functional.mse_loss
        self.autocast = partial(
            torch.autocast, args.device, torch.bfloat16, enabled=args.precision == "bf16"
        )
        forward, patches = forward_operations(self.model, args.channels, 36)
        self.operations = args.batch * (3 * forward - patches)

    def __call__(self):
        self.model.zero_grad(set_to_none=True)
        with self.autocast():
            outputs = self.model(self.features)["frames"]
        self.loss(outputs, self.target).backward()


def seconds(work, wait):
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def profile(torch, step):
    """Prints seconds by kind of operation, each counted where it is called and not in its parts."""
    from torch.profiler import ProfilerActivity

    with torch.profiler.profile(activities=[ProfilerActivity.CPU]) as found:
        step()
    spent = dict.fromkeys([*GROUPS, "the rest"], 0.0)
    for event in found.key_averages():
        name = event.key.lower()
        kind = next((k for k, parts in GROUPS.items() if any(p in name for p in parts)), "the rest")
        spent[kind] += event.self_cpu_time_total / 1e6
    whole = sum(spent.values())
    for kind, value in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {kind:10} {value:7.3f} s  {value / whole:5.1%}")
    rows = sorted(found.key_averages(), key=lambda e: -e.self_cpu_time_total)[:16]
    for event in rows:
        print(f"    {event.key:50} {event.self_cpu_time_total / 1e6:7.3f} s  {event.count} calls")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", default="base")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--channels", type=int, default=7)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--tokens", type=int, default=30)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--precision", default="float32", choices=PRECISIONS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    import torch

    from seldbench.training.memory import keep_freed_memory

    keep_freed_memory()
    torch.set_num_threads(args.threads)
    wait = torch.cuda.synchronize if args.device == "cuda" else lambda: None
    step = Step(torch, args, args.dropout)
    length, width = step.model.pos_embed.shape[1:]
    products = Products(torch, args.batch * length, width, args, step.operations)
    kinds = {"matrix products": products, "training step": step}
    if args.profile:
        kinds["without dropout"] = Step(torch, args, 0.0)
    for work in kinds.values():
        work()  # the first one allocates
    times = {name: [] for name in kinds}
    for _ in range(args.repeats):
        for name, work in kinds.items():
            times[name].append(seconds(work, wait))
    best, middle = (
        {name: kinds[name].operations / of(values) / 1e9 for name, values in times.items()}
        for of in (min, median)
    )
    print(f"a step: {step.operations / 1e9:.0f} GFLOP, {args.batch} examples of {length} tokens")
    for name in kinds:
        print(
            f"{name:16}  best {best[name]:8.1f}  median {middle[name]:8.1f} GFLOP/s"
            f"  share of the products {best[name] / best['matrix products']:.0%},"
            f" {middle[name] / middle['matrix products']:.0%}"
        )
    if args.profile:
        profile(torch, step)


if __name__ == "__main__":
    main()
