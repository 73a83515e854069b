"""What a run leaves for scoring: reference and predictions of the test split as the field has them.

    SED    reference/{ground_truth,durations}.tsv    predictions/{events.tsv,scores.npz,clips.tsv}
    SELD   reference/directions/<clip>.csv, durations.tsv    predictions/directions/<clip>.csv,
           outputs.npz

Directions are polar, with the distance as sixth column where there is one: centimetres in the
reference, metres in the predictions.
"""

from collections.abc import Mapping, Sequence

from seldbench import annotations
from seldbench.contracts import Clip
from seldbench.inference import gathering
from seldbench.prediction import ClipScores, Prediction
from seldbench.runs import Run

OUTPUTS = "outputs.npz"


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
    annotations.write_events(run.predictions / "events.tsv", gathering.events_of(predictions))
    frames = gathering.frame_scores_of(predictions, clips, classes)
    if frames is not None:
        annotations.write_frame_scores(run.predictions / "scores.npz", frames)
    clip_scores = gathering.clip_scores_of(predictions, clips)
    if clip_scores is not None:
        names = tuple(clip.id for clip in clips)
        annotations.write_clip_scores(
            run.predictions / "clips.tsv", ClipScores(clip_scores, names, classes)
        )


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
        annotations.write_frame_outputs(run.predictions / OUTPUTS, outputs)


def _write_durations(run: Run, clips: Sequence[Clip]) -> None:
    annotations.write_durations(
        run.reference / "durations.tsv", {clip.id: clip.duration for clip in clips}
    )
