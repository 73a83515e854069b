"""The key of a training: a digest of all that determines it, and of nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from seldbench import registry, runs
from seldbench.errors import BadRecipe
from seldbench.experiment.preparing import Data
from seldbench.experiment.validation import LOSS
from seldbench.recipe import Recipe, Stage
from seldbench.runs import StageFolder
from seldbench.storage import file_digest

# What recipes could not say at first, as it was before: absent from the key while it stays so, that
# older trainings keep theirs.
ADDED: Mapping[tuple[str, ...], Any] = {
    ("each_microphone",): False,
    ("inference", "grid"): None,
    ("training", "random_phase"): False,
    ("validation",): None,
}
# Scores of half a system, which the recipe's first scorer has rules for.
RULED = frozenset({"f1_ideal_doa", "le_ideal_sed"})


@dataclass(frozen=True)
class Node:
    """A stage of a run with its key and folder. about: of which recipe, data and seed it is."""

    name: str
    stage: Stage
    key: str
    folder: StageFolder
    parents: Mapping[str, "Node"]
    about: Mapping[str, Any]


def nodes(
    recipe: Recipe, data: Data, seed: int, folder: Path, versions: Mapping[str, int] | None = None
) -> list[Node]:
    """The stages in an order in which each comes after those that it starts from.

    Args:
        versions: of components that keys are to be made with; None for those that are here.

    Raises:
        BadRecipe: stages that wait for each other. MissingData: a file of weights is not there.
    """
    waits = {name: stage.parents for name, stage in recipe.stages.items()}
    try:
        order = list(TopologicalSorter(waits).static_order())
    except CycleError as error:
        raise BadRecipe(f"stages wait for each other: {' -> '.join(error.args[1])}") from None
    about = _about(recipe, data, seed)
    made: dict[str, Node] = {}
    for name in order:
        stage = recipe.stages[name]
        parents = {parent: made[parent] for parent in stage.parents}
        key = runs.digest(_determined(recipe, stage, data, seed, parents, versions or {}))
        made[name] = Node(name, stage, key, StageFolder(folder / key), parents, about)
    return list(made.values())


def _about(recipe: Recipe, data: Data, seed: int) -> dict[str, Any]:
    """What a person wants to know of a key; the variant is the first that asked for the stage."""
    return {
        "recipe": f"{recipe.architecture}/{recipe.dataset}",
        "variant": recipe.variant,
        "data": {
            "name": data.dataset.name,
            "fingerprint": data.dataset.fingerprint(),
            "fold": data.fold if data.dataset.folds > 1 else None,
            "limit": data.limit,
        },
        "seed": seed,
    }


def _determined(
    recipe: Recipe,
    stage: Stage,
    data: Data,
    seed: int,
    parents: Mapping[str, Node],
    versions: Mapping[str, int],
) -> dict[str, Any]:
    """All that a training hangs on. A file of weights counts by its content, not its place."""
    files = {part: o.path for part, o in stage.origins.items() if o.path}
    placeless = {p: o.model_copy(update={"path": None}) for p, o in stage.origins.items()}
    return {
        "format": runs.STAGE_FORMAT,
        "stage": _said(stage.model_copy(update={"init": {**stage.init, **placeless}})),
        **_deciding(recipe, stage),
        "versions": {name: versions.get(name, v) for name, v in _versions(stage).items()},
        "data": [data.dataset.name, data.dataset.fingerprint(), data.fold, data.limit],
        "seed": seed,
        "parents": {parent: node.key for parent, node in parents.items()},
        **_asked(stage, parents),
        "init": {part: file_digest(Path(path)) for part, path in files.items()},
    }


def _asked(stage: Stage, parents: Mapping[str, Node]) -> dict[str, Any]:
    """How the stages are heard that give inputs or labels, where their own keys do not say it."""
    asked = {given.stage for given in stage.inputs.values() if given.stage}
    asked |= {given.stage for given in stage.labels.values()}
    found = {
        name: parents[name].stage.inference.model_dump(mode="json")
        for name in sorted(asked)
        if parents[name].stage.validation is not None
    }
    return {"heard": found} if found else {}


def _said(stage: Stage) -> str:
    """The stage's own table as one text, less what it is only heard by."""
    content = stage.model_dump(mode="json")
    if stage.validation is not None:
        content["inference"] = {"grid": stage.inference.grid}
    for (*tables, name), before in ADDED.items():
        inner = content
        for table in tables:
            inner = inner[table]
        if inner.get(name) == before:
            inner.pop(name, None)
    return runs.one_text(content)


def _deciding(recipe: Recipe, stage: Stage) -> dict[str, Any]:
    """Post-processing, and the rules of a scorer, where a training hangs on decisions: by a score
    that selects, or by labels that another stage decides."""
    scores = set(stage.select.values()) if isinstance(stage.select, dict) else set()
    found = {}
    if scores - {LOSS} or stage.labels:
        post = recipe.post.model_copy(update={"tune": None}).model_dump(mode="json")
        if post["direction"] is None:  # added later, see ADDED
            del post["direction"]
        found["selection"] = runs.one_text(post)
    if scores & RULED:
        found["scorer"] = recipe.scorers[0]
    return found


def components(recipe: Recipe) -> dict[str, int]:
    """The versions of all that a recipe's trainings are made of, such as {"features logmel": 1}."""
    found: dict[str, int] = {}
    for stage in recipe.stages.values():
        found |= _versions(stage)
    return found


def _versions(stage: Stage) -> dict[str, int]:
    formats = [head.format.name for head in stage.heads.values()]
    formats += [given.truth.name for given in stage.inputs.values() if given.truth]
    named = [
        ("architecture", "architectures", [stage.architecture]),
        ("features", "features", [stage.features.name]),
        ("format", "formats", formats),
        ("weights", "weights", [o.weights.name for o in stage.released.values() if o.weights]),
    ]
    return {
        f"{what} {name}": registry.find(kind, name).version
        for what, kind, names in named
        for name in names
    }
