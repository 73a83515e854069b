"""The encoder of AST: overlapping patches of a log-mel spectrogram, then blocks of a ViT.

Its parts serve M2M-AST too. Tensors have the names of timm's VisionTransformer, whose blocks these
are. Source: Gong et al. 2021, arXiv:2104.01778; YuanGongND/ast, src/models/ast_models.py.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint as recomputed

from seldbench_baselines.blocks import Dropout
from seldbench_baselines.clip_pooling import check_choice

SIZES = {"base": (768, 12), "small": (384, 6), "tiny": (192, 3)}  # width, attention heads
TOKENS = 2  # the class token and DeiT's distillation token come first
# Of the training part of AudioSet, natural-log mels.
AUDIOSET_MEAN, AUDIOSET_DEVIATION = -4.2677393, 4.5689974


class Patches(nn.Module):
    """Patches of (bins, frames), a linear map of each."""

    def __init__(
        self, width: int, patch: tuple[int, int], strides: tuple[int, int], channels: int = 1
    ) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=strides)

    def forward(self, image: Tensor) -> Tensor:
        """(batch, channels, bins, frames) -> (batch, rows * columns, width), rows slowest"""
        return self.proj(image).flatten(2).transpose(1, 2)


class PatchEncoder(nn.Module):
    """Frames of fbank -> tokens: two of the clip, then one a patch, rows of frequency slowest.

    Args:
        bins: of the features.
        size: "base", "small" or "tiny"; `width` and `heads` override its two numbers.
        blocks: of the ViT, 12 in AST.
        frames: that the network hears at once; fewer are padded with 0.0 before scaling, as the
            official code pads (padding is not silence: it sounds at about the mean level).
        strides, patch: (bins, frames).
        mean, deviation: of the data's features; these are scaled by (x - mean) / (2 deviation).
        norm: whether a LayerNorm follows the last block, as in AST.
        checkpoint: compute blocks again when going backwards, to save memory.
    """

    grid: Tensor

    def __init__(
        self,
        bins: int,
        *,
        size: str,
        width: int | None,
        heads: int | None,
        blocks: int,
        frames: int,
        strides: tuple[int, int],
        patch: tuple[int, int],
        mean: float,
        deviation: float,
        norm: bool,
        checkpoint: bool,
    ) -> None:
        super().__init__()
        if blocks < 1:
            raise ValueError(f"blocks = {blocks}: an encoder has one at least")
        self.width, heads = vit_size("AST", size, width, heads)
        self.rows, self.columns = patch_grid((bins, frames), patch, strides)
        self.frames, self.stride = frames, strides[1]
        self.mean, self.deviation, self.checkpoint = mean, deviation, checkpoint
        # Kept with the weights: whoever carries positions over to another grid needs both.
        self.register_buffer("grid", torch.tensor([self.rows, self.columns]))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, self.width))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, self.width))
        patches = self.rows * self.columns
        self.pos_embed = nn.Parameter(torch.zeros(1, TOKENS + patches, self.width))
        self.patch_embed = Patches(self.width, (patch[0], patch[1]), (strides[0], strides[1]))
        self.blocks = nn.ModuleList(vit_block(self.width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(self.width, eps=1e-6) if norm else nn.Identity()
        for parameter in (self.cls_token, self.dist_token, self.pos_embed):
            nn.init.trunc_normal_(parameter, std=0.02)
        self.blocks.apply(initialise)

    def forward(self, features: Tensor) -> Tensor:
        """(batch, 1, frames, bins) -> (batch, 2 + rows * columns, width)

        Errors: ValueError for more frames than `frames`.
        """
        x = self._embedded(features)
        for block in self.blocks:
            x = through(block, x, self.checkpoint)
        return self.norm(x)

    def of_clip(self, features: Tensor) -> Tensor:
        """(batch, 1, frames, bins) -> the clip's two tokens of `forward`, (batch, 2, width).

        The last block does nothing for the others: a twelfth of AST less.

        Errors: as `forward`.
        """
        x = self._embedded(features)
        *blocks, last = self.blocks
        for block in blocks:
            x = through(block, x, self.checkpoint)
        return self.norm(through(partial(of_first, last, TOKENS), x, self.checkpoint))

    def _embedded(self, features: Tensor) -> Tensor:
        missing = self.frames - features.shape[2]
        if missing < 0:
            raise ValueError(
                f"hears {self.frames} frames, given {features.shape[2]}; set model.frames to"
                f" {features.shape[2]} or more"
            )
        image = functional.pad(features, (0, 0, 0, missing))  # (batch, 1, frames, bins)
        image = (image - self.mean) / (2 * self.deviation)
        x = self.patch_embed(image.transpose(2, 3))  # (batch, rows * columns, width)
        tokens = [t.expand(len(x), -1, -1) for t in (self.cls_token, self.dist_token)]
        return torch.cat([*tokens, x], dim=1) + self.pos_embed

    def frame_grid(self, tokens: Tensor, frames: int) -> Tensor:
        """Patch tokens as (batch, rows, steps, width), a step every stride of the heard frames.

        Columns beyond these are dropped: 998 frames are 100 steps; column 101 sees padding only.

        Errors: ValueError where there are fewer columns than steps.
        """
        steps = -(-frames // self.stride)
        if steps > self.columns:
            raise ValueError(
                f"{self.frames} frames have {self.columns} columns of patches, but {frames} frames"
                f" of features are {steps} steps; set model.frames to"
                f" {self.frames + (steps - self.columns) * self.stride} or more"
            )
        patches = tokens[:, TOKENS:].unflatten(1, (self.rows, self.columns))
        return patches[:, :, :steps]


def patch_grid(
    image: tuple[int, int], patch: tuple[int, int], strides: tuple[int, int]
) -> tuple[int, int]:
    """Rows and columns of whole patches; all arguments (bins, frames).

    Errors: ValueError where no patch fits, or a stride is none.
    """
    if min(*patch, *strides) < 1 or patch[0] > image[0] or patch[1] > image[1]:
        raise ValueError(
            f"patches of {tuple(patch)} (bins, frames) at strides {tuple(strides)} do not fit on"
            f" {image[0]} bins x {image[1]} frames"
        )
    rows, columns = ((n - p) // s + 1 for n, p, s in zip(image, patch, strides))
    return rows, columns


def vit_block(width: int, heads: int, mlp: int | None = None, dropout: float = 0.0) -> Block:
    """A block as AST has it: norms first, MLP of four times the width, GELU.

    Args:
        dropout: after attention's projection and both layers of the MLP, never of its weights: what
            `drop_rate` of timm's early ViT meant. AST has none.
    """
    ratio = 4.0 if mlp is None else mlp / width
    norm: Any = partial(nn.LayerNorm, eps=1e-6)  # timm asks for a class and takes any maker
    block = Block(width, heads, mlp_ratio=ratio, qkv_bias=True, norm_layer=norm)
    if dropout:
        block.attn.proj_drop = Dropout(dropout)
        block.mlp.drop1, block.mlp.drop2 = Dropout(dropout), Dropout(dropout)
    return block


def initialise(module: nn.Module) -> None:
    """First weights of a linear layer as timm's ViT has them."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)


def through(block: Callable[[Tensor], Tensor], x: Tensor, again: bool) -> Tensor:
    """block(x); where `again`, in training, only x is kept and the rest computed anew backwards."""
    if again and x.requires_grad:
        return recomputed(block, x, use_reentrant=False)
    return block(x)


def of_first(block: Any, tokens: int, x: Tensor) -> Tensor:
    """block(x)[:, :tokens]: only these ask, every token answers."""
    attention, width = block.attn, x.shape[2]
    weight, bias = attention.qkv.weight, attention.qkv.bias
    normed = block.norm1(x)
    query = functional.linear(normed[:, :tokens], weight[:width], bias[:width])
    key, value = functional.linear(normed, weight[width:], bias[width:]).chunk(2, dim=-1)
    heads = [t.unflatten(2, (attention.num_heads, -1)).transpose(1, 2) for t in (query, key, value)]
    heard = functional.scaled_dot_product_attention(*heads)  # (batch, heads, tokens, width / heads)
    x = x[:, :tokens] + attention.proj_drop(attention.proj(heard.transpose(1, 2).flatten(2)))
    return x + block.mlp(block.norm2(x))


def vit_size(architecture: str, size: str, width: int | None, heads: int | None) -> tuple[int, int]:
    """Width and attention heads of a size; `width` and `heads` override its two numbers.

    Errors: ValueError for an unknown size, or a width that the heads cannot share.
    """
    check_choice(architecture, "size", size, SIZES)
    width, heads = width or SIZES[size][0], heads or SIZES[size][1]
    if width % heads:
        raise ValueError(f"{width} channels cannot be shared by {heads} attention heads")
    return width, heads
