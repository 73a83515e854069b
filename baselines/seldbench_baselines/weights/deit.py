"""DeiT with distillation, of ImageNet, as AST starts from it.

Source: YuanGongND/ast, src/models/ast_models.py; Touvron et al. 2021, arXiv:2012.12877.
"""

import math
import re
from collections.abc import Mapping

from torch import Tensor

from seldbench.contracts import Weights
from seldbench_baselines.ast_encoder import TOKENS
from seldbench_baselines.clip_pooling import check_choice
from seldbench_baselines.weights import _vit

IMAGENET_HEADS = re.compile(r"(head|head_dist)\.(weight|bias)")
PROJECTION = "patch_embed.proj.weight"


def convert(
    tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], *, positions: str = "bilinear"
) -> dict[str, Tensor]:
    """timm's names, which are the official ones -> the encoder's tensors, or all of AST's.

    The patch projection is summed over the three colours (the paper says averaged; its code and all
    released weights have the sum). Left out on purpose: the two ImageNet heads (AST keeps its own
    new head), blocks beyond the part's own, and the last norm where it has none.

    Args:
        positions: "bilinear", "nearest" or "new" (random): how a square of positions becomes the
            grid of the spectrogram's patches, where it is not cut.

    Errors: ValueError for tensors that are unknown, missing, or of another size.
    """
    check_choice("deit", "positions", positions, ("bilinear", "nearest", "new"))
    given = {name: t for name, t in tensors.items() if not IMAGENET_HEADS.fullmatch(name)}
    if PROJECTION not in given or "pos_embed" not in given or "dist_token" not in given:
        raise ValueError(
            "without a patch projection, a position embedding or a distillation token: these are"
            " not the weights of a distilled DeiT"
        )
    side = math.isqrt(given["pos_embed"].shape[1] - TOKENS)
    given[PROJECTION] = given[PROJECTION].sum(1, keepdim=True)
    return _vit.filled(given, own, grid=(side, side), how=positions)


WEIGHTS = Weights(
    convert=convert,
    where="deit_base_distilled_patch16_384-d0272ac0.pth from the README of"
    " github.com/facebookresearch/deit, or model.safetensors of"
    " timm/deit_base_distilled_patch16_384.fb_in1k on Hugging Face",
    source="Touvron et al. 2021, arXiv:2012.12877; facebookresearch/deit (Apache 2.0)",
    notes="The new tagging head starts at random.",
)
