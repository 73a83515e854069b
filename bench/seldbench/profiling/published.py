"""What published score files do not say of their cost, counted from the recipes in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from seldbench.errors import BadFile, BadRecipe, SeldbenchError
from seldbench.experiment.graph import device_name
from seldbench.experiment.profiles import Part, latency, macs_per_second, parts_of, window_of
from seldbench.profiling.systems import amount, device_of
from seldbench.recipe import Recipe
from seldbench.report.publish import LOCK
from seldbench.report.results.score_files import parse
from seldbench.storage import locked, read_json, write_json

# Of a stage, what the cost of its answers hangs on.
HEARD = {"architecture", "features", "layout", "each_microphone", "model", "inference"}
ROUNDS = 3  # in which every system is timed once


@dataclass(frozen=True)
class Timing:
    """How published systems are timed: with noise, side by side on one machine.

    device: None for a GPU where there is one. batch: clips that are heard together, each as long as
    the system's longest window.
    """

    device: str | None = None
    batch: int = 8

    def of(self, parts: Sequence[Part]) -> dict[str, Any]:
        """As a score file says it. Raises UnknownName: no such device."""
        at = device_of(self.device)
        found = latency(parts, window_of(parts), self.batch, at)
        return {
            "real_time_factor": found.real_time_factor,
            "noise": True,
            "device": device_name(at),
            "threads": torch.get_num_threads() if at.type == "cpu" else None,
            "batch": self.batch,
        }


@dataclass(frozen=True)
class System:
    """What a score file's recipe builds. key: equal where the same is heard. built: parameters."""

    recipe: Recipe
    labels: tuple[str, ...]
    key: str
    built: int

    @property
    def parts(self) -> list[Part]:
        return parts_of(self.recipe, self.labels)


def add_costs(reports: Path, timing: Timing | None = None) -> Iterator[str]:
    """MACs for the published score files that do not say any; in words what was done with each.

    Args:
        timing: with it the time of every system is measured too, in place of what its file says,
            so that all are of one machine and sitting: the least of three rounds. Files whose
            systems do not differ in what is heard have one time.

    Raises:
        BadFile: no score files there, or one that breaks a rule.
        UnknownName: the timing's device.
    """
    paths = sorted((reports / "scores").glob("*.json"))
    if not paths:
        raise BadFile(f"{reports / 'scores'}: no score files; name the reports' folder")
    if timing is not None:
        device_of(timing.device)
    found: dict[Path, System] = {}
    for path in paths:
        content = read_json(path)
        parse(content, path)
        if content.get("cost") and timing is None:
            yield f"{path.stem}: says its cost"
            continue
        try:
            found[path] = _system(content)
        except SeldbenchError as error:
            yield f"{path.stem}: left as it is: {error}"
    systems = {system.key: system for system in found.values()}
    costs = {
        key: {"macs_per_second": macs_per_second(system.recipe, system.labels)}
        for key, system in systems.items()
    }
    for number in range(ROUNDS if timing else 0):
        yield f"round {number + 1} of {ROUNDS}: {len(systems)} systems"
        for key, system in systems.items():
            assert timing is not None
            costs[key] = _quicker(costs[key], timing.of(system.parts))
    for path, system in found.items():
        cost = costs[system.key]
        with locked(reports / LOCK):
            write_json(path, _with_cost(read_json(path), cost))
        yield f"{path.stem}: {_said(cost)}"


def _system(content: dict[str, Any]) -> System:
    """Of a score file. Raises SeldbenchError: it has none that is the same today."""
    recipe = _recipe(content)
    names = ("classes", "scored_classes", "unscored_classes")
    labels = tuple(sorted({label for name in names for label in content.get(name, ())}))
    parts = parts_of(recipe, labels)
    built = sum(part.assembly.parameters for part in parts if part.role != "input")
    if built != content.get("parameters"):
        raise BadRecipe(
            f"its recipe builds {built:,} parameters today, and the run had"
            f" {content.get('parameters')}"
        )
    heard = [(part.role, *_heard(part), len(part.passes)) for part in parts]
    return System(recipe, labels, repr((heard, len(labels))), built)


def _heard(part: Part) -> tuple[Any, ...]:
    stage = part.assembly.stage
    formats = {name: head.format.model_dump(mode="json") for name, head in stage.heads.items()}
    training = stage.training.window, stage.training.channels_last
    return stage.model_dump(mode="json", include=HEARD), formats, sorted(stage.inputs), *training


def _quicker(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    known = before.get("real_time_factor")
    return before if known is not None and known <= now["real_time_factor"] else before | now


def _said(cost: dict[str, Any]) -> str:
    macs = f"{amount(cost['macs_per_second'])} MACs a second"
    time = cost.get("real_time_factor")
    return macs if time is None else f"{macs}, real-time factor {time:.3g} on {cost['device']}"


def _recipe(content: dict[str, Any]) -> Recipe:
    """That of a score file. Raises BadRecipe where there is none that this version reads."""
    raw = content["provenance"].get("recipe")
    if not raw or not raw.get("stages"):
        raise BadRecipe("it has no recipe of its own, as an ensemble has none")
    # The first recipes had stages of their own architecture alone, and did not say it.
    alone = {"architecture": raw.get("architecture")}
    stages = {name: alone | stage for name, stage in raw["stages"].items()}
    try:
        return Recipe.model_validate(raw | {"stages": stages})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadRecipe(
            f"this version does not read its recipe ({where}: {first['msg']})"
        ) from None


def _with_cost(content: dict[str, Any], cost: dict[str, Any]) -> dict[str, Any]:
    """The cost after the parameters, where runs have it."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        found[key] = value
        if key == "parameters":
            found["cost"] = cost
    return found | {"cost": cost}
