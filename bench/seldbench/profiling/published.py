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


def add_costs(reports: Path, timing: Timing | None = None) -> Iterator[str]:
    """MACs for the published score files that do not say any; in words what was done with each.

    Args:
        timing: with it the time of every system is measured too, in place of what its file says,
            so that all are of one machine and sitting.

    Raises:
        BadFile: no score files there, or one that breaks a rule.
        UnknownName: the timing's device.
    """
    paths = sorted((reports / "scores").glob("*.json"))
    if not paths:
        raise BadFile(f"{reports / 'scores'}: no score files; name the reports' folder")
    if timing is not None:
        device_of(timing.device)
    known: dict[str, tuple[int, dict[str, Any]]] = {}
    for path in paths:
        content = read_json(path)
        parse(content, path)
        if content.get("cost") and timing is None:
            yield f"{path.stem}: says its cost"
            continue
        try:
            cost = _cost(content, known, timing)
        except SeldbenchError as error:
            yield f"{path.stem}: left as it is: {error}"
            continue
        with locked(reports / LOCK):
            write_json(path, _with_cost(read_json(path), cost))
        yield f"{path.stem}: {_said(cost)}"


def _cost(
    content: dict[str, Any], known: dict[str, tuple[int, dict[str, Any]]], timing: Timing | None
) -> dict[str, Any]:
    """Of a published system. known: parameters and cost of those so far."""
    recipe = _recipe(content)
    names = ("classes", "scored_classes", "unscored_classes")
    labels = sorted({label for name in names for label in content.get(name, ())})
    stages = {name: stage.model_dump(mode="json") for name, stage in recipe.stages.items()}
    same = repr((stages, recipe.answering, recipe.system, len(labels)))
    if same not in known:
        parts = parts_of(recipe, labels)
        built = sum(part.assembly.parameters for part in parts if part.role != "input")
        cost = {"macs_per_second": macs_per_second(recipe, labels)}
        known[same] = built, cost | (timing.of(parts) if timing else {})
    built, cost = known[same]
    if built != content.get("parameters"):
        raise BadRecipe(
            f"its recipe builds {built:,} parameters today, and the run had"
            f" {content.get('parameters')}"
        )
    return cost


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
