"""`seldbench predict`: a trained run listens to anybody's recordings.

Of a run for events: for every recording a TSV of events, one of frame scores (onset, offset and a
column a class), and a picture of both over the spectrogram. Any rate and length; several channels
are averaged.

Of a tagging run: for every recording a TSV of all classes with their scores, the highest first, and
a picture of the highest below the spectrogram. Any rate, length and channels, as for events; the
windows of a long recording are put together as the run's test clips were.

Of a run for directions: for every recording a CSV of DCASE task 3 (dialect `polar`, with distances
`polar_distance_m`), frame outputs where the format says them, and a picture of the tracks below the
spectrogram; beside them classes.csv with the names of the CSVs' class numbers. Channels and rate
must be those of the run: nobody could hear from the numbers alone that they were not.

Of a run about the sources of mixtures: for every recording a TSV of answers (direction, class, and
the scores of all classes), each answer's source alone as <recording>/<answer>.wav, and a picture of
all; one answer, or one for every direction found, as the run was trained to say. Of a recording
longer than what the run was trained on windows are heard that overlap by half, and what they say is
averaged: sources are taken to stay where they are. Channels and rate as for directions.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from seldbench import annotations
from seldbench.arrays import CHANNELS
from seldbench.audio import AudioFile, mono, picked, resampled
from seldbench.contracts import Clip, PostProcessing, Progress, Recording
from seldbench.errors import BadFile, BadRun
from seldbench.experiment.answers import reopened
from seldbench.experiment.files import trained_recipe
from seldbench.experiment.graph import best_device
from seldbench.experiment.source_files import answer_table, write_signals
from seldbench.experiment.sources import Answer, SourceListener, source_listener
from seldbench.experiment.system import System, system_of
from seldbench.images import SAMPLE_RATE
from seldbench.inference import gathering
from seldbench.inference.decoding import decode, masked
from seldbench.prediction import Prediction
from seldbench.report.clips.recording import recording_figure
from seldbench.report.clips.scene import scene_figure
from seldbench.report.clips.separated import separated_figure
from seldbench.report.clips.tagged import tagged_figure
from seldbench.runs import Run, open_run
from seldbench.storage import atomic, replaced, write_text

Array = np.ndarray

CLASSES = "classes.csv"
LONGEST_GAP = 0.1  # seconds by which two recordings of one scene may differ
# What the channels of a layout are, for who has to record or pick them.
ORDERS = {
    "foa": "first-order Ambisonics (SN3D), 4 channels in the order W, Y, Z, X",
    "mic": "a tetrahedron of microphones, 4 channels in the order front left up, front right down,"
    " back left down, back right up",
    "circular8": "8 microphones on a horizontal circle of 3.65 cm radius, the first in front, the"
    " others every 45 degrees to the left",
}


def listen(
    name: str,
    files: Sequence[Path],
    out: Path,
    *,
    runs: Path,
    progress: Progress,
    resample: bool = False,
    channels: tuple[int, ...] | None = None,
    mic: Sequence[Path] = (),
) -> Iterator[Path]:
    """Predict recordings one after the other; the paths written, as they come.

    Args:
        resample: whether recordings of another rate are brought to that of a spatial run; other
            runs hear any.
        channels: of every recording, counted from 1, in the order of the run's layout; None for
            all as they stand.
        mic: for a run that hears a scene in both layouts, what the microphones recorded of each of
            `files`, under its name; these then are Ambisonics.

    Raises:
        BadRun: no such run, or not finished.
        BadFile: a file that is not audio, or not of the run's channels or rate; two recordings of
            one name.
    """
    run = open_run(name, runs)
    scores, recipe = run.scores, trained_recipe(run)
    try:
        post, task = PostProcessing(**scores["post"]), scores["task"]
    except (KeyError, TypeError):
        raise BadRun(
            f"{run.path}/scores.json: lacks or garbles `post` or `task`; run again"
        ) from None
    _refuse_equal_names(files)
    _refuse_equal_names(mic)
    device = best_device()
    answers = reopened(run, recipe, tuple(post.thresholds), device, progress)
    system = system_of(recipe, answers.trained)
    clips = _clips(run, system, {"foa": files, "mic": mic}, resample, channels)
    spatial = task == "seld"
    write = {"seld": _write_directions, "tagging": _write_tags}.get(task, _write_events)
    if len(run.folds) > 1:
        progress.say(f"of the run's folds {', '.join(run.folds)} the network of the first listens")
    if task == "separation":
        _refuse_other_files(out, clips)
        listener = source_listener(recipe, system, device, progress)
        for clip, found in listener.answers(clips, post):
            yield from _write_answers(clip, found, out, listener)
        return
    if spatial:
        _refuse_other_classes(out, system.classes, clips)
    for done, (clip, outputs) in enumerate(system.heard(clips, answers), start=1):
        prediction = decode(
            masked(outputs, recipe.post.clip_mask),
            clip,
            formats=system.formats,
            hop=system.grid,
            post=post,
        )
        progress.advance("listening", done, len(clips), clip.id)
        if spatial and done == 1:
            write_text(out / CLASSES, _classes_text(system.classes))
            yield out / CLASSES
        yield from write(clip, prediction, out, system)


@dataclass(frozen=True)
class _Ears:
    """What a run hears: a layout's channels at a rate. resample, channels: see `listen`."""

    layout: str
    rate: int
    resample: bool
    channels: tuple[int, ...] | None

    def clip(self, path: Path) -> Clip:
        """A file as the run hears it. Raises BadFile where it does not fit."""
        recording: Recording = AudioFile(path)
        if self.channels is not None:
            recording = self._picked(path, recording, self.channels)
        if self.layout == "mono":
            recording = mono(recording)
        else:
            self._check(path, recording)
        return Clip(path.stem, recording.duration, {self.layout: recording})

    def _picked(self, path: Path, recording: Recording, channels: tuple[int, ...]) -> Recording:
        absent = [n for n in channels if not 1 <= n <= recording.mics]
        if absent:
            raise BadFile(
                f"{path}: no channel {absent[0]}, it has {recording.mics}; --channels counts from 1"
            )
        twice = [n for n in channels if channels.count(n) > 1]
        if twice:
            raise BadFile(
                f"{path}: channel {twice[0]} is picked twice; each of --channels hears for itself"
            )
        return picked(recording, [n - 1 for n in channels])

    def _check(self, path: Path, recording: Recording) -> None:
        number = CHANNELS[self.layout]
        if recording.mics != number:
            given = "1 channel is" if recording.mics == 1 else f"{recording.mics} channels are"
            given += " picked" if self.channels is not None else " there"
            more = AudioFile(path).mics >= number
            example = ",".join(str(n) for n in range(1, number + 1))
            remedy = f"pick them with --channels, such as --channels {example}"
            if self.layout == "foa":
                remedy += " (of a file in the order W, X, Y, Z: 1,3,4,2)"
            raise BadFile(
                f"{path}: {given}, but this run hears {self.layout!r}"
                f" recordings: {ORDERS[self.layout]};"
                f" {remedy if more else 'a recording with fewer has no directions to be heard'}"
            )
        if recording.sample_rate != self.rate and not self.resample:
            raise BadFile(
                f"{path}: {recording.sample_rate} Hz, but this run hears {self.rate} Hz; convert"
                " it, or let it be converted on the way with --resample"
            )


def _refuse_equal_names(files: Sequence[Path]) -> None:
    stems = [path.stem for path in files]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise BadFile(
            f"two recordings are named {twice[0]!r}: their results would overwrite each other;"
            " predict them into different folders with --out"
        )


def _clips(
    run: Run,
    system: System,
    given: Mapping[str, Sequence[Path]],
    resample: bool,
    channels: tuple[int, ...] | None,
) -> list[Clip]:
    """The recordings as the run hears them; of several layouts the recordings of one name."""
    parts = system.parts.values()
    rates = {part.stage.layout: part.windowing.features.sample_rate for part in parts}
    _refuse_unknown_layout(run, rates)
    ears = {layout: _Ears(layout, rate, resample, channels) for layout, rate in rates.items()}
    if len(ears) == 1:
        if given["mic"]:
            raise BadRun(f"{run.path}: hears {', '.join(ears)} alone; leave --mic out")
        return [ear.clip(path) for path in given["foa"] for ear in ears.values()]
    if channels is not None:
        raise BadRun(f"{run.path}: hears recordings of two kinds; --channels cannot pick from both")
    pairs = {path.stem: path for path in given["mic"]}
    names = [path.stem for path in given["foa"]]
    alone = sorted({*names} ^ {*pairs})
    if alone:
        raise BadFile(
            f"{alone[0]}: {run.path.name} hears a scene in two layouts; name the Ambisonics"
            " recording, and with --mic that of the microphones under the same name"
        )
    return [
        _joined(ears["foa"].clip(path), ears["mic"].clip(pairs[path.stem])) for path in given["foa"]
    ]


def _joined(foa: Clip, mic: Clip) -> Clip:
    if abs(foa.duration - mic.duration) > LONGEST_GAP:
        raise BadFile(
            f"{foa.id}: {foa.duration:g} s of Ambisonics, {mic.duration:g} s of the microphones:"
            " these are not of one scene"
        )
    duration = min(foa.duration, mic.duration)
    return Clip(foa.id, duration, {**foa.recordings, **mic.recordings})


def _refuse_unknown_layout(run: Run, layouts: Collection[str]) -> None:
    for layout in layouts:
        if layout not in CHANNELS:
            raise BadRun(
                f"{run.path}: hears {layout!r} recordings, of which nothing is known here but the"
                f" name; `predict` knows {', '.join(CHANNELS)}"
            )
    if len(layouts) > 1 and set(layouts) != {"foa", "mic"}:
        raise BadRun(f"{run.path}: hears {' and '.join(layouts)}; `predict` knows foa with mic")


def _write_events(clip: Clip, prediction: Prediction, out: Path, system: System) -> Iterator[Path]:
    events, scores = (out / f"{clip.id}.{end}" for end in ("events.tsv", "scores.tsv"))
    annotations.write_events(events, gathering.events_of({clip.id: prediction}))
    yield events
    frames = gathering.frame_scores_of({clip.id: prediction}, [clip], system.classes)
    if frames is not None:
        annotations.write_score_table(scores, frames, clip.id)
        yield scores
    samples, rate = _first_channel(clip)
    figure = recording_figure(samples, rate, prediction.events or (), title=clip.id)
    yield _written_figure(out / f"{clip.id}.png", figure)


def _write_tags(clip: Clip, prediction: Prediction, out: Path, system: System) -> Iterator[Path]:
    assert prediction.clip_scores is not None  # runs whose networks say none are not begun
    scores = dict(zip(system.classes, map(float, prediction.clip_scores)))
    rows = out / f"{clip.id}.tags.tsv"
    annotations.write_ranked(rows, scores)
    yield rows
    figure = tagged_figure(*_first_channel(clip), scores, title=clip.id)
    yield _written_figure(out / f"{clip.id}.png", figure)


def _write_directions(
    clip: Clip, prediction: Prediction, out: Path, system: System
) -> Iterator[Path]:
    grid = system.grid
    table = gathering.directions_of({clip.id: prediction}, system.classes, grid)
    rows = out / f"{clip.id}.csv"
    dialect = "polar" if table.distance is None else "polar_distance_m"
    annotations.write_directions(rows, table, dialect)
    yield rows
    outputs = gathering.frame_outputs_of({clip.id: prediction})
    if outputs is not None:
        annotations.write_frame_outputs(out / f"{clip.id}.npz", outputs)
        yield out / f"{clip.id}.npz"
    samples, rate = _first_channel(clip)
    events, classes = prediction.events or (), system.classes
    figure = scene_figure(samples, rate, events, classes=classes, grid=grid, title=clip.id)
    yield _written_figure(out / f"{clip.id}.png", figure)


def _write_answers(
    clip: Clip, answers: Sequence[Answer], out: Path, listener: SourceListener
) -> Iterator[Path]:
    classes = listener.assembly.classes
    rows = out / f"{clip.id}.answers.tsv"
    table = answer_table([(clip.id, answers)], classes, "answer" if listener.each else None)
    with replaced(out / clip.id) as folder:
        signals = write_signals(folder, answers, "wav")
        annotations.write_answers(rows, table)
    yield rows
    yield from (out / clip.id / path.name for path in signals)
    mixture = resampled(next(iter(clip.recordings.values())), SAMPLE_RATE)
    shown = [
        (one.azimuth, classes[int(one.scores.argmax())], float(one.scores.max()), one.signal)
        for one in answers
        if one.azimuth is not None and one.signal is not None
    ]
    figure = separated_figure(mixture.read()[0], SAMPLE_RATE, shown, title=clip.id)
    yield _written_figure(out / f"{clip.id}.png", figure)


def _refuse_other_files(out: Path, clips: Sequence[Clip]) -> None:
    """A folder of separated signals is replaced as a whole: it must hold nothing else."""
    for folder in (out / clip.id for clip in clips):
        if not folder.exists():
            continue
        held = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else [folder.name]
        other = [name for name in held if not re.fullmatch(r"\d+\.wav", name)]
        if other:
            raise BadFile(
                f"{folder}: separated signals are written there and take the place of all that it"
                f" holds, and {other[0]!r} is none of them; predict into another folder with --out"
            )


def _classes_text(classes: tuple[str, ...]) -> str:
    """The names of the class numbers, once for all recordings of a folder."""
    return "index,label\n" + "".join(f"{i},{_cell(name)}\n" for i, name in enumerate(classes))


def _refuse_other_classes(out: Path, classes: tuple[str, ...], clips: Sequence[Clip]) -> None:
    path = out / CLASSES
    if any(f"{clip.id}.csv" == CLASSES for clip in clips):
        raise BadFile(f"a recording named 'classes' would overwrite {path}; rename it")
    if path.exists() and path.read_bytes() != _classes_text(classes).encode():
        raise BadFile(
            f"{path}: of other classes than this run's; predict into another folder with --out"
        )


def _cell(text: str) -> str:
    """Text for a CSV, quoted where it must be."""
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text


def _first_channel(clip: Clip) -> tuple[Array, int]:
    recording = next(iter(clip.recordings.values()))
    return recording.read()[0], recording.sample_rate


def _written_figure(path: Path, figure: Figure) -> Path:
    with atomic(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    return path
