"""Measures of sound events that were decided: event-, segment- and intersection-based scores.

Events and operating points are held against the reference as sed_eval does, and psds_eval for
intersections; frame scores, cut at a threshold, as sed_scores_eval does. Error rates follow
sed_eval in every case. `segment_f1_macro` leaves out a class that is never detected, and
`intersection_f1_macro` one without a true positive, as sed_eval and psds_eval do of events; by
sed_scores_eval's rules both count as 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from seldbench.errors import BadFile, SeldbenchError
from seldbench.evaluation.measure import Measure, Values
from seldbench.evaluation.sed.inputs import Predictions
from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.events.collar import Collar, collar_counts
from seldbench.metrics.events.rates import Counts, rates
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.events.segment import segment_counts
from seldbench.metrics.events.segment_scores import segment_scores
from seldbench.metrics.events.truth import Truth, detections, one_point, truth
from seldbench.metrics.psds.intersection import Criteria, point_counts
from seldbench.metrics.psds.intersection_scores import Found, found_above
from seldbench.metrics.tagging import class_mean
from seldbench.metrics.uncertainty import Sample
from seldbench.prediction import FrameScores

Array = np.ndarray
HALF = Criteria(dtc=0.5, gtc=0.5)
DEFAULT_THRESHOLD = 0.5
DECIMALS = 6  # sed_scores_eval's, of times
AVERAGES = ("f1_macro", "f1_micro", "precision_micro", "recall_micro", "er_micro")
NAMES = (
    *(f"event_{name}" for name in AVERAGES),
    *(f"segment_{name}" for name in AVERAGES),
    "intersection_f1_macro",
    "intersection_f1_micro",
)
CLASS_NAMES = (
    *(f"event_{name}" for name in ("f1", "precision", "recall", "er")),
    *(f"segment_{name}" for name in ("f1", "precision", "recall", "er")),
    "intersection_f1",
)


@dataclass(frozen=True)
class Rules:
    """threshold: where events are decided; None for 0.5 of frame scores, and for nowhere of
    operating points. collar, offset_rate: seconds, and a share of an event's length. segment:
    seconds."""

    threshold: float | None = None
    collar: float = 0.2
    offset_rate: float = 0.2
    segment: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("collar", self.collar), ("segment", self.segment)):
            if not 0 < value < np.inf:
                raise SeldbenchError(f"{name} is {value}; expected seconds above 0")
        if not 0 <= self.offset_rate <= 1:
            raise SeldbenchError(
                f"offset rate is {self.offset_rate}; expected a share of an event from 0 to 1"
            )

    def times(self, decimals: int | None) -> Collar:
        return Collar(self.collar, self.collar, self.offset_rate, decimals)


def decided_measures(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    rules: Rules,
) -> list[Measure]:
    """Scores at the threshold of `rules`; none where it is no operating point.

    Raises:
        BadFile: overlapping events of one class in operating points or beside frame scores.
    """
    if isinstance(predictions, FrameScores):
        return _of_scores(reference, durations, predictions, rules)
    if isinstance(predictions, OperatingPoints):
        point = None if rules.threshold is None else predictions.find(rules.threshold)
        if point is None:
            return []
        events = predictions.at(point)
    else:
        events = predictions
    counts = collar_counts(reference, events, rules.times(None))
    segments = segment_counts(reference, events, rules.segment).counts
    measures = [_measure("event", counts), _measure("segment", segments)]
    if overlap(reference, predictions) is None:
        measures += _intersections(truth(reference, durations), events)
    return measures


def overlap(reference: EventTable, predictions: Predictions) -> str | None:
    """Why a list of events has no intersection F1, where events of one class overlap."""
    if not isinstance(predictions, EventTable):
        return None
    try:
        known = truth(reference, dict.fromkeys(reference.clips, 0.0))
        detections(one_point(predictions), known)
    except BadFile as fault:
        return str(fault)
    return None


def _of_scores(
    reference: EventTable, durations: Mapping[str, float], frames: FrameScores, rules: Rules
) -> list[Measure]:
    cut = DEFAULT_THRESHOLD if rules.threshold is None else rules.threshold
    known = truth(reference, durations)
    events = events_above(frames, [cut]).at(0)
    counts = collar_counts(reference, events, rules.times(DECIMALS), empty=1.0)
    segments = segment_scores(reference, frames, durations, rules.segment).counts(cut)
    measures = [_measure("event", counts), _measure("segment", segments)]
    if known.classes:
        found = found_above(known, frames, cut, HALF)
        values = partial(_found_values, known, found, False)
        measures.append(Measure(known.clips, known.classes, values))
    return measures


def _measure(kind: str, counts: Counts) -> Measure:
    labels = counts.classes[: counts.scored]
    return Measure(counts.clips, labels, partial(_values, kind, counts))


def _values(kind: str, counts: Counts, sample: Sample) -> Values:
    sums = [sample.sums(table) for table in (counts.hits, counts.reference, counts.detected)]
    swapped, empty = sample.sums(counts.substitutions), counts.empty_micro
    total = rates(*(table.sum(axis=-1) for table in sums), substitutions=swapped, empty=empty)
    each = rates(*(table[:, : counts.scored] for table in sums), empty=counts.empty)
    scores = {
        "f1_macro": class_mean(np.asarray(each.f1)),
        "f1_micro": total.f1,
        "precision_micro": total.precision,
        "recall_micro": total.recall,
        "er_micro": np.where(sums[1].sum(axis=-1) > 0, total.error_rate, np.nan),
    }
    classes = {
        "f1": each.f1,
        "precision": each.precision,
        "recall": each.recall,
        "er": np.where(sums[1][:, : counts.scored] > 0, each.error_rate, np.nan),
    }
    return Values(
        {f"{kind}_{name}": np.asarray(value) for name, value in scores.items()},
        {f"{kind}_{name}": np.asarray(value) for name, value in classes.items()},
    )


def _intersections(known: Truth, events: EventTable) -> list[Measure]:
    if not known.classes:
        return []
    counts = point_counts(known, detections(one_point(events), known), HALF)
    found = Found(counts.found.toarray(), counts.false.toarray())
    return [Measure(known.clips, known.classes, partial(_found_values, known, found, True))]


def _found_values(known: Truth, of: Found, as_psds_eval: bool, sample: Sample) -> Values:
    found, false, events = (sample.sums(t) for t in (of.found, of.false, known.counts()))
    present = found > 0 if as_psds_eval else events > 0
    f1 = np.where(present, 2 * found / np.maximum(found + events + false, 1.0), np.nan)
    hits, total = found.sum(-1), (found + events + false).sum(-1)
    micro = np.where(events.sum(-1) > 0, 2 * hits / np.maximum(total, 1.0), np.nan)
    return Values(
        {"intersection_f1_macro": class_mean(f1), "intersection_f1_micro": micro},
        {"intersection_f1": f1},
    )
