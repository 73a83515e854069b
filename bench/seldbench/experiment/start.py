"""From names to runs: what the command line starts, for every variant and seed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seldbench import registry
from seldbench.contracts import Progress
from seldbench.datasets import open_dataset
from seldbench.errors import BadRun, UnknownName, near
from seldbench.experiment.files import trained_recipe
from seldbench.experiment.graph import best_device
from seldbench.experiment.listening import TEST
from seldbench.experiment.preparing import Data
from seldbench.experiment.released import ours
from seldbench.experiment.run import Experiment
from seldbench.recipe import PROTOCOLS, Origin, Recipe, parse_setting, recipe_file, resolve
from seldbench.recipe import variants as variant_names
from seldbench.runs import Run, open_run


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
) -> Iterator[str]:
    """Run every variant with every seed; lines for a person, as they come.

    All recipes are resolved and all data is opened before anything is trained.

    Args:
        variants: none: the recipe's first, or the first that hears `layout`.
        layout: what every variant must hear.
        init: first weights, see `with_init`.
        size: of the model, where the architecture comes in several.
        folds: of a set that has folds; None for all.

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
    data = Data(open_dataset(dataset, data_root), limit=limit)
    which = folds_of(data, folds)
    if init is not None:
        refuse_heard(init, runs, data, which)
    experiments = [Experiment(r, data, seed, runs, which) for r in recipes for seed in seeds]
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


def with_init(recipe: Recipe, init: str, folder: Path) -> dict[str, Any]:
    """What `--init` changes of a recipe, as settings.

    "none": random weights where the recipe starts from those that others released. A file that
    others released: where the recipe starts from them. A run in `folder`, or weights that one
    wrote: all of the shown stage begins with them.

    Raises:
        UnknownName: nothing in the recipe starts from released weights. BadRun: no such run.
    """
    parts = {f"stages.{n}.init": s.init for n, s in recipe.stages.items() if s.released}
    path = Path(init)
    if init == "none":
        _refuse_without_released(recipe, init, parts)
        return {
            key: {
                p: "none" if isinstance(o, Origin) and o.weights else _plain(o)
                for p, o in i.items()
            }
            for key, i in parts.items()
        }
    if not path.is_file() or ours(path):
        weights = path if path.is_file() else _weights_of(init, folder, recipe)
        return {f"stages.{recipe.shown_stage}.init": {"": {"path": str(weights)}}}
    _refuse_without_released(recipe, init, parts)
    given = {"path": str(path.resolve())}
    return {
        key: {
            p: _plain(o) | given if isinstance(o, Origin) and o.weights else _plain(o)
            for p, o in i.items()
        }
        for key, i in parts.items()
    }


def _plain(origin: Origin | str) -> Any:
    return origin if isinstance(origin, str) else origin.model_dump(exclude_none=True)


def _refuse_without_released(recipe: Recipe, init: str, parts: Mapping[str, Any]) -> None:
    if not parts:
        raise UnknownName(
            f"--init {init}: variant {recipe.variant} of {recipe.architecture} starts from no"
            " weights that others released; leave --init out, or name a run to go on from"
        )


def _weights_of(name: str, folder: Path, beginner: Recipe) -> Path:
    """The weights of a run's shown stage; where there is no such run, `beginner` says what it could
    start from instead."""
    try:
        run = open_run(name, folder)
    except BadRun as error:
        released = [o for stage in beginner.stages.values() for o in stage.released.values()]
        names = dict.fromkeys(o.weights.name for o in released if o.weights)
        wheres = [f"; {n} is {registry.find('weights', n).where}" for n in names]
        raise BadRun(f"--init {name}: no file of weights, and {error}{''.join(wheres)}") from None
    recipe = trained_recipe(run)
    return run.stage(recipe.shown_stage).weights.resolve()


def refuse_heard(init: str, folder: Path, data: Data, which: Sequence[int]) -> None:
    """Each fold's test clips are training clips of the others: the weights of a run, which are
    those of its first fold, are no beginning for any other fold of the same set."""
    dataset = data.dataset
    if dataset.folds == 1 or init == "none" or Path(init).is_file():
        return
    run = open_run(init, folder)
    if run.about["dataset"] == dataset.name and [*map(str, which)] != run.folds[:1]:
        raise BadRun(
            f"--init {init}: its weights are of fold {run.folds[0]}, whose training heard the test"
            f" clips of the other folds; name --fold {run.folds[0]} alone, or a run on another set"
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


def plan(experiment: Experiment) -> Iterator[str]:
    """The resolved recipe as JSON, and each stage with its key and what remains to do."""
    recipe: Recipe = experiment.recipe
    yield json.dumps(recipe.model_dump(mode="json"), indent=1)
    for fold in experiment.folds:
        nodes = experiment.nodes(fold)
        prepared = experiment.prepare(fold)
        many = f" (fold {fold})" if len(experiment.folds) > 1 else ""
        for node in nodes:
            one, training = prepared[node.name], node.stage.training
            yield (
                f"stage {node.name}{many} [{node.key}]: {node.folder.state};"
                f" {one.assembly.parameters:,} parameters, {training.epochs} epochs of"
                f" {one.batches.steps} steps, batches of"
                f" {sum(group.size for group in one.batches.groups)}"
            )
    test = sum(len(experiment.of_fold(fold).clips(TEST)) for fold in experiment.folds)
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
    random = [part or "all" for part, o in (scores.get("init") or {}).items() if o == "random"]
    if random:
        yield f"RANDOM START of {', '.join(random)}, not from released weights"
    if scores.get("imported"):
        yield f"imported weights: {scores['imported']['file']}, {scores['imported']['source']}"
    if data["partial"]:
        found, expected = data["coverage"]["test"]
        limit = f" (--limit {scores['limit']})" if scores["limit"] else ""
        yield f"PARTIAL: {min(found, scores['limit'] or found)} of {expected} test clips{limit}"
    for name, value in scores["scores"].items():
        low_high = scores["intervals"].get(name, {}).get("bootstrap")
        interval = f"  [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
        yield f"{name:18} {'-' if value is None else format(value, '.4f')}{interval}"
    if scores.get("unscored_classes"):
        yield f"not scored (no event in test): {', '.join(scores['unscored_classes'])}"
    yield from scores.get("notes", ())
