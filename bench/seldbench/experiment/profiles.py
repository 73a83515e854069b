"""What an answer costs: parameters, multiply-accumulates, memory and time of a system, by a recipe
and a number of classes alone; neither weights nor data are needed.

Counted are the networks that answer and those whose answers they are given, each once, with their
features: everything that is heard at test, so every microphone where each is heard alone, every
rotation, and windows that overlap in a longer clip. Of a system that is asked about each direction
it is the search for directions and one question; every further source costs a question more.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from seldbench.arrays import CHANNELS
from seldbench.audio import Waveform
from seldbench.contracts import Clip, OutputFormat
from seldbench.experiment.assembly import Assembly, assemble, input_sizes
from seldbench.experiment.counting import Memory, counting
from seldbench.experiment.sources import DIRECTION
from seldbench.inference.outputs import Given, Listener
from seldbench.recipe import Recipe

CPU = torch.device("cpu")
# Repeats of a measurement: at least so many, and no more once so many seconds have passed.
FEWEST, MOST, SECONDS = 3, 50, 1.0
Said = TypeVar("Said")


@dataclass(frozen=True)
class Part:
    """A network of a system. role: what it answers, or "input". passes: what it is given besides
    the features each time that it hears a clip, (values,) each."""

    role: str
    name: str
    assembly: Assembly
    passes: tuple[Mapping[str, Tensor], ...]

    @property
    def parameters(self) -> int:
        """All, those that no training changes among them."""
        return sum(p.numel() for p in self.assembly.network.parameters())


@dataclass(frozen=True)
class Count:
    """MACs of a part in one clip, by kind (see `counting`). windows: that it hears of the clip, in
    all views and passes."""

    features: Mapping[str, int]
    network: Mapping[str, int]
    windows: int

    @property
    def total(self) -> int:
        return sum(self.features.values()) + sum(self.network.values())


@dataclass(frozen=True)
class Latency:
    """The median of repeats in which so many clips were heard together. computing: seconds.
    windows: of one clip. memory: bytes of the device at most, None on a CPU."""

    batch: int
    audio: float
    computing: float
    windows: int
    repeats: int
    memory: int | None

    @property
    def real_time_factor(self) -> float:
        """Seconds of computing a second of audio."""
        return self.computing / (self.batch * self.audio)

    @property
    def milliseconds(self) -> float:
        """A window."""
        return 1000 * self.computing / (self.batch * self.windows)


@dataclass
class Stopwatch:
    """Seconds of computing, and of the audio that was heard in them."""

    computing: float = 0.0
    audio: float = 0.0

    @contextmanager
    def over(self, clips: Sequence[Clip]) -> Iterator[None]:
        """While clips are heard."""
        began = time.perf_counter()
        yield
        self.computing += time.perf_counter() - began
        self.audio += sum(clip.duration for clip in clips)

    def each(self, heard: Iterator[tuple[Clip, Said]]) -> Iterator[tuple[Clip, Said]]:
        """Clips as they are heard; what happens between two of them takes no time."""
        while True:
            began = time.perf_counter()
            one = next(heard, None)
            self.computing += time.perf_counter() - began
            if one is None:
                return
            self.audio += one[0].duration
            yield one

    @property
    def real_time_factor(self) -> float | None:
        """None where nothing was heard."""
        return self.computing / self.audio if self.audio else None


def parts_of(recipe: Recipe, classes: Sequence[str]) -> list[Part]:
    """The networks that answer, then those whose answers they are given.

    Raises:
        UnknownName, BadRecipe: as `assemble`.
    """
    waiting = [(role, name) for role, name in recipe.answering.items()]
    found: dict[str, Part] = {}
    for role, name in waiting:
        if name in found:
            continue
        stage = recipe.stages[name]
        sizes = input_sizes(recipe, stage, tuple(classes))
        assembly = assemble(stage, tuple(classes), 0, sizes)
        given = {argument: torch.zeros(size) for argument, size in sizes.items()}
        passes: tuple[Mapping[str, Tensor], ...] = (given,)
        if recipe.system == "each_direction" and role != "input":
            passes = ({n: t for n, t in given.items() if n != DIRECTION}, given)
        found[name] = Part(role, name, assembly, passes)
        waiting += [("input", one.stage) for one in stage.inputs.values() if one.stage]
    _scale(found.values())
    return list(found.values())


def window_of(parts: Sequence[Part]) -> float:
    """The longest window of any part."""
    return max(part.assembly.windowing.window for part in parts)


def counted(part: Part, seconds: float) -> Count:
    """MACs of a part in a clip of so many seconds."""
    windowing, network = part.assembly.windowing, part.assembly.network
    clip, windows = noise([part], seconds), 0
    features: Counter[str] = Counter()
    layers: Counter[str] = Counter()
    for given, listener in zip(part.passes, _listeners(part, CPU, 1)):
        with counting(part.assembly.features) as made:
            views = sum(1 for _ in listener.views([clip]))
        heard = views * len(windowing.onsets(seconds, listener.hop))
        window, inputs = _silent(part, given)
        with counting(network) as one:
            network(window, **inputs)
        features.update(made)
        layers.update({kind: heard * macs for kind, macs in one.items()})
        windows += heard
    return Count(dict(features), dict(layers), windows)


def memory(part: Part) -> int:
    """Bytes of results that are alive at once while the network hears one window, on a CPU."""
    network = part.assembly.network.eval().cpu()
    window, inputs = _silent(part, part.passes[-1])
    with torch.no_grad(), Memory(network) as held:
        network(window, **inputs)
    return held.peak


def macs_per_second(recipe: Recipe, classes: Sequence[str]) -> int:
    """Of a clip as long as the longest window, in which nothing of that part is heard twice.

    Raises:
        UnknownName, BadRecipe: as `assemble`.
    """
    parts = parts_of(recipe, classes)
    seconds = window_of(parts)
    return round(sum(counted(part, seconds).total for part in parts) / seconds)


def cost(
    recipe: Recipe, classes: Sequence[str], watch: Stopwatch, device: str
) -> dict[str, float | int | str | None]:
    """What a score file says of a run: its MACs, and the time of its test clips, from their files
    to what is decided.

    Args:
        device: its name, as `graph.device_name`.
    """
    return {
        "macs_per_second": macs_per_second(recipe, classes),
        "real_time_factor": watch.real_time_factor,
        "device": device,
        "threads": torch.get_num_threads() if device == CPU.type else None,
        "batch": Listener.batch,
    }


def latency(parts: Sequence[Part], seconds: float, batch: int, device: torch.device) -> Latency:
    """How long clips of noise take, heard together, from samples to merged answers."""
    listeners = [one for part in parts for one in _listeners(part, device, batch)]
    clips = [noise(parts, seconds) for _ in range(batch)]
    on_gpu = device.type == "cuda"

    def hear() -> float:
        began = time.perf_counter()
        for listener in listeners:
            for _ in listener(clips):  # answers arrive on the CPU: they wait for the device
                pass
        return time.perf_counter() - began

    hear()  # what is set up once
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    taken: list[float] = []
    while len(taken) < FEWEST or (len(taken) < MOST and sum(taken) < SECONDS):
        taken.append(hear())
    memory = torch.cuda.max_memory_allocated(device) if on_gpu else None
    first = listeners[0]
    windows = len(first.windowing.onsets(seconds, first.hop))
    return Latency(batch, seconds, median(taken), windows, len(taken), memory)


def noise(parts: Sequence[Part], seconds: float) -> Clip:
    """A clip that all parts can hear."""
    draw = np.random.default_rng(0)
    recordings = {}
    for part in parts:
        layout, rate = part.assembly.stage.layout, part.assembly.windowing.features.sample_rate
        shape = (CHANNELS.get(layout, 1), round(seconds * rate))
        recordings[layout] = Waveform(0.1 * draw.standard_normal(shape, dtype=np.float32), rate)
    return Clip("noise", seconds, recordings)


def _scale(parts: Iterable[Part]) -> None:
    """Features standardised by what noise is like, where they are by anything."""
    for part in parts:
        windowing = part.assembly.windowing
        if windowing.features.fitted:
            view = windowing.views(noise([part], windowing.window))[0]
            windowing.features.fit([windowing.whole_spectrum(view)])


def _silent(part: Part, given: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """One window of silence, and inputs, for the network."""
    features, frames = part.assembly.windowing.features, part.assembly.windowing.frames
    window = torch.zeros(1, features.channels, frames, features.bins)
    return window, {name: value[None] for name, value in given.items()}


def _listeners(part: Part, device: torch.device, batch: int) -> Iterator[Listener]:
    """The network at work, once for every pass."""
    assembly, network = part.assembly, part.assembly.network.eval()
    for given in part.passes:
        heads = _heads(part, given)
        listener = assembly.listener(network, device, _always(given))
        yield replace(listener, formats=heads, batch=batch)


def _heads(part: Part, given: Mapping[str, Tensor]) -> dict[str, OutputFormat]:
    """Those that answer where this is given: a search for directions says nothing else."""
    formats, network = part.assembly.formats, part.assembly.network
    if len(part.passes) == 1:
        return formats
    window, inputs = _silent(part, given)
    with torch.no_grad():
        said = network.cpu()(window, **inputs)
    return {name: form for name, form in formats.items() if name in said}


def _always(given: Mapping[str, Tensor]) -> Given:
    return lambda clip: given
