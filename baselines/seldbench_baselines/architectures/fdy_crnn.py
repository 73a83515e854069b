"""FDY-CRNN: the wide CRNN whose convolutions, from the second on, weigh basis kernels anew at every
frequency.

Source: Nam et al. 2022, arXiv:2203.15296; frednam93/FDY-SED, utils/model.py and
configs/config.yaml.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench_baselines.clip_pooling import check_choice
from seldbench_baselines.gated import POOLS, WIDE, GatedCRNN, batch_norm, plain

POOL_DIMS = ("time", "freq", "both")


class KernelWeights(nn.Module):
    """How much each basis kernel counts, from the input averaged over `pool_dim`: softmax of
    logits divided by a temperature, which keeps all kernels learning."""

    def __init__(self, channels: int, kernels: int, *, temperature: float, pool_dim: str) -> None:
        super().__init__()
        hidden = max(channels // 4, 4)
        self.temperature = temperature
        self.over = {"time": (2,), "freq": (3,), "both": (2, 3)}[pool_dim]
        if pool_dim == "both":
            self.layers = nn.Sequential(
                nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, kernels)
            )
            return
        squeeze = nn.Conv1d(channels, hidden, 3, padding=1, bias=False)
        weigh = nn.Conv1d(hidden, kernels, 1)
        for layer in (squeeze, weigh):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(cast(Tensor, weigh.bias))
        self.layers = nn.Sequential(squeeze, nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), weigh)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, kernels, 1, frames, bins), where what was
        averaged over is 1"""
        logits = self.layers(x.mean(self.over))  # (batch, kernels, bins), for pool_dim "time"
        weights = (logits / self.temperature).softmax(1)[:, :, None]
        for axis in self.over:
            weights = weights.unsqueeze(axis + 1)
        return weights


class DynamicConv(nn.Module):
    """Convolution 3 x 3 with a mixture of basis kernels; without bias.

    Args:
        kernels: basis kernels.
        temperature, pool_dim: of their weights; "time": a mixture for every bin (FDY), "freq": for
            every frame (TDY), "both": for every clip (DY).
    """

    def __init__(
        self, channels: int, width: int, *, kernels: int, temperature: float, pool_dim: str
    ) -> None:
        super().__init__()
        self.weights = KernelWeights(channels, kernels, temperature=temperature, pool_dim=pool_dim)
        self.kernels = kernels
        # One after the other: five axes could not be laid out with channels last.
        self.basis = nn.Parameter(torch.empty(kernels * width, channels, 3, 3))
        nn.init.kaiming_normal_(self.basis)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, width, frames, bins)"""
        # A mixture's output is the mixture of outputs: all kernels convolve at once.
        parts = nn.functional.conv2d(x, self.basis, padding=1)
        parts = parts.unflatten(1, (self.kernels, -1))  # (batch, kernels, width, frames, bins)
        return (parts * self.weights(x)).sum(1)


def fdy_crnn(
    channels: int,
    bins: int,
    hop: float,
    sizes: Mapping[str, int],
    *,
    widths: Sequence[int] = WIDE,
    pools: Sequence[tuple[int, int]] = POOLS,
    gate: str = "cg",
    kernels: int = 4,
    temperature: float = 31.0,
    pool_dim: str = "time",
    hidden: int = 256,
    layers: int = 2,
    dropout: float = 0.5,
    bn_momentum: float = 0.99,
    clip: str = "attention_class",
) -> GatedCRNN:
    """A `GatedCRNN` whose first convolution is plain and whose others are dynamic.

    Args:
        kernels, temperature, pool_dim: of every `DynamicConv`.
        bn_momentum: of the blocks' batch norms; that of the kernels' weights keeps 0.1.
        The others are `GatedCRNN`'s.

    Errors: ValueError in words for arguments that do not fit each other.
    """
    check_choice("fdy_crnn", "pool_dim", pool_dim, POOL_DIMS)
    if kernels < 1 or temperature <= 0:
        raise ValueError(
            f"fdy_crnn: {kernels} kernels at temperature {temperature:g}: give at least one kernel"
            " and a temperature above 0"
        )

    def convolve(block: int, inputs: int, width: int) -> tuple[nn.Module, nn.Module]:
        if block == 0:
            return plain(inputs, width, bn_momentum)
        conv = DynamicConv(
            inputs, width, kernels=kernels, temperature=temperature, pool_dim=pool_dim
        )
        return conv, batch_norm(width, bn_momentum)

    return GatedCRNN(
        "fdy_crnn",
        channels,
        bins,
        hop,
        sizes,
        convolve=convolve,
        widths=widths,
        pools=pools,
        gate=gate,
        hidden=hidden,
        layers=layers,
        dropout=dropout,
        clip=clip,
    )


ARCHITECTURE = Architecture(
    build=fdy_crnn,
    source="Nam et al. 2022, arXiv:2203.15296; frednam93/FDY-SED",
    notes="Frame outputs are logits (the sigmoid is the format's). Heads compute in float32 under"
    " autocast.",
)
