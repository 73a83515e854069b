"""What a system says of a clip (Prediction), and the frame scores of many clips (FrameScores)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from seldbench.events import EventList

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Prediction:
    """A system's answer for one clip; None is what its heads do not say.

    events: decided events. frame_scores: (frames, classes) in [0, 1], frame k covers
    [k * hop, (k + 1) * hop), seconds. clip_scores: (classes,). doa: (frames, classes, 3).
    sources: separated signals by Event.source, (samples,) each.
    """

    events: EventList | None = None
    frame_scores: Array | None = None
    hop: float | None = None
    clip_scores: Array | None = None
    doa: Array | None = None
    sources: Mapping[int, Array] | None = None

    def joined(self, other: "Prediction") -> "Prediction":
        """Field by field; a field that both set is an error (`hop` may be set twice, if equal)."""
        given = {
            f.name: getattr(other, f.name)
            for f in fields(other)
            if getattr(other, f.name) is not None
        }
        for name, value in given.items():
            mine = getattr(self, name)
            if mine is not None and not (name == "hop" and mine == value):
                raise ValueError(f"two heads set the prediction's {name!r}")
        return replace(self, **given)


@dataclass(frozen=True, eq=False)
class FrameScores:
    """Frame scores of many clips, one after another.

    scores: (frames of all clips, classes) float; clip i owns the rows start[i]:start[i + 1].
    onset, offset: (frames of all clips,) seconds, contiguous inside a clip.
    """

    scores: Array
    start: Array
    onset: Array
    offset: Array
    clips: tuple[str, ...]
    classes: tuple[str, ...]
    index: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {clip: i for i, clip in enumerate(self.clips)})

    def rows(self, clip: str) -> slice:
        """The rows of a clip."""
        i = self.index[clip]
        return slice(int(self.start[i]), int(self.start[i + 1]))

    def of_clips(self, names: set[str]) -> "FrameScores":
        """The clips in `names`, in this order."""
        clips = tuple(c for c in self.clips if c in names)
        rows = [np.arange(self.rows(c).start, self.rows(c).stop) for c in clips]
        take = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        start = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
        return FrameScores(
            self.scores[take], start, self.onset[take], self.offset[take], clips, self.classes
        )


@dataclass(frozen=True, eq=False)
class ClipScores:
    """Clip scores of many clips: (clips, classes) in [0, 1]."""

    scores: Array
    clips: tuple[str, ...]
    classes: tuple[str, ...]
