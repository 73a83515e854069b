"""What channels-last memory and narrower networks are worth in a training step of `crnn`.

    python tests/benchmarks/bench_channels_last.py [--batch 12] [--repeats 5] [--threads 1] \
        [--keep-memory]

Prints seconds of a supervised training step (forward, backward, Adam) on 10 s clips, contiguous and
channels last in turn, so that other work on the machine falls on both; of the features; and the
ratio of the medians.
"""

import argparse
import time
from statistics import median

import torch

from seldbench.features.logmel_desed import LogMelDesed
from seldbench.training.memory import keep_freed_memory
from seldbench_baselines.architectures.crnn import ARCHITECTURE

SIZES = {"frames": 10, "clip": 10}
VARIANTS = {
    "desed": {},
    "wide": {"widths": (32, 64, 128, 256, 256, 256, 256), "gate": "cg", "hidden": 256},
    "narrow": {"widths": (16, 16, 32, 32, 32, 32, 32), "hidden": 32},
    "narrower": {"widths": (8, 16, 32, 32, 32, 32, 32), "hidden": 32},
}


def step_of(variant, batch, memory_format):
    """A function that does one training step."""
    torch.manual_seed(0)
    model = ARCHITECTURE.build(channels=1, bins=128, hop=0.016, sizes=SIZES, **VARIANTS[variant])
    model = model.to(memory_format=memory_format)
    optimiser = torch.optim.Adam(model.parameters())
    features = torch.randn(batch, 1, 626, 128).contiguous(memory_format=memory_format)
    target = (torch.rand(batch, 156, 10) < 0.1).float()

    def step():
        optimiser.zero_grad(set_to_none=True)
        out = model(features)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(out["frames"], target)
        (loss + out["clip"].mean()).backward()
        optimiser.step()

    return step, sum(p.numel() for p in model.parameters())


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare_memory_formats(variant, batch, repeats):
    plain, parameters = step_of(variant, batch, torch.contiguous_format)
    last, _ = step_of(variant, batch, torch.channels_last)
    plain(), last()  # the first step allocates
    times = [(seconds(plain), seconds(last)) for _ in range(repeats)]
    a, b = median(t for t, _ in times), median(t for _, t in times)
    print(
        f"{variant:26} {parameters:9,} parameters  batch {batch}:  contiguous {a:6.2f} s"
        f"  channels last {b:6.2f} s  ratio {b / a:.2f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--keep-memory", action="store_true")
    arguments = parser.parse_args()
    if arguments.keep_memory:
        keep_freed_memory()
    torch.set_num_threads(arguments.threads)

    features, waves = LogMelDesed(), torch.randn(12, 1, 160000)

    def extract():
        spectrum = features.spectrum(waves)
        features.finish(spectrum, features.statistic(spectrum))

    extract()
    times = [seconds(extract) for _ in range(arguments.repeats)]
    print(f"features of 12 clips of 10 s: {1000 * median(times):.0f} ms")
    for variant in arguments.variants:
        compare_memory_formats(variant, arguments.batch, arguments.repeats)


if __name__ == "__main__":
    main()
