"""FTE: at every time step, the patches of all frequencies become one vector by self-attention.

Source: AST-SED, Li et al. 2023, arXiv:2303.03689, section 2.2.1. Its norms follow the sums, and its
"intermediate embedding dimension 768" is read as the MLP's. The other reading (norms first, a MLP
of four times the width, a last norm) is one of published code of the same laboratory.
"""

import torch
from timm.layers import Attention, Mlp
from torch import Tensor, nn

from seldbench_baselines.ast_encoder import initialise, through, vit_block
from seldbench_baselines.clip_pooling import check_choice

NORMS = ("post", "pre")


class PostBlock(nn.Module):
    """Attention, added, LayerNorm; MLP with GELU, added, LayerNorm. No dropout."""

    def __init__(self, width: int, heads: int, mlp: int) -> None:
        super().__init__()
        self.attn = Attention(width, heads, qkv_bias=True)
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width, mlp)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, width) -> the same"""
        x = self.norm1(self.attn(x) + x)
        return self.norm2(self.mlp(x) + x)


class FrequencyEncoder(nn.Module):
    """A class token joins the frequency rows of each time step; what it learns there is the step's.

    Args:
        width, heads, blocks: of the transformer.
        mlp: hidden width, None for the width itself.
        norm: "post" as in the paper, "pre" for norms first and one after the last block.
        tokens: None for one class token that all steps share; else so many steps' own.
        checkpoint: compute blocks again when going backwards, to save memory.
    """

    def __init__(
        self,
        width: int,
        *,
        heads: int = 4,
        blocks: int = 2,
        mlp: int | None = None,
        norm: str = "post",
        tokens: int | None = None,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        check_choice("FTE", "norm", norm, NORMS)
        if width % heads:
            raise ValueError(f"FTE: {width} channels cannot be shared by {heads} attention heads")
        mlp = width if mlp is None else mlp
        self.checkpoint = checkpoint
        self.cls_token = nn.Parameter(torch.zeros(1, tokens or 1, width))
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        if norm == "post":
            self.blocks = nn.ModuleList(PostBlock(width, heads, mlp) for _ in range(blocks))
        else:
            self.blocks = nn.ModuleList(vit_block(width, heads, mlp) for _ in range(blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6) if norm == "pre" else nn.Identity()
        self.blocks.apply(initialise)

    def forward(self, patches: Tensor) -> Tensor:
        """(batch, rows, steps, width) -> (batch, steps, width)"""
        batch, _, steps, width = patches.shape
        own = self.cls_token[:, :steps].expand(batch, steps, width)
        x = torch.cat([own[:, None], patches], dim=1)  # (batch, 1 + rows, steps, width)
        x = x.transpose(1, 2).flatten(0, 1)  # (batch * steps, 1 + rows, width)
        for block in self.blocks:
            x = through(block, x, self.checkpoint)
        return self.norm(x[:, 0]).unflatten(0, (batch, steps))
