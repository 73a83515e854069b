"""Parts that several architectures share: dropout, convolutions, stitched branches, heads."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor, nn

from seldbench.errors import near

Stitching = Literal["sequential", "parallel"]

# What a SELD head ends in. "sed_doa": a branch of its own for the first quarter of the outputs
# (activities, as logits), tanh for the rest (directions).
ACTIVATIONS = ("tanh", "none", "sed_doa")
TANH: Mapping[str, str] = MappingProxyType({})  # all heads


class Dropout(nn.Dropout):
    """nn.Dropout; on a CPU from 16 random bits an element, which takes a fifth of the time (dropout
    was a quarter of a training step). The probability is thereby rounded to 1/65536."""

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> the same"""
        if not self.training or x.device.type != "cpu" or self.p in (0, 1):
            return super().forward(x)
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        bits = words.view(torch.int16)[: x.numel()].as_strided(
            x.shape, torch.empty_like(x).stride()
        )
        kept = bits >= round(self.p * 2**16) - 2**15
        return x * kept.to(x.dtype).div_(1 - self.p)


class DoubleConv(nn.Sequential):
    """Twice convolution 3 x 3, batch norm, ReLU; then an average pool.

    Source, of the first weights too: yinkalario/EIN-SELD, seld/methods/utils/model_utilities.py.
    """

    def __init__(self, channels: int, width: int, pool: tuple[int, int]) -> None:
        super().__init__(
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(pool),
        )
        for layer in self:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_uniform_(layer.weight)
            elif isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight, 1.0, 0.02)


class Stitch(nn.Module):
    """Two branches exchange what they hold, channel by channel, through learnt 2 x 2 matrices.

    how: "sequential", as published: the second branch reads the first as already stitched;
    "parallel": both read the branches as they came.
    """

    def __init__(self, width: int, how: Stitching) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, 2, 2).uniform_(0.1, 0.9))
        self.how = how

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, width, ...) twice -> the same"""
        w = self.weight.view(-1, 2, 2, *(1,) * (first.dim() - 2))
        stitched = w[:, 0, 0] * first + w[:, 0, 1] * second
        source = stitched if self.how == "sequential" else first
        return stitched, w[:, 1, 0] * source + w[:, 1, 1] * second


class StitchedConvs(nn.Module):
    """The convolutions of event-independent networks: a branch for activity, which reads the first
    four channels, and one for directions, which reads all; stitched after each block but the last.
    """

    SED_CHANNELS = 4  # the spectrograms of the four microphones or FOA components come first

    def __init__(
        self,
        channels: int,
        *,
        widths: Sequence[int],
        pools: Sequence[tuple[int, int]],
        stitch: Stitching,
    ) -> None:
        super().__init__()
        self.sed = _double_convs(self.SED_CHANNELS, widths, pools)
        self.doa = _double_convs(channels, widths, pools)
        self.stitches = nn.ModuleList(Stitch(width, stitch) for width in widths[:-1])

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, channels, frames, bins) -> activity and directions,
        (batch, width, frames / pools, bins / pools)"""
        sed, doa = features[:, : self.SED_CHANNELS], features
        for i, (sed_block, doa_block) in enumerate(zip(self.sed, self.doa)):
            sed, doa = sed_block(sed), doa_block(doa)
            if i < len(self.stitches):
                sed, doa = self.stitches[i](sed, doa)
        return sed, doa


class TrackHead(nn.Module):
    """A track's outputs: logits of the classes from the activity branch, x, y, z within tanh from
    the other. In float32 under autocast: a DOA is a regression."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.sed, self.doa = nn.Linear(width, size - 3), nn.Linear(width, 3)
        for linear in (self.sed, self.doa):
            nn.init.kaiming_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, sed: Tensor, doa: Tensor) -> Tensor:
        """(batch, label frames, width) twice -> (batch, label frames, classes + 3)"""
        with torch.autocast(sed.device.type, enabled=False):
            return torch.cat([self.sed(sed.float()), self.doa(doa.float()).tanh()], dim=-1)


class Branch(nn.Sequential):
    """Linear, dropout, Linear, perhaps tanh. No activation stands between the two layers: so it is
    in the DCASE SELD baselines."""

    def __init__(self, inputs: int, hidden: int, size: int, *, tanh: bool, dropout: float) -> None:
        layers = [nn.Linear(inputs, hidden), Dropout(dropout), nn.Linear(hidden, size)]
        super().__init__(*layers, *([nn.Tanh()] if tanh else []))


class TwoBranches(nn.Module):
    """Activity as logits and directions within tanh, each from a branch of its own."""

    def __init__(self, inputs: int, hidden: int, size: int, dropout: float) -> None:
        super().__init__()
        classes = _classes(size)
        self.sed = Branch(inputs, hidden, classes, tanh=False, dropout=dropout)
        self.doa = Branch(inputs, hidden, 3 * classes, tanh=True, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, label frames, inputs) -> (batch, label frames, classes + 3 * classes)"""
        return torch.cat([self.sed(x), self.doa(x)], dim=-1)


class Heads(nn.ModuleDict):
    """{head: its branch}. They compute in float32 under autocast: a DOA is a regression.

    Args:
        inputs, hidden: widths before and inside a branch.
        sizes: {head: outputs}.
        activations: {head: "tanh", "none" or "sed_doa"}; heads left out have tanh.

    Errors: ValueError for the activation of a head that is not there, or an unknown one.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        sizes: Mapping[str, int],
        *,
        activations: Mapping[str, str],
        dropout: float,
    ) -> None:
        super().__init__()
        _check(activations, sizes)
        for head, size in sizes.items():
            kind = activations.get(head, "tanh")
            if kind == "sed_doa":
                self[head] = TwoBranches(inputs, hidden, size, dropout)
            else:
                self[head] = Branch(inputs, hidden, size, tanh=kind == "tanh", dropout=dropout)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """(batch, label frames, inputs) -> {head: (batch, label frames, size)}"""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            return {head: branch(x) for head, branch in self.items()}


def only_head(sizes: Mapping[str, int], architecture: str) -> tuple[str, int]:
    """Name and size of the one head that an architecture of one head has.

    Errors: ValueError where there are several.
    """
    if len(sizes) != 1:
        raise ValueError(f"{architecture}: has one head, not {len(sizes)} ({', '.join(sizes)})")
    return next(iter(sizes.items()))


def track_size(size: int, tracks: int) -> int:
    """Outputs of one track: its classes and three coordinates.

    Errors: ValueError where so many outputs cannot be shared by the tracks.
    """
    if tracks < 1 or size % tracks or size // tracks < 4:
        raise ValueError(
            f"{size} outputs are not (classes + 3) for each of {tracks} tracks; give the"
            " architecture and the format as many tracks"
        )
    return size // tracks


def pooled(hop: float, bins: int, pools: Iterable[tuple[int, int]]) -> tuple[float, int]:
    """Hop and bins after so many pools of (frames, bins).

    Errors: ValueError where no bin is left.
    """
    for frames, width in pools:
        hop, bins = hop * frames, bins // width
    if bins == 0:
        raise ValueError("the pools leave no bins of the features: pool fewer bins")
    return hop, bins


def _double_convs(
    channels: int, widths: Sequence[int], pools: Sequence[tuple[int, int]]
) -> nn.ModuleList:
    if len(widths) != len(pools):
        raise ValueError(f"{len(widths)} widths but {len(pools)} pools; give one a block")
    inputs = (channels, *widths[:-1])
    return nn.ModuleList(DoubleConv(c, w, (p[0], p[1])) for c, w, p in zip(inputs, widths, pools))


def _classes(size: int) -> int:
    if size % 4:
        raise ValueError(f"a head sed_doa has 4 outputs a class (activity, x, y, z), not {size}")
    return size // 4


def _check(activations: Mapping[str, str], sizes: Mapping[str, int]) -> None:
    for head, kind in activations.items():
        if head not in sizes:
            raise ValueError(
                f"activations: no head {head!r}{near(head, sizes)}; heads: {', '.join(sizes)}"
            )
        if kind not in ACTIVATIONS:
            raise ValueError(
                f"activations: {head} = {kind!r}{near(kind, ACTIVATIONS)};"
                f" one of {', '.join(ACTIVATIONS)}"
            )
