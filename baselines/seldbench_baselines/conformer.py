"""Conformer: feed-forward, self-attention with relative positions, convolution, feed-forward.

Source: Gulati et al. 2020, arXiv:2005.08100; as Jinbo-Hu/DCASE2022-TASK3 uses it
(code/methods/utils/conformer, from sooftware/conformer), whose two departures from the paper are
kept because its results come from them:
- scores are divided by the root of the model's width, not of a head's;
- positions are encoded for the frames before only. The shift that aligns them with queries fills
  the frames behind with scores of the next query, and the very next frame with 0.
"""

import math

import torch
from torch import Tensor, nn


class FeedForward(nn.Sequential):
    """Layer norm, Linear, Swish, dropout, Linear, dropout."""

    def __init__(self, width: int, expansion: int, dropout: float) -> None:
        super().__init__(
            nn.LayerNorm(width),
            _linear(width, expansion * width),
            nn.SiLU(),
            nn.Dropout(dropout),
            _linear(expansion * width, width),
            nn.Dropout(dropout),
        )


class RelativeAttention(nn.Module):
    """Layer norm, self-attention whose scores add what is at a distance to what is like, dropout.

    Source of the scores: Dai et al. 2019, arXiv:1901.02860 (Transformer-XL).
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{width} channels cannot be shared by {heads} attention heads")
        self.heads, self.scale = heads, 1 / math.sqrt(width)
        self.norm = nn.LayerNorm(width)
        self.query, self.key, self.value = (_linear(width, width) for _ in range(3))
        self.position = _linear(width, width, bias=False)
        self.content_bias = nn.Parameter(torch.empty(heads, width // heads))
        self.position_bias = nn.Parameter(torch.empty(heads, width // heads))
        nn.init.xavier_uniform_(self.content_bias)
        nn.init.xavier_uniform_(self.position_bias)
        self.out = _linear(width, width)
        self.dropout, self.score_dropout = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, width) -> the same"""
        frames, width = x.shape[1:]
        x = self.norm(x)
        query, key, value = (
            layer(x).unflatten(-1, (self.heads, -1)) for layer in (self.query, self.key, self.value)
        )  # (batch, frames, heads, width / heads)
        table = sinusoids(frames, width, x.device).to(x.dtype)
        position = self.position(table).unflatten(-1, (self.heads, -1))  # (frames, heads, ...)
        content = torch.einsum("bqhd,bkhd->bhqk", query + self.content_bias, key)
        distance = torch.einsum("bqhd,khd->bhqk", query + self.position_bias, position)
        scores = (content + relative_shift(distance)) * self.scale  # (batch, heads, query, key)
        weights = self.score_dropout(scores.softmax(-1))
        x = torch.einsum("bhqk,bkhd->bqhd", weights, value).flatten(2)
        return self.dropout(self.out(x))


class Convolution(nn.Module):
    """Layer norm, pointwise, GLU, depthwise, batch norm, Swish, pointwise, dropout."""

    def __init__(self, width: int, kernel: int, dropout: float) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"a kernel of {kernel} frames has no middle; take an odd one")
        self.norm = nn.LayerNorm(width)
        self.convs = nn.Sequential(
            nn.Conv1d(width, 2 * width, 1),
            nn.GLU(dim=1),
            nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width, bias=False),
            nn.BatchNorm1d(width),
            nn.SiLU(),
            nn.Conv1d(width, width, 1),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, width) -> the same"""
        return self.convs(self.norm(x).transpose(1, 2)).transpose(1, 2)


class ConformerBlock(nn.Module):
    """Half a feed-forward, attention, convolution, half a feed-forward, each added; layer norm."""

    def __init__(
        self,
        width: int = 512,
        heads: int = 8,
        *,
        expansion: int = 4,
        kernel: int = 31,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.first = FeedForward(width, expansion, dropout)
        self.attention = RelativeAttention(width, heads, dropout)
        self.convolution = Convolution(width, kernel, dropout)
        self.second = FeedForward(width, expansion, dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, width) -> the same"""
        x = x + 0.5 * self.first(x)
        x = x + self.attention(x)
        x = x + self.convolution(x)
        return self.norm(x + 0.5 * self.second(x))


def relative_shift(scores: Tensor) -> Tensor:
    """Scores of a query with position n -> with the key n positions from the last frame on.

    Row q, column k holds position frames - 1 - (q - k) for k <= q; what stands behind (k > q) are
    scores of row q + 1, see the top of this file.

    Args:
        scores: (batch, heads, queries, positions), as many positions as queries.
    """
    batch, heads, queries, positions = scores.shape
    padded = torch.cat([scores.new_zeros(batch, heads, queries, 1), scores], dim=-1)
    return padded.view(batch, heads, positions + 1, queries)[:, :, 1:].reshape(scores.shape)


def sinusoids(frames: int, width: int, device: torch.device) -> Tensor:
    """(frames, width): sines in even, cosines in odd columns (Vaswani et al. 2017)."""
    position = torch.arange(frames, device=device, dtype=torch.float32)[:, None]
    even = torch.arange(0, width, 2, device=device, dtype=torch.float32)
    angles = position * torch.exp(even * (-math.log(10000.0) / width))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def _linear(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    linear = nn.Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(linear.weight)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear
