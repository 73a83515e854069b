"""From names to runs: what the command line starts, for every variant and seed."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seldbench.contracts import Progress
from seldbench.datasets import open_dataset
from seldbench.errors import UnknownName, near
from seldbench.experiment.graph import Data, best_device
from seldbench.experiment.run import Experiment
from seldbench.recipe import PROTOCOLS, Recipe, parse_setting, recipe_file, resolve
from seldbench.recipe import variants as variant_names
from seldbench.runs import Run, open_run
from seldbench.storage import read_json


def start(
    arch: str,
    dataset: str,
    runs: Path,
    progress: Progress,
    *,
    variants: Sequence[str],
    seeds: Sequence[int],
    settings: Sequence[str],
    layout: str | None = None,
    init: str | None = None,
    limit: int | None,
    data_root: Path | None,
    dry_run: bool,
) -> Iterator[str]:
    """Run every variant with every seed; lines for a person, as they come.

    All recipes are resolved and all data is opened before anything is trained.

    Args:
        variants: none: the recipe's first, or the first that hears `layout`.
        layout: what every variant must hear.
        init: a run whose weights the shown stage begins with.
    """
    path = recipe_file(arch, dataset)
    chosen: dict[str, Any] = dict(parse_setting(text) for text in settings)
    names: list[str | None] = [*variants] or [_first(path, dataset, layout)]
    recipes = [resolve(path, dataset, variant, chosen) for variant in names]
    for recipe in recipes:
        _check_layout(recipe, layout, path)
    if init is not None:
        origin = {"": {"path": str(_weights(init, runs))}}
        recipes = [
            resolve(path, dataset, r.variant, chosen | {f"stages.{r.shown_stage}.init": origin})
            for r in recipes
        ]
    data = Data(open_dataset(dataset, data_root), limit=limit)
    experiments = [Experiment(r, data, seed, runs) for r in recipes for seed in seeds]
    for experiment in experiments:
        if dry_run:
            yield from plan(experiment)
        else:
            yield from _run(experiment, progress)


def layouts(recipe: Recipe) -> set[str]:
    """What the stages of a recipe hear."""
    return {stage.layout for stage in recipe.stages.values()}


def _first(path: Path, dataset: str, layout: str | None) -> str | None:
    if layout is None:
        return None
    of_variant = {name: layouts(resolve(path, dataset, name)) for name in variant_names(path)}
    for name, heard in of_variant.items():
        if heard == {layout}:
            return name
    known = sorted(set().union(*of_variant.values()))
    raise UnknownName(
        f"--layout {layout}: no variant of {path.parent.name}/{path.stem} hears"
        f" it{near(layout, known)}; they hear: {', '.join(known)}"
    )


def _check_layout(recipe: Recipe, layout: str | None, path: Path) -> None:
    if layout is not None and layouts(recipe) != {layout}:
        heard = " and ".join(sorted(layouts(recipe)))
        raise UnknownName(
            f"--layout {layout}: variant {recipe.variant} of {path.parent.name}/{path.stem} hears"
            f" {heard}; leave out one of --variant and --layout, or make them agree"
        )


def _weights(name: str, folder: Path) -> Path:
    """The weights of a run's shown stage, or a safetensors file."""
    path = Path(name)
    if path.suffix == ".safetensors":
        return path
    run = open_run(name, folder)
    recipe = Recipe.model_validate(read_json(run.path / "recipe.json"))
    return run.stage(recipe.shown_stage).weights.resolve()


def plan(experiment: Experiment) -> Iterator[str]:
    """The resolved recipe as JSON, and each stage with its key and what remains to do."""
    recipe: Recipe = experiment.recipe
    yield json.dumps(recipe.model_dump(mode="json"), indent=1)
    for prepared in experiment.prepare():
        node, training = prepared.node, prepared.node.stage.training
        yield (
            f"stage {node.name} [{node.key}]: {node.folder.state};"
            f" {prepared.assembly.parameters:,} parameters, {training.epochs} epochs of"
            f" {prepared.batches.steps} steps, batches of"
            f" {sum(group.size for group in prepared.batches.groups)}"
        )
    test = len(experiment.data.clips("test"))
    yield f"seed {experiment.seed}; then predictions on {test} test clips; nothing was trained"


def _run(experiment: Experiment, progress: Progress) -> Iterator[str]:
    yield from finish(experiment.run(best_device(), progress))


def finish(run: Run) -> Iterator[str]:
    """A finished run's scores, and last its folder."""
    yield from summary(run.scores)
    yield str(run.path)


def summary(scores: dict[str, Any]) -> Iterator[str]:
    """The scores of a run with their intervals, marked for what its data is."""
    data = scores["data"]
    if data["simulated"]:
        yield f"on simulated data: {data['simulated']}"
    if scores.get("protocol", "held_out") != "held_out":
        yield f"PROTOCOL {scores['protocol']}: {PROTOCOLS[scores['protocol']]}"
    if scores.get("imported"):
        yield f"imported weights: {scores['imported']['file']}, {scores['imported']['source']}"
    if data["partial"]:
        found, expected = data["coverage"]["test"]
        limit = f", limited to {scores['limit']}" if scores["limit"] else ""
        yield f"PARTIAL: {found} of {expected} test clips{limit}"
    for name, value in scores["scores"].items():
        low_high = scores["intervals"].get(name, {}).get("bootstrap")
        interval = f"  [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
        yield f"{name:18} {'-' if value is None else format(value, '.4f')}{interval}"
    if scores.get("unscored_classes"):
        yield f"not scored (no event in test): {', '.join(scores['unscored_classes'])}"
    yield from scores.get("notes", ())
