"""The CRNN of the DESED task: gated convolution blocks, a bidirectional GRU, frame and clip heads.

`crnn`, `fdy_crnn` and `sk_crnn` differ in what convolves within a block. Sources:
DCASE-REPO/DESED_task, desed_task/nnet; frednam93/FilterAugSED and FDY-SED, utils/model.py.
"""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional

from seldbench_baselines.blocks import Dropout, pooled
from seldbench_baselines.clip_pooling import (
    CLIP_POOLINGS,
    check_choice,
    check_heads,
    frames_and_clip,
)

# Block, channels, width -> its convolution and what normalises that.
Convolve = Callable[[int, int, int], tuple[nn.Module, nn.Module]]

POOLS = ((2, 2), (2, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2))
WIDE = (32, 64, 128, 256, 256, 256, 256)


class GatedLinear(nn.Module):
    """linear(x) * sigmoid(x) over channels: what the DESED baseline calls GLU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width, frames, bins) -> the same"""
        return _over_channels(self.linear, x) * x.sigmoid()


class ContextGate(nn.Module):
    """x * sigmoid(linear(x)) over channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width, frames, bins) -> the same"""
        return x * _over_channels(self.linear, x).sigmoid()


GATES: Mapping[str, Callable[[int], nn.Module]] = {"glu": GatedLinear, "cg": ContextGate}


class Block(nn.Module):
    """Convolution, norm, gate, dropout, average pool."""

    def __init__(
        self,
        conv: nn.Module,
        norm: nn.Module,
        gate: nn.Module,
        *,
        dropout: float,
        pool: tuple[int, int],
    ) -> None:
        super().__init__()
        self.conv, self.norm, self.gate = conv, norm, gate
        self.dropout = Dropout(dropout)
        self.pool = nn.AvgPool2d(pool)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, width, frames / pool, bins / pool)"""
        return self.pool(self.dropout(self.gate(self.norm(self.conv(x)))))


class GatedCRNN(nn.Module):
    """Features -> frame logits and clip probabilities.

    Args:
        name: the architecture's, for what it refuses.
        bins, hop: of the features, whose channels are `channels`.
        sizes: {"frames": classes, "clip": classes}; without "clip" there is no clip pooling.
        convolve: makes a block's convolution and what normalises it.
        widths: channels of the convolution blocks.
        pools: (frames, bins) that each block averages.
        gate: "glu" or "cg".
        hidden, layers: of the GRU, per direction.
        dropout: after each block and before the heads.
        clip: "attention_class", "attention_time" or "linear_softmax".

    Errors: ValueError in words for arguments that do not fit each other.
    """

    def __init__(
        self,
        name: str,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        convolve: Convolve,
        widths: Sequence[int],
        pools: Sequence[tuple[int, int]],
        gate: str,
        hidden: int,
        layers: int,
        dropout: float,
        clip: str,
    ) -> None:
        super().__init__()
        check_heads(name, sizes, clip)
        check_choice(name, "gate", gate, GATES)
        if len(widths) != len(pools):
            raise ValueError(
                f"{name}: {len(widths)} widths but {len(pools)} pools; give one a block"
            )
        self.hop, bins = pooled(hop, bins, pools)
        blocks = []
        for index, (width, (time_pool, bin_pool)) in enumerate(zip(widths, pools)):
            conv, norm = convolve(index, channels, width)
            gated = GATES[gate](width)
            blocks.append(Block(conv, norm, gated, dropout=dropout, pool=(time_pool, bin_pool)))
            channels = width
        self.blocks = nn.Sequential(*blocks)
        self.gru = nn.GRU(channels * bins, hidden, layers, batch_first=True, bidirectional=True)
        self.dropout = Dropout(dropout)
        self.frames = nn.Linear(2 * hidden, sizes["frames"])
        self.clip = CLIP_POOLINGS[clip](2 * hidden, sizes["clip"]) if "clip" in sizes else None

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> frames: logits (batch, label frames, classes),
        clip: probabilities (batch, classes)"""
        x = self.blocks(features)  # (batch, width, label frames, bins / pools)
        x, _ = self.gru(x.transpose(1, 2).flatten(2))  # (batch, label frames, 2 * hidden)
        return frames_and_clip(self.dropout(x), self.frames, self.clip)


def plain(channels: int, width: int, bn_momentum: float) -> tuple[nn.Module, nn.Module]:
    """A convolution 3 x 3 and its batch norm."""
    return nn.Conv2d(channels, width, 3, padding=1), batch_norm(width, bn_momentum)


def batch_norm(width: int, momentum: float) -> nn.BatchNorm2d:
    """The blocks' batch norm: eps 1e-3. A momentum of 0.99, as published, makes the running
    statistics those of the last batch."""
    return nn.BatchNorm2d(width, eps=1e-3, momentum=momentum)


def _over_channels(linear: nn.Linear, x: Tensor) -> Tensor:
    # With channels last in memory neither permutation copies.
    return functional.linear(x.permute(0, 2, 3, 1), linear.weight, linear.bias).permute(0, 3, 1, 2)
