"""A stage put together: features, formats, windows and network, from its recipe and the classes."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from seldbench import registry
from seldbench.arrays import rotations
from seldbench.contracts import Architecture, Features, OutputFormat
from seldbench.errors import BadRecipe, BadRun, near
from seldbench.inference.outputs import Listener
from seldbench.recipe import Component, Stage
from seldbench.runs import StageFolder
from seldbench.training import checkpoint
from seldbench.training.inputs import memory_format
from seldbench.windows import Windowing


@dataclass(frozen=True)
class Assembly:
    """A network with all that it needs to train or to listen. frames: label frames of a window."""

    stage: Stage
    architecture: Architecture
    classes: tuple[str, ...]
    windowing: Windowing
    formats: dict[str, OutputFormat]
    network: nn.Module
    frames: int

    @property
    def parameters(self) -> int:
        """Trainable parameters."""
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    @property
    def features(self) -> nn.Module:
        """The features as a module."""
        return cast(nn.Module, self.windowing.features)

    def to(self, device: torch.device) -> None:
        """Features and network moved."""
        self.network.to(device)
        self.features.to(device)

    def listener(self, network: nn.Module, device: torch.device) -> Listener:
        """The network at test, in float32."""
        self.to(device)
        how = self.stage.inference
        return Listener(
            network.to(device),
            self.windowing,
            self.formats,
            hop=how.hop or self.windowing.window / 2,
            frames=self.frames,
            device=device,
            rotations=rotations(self.stage.layout) if how.rotations else rotations("mono"),
        )


def assemble(architecture: str, stage: Stage, classes: tuple[str, ...], seed: int) -> Assembly:
    """Build and try out a stage: one silent window goes through the network.

    Raises:
        UnknownName: features, a format or a loss that nobody defines.
        BadRecipe: arguments that a component does not take, or heads that the network lacks.
    """
    features: Features = _built(registry.find("features", stage.features.name), stage.features)
    if features.layout != stage.layout:
        raise BadRecipe(
            f"features {stage.features.name!r} hear {features.layout!r} recordings,"
            f" the recipe's layout is {stage.layout!r}; make them agree"
        )
    formats = {name: _format(name, stage, classes) for name in stage.heads}
    found: Architecture = registry.find("architectures", architecture)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = _network(architecture, found, stage, features, formats)
    network.to(memory_format=memory_format(stage.training.channels_last))
    windowing = Windowing(features, stage.training.window, network.hop)  # type: ignore[arg-type]
    frames = _frames(network, windowing, formats)
    return Assembly(stage, found, classes, windowing, formats, network, frames)


def load_trained(assembly: Assembly, folder: StageFolder) -> None:
    """Fill a network, and the scaling of its features, from a finished stage.

    Raises:
        BadRun: unreadable, or weights of another network.
    """
    _fill(assembly.network, checkpoint.load(folder.weights)[0], folder.weights)
    if assembly.windowing.features.fitted:
        load_scaling(assembly, folder.scaling)


def load_scaling(assembly: Assembly, path: Path) -> None:
    """Fill the features' scaling. Raises BadRun as `load_trained`."""
    _fill(assembly.features, checkpoint.load(path)[0], path)


def initialise(network: nn.Module, part: str, path: Path, source: str) -> None:
    """Fill a part ("" for all) of a network from the part `source` of a weights file."""
    target = network.get_submodule(part)
    _fill(target, checkpoint.part(source, checkpoint.load(path)[0]), path)


def _fill(network: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise BadRun(f"{path}: weights of another network ({error})") from None


def _format(head: str, stage: Stage, classes: tuple[str, ...]) -> OutputFormat:
    chosen = stage.heads[head]
    make = registry.find("formats", chosen.format.name)
    _check_arguments(f"format {chosen.format.name!r}", make, set(chosen.format.arguments))
    try:
        form: OutputFormat = make(classes, **chosen.format.arguments)
    except (TypeError, ValueError) as error:
        raise BadRecipe(f"heads.{head}: format {chosen.format.name!r}: {error}") from error
    if chosen.loss not in form.losses:
        raise BadRecipe(
            f"heads.{head}: format {chosen.format.name!r} has no loss {chosen.loss!r}"
            f"{near(chosen.loss, form.losses)}; it has: {', '.join(form.losses)}"
        )
    return form


def _network(
    name: str,
    architecture: Architecture,
    stage: Stage,
    features: Features,
    formats: dict[str, OutputFormat],
) -> nn.Module:
    _check_arguments(f"architecture {name!r}", architecture.build, set(stage.model))
    return architecture.build(
        channels=features.channels,
        bins=features.bins,
        hop=features.hop,
        sizes={head: form.size for head, form in formats.items()},
        **stage.model,
    )


def _built(make: type, component: Component) -> Features:
    _check_arguments(f"features {component.name!r}", make, set(component.arguments))
    try:
        return make(**component.arguments)
    except (TypeError, ValueError) as error:
        raise BadRecipe(f"features {component.name!r}: {error}") from error


def _check_arguments(what: str, make: object, given: set[str]) -> None:
    known = set(inspect.signature(make).parameters)  # type: ignore[arg-type]
    for argument in sorted(given - known):
        raise BadRecipe(f"{what} takes no argument {argument!r}{near(argument, known)}")


@torch.inference_mode()
def _frames(network: nn.Module, windowing: Windowing, formats: dict[str, OutputFormat]) -> int:
    features = windowing.features
    silent = torch.full((1, features.channels, windowing.frames, features.bins), 0.0)
    network.eval()
    outputs = network(silent)
    missing = set(formats) - set(outputs)
    if missing:
        raise BadRecipe(
            f"the network has no head {min(missing)!r}{near(min(missing), outputs)};"
            f" it has: {', '.join(outputs)}"
        )
    framed = [o.shape[1] for name, o in outputs.items() if name in formats and o.dim() > 2]
    return max(framed, default=max(1, int(windowing.window / windowing.grid)))
