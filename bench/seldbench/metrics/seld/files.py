"""Files of the reference and of the predictions, paired by name, and how long each is."""

from dataclasses import dataclass

import numpy as np

from seldbench.errors import BadFile
from seldbench.events import DirectionTable
from seldbench.metrics.seld.scorers import Scorer, Setting

Array = np.ndarray
LONGEST = 1 << 24  # frames of a file: 19 days at 100 ms


@dataclass(frozen=True, eq=False)
class Paired:
    """Files of both sides under one numbering.

    reference, predictions: their `file` numbers `files`. length: (files,) frames. unscored: files
    of the reference that are left out.
    """

    files: tuple[str, ...]
    unscored: tuple[str, ...]
    reference: DirectionTable
    predictions: DirectionTable
    length: Array


def paired(
    setting: Setting,
    reference: DirectionTable,
    predictions: DirectionTable,
    frames_per_file: int | None,
) -> Paired:
    """Official: the files of the predictions, in their order; fixed: those of the reference.

    Raises:
        BadFile: predictions without a reference; a reference without rows, where the official code
            fails on it; a frame number beyond any recording.
    """
    known = set(reference.files)
    stray = [name for name in predictions.files if name not in known]
    if stray:
        raise BadFile(
            f"{stray[0]}: predictions for a file that the reference does not have"
            f"{'' if len(stray) == 1 else f' ({len(stray)} such files)'}; remove or rename it"
        )
    files = reference.files if setting.scorer.fixed else predictions.files
    scored = set(files)
    unscored = tuple(name for name in reference.files if name not in scored)
    mine, theirs = _renumbered(reference, files), _renumbered(predictions, files)
    if frames_per_file is None:
        length = _lengths(setting, reference, mine, theirs)
    else:
        length = np.full(len(files), frames_per_file, dtype=np.int64)
    return Paired(files, unscored, mine, theirs, length)


def _renumbered(table: DirectionTable, files: tuple[str, ...]) -> DirectionTable:
    """The same rows with `file` a position in `files`; rows of other files are dropped."""
    if table.files == files:
        return table
    position = {name: i for i, name in enumerate(files)}
    number = np.array([position.get(name, -1) for name in table.files], dtype=np.int64)[table.file]
    rows = np.flatnonzero(number >= 0)
    rows = rows[np.argsort(number[rows], kind="stable")]
    kept = table.rows(rows)
    return DirectionTable(
        files, number[rows], kept.frame, kept.label, kept.track, kept.direction, kept.distance
    )


def _lengths(
    setting: Setting,
    reference: DirectionTable,
    mine: DirectionTable,
    theirs: DirectionTable,
) -> Array:
    """(files,) frames scored. reference: all of it; mine, theirs: of the files scored."""
    scorer = setting.scorer
    minimum = (scorer.seconds or 0) * setting.rate
    if scorer.fixed:
        length = np.maximum(np.maximum(_last(mine), _last(theirs)) + 1, minimum)
    elif minimum:
        return np.full(len(mine.files), minimum, dtype=np.int64)
    else:
        _refuse_empty(scorer, reference)
        # As in the official code: the last frame's number stands for the number of frames.
        length = np.maximum(_last(mine), 0)
    _refuse_endless(length, mine.files)
    return length


def _last(table: DirectionTable) -> Array:
    """(files,) the largest frame number, -1 for files without rows."""
    last = np.full(len(table.files), -1, dtype=np.int64)
    np.maximum.at(last, table.file, table.frame)
    return last


def _refuse_empty(scorer: Scorer, reference: DirectionTable) -> None:
    rows = np.bincount(reference.file, minlength=len(reference.files))
    if not rows.all():
        name = reference.files[int(np.argmin(rows > 0))]
        raise BadFile(
            f"{name}: a reference without rows, on which the official code of {scorer.name} fails;"
            f" {scorer.name}_fixed scores it, or give the frames of a file"
        )


def _refuse_endless(length: Array, files: tuple[str, ...]) -> None:
    if len(length) and length.max() > LONGEST:
        name = files[int(np.argmax(length))]
        raise BadFile(f"{name}: a row at frame {int(length.max())}, beyond any recording")
