"""Predictions as they come: their clips' names, labels and events."""

from collections.abc import Mapping
from dataclasses import replace

from seldbench.errors import BadFile
from seldbench.events import EventTable, OperatingPoints
from seldbench.prediction import FrameScores

Predictions = EventTable | OperatingPoints | FrameScores
AUDIO = (".wav", ".flac", ".ogg", ".mp3")


def refuse_unknown_clips(reference: EventTable, durations: Mapping[str, float]) -> None:
    unknown = [clip for clip in reference.clips if clip not in durations]
    if unknown:
        raise BadFile(
            f"{len(unknown)} of {len(reference.clips)} reference clips have no duration (first:"
            f" {unknown[0]!r}); complete the durations"
        )


def named(frames: FrameScores, durations: Mapping[str, float]) -> FrameScores:
    """Clips under the names of `durations`: an audio file's ending may be there or not."""
    plain = {_bare(clip): clip for clip in durations}
    names = tuple(
        clip if clip in durations else plain.get(_bare(clip), clip) for clip in frames.clips
    )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadFile(f"the predictions have scores of the clip {twice!r} twice; keep one")
    return replace(frames, clips=names)


def _bare(clip: str) -> str:
    ending = next((e for e in AUDIO if clip.lower().endswith(e)), "")
    return clip[: len(clip) - len(ending)]


def predicted_labels(predictions: Predictions) -> tuple[str, ...]:
    if isinstance(predictions, FrameScores):
        return predictions.classes
    return events_of(predictions).labels


def events_of(predictions: EventTable | OperatingPoints) -> EventTable:
    return predictions.events if isinstance(predictions, OperatingPoints) else predictions
