"""Files of weights that others released: tensors by name and nothing else.

`.safetensors` is read as such, anything else through PyTorch's weights-only loading: a pickle that
holds code is refused, never run.
"""

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from seldbench.errors import BadFile

# Under what trainings keep the network's own tensors beside the state of their optimiser.
NETWORKS = ("model", "state_dict", "model_state_dict")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """A file's tensors by name; of a training's whole state those of its network.

    Raises:
        BadFile: unreadable, anything else than plain tensors, or NaN or infinity among them.
    """
    read = _safetensors if path.suffix == ".safetensors" else _pytorch
    state = read(path)
    wrong = [name for name, t in state.items() if not torch.isfinite(t).all()]
    if wrong:
        raise BadFile(f"{path}: {wrong[0]} holds NaN or infinite weights; get the file again")
    return state


def ours(path: Path) -> bool:
    """Whether a run of seldbench wrote these weights."""
    if path.suffix != ".safetensors":
        return False
    try:
        with safe_open(path, framework="pt", device="cpu") as archive:
            return "seldbench" in (archive.metadata() or {})
    except (OSError, SafetensorError):
        return False


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt", device="cpu") as archive:
            return {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise BadFile(f"{path}: no readable safetensors ({error}); get the file again") from None


def _pytorch(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickles that are then refused
            state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise BadFile(
            f"{path}: cannot be read ({error.strerror or error}); give the released file"
        ) from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        # PyTorch's own words advise to unpickle it all the same.
        code = re.search(r"GLOBAL (\S+)", str(error))
        holds = f": it holds {code[1]}" if code else ""
        raise BadFile(
            f"{path}: not a PyTorch state dict of plain tensors{holds}; nothing else is unpickled,"
            " since a pickle can run code. Give the released file"
        ) from None
    network = _network(state)
    if network is None:
        raise BadFile(f"{path}: not a state dict: its content is no table of plain tensors")
    return network


def _network(state: Any) -> dict[str, Tensor] | None:
    """The table of plain tensors in what a file holds."""
    if not isinstance(state, Mapping):
        return None
    if state and all(map(_plain, state.values())):
        return dict(state)
    inner = [state[name] for name in NETWORKS if isinstance(state.get(name), Mapping)]
    return _network(inner[0]) if len(inner) == 1 else None


def _plain(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized
