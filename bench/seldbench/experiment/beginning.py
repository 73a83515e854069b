"""The first weights of a network, part by part: from another stage, from a file of ours, or from
weights that others released."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from seldbench import registry
from seldbench.contracts import Weights
from seldbench.errors import BadFile, BadRecipe, MissingData, near
from seldbench.experiment.assembly import difference, fill
from seldbench.experiment.released import read_tensors
from seldbench.recipe import Origin, Stage
from seldbench.storage import file_digest
from seldbench.training import checkpoint


def begin(network: nn.Module, stage: Stage, parents: Mapping[str, Path]) -> None:
    """Fill the parts that the recipe names an origin of.

    Args:
        parents: the weights of the stages that are finished; parts that start from others are left.

    Raises:
        BadRecipe: the network has no such part. BadRun, BadFile: weights of another network, or
        unreadable. MissingData: released weights whose file nobody named.
    """
    for part, origin in stage.origins.items():
        inner = _part(network, part)
        if origin.weights is not None:
            fill(inner, _released(part, inner, origin), Path(origin.path or ""))
        elif origin.path is not None:
            _initialise(inner, Path(origin.path), origin.part)
        elif origin.stage is not None and origin.stage in parents:
            _initialise(inner, parents[origin.stage], origin.part)


def first_weights(stage: Stage) -> dict[str, str | dict[str, str]]:
    """Where each part starts from, as rows carry it: {part: "random", or the origin by kind}."""
    said: dict[str, str | dict[str, str]] = {}
    for part, origin in stage.init.items():
        if not isinstance(origin, Origin):
            said[part] = "random"
        elif origin.path is None:
            said[part] = {"stage": origin.stage or ""}
        else:
            path = Path(origin.path)
            kind = {} if origin.weights is None else {"weights": origin.weights.name}
            said[part] = {**kind, "file": path.name, "sha256": file_digest(path)}
    return said


def _initialise(inner: nn.Module, path: Path, source: str) -> None:
    fill(inner, checkpoint.part(source, checkpoint.load(path)[0]), path)


def _part(network: nn.Module, name: str) -> nn.Module:
    parts = dict(network.named_modules())
    if name not in parts:
        raise BadRecipe(
            f"init: the network has no part {name!r}{near(name, parts)}; its parts:"
            f" {', '.join(part for part, _ in network.named_children())}"
        )
    return parts[name]


def _released(part: str, inner: nn.Module, origin: Origin) -> Mapping[str, Tensor]:
    assert origin.weights is not None
    known: Weights = registry.find("weights", origin.weights.name)
    if origin.path is None:
        raise MissingData(
            f"init: {part or 'the network'} starts from {origin.weights.name}: {known.where}. Get"
            " it and name it with --init PATH; --init none starts from random weights instead, and"
            " the row will say so"
        )
    path = Path(origin.path)
    tensors = read_tensors(path)
    try:
        made = known.convert(tensors, inner.state_dict(), **origin.weights.arguments)
    except (TypeError, ValueError, KeyError) as error:
        raise BadFile(f"{path}: {error} ({origin.weights.name}: {known.where})") from error
    wrong = difference(inner, made)
    if wrong:
        raise BadFile(f"{path}: does not fit {part or 'the network'}: {wrong}; {known.where}")
    return made
