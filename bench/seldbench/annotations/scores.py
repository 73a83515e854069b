"""Frame scores and clip scores on disk.

Frame scores: one `.npz` (`scores` (frames of all clips, classes), `start` (clips + 1,), `clips`,
`classes`, `fps`: frame k of a clip covers [k / fps, (k + 1) / fps); `end` (clips,), where given,
is the second at which a clip's last frame is cut), or a folder with a table a clip: `onset`,
`offset` and a column a class, the layout of fgnt/sed_scores_eval. Clip scores: `filename` and a
column a class. Nothing pickled is read.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seldbench.annotations.events import folder_files
from seldbench.annotations.table import Table, decimal, read_table, write_table
from seldbench.errors import BadFile
from seldbench.prediction import ClipScores, FrameScores
from seldbench.storage import atomic

Array = np.ndarray
NEEDED = ("scores", "start", "clips", "classes", "fps")
SLACK = 1e-6  # seconds by which neighbouring frames may part, and frames miss the grid of `fps`


def read_frame_scores(path: Path) -> FrameScores:
    """An `.npz`, or a folder with a table a clip (its name less `.tsv` is the clip's).

    Raises:
        BadFile: unknown layout, sizes that disagree, a repeated clip or class, a score or time that
            is not finite, frames out of order.
    """
    if path.is_dir():
        return frame_scores_of([read_table(file) for file in folder_files(path)])
    arrays = _arrays(path)
    clips, classes = _names(path, arrays, "clips"), _names(path, arrays, "classes")
    scores, start = _checked_scores(path, arrays, len(clips), len(classes))
    fps = arrays["fps"]
    if fps.shape != () or not np.isfinite(fps) or fps <= 0:
        raise BadFile(f"{path}: fps is {fps}; expected one number of frames per second above 0")
    frame = np.arange(len(scores)) - np.repeat(start[:-1], np.diff(start))
    onset, offset = frame / float(fps), (frame + 1) / float(fps)
    if "end" in arrays:
        _cut(path, arrays["end"], clips, start, onset, offset)
    return FrameScores(scores, start, onset, offset, clips, classes)


def frame_scores_of(tables: Sequence[Table]) -> FrameScores:
    """The frame scores of tables that were read, one a clip."""
    classes = tuple(c for c in tables[0].columns if c not in ("onset", "offset"))
    parts = [_clip_frames(table, classes, tables[0].path) for table in tables]
    clips = [_stem(table.path) for table in tables]
    if len(set(clips)) < len(clips):
        twice = next(c for c in clips if clips.count(c) > 1)
        raise BadFile(f"{tables[0].path.parent}: two tables for the clip {twice!r}; keep one")
    start = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    rows = np.concatenate(parts)
    return FrameScores(rows[:, 2:], start, rows[:, 0], rows[:, 1], tuple(clips), classes)


def write_frame_scores(path: Path, frames: FrameScores) -> None:
    """The `.npz`, with `end` where a clip's last frame is cut.

    Raises:
        BadFile: frames off a uniform grid that starts at 0, which the layout cannot hold
            (`write_score_tables` can).
    """
    sizes = np.diff(frames.start)
    frame = np.arange(len(frames.scores)) - np.repeat(frames.start[:-1], sizes)
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
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            scores=frames.scores,
            start=frames.start.astype(np.int64),
            clips=np.array(frames.clips, dtype=np.str_),
            classes=np.array(frames.classes, dtype=np.str_),
            fps=np.array(fps),
            end=end,
        )


def write_score_tables(folder: Path, frames: FrameScores) -> None:
    """A table a clip into `folder`, named after the clip."""
    for clip in frames.clips:
        write_score_table(folder / f"{clip}.tsv", frames, clip)


def write_score_table(path: Path, frames: FrameScores, clip: str) -> None:
    """One clip's table: onset, offset and a column a class."""
    rows = frames.rows(clip)
    values = np.column_stack([frames.onset[rows], frames.offset[rows], frames.scores[rows]])
    cells = ([decimal(v) for v in row] for row in values)
    write_table(path, ("onset", "offset", *frames.classes), cells)


def read_clip_scores(path: Path) -> ClipScores:
    """filename and a column a class.

    Raises:
        BadFile: no class, a clip twice, a score that is not a finite number.
    """
    table = read_table(path)
    table.require("filename")
    classes = tuple(name for name in table.columns if name != "filename")
    if not classes:
        raise BadFile(f"{path}: no column but 'filename'; expected one a class")
    clips = tuple(table.names("filename", unique=True))
    return ClipScores(np.column_stack([table.numbers(c) for c in classes]), clips, classes)


def write_clip_scores(path: Path, scores: ClipScores) -> None:
    rows = ((c, *(decimal(v) for v in row)) for c, row in zip(scores.clips, scores.scores))
    write_table(path, ("filename", *scores.classes), rows)


def _arrays(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise BadFile(f"{path}: one array; expected an .npz with {', '.join(NEEDED)}")
            absent = [name for name in NEEDED if name not in archive.files]
            if absent:
                raise BadFile(
                    f"{path}: no array {', '.join(absent)}; there are {', '.join(archive.files)}"
                )
            return {name: archive[name] for name in (*NEEDED, "end") if name in archive.files}
    except FileNotFoundError:
        raise BadFile(f"{path}: not found") from None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise BadFile(f"{path}: not a readable .npz of plain arrays ({error})") from None


def _names(path: Path, arrays: dict[str, Array], name: str) -> tuple[str, ...]:
    values = arrays[name]
    if values.ndim != 1 or values.dtype.kind != "U" or not len(values):
        raise BadFile(f"{path}: {name} must be a row of texts, not {values.dtype} {values.shape}")
    names = tuple(values.tolist())
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise BadFile(f"{path}: {twice!r} stands twice in {name}; keep one")
    return names


def _checked_scores(
    path: Path, arrays: dict[str, Array], clips: int, classes: int
) -> tuple[Array, Array]:
    scores, start = arrays["scores"], arrays["start"]
    if scores.ndim != 2 or scores.shape[1] != classes or scores.dtype.kind not in "fiu":
        raise BadFile(
            f"{path}: scores are {scores.dtype} {scores.shape}; expected (frames, {classes})"
        )
    whole = start.dtype.kind in "iu" and start.shape == (clips + 1,)
    if not whole or start[0] != 0 or start[-1] != len(scores) or (np.diff(start) < 0).any():
        raise BadFile(f"{path}: start must rise from 0 to {len(scores)} in {clips + 1} steps")
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0]
        clip = int(np.searchsorted(start, row, side="right")) - 1
        raise BadFile(
            f"{path}: the score of class {arrays['classes'][column]!s} in frame"
            f" {row - start[clip]} of {arrays['clips'][clip]!s} is {scores[row, column]}"
        )
    return scores, start.astype(np.int64)


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


def _clip_frames(table: Table, classes: tuple[str, ...], first: Path) -> Array:
    """(frames, 2 + classes): onset, offset and the scores in the order of `classes`."""
    table.require("onset", "offset")
    given = set(table.columns) - {"onset", "offset"}
    if given != set(classes) or not given:
        raise BadFile(f"{table.path}: classes {sorted(given)} differ from those of {first}")
    if not table.rows:
        raise BadFile(f"{table.path}: a header without frames")
    rows = np.column_stack([table.numbers(name) for name in ("onset", "offset", *classes)])
    onset, offset = rows[:, 0], rows[:, 1]
    table.refuse(onset < 0, table.lines, lambda i: f"onset {onset[i]} is negative")
    table.refuse(
        offset <= onset, table.lines, lambda i: f"offset {offset[i]} is not after its onset"
    )
    parted = np.append(np.abs(offset[:-1] - onset[1:]) > SLACK, False)
    table.refuse(
        parted, table.lines, lambda i: f"the next frame does not start at offset {offset[i]}"
    )
    return rows


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return name.removesuffix(".tsv")
