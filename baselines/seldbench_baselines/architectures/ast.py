"""AST as published: a clip's tags from the two tokens of its clip.

Source: Gong et al. 2021, arXiv:2104.01778; YuanGongND/ast, src/models/ast_models.py.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench_baselines.ast_encoder import (
    AUDIOSET_DEVIATION,
    AUDIOSET_MEAN,
    PatchEncoder,
)
from seldbench_baselines.blocks import only_head


class AST(nn.Module):
    """Frames of fbank -> logits of the classes of a clip.

    Args:
        channels, bins, hop: of the features (unscaled `fbank_ast`).
        sizes: {head: classes}.
        size, width, heads, blocks, frames, strides, patch, mean, deviation, checkpoint: see
            `PatchEncoder`.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        size: str = "base",
        width: int | None = None,
        heads: int | None = None,
        blocks: int = 12,
        frames: int = 1024,
        strides: tuple[int, int] = (10, 10),
        patch: tuple[int, int] = (16, 16),
        mean: float = AUDIOSET_MEAN,
        deviation: float = AUDIOSET_DEVIATION,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        if channels != 1:
            raise ValueError(f"AST hears one channel of features, not {channels}")
        self.output, classes = only_head(sizes, "ast")
        self.encoder = PatchEncoder(
            bins,
            size=size,
            width=width,
            heads=heads,
            blocks=blocks,
            frames=frames,
            strides=strides,
            patch=patch,
            mean=mean,
            deviation=deviation,
            norm=True,
            checkpoint=checkpoint,
        )
        self.hop = hop * strides[1]
        width = self.encoder.width
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, classes))

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, 1, frames, bins) -> {head: logits (batch, classes)}"""
        x = self.encoder.of_clip(features)  # (batch, 2, width)
        with torch.autocast(x.device.type, enabled=False):
            return {self.output: self.head(x.float().mean(1))}


ARCHITECTURE = Architecture(
    build=AST,
    source="Gong et al. 2021, arXiv:2104.01778; YuanGongND/ast",
    notes="86,594,063 parameters with 527 classes; the two ImageNet heads that the official module"
    " carries unused are not built. The head computes in float32 under autocast.",
)
