"""From the tensors of a ViT, under timm's names, to those of AST's encoder or of all of AST."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from seldbench_baselines.ast_encoder import TOKENS

Grid = tuple[int, int]  # rows of frequency, columns of time
Tensors = Mapping[str, Tensor]

POSITIONS = "pos_embed"


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
        raise ValueError("these fill AST's encoder; a recipe says so by [init.encoder]")
    tensors = {name: given[_plain(name, prefix)] for name in own if _plain(name, prefix) in given}
    tensors[f"{prefix}grid"] = own[f"{prefix}grid"]
    tensors[f"{prefix}{POSITIONS}"] = positions(
        tensors[f"{prefix}{POSITIONS}"], grid, own[f"{prefix}{POSITIONS}"], _grid(own, prefix), how
    )
    if "head.1.weight" in own and not _same_shapes(tensors, own, "head."):
        tensors |= {name: tensor for name, tensor in own.items() if name.startswith("head.")}
    _check(tensors, own)
    _check_left_out(given, {_plain(name, prefix) for name in own})
    return tensors


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
