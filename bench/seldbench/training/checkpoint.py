"""Weights and resume states as safetensors: nothing is ever unpickled.

A resume state is one file: tensors (network, teacher, optimiser) and a JSON header for the rest, so
that it can never be half old and half new.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from seldbench.errors import BadRun
from seldbench.storage import atomic


def save(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write tensors and a JSON header, atomically."""
    # safetensors refuses tensors that share memory; a copy is contiguous and its own.
    plain = {
        name: t.detach().to("cpu", copy=True).contiguous(memory_format=torch.contiguous_format)
        for name, t in tensors.items()
    }
    with atomic(path) as temporary:
        try:
            save_file(plain, temporary, metadata={"seldbench": json.dumps(header)})
        except SafetensorError as error:
            raise OSError(None, f"writing safetensors failed: {error}") from error


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors on the CPU, and the header.

    Raises:
        BadRun: no such file, or not one that `save` wrote.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as archive:
            header = json.loads((archive.metadata() or {}).get("seldbench", "null"))
            tensors = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise BadRun(
            f"{path}: no readable weights ({error}); name others, or where it lies in a folder of"
            " runs/stages, delete that folder and train again"
        ) from None
    if header is None:
        raise BadRun(f"{path}: was not written by seldbench")
    return tensors, header


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state by parameter number: {"0.exp_avg": ...}."""
    state = optimiser.state_dict()["state"]
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, values in state.items()
        for name, value in values.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `optimiser_tensors`, into a fresh optimiser over the same parameters."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        parameter = parameters[int(index)]
        if value.shape == parameter.shape:
            # Fused steps go through memory in its order: it must be the parameter's (channels
            # last), and files hold the plain one.
            value = torch.empty_like(parameter, device=value.device).copy_(value)
        state.setdefault(int(index), {})[name] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def part(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under a prefix, without it; all of them for ""."""
    if not prefix:
        return dict(tensors)
    return {
        name.removeprefix(prefix + "."): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix + ".")
    }
