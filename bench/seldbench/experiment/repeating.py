"""A published run as an experiment again: the recipe, seed, folds and limit of its score file, on
the same data, with the same released weights and versions of components."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seldbench import registry
from seldbench.contracts import Weights
from seldbench.errors import BadRun, MissingData
from seldbench.experiment.init_option import fetched
from seldbench.experiment.keys import components, nodes
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.experiment.start import folds_of
from seldbench.metrics import VERSION
from seldbench.recipe import Origin, Recipe
from seldbench.storage import file_digest

ENSEMBLE = "ensemble"


def again(
    content: Mapping[str, Any],
    data: Data,
    folder: Path,
    *,
    runs: Path,
    init: Sequence[str] = (),
) -> Experiment:
    """The experiment that a score file tells of.

    Args:
        content: of the score file.
        folder: where its run and trainings go.
        runs: where weights that earlier runs left are looked for.
        init: files of weights, or names of releases that can be fetched.

    Raises:
        BadRun: no recipe in the file, an ensemble, or other versions of components or metrics.
        MissingData: other data, or weights that are not here.
    """
    recipe = _recipe(content)
    row = content["run"]
    _refuse_other_data(row, content["data"], data)
    _refuse_other_versions(row, content, recipe)
    recipe = _with_weights(recipe, content.get("init") or {}, runs, init)
    provenance = content["provenance"]
    wanted = _folds(provenance.get("fold")) if data.dataset.folds > 1 else None
    made = Experiment(
        recipe,
        data,
        content["seed"],
        folder,
        folds_of(data, wanted),
        command=tuple(provenance.get("command") or ()) or None,
    )
    _refuse_other_keys(content, made)
    return made


def unexplained(content: Mapping[str, Any], experiment: Experiment) -> list[str]:
    """The stages whose key is another than the published one though no version is known to be."""
    published = content.get("stages") or {}
    return [name for name, key in experiment.stages.items() if published.get(name, key) != key]


def _recipe(content: Mapping[str, Any]) -> Recipe:
    row, said = content["run"], content["provenance"].get("recipe") or {}
    if content.get("members") or said.get("system") == ENSEMBLE:
        members = ", ".join(member["run"] for member in content.get("members") or [])
        raise BadRun(
            f"{row}: the mean of other runs ({members}); reproduce those, then average them with"
            " `seldbench ensemble`"
        )
    if not said.get("stages"):
        raise BadRun(
            f"{row}: its score file holds no resolved recipe; run its command instead:"
            f" {' '.join(content['provenance'].get('command') or ['not on record'])}"
        )
    # Older recipes do not say whose network a stage is, since all were the recipe's own.
    own = {"architecture": said.get("architecture")}
    stages = {name: own | stage for name, stage in said["stages"].items()}
    try:
        return Recipe.model_validate({**said, "stages": stages})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRun(
            f"{row}: this seldbench does not know its recipe ({where}: {first['msg']}); use the"
            f" version that published it, {content.get('seldbench', 'not on record')}"
        ) from None


def _refuse_other_data(row: str, published: Mapping[str, Any], data: Data) -> None:
    """Raises MissingData for data that the run was not measured on."""
    dataset = data.dataset
    found = dataset.fingerprint()
    if found == published["fingerprint"]:
        return
    made = published.get("simulated")
    how = f"; it was measured on: {made}" if made else ""
    here = f" and here are: {dataset.simulated}" if made and dataset.simulated else ""
    raise MissingData(
        f"{row}: {dataset.name} here is other data (fingerprint {found[:16]}, published"
        f" {published['fingerprint'][:16]}){how}{here}. Name the folder of the same data with"
        " --data-root"
    )


def _refuse_other_versions(row: str, content: Mapping[str, Any], recipe: Recipe) -> None:
    """Raises BadRun for metrics or components of another version, as far as they are on record."""
    now = components(recipe)
    then = content.get("components") or {}
    found = [f"{n}: version {then[n]}, here {v}" for n, v in now.items() if then.get(n, v) != v]
    metrics = content.get("metrics_version", 1)
    if metrics != VERSION:
        found.append(f"metrics: version {metrics}, here {VERSION}")
    if found:
        raise BadRun(_other_versions(row, found, content))


def _refuse_other_keys(content: Mapping[str, Any], made: Experiment) -> None:
    """Older score files do not name the versions of components, but their keys were made of them:
    Raises BadRun where an earlier version of one component explains all keys."""
    published = content.get("stages") or {}
    if content.get("components") or not unexplained(content, made):
        return
    for name, version in components(made.recipe).items():
        for earlier in range(version - 1, 0, -1):
            if _keys(made, {name: earlier}) == published:
                found = [f"{name}: version {earlier}, here {version}"]
                raise BadRun(_other_versions(content["run"], found, content))


def _keys(made: Experiment, versions: Mapping[str, int]) -> dict[str, str]:
    several = made.data.dataset.folds > 1
    return {
        f"{node.name}@{fold}" if several else node.name: node.key
        for fold in made.folds
        for node in nodes(made.recipe, made.of_fold(fold), made.seed, made.folder, versions)
    }


def _other_versions(row: str, found: Sequence[str], content: Mapping[str, Any]) -> str:
    source = (content.get("environment") or {}).get("source", "not on record")
    return (
        f"{row}: was made by other versions ({'; '.join(found)}); check out the source that"
        f" published it (seldbench {content.get('seldbench')}, source {source})"
    )


def _folds(said: Any) -> list[int] | None:
    """Of `provenance.fold`: "0,1", [0, 1], 0 or None."""
    if said is None:
        return None
    numbers = said if isinstance(said, list) else str(said).split(",")
    return [int(number) for number in numbers]


def _with_weights(
    recipe: Recipe, published: Mapping[str, Any], runs: Path, init: Sequence[str]
) -> Recipe:
    """The recipe with the files of first weights where they are here: score files name no folders.

    Raises:
        MissingData: one of them is not here, or is another file of that name.
    """
    stages = {}
    for name, stage in recipe.stages.items():
        parts = dict(stage.init)
        for part, origin in stage.origins.items():
            if origin.path is None:
                continue
            said = published.get(part) or published.get(f"{name}.{part}") or {}
            path = _file(origin, said.get("sha256"), _size(stage.model), runs, init)
            parts[part] = origin.model_copy(update={"path": str(path.absolute())})
        stages[name] = stage.model_copy(update={"init": parts})
    return recipe.model_copy(update={"stages": stages})


def _size(model: Mapping[str, Any]) -> str | None:
    return model.get("size")


def _file(
    origin: Origin, digest: str | None, size: str | None, runs: Path, init: Sequence[str]
) -> Path:
    """The file that a part begins with, by its SHA-256 where that is on record."""
    asked = list(_named(origin, size, init))
    assert origin.path is not None
    left = [Path(origin.path), runs / origin.path, runs / "stages" / origin.path]
    here = [path for path in (*asked, *left) if path.is_file()]
    for path in here:
        if digest is None or file_digest(path) == digest:
            return path
    known: Weights | None = None
    if origin.weights is not None:
        known = registry.find("weights", origin.weights.name)
    what = f"{origin.weights.name}: {known.where}" if known and origin.weights else origin.path
    other = f"; {here[0]} is another file" if here else ""
    sha = f" (SHA-256 {digest})" if digest else ""
    raise MissingData(
        f"the run began with weights that are not here: {what}{sha}{other}. Get the file and name"
        " it with --init FILE"
    )


def _named(origin: Origin, size: str | None, init: Sequence[str]) -> Iterator[Path]:
    """Files that `--init` names, and releases of that name."""
    for text in init:
        if origin.weights is not None and text == origin.weights.name:
            yield fetched(text, size)
        elif not Path(text).is_file():
            raise MissingData(f"--init {text}: no such file")
        else:
            yield Path(text)


def in_store(experiment: Experiment) -> list[str]:
    """The keys of its trainings that are finished where it would train."""
    return [node.key for node in experiment.trainings().values() if node.folder.state == "done"]
