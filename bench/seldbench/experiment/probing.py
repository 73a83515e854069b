"""`predict RUN --probe NAME`: the test split heard by a trained network in other ways, such as
through one frequency row at a time, and every way scored.

    run/probes/NAME/<k>/    reference and predictions of the k-th way, as a run's
    run/probes/NAME.json    what each scored, and how a class's event F1 lies over the ways
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seldbench import runs
from seldbench.contracts import Clip, Features, PostProcessing, Progress, Variation
from seldbench.datasets import open_dataset
from seldbench.errors import BadRun, UnknownName, near
from seldbench.evaluation import Scores
from seldbench.experiment.answers import Answers, reopened
from seldbench.experiment.files import trained_recipe, write_sed
from seldbench.experiment.graph import best_device
from seldbench.experiment.listening import TEST, Listening
from seldbench.experiment.preparing import Data
from seldbench.experiment.scoring import scored_sed
from seldbench.experiment.system import system_of, with_network
from seldbench.recipe import Recipe
from seldbench.runs import Run, open_run
from seldbench.storage import write_json

SCORE = "event_f1"  # of a class: what the paper draws along frequency


def probe(name: str, kind: str, folder: Path, root: Path | None, progress: Progress) -> Path:
    """Hear a run's test split in every way of a probe; the file of what was found.

    Args:
        name: a run for events. kind: of probe. folder: where runs lie. root: of the data.

    Raises:
        BadRun: no such run, not one for events, or its test split is another now.
        UnknownName: its architecture has no such probe.
    """
    run = open_run(name, folder)
    scores = run.scores
    if scores["task"] != "sed":
        raise BadRun(f"{run.path}: a run for {scores['task']}; probes are of runs for events (SED)")
    recipe = trained_recipe(run)
    data = _data(run, scores, root)
    answers = reopened(run, recipe, data.dataset.classes, best_device(), progress)
    variations = _variations(answers, recipe, kind)
    heard = [_heard(run, answers, data, kind, i, one, progress) for i, one in enumerate(variations)]
    features = answers.trained[recipe.answering["whole"]].windowing.features
    path = run.path / "probes" / f"{kind}.json"
    write_json(path, _found(kind, scores, variations, heard, features))
    return path


def _data(run: Run, scores: Mapping[str, Any], root: Path | None) -> Data:
    data = Data(open_dataset(scores["dataset"], root), limit=scores["limit"])
    if data.dataset.fingerprint() != scores["data"]["fingerprint"]:
        raise BadRun(
            f"{run.path}: was made on another {scores['dataset']} than the one found; name its"
            " folder with --data-root"
        )
    return data


def _variations(answers: Answers, recipe: Recipe, kind: str) -> Sequence[Variation]:
    assembly = answers.trained[recipe.answering["whole"]]
    known = assembly.architecture.probes
    if kind not in known:
        raise UnknownName(
            f"--probe {kind}: {assembly.stage.architecture} has no such probe{near(kind, known)};"
            f" it has: {', '.join(known) or 'none'}"
        )
    try:
        return known[kind](assembly.network)
    except ValueError as error:
        raise UnknownName(f"--probe {kind}: {error}") from None


def _heard(
    run: Run,
    answers: Answers,
    data: Data,
    kind: str,
    number: int,
    variation: Variation,
    progress: Progress,
) -> Scores:
    """Predictions of one way, written and scored."""
    recipe = answers.recipe
    system = with_network(system_of(recipe, answers.trained), variation.network)
    progress.say(variation.name)
    post = PostProcessing(**run.scores["post"])
    said = Listening(recipe, data, system, answers, progress).predict(TEST, post)
    clips: list[Clip] = [clip for clip, _ in said]
    own = Run(run.path / "probes" / kind / str(number))
    write_sed(own, clips, {clip.id: p for clip, p in said}, system.classes)
    return scored_sed(own, None)


def _found(
    kind: str,
    scores: Mapping[str, Any],
    variations: Sequence[Variation],
    heard: Sequence[Scores],
    features: Features,
) -> dict[str, Any]:
    return {
        "format": runs.FORMAT,
        "probe": kind,
        "task": scores["task"],
        "simulated": scores["data"]["simulated"],
        "post": scores["post"]["origin"],
        "conditions": [
            {"name": v.name, **v.about, **_hertz(v, features), "scores": dict(found.scores)}
            for v, found in zip(variations, heard)
        ],
        "classes": {
            label: distribution([found.classes.get(label, {}).get(SCORE) for found in heard])
            for label in heard[0].scored_classes
        },
    }


def distribution(values: Sequence[float | None]) -> dict[str, Any]:
    """How a score lies over the ways: raw, normalised to [0, 1] (zeros if flat), and the centroid
    and spread of the normalised, in steps from the first; None where it is flat.

    Source: Fig. 3 of Li et al. 2023, arXiv:2303.03689.
    """
    raw = np.array([0.0 if v is None else v for v in values])
    width = np.ptp(raw)
    weights = (raw - raw.min()) / width if width > 0 else np.zeros_like(raw)
    total, steps = weights.sum(), np.arange(len(raw))
    centroid = float((steps * weights).sum() / total) if total > 0 else None
    spread = None
    if centroid is not None:
        spread = float(np.sqrt(((steps - centroid) ** 2 * weights).sum() / total))
    return {
        SCORE: raw.tolist(),
        "normalised": weights.tolist(),
        "centroid": centroid,
        "spread": spread,
    }


def _hertz(variation: Variation, features: Features) -> dict[str, float]:
    """The band that a way hears, where it is one of the features' bins."""
    if "first_bin" not in variation.about or not hasattr(features, "edges"):
        return {}
    first = int(variation.about["first_bin"])
    last = first + int(variation.about["bins"]) - 1
    return {"low": features.edges(first)[0], "high": features.edges(last)[1]}
