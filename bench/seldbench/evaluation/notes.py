"""What a reader of scores should know of the files: what was left out, and what is unusual."""

from collections.abc import Iterator, Mapping, Sequence

from seldbench.evaluation.inputs import Predictions, events_of, predicted_labels
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
            f"without reference events, so not scored: {', '.join(extra)}; PSDS leaves their"
            " detections out, event_f1_micro counts them as false positives"
        )
    if isinstance(predictions, FrameScores):
        return [*notes, *_notes_on_scores(reference, predictions)]
    instant = int((events_of(predictions).offset == events_of(predictions).onset).sum())
    if instant:
        notes.append(f"{instant} detections have no length: PSDS leaves them out")
    if isinstance(predictions, OperatingPoints) and threshold is not None:
        notes += _notes_on_threshold(predictions, threshold)
    if isinstance(predictions, EventTable) and threshold is not None:
        notes.append(f"threshold {threshold:g} not used: these events are decided already")
    return notes


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
            " PSDS takes them as clips without events, event F1 leaves them out"
        )


def _notes_on_scores(reference: EventTable, frames: FrameScores) -> Iterator[str]:
    absent = [label for label in reference.labels if label not in frames.classes]
    if absent:
        yield f"no scores for the reference's {', '.join(absent)}: never detected"
    if len(frames.scores) and not (frames.scores.min() >= 0 and frames.scores.max() <= 1):
        yield "scores leave [0, 1]: the thresholds 0.01 to 0.99 may not suit them"


def _notes_on_threshold(points: OperatingPoints, threshold: float) -> Iterator[str]:
    if points.find(threshold) is None:
        near = min(points.threshold, key=lambda t: abs(t - threshold), default=None)
        hint = "" if near is None else f"; the nearest is {near:g}"
        yield f"no operating point at threshold {threshold:g}, so no event F1{hint}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
