"""From names to runs: what the command line starts, for every variant and seed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from seldbench.contracts import Progress
from seldbench.datasets import open_dataset
from seldbench.errors import UnknownName, near
from seldbench.evaluation.names import symbol
from seldbench.experiment.cost import Costs
from seldbench.experiment.graph import best_device, device_name
from seldbench.experiment.init_option import refuse_heard, with_init
from seldbench.experiment.jobs import train_side_by_side
from seldbench.experiment.planning import plan
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.recipe import PROTOCOLS, Recipe, parse_setting, recipe_file, resolve
from seldbench.recipe import variants as variant_names
from seldbench.runs import Run


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
    size: str | None = None,
    folds: Sequence[int] | None = None,
    limit: int | None,
    data_root: Path | None,
    dry_run: bool,
    retrain: bool = False,
    jobs: int = 1,
) -> Iterator[str]:
    """Run every variant with every seed; lines for a person, as they come.

    All recipes are resolved and all data is opened before anything is trained.

    Args:
        variants: none: the recipe's first, or the first that hears `layout`.
        layout: what every variant must hear.
        init: first weights, see `with_init`.
        size: of the model, where the architecture comes in several.
        folds: of a set that has folds; None for all.
        retrain: train anew what its source, or a parent, changed for since.
        jobs: stages that are trained side by side; predictions follow, one run after the other.

    Raises:
        UnknownName: a fold that the set lacks. BadRun: `init` is a run that heard what is tested.
    """
    path = recipe_file(arch, dataset)
    chosen: dict[str, Any] = dict(parse_setting(text) for text in settings)
    if size is not None:
        chosen["model.size"] = size
    names: list[str | None] = [*variants] or [_first(path, dataset, layout)]
    recipes = [resolve(path, dataset, variant, chosen) for variant in names]
    for recipe in recipes:
        _check_layout(recipe, layout, path)
    if init is not None:
        recipes = [
            resolve(path, dataset, r.variant, chosen | with_init(r, init, runs)) for r in recipes
        ]
    reopen = partial(opened, dataset, data_root, limit)
    data = reopen()
    which = folds_of(data, folds)
    if init is not None:
        refuse_heard(init, runs, data, which)
    experiments = [
        Experiment(r, data, seed, runs, which, retrain) for r in recipes for seed in seeds
    ]
    if dry_run:
        device = best_device()
        yield from plan(experiments, Costs(device, device_name(device), runs))
        return
    if jobs > 1:
        train_side_by_side(experiments, jobs, reopen, progress)
        # What was to be trained anew, is.
        experiments = [replace(experiment, retrain=False) for experiment in experiments]
    for experiment in experiments:
        yield from finish(experiment.run(best_device(), progress))


def opened(dataset: str, data_root: Path | None, limit: int | None) -> Data:
    """The data of a run."""
    return Data(open_dataset(dataset, data_root), limit=limit)


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


def folds_of(data: Data, wanted: Sequence[int] | None) -> tuple[int, ...]:
    """The folds of a set that are asked for, None for all. Raises UnknownName."""
    known = data.dataset.folds
    if wanted is None:
        return tuple(range(known))
    absent = [fold for fold in wanted if known == 1 or not 0 <= fold < known]
    if absent:
        has = f"folds 0 to {known - 1}" if known > 1 else "no folds; leave --fold out"
        raise UnknownName(f"--fold {absent[0]}: {data.dataset.name} has {has}")
    return tuple(dict.fromkeys(wanted))


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
    random = [part or "all" for part, o in (scores.get("init") or {}).items() if o == "random"]
    if random:
        yield f"RANDOM START of {', '.join(random)}, not from released weights"
    if scores.get("imported"):
        yield f"imported weights: {scores['imported']['file']}, {scores['imported']['source']}"
    if data["partial"]:
        found, expected = data["coverage"]["test"]
        limit = f" (--limit {scores['limit']})" if scores["limit"] else ""
        yield f"PARTIAL: {min(found, scores['limit'] or found)} of {expected} test clips{limit}"
    known = {name: value for name, value in scores["scores"].items() if value is not None}
    wide = max([18, *map(len, known)])
    for name, value in known.items():
        low_high = scores["intervals"].get(name, {}).get("bootstrap")
        interval = f"  [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
        yield f"{name:{wide}} {value:.4f}{symbol(name)}{interval}"
    if scores.get("unscored_classes"):
        yield f"not scored (no event in test): {', '.join(scores['unscored_classes'])}"
    yield from scores.get("notes", ())
