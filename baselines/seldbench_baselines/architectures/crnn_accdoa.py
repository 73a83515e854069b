"""CRNN-ACCDOA: three convolutions, two bidirectional GRUs whose directions are multiplied, one
branch a head. Its wide form is the "Baseline-Large" of M2M-AST.

Source: sharathadavanne/seld-dcase2021, keras_model.py and parameter.py (with two branches and
without dropout seld-dcase2020); Shimada et al. 2021, arXiv:2010.15306; Park et al. 2021, DCASE
workshop (Baseline-Large).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from seldbench.contracts import Architecture
from seldbench_baselines.blocks import TANH, Dropout, Heads, pooled

POOLS = ((5, 4), (1, 4), (1, 2))


class FrequencyNorm(nn.BatchNorm1d):
    """Batch norm with statistics and weights by frequency, not by channel.

    The baseline's batch norm runs over the last axis, Keras' default; its data have channels first,
    and so that axis is frequency. Epsilon and momentum are Keras' too (its momentum 0.99 is 0.01
    here).
    """

    def __init__(self, bins: int) -> None:
        super().__init__(bins, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> the same"""
        batch, _, frames, _ = x.shape
        # With channels last in memory neither permutation copies.
        x = super().forward(x.permute(0, 2, 3, 1).flatten(0, 1))  # (batch * frames, bins, channels)
        return x.unflatten(0, (batch, frames)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """Convolution 3 x 3, batch norm over frequency, ReLU, max pool, dropout."""

    def __init__(
        self,
        channels: int,
        width: int,
        bins: int,
        *,
        pool: tuple[int, int],
        dropout: float,
        checkpointing: bool,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.norm = FrequencyNorm(bins)
        self.pool = nn.MaxPool2d(pool)
        self.dropout = Dropout(dropout)
        self.checkpointing = checkpointing

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, width, frames / pool, bins / pool)"""
        if self.checkpointing and self.training and torch.is_grad_enabled():
            return checkpoint(self._compute, x, use_reentrant=False, context_fn=self._contexts)
        return self._compute(x)

    def _compute(self, x: Tensor) -> Tensor:
        # The ReLU after the maximum: the same numbers from a twentieth of the elements.
        return self.dropout(self.pool(self.norm(self.conv(x))).relu())

    def _contexts(self) -> tuple[AbstractContextManager, AbstractContextManager]:
        # Running statistics follow the first of the two computations only.
        return nullcontext(), self._statistics_kept()

    @contextmanager
    def _statistics_kept(self) -> Iterator[None]:
        counter = self.norm.get_buffer("num_batches_tracked")
        momentum, seen = self.norm.momentum, counter.clone()
        self.norm.momentum = 0.0
        try:
            yield
        finally:
            self.norm.momentum = momentum
            counter.copy_(seen)


class ProductGRU(nn.Module):
    """A bidirectional GRU of one layer whose two directions are multiplied.

    Its inputs are dropped with one mask for all frames, as in Keras. Keras drops the recurrent
    state too (by as much); that cannot be had in a fused GRU and is left out.
    """

    def __init__(self, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout1d(dropout)
        self.gru = nn.GRU(inputs, hidden, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, inputs) -> (batch, frames, hidden)"""
        x, _ = self.gru(self.dropout(x.transpose(1, 2)).transpose(1, 2))
        forward, backward = x.chunk(2, dim=-1)
        return forward * backward


class CRNNAccdoa(nn.Module):
    """Features -> Cartesian directions whose lengths are activities, or other SELD outputs.

    Args:
        channels, bins, hop: of the features.
        sizes: {head: outputs}.
        width: channels of the convolutions; 64 as published, 3152 for 184 million parameters
            (batch norm by frequency: 168 statistics at any width).
        pools: (frames, bins) that each block's maximum is of.
        hidden: of the GRUs, per direction, and of the heads.
        layers: how many GRUs.
        dropout: after each block, before each GRU and in the heads.
        activations: {head: "tanh", "none" or "sed_doa" (logits of activities from a branch of their
            own, then directions within tanh)}; heads left out have tanh.
        checkpointing: compute the blocks again in the backward pass instead of keeping their
            activations; for wide networks.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        width: int = 64,
        pools: Sequence[tuple[int, int]] = POOLS,
        hidden: int = 128,
        layers: int = 2,
        dropout: float = 0.05,
        activations: Mapping[str, str] = TANH,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.hop = hop
        self.blocks = nn.Sequential()
        for pool in pools:
            block = Block(
                channels,
                width,
                bins,
                pool=(pool[0], pool[1]),
                dropout=dropout,
                checkpointing=checkpointing,
            )
            self.blocks.append(block)
            channels = width
            self.hop, bins = pooled(self.hop, bins, [pool])
        inputs = [width * bins, *[hidden] * (layers - 1)]
        self.grus = nn.ModuleList(ProductGRU(n, hidden, dropout) for n in inputs)
        self.heads = Heads(hidden, hidden, sizes, activations=activations, dropout=dropout)
        self.apply(_initialise)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> {head: (batch, label frames, size)}"""
        x = self.blocks(features)  # (batch, width, label frames, bins / pools)
        x = x.transpose(1, 2).flatten(2)  # (batch, label frames, width * bins / pools)
        for gru in self.grus:
            x = gru(x)  # (batch, label frames, hidden)
        return self.heads(x)


def _initialise(module: nn.Module) -> None:
    # As Keras does: Glorot uniform, orthogonal recurrent matrices, no biases.
    for name, parameter in module.named_parameters(recurse=False):
        if isinstance(module, nn.BatchNorm1d):
            continue
        if "bias" in name:
            nn.init.zeros_(parameter)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(parameter)
        else:
            nn.init.xavier_uniform_(parameter)


ARCHITECTURE = Architecture(
    build=CRNNAccdoa,
    source="sharathadavanne/seld-dcase2021 (DCASE 2021 task 3 baseline); arXiv:2010.15306",
    notes="495,564 parameters (7 channels of 64 bins, ACCDOA of 12 classes) where Keras counts"
    " 494,028: a fused GRU has two biases a gate, Keras' form (reset_after off) one. That form also"
    " applies the reset gate before the recurrent matrix, a fused GRU after it. No recurrent"
    " dropout, for the same reason.",
)
