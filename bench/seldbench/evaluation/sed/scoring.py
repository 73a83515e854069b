"""From prediction files and a reference to scores with intervals; no model is looked at.

Score names, fractions: `psds1_thresholds`, `psds2_thresholds` (psds_eval's rules, at operating
points; frame scores are cut at 50 thresholds), `psds1`, `psds2` (sed_scores_eval's rules, exact);
`event_*`, `segment_*`, `intersection_*` at one threshold (`sed_decided`); `event_f1_best_macro`,
`frame_map` and `map` over all (`sed_ranked`). None is what the predictions cannot determine.

What is scored: the classes that the reference has events of. PSDS, intersection F1 and average
precision go over the clips of the durations, event and segment scores over those that the reference
lists; predictions for other clips are left out. A label that the reference lacks has no score; its
detections vanish from PSDS and intersection F1, and count as false positives in the micro averages
of event and segment scores, each as in the official scorer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations import read_durations, read_events, read_predictions
from seldbench.contracts import Progress
from seldbench.errors import UnknownName
from seldbench.evaluation.budget.conditions import read_conditions
from seldbench.evaluation.budget.tables import sed_details
from seldbench.evaluation.measure import INTERVALS, QUIET, Measure, Resampling, Values, measured
from seldbench.evaluation.scores import Scores, scores_of
from seldbench.evaluation.sed import decided as sed_decided
from seldbench.evaluation.sed import ranked as sed_ranked
from seldbench.evaluation.sed.curves import scenario_changes, scenario_cuts
from seldbench.evaluation.sed.decided import Rules, decided_measures
from seldbench.evaluation.sed.inputs import (
    Predictions,
    named,
    predicted_labels,
    refuse_unknown_clips,
)
from seldbench.evaluation.sed.notes import notes_on
from seldbench.evaluation.sed.official import official_sed
from seldbench.evaluation.sed.ranked import ranked_measures
from seldbench.evaluation.selection import SELECTION, Validation
from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.events.collar import Collar, class_f1, collar_counts
from seldbench.metrics.events.truth import Truth, detections, truth
from seldbench.metrics.psds.changepoints import change_points
from seldbench.metrics.psds.curves import DCASE
from seldbench.metrics.psds.intersection import point_counts
from seldbench.metrics.psds.weighted import Areas, psds_exact, psds_of_points
from seldbench.metrics.uncertainty import Sample, Whole
from seldbench.prediction import FrameScores

Array = np.ndarray
THRESHOLDS = np.linspace(0.01, 0.99, 50)
PSDS = (*(f"{n}_thresholds" for n in DCASE), *DCASE)
NAMES = (*PSDS, *sed_decided.NAMES, *sed_ranked.NAMES)
CLASS_NAMES = (*PSDS, *sed_decided.CLASS_NAMES, *sed_ranked.CLASS_NAMES)


def score_sed_files(
    reference: Path,
    durations: Path,
    predictions: Path,
    threshold: float | None = None,
    *,
    collar: float = 0.2,
    offset_rate: float = 0.2,
    segment: float = 1.0,
    official: bool = False,
    budget: bool = False,
    conditions: Path | None = None,
    resampling: Resampling | None = INTERVALS,
    progress: Progress = QUIET,
) -> Scores:
    """`score_sed` of files.

    Args:
        budget: whether `error_budget` and `conditions` are wanted (`evaluation.budget`); there are
            none where no threshold decides events.
        conditions: a table of further conditions (`conditions.read_conditions`), for the budget.
        official: runs sed_eval and psds_eval too; `details["official"]` and the notes say what they
            give.

    Raises:
        BadFile: a file breaks a rule of its format, or they do not fit together.
        MissingPackage: an official package is asked for and not installed.
    """
    given = read_events(reference), read_durations(durations), read_predictions(predictions)
    found = score_sed(
        *given,
        threshold=threshold,
        collar=collar,
        offset_rate=offset_rate,
        segment=segment,
        resampling=resampling,
        progress=progress,
    )
    if budget or conditions is not None:
        further = () if conditions is None else read_conditions(conditions, given[0])
        rules = Rules(threshold, collar, offset_rate, segment)
        more = sed_details(*given, rules, conditions=further, resampling=resampling)
        found = replace(found, details={**found.details, **more})
    if not official:
        return found
    theirs = official_sed(
        *given, threshold, collar=collar, offset_rate=offset_rate, segment=segment
    )
    return replace(
        found,
        notes=[*found.notes, *theirs.lines(found.scores)],
        details={**found.details, "official": theirs.as_json()},
    )


def score_sed(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    *,
    threshold: float | None = None,
    collar: float = 0.2,
    offset_rate: float = 0.2,
    segment: float = 1.0,
    resampling: Resampling | None = INTERVALS,
    progress: Progress = QUIET,
) -> Scores:
    """Scores of somebody's predictions.

    Args:
        threshold: where events are decided: among the operating points', or a cut of frame scores
            (0.5 unless given).
        collar, offset_rate: of event-based scores: seconds by which onset and offset may be missed,
            and the share of an event's length by which its offset may be, where that is more.
        segment: seconds of a segment.
        resampling: the intervals asked for; None for none.

    Returns:
        `details["best_thresholds"]`: {class: where its event F1 is best}.

    Raises:
        BadFile: a reference clip without duration, a clip without frame scores, or events of one
            class that overlap where PSDS is asked for.
    """
    rules = Rules(threshold, collar, offset_rate, segment)
    refuse_unknown_clips(reference, durations)
    if isinstance(predictions, FrameScores):
        predictions = named(predictions, durations)
    found, scored = _prepared(reference, durations, predictions, rules, progress), reference.labels
    return scores_of(
        measured(found.measures, resampling, progress),
        NAMES,
        CLASS_NAMES,
        scored=scored,
        unscored=[label for label in predicted_labels(predictions) if label not in scored],
        notes=notes_on(reference, durations, predictions, threshold),
        details=found.details,
    )


def sed_measures(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    *,
    threshold: float | None = None,
    collar: float = 0.2,
    offset_rate: float = 0.2,
    segment: float = 1.0,
) -> list[Measure]:
    """What can be scored of the predictions, as functions of how often each clip counts.

    Raises:
        BadFile: as `score_sed`.
    """
    rules = Rules(threshold, collar, offset_rate, segment)
    refuse_unknown_clips(reference, durations)
    if isinstance(predictions, FrameScores):
        predictions = named(predictions, durations)
    return _prepared(reference, durations, predictions, rules).measures


@dataclass(frozen=True, eq=False)
class _Prepared:
    measures: list[Measure]
    details: dict[str, Any] = field(default_factory=dict)


def _prepared(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    rules: Rules,
    progress: Progress = QUIET,
) -> _Prepared:
    if not len(reference):
        return _Prepared([])
    if isinstance(predictions, EventTable):
        return _Prepared(decided_measures(reference, durations, predictions, rules))
    if isinstance(predictions, FrameScores):
        predictions = predictions.of_clips(set(durations))
    progress.advance("counting", 0, 3, "PSDS")
    measures = _psds(truth(reference, durations), predictions)
    progress.advance("counting", 1, 3, "decided events")
    measures += decided_measures(reference, durations, predictions, rules)
    progress.advance("counting", 2, 3, "best thresholds, average precision")
    ranked = ranked_measures(reference, tuple(durations), predictions, rules)
    progress.advance("counting", 3, 3)
    return _Prepared([*measures, *ranked.measures], {"best_thresholds": ranked.best_thresholds})


def selection_score(name: str, valid: Validation) -> float:
    """A score by which a model is chosen; see `evaluation.selection`.

    Raises:
        UnknownName: no such score.
    """
    if name not in SELECTION:
        raise UnknownName(f"no selection score {name!r}; there are {', '.join(SELECTION)}")
    return SELECTION[name](valid)


def class_event_f1(reference: EventTable, events: EventTable) -> dict[str, float]:
    """Event F1 of every class that the reference has events of."""
    counts = collar_counts(reference, events, Collar())
    f1 = class_f1(counts.hits.sum(0), counts.reference.sum(0), counts.detected.sum(0))
    return dict(zip(reference.labels, f1.tolist()))


def class_psds1(
    reference: EventTable, durations: Mapping[str, float], frames: FrameScores
) -> dict[str, float]:
    """Exact PSDS1 of every class alone that the reference has events of."""
    known, scenario = truth(reference, durations), DCASE["psds1"]
    changes = change_points(known, frames, scenario.criteria, max_efpr=scenario.max_efpr)
    areas = psds_exact(known, changes, scenario, Whole(len(known.clips))).classes
    return dict(zip(known.classes, areas[0].tolist()))


def _psds(known: Truth, predictions: OperatingPoints | FrameScores) -> list[Measure]:
    if not known.classes:
        return []
    measures = []
    if isinstance(predictions, FrameScores):
        for name, changes in scenario_changes(known, predictions).items():
            areas = partial(psds_exact, known, changes, DCASE[name])
            measures.append(_measure(name, known, areas))
        at_points = scenario_cuts(known, predictions, THRESHOLDS)
    else:
        found = detections(predictions, known)
        at_points = {n: point_counts(known, found, s.criteria) for n, s in DCASE.items()}
    for name, counts in at_points.items():
        areas = partial(psds_of_points, known, counts, DCASE[name])
        measures.append(_measure(f"{name}_thresholds", known, partial(_as_psds_eval, areas)))
    return measures


def _as_psds_eval(areas: Callable[[Sample], Areas], sample: Sample) -> Areas:
    """psds_eval 0.5.3 averages a single class's cross triggers over no other class: its eFPR is
    NaN, all of its points are dropped, and the score is 0."""
    found = areas(sample)
    return replace(found, psds=found.psds * 0.0) if found.classes.shape[1] == 1 else found


def _measure(name: str, known: Truth, areas: Callable[[Sample], Areas]) -> Measure:
    def values(sample: Sample) -> Values:
        found = areas(sample)
        return Values({name: found.psds}, {name: found.classes})

    return Measure(known.clips, known.classes, values)
