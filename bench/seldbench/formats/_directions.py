"""Directions by frame, what formats with directions share: from events to frames, and back.

Vectors are x, y, z; no source is the zero vector. Flat outputs are class-major: x of all classes,
then y, then z, as those of the DCASE baselines. Frame k is [k * hop, (k + 1) * hop).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import near
from seldbench.events import Event, EventList
from seldbench.formats import _frames
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

Array = np.ndarray
OVERLAPS = ("keep", "last")


@dataclass(frozen=True, eq=False)
class Piece:
    """What of an event lies in a window: its class number, its frames [first, last) and, for each
    of them, x, y, z and, if asked for, the distance: (last - first, 3 or 4)."""

    label: int
    first: int
    last: int
    values: Array


def pieces(
    clip: Clip,
    classes: Sequence[str],
    *,
    onset: float,
    frames: int,
    hop: float,
    distance: bool = False,
    alone: bool = False,
) -> list[Piece]:
    """The events of a window in the clip's order.

    A frame takes an event's direction at its own middle: the row of the event's own grid that
    covers it, the nearest where the event covers a part of the frame only.

    Args:
        distance: whether to give distances.
        alone: whether one event a class is followed at a time: the one that began first, until it
            ends, then of those that sound the one that began first.

    Errors: UnknownName for a label that is not among the classes; ValueError for a clip without
    events, and for an event without direction or without a distance that is asked for.
    """
    events = _events(clip)
    label = [_frames.class_index(event.label, classes) for event in events]
    first, last = _spans(events, onset, hop)
    if alone:
        first = _followed(first, last, label)
    first, last = np.maximum(first, 0), np.minimum(last, frames)
    found = []
    for i in np.flatnonzero(first < last):
        middles = onset + (np.arange(first[i], last[i]) + 0.5) * hop
        values = _values(clip, events[i], middles, distance)
        found.append(Piece(label[i], int(first[i]), int(last[i]), values))
    return found


def class_vectors(
    clip: Clip, classes: Sequence[str], *, overlap: str, onset: float, frames: int, hop: float
) -> Tensor:
    """One direction a class, (frames, 3, classes) float32; zeros where a class is silent."""
    vectors = torch.zeros(frames, 3, len(classes))
    alone = overlap == "keep"
    for piece in pieces(clip, classes, onset=onset, frames=frames, hop=hop, alone=alone):
        vectors[piece.first : piece.last, :, piece.label] = torch.from_numpy(piece.values)
    return vectors


def check_overlap(overlap: str) -> None:
    """Errors: ValueError for what is no rule for several sources of one class."""
    if overlap not in OVERLAPS:
        raise ValueError(f"no overlap {overlap!r}{near(overlap, OVERLAPS)}: keep or last")


def joined(first: Tensor, second: Tensor, overlap: str) -> Tensor:
    """Directions of two scenes at once, (..., 3, classes): of a class that sounds in both the
    first's ("keep") or the second's ("last")."""
    if overlap == "last":
        first, second = second, first
    return torch.where(sounding(first), first, second)


def sounding(vectors: Tensor) -> Tensor:
    """Which target vectors are no zeros: (..., 3, classes) -> (..., 1, classes)."""
    return (vectors != 0).any(-2, keepdim=True)


def rotated(vectors: Tensor, rotation: Rotation) -> Tensor:
    """(..., 3, n) -> (..., 3, n)"""
    matrix = torch.tensor(rotation.matrix, dtype=vectors.dtype, device=vectors.device)
    # No matrix product: a device may round it to fewer digits than a turn of axes has.
    return (matrix[:, :, None] * vectors[..., None, :, :]).sum(-2)


def lengths(vectors: Tensor) -> Tensor:
    """(..., 3, n) -> (..., n)"""
    x, y, z = vectors.unbind(-2)
    return (x**2 + y**2 + z**2).sqrt()


def units(vectors: Tensor) -> Tensor:
    """Vectors of length 1, zeros where there is no direction: (..., 3, n) -> (..., 3, n)."""
    return vectors / lengths(vectors).clamp(min=1e-8).unsqueeze(-2)


def by_class(scores: Tensor, vectors: Tensor) -> tuple[Array, Array]:
    """(frames, classes) and (frames, 3, classes) of any length -> arrays for `decided`: scores, and
    unit vectors (frames, classes, 3)."""
    doa = units(vectors.detach().float()).transpose(-1, -2)
    return scores.detach().float().cpu().numpy(), doa.cpu().numpy()


def decided(
    scores: Array,
    doa: Array,
    *,
    classes: Sequence[str],
    clip: Clip,
    hop: float,
    post: PostProcessing,
) -> Prediction:
    """One source a class: scores (frames, classes), filtered and cut, and doa (frames, classes, 3)
    of length 1 -> events, frame scores and directions."""
    smooth, active = _frames.decided(scores, classes, duration=clip.duration, hop=hop, post=post)
    doa = doa[: len(smooth)]
    events = directed_events(
        active[:, :, None], doa[:, :, None], classes=classes, hop=hop, duration=clip.duration
    )
    return Prediction(events=events, frame_scores=smooth, hop=hop, doa=doa)


def directed_events(
    active: Array,
    doa: Array,
    *,
    classes: Sequence[str],
    hop: float,
    duration: float,
    distance: Array | None = None,
    fresh: Array | None = None,
) -> EventList:
    """Maximal runs of active frames in every track as events, by onset, then by class.

    `source` is the lowest number that no other event of the class has at the time. The last part
    of a clip is a frame if it is half a frame or more, as where events are written as rows.

    Args:
        active: (frames, classes, tracks) bool. doa: (frames, classes, tracks, 3) unit vectors.
        distance: (frames, classes, tracks) metres.
        fresh: (frames, classes, tracks) bool: where a track goes on with another event.
    """
    frames, tracks = min(round(duration / hop), len(active)), active.shape[2]
    flat = (frames, active.shape[1] * tracks)
    begins = None if fresh is None else fresh[:frames].reshape(flat)
    runs = zip(*_frames.spans(active[:frames].reshape(flat), begins))
    found: list[Event] = []
    free: dict[int, list[float]] = {}
    for first, last, column in runs:
        k, track = divmod(int(column), tracks)
        until = free.setdefault(k, [0] * tracks)
        source = next(n for n in range(tracks) if until[n] <= first)
        until[source] = last
        found.append(
            Event(
                float(first * hop),
                float(min(last * hop, duration)),
                classes[k],
                source,
                doa[first:last, k, track],
                None if distance is None else distance[first:last, k, track],
            )
        )
    return EventList(found)


def _events(clip: Clip) -> EventList:
    if clip.events is None and clip.labels != frozenset():
        raise ValueError(
            f"clip {clip.id!r} has no events to encode: let this head's `on` name only splits "
            "with strong labels"
        )
    return clip.events or EventList()  # known to hold no class at all


def _spans(events: EventList, onset: float, hop: float) -> tuple[Array, Array]:
    """The frames [first, last) that every event touches, before clipping; see _frames.touched."""
    edges = np.array([(e.onset, e.offset) for e in events], dtype=np.float64).reshape(-1, 2)
    edges = (edges - onset) / hop
    first, last = np.floor(edges[:, 0] + _frames.EDGE), np.ceil(edges[:, 1] - _frames.EDGE)
    return first.astype(np.int64), last.astype(np.int64)


def _followed(first: Array, last: Array, label: Sequence[int]) -> Array:
    """From which frame each event is the one that its class is followed by."""
    begin, until = first.copy(), dict[int, int]()
    for i in np.argsort(first, kind="stable"):
        begin[i] = max(first[i], until.get(label[i], first[i]))
        until[label[i]] = max(last[i], begin[i])
    return begin


def _values(clip: Clip, event: Event, times: Array, distance: bool) -> Array:
    """What an event has at times of its clip: (times, 3), with distances (times, 4); float32."""
    where = f"clip {clip.id!r}: the event {event.label!r} at {event.onset} s"
    if event.doa is None:
        raise ValueError(f"{where} has no direction to encode: choose a format without directions")
    values = _rows(np.atleast_2d(event.doa), times - event.onset, event.duration)
    if not distance:
        return values
    if event.distance is None:
        raise ValueError(f"{where} has no distance to encode: set the format's `distance` to false")
    metres = np.reshape(event.distance, (-1, 1))
    metres = _rows(metres, times - event.onset, event.duration)
    return np.concatenate([values, metres], axis=1)


def _rows(values: Array, times: Array, duration: float) -> Array:
    """(rows, n) on a grid of their own over `duration`, at `times` since its beginning."""
    row = np.floor(times * len(values) / max(duration, 1e-9) + _frames.EDGE).astype(np.int64)
    return values[row.clip(0, len(values) - 1)].astype(np.float32)
