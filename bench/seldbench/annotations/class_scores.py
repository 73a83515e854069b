"""Frame scores in a folder with a file a class, for sets whose scores do not fit into memory.

`index.npz` holds all but the scores (`frame_index`). The scores of a class are a plain `.npy` row,
(frames of all clips,), named after the class: letters, digits, space and `,()'&-_` stand for
themselves, other characters as % and their code, as in web addresses. A class is mapped into
memory when it is asked for, and let go when it is no longer used.
"""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np

from seldbench.annotations.frame_index import (
    INDEX,
    FrameIndex,
    arrays_of,
    frame_index,
    index_arrays,
    refuse_infinite,
)
from seldbench.errors import BadFile
from seldbench.prediction import Columns, FrameScores
from seldbench.storage import atomic

Array = np.ndarray
NAME = "index.npz"


def is_class_folder(path: Path) -> bool:
    return (path / NAME).is_file()


def class_file(folder: Path, label: str) -> Path:
    """Where the scores of a class lie."""
    return folder / f"{quote(label, safe=' ,()&-_' + chr(39)).replace('.', '%2E')}.npy"


def read_class_scores(folder: Path) -> FrameScores:
    """The frame scores of a folder; a class's scores are read, and checked, when asked for.

    Raises:
        BadFile: no index or a faulty one; a class without file, a file that is not one row of as
            many numbers as there are frames or that is of no class. Later, where a class is asked
            for: a score that is not finite.
    """
    index = frame_index(folder / NAME, arrays_of(folder / NAME, INDEX))
    paths = [class_file(folder, label) for label in index.classes]
    foreign = {file.name for file in folder.iterdir() if not file.name.startswith(".")}
    foreign -= {NAME, *(path.name for path in paths)}
    if foreign:
        raise BadFile(f"{folder / sorted(foreign)[0]}: of no class in {NAME}; take it away")
    frames = len(index.onset)
    kinds = [_row(path, frames).dtype for path in paths]

    def read(number: int) -> Array:
        scores = _row(paths[number], frames)
        refuse_infinite(paths[number], scores[:, None], _of_class(index, number))
        return scores

    scores = Columns(read, (frames, len(paths)), np.result_type(*kinds))
    return FrameScores(scores, index.start, index.onset, index.offset, index.clips, index.classes)


def write_class_scores(folder: Path, frames: FrameScores) -> None:
    """The folder, written class by class, the index last.

    Raises:
        BadFile: there is such a folder already, frames off a uniform grid from 0 on, or a score
            that is not finite.
    """
    if is_class_folder(folder):
        raise BadFile(f"{folder}: holds scores already; choose another folder or take it away")
    arrays = index_arrays(folder, frames)
    index = frame_index(folder, arrays)
    for number, label in enumerate(frames.classes):
        path = class_file(folder, label)
        scores = frames.column(number)
        refuse_infinite(path, scores[:, None], _of_class(index, number))
        with atomic(path) as temporary, temporary.open("wb") as file:
            np.save(file, scores, allow_pickle=False)
    with atomic(folder / NAME) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _of_class(index: FrameIndex, number: int) -> FrameIndex:
    return replace(index, classes=(index.classes[number],))


def _row(path: Path, frames: int) -> Array:
    """A class's scores, mapped."""
    try:
        scores = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise BadFile(f"{path}: not found; every class of {NAME} has a file") from None
    except (OSError, EOFError, ValueError) as error:
        raise BadFile(f"{path}: not a readable .npy of plain numbers ({error})") from None
    if not isinstance(scores, np.ndarray):
        raise BadFile(f"{path}: an archive; expected one .npy of (frames,) numbers")
    if scores.shape != (frames,) or scores.dtype.kind not in "fiu":
        raise BadFile(
            f"{path}: scores are {scores.dtype} {scores.shape}; expected ({frames},) as in {NAME}"
        )
    return np.asarray(scores)
