"""From sources of mixtures and somebody's answers to scores with intervals (cascades).

Score names: `accuracy` (right answers / questions), `accuracy_top5`, `recall_macro`, `f1_macro`;
`direction_accuracy` (within 22.5 degrees, so that on a circle of eight directions the right one
counts alone) and `direction_error` (mean angle, degrees); `si_sdr`, `si_sdri` (its improvement over
the mixture) and `snr`, means over sources in dB. None is what the files do not determine.

Three protocols, told by the columns of the answers. With `source`, every source of a mixture is
asked for (query); without, one of a mixture is, its target (dominant); there a question without
answer is an error. With `answer`, a system answers for every direction that it finds (all): the
answers of a mixture are matched one-to-one to its sources by direction, only pairs nearer than 22.5
degrees, as many as there can be, with the smallest total angle. A source that is not found is a
wrong answer, an answer about no source lowers precision and F1. `direction_recall` (found /
sources), `direction_precision` (found / answers) and `direction_f1` stand in the place of
`direction_accuracy`; errors and signals are of the sources that were found.

Where answers with true directions or true separations are known too, `accuracy_oracle_direction`,
`accuracy_oracle_separation`, and in the details which part is the first to fail (`attribution`).

By number of sources in the mixture, and by angle between the source that is asked for and the
nearest other one (the nearest of 0, 45, 90, 135 and 180 degrees), accuracies stand in the details.
A replicate draws mixtures, with all their sources.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from seldbench.annotations.sources import SourceTable, read_answers, read_classes, read_sources
from seldbench.errors import BadFile, near
from seldbench.evaluation.measure import INTERVALS, Answered, Measure, Resampling, measured
from seldbench.evaluation.scores import Scores, scores_of
from seldbench.evaluation.sources.attribution import ORACLES, attribution, right_with
from seldbench.evaluation.sources.counts import answer_values, counts_of, signal_sums, signal_values
from seldbench.evaluation.sources.details import details
from seldbench.evaluation.sources.questions import (
    ALL,
    DOMINANT,
    Questions,
    notes_on_answers,
    questions,
    some,
)
from seldbench.evaluation.sources.signals import LIMIT, Quality, Signals, quality, stem
from seldbench.metrics.tagging import TOP

Array = np.ndarray
NAMES = (
    "accuracy",
    f"accuracy_top{TOP}",
    "recall_macro",
    "f1_macro",
    "direction_accuracy",
    "direction_recall",
    "direction_precision",
    "direction_f1",
    "direction_error",
    "si_sdr",
    "si_sdri",
    "snr",
    *(f"accuracy_oracle_{name}" for name in ORACLES),
)
CLASS_NAMES = ("recall", "precision", "f1", "si_sdr", "si_sdri", "snr")


def score_sources_files(
    reference: Path,
    predictions: Path,
    *,
    estimates: Path | None = None,
    references: Path | None = None,
    mixtures: Path | None = None,
    oracles: Mapping[str, Path] | None = None,
    classes: Path | None = None,
    resampling: Resampling | None = INTERVALS,
) -> Scores:
    """`score_sources` of files; separated signals from folders laid out as in `signals`.

    Args:
        estimates, references: separated and true signals, both or neither.
        mixtures: what was separated, for the improvement.
        classes: a class a line.

    Raises:
        BadFile: a file breaks a rule of its format, or they do not fit together.
    """
    return score_sources(
        read_sources(reference),
        read_answers(predictions),
        signals=signals_of(estimates, references, mixtures),
        oracles={name: read_answers(path) for name, path in (oracles or {}).items()},
        classes=None if classes is None else read_classes(classes),
        resampling=resampling,
    )


def signals_of(
    estimates: Path | None, references: Path | None, mixtures: Path | None
) -> Signals | None:
    """Folders of signals that belong together; None for none.

    Raises:
        BadFile: separated signals without the true ones, or the other way round.
    """
    if estimates is not None and references is not None:
        return Signals(estimates, references, mixtures)
    if estimates is not None or references is not None or mixtures is not None:
        absent, option = ("true", "stems") if references is None else ("separated", "estimates")
        raise BadFile(
            f"separated signals are scored against the true ones: the folder of {absent} signals is"
            f" not given; name it with --{option}"
        )
    return None


def score_sources(
    reference: SourceTable,
    answers: SourceTable,
    *,
    signals: Signals | None = None,
    oracles: Mapping[str, SourceTable] | None = None,
    classes: Sequence[str] | None = None,
    resampling: Resampling | None = INTERVALS,
) -> Scores:
    """Scores of somebody's answers about the sources of mixtures.

    Args:
        oracles: the same system's answers with the truth in the place of a part: "direction",
            "separation"; one a mixture where one is asked for, else one a source. With both, the
            details say which part of the system is the first to fail: see `attribution`.
        classes: of the data set, so that those that no question has are named.

    Raises:
        BadFile: they do not fit together (see `questions`), a signal is absent or unlike, or a true
            class that is not among `classes`. UnknownName: no such oracle.
    """
    asked = questions(reference, answers)
    right = right_with(reference, asked, oracles or {})
    separated = None if signals is None else quality_of(asked, signals)
    scored = [asked.classes[i] for i in np.unique(asked.label)]
    notes = notes_on_answers(reference, answers, asked)
    if separated is not None:
        notes += _notes_on_signals(asked, separated)
    found = details(asked, resampling)
    if set(right) == set(ORACLES):
        found["attribution"] = attribution(asked, right, resampling)
    return scores_of(
        measured(_measures(asked, separated, right), resampling),
        NAMES,
        (*CLASS_NAMES, "direction_recall") if asked.protocol == ALL else CLASS_NAMES,
        scored=scored,
        unscored=_unscored(asked, scored, classes),
        notes=notes,
        details=found,
    )


def source_measures(
    reference: SourceTable,
    answers: SourceTable,
    *,
    signals: Signals | None = None,
    oracles: Mapping[str, SourceTable] | None = None,
) -> list[Measure]:
    """What can be scored of the answers, as functions of how often each mixture counts.

    Raises:
        BadFile, UnknownName: as `score_sources`.
    """
    asked = questions(reference, answers)
    right = right_with(reference, asked, oracles or {})
    return _measures(asked, None if signals is None else quality_of(asked, signals), right)


def quality_of(asked: Questions, signals: Signals) -> Quality:
    """Of the separated signal that belongs to each question, from the folders.

    Raises:
        BadFile: a signal that is absent or unlike the others.
    """
    stems = [stem(name) for name in asked.names]
    if asked.protocol == DOMINANT:
        return quality(signals, asked.names, asked.source, stems)
    numbers = (asked.source if asked.number is None else asked.number).tolist()
    found = asked.found.tolist()
    estimates = [f"{s}/{n}" if known else None for s, n, known in zip(stems, numbers, found)]
    return quality(signals, asked.names, asked.source, estimates)


def _measures(
    asked: Questions, separated: Quality | None, right: Mapping[str, Array]
) -> list[Measure]:
    counts = counts_of(asked, right)
    names = tuple(asked.classes[i] for i in counts.scored)
    found = [Measure(asked.mixtures, names, partial(answer_values, counts), _answered(asked))]
    if separated is not None:
        given = {"si_sdr": separated.si_sdr, "si_sdri": separated.si_sdri, "snr": separated.snr}
        tables = {name: signal_sums(asked, values) for name, values in given.items()}
        found.append(Measure(asked.mixtures, names, partial(signal_values, tables)))
    return found


def _answered(asked: Questions) -> tuple[Answered, ...]:
    """The scores that are shares of the questions."""
    names = tuple(f"{name}/{n}" for name, n in zip(asked.names, asked.source.tolist()))
    right = {"accuracy": asked.right, "direction_accuracy": asked.direction_right}
    return tuple(
        Answered(score, names, asked.mixture, of) for score, of in right.items() if of is not None
    )


def _unscored(asked: Questions, scored: Sequence[str], classes: Sequence[str] | None) -> list[str]:
    """The classes that no question has: the data set's, and those that answers have besides."""
    strange = [name for name in asked.classes[: asked.known] if name not in set(classes or ())]
    if classes is not None and strange:
        raise BadFile(
            f"the reference's class {strange[0]!r} is none of the data set's"
            f"{near(strange[0], classes)}; give the list of classes that belongs to the reference"
        )
    every = dict.fromkeys([*(classes or ()), *asked.classes])
    return [name for name in every if name not in set(scored)]


def _notes_on_signals(asked: Questions, separated: Quality) -> list[str]:
    notes = []
    if separated.estimated < len(asked.label):
        notes.append(
            f"SI-SDR and SNR are of the {separated.estimated} sources that were found, of"
            f" {len(asked.label)}"
        )
    if separated.silent:
        notes.append(
            f"{len(separated.silent)} references are silent, so without SI-SDR and SNR:"
            f" {some(separated.silent)}"
        )
    if separated.limited:
        notes.append(f"{separated.limited} values beyond {LIMIT:g} dB taken as that, or minus that")
    return notes
