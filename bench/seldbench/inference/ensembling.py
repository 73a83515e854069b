"""Means of several systems' scores of the same clips and classes, each system with equal weight.

A frame's score is taken for constant over the frame. Frames of other lengths are therefore cut to
the longest frame that all lengths are multiples of, where they have the scores that they had, and
the mean is exact there.
"""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from seldbench.errors import BadFile
from seldbench.prediction import ClipScores, FrameScores

Array = np.ndarray
Kind = TypeVar("Kind", ClipScores, FrameScores)
MICROSECONDS = 10**6
SHORTEST = 1e-3  # seconds of a frame on a shared grid; shorter ones would fill the memory
SLACK = 1e-9  # seconds by which the length of a frame may miss a microsecond


def mean_clip_scores(systems: Mapping[str, ClipScores]) -> ClipScores:
    """In the order of the first system's clips.

    Args:
        systems: {name: its scores}.

    Raises:
        BadFile: other clips or classes.
    """
    first = _of_one_kind(systems)
    total = np.zeros(first.scores.shape)
    for scores in systems.values():
        row = {clip: i for i, clip in enumerate(scores.clips)}
        total += scores.scores[[row[clip] for clip in first.clips]]
    return ClipScores(total / len(systems), first.clips, first.classes)


def mean_frame_scores(systems: Mapping[str, FrameScores]) -> tuple[FrameScores, float]:
    """Over the frames that all systems have, and the length of a frame.

    Args:
        systems: {name: its scores, every frame of one length but a clip's last}.

    Raises:
        BadFile: other clips or classes, or frames without a shared grid of SHORTEST or longer.
    """
    first = _of_one_kind(systems)
    hops = {name: _hop(frames) for name, frames in systems.items()}
    hop = _shared_hop(hops)
    times = {name: round(own / hop) for name, own in hops.items()}
    counts = [_frames(clip, systems, times, hop) for clip in first.clips]
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    total = np.zeros((start[-1], len(first.classes)))
    end = np.full(len(counts), np.inf)
    for name, frames in systems.items():
        for i, clip in enumerate(first.clips):
            rows = frames.rows(clip)
            cut = np.repeat(np.asarray(frames.scores[rows]), times[name], axis=0)
            total[start[i] : start[i + 1]] += cut[: counts[i]]
            end[i] = min(end[i], frames.offset[rows][-1] if counts[i] else 0.0)
    frame = np.arange(start[-1]) - np.repeat(start[:-1], counts)
    offset = np.minimum((frame + 1) * hop, np.repeat(end, counts))
    mean = (total / len(systems)).astype(np.float32)
    return FrameScores(mean, start, frame * hop, offset, first.clips, first.classes), hop


def _of_one_kind(systems: Mapping[str, Kind]) -> Kind:
    """The first, where all have its clips and classes."""
    name, first = next(iter(systems.items()))
    for other, scores in systems.items():
        if scores.classes != first.classes:
            raise BadFile(
                f"{other}: scores of the classes {', '.join(scores.classes)}, {name} has scores of"
                f" {', '.join(first.classes)}; only those of the same have a mean"
            )
        apart = sorted(set(scores.clips) ^ set(first.clips))
        if apart:
            raise BadFile(
                f"{other}: {len(apart)} clips, such as {apart[0]}, are not in both it and {name};"
                " only scores of the same clips have a mean"
            )
    return first


def _hop(frames: FrameScores) -> float:
    """The length of a frame: where first frames end, the longest of those that a clip cuts."""
    first = frames.start[:-1][np.diff(frames.start) > 0]
    return float(frames.offset[first].max(initial=0.0))


def _shared_hop(hops: Mapping[str, float]) -> float:
    """The longest length that all are multiples of."""
    lengths = np.array([*hops.values()])
    if np.ptp(lengths) < SLACK:
        return float(lengths[0])
    whole = np.rint(lengths * MICROSECONDS).astype(np.int64)
    shared = float(np.gcd.reduce(whole)) / MICROSECONDS
    if shared < SHORTEST or np.abs(whole / MICROSECONDS - lengths).max() > SLACK:
        said = ", ".join(f"{name} {hop:g} s" for name, hop in hops.items())
        raise BadFile(
            f"frames of other lengths ({said}) that share no grid of {SHORTEST:g} s or more: their"
            " scores have no exact mean; average runs whose frames fit"
        )
    return shared


def _frames(
    clip: str, systems: Mapping[str, FrameScores], times: Mapping[str, int], hop: float
) -> int:
    """How many frames of the shared grid all systems have of a clip; the last may be cut."""
    ends = []
    for name, frames in systems.items():
        rows = frames.rows(clip)
        last = frames.offset[rows][-1] if rows.stop > rows.start else 0.0
        ends.append(min((rows.stop - rows.start) * times[name], int(np.ceil(last / hop - 1e-6))))
    return min(ends)
