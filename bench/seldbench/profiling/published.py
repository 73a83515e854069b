"""What published score files do not say of their cost, counted from the recipes in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seldbench.errors import BadFile, BadRecipe, SeldbenchError
from seldbench.experiment.profiles import macs_per_second, parts_of
from seldbench.profiling.systems import amount
from seldbench.recipe import Recipe
from seldbench.report.publish import LOCK
from seldbench.report.results.score_files import parse
from seldbench.storage import locked, read_json, write_json


def add_costs(reports: Path) -> Iterator[str]:
    """MACs for the published score files that do not say any; in words what was done with each.

    Raises:
        BadFile: no score files there, or one that breaks a rule.
    """
    paths = sorted((reports / "scores").glob("*.json"))
    if not paths:
        raise BadFile(f"{reports / 'scores'}: no score files; name the reports' folder")
    known: dict[str, tuple[int, int]] = {}
    with locked(reports / LOCK):
        for path in paths:
            content = read_json(path)
            parse(content, path)
            if content.get("cost"):
                yield f"{path.stem}: says its cost"
                continue
            try:
                macs = _counted(content, known)
            except SeldbenchError as error:
                yield f"{path.stem}: left as it is: {error}"
                continue
            write_json(path, _with_cost(content, {"macs_per_second": macs}))
            yield f"{path.stem}: {amount(macs)} MACs a second"


def _counted(content: dict[str, Any], known: dict[str, tuple[int, int]]) -> int:
    """MACs a second of a published system. known: parameters and MACs of those so far."""
    recipe = _recipe(content)
    names = ("classes", "scored_classes", "unscored_classes")
    labels = sorted({label for name in names for label in content.get(name, ())})
    stages = {name: stage.model_dump(mode="json") for name, stage in recipe.stages.items()}
    same = repr((stages, recipe.answering, recipe.system, len(labels)))
    if same not in known:
        parts = [part for part in parts_of(recipe, labels) if part.role != "input"]
        built = sum(part.assembly.parameters for part in parts)
        known[same] = built, macs_per_second(recipe, labels)
    built, macs = known[same]
    if built != content.get("parameters"):
        raise BadRecipe(
            f"its recipe builds {built:,} parameters today, and the run had"
            f" {content.get('parameters')}"
        )
    return macs


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
