"""What `--init` changes of a recipe: first weights from a file, by the name of a release, from a
run, or none."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seldbench import registry
from seldbench.contracts import Architecture, Weights
from seldbench.errors import BadRun, MissingData, UnknownName, near
from seldbench.experiment.files import trained_recipe
from seldbench.experiment.preparing import Data
from seldbench.experiment.released import ours
from seldbench.recipe import Origin, Recipe, Stage
from seldbench.runs import Run, open_run


def with_init(recipe: Recipe, init: str, folder: Path) -> dict[str, Any]:
    """What `--init` changes of a recipe, as settings.

    "none": random weights where the recipe starts from those that others released. A file that
    others released, or the name of a release that the recipe starts from: there. A run in `folder`:
    the stages that answer begin with its own. Weights that a run wrote: all of the one stage that
    answers begins with them.

    Raises:
        UnknownName: nothing in the recipe starts from released weights, or more than one stage
            could be meant. BadRun: no such run. MissingData: a release that cannot be fetched.
    """
    path = Path(init)
    if init == "none":
        _refuse_without_released(recipe, init)
        return _replaced(recipe, lambda stage, origin: "none")
    if path.is_file() and not ours(path):
        _refuse_without_released(recipe, init)
        return _replaced(recipe, lambda stage, origin: _plain(origin) | {"path": _absolute(path)})
    if path.is_file():
        return _whole(_meant(recipe, init), path)
    if init in _releases(recipe):
        return _replaced(recipe, lambda stage, origin: _with_release(stage, origin, init))
    return _of_run(recipe, init, folder)


def refuse_heard(init: str, folder: Path, data: Data, which: Sequence[int]) -> None:
    """Each fold's test clips are training clips of the others: the weights of a run, which are
    those of its first fold, are no beginning for any other fold of the same set.

    Raises:
        BadRun: `init` is such a run.
    """
    is_run = any((path / init / "run.json").exists() for path in (Path(), folder))
    if data.dataset.folds == 1 or not is_run:
        return
    run = open_run(init, folder)
    if run.about["dataset"] == data.dataset.name and [*map(str, which)] != run.folds[:1]:
        raise BadRun(
            f"--init {init}: its weights are of fold {run.folds[0]}, whose training heard the test"
            f" clips of the other folds; name --fold {run.folds[0]} alone, or a run on another set"
        )


def _replaced(recipe: Recipe, origin_of: Callable[[Stage, Origin], Any]) -> dict[str, Any]:
    """Settings in which all that starts from a release starts as `origin_of` says."""
    return {
        f"stages.{name}.init": {
            part: origin_of(stage, o) if isinstance(o, Origin) and o.weights else _plain(o)
            for part, o in stage.init.items()
        }
        for name, stage in recipe.stages.items()
        if stage.released
    }


def _whole(stage: str, path: Path) -> dict[str, Any]:
    """Settings in which all of a stage begins with a file of ours."""
    return {f"stages.{stage}.init": {"": {"path": _absolute(path)}}}


def _plain(origin: Origin | str) -> Any:
    return origin if isinstance(origin, str) else origin.model_dump(exclude_none=True)


def _absolute(path: Path) -> str:
    # Links stay as they are: in the cache of a hub the file itself has a name without its kind.
    return str(path.absolute())


def _releases(recipe: Recipe) -> dict[str, Weights]:
    """The releases that a recipe starts from, by name."""
    every = [o for stage in recipe.stages.values() for o in stage.released.values()]
    names = dict.fromkeys(o.weights.name for o in every if o.weights)
    return {name: registry.find("weights", name) for name in names}


def _refuse_without_released(recipe: Recipe, init: str) -> None:
    if not _releases(recipe):
        raise UnknownName(
            f"--init {init}: variant {recipe.variant} of {recipe.architecture} starts from no"
            " weights that others released; leave --init out, or name a run to go on from"
        )


def _meant(recipe: Recipe, init: str) -> str:
    """The one stage that answers."""
    if len(recipe.answering) > 1:
        raise UnknownName(
            f"--init {init}: {' and '.join(recipe.answering.values())} answer together in variant"
            f" {recipe.variant}; name a run whose stages do, or say which stage begins with it:"
            ' --set \'stages.NAME.init={"" = {path = "FILE"}}\''
        )
    return next(iter(recipe.answering.values()))


def _of_run(recipe: Recipe, init: str, folder: Path) -> dict[str, Any]:
    """Settings in which the stages that answer begin with those of a run."""
    run = _opened(init, folder, recipe)
    theirs = trained_recipe(run).answering
    if set(theirs) != set(recipe.answering):
        _meant(recipe, init)  # of two halves, neither is the whole
        raise UnknownName(
            f"--init {init}: its {' and '.join(theirs.values())} answer together, and variant"
            f" {recipe.variant} is one network; name the weights of one of them:"
            f" {', '.join(str(run.stage(stage).weights) for stage in theirs.values())}"
        )
    found: dict[str, Any] = {}
    for part, stage in recipe.answering.items():
        found |= _whole(stage, run.stage(theirs[part]).weights.resolve())
    return found


def _opened(init: str, folder: Path, beginner: Recipe) -> Run:
    """A run; where there is none, `beginner` says what it could start from instead."""
    try:
        return open_run(init, folder)
    except BadRun as error:
        known = _releases(beginner)
        wheres = [f"; {name} is {weights.where}" for name, weights in known.items()]
        raise BadRun(
            f"--init {init}: no file of weights, no release that the recipe starts from"
            f"{near(init, known)}, and {error}{''.join(wheres)}"
        ) from None


def _with_release(stage: Stage, origin: Origin, name: str) -> Any:
    """An origin with the file of the release that was asked for, if it is that one."""
    assert origin.weights is not None
    if origin.weights.name != name:
        return _plain(origin)
    architecture: Architecture = registry.find("architectures", stage.architecture)
    default = inspect.signature(architecture.build).parameters.get("size")
    size = stage.model.get("size", default.default if default else None)
    return _plain(origin) | {"path": _absolute(fetched(name, size))}


def fetched(name: str, size: str | None) -> Path:
    """The file of a release. Raises MissingData."""
    known: Weights = registry.find("weights", name)
    how = "name it with --init PATH; --init none starts from random weights, and the row says so"
    if known.fetch is None:
        raise MissingData(f"--init {name}: nothing fetches it; get {known.where}, and {how}")
    try:
        return known.fetch(size)
    except MissingData as error:
        raise MissingData(
            f"--init {name}: {error}. It is {known.where}; get it and {how}"
        ) from None
