"""Frame scores and clip scores on disk.

Frame scores: one `.npz` (`scores` (frames of all clips, classes) and the arrays of `frame_index`);
a folder with a file a class (`class_scores`); or a folder with a table a clip: `onset`, `offset`
and a column a class, the layout of fgnt/sed_scores_eval. Clip scores: `filename` and a column a
class. Nothing pickled is read.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seldbench.annotations.class_scores import is_class_folder, read_class_scores
from seldbench.annotations.events import folder_files
from seldbench.annotations.frame_index import (
    INDEX,
    SLACK,
    arrays_of,
    frame_index,
    index_arrays,
    refuse_infinite,
)
from seldbench.annotations.table import Table, decimal, read_table, write_table
from seldbench.errors import BadFile
from seldbench.prediction import ClipScores, FrameScores
from seldbench.storage import atomic

Array = np.ndarray


def read_frame_scores(path: Path) -> FrameScores:
    """An `.npz`, a folder with a file a class and `index.npz`, or one with a table a clip (its name
    less `.tsv` is the clip's).

    Raises:
        BadFile: unknown layout, sizes that disagree, a repeated clip or class, a score or time that
            is not finite, frames out of order.
    """
    if path.is_dir():
        if is_class_folder(path):
            return read_class_scores(path)
        return frame_scores_of([read_table(file) for file in folder_files(path)])
    arrays = arrays_of(path, ("scores", *INDEX))
    scores = arrays["scores"]
    classes = arrays["classes"].size
    if scores.ndim != 2 or scores.shape[1] != classes or scores.dtype.kind not in "fiu":
        raise BadFile(
            f"{path}: scores are {scores.dtype} {scores.shape}; expected (frames, {classes})"
        )
    index = frame_index(path, arrays, len(scores))
    refuse_infinite(path, scores, index)
    return FrameScores(scores, index.start, index.onset, index.offset, index.clips, index.classes)


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
    arrays = index_arrays(path, frames)
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, scores=frames.scores[:], **arrays)


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
