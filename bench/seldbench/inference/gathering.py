"""The predictions of many clips as the tables that files hold and metrics read."""

from collections.abc import Mapping, Sequence

import numpy as np

from seldbench.annotations import FrameOutputs
from seldbench.annotations.tracks import joined_tables, rows_of_events
from seldbench.contracts import Clip
from seldbench.events import DirectionTable, EventTable, event_table
from seldbench.prediction import FrameScores, Prediction

Array = np.ndarray


def events_of(predictions: Mapping[str, Prediction]) -> EventTable:
    """Decided events; clips without any are listed too."""
    return event_table({clip: p.events or () for clip, p in predictions.items()})


def frame_scores_of(
    predictions: Mapping[str, Prediction], clips: Sequence[Clip], classes: tuple[str, ...]
) -> FrameScores | None:
    """Frame scores, the last frame cut to the clip's end; None where no head says them."""
    of_clip = [predictions[clip.id] for clip in clips]
    scores = [p.frame_scores for p in of_clip if p.frame_scores is not None]
    if len(scores) < len(clips) or not clips:
        return None
    lengths = [len(s) for s in scores]
    frames = np.concatenate([np.arange(n) for n in lengths])
    hop = np.repeat([p.hop for p in of_clip], lengths).astype(np.float64)
    end = np.repeat([clip.duration for clip in clips], lengths)
    return FrameScores(
        np.concatenate(scores).astype(np.float32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        frames * hop,
        np.minimum((frames + 1) * hop, end),
        tuple(clip.id for clip in clips),
        classes,
    )


def clip_scores_of(predictions: Mapping[str, Prediction], clips: Sequence[Clip]) -> Array | None:
    """(clips, classes); None where no head says them."""
    scores = [predictions[clip.id].clip_scores for clip in clips]
    known = [s for s in scores if s is not None]
    return np.stack(known) if known and len(known) == len(scores) else None


def reference_of(clips: Sequence[Clip]) -> EventTable | None:
    """The true events; None where a clip's are unknown."""
    if any(clip.events is None for clip in clips):
        return None
    return event_table({clip.id: clip.events or () for clip in clips})


def directions_of(
    predictions: Mapping[str, Prediction], classes: tuple[str, ...], grid: float
) -> DirectionTable:
    """Who was found where, in every frame of the grid; clips without any are listed too."""
    return rows_of_events({clip: p.events or () for clip, p in predictions.items()}, classes, grid)


def frame_outputs_of(predictions: Mapping[str, Prediction]) -> FrameOutputs | None:
    """Scores and vectors of every frame; None where some clip has neither."""
    kinds = [
        kind
        for kind in ("frame_scores", "doa")
        if all(getattr(p, kind) is not None for p in predictions.values())
    ]
    if not kinds or not predictions:
        return None
    columns = {k: [np.asarray(getattr(p, k)) for p in predictions.values()] for k in kinds}
    start = np.cumsum([0, *map(len, columns[kinds[0]])]).astype(np.int64)
    scores, doa = (
        np.concatenate(columns[kind]).astype(np.float32) if kind in columns else None
        for kind in ("frame_scores", "doa")
    )
    return FrameOutputs(tuple(predictions), start, scores, doa)


def direction_reference(clips: Sequence[Clip]) -> DirectionTable | None:
    """The rows of the clips' own files; None where a clip's are unknown."""
    tables = [clip.directions for clip in clips if clip.directions is not None]
    return joined_tables(tables) if clips and len(tables) == len(clips) else None
