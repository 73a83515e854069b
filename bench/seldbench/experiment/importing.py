"""`seldbench import`: weights that others released become a run like any other.

The tensors are converted to `runs/imported/<digest>.safetensors`; a recipe whose training has no
epochs assembles them, fits the features' scaling on the training split, predicts and scores. So the
run predicts, compares, and gives its weights to others (`--init`).
"""

import hashlib
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seldbench import registry
from seldbench.contracts import Import, Progress
from seldbench.datasets import open_dataset
from seldbench.errors import BadFile
from seldbench.experiment.assembly import assemble, difference
from seldbench.experiment.graph import Data, best_device
from seldbench.experiment.run import Experiment
from seldbench.experiment.start import finish
from seldbench.recipe import Recipe, parse_setting, recipe_file, resolve
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
    digest = _digest(weights)
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
    state = _state(weights)
    try:
        return known.convert(state)
    except (ValueError, KeyError) as error:
        raise BadFile(f"{weights}: {error}") from None


def _state(path: Path) -> Mapping[str, Tensor]:
    """A file's tensors by name. Raises BadFile for anything else; nothing else is unpickled."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickles that are then refused
            state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise BadFile(
            f"{path}: cannot be read ({error.strerror or error}); give the released file"
        ) from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        # PyTorch's own words advise to unpickle it all the same.
        code = re.search(r"GLOBAL (\S+)", str(error))
        holds = f": it holds {code[1]}" if code else ""
        raise BadFile(
            f"{path}: not a PyTorch state dict of plain tensors{holds}; nothing else is unpickled,"
            " since a pickle can run code. Give the released file"
        ) from None
    if not isinstance(state, Mapping) or not all(map(_plain, state.values())):
        raise BadFile(f"{path}: not a state dict: its content is no table of plain tensors")
    wrong = [name for name, t in state.items() if not torch.isfinite(t).all()]
    if wrong:
        raise BadFile(f"{path}: {wrong[0]} holds NaN or infinite weights; get the file again")
    return state


def _plain(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized


def _refuse_others(
    weights: Path, recipe: Recipe, data: Data, tensors: Mapping[str, Tensor]
) -> None:
    """Raises BadFile for tensors that do not fill the recipe's network."""
    assembly = assemble(recipe.architecture, recipe.stage, data.dataset.classes, seed=0)
    wrong = difference(assembly.network, tensors)
    if wrong:
        raise BadFile(
            f"{weights}: not the weights of {recipe.architecture}, variant {recipe.variant}, for"
            f" the {len(data.dataset.classes)} classes of {data.dataset.name}: {wrong}; give the"
            " released file, or another --dataset"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
