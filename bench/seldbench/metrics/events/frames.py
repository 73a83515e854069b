"""What ranks frames and clips, from frame scores: a frame is true for a class if its centre lies in
[onset, offset) of one of its events; a clip's score is the highest of its frames', and it is true
for the classes of its events. Average precision is in `ranking`. Seconds.

Source: scikit-learn, metrics/_ranking.py (average_precision_score) on these labels; of clips,
fgnt/sed_scores_eval 0.0.4, clip_based, gives the same.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from seldbench.events import EventTable
from seldbench.metrics.events.truth import indices
from seldbench.metrics.ranking import Ranking, ranking, unranked
from seldbench.prediction import FrameScores

Array = np.ndarray


def frame_rankings(
    reference: EventTable, frames: FrameScores, clips: Sequence[str], classes: Sequence[str]
) -> Iterator[Ranking]:
    """One a class, one after the other, over the frames of `clips`, which all must have scores. Of
    a class that the scores lack no item is ever found, so that its average precision is 0."""
    rows, owner = rows_of(frames, clips)
    for name in classes:
        labels = frame_labels(reference, frames, name)[rows]
        if name in frames.classes:
            scores = frames.column(frames.classes.index(name))[rows]
            yield ranking(scores, labels, owner, len(clips))
        else:
            yield unranked(labels, owner, len(clips))


def clip_rankings(
    reference: EventTable, frames: FrameScores, clips: Sequence[str], classes: Sequence[str]
) -> list[Ranking]:
    """The same of the clips themselves."""
    scores = clip_scores(frames, clips, classes)
    clip, every = indices(reference.clip, clips), np.arange(len(clips))
    found = []
    for k, name in enumerate(classes):
        labels = np.zeros(len(clips), dtype=bool)
        labels[clip[(reference.label == name) & (clip >= 0)]] = True
        if name in frames.classes:
            found.append(ranking(scores[:, k], labels, every, len(clips)))
        else:
            found.append(unranked(labels, every, len(clips)))
    return found


def clip_scores(frames: FrameScores, clips: Sequence[str], classes: Sequence[str]) -> Array:
    """(clips, classes) the highest of a clip's frame scores; 0 for a clip without frames, and for a
    class without scores."""
    scores = np.zeros((len(clips), len(classes)))
    place = indices(np.array(clips, dtype=object), frames.clips)
    full = np.flatnonzero(np.diff(frames.start))
    for k, name in enumerate(classes):
        if name in frames.classes and len(full):
            column = frames.column(frames.classes.index(name))
            highest = np.zeros(len(frames.clips))
            highest[full] = np.maximum.reduceat(column, frames.start[full])
            scores[:, k] = highest[place]
    return scores


def frame_labels(reference: EventTable, frames: FrameScores, label: str) -> Array:
    """(frames of all clips,) whether a frame's centre lies in an event of the class."""
    centre = (frames.onset + frames.offset) / 2
    change = np.zeros(len(centre) + 1, dtype=np.int32)
    mine = np.flatnonzero(reference.label == label)
    clip = indices(reference.clip[mine], frames.clips)
    for i, k in zip(mine[clip >= 0].tolist(), clip[clip >= 0].tolist()):
        begin, end = frames.start[k], frames.start[k + 1]
        first, stop = np.searchsorted(centre[begin:end], [reference.onset[i], reference.offset[i]])
        change[begin + first] += 1
        change[begin + max(first, stop)] -= 1
    return np.cumsum(change)[:-1] > 0


def rows_of(frames: FrameScores, clips: Sequence[str]) -> tuple[Array, Array]:
    """Rows of the frames of `clips`, and the clip of each."""
    place = indices(np.array(clips, dtype=object), frames.clips)
    begin, sizes = frames.start[place], frames.start[place + 1] - frames.start[place]
    owner = np.repeat(np.arange(len(clips)), sizes)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return begin[owner] + within, owner
