"""`seldbench profile`: what a system costs to answer, by its recipe and a number of classes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from seldbench import registry
from seldbench.errors import UnknownName, near
from seldbench.experiment.counting import KINDS
from seldbench.experiment.graph import best_device, device_name
from seldbench.experiment.profiles import (
    Count,
    Latency,
    Part,
    counted,
    latency,
    memory,
    parts_of,
    window_of,
)
from seldbench.recipe import Recipe, parse_setting, recipe_file, resolve

DEVICES = ("cpu", "cuda")
# What features make with operations of each kind; what is not named is "other".
OF_FEATURES = {"fft": "stft", "linear": "mel", "attention": "mel"}
UNITS = ("", "k", "M", "G", "T", "P")


@dataclass(frozen=True)
class Profile:
    """A system in a clip of so many seconds, and how long that takes on a device. memory: bytes
    that one window needs besides weights, of the part that needs most."""

    recipe: Recipe
    classes: int
    seconds: float
    parts: Sequence[tuple[Part, Count]]
    memory: int
    latencies: Sequence[Latency]
    device: str
    threads: int | None

    def as_json(self) -> dict[str, Any]:
        """MACs are those of a second of audio."""
        parts = [part for part, _ in self.parts]
        features, network = self.features, self.network
        return {
            "arch": self.recipe.architecture,
            "dataset": self.recipe.dataset,
            "variant": self.recipe.variant,
            "classes": self.classes,
            "seconds": self.seconds,
            "parameters": {
                "trainable": sum(part.assembly.parameters for part in parts),
                "all": sum(part.parameters for part in parts),
            },
            "macs_per_second": round(sum(features.values()) + sum(network.values())),
            "features": {kind: round(macs) for kind, macs in features.items()},
            "network": {kind: round(macs) for kind, macs in network.items()},
            "memory_bytes": self.memory,
            "parts": [self._part(part, count) for part, count in self.parts],
            "device": self.device,
            "threads": self.threads,
            "latency": [
                {
                    "batch": one.batch,
                    "real_time_factor": one.real_time_factor,
                    "milliseconds_per_window": one.milliseconds,
                    "repeats": one.repeats,
                    "device_memory_bytes": one.memory,
                }
                for one in self.latencies
            ],
        }

    @property
    def features(self) -> dict[str, float]:
        """MACs a second of all parts' features, by what they make."""
        total = dict.fromkeys(("stft", "mel", "other"), 0.0)
        for _, count in self.parts:
            for kind, macs in count.features.items():
                total[OF_FEATURES.get(kind, "other")] += macs / self.seconds
        return total

    @property
    def network(self) -> dict[str, float]:
        """MACs a second of all networks, by kind of layer."""
        total: Counter[str] = Counter()
        for _, count in self.parts:
            total.update(count.network)
        return {kind: total[kind] / self.seconds for kind in KINDS if total[kind] or kind != "fft"}

    def _part(self, part: Part, count: Count) -> dict[str, Any]:
        return {
            "role": part.role,
            "stage": part.name,
            "arch": part.assembly.stage.architecture,
            "parameters": part.parameters,
            "window": part.assembly.windowing.window,
            "windows": count.windows,
            "macs_per_second": round(count.total / self.seconds),
        }

    def lines(self) -> Iterator[str]:
        """For a person."""
        said, recipe = self.as_json(), self.recipe
        of = f"{recipe.architecture} on {recipe.dataset}, variant {recipe.variant}"
        yield f"{of}: {recipe.title}; {self.classes} classes, a clip of {self.seconds:g} s"
        trainable, every = said["parameters"].values()
        yield f"{'parameters':24}{trainable:,} trainable, {every:,} in all"
        yield f"{'MACs a second':24}{amount(said['macs_per_second'])}"
        yield f"{'  features':24}{_by_kind(self.features)}"
        yield f"{'  network':24}{_by_kind(self.network)}"
        for part in said["parts"] if len(self.parts) > 1 else ():
            yield (
                f"{'  ' + part['role']:24}{amount(part['macs_per_second'])}: stage"
                f" {part['stage']} ({part['arch']}), {part['windows']} windows of"
                f" {part['window']:g} s"
            )
        yield f"{'memory of a window':24}{said['memory_bytes'] / 2**20:.1f} MiB besides weights"
        where = self.device if self.threads is None else f"{self.device}, {_threads(self.threads)}"
        for one in self.latencies:
            most = "" if one.memory is None else f"; {one.memory / 2**20:.0f} MiB of the device"
            yield (
                f"{f'batch {one.batch}, {where}':24}{one.milliseconds:.2f} ms a window, real-time"
                f" factor {one.real_time_factor:.3g} (median of {one.repeats}){most}"
            )


def profiles(
    arch: str,
    *,
    dataset: str | None,
    variants: Sequence[str],
    settings: Sequence[str],
    size: str | None,
    classes: int | None,
    device: str | None,
    batch: int,
    seconds: float | None,
) -> Iterator[Profile]:
    """Of every variant.

    Args:
        dataset: None for that of the architecture's first recipe. variants: none: its first.
        classes: None for as many as the data set has. seconds: of a clip; None for one window, the
            longest of the system. device: None for a GPU where there is one.

    Raises:
        UnknownName: names, a device that is not there, a set whose classes nobody knows.
    """
    dataset = dataset or _first_set(arch)
    path = recipe_file(arch, dataset)
    chosen: dict[str, Any] = dict(parse_setting(text) for text in settings)
    if size is not None:
        chosen["model.size"] = size
    at = device_of(device)
    number = class_count(dataset) if classes is None else classes
    names: list[str | None] = [*variants] or [None]
    for recipe in [resolve(path, dataset, name, chosen) for name in names]:
        parts = parts_of(recipe, _names(number))
        length = seconds or window_of(parts)
        counts = [(part, counted(part, length)) for part in parts]
        most = max(memory(part) for part in parts)
        times = [latency(parts, length, size, at) for size in dict.fromkeys((1, batch))]
        threads = torch.get_num_threads() if at.type == "cpu" else None
        yield Profile(recipe, number, length, counts, most, times, device_name(at), threads)


def class_count(dataset: str) -> int:
    """How many classes a data set has as it is published, or its real twin.

    Raises:
        UnknownName: only the set on disk knows.
    """
    for name in dict.fromkeys((dataset, dataset.removesuffix("-sim"))):
        if name in registry.names("datasets"):
            made = registry.find("datasets", name)
            number = getattr(made, "class_count", None) or len(getattr(made, "classes", ()))
            if number:
                return int(number)
    raise UnknownName(
        f"{dataset}: how many classes it has is known only where it lies; give --classes"
    )


def device_of(name: str | None) -> torch.device:
    """None for a GPU where there is one. Raises UnknownName: no such device."""
    if name is None:
        return best_device()
    if name not in DEVICES:
        raise UnknownName(f"--device {name}: no such device{near(name, DEVICES)}; cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UnknownName("--device cuda: there is no GPU that torch can use; take cpu")
    return torch.device(name)


def amount(number: float) -> str:
    """In words, three digits."""
    unit = 0
    while number >= 999.5 and unit < len(UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.3g} {UNITS[unit]}".rstrip()


def _by_kind(macs: dict[str, float]) -> str:
    kinds = [f"{kind} {amount(number)}" for kind, number in macs.items() if number]
    return f"{amount(sum(macs.values()))} ({', '.join(kinds)})" if kinds else "none"


def _threads(number: int) -> str:
    return f"{number} thread{'s' if number > 1 else ''}"


def _names(number: int) -> tuple[str, ...]:
    return tuple(f"class {n}" for n in range(number))


def _first_set(arch: str) -> str:
    for name in registry.names("recipes"):
        if name.startswith(f"{arch}/"):
            return name.split("/")[1]
    known = sorted({name.split("/")[0] for name in registry.names("recipes")})
    raise UnknownName(
        f"no recipe of an architecture {arch!r}{near(arch, known)}; see `seldbench list recipes`"
    )
