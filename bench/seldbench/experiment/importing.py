"""`seldbench import`: weights that others released become a run like any other.

The tensors are converted to `runs/imported/<digest>.safetensors`; a recipe whose training has no
epochs assembles them, fits the features' scaling on the training split, predicts and scores. So the
run predicts, compares, and gives its weights to others (`--init`).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from seldbench import registry
from seldbench.contracts import Import, Progress
from seldbench.datasets import open_dataset
from seldbench.errors import BadFile
from seldbench.experiment.assembly import assemble, difference
from seldbench.experiment.graph import best_device
from seldbench.experiment.preparing import Data
from seldbench.experiment.released import read_tensors
from seldbench.experiment.run import Experiment
from seldbench.experiment.start import finish
from seldbench.recipe import Recipe, parse_setting, recipe_file, resolve
from seldbench.storage import file_digest
from seldbench.training import checkpoint


def import_weights(
    kind: str,
    weights: Path,
    runs: Path,
    progress: Progress,
    *,
    dataset: str | None,
    data_root: Path | None,
    settings: Sequence[str] = (),
) -> Iterator[str]:
    """Import a file, score it on a data set's test split; lines for a person, as they come.

    Args:
        dataset: whose training split the scaling is fitted on, and whose test split is scored;
            None for the release's own.
        settings: key=value on top of the recipe, such as inference.rotations=true.

    Raises:
        UnknownName: no such kind. MissingData: the data set is not there. BadFile: no state dict
        of plain tensors, or one of another network.
    """
    known: Import = registry.find("imports", kind)
    name = dataset or known.dataset
    data = Data(open_dataset(name, data_root))
    variant, tensors = _converted(known, weights)
    digest = file_digest(weights)
    kept = runs / "imported" / f"{digest[:16]}.safetensors"
    about = {
        "kind": kind,
        "file": weights.name,
        "sha256": digest,
        "released": known.released.get(digest),
        "source": known.source,
        "scaling": f"{name} {data.dataset.fingerprint()[:16]}",
        "notes": known.notes,
    }
    recipe = _recipe(known, name, variant, kept, about, settings)
    _refuse_others(weights, recipe, data, tensors)
    checkpoint.save(kept, tensors, about)
    if about["released"] is None:
        progress.say(f"{weights}: SHA-256 {digest} is none of the released files ({known.source})")
    progress.say(known.notes)
    run = Experiment(recipe, data, 0, runs).run(best_device(), progress)
    yield from finish(run)


def _recipe(
    known: Import,
    dataset: str,
    variant: str,
    kept: Path,
    about: Mapping[str, Any],
    chosen: Sequence[str],
) -> Recipe:
    """The variant's recipe without any training."""
    path = recipe_file(known.architecture, dataset)
    own = dict(parse_setting(text) for text in chosen)
    recipe = resolve(path, dataset, variant, own)
    stage = recipe.stage
    # Nothing is trained: one example of each split is enough, and the last weights are the first.
    settings = own | {
        "protocol": known.protocol if dataset == known.dataset else recipe.protocol,
        "title": f"{recipe.title} (imported)",
        "imported": dict(about),
        f"stages.{recipe.shown_stage}.batch": dict.fromkeys(stage.trained_on, 1),
        f"stages.{recipe.shown_stage}.training.epochs": 0,
        f"stages.{recipe.shown_stage}.select": "last",
        f"stages.{recipe.shown_stage}.init": {"": {"path": str(kept.resolve())}},
    }
    return resolve(path, dataset, variant, settings)


def _converted(known: Import, weights: Path) -> tuple[str, dict[str, Tensor]]:
    state = read_tensors(weights)
    try:
        return known.convert(state)
    except (ValueError, KeyError) as error:
        raise BadFile(f"{weights}: {error}") from None


def _refuse_others(
    weights: Path, recipe: Recipe, data: Data, tensors: Mapping[str, Tensor]
) -> None:
    """Raises BadFile for tensors that do not fill the recipe's network."""
    assembly = assemble(recipe.stage, data.dataset.classes, seed=0)
    wrong = difference(assembly.network, tensors)
    if wrong:
        raise BadFile(
            f"{weights}: not the weights of {recipe.architecture}, variant {recipe.variant}, for"
            f" the {len(data.dataset.classes)} classes of {data.dataset.name}: {wrong}; give the"
            " released file, or another --dataset"
        )
