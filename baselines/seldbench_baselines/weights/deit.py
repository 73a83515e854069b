"""DeiT with distillation, of ImageNet, as AST and M2M-AST start from it.

Sources: YuanGongND/ast, src/models/ast_models.py; Park et al. 2021, DCASE workshop, section 3.3
(M2M-AST); Touvron et al. 2021, arXiv:2012.12877.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from seldbench.contracts import Weights
from seldbench.errors import MissingData, near
from seldbench_baselines.ast_encoder import TOKENS
from seldbench_baselines.clip_pooling import check_choice
from seldbench_baselines.weights import _vit

IMAGENET_HEADS = re.compile(r"(head|head_dist)\.(weight|bias)")
PATCHES = ("published", "sum", "mean", "mean_scaled")
# By size. There is a base of 224 pixels too; AST's default, which M2M-AST follows, is that of 384.
RELEASES = {
    "base": "deit_base_distilled_patch16_384",
    "small": "deit_small_distilled_patch16_224",
    "tiny": "deit_tiny_distilled_patch16_224",
}


def convert(
    tensors: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
    *,
    positions: str = "bilinear",
    patch: str = "published",
    time_aware_init: bool = False,
) -> dict[str, Tensor]:
    """timm's names, which are the official ones -> AST's encoder, or all of AST or of M2M-AST.

    Left out on purpose: the two ImageNet heads (the network keeps its own new head), blocks beyond
    the part's own, and the last norm where it has none.

    Args:
        positions: "bilinear", "nearest" or "new" (random): how a square of positions becomes the
            grid of the spectrogram's patches, where it is not cut.
        patch: what every channel of features has of the projection of three colours: their "sum",
            their "mean", or "mean_scaled" (see `_vit.spread_colours`). "published": the sum for AST
            (its paper says averaged; its code and all released weights have the sum), the mean for
            M2M-AST.
        time_aware_init: of M2M-AST alone: class positions differ from the start by their place in
            time. Not in the paper, where all are equal.

    Errors: ValueError for tensors that are unknown, missing, or of another size.
    """
    check_choice("deit", "positions", positions, ("bilinear", "nearest", "new"))
    check_choice("deit", "patch", patch, PATCHES)
    given = {name: t for name, t in tensors.items() if not IMAGENET_HEADS.fullmatch(name)}
    if _vit.PROJECTION not in given or "pos_embed" not in given or "dist_token" not in given:
        raise ValueError(
            "without a patch projection, a position embedding or a distillation token: these are"
            " not the weights of a distilled DeiT"
        )
    many = _vit.many_tokens(own)
    if time_aware_init and not many:
        raise ValueError("time_aware_init: only M2M-AST has a class token for each label frame")
    side = math.isqrt(given["pos_embed"].shape[1] - TOKENS)
    how = {True: "mean", False: "sum"}[many] if patch == "published" else patch
    channels = own[_vit.PROJECTION].shape[1] if many else 1
    given[_vit.PROJECTION] = _vit.spread_colours(given[_vit.PROJECTION], channels, how)
    if not many:
        return _vit.filled(given, own, grid=(side, side), how=positions)
    return _vit.filled_many(
        given, own, grid=(side, side), how=positions, time_aware=time_aware_init
    )


def fetch(size: str | None) -> Path:
    """The file of a size, as timm publishes it: out of Hugging Face's cache, or downloaded into it.

    Raises:
        MissingData: no such size, or neither a copy nor an answer.
    """
    # With timm; nothing else asks for it.
    from huggingface_hub import hf_hub_download

    if size not in RELEASES:
        raise MissingData(
            f"deit has no weights of size {size!r}{near(str(size), RELEASES)}; it has:"
            f" {', '.join(RELEASES)}"
        )
    repository = f"timm/{RELEASES[size]}.fb_in1k"
    try:
        return Path(hf_hub_download(repository, "model.safetensors"))
    except OSError as error:
        first = str(error).strip().partition("\n")[0]
        raise MissingData(f"{repository} cannot be had from Hugging Face ({first})") from error


WEIGHTS = Weights(
    convert=convert,
    fetch=fetch,
    where="deit_base_distilled_patch16_384-d0272ac0.pth from the README of"
    " github.com/facebookresearch/deit, or model.safetensors of"
    " timm/deit_base_distilled_patch16_384.fb_in1k on Hugging Face",
    source="Touvron et al. 2021, arXiv:2012.12877; facebookresearch/deit (Apache 2.0)",
    notes="The new head starts at random. Those of smaller networks are"
    " deit_small_distilled_patch16_224 and deit_tiny_distilled_patch16_224.",
)
