"""CRNN: seven gated convolution blocks, a bidirectional GRU, frame and clip outputs.

Source: DCASE-REPO/DESED_task, desed_task/nnet (the DCASE 2021-2023 task 4 baseline, the defaults
here); frednam93/FilterAugSED, utils/model.py (wider, context gating). Linear softmax: Wang et al.
2019, arXiv:1810.09050.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from seldbench.contracts import Architecture
from seldbench.errors import near
from seldbench_baselines.blocks import Dropout

HEADS = ("frames", "clip")
POOLS = ((2, 2), (2, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2))


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
    """Convolution 3 x 3, batch norm, gate, dropout, average pool."""

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        pool: tuple[int, int],
        gate: str,
        dropout: float,
        bn_momentum: float,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width, eps=1e-3, momentum=bn_momentum)
        self.gate = GATES[gate](width)
        self.dropout = Dropout(dropout)
        self.pool = nn.AvgPool2d(pool)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, width, frames / pool, bins / pool)"""
        return self.pool(self.dropout(self.gate(self.norm(self.conv(x)))))


class Attention(nn.Module):
    """Frame probabilities averaged with weights of their own, softmax over classes or over time."""

    def __init__(self, inputs: int, classes: int, over: str) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, classes)
        self.axis = {"class": -1, "time": -2}[over]

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """(batch, frames, inputs), probabilities (batch, frames, classes) -> (batch, classes)"""
        weights = self.linear(x).softmax(self.axis).clamp(1e-7, 1)
        return (frames * weights).sum(1) / weights.sum(1)


class LinearSoftmax(nn.Module):
    """Frame probabilities averaged with themselves as weights."""

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """(batch, frames, inputs), probabilities (batch, frames, classes) -> (batch, classes)"""
        return ((frames**2).sum(1) / (frames.sum(1) + 1e-12)).clamp(1e-7, 1)


CLIP_POOLINGS: Mapping[str, Callable[[int, int], nn.Module]] = {
    "attention_class": lambda inputs, classes: Attention(inputs, classes, "class"),
    "attention_time": lambda inputs, classes: Attention(inputs, classes, "time"),
    "linear_softmax": lambda inputs, classes: LinearSoftmax(),
}


class CRNN(nn.Module):
    """Features -> frame logits and clip probabilities.

    Args:
        channels, bins, hop: of the features.
        sizes: {"frames": classes, "clip": classes}; without "clip" there is no clip pooling.
        widths: channels of the convolution blocks.
        pools: (frames, bins) that each block averages.
        gate: "glu" or "cg".
        hidden, layers: of the GRU, per direction.
        dropout: after each block and before the heads.
        bn_momentum: 0.99, as published, makes the running statistics those of the last batch.
        clip: "attention_class", "attention_time" or "linear_softmax".
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        widths: Sequence[int] = (16, 32, 64, 128, 128, 128, 128),
        pools: Sequence[tuple[int, int]] = POOLS,
        gate: str = "glu",
        hidden: int = 128,
        layers: int = 2,
        dropout: float = 0.5,
        bn_momentum: float = 0.99,
        clip: str = "attention_class",
    ) -> None:
        super().__init__()
        _check(sizes, widths=widths, pools=pools, gate=gate, clip=clip)
        self.hop = hop
        blocks = []
        for width, (time_pool, bin_pool) in zip(widths, pools):
            block = Block(
                channels,
                width,
                pool=(time_pool, bin_pool),
                gate=gate,
                dropout=dropout,
                bn_momentum=bn_momentum,
            )
            blocks.append(block)
            channels, bins, self.hop = width, bins // bin_pool, self.hop * time_pool
        if bins == 0:
            raise ValueError(f"pools {pools} leave no bins of the features: pool fewer bins")
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
        x = self.dropout(x)
        # Probabilities close to 0 and 1 do not survive half precision.
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            logits = self.frames(x)
            if self.clip is None:
                return {"frames": logits}
            return {"frames": logits, "clip": self.clip(x, logits.sigmoid())}


def _over_channels(linear: nn.Linear, x: Tensor) -> Tensor:
    # With channels last in memory neither permutation copies.
    return functional.linear(x.permute(0, 2, 3, 1), linear.weight, linear.bias).permute(0, 3, 1, 2)


def _check(
    sizes: Mapping[str, int],
    *,
    widths: Sequence[int],
    pools: Sequence[tuple[int, int]],
    gate: str,
    clip: str,
) -> None:
    for what, name, known in (
        *(("head", head, HEADS) for head in sizes),
        ("gate", gate, GATES),
        ("clip pooling", clip, CLIP_POOLINGS),
    ):
        if name not in known:
            raise ValueError(f"crnn: no {what} {name!r}{near(name, known)}; has {', '.join(known)}")
    if "frames" not in sizes:
        raise ValueError("crnn: needs a head named 'frames'; its clip scores are pooled from it")
    if sizes.get("clip", sizes["frames"]) != sizes["frames"]:
        raise ValueError(f"crnn: the heads are of different classes: {dict(sizes)}")
    if len(widths) != len(pools):
        raise ValueError(f"crnn: {len(widths)} widths but {len(pools)} pools; give one a block")


ARCHITECTURE = Architecture(
    build=CRNN,
    source="DCASE-REPO/DESED_task (DCASE 2022 task 4 baseline); frednam93/FilterAugSED; "
    "arXiv:2110.03282",
    notes="Frame outputs are logits (the sigmoid is the format's). Heads compute in float32 under "
    "autocast.",
)
