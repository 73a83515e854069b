"""What a reader of scores should know of the files: what was left out, and what is unusual."""

from collections.abc import Iterator, Mapping, Sequence

from seldbench.evaluation.sed.decided import overlap
from seldbench.evaluation.sed.inputs import Predictions, events_of, predicted_labels
from seldbench.evaluation.sed.ranked import large
from seldbench.events import EventTable, OperatingPoints
from seldbench.prediction import FrameScores


def notes_on(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    threshold: float | None,
) -> list[str]:
    """What was left out, or taken in a way that a reader might not expect."""
    notes = [*_notes_on_clips(reference, durations, predictions)]
    extra = [label for label in predicted_labels(predictions) if label not in reference.labels]
    if not len(reference):
        notes.append("the reference has no events: nothing can be scored")
    if extra:
        notes.append(
            f"without reference events, so not scored: {', '.join(extra)}; PSDS and intersection F1"
            " leave their detections out, event and segment scores count them as false positives in"
            " micro averages"
        )
    if not isinstance(predictions, EventTable) and len(reference):
        notes.append(
            "event_f1_best_macro takes each class's best threshold on these very clips: optimistic"
        )
    if not isinstance(predictions, EventTable) and len(reference.labels) == 1:
        notes.append(
            "psds1_thresholds and psds2_thresholds of a single class are 0 in psds_eval 0.5.3,"
            " whatever the predictions, and so here; the class's own areas stand under the classes"
        )
    if isinstance(predictions, FrameScores):
        return [*notes, *_notes_on_scores(reference, predictions)]
    instant = int((events_of(predictions).offset == events_of(predictions).onset).sum())
    if instant:
        notes.append(
            f"{instant} detections have no length: PSDS and intersection F1 leave them out"
        )
    if isinstance(predictions, OperatingPoints):
        return notes + _notes_on_points(reference, predictions, threshold)
    if threshold is not None:
        notes.append(f"threshold {threshold:g} not used: these events are decided already")
    return [*notes, *_notes_on_events(reference, predictions)]


def _notes_on_clips(
    reference: EventTable, durations: Mapping[str, float], predictions: Predictions
) -> Iterator[str]:
    named = (predictions if isinstance(predictions, FrameScores) else events_of(predictions)).clips
    unknown = [clip for clip in named if clip not in durations]
    if unknown:
        yield f"predictions for {len(unknown)} clips without duration left out: {_some(unknown)}"
    listed = set(reference.clips)
    silent = [clip for clip in durations if clip not in listed]
    if silent:
        yield (
            f"{len(silent)} clips have a duration but are not in the reference: {_some(silent)};"
            " PSDS, intersection F1 and average precision take them as clips without events, event"
            " and segment scores leave them out"
        )


def _notes_on_scores(reference: EventTable, frames: FrameScores) -> Iterator[str]:
    absent = [label for label in reference.labels if label not in frames.classes]
    if absent:
        yield f"no scores for the reference's {', '.join(absent)}: never detected"
    columns = (frames.column(k) for k in range(len(frames.classes)))
    if any(len(column) and (column.min() < 0 or column.max() > 1) for column in columns):
        yield "scores leave [0, 1]: the thresholds 0.01 to 0.99 may not suit them"
    if large(frames, len(reference.labels)):
        yield "so many scores that event_f1_best_macro and frame_map come without intervals"


def _notes_on_points(
    reference: EventTable, points: OperatingPoints, threshold: float | None
) -> list[str]:
    if threshold is None:
        return []
    point = points.find(threshold)
    if point is not None:
        return _notes_on_events(reference, points.at(point))
    near = min(points.threshold, key=lambda t: abs(t - threshold), default=None)
    hint = "" if near is None else f"; the nearest is {near:g}"
    return [
        f"no operating point at threshold {threshold:g}, so no event, segment or intersection"
        f" scores{hint}"
    ]


def _notes_on_events(reference: EventTable, events: EventTable) -> list[str]:
    notes = []
    found = events.of_clips(reference.clips).labels
    silent = [label for label in reference.labels if label not in found]
    if silent:
        notes.append(
            f"never detected: {', '.join(silent)}; segment_f1_macro and intersection_f1_macro leave"
            " such classes out, as sed_eval and psds_eval do"
        )
    fault = overlap(reference, events)
    if fault is not None:
        notes.append(f"no intersection F1: {fault}")
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
