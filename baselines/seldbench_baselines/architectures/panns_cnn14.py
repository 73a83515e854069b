"""Cnn14 of PANNs as a tagger: six convolution blocks, pooled over time, two linear layers.

Source: qiuqiangkong/audioset_tagging_cnn, pytorch/models.py (Cnn14, Cnn14_16k); Kong et al. 2020,
arXiv:1912.10211.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench_baselines.blocks import Dropout, only_head
from seldbench_baselines.panns import WIDTHS, Cnn14, linear


class PannsCnn14(nn.Module):
    """Features -> clip logits.

    Args:
        channels, bins, hop: of the features.
        sizes: {head: classes}, one head.
        widths: channels of the blocks.
        dropout: after every block. head_dropout: before either linear layer.

    Errors: ValueError in words for several heads, and of `Cnn14`.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        widths: Sequence[int] = WIDTHS,
        dropout: float = 0.2,
        head_dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.head, classes = only_head(sizes, "panns_cnn14")
        self.encoder = Cnn14(channels, bins, widths=widths, dropout=dropout)
        self.hop = hop * self.encoder.frames
        self.dropout = Dropout(head_dropout)
        self.hidden = nn.Sequential(linear(widths[-1], widths[-1]), nn.ReLU(inplace=True))
        self.tags = linear(widths[-1], classes)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, 1, frames, bins) -> {head: logits (batch, classes)}"""
        x = self.encoder(features)  # (batch, widths[-1], steps)
        x = self.hidden(self.dropout(x.amax(2) + x.mean(2)))  # (batch, widths[-1])
        with torch.autocast(x.device.type, enabled=False):
            # The original returns the embedding after a second dropout and tags without it.
            return {self.head: self.tags(x.float())}


ARCHITECTURE = Architecture(
    build=PannsCnn14,
    source="Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn",
    notes="80,753,615 parameters with 527 classes. The spectrogram is the feature `logmel_panns`;"
    " SpecAugment and mixup are the recipe's. Tags are logits and compute in float32 under"
    " autocast.",
)
