"""A stage put together: features, formats, windows and network, from its recipe and the classes."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from seldbench import registry
from seldbench.arrays import CHANNELS, rotations
from seldbench.audio import Waveform
from seldbench.contracts import Architecture, Clip, Features, OutputFormat
from seldbench.errors import BadRecipe, BadRun, near
from seldbench.events import EventList
from seldbench.experiment.hearing import check_layout, stride
from seldbench.inference.outputs import Given, Listener, nothing
from seldbench.recipe import Component, Recipe, Stage, Views
from seldbench.runs import StageFolder
from seldbench.training import checkpoint
from seldbench.training.inputs import memory_format
from seldbench.windows import Windowing

NO_INPUTS: Mapping[str, int] = {}
# What a network is built with besides its recipe's `model`.
FROM_HARNESS = frozenset({"channels", "bins", "hop", "sizes"})


@dataclass(frozen=True)
class Assembly:
    """A network with all that it needs to train or to listen. frames: label frames of a window.
    inputs: the size of what it is given besides the features, by name."""

    stage: Stage
    architecture: Architecture
    classes: tuple[str, ...]
    windowing: Windowing
    formats: dict[str, OutputFormat]
    network: nn.Module
    frames: int
    inputs: Mapping[str, int]

    @property
    def grid(self) -> float:
        """The hop of what is said of clips: that of the label frames, or what they are brought
        to."""
        return self.stage.inference.grid or self.windowing.grid

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

    def listener(
        self,
        network: nn.Module,
        device: torch.device,
        given: Given = nothing,
        how: Views | None = None,
    ) -> Listener:
        """The network at work, in float32.

        Args:
            given: what it hears of a clip besides the features. how: None: as at test.
        """
        self.to(device)
        how = how or self.stage.inference
        return Listener(
            network.to(device),
            self.windowing,
            self.formats,
            hop=how.hop or self.windowing.window / 2,
            frames=self.frames,
            device=device,
            rotations=rotations(self.stage.layout) if how.rotations else rotations("mono"),
            given=given,
        )


def assemble(
    stage: Stage, classes: tuple[str, ...], seed: int, inputs: Mapping[str, int] = NO_INPUTS
) -> Assembly:
    """Build and try out a stage: one silent window goes through the network.

    Args:
        inputs: the size of what the network is given besides the features, by name.

    Raises:
        UnknownName: features, a format or a loss that nobody defines.
        BadRecipe: arguments that a component does not take, heads that the network lacks, or a
            layout or grid that does not fit.
    """
    features: Features = _built(registry.find("features", stage.features.name), stage.features)
    check_layout(stage, features)
    formats = {name: format_of(stage, name, classes) for name in stage.heads}
    architecture = stage.architecture
    found: Architecture = registry.find("architectures", architecture)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = _network(architecture, found, stage, features, formats)
    network.to(memory_format=memory_format(stage.training.channels_last))
    hop = cast(float, network.hop)
    each = stage.layout if stage.each_microphone else None
    windowing = Windowing(features, stage.training.window, hop, stride(stage, hop), each)
    with _in_words(architecture):
        outputs = of_silence(network, windowing, inputs)
    frames = _frames(outputs, windowing, formats)
    assembly = Assembly(stage, found, classes, windowing, formats, network, frames, inputs)
    if windowing.stride > 1:
        answer_to_silence(assembly)
    return assembly


def load_trained(assembly: Assembly, folder: StageFolder) -> None:
    """Fill a network, and the scaling of its features, from a finished stage.

    Raises:
        BadRun: unreadable, or weights of another network.
    """
    fill(assembly.network, checkpoint.load(folder.weights)[0], folder.weights)
    if assembly.windowing.features.fitted:
        load_scaling(assembly, folder.scaling)


def load_scaling(assembly: Assembly, path: Path) -> None:
    """Fill the features' scaling. Raises BadRun as `load_trained`."""
    fill(assembly.features, checkpoint.load(path)[0], path)


def difference(network: nn.Module, tensors: Mapping[str, Tensor]) -> str:
    """In words the first of the tensors that the network lacks, or has and is not given, or has in
    another shape, and how many more there are; "" where they fit."""
    own = network.state_dict()
    wrong = [f"without {name}" for name in own if name not in tensors]
    wrong += [f"with {name}, which this one lacks" for name in tensors if name not in own]
    wrong += [
        f"{name} is {tuple(tensors[name].shape)}, here {tuple(own[name].shape)}"
        for name in own
        if name in tensors and tensors[name].shape != own[name].shape
    ]
    more = f" (and {len(wrong) - 1} more differences)" if len(wrong) > 1 else ""
    return wrong[0] + more if wrong else ""


def fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """All tensors of a network, or of a part. Raises BadRun for those of another one."""
    wrong = difference(network, tensors)
    if wrong:
        raise BadRun(
            f"{path}: weights of another network: {wrong}; give those of the same architecture,"
            " variant and classes"
        )
    network.load_state_dict(dict(tensors))


def format_of(stage: Stage, head: str, classes: tuple[str, ...]) -> OutputFormat:
    """What a head's output means. Raises BadRecipe, UnknownName."""
    chosen = stage.heads[head]
    form = make_format(f"heads.{head}", chosen.format, classes)
    if chosen.loss not in form.losses:
        raise BadRecipe(
            f"heads.{head}: format {chosen.format.name!r} has no loss {chosen.loss!r}"
            f"{near(chosen.loss, form.losses)}; it has: {', '.join(form.losses)}"
        )
    return form


def make_format(where: str, chosen: Component, classes: tuple[str, ...]) -> OutputFormat:
    """A format with the recipe's arguments. Raises BadRecipe, UnknownName."""
    make = registry.find("formats", chosen.name)
    _check_arguments(f"format {chosen.name!r}", make, set(chosen.arguments))
    try:
        return make(classes, **chosen.arguments)
    except (TypeError, ValueError) as error:
        raise BadRecipe(f"{where}: format {chosen.name!r}: {error}") from error


def _network(
    name: str,
    architecture: Architecture,
    stage: Stage,
    features: Features,
    formats: dict[str, OutputFormat],
) -> nn.Module:
    _check_arguments(f"architecture {name!r}", architecture.build, set(stage.model), FROM_HARNESS)
    with _in_words(name):
        return architecture.build(
            channels=features.channels,
            bins=features.bins,
            hop=features.hop,
            sizes={head: form.size for head, form in formats.items()},
            **stage.model,
        )


@contextmanager
def _in_words(architecture: str) -> Iterator[None]:
    """What a network says of arguments, features or windows that it cannot do with."""
    try:
        yield
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadRecipe(
            f"architecture {architecture!r} cannot be built so: {error}; change its `model`, the"
            " features, or training.window"
        ) from error


def _built(make: type, component: Component) -> Features:
    _check_arguments(f"features {component.name!r}", make, set(component.arguments))
    try:
        return make(**component.arguments)
    except (TypeError, ValueError) as error:
        raise BadRecipe(f"features {component.name!r}: {error}") from error


def _check_arguments(
    what: str, make: object, given: set[str], taken: frozenset[str] = frozenset()
) -> None:
    """Raises BadRecipe for arguments that a component lacks, or that are not the recipe's."""
    known = set(inspect.signature(make).parameters) - taken  # type: ignore[arg-type]
    for argument in sorted(given - known):
        raise BadRecipe(
            f"{what} takes no argument {argument!r}{near(argument, known)}; it takes:"
            f" {', '.join(sorted(known)) or 'none'}"
        )


def input_sizes(recipe: Recipe, stage: Stage, classes: tuple[str, ...]) -> dict[str, int]:
    """How many values each input has: those of the head that says it, or of its truth."""
    sizes = {}
    for name, source in stage.inputs.items():
        if source.stage is None or source.head is None:
            assert source.truth is not None  # the recipe's own rule
            sizes[name] = make_format(f"inputs.{name}.truth", source.truth, classes).size
            continue
        of = recipe.stages[source.stage]
        if source.head not in of.heads:
            raise BadRecipe(
                f"inputs.{name}: stage {source.stage!r} has no head {source.head!r}"
                f"{near(source.head, of.heads)}; it has: {', '.join(of.heads)}"
            )
        sizes[name] = format_of(of, source.head, classes).size
    return sizes


@torch.inference_mode()
def of_silence(
    network: nn.Module, windowing: Windowing, inputs: Mapping[str, int]
) -> dict[str, Tensor]:
    """What a network says of a window of features, and of inputs, that are 0: {head: (1, ...)}."""
    features = windowing.features
    silent = torch.zeros(1, features.channels, windowing.frames, features.bins)
    return network.eval()(silent, **{name: torch.zeros(1, n) for name, n in inputs.items()})


def silent_clip(assembly: Assembly) -> Clip:
    """One window of silence, as what the network hears."""
    layout, window = assembly.stage.layout, assembly.windowing
    silence = np.zeros((CHANNELS.get(layout, 1), window.samples), dtype=np.float32)
    recording = Waveform(silence, window.features.sample_rate)
    return Clip("silence", window.window, {layout: recording}, EventList())


def answer_to_silence(assembly: Assembly) -> dict[str, Tensor]:
    """What is said of a clip of one silent window, by head. Raises BadRecipe where label frames
    cannot be brought to the recipe's grid."""
    said = of_silence(assembly.network, assembly.windowing, assembly.inputs)
    times = assembly.windowing.stride
    found = {}
    for name, form in assembly.formats.items():
        merged = form.merge(form.activate(said[name].float()), [0], assembly.frames)
        try:
            found[name] = merged if times == 1 else form.coarser(merged, times)
        except ValueError as error:
            raise BadRecipe(f"inference.grid, heads.{name}: {error}") from error
    return found


def _frames(
    outputs: Mapping[str, Tensor], windowing: Windowing, formats: dict[str, OutputFormat]
) -> int:
    """The label frames of a window."""
    missing = set(formats) - set(outputs)
    if missing:
        raise BadRecipe(
            f"the network has no head {min(missing)!r}{near(min(missing), outputs)};"
            f" it has: {', '.join(outputs)}"
        )
    framed = [o.shape[1] for name, o in outputs.items() if name in formats and o.dim() > 2]
    return max(framed, default=max(1, int(windowing.window / windowing.grid)))
