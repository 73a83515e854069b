"""Cnn14 of PANNs up to its sixth block, which a tagger and a sound event network share.

Source: qiuqiangkong/audioset_tagging_cnn, pytorch/models.py; Kong et al. 2020, arXiv:1912.10211.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from seldbench_baselines.blocks import Dropout

WIDTHS = (64, 128, 256, 512, 1024, 2048)


class PannsBlock(nn.Module):
    """Twice convolution 3 x 3, batch norm, ReLU; then an average pool, and dropout."""

    def __init__(self, channels: int, width: int, *, pool: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _conv(channels, width),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            _conv(width, width),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        self.pool = pool
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, width, frames / pool, bins / pool)"""
        x = self.layers(x)
        return self.dropout(functional.avg_pool2d(x, self.pool) if self.pool > 1 else x)


class Cnn14(nn.Module):
    """Decibels -> what six blocks hear in steps of 32 frames.

    All blocks but the last halve frames and bins; what is left over at the end is dropped.

    Args:
        bins: of the features; each is normalised over batch and time by a batch norm.
        widths: channels of the blocks.
        dropout: after every block.

    Errors: ValueError for features of several channels, or of too few bins.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        *,
        widths: Sequence[int] = WIDTHS,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.frames = 2 ** (len(widths) - 1)  # of a step
        if channels != 1 or bins < self.frames:
            raise ValueError(
                f"Cnn14 hears one channel of at least {self.frames} bins, not {channels} of {bins}"
            )
        self.norm = nn.BatchNorm1d(bins)
        inputs = (1, *widths[:-1])
        pools = [2] * (len(widths) - 1) + [1]
        self.blocks = nn.Sequential(
            *(
                PannsBlock(c, w, pool=pool, dropout=dropout)
                for c, w, pool in zip(inputs, widths, pools)
            )
        )

    def forward(self, features: Tensor) -> Tensor:
        """(batch, 1, frames, bins) -> (batch, widths[-1], steps), the mean over bins"""
        if features.shape[2] < self.frames:
            raise ValueError(
                f"Cnn14 hears steps of {self.frames} frames, and was given {features.shape[2]}"
            )
        x = self.norm(features.squeeze(1).transpose(1, 2)).transpose(1, 2)  # (batch, frames, bins)
        return self.blocks(x.unsqueeze(1)).mean(3)


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A layer as PANNs starts it: Xavier uniform, no bias."""
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _conv(channels: int, width: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
    nn.init.xavier_uniform_(conv.weight)
    return conv
