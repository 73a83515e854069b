"""What a run leaves for scoring: reference and predictions of the test split as the field has them.

    SED    reference/{ground_truth,durations}.tsv    predictions/{events.tsv,scores.npz,clips.tsv},
           unprocessed.npz
    SELD   reference/directions/<clip>.csv, durations.tsv    predictions/directions/<clip>.csv,
           outputs.npz
    tagging  reference/{tags,durations}.tsv          predictions/clips.tsv

Directions are polar, with the distance as sixth column where there is one: centimetres in the
reference, metres in the predictions. `unprocessed.npz`: frame scores as the network gave them, of
which ensembles take the mean, where post-processing made others of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from seldbench import annotations
from seldbench.contracts import Clip
from seldbench.errors import BadRun, MissingData
from seldbench.inference import gathering
from seldbench.prediction import ClipScores, Prediction
from seldbench.recipe import Post, Recipe
from seldbench.runs import Run
from seldbench.storage import read_json

ENSEMBLE = "mean"  # the `system` of a run that averages others
SCORES, UNPROCESSED, CLIPS = "scores.npz", "unprocessed.npz", "clips.tsv"


def write_sed(
    run: Run,
    clips: Sequence[Clip],
    predictions: Mapping[str, Prediction],
    classes: tuple[str, ...],
) -> None:
    """Events and scores in DESED's formats."""
    reference = gathering.reference_of(clips)
    if reference is not None:
        annotations.write_events(run.reference / "ground_truth.tsv", reference)
    _write_durations(run, clips)
    write_sed_predictions(run, clips, predictions, classes)
    given = {
        name: replace(p, frame_scores=p.frame_scores if p.unprocessed is None else p.unprocessed)
        for name, p in predictions.items()
    }
    frames = gathering.frame_scores_of(given, clips, classes)
    if frames is not None and any(p.unprocessed is not None for p in predictions.values()):
        annotations.write_frame_scores(run.predictions / UNPROCESSED, frames)


def write_sed_predictions(
    run: Run,
    clips: Sequence[Clip],
    predictions: Mapping[str, Prediction],
    classes: tuple[str, ...],
) -> None:
    """Events, frame scores and clip scores, those that there are."""
    annotations.write_events(run.predictions / "events.tsv", gathering.events_of(predictions))
    frames = gathering.frame_scores_of(predictions, clips, classes)
    if frames is not None:
        annotations.write_frame_scores(run.predictions / SCORES, frames)
    _write_clip_scores(run, clips, predictions, classes)


def write_seld(
    run: Run,
    clips: Sequence[Clip],
    predictions: Mapping[str, Prediction],
    classes: tuple[str, ...],
    grid: float,
) -> None:
    """Directions in DCASE's formats, and the frame outputs where every clip has them."""
    reference = gathering.direction_reference(clips)
    if reference is not None:
        annotations.write_run_directions(run.path, "reference", reference)
    _write_durations(run, clips)
    found = gathering.directions_of(predictions, classes, grid)
    annotations.write_run_directions(run.path, "predictions", found)
    outputs = gathering.frame_outputs_of(predictions)
    if outputs is not None:
        annotations.write_frame_outputs(run.predictions / annotations.OUTPUTS, outputs)


def write_tagging(
    run: Run,
    clips: Sequence[Clip],
    predictions: Mapping[str, Prediction],
    classes: tuple[str, ...],
    *,
    single: bool,
    folds: Mapping[str, int] | None = None,
) -> None:
    """Labels and scores of clips, of all folds together.

    Args:
        single: whether each clip of the set has one label.
        folds: {clip: its fold}; None where the set has none.

    Raises:
        MissingData: a clip whose labels are not known.
    """
    annotations.write_tags(run.reference / "tags.tsv", _tags(clips, classes, single, folds))
    _write_durations(run, clips)
    _write_clip_scores(run, clips, predictions, classes)


def _tags(
    clips: Sequence[Clip],
    classes: tuple[str, ...],
    single: bool,
    folds: Mapping[str, int] | None,
) -> annotations.Tags:
    column = {name: i for i, name in enumerate(classes)}
    marks = np.zeros((len(clips), len(classes)), dtype=bool)
    for row, clip in zip(marks, clips):
        if clip.labels is None:
            raise MissingData(
                f"{clip.id}: its labels are not known, so nothing of it can be scored"
            )
        row[[column[label] for label in clip.labels]] = True
    names = tuple(clip.id for clip in clips)
    fold = None if folds is None else np.array([folds[name] for name in names], dtype=np.int64)
    return annotations.Tags(marks, names, classes, single, fold)


def processed(post: Post, medians: Mapping[str, float]) -> bool:
    """Whether a run's post-processing may make other frame scores of those that its network gave;
    then both are kept."""
    return any(medians.values()) or post.clip_mask is not None or post.boxes is not None


def trained_recipe(run: Run) -> Recipe:
    """The recipe of a run whose network can be heard, or gone on from.

    Raises:
        BadRun: an ensemble.
    """
    content = read_json(run.path / "recipe.json")
    if content.get("system") == ENSEMBLE:
        raise BadRun(
            f"{run.path}: an ensemble has no network of its own; name one of its members:"
            f" {', '.join(content['members'])}"
        )
    return Recipe.model_validate(content)


def _write_clip_scores(
    run: Run,
    clips: Sequence[Clip],
    predictions: Mapping[str, Prediction],
    classes: tuple[str, ...],
) -> None:
    scores = gathering.clip_scores_of(predictions, clips)
    if scores is not None:
        names = tuple(clip.id for clip in clips)
        annotations.write_clip_scores(run.predictions / CLIPS, ClipScores(scores, names, classes))


def _write_durations(run: Run, clips: Sequence[Clip]) -> None:
    annotations.write_durations(
        run.reference / "durations.tsv", {clip.id: clip.duration for clip in clips}
    )
