"""M2M-AST: one class token for every label frame, before the patches of a window of features.

Two such networks make the system: one hears a microphone's log-mel and says who sounds, the other
hears log-mel and intensity of FOA and says where.
Source: Park, Jeong and Lee 2021, "Many-to-Many Audio Spectrogram Transformer", DCASE workshop. No
official code is public. Tensors have the names of timm's VisionTransformer, whose blocks these are.
"""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from seldbench.contracts import Architecture
from seldbench_baselines.ast_encoder import (
    Patches,
    of_first,
    patch_grid,
    through,
    vit_block,
    vit_size,
)
from seldbench_baselines.blocks import Dropout, only_head
from seldbench_baselines.clip_pooling import check_choice

OUTPUTS: Mapping[str, type[nn.Module]] = {"logits": nn.Identity, "tanh": nn.Tanh}


class M2MAST(nn.Module):
    """A window of scaled features -> one output for each of its label frames.

    A label frame is `frames / tokens` feature frames long. The last frames and bins that no whole
    patch covers are not heard (4 of 300 and 2 of 128 with strides of 10), as published.

    Args:
        channels, bins, hop: of the features.
        sizes: {head: outputs of a label frame}.
        size: "base", "small" or "tiny"; `width` and `heads` override its two numbers.
        blocks: of the ViT, 12 in the paper.
        frames: of a window of features; it hears windows of this length alone.
        tokens: label frames of a window, 30 in the paper's 3 s (its Table 3 prints 20, which is not
            100 ms).
        strides, patch: (bins, frames).
        dropout: after the positions, attention's projection and both layers of the MLP. The paper
            has the number, 0.1, and not the places: these are those of timm's early ViT.
        output: what the head ends in, "logits" or "tanh".
        head_norm: a LayerNorm before the head, as AST has; the paper has a dense layer alone.
        positions: what they are before any training: "random", as published, or "sincos", sines and
            cosines of frequency and time, where a label frame stands at its middle: a small network
            that starts from no others then need not find out first which patches are its own.
        checkpoint: compute blocks again when going backwards, to save memory.
    """

    grid: Tensor

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
        frames: int = 300,
        tokens: int = 30,
        strides: tuple[int, int] = (10, 10),
        patch: tuple[int, int] = (16, 16),
        dropout: float = 0.1,
        output: str = "logits",
        head_norm: bool = False,
        positions: str = "random",
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        _check(blocks, frames, tokens)
        check_choice("M2M-AST", "output", output, OUTPUTS)
        check_choice("M2M-AST", "positions", positions, ("random", "sincos"))
        width, heads = vit_size("M2M-AST", size, width, heads)
        rows, columns = patch_grid((bins, frames), patch, strides)
        self.frames, self.tokens, self.checkpoint = frames, tokens, checkpoint
        self.hop = frames * hop / tokens
        self.output, outputs = only_head(sizes, "m2m_ast")
        # Kept with the weights: whoever carries positions over to another grid needs both.
        self.register_buffer("grid", torch.tensor([rows, columns]))
        self.cls_token = nn.Parameter(torch.zeros(1, tokens, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens + rows * columns, width))
        self.patch_embed = Patches(width, (patch[0], patch[1]), (strides[0], strides[1]), channels)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(vit_block(width, heads, dropout=dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        head = nn.Linear(width, outputs)
        self.head = nn.Sequential(nn.LayerNorm(width), head) if head_norm else head
        self.activation = OUTPUTS[output]()
        for learnt in (self.cls_token, self.pos_embed):
            nn.init.trunc_normal_(learnt, std=0.02)
        if positions == "sincos":
            places = _places((rows, columns), tokens, frames, strides, patch)
            with torch.no_grad():
                self.pos_embed.add_(_waves(places, width))
        self.apply(_initialise)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> {head: (batch, tokens, outputs)}

        Errors: ValueError for any other number of frames than `frames`.
        """
        x = self.dropout(self._embedded(features))
        *blocks, last = self.blocks
        for block in blocks:
            x = through(block, x, self.checkpoint)
        # Nobody asks what the patches hold after the last block.
        x = through(partial(of_first, last, self.tokens), x, self.checkpoint)
        x = self.norm(x)  # (batch, tokens, width)
        with torch.autocast(x.device.type, enabled=False):
            return {self.output: self.activation(self.head(x.float()))}

    def _embedded(self, features: Tensor) -> Tensor:
        """(batch, tokens + rows * columns, width)"""
        if features.shape[2] != self.frames:
            raise ValueError(
                f"hears windows of {self.frames} frames, given {features.shape[2]}; set"
                f" model.frames to {features.shape[2]} and model.tokens to the label frames of such"
                " a window"
            )
        x = self.patch_embed(features.transpose(2, 3))  # (batch, rows * columns, width)
        return torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1) + self.pos_embed


def _places(
    grid: tuple[int, int],
    tokens: int,
    frames: int,
    strides: tuple[int, int],
    patch: tuple[int, int],
) -> Tensor:
    """Middles of label frames, then of patches, in strides: (tokens + patches, 2), frequency and
    time; a label frame has no frequency, NaN."""
    rows, columns = torch.arange(grid[0]), torch.arange(grid[1])
    of_patches = torch.cartesian_prod(rows, columns).float()
    middles = (torch.arange(tokens) + 0.5) * frames / tokens
    time = (middles - patch[1] / 2) / strides[1]
    return torch.cat([torch.stack([torch.full_like(time, torch.nan), time], dim=1), of_patches])


def _waves(places: Tensor, width: int) -> Tensor:
    """Half of the width for each axis, sines and then cosines of it: (places, width); 0 where a
    place has none. Source: Vaswani et al. 2017, section 3.5, for two axes."""
    rates = 0.5 ** torch.linspace(0, 8, width // 4)
    angles = places[:, :, None] * rates  # (places, 2, width / 4)
    waves = torch.cat([angles.sin(), angles.cos()], dim=2).flatten(1)
    return functional.pad(waves, (0, width - waves.shape[1])).nan_to_num(0.0)  # of any width


def _initialise(module: nn.Module) -> None:
    """First weights of a ViT; the patches' are those of any linear layer."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _check(blocks: int, frames: int, tokens: int) -> None:
    if blocks < 1:
        raise ValueError(f"blocks = {blocks}: an encoder has one at least")
    if not 1 <= tokens <= frames:
        raise ValueError(
            f"tokens = {tokens}: one stands for each label frame, and a window of {frames} feature"
            f" frames has 1 to {frames} of them"
        )


ARCHITECTURE = Architecture(
    build=M2MAST,
    source="Park et al. 2021, DCASE workshop; blocks: timm, after arXiv:2010.11929",
    notes="85,575,948 parameters for 12 classes of one channel, 86,774,052 for their directions of"
    " seven. The design is ours where the paper is silent: one dense layer for all tokens, a token"
    " of its own for each label frame, tanh for directions, the places of dropout. The last block"
    " answers for the class tokens alone; the head computes in float32 under autocast.",
)
