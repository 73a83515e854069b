"""AST as trained on ImageNet and AudioSet: the official files, and those of Hugging Face.

Source: YuanGongND/ast (README, "Pretrained Models"; src/models/ast_models.py);
huggingface/transformers, models/audio_spectrogram_transformer, whose file format keeps the names of
version 4; those that version 5 has in memory are known too.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from seldbench.contracts import Weights
from seldbench_baselines.ast_encoder import TOKENS, patch_grid
from seldbench_baselines.weights import _vit

# The patch grids of released models: 128 bins, frames of AudioSet, ESC-50 and Speech Commands.
GRIDS = {
    rows * columns: (rows, columns)
    for frames in (1024, 512, 128)
    for stride in (10, 12, 14, 16)
    for rows, columns in [patch_grid((128, frames), (16, 16), (stride, stride))]
}
# ImageNet heads that the official module carries and never calls.
UNUSED = re.compile(r"(head|head_dist)\.(weight|bias)")
BLOCK = r"(?:encoder\.)?layers?\.(\d+)\."
HUGGING_FACE = [
    (r"embeddings\.cls_token", "cls_token"),
    (r"embeddings\.distillation_token", "dist_token"),
    (r"embeddings\.position_embeddings", "pos_embed"),
    (r"embeddings\.patch_embeddings\.projection\.(.*)", r"patch_embed.proj.\1"),
    (BLOCK + r"layernorm_before\.(.*)", r"blocks.\1.norm1.\2"),
    (BLOCK + r"layernorm_after\.(.*)", r"blocks.\1.norm2.\2"),
    (BLOCK + r"attention\.attention\.(query|key|value)\.(.*)", r"blocks.\1.attn.\2.\3"),
    (BLOCK + r"attention\.q_proj\.(.*)", r"blocks.\1.attn.query.\2"),
    (BLOCK + r"attention\.k_proj\.(.*)", r"blocks.\1.attn.key.\2"),
    (BLOCK + r"attention\.v_proj\.(.*)", r"blocks.\1.attn.value.\2"),
    (BLOCK + r"attention\.(?:output\.dense|o_proj)\.(.*)", r"blocks.\1.attn.proj.\2"),
    (BLOCK + r"(?:intermediate\.dense|mlp\.fc1)\.(.*)", r"blocks.\1.mlp.fc1.\2"),
    (BLOCK + r"(?:output\.dense|mlp\.fc2)\.(.*)", r"blocks.\1.mlp.fc2.\2"),
    (r"layernorm\.(.*)", r"norm.\1"),
    (r"classifier\.layernorm\.(.*)", r"head.0.\1"),
    (r"classifier\.dense\.(.*)", r"head.1.\1"),
]


def convert(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Official or Hugging Face names -> the encoder's tensors, or all of AST's or of M2M-AST's.

    Left out on purpose: the two unused ImageNet heads; blocks beyond the part's own, and the last
    norm where it has none; the tagging head where the part is the encoder or M2M-AST, or has other
    classes (the network then keeps its own new head). Positions come to another grid as in the
    official code. Every channel of M2M-AST has AST's one patch projection.

    Errors: ValueError for tensors that are unknown, missing, or of another size.
    """
    named = _renamed(tensors)
    if "pos_embed" not in named:
        raise ValueError("without a position embedding: these are not the weights of an AST")
    patches = named["pos_embed"].shape[1] - TOKENS
    if patches not in GRIDS:
        raise ValueError(
            f"a position embedding of {patches} patches: no released AST has so many (they have:"
            f" {', '.join(map(str, sorted(GRIDS)))})"
        )
    if not _vit.many_tokens(own):
        return _vit.filled(named, own, grid=GRIDS[patches], how="bilinear")
    if _vit.PROJECTION not in named:
        raise ValueError(f"without {_vit.PROJECTION!r}: these are not the weights of an AST")
    channels = own[_vit.PROJECTION].shape[1]
    named[_vit.PROJECTION] = _vit.spread_colours(named[_vit.PROJECTION], channels, "mean")
    return _vit.filled_many(named, own, grid=GRIDS[patches], how="bilinear", time_aware=False)


def _renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Under timm's names; `head.0` and `head.1` are the tagging head's."""
    plain = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    if any(name.startswith("v.") for name in plain):
        return {_official(n): t for n, t in plain.items() if not UNUSED.fullmatch(n[2:])}
    return _joined({_hugging_face(name): tensor for name, tensor in plain.items()})


def _official(name: str) -> str:
    if name.startswith("mlp_head."):
        return f"head.{name.removeprefix('mlp_head.')}"
    if name.startswith("v."):
        return name.removeprefix("v.")
    raise _vit.unknown(name)


def _hugging_face(name: str) -> str:
    short = name.removeprefix("audio_spectrogram_transformer.")
    for pattern, ours in HUGGING_FACE:
        found = re.fullmatch(pattern, short)
        if found:
            return found.expand(ours)
    raise _vit.unknown(name)


def _joined(named: dict[str, Tensor]) -> dict[str, Tensor]:
    """Query, key and value of a block as one matrix, in this order."""
    queries = [name for name in named if ".attn.query." in name]
    for name in queries:
        names = [name.replace(".query.", f".{part}.") for part in ("query", "key", "value")]
        missing = [n for n in names if n not in named]
        if missing:
            raise ValueError(f"without {missing[0]!r}, beside a query of the same block")
        named[name.replace(".query.", ".qkv.")] = torch.cat([named.pop(n) for n in names])
    return named


WEIGHTS = Weights(
    convert=convert,
    where="audioset_10_10_0.4593.pth from the README of github.com/YuanGongND/ast (Pretrained"
    " Models), or model.safetensors of MIT/ast-finetuned-audioset-10-10-0.4593 on Hugging Face",
    source="Gong et al. 2021, arXiv:2104.01778; YuanGongND/ast (BSD 3-Clause)",
    notes="LayerNorm's epsilon is the official 1e-6, with which the weights were trained; Hugging"
    " Face computes with 1e-12.",
)
