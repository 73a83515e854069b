"""The predictions of many clips as the tables that files hold and metrics read."""

from collections.abc import Mapping, Sequence

import numpy as np

from seldbench.contracts import Clip
from seldbench.events import EventTable, event_table
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
