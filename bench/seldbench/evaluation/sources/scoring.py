"""From sources of mixtures and somebody's answers to scores with intervals (cascades).

Score names: `accuracy` (right answers / questions), `accuracy_top5`, `recall_macro`, `f1_macro`;
`direction_accuracy` (within 22.5 degrees, so that on a circle of eight directions the right one
counts alone) and `direction_error` (mean angle, degrees); `si_sdr`, `si_sdri` (its improvement over
the mixture) and `snr`, means over sources in dB. None is what the files do not determine.

Two protocols, told by the column `source` of the answers: with it, every source of a mixture is
asked for (query); without, one of a mixture is, its target (dominant). A question without answer is
an error. A replicate draws mixtures, with all their sources.

By number of sources in the mixture, and by angle between the source that is asked for and the
nearest other one (the nearest of 0, 45, 90, 135 and 180 degrees), accuracies stand in the details.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations.sources import SourceTable, read_answers, read_sources
from seldbench.errors import BadFile
from seldbench.evaluation.measure import INTERVALS, Measure, Resampling, Values, measured
from seldbench.evaluation.scores import Scores, scores_of
from seldbench.evaluation.sources.questions import Questions, notes_on_answers, questions, some
from seldbench.evaluation.sources.signals import LIMIT, Quality, Signals, quality
from seldbench.metrics.sources import ANGLES, GRID, angle_class
from seldbench.metrics.tagging import (
    TOP,
    LabelCounts,
    class_mean,
    class_shares,
    confusion,
    share,
    tallied,
)
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
NAMES = (
    "accuracy",
    f"accuracy_top{TOP}",
    "recall_macro",
    "f1_macro",
    "direction_accuracy",
    "direction_error",
    "si_sdr",
    "si_sdri",
    "snr",
)
CLASS_NAMES = ("recall", "precision", "f1", "si_sdr", "si_sdri", "snr")


def score_sources_files(
    reference: Path,
    predictions: Path,
    *,
    estimates: Path | None = None,
    references: Path | None = None,
    mixtures: Path | None = None,
    resampling: Resampling | None = INTERVALS,
) -> Scores:
    """`score_sources` of files; separated signals from folders laid out as in `signals`.

    Args:
        estimates, references: separated and true signals, both or neither.
        mixtures: what was separated, for the improvement.

    Raises:
        BadFile: a file breaks a rule of its format, or they do not fit together.
    """
    signals = None
    if estimates is not None and references is not None:
        signals = Signals(estimates, references, mixtures)
    elif estimates is not None or references is not None or mixtures is not None:
        absent = "true" if references is None else "separated"
        raise BadFile(
            f"separated signals are scored against the true ones: the folder of {absent} signals is"
            " not given"
        )
    return score_sources(
        read_sources(reference), read_answers(predictions), signals=signals, resampling=resampling
    )


def score_sources(
    reference: SourceTable,
    answers: SourceTable,
    *,
    signals: Signals | None = None,
    resampling: Resampling | None = INTERVALS,
) -> Scores:
    """Scores of somebody's answers about the sources of mixtures.

    Raises:
        BadFile: they do not fit together (see `questions`), or a signal is absent or unlike.
    """
    asked = questions(reference, answers)
    separated = None if signals is None else _quality(asked, signals)
    scored = _scored(asked)
    notes = notes_on_answers(reference, answers, asked)
    if separated is not None:
        notes += _notes_on_signals(separated)
    return scores_of(
        measured(_measures(asked, separated), resampling),
        NAMES,
        CLASS_NAMES,
        scored=[asked.classes[i] for i in scored],
        unscored=[c for i, c in enumerate(asked.classes) if i not in set(scored)],
        notes=notes,
        details=_details(asked, resampling),
    )


def source_measures(
    reference: SourceTable, answers: SourceTable, *, signals: Signals | None = None
) -> list[Measure]:
    """What can be scored of the answers, as functions of how often each mixture counts.

    Raises:
        BadFile: as `score_sources`.
    """
    asked = questions(reference, answers)
    return _measures(asked, None if signals is None else _quality(asked, signals))


def _scored(asked: Questions) -> list[int]:
    """The classes that a question has."""
    return np.unique(asked.label).tolist()


def _measures(asked: Questions, separated: Quality | None) -> list[Measure]:
    names = tuple(asked.classes[i] for i in _scored(asked))
    found = [Measure(asked.mixtures, names, partial(_answer_values, _counts(asked)))]
    if separated is not None:
        given = {"si_sdr": separated.si_sdr, "si_sdri": separated.si_sdri, "snr": separated.snr}
        tables = {name: _class_sums(asked, values) for name, values in given.items()}
        found.append(Measure(asked.mixtures, names, partial(_signal_values, tables)))
    return found


@dataclass(frozen=True, eq=False)
class _Counts:
    """Labels by mixture. items: (mixtures,) questions. sums: {score: (mixtures,) what its mean over
    questions adds up}. scored: the classes that a question has."""

    labels: LabelCounts
    items: Array
    sums: dict[str, Array]
    scored: list[int]


def _counts(asked: Questions) -> _Counts:
    shape = len(asked.mixtures), len(asked.classes)
    hit = asked.right
    labels = LabelCounts(
        tallied(asked.mixture, asked.label, shape),
        tallied(asked.mixture, asked.answer, shape),
        tallied(asked.mixture[hit], asked.label[hit], shape),
    )
    sums = {"accuracy": asked.right}
    if asked.top is not None:
        sums[f"accuracy_top{TOP}"] = asked.top
    if asked.error is not None:
        sums["direction_accuracy"] = asked.error < GRID / 2
        sums["direction_error"] = asked.error
    by_mixture = {
        name: np.bincount(asked.mixture, of.astype(np.float64), minlength=shape[0])
        for name, of in sums.items()
    }
    items = np.bincount(asked.mixture, minlength=shape[0]).astype(np.float64)
    return _Counts(labels, items, by_mixture, _scored(asked))


def _answer_values(counts: _Counts, sample: Sample) -> Values:
    items = sample.sums(counts.items)
    scores = {name: share(sample.sums(of), items) for name, of in counts.sums.items()}
    hits, present, given = (table[:, counts.scored] for table in counts.labels.sums(sample))
    classes = class_shares(hits, present, given)
    scores["recall_macro"] = class_mean(classes["recall"])
    scores["f1_macro"] = class_mean(classes["f1"])
    return Values(scores, classes)


def _quality(asked: Questions, signals: Signals) -> Quality:
    return quality(signals, asked.names, asked.source, each=asked.each)


def _class_sums(asked: Questions, values: Array) -> tuple[Array, Array]:
    """(mixtures, scored classes) sums of the values that are known, and how many those are."""
    shape = len(asked.mixtures), len(asked.classes)
    known = ~np.isnan(values)
    mixture, label = asked.mixture[known], asked.label[known]
    totals = np.zeros(shape)
    np.add.at(totals, (mixture, label), values[known])
    scored = _scored(asked)
    return totals[:, scored], tallied(mixture, label, shape).toarray()[:, scored]


def _signal_values(tables: dict[str, tuple[Array, Array]], sample: Sample) -> Values:
    """Means over sources, overall and by class."""
    sums = {name: [sample.sums(table) for table in pair] for name, pair in tables.items()}
    scores = {name: share(total.sum(1), number.sum(1)) for name, (total, number) in sums.items()}
    return Values(scores, {name: share(*pair) for name, pair in sums.items()})


def _notes_on_signals(separated: Quality) -> list[str]:
    notes = []
    if separated.silent:
        notes.append(
            f"{len(separated.silent)} references are silent, so without SI-SDR and SNR:"
            f" {some(separated.silent)}"
        )
    if separated.limited:
        notes.append(f"{separated.limited} values beyond {LIMIT:g} dB taken as that, or minus that")
    return notes


def _details(asked: Questions, resampling: Resampling | None) -> dict[str, Any]:
    """Counts: of all, by number of sources and by angle; confusion: rows are true classes."""
    counts = confusion(asked.label, asked.answer, len(asked.classes))
    found: dict[str, Any] = {
        "protocol": "query" if asked.each else "dominant",
        "correct": int(asked.right.sum()),
        "total": len(asked.right),
        "confusion": {"classes": list(asked.classes), "counts": counts.tolist()},
    }
    number, place = np.unique(asked.around, return_inverse=True)
    by_number = _accuracies(asked, number.tolist(), place, resampling)
    found["accuracy_by_sources"] = by_number
    if asked.apart is not None:
        nearest = angle_class(asked.apart)
        found["accuracy_by_angle"] = _accuracies(asked, ANGLES, nearest, resampling)
    return found


def _accuracies(
    asked: Questions, values: Sequence[int], condition: Array, resampling: Resampling | None
) -> dict[str, dict[str, Any]]:
    """{value: correct, total, accuracy and its intervals} of the conditions that occur.

    Args:
        condition: (questions,) index in `values`, -1 for none of them.
    """
    some, shape = condition >= 0, (len(asked.mixtures), len(values))
    right = tallied(asked.mixture[some & asked.right], condition[some & asked.right], shape)
    total = tallied(asked.mixture[some], condition[some], shape)

    def shares(sample: Sample) -> Values:
        return Values({}, {"accuracy": share(sample.sums(right), sample.sums(total))})

    labels = tuple(str(value) for value in values)
    found = measured([Measure(asked.mixtures, labels, shares)], resampling)
    return {
        label: {
            "correct": int(right[:, i].sum()),
            "total": int(total[:, i].sum()),
            "accuracy": found.classes[label]["accuracy"],
            "intervals": {
                method: list(pair)
                for method, pair in found.class_intervals.get(label, {}).get("accuracy", {}).items()
            },
        }
        for i, label in enumerate(labels)
        if label in found.classes
    }
