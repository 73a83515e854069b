"""`seldbench predict`: a trained run listens to anybody's recordings.

For every recording a TSV of events, one of frame scores (onset, offset and a column a class), and a
picture of both over the spectrogram. Any rate and length; several channels are averaged.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from seldbench import annotations
from seldbench.audio import AudioFile, mono
from seldbench.contracts import Clip, PostProcessing, Progress
from seldbench.errors import BadFile, BadRun
from seldbench.experiment.assembly import Assembly, assemble, load_trained
from seldbench.inference import gathering
from seldbench.inference.decoding import decode, masked
from seldbench.prediction import Prediction
from seldbench.recipe import Recipe
from seldbench.report.recording import recording_figure
from seldbench.runs import Run, open_run
from seldbench.storage import atomic, read_json

Array = np.ndarray


def listen(
    name: str, files: Sequence[Path], out: Path, *, runs: Path, progress: Progress
) -> Iterator[Path]:
    """Predict recordings one after the other; the paths written, as they come.

    Raises:
        BadRun: no such run, or not finished.
        BadFile: a file that is not audio, or two recordings of one name.
    """
    run = open_run(name, runs)
    scores = run.scores
    post = PostProcessing(**scores["post"])
    recipe = Recipe.model_validate(read_json(run.path / "recipe.json"))
    clips = [_clip(path) for path in files]
    _refuse_equal_names(files)
    assembly = _assembled(run, recipe, tuple(post.thresholds))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    listener = assembly.listener(assembly.network, device)
    for done, (clip, outputs) in enumerate(listener(clips), start=1):
        prediction = decode(
            masked(outputs, recipe.post.clip_mask),
            clip,
            formats=assembly.formats,
            hop=assembly.windowing.grid,
            post=post,
        )
        progress.advance("listening", done, len(clips), clip.id)
        yield from _written(clip, prediction, out, assembly.classes)


def _clip(path: Path) -> Clip:
    recording = mono(AudioFile(path))
    return Clip(path.stem, recording.duration, {"mono": recording})


def _refuse_equal_names(files: Sequence[Path]) -> None:
    stems = [path.stem for path in files]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise BadFile(
            f"two recordings are named {twice[0]!r}: their results would overwrite each other;"
            " predict them into different folders with --out"
        )


def _assembled(run: Run, recipe: Recipe, classes: tuple[str, ...]) -> Assembly:
    if recipe.stage.layout != "mono":
        raise BadRun(f"{run.path}: hears {recipe.stage.layout!r} recordings, not mono ones")
    assembly = assemble(recipe.architecture, recipe.stage, classes, seed=0)
    load_trained(assembly, run.stage(recipe.shown_stage))
    return assembly


def _written(
    clip: Clip, prediction: Prediction, out: Path, classes: tuple[str, ...]
) -> Iterator[Path]:
    events, scores, picture = (
        out / f"{clip.id}.{end}" for end in ("events.tsv", "scores.tsv", "png")
    )
    annotations.write_events(events, gathering.events_of({clip.id: prediction}))
    yield events
    frames = gathering.frame_scores_of({clip.id: prediction}, [clip], classes)
    if frames is not None:
        annotations.write_score_table(scores, frames, clip.id)
        yield scores
    recording = clip.recordings["mono"]
    figure = recording_figure(
        recording.read()[0], recording.sample_rate, prediction.events or (), title=clip.id
    )
    with atomic(picture) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    yield picture
