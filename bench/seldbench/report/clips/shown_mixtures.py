"""The mixtures that a report shows of a run about their sources: which ones, what sounds in them
from where, what was answered, and small spectrograms.

Read from the run's files alone. Degrees; SI-SDR in dB.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations.sources import SourceTable, read_answers, read_sources
from seldbench.audio import AudioFile
from seldbench.evaluation.sources.attribution import ORACLES
from seldbench.evaluation.sources.questions import DOMINANT, Questions, questions
from seldbench.evaluation.sources.scoring import quality_of
from seldbench.evaluation.sources.signals import Quality, Signals, find, stem
from seldbench.report.clips.picture import band_position, grey_png, levels_beside
from seldbench.report.clips.shown import spread
from seldbench.report.clips.sounds import ogg

Array = np.ndarray

BINS, COLUMNS = 64, 180  # of a spectrogram
TICKS_HZ = (250, 1000, 4000)
ALIKE = 1000.0  # SI-SDR, at most 100 dB, only ranks mixtures with equally many right answers


@dataclass(frozen=True, eq=False)
class Answered:
    """What a run's files say. quality: of the separated signals; None without any."""

    reference: SourceTable
    answers: SourceTable
    asked: Questions
    quality: Quality | None


def signals_of_run(run: Path) -> Signals | None:
    """The folders of a run's separated and true signals; None where it left none."""
    separated, reference = run / "predictions" / "separated", run / "reference"
    if not separated.is_dir():
        return None
    return Signals(separated, reference / "signals", reference / "mixtures")


def oracles_of_run(run: Path) -> dict[str, SourceTable]:
    """Answers of a run with a truth given, by its name; those that it has.

    Raises:
        BadFile: a file that breaks a rule.
    """
    paths = {name: run / "predictions" / f"oracle_{name}.tsv" for name in ORACLES}
    return {name: read_answers(path) for name, path in paths.items() if path.exists()}


def read_answered(run: Path) -> Answered:
    """The files of a run's folder.

    Raises:
        BadFile: a file that is absent or breaks a rule.
    """
    reference = read_sources(run / "reference" / "sources.tsv")
    answers = read_answers(run / "predictions" / "answers.tsv")
    asked = questions(reference, answers)
    signals = signals_of_run(run)
    quality = None if signals is None else quality_of(asked, signals)
    return Answered(reference, answers, asked, quality)


def choose(found: Answered, shown: int) -> list[tuple[str, str]]:
    """(role, mixture) of `shown` mixtures, as `shown.spread` says, by the share of their questions
    that are right, then by the SI-SDR of what was separated."""
    asked, number = found.asked, len(found.asked.mixtures)
    items = np.bincount(asked.mixture, minlength=number)
    values = asked.right.astype(np.float64)
    if found.quality is not None:
        values += np.nan_to_num(found.quality.si_sdr, nan=0.0) / ALIKE
    sums = np.bincount(asked.mixture, values, minlength=number)
    sources = np.bincount(found.reference.mixture, minlength=number)
    ranked = [
        (round(float(sums[i] / items[i]), 9), int(sources[i]), asked.mixtures[i])
        for i in range(number)
    ]
    return [(role, mixture) for role, mixture, _ in spread(ranked, shown)]


def mixture_content(found: Answered, mixture: str) -> dict[str, Any]:
    """For clips.json: `pairs` of a source that is asked for and the answer about it, either of
    which may be None; `others`, the sources that are not asked for."""
    asked = found.asked
    of = asked.mixtures.index(mixture)
    rows = np.flatnonzero(asked.mixture == of).tolist()
    given = {row: _answer_row(found, row) for row in rows}
    pairs = [_pair(found, row, answer) for row, answer in given.items()]
    pairs += [
        {"source": None, "answer": _answer(found.answers, row), "right": False, "si_sdr": None}
        for row in _rows_of(found.answers, mixture)
        if row not in given.values()
    ]
    numbers = {int(asked.source[row]) for row in rows}
    others = [
        _source(found.reference, row)
        for row in np.flatnonzero(found.reference.mixture == of).tolist()
        if int(_numbers(found.reference)[row]) not in numbers
    ]
    right = int(asked.right[rows].sum())
    return {"id": mixture, "right": right, "asked": len(rows), "pairs": pairs, "others": others}


def add_files(
    signals: Signals | None, clips: list[dict[str, Any]], *, heard: bool, name: str = "clip"
) -> dict[str, bytes]:
    """Spectrograms of the mixtures, and for each pair of the true and the separated signal, by file
    name; each is noted in its clip. All of a mixture are on its scale. Without signals none.

    Args:
        heard: their sounds too, at one level.
        name: that files begin with.
    """
    files: dict[str, bytes] = {}
    if signals is None or signals.mixtures is None:
        return files
    folders = {"source": signals.references, "answer": signals.estimates}
    for i, clip in enumerate(clips, 1):
        of = stem(clip["id"])
        read = {f"{name}-{i}": (clip, AudioFile(find(signals.mixtures, of)))}
        for k, pair in enumerate(clip["pairs"], 1):
            for side in (side for side in folders if pair[side]):
                path = find(folders[side], _file(of, pair[side]))
                read[f"{name}-{i}-{k}-{side}"] = (pair[side], AudioFile(path))
        files |= _pictures_and_sounds(clip, read, heard=heard)
    return files


def _pictures_and_sounds(
    clip: dict[str, Any], read: Mapping[str, tuple[dict[str, Any], AudioFile]], *, heard: bool
) -> dict[str, bytes]:
    """Of one mixture, which is the first to be read."""
    files: dict[str, bytes] = {}
    rate = next(iter(read.values()))[1].sample_rate
    samples = [file.read()[0] for _, file in read.values()]
    levels = levels_beside(samples, rate, bins=BINS, columns=COLUMNS)
    loudest = max(float(np.abs(of).max(initial=0.0)) for of in samples)
    for (name, (of, _)), signal, image in zip(read.items(), samples, levels):
        of["spectrogram"] = f"{name}.png"
        of["audio"] = f"{name}.ogg" if heard else None
        files[f"{name}.png"] = grey_png(image)
        files |= {f"{name}.ogg": ogg(signal, rate, loudest)} if heard else {}
    ticks = [hertz for hertz in TICKS_HZ if hertz < rate / 2]
    clip["ticks_hz"] = [[hertz, round(band_position(hertz, rate), 4)] for hertz in ticks]
    clip["duration"] = len(samples[0]) / rate
    return files


def _answer_row(found: Answered, row: int) -> int | None:
    """The row of the answer to a question."""
    asked, answers = found.asked, found.answers
    if not asked.found[row]:
        return None
    rows = _rows_of(answers, asked.names[row])
    if asked.protocol == DOMINANT:
        return rows[0]
    keys, wanted = (answers.source, asked.source) if asked.number is None else (
        answers.answer, asked.number
    )  # fmt: skip
    assert keys is not None  # the protocol is told by it
    return next(i for i in rows if keys[i] == wanted[row])


def _pair(found: Answered, row: int, answer: int | None) -> dict[str, Any]:
    """A question and the answer to it."""
    asked, reference = found.asked, found.reference
    here = np.flatnonzero(reference.mixture == asked.mixture[row]).tolist()
    source = next(i for i in here if _numbers(reference)[i] == asked.source[row])
    si_sdr = np.nan if found.quality is None else float(found.quality.si_sdr[row])
    return {
        "source": _source(reference, source),
        "answer": None if answer is None else _answer(found.answers, answer),
        "right": bool(asked.right[row]),
        "si_sdr": round(si_sdr, 1) if np.isfinite(si_sdr) else None,
    }


def _source(reference: SourceTable, row: int) -> dict[str, Any]:
    azimuth = reference.azimuth
    return {
        "number": int(_numbers(reference)[row]),
        "label": str(reference.label[row]),
        "azimuth": None if azimuth is None else round(float(azimuth[row]), 1),
    }


def _answer(answers: SourceTable, row: int) -> dict[str, Any]:
    label, score = str(answers.label[row]), None
    if answers.scores is not None and label in answers.classes:
        score = round(float(answers.scores[row, answers.classes.index(label)]), 3)
    numbers = answers.source if answers.answer is None else answers.answer
    return {
        "number": None if numbers is None else int(numbers[row]),
        "label": label,
        "azimuth": None if answers.azimuth is None else round(float(answers.azimuth[row]), 1),
        "score": score,
    }


def _file(mixture: str, of: Mapping[str, Any]) -> str:
    """A signal without its ending: the one of a mixture, or of a number in it."""
    return mixture if of["number"] is None else f"{mixture}/{of['number']}"


def _rows_of(answers: SourceTable, mixture: str) -> list[int]:
    if mixture not in answers.mixtures:
        return []
    return np.flatnonzero(answers.mixture == answers.mixtures.index(mixture)).tolist()


def _numbers(reference: SourceTable) -> Array:
    assert reference.source is not None  # `read_sources` requires them
    return reference.source
