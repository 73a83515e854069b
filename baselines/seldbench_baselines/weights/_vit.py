"""From the tensors of a ViT, under timm's names, to those of AST's encoder, or of all of AST or
M2M-AST."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from seldbench_baselines.ast_encoder import TOKENS

Grid = tuple[int, int]  # rows of frequency, columns of time
Tensors = Mapping[str, Tensor]

POSITIONS = "pos_embed"
PROJECTION = "patch_embed.proj.weight"


def filled(given: Tensors, own: Tensors, *, grid: Grid, how: str) -> dict[str, Tensor]:
    """The part's tensors, from those given under timm's names; `head.0` and `head.1` are AST's.

    Left out of the given ones are only: blocks beyond the part's, the last norm where the part has
    none, the head where it is not of the part or of other classes (the part then keeps its own).

    Args:
        own: the encoder's tensors, or all of AST's, by name.
        grid: of the given position embedding.
        how: it comes to other grids: see `positions`.

    Errors: ValueError for a tensor that is missing, unknown, or of another shape.
    """
    prefix = "encoder." if f"encoder.{POSITIONS}" in own else ""
    if f"{prefix}{POSITIONS}" not in own:
        raise ValueError(
            "these fill AST's encoder, or all of M2M-AST; a recipe says so by [init.encoder], or by"
            ' "" in [init]'
        )
    tensors = {name: given[_plain(name, prefix)] for name in own if _plain(name, prefix) in given}
    tensors[f"{prefix}grid"] = own[f"{prefix}grid"]
    tensors[f"{prefix}{POSITIONS}"] = positions(
        tensors[f"{prefix}{POSITIONS}"], grid, own[f"{prefix}{POSITIONS}"], _grid(own, prefix), how
    )
    if "head.1.weight" in own and not _same_shapes(tensors, own, "head."):
        tensors |= _head(own)
    _check(tensors, own)
    _check_left_out(given, {_plain(name, prefix) for name in own})
    return tensors


def many_tokens(own: Tensors) -> bool:
    """Whether a part is M2M-AST: class tokens for label frames, and none of distillation."""
    return POSITIONS in own and "dist_token" not in own


def filled_many(
    given: Tensors, own: Tensors, *, grid: Grid, how: str, time_aware: bool
) -> dict[str, Tensor]:
    """All tensors of M2M-AST, its own head among them, from those given under timm's names.

    Every class token becomes the mean of the given two, and every class position the mean of
    theirs: all tokens then say the same until the first step of training has told them apart.
    Left out of the given ones are only: blocks beyond the network's, and the tagging head of AST.

    Args:
        given: their patch projection is one for the network's channels already.
        grid, how: see `filled`.
        time_aware: class positions differ by when they are: see `_times`.

    Source: Park et al. 2021, section 3.3, which says it of the positions alone; that the tokens
    themselves are the mean too is ours.

    Errors: ValueError as `filled`.
    """
    wanted = _grid(own, "")
    tokens = own["cls_token"].shape[1]
    tensors = {name: tensor for name, tensor in given.items() if name in own} | _head(own)
    for name in ("cls_token", "dist_token"):
        if name not in given:
            raise ValueError(f"without {name!r}, of which this network's class tokens are made")
    both = torch.cat([given["cls_token"], given["dist_token"]], dim=1)
    tensors["cls_token"] = both.mean(1, keepdim=True).repeat(1, tokens, 1)
    tensors["grid"] = own["grid"]
    new = how == "new"
    tensors[POSITIONS] = (
        own[POSITIONS] if new else _spread(given[POSITIONS], grid, tokens, wanted, how, time_aware)
    )
    _check(tensors, own)
    _check_left_out(given, {*own, "dist_token"})
    return tensors


def spread_colours(projection: Tensor, channels: int, how: str) -> Tensor:
    """A patch projection of colours, (width, colours, bins, frames), for other channels.

    Args:
        how: every channel has the "sum" of the colours (AST's code, of one channel) or their "mean"
            (M2M-AST's paper; with 7 channels a constant is heard 7 / 3 times as loud as in three
            colours); "mean_scaled" is the mean times colours / channels: as loud as it was.
    """
    whole = projection.sum(1, keepdim=True)
    parts = {"sum": 1, "mean": projection.shape[1], "mean_scaled": channels}
    return (whole / parts[how]).repeat(1, channels, 1, 1)


def positions(given: Tensor, grid: Grid, own: Tensor, wanted: Grid, how: str) -> Tensor:
    """A position embedding, tokens first, on another grid: time first, then frequency; cut from the
    middle where there are more of them, interpolated where there are fewer.

    Args:
        how: "bilinear" or "nearest"; "new" leaves the part's own, which is random.

    Source: YuanGongND/ast, src/models/ast_models.py ("nearest", "new": AST, Table 4).
    """
    if how == "new":
        return own
    tokens, patches = given[:, :TOKENS], given[:, TOKENS:]
    if patches.shape[1] != grid[0] * grid[1]:
        raise ValueError(f"{patches.shape[1]} positions are not {grid[0]} x {grid[1]} patches")
    plane = patches.transpose(1, 2).unflatten(2, grid)  # (1, width, rows, columns)
    plane = _resized(_resized(plane, 3, wanted[1], how), 2, wanted[0], how)
    return torch.cat([tokens, plane.flatten(2).transpose(1, 2)], dim=1)


def unknown(name: str) -> ValueError:
    """What to say of a tensor that no rule names."""
    return ValueError(f"unknown tensor {name!r}: these are not the weights that are expected here")


def _spread(
    given: Tensor, grid: Grid, tokens: int, wanted: Grid, how: str, time_aware: bool
) -> Tensor:
    """Positions of `tokens` class tokens, all the mean of the given two, then of the patches."""
    both = positions(given, grid, given, wanted, how)
    of_classes, patches = both[:, :TOKENS].mean(1, keepdim=True), both[:, TOKENS:]
    of_classes = of_classes.repeat(1, tokens, 1)
    if time_aware:
        of_classes = of_classes + _times(patches.unflatten(1, wanted), tokens)
    return torch.cat([of_classes, patches], dim=1)


def _times(patches: Tensor, tokens: int) -> Tensor:
    """What sets each of `tokens` equal spans of time apart: the mean position over frequency of the
    column of patches at its middle, less the mean of all. (1, rows, columns, width) -> (1, tokens,
    width)"""
    columns = patches.mean(1)  # (1, columns, width)
    middle = (2 * torch.arange(tokens) + 1) * columns.shape[1] // (2 * tokens)
    return columns[:, middle] - columns.mean(1, keepdim=True)


def _resized(plane: Tensor, axis: int, size: int, how: str) -> Tensor:
    have = plane.shape[axis]
    if size <= have:
        return plane.narrow(axis, have // 2 - size // 2, size)
    target = [size if a == axis else plane.shape[a] for a in (2, 3)]
    return functional.interpolate(plane, target, mode=how)


def _plain(name: str, prefix: str) -> str:
    """timm's name of one of the part's tensors; a decoder's own are nobody's."""
    if name.startswith("head.") or not prefix:
        return name
    return name.removeprefix(prefix) if name.startswith(prefix) else ""


def _grid(own: Tensors, prefix: str) -> Grid:
    rows, columns = own[f"{prefix}grid"].tolist()
    return rows, columns


def _head(own: Tensors) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in own.items() if name.startswith("head.")}


def _same_shapes(tensors: Tensors, own: Tensors, start: str) -> bool:
    names = [name for name in own if name.startswith(start)]
    return all(n in tensors and tensors[n].shape == own[n].shape for n in names)


def _check(tensors: Tensors, own: Tensors) -> None:
    for name, tensor in own.items():
        if name not in tensors:
            raise ValueError(f"without {name!r}, which this network has")
        if tensors[name].shape != tensor.shape:
            raise ValueError(
                f"{name} is {tuple(tensors[name].shape)}, here {tuple(tensor.shape)}: weights of"
                " another size; set model.size (or model.patch) to theirs"
            )


def _check_left_out(given: Tensors, used: set[str]) -> None:
    blocks = {name.split(".")[1] for name in used if name.startswith("blocks.")}
    for name in given:
        block = re.match(r"blocks\.(\d+)\.", name)
        deeper = block is not None and block[1] not in blocks
        known = deeper or name in used or re.fullmatch(r"(norm|head\.[01])\.(weight|bias)", name)
        if not known:
            raise unknown(name)
