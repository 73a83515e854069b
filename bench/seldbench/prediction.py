"""What a system says of a clip (Prediction), and the frame scores of many clips (FrameScores)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from seldbench.events import EventList

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Prediction:
    """A system's answer for one clip; None is what its heads do not say.

    events: decided events. frame_scores: (frames, classes) in [0, 1], frame k covers
    [k * hop, (k + 1) * hop), seconds. unprocessed: the same before post-processing, where that made
    others of them. clip_scores: (classes,). doa: (frames, classes, 3).
    sources: separated signals by Event.source, (samples,) each, at 16 kHz (`images.SAMPLE_RATE`).
    direction_scores: (directions,) of a circle of equal steps, the first at azimuth 0.
    """

    events: EventList | None = None
    frame_scores: Array | None = None
    hop: float | None = None
    clip_scores: Array | None = None
    doa: Array | None = None
    sources: Mapping[int, Array] | None = None
    unprocessed: Array | None = None
    direction_scores: Array | None = None

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
class Columns:
    """A (frames, classes) table of scores of which one class at a time is read.

    read: the class's number -> (all frames,) array, such as a memory map. rows: those of the frames
    that the table has, None for all. What is taken of it (`table[rows]`, `table[rows, class]`) is a
    plain array.
    """

    read: Callable[[int], Array]
    shape: tuple[int, int]
    dtype: np.dtype
    rows: Array | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Array | slice | tuple[Array | slice, int]) -> Array:
        if isinstance(key, tuple):
            column = self.read(key[1])
            return column[key[0]] if self.rows is None else column[self.rows[key[0]]]
        columns = [self[key, k] for k in range(self.shape[1])]
        return np.stack(columns, axis=1)

    def of_rows(self, rows: Array) -> "Columns":
        """The table of these rows."""
        rows = rows if self.rows is None else self.rows[rows]
        return Columns(self.read, (len(rows), self.shape[1]), self.dtype, rows)


@dataclass(frozen=True, eq=False)
class FrameScores:
    """Frame scores of many clips, one after another.

    scores: (frames of all clips, classes) float; clip i owns the rows start[i]:start[i + 1]. They
    may lie in files, and be read class by class (`column`).
    onset, offset: (frames of all clips,) seconds, contiguous inside a clip.
    """

    scores: Array | Columns
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

    def column(self, number: int) -> Array:
        """The scores of the class of this number, (frames of all clips,), contiguous."""
        return np.ascontiguousarray(self.scores[:, number])

    def of_clips(self, names: set[str]) -> "FrameScores":
        """The clips in `names`, in this order."""
        if all(clip in names for clip in self.clips):
            return self
        clips = tuple(c for c in self.clips if c in names)
        rows = [np.arange(self.rows(c).start, self.rows(c).stop) for c in clips]
        take = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        start = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
        given = self.scores
        scores = given.of_rows(take) if isinstance(given, Columns) else given[take]
        onset, offset = self.onset[take], self.offset[take]
        return FrameScores(scores, start, onset, offset, clips, self.classes)


@dataclass(frozen=True, eq=False)
class ClipScores:
    """Clip scores of many clips: (clips, classes) in [0, 1]."""

    scores: Array
    clips: tuple[str, ...]
    classes: tuple[str, ...]
