"""What a training step of AST-SED keeps in memory, counted: weights, gradients, optimiser, teacher,
and what autograd saves for the backward pass, by batch size and with activation checkpointing.

    python tests/benchmarks/bench_memory.py [--batch 12] [--size base]

Tensors that autograd saves are counted once each by their storage, under bfloat16 autocast, for one
clip of 10 s, and scaled to the batch. It is no measurement of a GPU's allocator, whose fragments
and workspaces come on top.
"""

import argparse

import torch
from torch import nn

from seldbench import registry

FRAMES = 998  # of 10 s


class Saved:
    """Bytes that autograd keeps, each storage once; parameters apart."""

    def __init__(self, network: nn.Module) -> None:
        self.own = {p.untyped_storage().data_ptr() for p in network.parameters()}
        self.seen: dict[int, int] = {}

    def pack(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.own:
            self.seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    @property
    def bytes(self) -> int:
        return sum(self.seen.values())


def saved(network: nn.Module, clips: int) -> int:
    """Bytes saved by one forward pass."""
    counter = Saved(network)
    network.train()
    features = torch.randn(clips, 1, FRAMES, 128)
    with (
        torch.autograd.graph.saved_tensors_hooks(counter.pack, lambda t: t),
        torch.autocast("cpu", torch.bfloat16),
    ):
        outputs = network(features)
        total = sum(o.float().sum() for o in outputs.values())
    kept = counter.bytes
    del total, outputs
    return kept


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--size", default="base")
    arguments = parser.parse_args()
    build = registry.find("architectures", "ast_sed").build
    giga = 2**30
    print(f"ast_sed {arguments.size}, batch {arguments.batch}, bfloat16 autocast, GiB")
    for checkpoint in (False, True):
        sizes = {"frames": 10, "clip": 10}
        network = build(
            channels=1, bins=128, hop=0.01, sizes=sizes, size=arguments.size, checkpoint=checkpoint
        )
        weights = 4 * sum(p.numel() for p in network.parameters())
        # Weights and teacher, gradients, two moments of AdamW: 5; half of the weights cast once.
        fixed = 5 * weights + weights / 2
        one, two = saved(network, 1), saved(network, 2)
        activations = (two - one) * (arguments.batch - 1) + one
        print(
            f"checkpoint={checkpoint!s:5}  weights, teacher, gradients, AdamW {fixed / giga:.2f}"
            f"  activations {activations / giga:.2f}  sum {(fixed + activations) / giga:.2f}"
        )


if __name__ == "__main__":
    main()
