"""From prediction files and a reference to scores with intervals; no model is looked at.

Score names, fractions: `psds1_thresholds`, `psds2_thresholds` (psds_eval's rules, at operating
points; frame scores are cut at 50 thresholds), `psds1`, `psds2` (sed_scores_eval's rules, exact),
`event_f1_macro`, `event_f1_micro` (sed_eval's rules; of frame scores, sed_scores_eval's). None is
what the predictions cannot determine.

What is scored: the classes that the reference has events of. PSDS goes over the clips of the
durations, event F1 over those that the reference lists; predictions for other clips are left out.
A label that the reference lacks has no score; its detections vanish from PSDS, and count as false
positives in `event_f1_micro`, each as in the official scorer.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from seldbench.annotations import read_durations, read_events, read_predictions
from seldbench.errors import UnknownName
from seldbench.evaluation.inputs import Predictions, named, predicted_labels, refuse_unknown_clips
from seldbench.evaluation.measure import INTERVALS, Measure, Resampling, Values, measured
from seldbench.evaluation.notes import notes_on
from seldbench.evaluation.scores import Scores, scores_of
from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.changepoints import change_points
from seldbench.metrics.collar import (
    Collar,
    class_f1,
    collar_counts,
    macro_f1,
    micro_f1,
)
from seldbench.metrics.intersection import point_counts
from seldbench.metrics.psds import DCASE
from seldbench.metrics.rates import Counts
from seldbench.metrics.runs import events_above
from seldbench.metrics.selection import SELECTION, Validation
from seldbench.metrics.truth import Truth, detections, truth
from seldbench.metrics.uncertainty import Sample
from seldbench.metrics.weighted import Areas, psds_exact, psds_of_points
from seldbench.prediction import FrameScores

Array = np.ndarray
THRESHOLDS = np.linspace(0.01, 0.99, 50)
DEFAULT_THRESHOLD = 0.5
NAMES = (*(f"{n}_thresholds" for n in DCASE), *DCASE, "event_f1_macro", "event_f1_micro")
CLASS_NAMES = (*(f"{n}_thresholds" for n in DCASE), *DCASE, "event_f1")


def score_sed_files(
    reference: Path,
    durations: Path,
    predictions: Path,
    threshold: float | None = None,
    *,
    resampling: Resampling | None = INTERVALS,
) -> Scores:
    """`score_sed` of files.

    Raises:
        BadFile: a file breaks a rule of its format, or they do not fit together.
    """
    return score_sed(
        read_events(reference),
        read_durations(durations),
        read_predictions(predictions),
        threshold=threshold,
        resampling=resampling,
    )


def score_sed(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    *,
    threshold: float | None = None,
    resampling: Resampling | None = INTERVALS,
) -> Scores:
    """Scores of somebody's predictions.

    Args:
        threshold: where event F1 is taken: among the operating points', or a cut of frame scores
            (0.5 unless given).
        resampling: the intervals asked for; None for none.

    Raises:
        BadFile: a reference clip without duration, a clip without frame scores, or events of one
            class that overlap where PSDS is asked for.
    """
    refuse_unknown_clips(reference, durations)
    if isinstance(predictions, FrameScores):
        predictions = named(predictions, durations)
    notes = notes_on(reference, durations, predictions, threshold)
    measures = sed_measures(reference, durations, predictions, threshold=threshold)
    scored = reference.labels
    return scores_of(
        measured(measures, resampling),
        NAMES,
        CLASS_NAMES,
        scored=scored,
        unscored=[label for label in predicted_labels(predictions) if label not in scored],
        notes=notes,
    )


def sed_measures(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    *,
    threshold: float | None = None,
) -> list[Measure]:
    """What can be scored of the predictions, as functions of how often each clip counts.

    Raises:
        BadFile: as `score_sed`.
    """
    refuse_unknown_clips(reference, durations)
    if isinstance(predictions, FrameScores):
        predictions = named(predictions, durations).of_clips(set(durations))
    if not len(reference):
        return []
    measures = []
    if not isinstance(predictions, EventTable):
        measures += _psds(truth(reference, durations), predictions)
    return measures + _events(reference, predictions, threshold)


def selection_score(name: str, valid: Validation) -> float:
    """A score by which a model is chosen; see `metrics.selection`.

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


def _psds(known: Truth, predictions: OperatingPoints | FrameScores) -> list[Measure]:
    if not known.classes:
        return []
    measures = []
    if isinstance(predictions, FrameScores):
        for name, scenario in DCASE.items():
            changes = change_points(known, predictions, scenario.criteria)
            areas = partial(psds_exact, known, changes, scenario)
            measures.append(_measure(name, known, areas))
        predictions = events_above(predictions, THRESHOLDS)
    found = detections(predictions, known)
    for name, scenario in DCASE.items():
        counts = point_counts(known, found, scenario.criteria)
        areas = partial(psds_of_points, known, counts, scenario)
        measures.append(_measure(f"{name}_thresholds", known, areas))
    return measures


def _measure(name: str, known: Truth, areas: Callable[[Sample], Areas]) -> Measure:
    def values(sample: Sample) -> Values:
        found = areas(sample)
        return Values({name: found.psds}, {name: found.classes})

    return Measure(known.clips, known.classes, values)


def _events(
    reference: EventTable, predictions: Predictions, threshold: float | None
) -> list[Measure]:
    collar = Collar()
    if isinstance(predictions, FrameScores):
        cut = DEFAULT_THRESHOLD if threshold is None else threshold
        collar, events = Collar(decimals=6), events_above(predictions, [cut]).at(0)
    elif isinstance(predictions, OperatingPoints):
        point = None if threshold is None else predictions.find(threshold)
        if point is None:
            return []
        events = predictions.at(point)
    else:
        events = predictions
    counts = collar_counts(reference, events, collar)
    return [Measure(counts.clips, reference.labels, partial(_event_values, counts))]


def _event_values(counts: Counts, sample: Sample) -> Values:
    sums = [sample.sums(table) for table in (counts.hits, counts.reference, counts.detected)]
    scores = {"event_f1_macro": macro_f1(*sums), "event_f1_micro": micro_f1(*sums)}
    scored = (table[:, : counts.scored] for table in sums)
    return Values(scores, {"event_f1": class_f1(*scored)})
