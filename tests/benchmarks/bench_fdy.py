"""A training step of FDY-CRNN beside the official network's, in one process, by turns.

    python tests/benchmarks/bench_fdy.py --official CHECKOUT \
        [--clips 4] [--rounds 4] [--threads 1] [--pool-dim time]

CHECKOUT: frednam93/FDY-SED. Both are the network of configs/config.yaml on the CPU in float32, with
dropout, on the same noise of ten seconds a clip: forward, binary cross-entropy of frames and clips,
backward, a step of Adam. Ours has its channels last, as trainings have. Prints the best seconds of
each, and how often the official step would fit into the time of ours.
"""

import argparse
import importlib.util
import time
from pathlib import Path

import torch
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

from seldbench_baselines.architectures.fdy_crnn import ARCHITECTURE

FRAMES, BINS, CLASSES = 626, 128, 10


def official(checkout, pool_dim):
    """The network as configs/config.yaml has it."""
    spec = importlib.util.spec_from_file_location("fdy_sed", checkout / "utils" / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CRNN(
        n_input_ch=1,
        activation="cg",
        n_RNN_cell=256,
        attention="class",
        kernel=[3] * 7,
        pad=[1] * 7,
        stride=[1] * 7,
        n_filt=[32, 64, 128, 256, 256, 256, 256],
        pooling=[[2, 2], [2, 2], *[[1, 2]] * 5],
        pool_dim=pool_dim,
    )


def official_loss(network, x, strong, weak):
    frames, clip = network(x[:, 0].transpose(1, 2))
    frames = binary_cross_entropy(frames.transpose(1, 2), strong)
    return frames + 0.5 * binary_cross_entropy(clip, weak)


def own_loss(network, x, strong, weak):
    out = network(x.contiguous(memory_format=torch.channels_last))
    frames = binary_cross_entropy_with_logits(out["frames"], strong)
    return frames + 0.5 * binary_cross_entropy(out["clip"], weak)


def step(network, optimiser, loss, batch):
    """Seconds of one."""
    started = time.perf_counter()
    optimiser.zero_grad()
    loss(network, *batch).backward()
    optimiser.step()
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--official", type=Path)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pool-dim", default="time")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    batch = (
        torch.rand(given.clips, 1, FRAMES, BINS),
        torch.randint(0, 2, (given.clips, FRAMES // 4, CLASSES)).float(),
        torch.randint(0, 2, (given.clips, CLASSES)).float(),
    )
    sizes = {"frames": CLASSES, "clip": CLASSES}
    own = ARCHITECTURE.build(1, BINS, 0.016, sizes, pool_dim=given.pool_dim)
    rivals = {"ours": (own.to(memory_format=torch.channels_last), own_loss)}
    if given.official is not None:
        rivals["official"] = (official(given.official, given.pool_dim), official_loss)
    optimisers = {name: torch.optim.Adam(net.parameters()) for name, (net, _) in rivals.items()}
    seconds = {name: [] for name in rivals}
    for _ in range(given.rounds + 1):  # the first warms up
        for name, (network, loss) in rivals.items():
            seconds[name].append(step(network, optimisers[name], loss, batch))
    best = {name: min(times[1:]) for name, times in seconds.items()}
    for name, value in best.items():
        print(f"{name:9} {value:7.3f} s a step of {given.clips} clips")
    if "official" in best:
        print(f"official / ours: {best['official'] / best['ours']:.2f}")
    else:
        print("no --official checkout: nothing to compare with")


if __name__ == "__main__":
    main()
