"""Scores of DCASE task 3 files (SELD), by the rules of a year.

Score names: those of the year's `Scorer` (metrics/seld): `er20`, `f20`, `le_cd`, `lr_cd`,
`seld_score`; for 2024 `er20`, `f20`, `doae_cd`, `rde_cd`, `lr_cd`, `seld_score`, `diste_cd`; for
2019 `er`, `f1`, `doa_error`, `frame_recall`, `seld_score`. Classes are their numbers as text, all
that the scorer has. With an oracle: `f1_ideal_doa` and `lr_ideal_doa`, or `le_ideal_sed`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations.directions import layout_of, read_directions
from seldbench.annotations.outputs import FrameOutputs, is_frame_outputs, read_frame_outputs
from seldbench.errors import BadFile, UnknownName, near
from seldbench.evaluation.budget.tables import seld_budget
from seldbench.evaluation.measure import INTERVALS, Measure, Resampling, Values, measured
from seldbench.evaluation.scores import Scores, scores_of
from seldbench.evaluation.seld.notes import seld_notes
from seldbench.evaluation.seld.oracles import (
    decided,
    ideal_activity,
    ideal_directions,
    pointed,
    refuse_outputs,
)
from seldbench.events import DirectionTable
from seldbench.metrics.budget.directions import Limits
from seldbench.metrics.seld import SCORERS, Scorer, SeldCounts, seld_counts, seld_scores
from seldbench.metrics.seld.scorers import RATE, Angles
from seldbench.metrics.uncertainty import Sample, Whole

Array = np.ndarray
Names = dict[str, str]
# {oracle: {score of the scorer: its name then}}
ORACLES: dict[str, Names] = {
    "doa": {"f20": "f1_ideal_doa", "f1": "f1_ideal_doa", "lr_cd": "lr_ideal_doa"},
    "sed": dict.fromkeys(("le_cd", "doae_cd", "doa_error"), "le_ideal_sed"),
}


def score_seld_files(
    reference: Path,
    predictions: Path,
    scorer: str,
    *,
    dialect: str | None = None,
    prediction_dialect: str | None = None,
    average: str | None = None,
    angles: str | None = None,
    classes: int | None = None,
    frames_per_file: int | None = None,
    frames_per_second: int = RATE,
    with_distance: bool = True,
    oracle: str | None = None,
    threshold: float = 0.5,
    budget: bool = False,
    resampling: Resampling | None = INTERVALS,
) -> Scores:
    """`score_seld` of a CSV each, or of folders of CSVs paired by name.

    Args:
        dialect: of both sides; None for the year's: polar up to 2022, with a distance as sixth
            column from 2023 on (centimetres in the reference and metres in the predictions).
        prediction_dialect: of the predictions alone.
        predictions: with an oracle also frame outputs, see `annotations.outputs`.
        budget: whether `error_budget` and `conditions` are wanted (`evaluation.budget`); there are
            none with an oracle.

    Raises:
        UnknownName: a name that there is not. BadFile: a file breaks a rule of its dialect, or the
            two sides do not fit together.
    """
    year = _scorer(scorer)
    mine, theirs = dialects_of(year, dialect, prediction_dialect)
    layout_of(mine)
    layout_of(theirs)
    _refuse_oracle(oracle)
    known = read_directions(reference, mine)
    given: DirectionTable | FrameOutputs
    if predictions.exists() and is_frame_outputs(predictions):
        given, theirs = read_frame_outputs(predictions), "frame outputs"
        alone = len(given.clips) == 1 and predictions.is_file()
        given = replace(given, clips=known.files) if alone and not reference.is_dir() else given
    else:
        given = read_directions(predictions, theirs)
        single = not reference.is_dir() and not predictions.is_dir()
        given = replace(given, files=known.files) if single else given
    scores = score_seld(
        known,
        given,
        scorer,
        average=average,
        angles=angles,
        classes=classes,
        frames_per_file=frames_per_file,
        frames_per_second=frames_per_second,
        with_distance=with_distance,
        oracle=oracle,
        threshold=threshold,
        resampling=resampling,
    )
    details = {**scores.details, "dialects": {"reference": mine, "predictions": theirs}}
    if budget and isinstance(given, DirectionTable) and oracle is None:
        near = Limits(distance=1.0 if with_distance and year.rule == "frames" else None)
        number = scores.details["number_of_classes"]
        details |= seld_budget(known, given, near, classes=number, resampling=resampling)
    return replace(scores, details=details)


def score_seld(
    reference: DirectionTable,
    predictions: DirectionTable | FrameOutputs,
    scorer: str,
    *,
    average: str | None = None,
    angles: str | None = None,
    classes: int | None = None,
    frames_per_file: int | None = None,
    frames_per_second: int = RATE,
    with_distance: bool = True,
    oracle: str | None = None,
    threshold: float = 0.5,
    resampling: Resampling | None = INTERVALS,
) -> Scores:
    """Scores overall and by class, with intervals over files.

    Args:
        scorer: a name in `metrics.seld.SCORERS`. average ("macro" or "micro"), angles ("polar" or
            "cartesian"), classes (their number) and frames_per_file are its own where None.
        frames_per_second: of both sides; 50 in the submissions of 2019.
        with_distance: without, distances play no role where the scorer has them.
        oracle: "doa" for the system's activity with ideal directions, "sed" for its directions with
            ideal activity; None for the system.
        threshold: where frame scores are cut, active above it.

    Raises:
        UnknownName: no such scorer, average, angles or oracle.
        BadFile: the two sides do not fit together.
    """
    _refuse_oracle(oracle)
    year = _scorer(scorer)
    table, number = _predicted(reference, predictions, year, angles, classes, oracle, threshold)
    counts = seld_counts(
        year,
        reference,
        table,
        classes=number,
        angles=angles,
        frames_per_file=frames_per_file,
        frames_per_second=frames_per_second,
        with_distance=with_distance,
    )
    names = _names(counts.scorer, oracle)
    measure = _measure(counts, average, names)
    labels = measure.labels
    there = counts.of_class["reference"].sum(0) > 0
    scores = scores_of(
        measured([measure], resampling),
        [names[n] for n in counts.scorer.scores if n in names],
        [names[n] for n in counts.scorer.class_scores if n in names],
        scored=labels,
        notes=list(
            seld_notes(counts, reference, table, average, frames_per_file, frames_per_second)
        ),
        details=_details(counts, average, angles, oracle),
    )
    return replace(
        scores,
        scored_classes=tuple(label for label, here in zip(labels, there) if here),
        unscored_classes=tuple(label for label, here in zip(labels, there) if not here),
    )


def seld_measures(
    reference: DirectionTable,
    predictions: DirectionTable,
    scorer: str,
    *,
    average: str | None = None,
    angles: str | None = None,
    classes: int | None = None,
    frames_per_file: int | None = None,
    frames_per_second: int = RATE,
    with_distance: bool = True,
) -> list[Measure]:
    """The scores as functions of how often each file counts.

    Raises:
        UnknownName, BadFile: as `score_seld`.
    """
    year = _scorer(scorer)
    counts = seld_counts(
        year,
        reference,
        predictions,
        classes=classes,
        angles=angles,
        frames_per_file=frames_per_file,
        frames_per_second=frames_per_second,
        with_distance=with_distance,
    )
    return [_measure(counts, average, _names(counts.scorer, None))]


def class_f20(
    reference: DirectionTable,
    predictions: DirectionTable,
    scorer: str,
    classes: Sequence[str],
    *,
    ideal: bool = False,
) -> dict[str, float]:
    """F20 by class name, of the classes that the reference has; what thresholds are chosen by.

    ideal: with ideal directions, see `oracles`.

    Raises:
        UnknownName: no such scorer, or one without F20 (2019).
    """
    year = _scorer(scorer)
    if "f20" not in year.class_scores:
        raise UnknownName(f"{scorer} has no f20 by class; tune by one of a later year")
    if ideal:
        form: Angles = "cartesian" if year.angles == "cartesian" else "polar"
        predictions = ideal_directions(reference, predictions, year, form)
    measured = reference.distance is not None and predictions.distance is not None
    counts = seld_counts(year, reference, predictions, classes=len(classes), with_distance=measured)
    values = seld_scores(counts, Whole(len(counts.files)))[1]["f20"][0]
    there = counts.of_class["reference"].sum(0) > 0
    return {label: float(v) for label, v, here in zip(classes, values, there) if here}


def dialects_of(
    scorer: Scorer, dialect: str | None = None, prediction_dialect: str | None = None
) -> tuple[str, str]:
    """The dialects of reference and predictions: those named, else those of the scorer's year."""
    year = int(scorer.name.removeprefix("dcase")[:4])
    mine = "polar" if year < 2023 else "polar_distance_cm"
    theirs = "polar" if year < 2023 else "polar_distance_m"
    return dialect or mine, prediction_dialect or dialect or theirs


def _scorer(name: str) -> Scorer:
    if name not in SCORERS:
        raise UnknownName(
            f"no SELD scorer {name!r}{near(name, SCORERS)}; there are {', '.join(SCORERS)}"
        )
    return SCORERS[name]


def _refuse_oracle(oracle: str | None) -> None:
    if oracle is not None and oracle not in ORACLES:
        raise UnknownName(f"no oracle {oracle!r}; there are {' and '.join(ORACLES)}")


def _names(scorer: Scorer, oracle: str | None) -> Names:
    """{score of the scorer: its name here}"""
    if oracle is None:
        return {name: name for name in (*scorer.scores, *scorer.class_scores)}
    return ORACLES[oracle]


def _measure(counts: SeldCounts, average: str | None, names: Names) -> Measure:
    def values(sample: Sample) -> Values:
        scores, classes = seld_scores(counts, sample, average)
        return Values(_renamed(scores, names), _renamed(classes, names))

    return Measure(counts.files, tuple(map(str, range(counts.classes))), values)


def _renamed(values: dict[str, Array], names: Names) -> dict[str, Array]:
    return {names[name]: value for name, value in values.items() if name in names}


def _predicted(
    reference: DirectionTable,
    predictions: DirectionTable | FrameOutputs,
    scorer: Scorer,
    angles: str | None,
    classes: int | None,
    oracle: str | None,
    threshold: float,
) -> tuple[DirectionTable, int | None]:
    """The rows that are scored, and the number of classes where it is known."""
    form: Angles = "cartesian" if (angles or scorer.angles) == "cartesian" else "polar"
    number = classes or scorer.classes
    if isinstance(predictions, DirectionTable):
        if oracle == "doa":
            return ideal_directions(reference, predictions, scorer, form), number
        if oracle == "sed":
            number = number or 1 + int(max(reference.label.max(initial=0), 0))
            mine = reference.rows(reference.label < number)
            return ideal_activity(mine, predictions), number
        return predictions, number
    number = number or predictions.classes
    refuse_outputs(predictions, reference, number)
    mine = reference.rows(reference.label < number)
    if oracle == "sed":
        return pointed(predictions, mine), number
    if oracle == "doa":
        given = decided(predictions, threshold)
        known = predictions.doa is not None
        return ideal_directions(reference, given, scorer, form, known=known), number
    raise BadFile(
        "frame outputs hold no decisions: name an oracle to score half of the system, or write"
        " its decisions as CSV files"
    )


def _details(
    counts: SeldCounts, average: str | None, angles: str | None, oracle: str | None
) -> dict[str, Any]:
    return {
        "scorer": counts.scorer.name,
        "average": average or counts.scorer.average,
        "angles": angles or counts.scorer.angles,
        "number_of_classes": counts.classes,
        "oracle": oracle,
        "files": len(counts.files),
        "unscored_files": list(counts.unscored),
    }
