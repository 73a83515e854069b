"""Which frames belong to which clip, and when: what every layout of frame scores holds besides the
scores, as arrays of an `.npz`.

`start` (clips + 1,): clip i owns the frames start[i]:start[i + 1]. `clips`, `classes`: names.
`fps`: frame k of a clip covers [k / fps, (k + 1) / fps) seconds. `end` (clips,), where given: the
second at which a clip's last frame is cut. Nothing pickled is read.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seldbench.errors import BadFile
from seldbench.prediction import FrameScores

Array = np.ndarray
INDEX = ("start", "clips", "classes", "fps")
SLACK = 1e-6  # seconds by which neighbouring frames may part, and frames miss the grid of `fps`


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """Clips, classes, and frames as in `FrameScores`."""

    clips: tuple[str, ...]
    classes: tuple[str, ...]
    start: Array
    onset: Array
    offset: Array


def arrays_of(path: Path, needed: Sequence[str]) -> dict[str, Array]:
    """The arrays of an `.npz`: those needed, and `end` where it is there.

    Raises:
        BadFile: not there, not an `.npz` of plain arrays, or an array is missing.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise BadFile(f"{path}: one array; expected an .npz with {', '.join(needed)}")
            absent = [name for name in needed if name not in archive.files]
            if absent:
                raise BadFile(
                    f"{path}: no array {', '.join(absent)}; there are {', '.join(archive.files)}"
                )
            return {name: archive[name] for name in (*needed, "end") if name in archive.files}
    except FileNotFoundError:
        raise BadFile(f"{path}: not found") from None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise BadFile(f"{path}: not a readable .npz of plain arrays ({error})") from None


def frame_index(path: Path, arrays: Mapping[str, Array], frames: int | None = None) -> FrameIndex:
    """The index in these arrays; `frames`, where known, is how many frames there are scores of.

    Raises:
        BadFile: sizes that disagree, a repeated clip or class, a rate or end that cannot be.
    """
    clips, classes = _names(path, arrays, "clips"), _names(path, arrays, "classes")
    start, fps = arrays["start"], arrays["fps"]
    whole = start.dtype.kind in "iu" and start.shape == (len(clips) + 1,)
    if not whole or start[0] != 0 or (np.diff(start) < 0).any() or frames not in (None, start[-1]):
        end = "the number of frames" if frames is None else frames
        raise BadFile(f"{path}: start must rise from 0 to {end} in {len(clips) + 1} steps")
    if fps.shape != () or not np.isfinite(fps) or fps <= 0:
        raise BadFile(f"{path}: fps is {fps}; expected one number of frames per second above 0")
    start = start.astype(np.int64)
    frame = np.arange(start[-1]) - np.repeat(start[:-1], np.diff(start))
    onset, offset = frame / float(fps), (frame + 1) / float(fps)
    if "end" in arrays:
        _cut(path, arrays["end"], clips, start, onset, offset)
    return FrameIndex(clips, classes, start, onset, offset)


def refuse_infinite(path: Path, scores: Array, index: FrameIndex) -> None:
    """Raises BadFile where a score (frames, classes) is not a finite number."""
    if np.isfinite(scores).all():
        return
    row, column = np.argwhere(~np.isfinite(scores))[0]
    clip = int(np.searchsorted(index.start, row, side="right")) - 1
    raise BadFile(
        f"{path}: the score of class {index.classes[column]} in frame {row - index.start[clip]} of"
        f" {index.clips[clip]} is {scores[row, column]}"
    )


def index_arrays(path: Path, frames: FrameScores) -> dict[str, Array]:
    """The arrays that hold the frames' index, `end` among them.

    Raises:
        BadFile: frames off a uniform grid that starts at 0, which they cannot hold
            (`write_score_tables` can).
    """
    sizes = np.diff(frames.start)
    frame = np.arange(len(frames.onset)) - np.repeat(frames.start[:-1], sizes)
    fps = _rate(frames, frame)
    last = frames.start[1:][sizes > 0] - 1
    offset = (frame + 1) / fps
    end = np.full(len(sizes), np.inf)
    end[sizes > 0] = frames.offset[last]
    offset[last] = np.minimum(offset[last], end[sizes > 0])
    if np.abs(frame / fps - frames.onset).max(initial=0) > SLACK or (
        np.abs(offset - frames.offset).max(initial=0) > SLACK
    ):
        raise BadFile(f"{path}: frames are not on a grid of {fps:g} per second from 0 on")
    end[sizes == 0] = 0.0
    return {
        "start": frames.start.astype(np.int64),
        "clips": np.array(frames.clips, dtype=np.str_),
        "classes": np.array(frames.classes, dtype=np.str_),
        "fps": np.array(fps),
        "end": end,
    }


def _names(path: Path, arrays: Mapping[str, Array], name: str) -> tuple[str, ...]:
    values = arrays[name]
    if values.ndim != 1 or values.dtype.kind != "U" or not len(values):
        raise BadFile(f"{path}: {name} must be a row of texts, not {values.dtype} {values.shape}")
    names = tuple(values.tolist())
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise BadFile(f"{path}: {twice!r} stands twice in {name}; keep one")
    return names


def _cut(
    path: Path, end: Array, clips: tuple[str, ...], start: Array, onset: Array, offset: Array
) -> None:
    """Cuts last frames' offsets at `end`, in place."""
    if end.shape != (len(clips),) or end.dtype.kind not in "fiu" or not np.isfinite(end).all():
        raise BadFile(f"{path}: end must be {len(clips)} finite numbers of seconds")
    full = np.flatnonzero(np.diff(start))
    last = start[full + 1] - 1
    late = onset[last] >= end[full]
    if late.any():
        i = int(np.argmax(late))
        raise BadFile(
            f"{path}: the last frame of {clips[full[i]]} starts at {onset[last[i]]:g} s, not before"
            f" its end at {end[full[i]]:g} s; leave out frames after the end"
        )
    offset[last] = np.minimum(offset[last], end[full])


def _rate(frames: FrameScores, frame: Array) -> float:
    """Frames per second, from the latest onset; of single frames, from the longest."""
    if not len(frame):
        return 1.0
    late = int(np.argmax(frame))
    rate = frame[late] / frames.onset[late] if frame[late] else 1 / frames.offset.max()
    return float(f"{rate:.10g}")
