"""SK-CRNN: the wide CRNN whose convolutions, from the second on, choose between two kernel sizes.

Zheng et al., ICASSP 2021 (improved mean teacher) publish neither code nor sizes. The unit is that
of selective-kernel networks, Li et al. 2019, arXiv:1903.06586; all else is the wide CRNN's.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench_baselines.gated import POOLS, WIDE, GatedCRNN, batch_norm, plain

DILATIONS = (1, 2)  # 3 x 3, and as wide as 5 x 5


class SelectiveKernel(nn.Module):
    """Convolutions 3 x 3 with different dilations, mixed channel by channel with weights that
    hear the clip through all of them.

    Args:
        reduction, narrowest: the weights' hidden layer has width / reduction units, no fewer than
            `narrowest`.
    """

    def __init__(
        self, channels: int, width: int, *, reduction: int, narrowest: int, bn_momentum: float
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, width, 3, padding=dilation, dilation=dilation),
                batch_norm(width, bn_momentum),
                nn.ReLU(inplace=True),
            )
            for dilation in DILATIONS
        )
        hidden = max(width // reduction, narrowest)
        self.squeeze = nn.Sequential(
            nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True)
        )
        self.select = nn.ModuleList(nn.Linear(hidden, width) for _ in DILATIONS)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, width, frames, bins)"""
        parts = [branch(x) for branch in self.branches]
        first, *others = (w[:, :, None, None] for w in self.weights(parts))
        mixed = parts[0] * first
        for part, weight in zip(parts[1:], others):
            mixed = torch.addcmul(mixed, part, weight)
        return mixed

    def weights(self, parts: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """(batch, width, frames, bins) each -> their weights, (batch, width) each; of a channel
        they sum to 1."""
        heard = self.squeeze(torch.stack([part.mean((2, 3)) for part in parts]).sum(0))
        logits = torch.stack([linear(heard) for linear in self.select])
        return logits.softmax(0).unbind()  # (batch, width) each


def sk_crnn(
    channels: int,
    bins: int,
    hop: float,
    sizes: Mapping[str, int],
    *,
    widths: Sequence[int] = WIDE,
    pools: Sequence[tuple[int, int]] = POOLS,
    gate: str = "cg",
    reduction: int = 16,
    narrowest: int = 32,
    hidden: int = 256,
    layers: int = 2,
    dropout: float = 0.5,
    bn_momentum: float = 0.99,
    clip: str = "attention_class",
) -> GatedCRNN:
    """A `GatedCRNN` whose first convolution is plain and whose others are selective kernels.

    Args:
        reduction, narrowest: of every `SelectiveKernel`.
        bn_momentum: of blocks and branches; that of the weights' hidden layers keeps 0.1.
        The others are `GatedCRNN`'s.

    Errors: ValueError in words for arguments that do not fit each other.
    """
    if reduction < 1 or narrowest < 1:
        raise ValueError(
            f"sk_crnn: the weights need a hidden layer, not reduction {reduction} and narrowest"
            f" {narrowest}: give whole numbers from 1 on"
        )

    def convolve(block: int, inputs: int, width: int) -> tuple[nn.Module, nn.Module]:
        if block == 0:
            return plain(inputs, width, bn_momentum)
        conv = SelectiveKernel(
            inputs, width, reduction=reduction, narrowest=narrowest, bn_momentum=bn_momentum
        )
        return conv, nn.Identity()  # its branches are normalised within

    return GatedCRNN(
        "sk_crnn",
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
    build=sk_crnn,
    source="Zheng et al., ICASSP 2021 (idea); Li et al. 2019, arXiv:1903.06586 (unit);"
    " frednam93/FDY-SED (all else)",
    notes="The design is ours: the paper's code and sizes are not public. 6,707,892 parameters with"
    " 10 classes. Frame outputs are logits (the sigmoid is the format's). Heads compute in float32"
    " under autocast.",
)
