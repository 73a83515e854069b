"""The convolutions of FB-CRNN and BiCRNN: some over time and frequency, some over time, pooled over
frequency alone; batch norm and ReLU come before each, and what skips layers skips both.

Source: fgnt/pb_sed, experiments/weak_label_crnn/training.py (sizes), with fgnt/padertorch,
contrib/je/modules/{conv,hybrid}.py (order of layers, first weights).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from seldbench.errors import near

Depth = Literal["shallow", "deep"]
EPSILON = 1e-3
MOMENTUM = 0.05  # of a batch, 0.95 of what was


@dataclass(frozen=True)
class Stack:
    """Layers in order. widths, kernels: of each. pools: layers after which bins are halved. skips:
    {layer: the later layer whose input its own is added to}."""

    widths: Sequence[int]
    kernels: Sequence[int]
    pools: frozenset[int] = frozenset()
    skips: Mapping[int, int] | None = None


def stacks(depth: Depth, base: int) -> tuple[Stack, Stack]:
    """Convolutions over time and frequency, and over time, `base` channels wide at first (16 times
    the published width) and 16 times as wide at last.

    Errors: ValueError for an unknown depth.
    """
    if depth == "shallow":
        widths = [base * n for n in (1, 1, 2, 2, 4, 4, 8, 8, 16)]
        flat = Stack(widths, [3] * 9, frozenset({1, 3, 5, 7}))
        return flat, Stack([16 * base] * 5, [1, 3, 3, 3, 1])
    if depth == "deep":
        widths = [base * n for n in (1, 2, 4, 8) for _ in range(4)] + [16 * base] * 2
        skips = {n: n + 2 for n in range(2, 16, 2)}
        flat = Stack(widths, [3, 1] * 9, frozenset({3, 7, 11, 15}), skips)
        return flat, Stack([16 * base] * 8, [1, 3, 1, 3, 1, 3, 1, 1], skips={1: 3, 3: 5, 5: 7})
    known = ("shallow", "deep")
    raise ValueError(f"no depth {depth!r}{near(depth, known)}; choose of: {', '.join(known)}")


class Layer(nn.Module):
    """Batch norm and ReLU (not before the first layer), convolution."""

    def __init__(self, inputs: int, width: int, kernel: int, *, dims: int, first: bool) -> None:
        super().__init__()
        self.norm = None if first else norm(inputs, dims)
        self.conv = conv(inputs, width, kernel, dims=dims, before_relu=True)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, ...) -> (batch, width, ...)"""
        return self.conv(x if self.norm is None else self.norm(x).relu())


class Convs(nn.Module):
    """A Stack of layers, batch norm and ReLU at its end."""

    def __init__(self, inputs: int, stack: Stack, *, dims: int) -> None:
        super().__init__()
        self.pools, self.skips = stack.pools, dict(stack.skips or {})
        widths = [inputs, *stack.widths]
        self.layers = nn.ModuleList(
            Layer(widths[i], widths[i + 1], kernel, dims=dims, first=i == 0)
            for i, kernel in enumerate(stack.kernels)
        )
        self.bridges = nn.ModuleDict(
            {
                str(start): conv(widths[start], widths[end], 1, dims=dims, before_relu=False)
                for start, end in self.skips.items()
                if widths[start] != widths[end]
            }
        )
        self.norm = norm(widths[-1], dims)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, frames[, bins]) -> (batch, width, frames[, bins / 2 ^ pools])"""
        waiting: dict[int, Tensor] = {}
        for i, layer in enumerate(self.layers):
            if i in self.skips:
                key = str(i)
                waiting[self.skips[i]] = self.bridges[key](x) if key in self.bridges else x
            x = layer(x)
            if i + 1 in waiting:
                x = x + waiting.pop(i + 1)
            if i in self.pools:
                x = nn.functional.max_pool2d(x, (1, 2))
        return self.norm(x).relu()


class HybridCNN(nn.Module):
    """Features, and perhaps tags, to a sequence of frames.

    Args:
        channels, bins: of the features.
        tags: further channels that are the same in every frame and bin: appended to the input of
            both stacks.
        depth, base: see `stacks`.

    Errors: ValueError for an unknown depth, or features of too few bins.
    """

    def __init__(
        self, channels: int, bins: int, *, tags: int = 0, depth: Depth = "shallow", base: int = 16
    ) -> None:
        super().__init__()
        flat, long = stacks(depth, base)
        left = bins // 2 ** len(flat.pools)
        if left == 0:
            raise ValueError(f"{len(flat.pools)} pools leave none of {bins} bins")
        self.over_bins = Convs(channels + tags, flat, dims=2)
        self.over_time = Convs(left * flat.widths[-1] + tags, long, dims=1)
        self.width = long.widths[-1]

    def forward(self, features: Tensor, tags: Tensor | None = None) -> Tensor:
        """(batch, channels, frames, bins), (batch, tags) -> (batch, frames, width)"""
        x = self.over_bins(with_tags(features, tags))  # (batch, width, frames, bins / 2 ^ pools)
        x = x.transpose(2, 3).flatten(1, 2)  # (batch, width * bins / 2 ^ pools, frames)
        return self.over_time(with_tags(x, tags)).transpose(1, 2)


class Output(nn.Sequential):
    """Of every frame: Linear, batch norm, ReLU, Linear; as convolutions of one frame."""

    def __init__(self, inputs: int, hidden: int, size: int) -> None:
        super().__init__(
            conv(inputs, hidden, 1, dims=1, before_relu=True),
            norm(hidden, 1),
            nn.ReLU(),
            conv(hidden, size, 1, dims=1, before_relu=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, inputs) -> logits (batch, frames, size), float32 under autocast too"""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float().transpose(1, 2)).transpose(1, 2)


def conv(inputs: int, width: int, kernel: int, *, dims: int, before_relu: bool) -> nn.Module:
    """A convolution that keeps its input's size. First weights: He's before a ReLU, else Glorot's;
    bias 0."""
    made = (nn.Conv2d if dims == 2 else nn.Conv1d)(inputs, width, kernel, padding=kernel // 2)
    if before_relu:
        nn.init.kaiming_uniform_(made.weight, nonlinearity="relu")
    else:
        nn.init.xavier_uniform_(made.weight)
    assert made.bias is not None
    nn.init.zeros_(made.bias)
    return made


def norm(width: int, dims: int) -> nn.Module:
    """Batch norm as all of these networks have it. Deviation: at test padertorch adds epsilon to
    the running variance twice; here it is added once, as both do in training."""
    kind = nn.BatchNorm2d if dims == 2 else nn.BatchNorm1d
    return kind(width, eps=EPSILON, momentum=MOMENTUM)


def with_tags(x: Tensor, tags: Tensor | None) -> Tensor:
    """(batch, channels, ...), (batch, tags) -> (batch, channels + tags, ...)"""
    if tags is None:
        return x
    shape = (*tags.shape, *x.shape[2:])
    wide = tags.to(x.dtype).reshape(*tags.shape, *(1,) * (x.dim() - 2)).expand(shape)
    return torch.cat([x, wide], dim=1)
