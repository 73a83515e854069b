"""What a run about the sources of mixtures leaves for scoring, written mixture by mixture.

reference/      sources.tsv, classes.txt, durations.tsv, mixtures/<mixture>.flac (microphone 0),
                signals/<mixture>/<source>.flac (each source alone there)
predictions/    answers.tsv, oracle_<name>.tsv (answers with a part of the truth given),
                separated/<mixture>.flac, or separated/<mixture>/<answer>.flac where every
                direction that was found is answered about
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from seldbench import annotations
from seldbench.annotations.sources import SourceTable, write_answers, write_sources
from seldbench.audio import write_audio
from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import MissingData
from seldbench.events import Event
from seldbench.experiment.sources import Answer, SourceListener
from seldbench.geometry import angles
from seldbench.images import SAMPLE_RATE
from seldbench.runs import Run
from seldbench.storage import write_text

Array = np.ndarray
Heard = Iterator[tuple[Clip, list[Answer]]]
EXACT = 9  # decimals of a true azimuth, degrees


def write_answered(
    run: Run,
    clips: Sequence[Clip],
    listener: SourceListener,
    post: PostProcessing,
    timed: Callable[[Heard], Heard],
) -> None:
    """The reference, and all that a system answers about it.

    Args:
        timed: what is heard, as it is; it may watch how long that takes.

    Raises:
        MissingData: a mixture whose sources are not known.
    """
    classes = listener.assembly.classes
    write_reference(run, clips, classes)
    answered: list[tuple[str, list[Answer]]] = []
    for clip, answers in timed(listener.answers(clips, post)):
        _write_signals(run, clip, answers, each=listener.each)
        answered.append((clip.id, [replace(one, signal=None) for one in answers]))
    path = run.predictions / "answers.tsv"
    write_answers(path, answer_table(answered, classes, "answer" if listener.each else None))
    asked = [one for clip in clips for one in about_sources(clip)] if listener.each else clips
    for name in listener.recipe.oracles:
        heard = listener.with_truth(name, asked, post)
        path = run.predictions / f"oracle_{name}.tsv"
        write_answers(path, _of_oracle(heard, classes, each=listener.each))


def about_sources(clip: Clip) -> list[Clip]:
    """A mixture asked about every of its sources."""
    return [
        replace(
            clip,
            target=event.source,
            recordings={**clip.recordings, "target": clip.stems[event.source]},
        )
        for event in _events(clip)
    ]


def write_reference(run: Run, clips: Sequence[Clip], classes: tuple[str, ...]) -> None:
    """The sources of mixtures, with what microphone 0 hears of all and of each."""
    write_sources(run.reference / "sources.tsv", source_table(clips))
    write_text(run.reference / "classes.txt", "".join(f"{name}\n" for name in classes))
    durations = {clip.id: clip.duration for clip in clips}
    annotations.write_durations(run.reference / "durations.tsv", durations)
    for clip in clips:
        samples, rate = first_microphone(clip)
        write_audio(run.reference / "mixtures" / f"{clip.id}.flac", samples, rate)
        for source, stem in clip.stems.items():
            path = run.reference / "signals" / clip.id / f"{source}.flac"
            write_audio(path, stem.read()[0], stem.sample_rate)


def first_microphone(clip: Clip) -> tuple[Array, int]:
    """What the first microphone recorded of a mixture, (samples,), and its rate."""
    recording = next(r for layout, r in clip.recordings.items() if layout != "target")
    return recording.read(0.0, clip.duration)[0], recording.sample_rate


def source_table(clips: Sequence[Clip]) -> SourceTable:
    """The true sources. Raises MissingData where they, or their directions, are not known."""
    rows = [(i, clip, event) for i, clip in enumerate(clips) for event in _events(clip)]
    asked = all(clip.target is not None for clip in clips)
    return SourceTable(
        mixtures=tuple(clip.id for clip in clips),
        mixture=np.array([i for i, _, _ in rows], dtype=np.int64),
        label=np.array([event.label for _, _, event in rows], dtype=object),
        source=np.array([event.source for _, _, event in rows], dtype=np.int64),
        azimuth=np.array([_azimuth(event) for _, _, event in rows]),
        target=np.array([c.target == e.source for _, c, e in rows]) if asked else None,
    )


def answer_table(
    answered: Sequence[tuple[str, Sequence[Answer]]], classes: tuple[str, ...], number: str | None
) -> SourceTable:
    """Answers as their file has them.

    Args:
        answered: by mixture. number: "answer" where a mixture may have any number of them; None
            for one a mixture.
    """
    rows = [(i, k, one) for i, (_, of) in enumerate(answered) for k, one in enumerate(of)]
    scores = np.array([one.scores for _, _, one in rows]).reshape(-1, len(classes))
    azimuth = [one.azimuth for _, _, one in rows]
    placed = number is not None or all(value is not None for value in azimuth)
    return SourceTable(
        mixtures=tuple(name for name, _ in answered),
        mixture=np.array([i for i, _, _ in rows], dtype=np.int64),
        label=np.array([classes[k] for k in scores.argmax(axis=1)], dtype=object),
        azimuth=np.array(azimuth, dtype=np.float64) if placed else None,
        scores=scores,
        classes=classes,
        answer=np.array([k for _, k, _ in rows], dtype=np.int64) if number else None,
    )


def write_signals(folder: Path, answers: Sequence[Answer], ending: str) -> list[Path]:
    """The separated signals of numbered answers, at their own rate, whatever the mixture's; the
    paths written."""
    paths = []
    for number, one in enumerate(answers):
        if one.signal is not None:
            paths.append(folder / f"{number}.{ending}")
            write_audio(paths[-1], one.signal, SAMPLE_RATE)
    return paths


def _write_signals(run: Run, clip: Clip, answers: Sequence[Answer], *, each: bool) -> None:
    folder = run.predictions / "separated"
    if each:
        write_signals(folder / clip.id, answers, "flac")
    elif answers[0].signal is not None:
        write_audio(folder / f"{clip.id}.flac", answers[0].signal, SAMPLE_RATE)


def _of_oracle(
    heard: Iterable[tuple[Clip, Answer]], classes: tuple[str, ...], *, each: bool
) -> SourceTable:
    """One answer a mixture, or one for every source."""
    rows = list(heard)
    table = answer_table([(clip.id, [answer]) for clip, answer in rows], classes, None)
    if not each:
        return table
    names = tuple(dict.fromkeys(clip.id for clip, _ in rows))
    index = {name: i for i, name in enumerate(names)}
    return replace(
        table,
        mixtures=names,
        mixture=np.array([index[clip.id] for clip, _ in rows], dtype=np.int64),
        source=np.array([clip.target for clip, _ in rows], dtype=np.int64),
    )


def _events(clip: Clip) -> list[Event]:
    if clip.events is None:
        raise MissingData(f"{clip.id}: its sources are not known, so nothing of it can be scored")
    return list(clip.events)


def _azimuth(event: Event) -> float:
    """Degrees in [-180, 180)."""
    if event.doa is None:
        raise MissingData(f"source {event.source} ({event.label}): its direction is not known")
    # Unit vectors keep whole degrees to some 1e-14 of them: -90.00000000000001 is meant as -90.
    azimuth = round(float(angles(event.doa)[0]), EXACT) + 0.0
    return -180.0 if azimuth == 180.0 else azimuth
