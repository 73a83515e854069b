"""Half a SELD system: its activity with ideal directions, or its directions with ideal activity.

Ideal directions: every predicted row takes the direction (and the distance) of a reference row of
its class in its frame. Where there are several, rows are paired at the least total angle, as the
scorers pair them, and rows beyond the reference's take the nearest; a row without a direction of
its own takes the first. Where the class does not sound, any direction will do.

Ideal activity: a class that sounds in a frame has the system's direction for it, and no other
class has any.
"""

from dataclasses import dataclass, replace

import numpy as np

from seldbench.annotations.outputs import FrameOutputs
from seldbench.errors import BadFile
from seldbench.events import DirectionTable
from seldbench.metrics.seld import Scorer
from seldbench.metrics.seld.directions import ANGLE, Columns, columns
from seldbench.metrics.seld.pairing import Groups, groups_of, matched
from seldbench.metrics.seld.scorers import Angles

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class _Cells:
    """Rows in the order of their cells, (file, frame, class) of the reference's numbering.

    row: (rows,) row numbers in the table. groups: those rows by cell."""

    row: Array
    groups: Groups


def ideal_directions(
    reference: DirectionTable,
    predictions: DirectionTable,
    scorer: Scorer,
    angles: Angles,
    *,
    known: bool = True,
) -> DirectionTable:
    """The predictions with the reference's directions, in its columns. known: whether the
    predictions have directions of their own.

    Raises:
        BadFile: predictions for a file that the reference does not have.
    """
    mine, theirs = _cells(reference, predictions)
    source = np.full(len(predictions), -1)
    if known:
        sides = [
            columns(table.direction, angles, through_angles=scorer.through_angles)
            for table in (reference, predictions)
        ]
        _pair(mine, theirs, sides[0], sides[1], angles, source)
    else:
        at, found = _positions(mine.groups.code, theirs.groups.code)
        first = np.where(found, mine.row[mine.groups.first[at]] if len(at) else 0, -1)
        source[theirs.row] = np.repeat(first, theirs.groups.size)
    return _moved(reference, predictions, source)


def ideal_activity(reference: DirectionTable, predictions: DirectionTable) -> DirectionTable:
    """The rows of the predictions whose class sounds in their frame.

    Raises:
        BadFile: a class sounds for which the predictions have no direction.
    """
    mine, theirs = _cells(reference, predictions)
    _, there = _positions(theirs.groups.code, mine.groups.code)
    given = np.isin(np.array(reference.files), predictions.files)
    rows = mine.row[mine.groups.first]
    absent = rows[~there & given[reference.file[rows]]]
    if len(absent):
        row = int(absent.min())
        raise BadFile(
            f"{reference.files[reference.file[row]]}: class {reference.label[row]} sounds in frame"
            f" {reference.frame[row]}, for which the predictions have no direction"
            f" ({len(absent)} such cases); ideal activity needs the directions of all frames: save"
            " them as frame outputs"
        )
    _, sounding = _positions(mine.groups.code, theirs.groups.code)
    keep = np.zeros(len(predictions), dtype=bool)
    keep[theirs.row] = np.repeat(sounding, theirs.groups.size)
    return predictions.rows(keep)


def decided(outputs: FrameOutputs, threshold: float) -> DirectionTable:
    """A row for every score above the threshold, compared in float64; its direction is that of
    `doa`, the front without.

    Raises:
        BadFile: no scores.
    """
    if outputs.scores is None:
        raise BadFile(
            "frame outputs without scores: ideal directions need an activity (of ACCDOA vectors,"
            " save their lengths as scores)"
        )
    row, label = np.nonzero(np.asarray(outputs.scores, dtype=np.float64) > threshold)
    front = np.broadcast_to([1.0, 0.0, 0.0], (len(row), 3))
    return _table(outputs, row, label, front if outputs.doa is None else outputs.doa[row, label])


def pointed(outputs: FrameOutputs, reference: DirectionTable) -> DirectionTable:
    """A row for every class that sounds in a frame, with the direction that `doa` has for it.

    Raises:
        BadFile: no directions, or one without a length where a class sounds.
    """
    if outputs.doa is None:
        raise BadFile("frame outputs without doa: ideal activity needs directions")
    position = {name: i for i, name in enumerate(outputs.clips)}
    clip = np.array([position.get(name, -1) for name in reference.files], dtype=np.int64)
    clip = clip[reference.file]
    sounds = np.stack([clip, reference.frame, reference.label], axis=1)[clip >= 0]
    clip, frame, label = np.unique(sounds, axis=0).T
    row = outputs.start[clip] + frame
    direction = outputs.doa[row, label]
    nowhere = ~direction.any(axis=1)
    if nowhere.any():
        i = int(np.argmax(nowhere))
        raise BadFile(
            f"{outputs.clips[clip[i]]}: class {label[i]} sounds in frame {frame[i]}, where its doa"
            " is 0, 0, 0: that is no direction"
        )
    return _table(outputs, row, label, direction)


def refuse_outputs(outputs: FrameOutputs, reference: DirectionTable, classes: int) -> None:
    """Raises BadFile where outputs are not of these classes, or end before the reference."""
    if outputs.classes != classes:
        raise BadFile(
            f"frame outputs of {outputs.classes} classes where {classes} are scored; give one"
            " column a class"
        )
    last = np.full(len(reference.files), -1)
    np.maximum.at(last, reference.file, reference.frame)
    needed = dict(zip(reference.files, (last + 1).tolist()))
    for name, frames in zip(outputs.clips, np.diff(outputs.start).tolist()):
        if frames < needed.get(name, 0):
            raise BadFile(
                f"{name}: {frames} frames of outputs, but the reference needs {needed[name]}; one"
                " row a label frame of 100 ms"
            )


def _table(outputs: FrameOutputs, row: Array, label: Array, direction: Array) -> DirectionTable:
    file = np.searchsorted(outputs.start, row, side="right") - 1
    return DirectionTable(
        outputs.clips,
        file,
        row - outputs.start[file],
        label.astype(np.int64),
        np.zeros(len(row), dtype=np.int64),
        np.asarray(direction, dtype=np.float64),
        np.zeros(len(row)),
    )


def _cells(reference: DirectionTable, predictions: DirectionTable) -> tuple[_Cells, _Cells]:
    position = {name: i for i, name in enumerate(reference.files)}
    stray = [name for name in predictions.files if name not in position]
    if stray:
        raise BadFile(
            f"{stray[0]}: predictions for a file that the reference does not have; remove or"
            " rename it"
        )
    number = np.array([position[name] for name in predictions.files], dtype=np.int64)
    sides = ((reference, reference.file), (predictions, number[predictions.file]))
    frames, classes = (
        1 + max(int(column.max(initial=0)) for column in both)
        for both in ((reference.frame, predictions.frame), (reference.label, predictions.label))
    )
    if len(reference.files) * frames * classes > np.iinfo(np.int64).max:
        raise BadFile(f"frames up to {frames - 1} of classes up to {classes - 1}: no recording")
    found = []
    for table, file in sides:
        code = (file * frames + table.frame) * classes + table.label
        row = np.argsort(code, kind="stable")
        found.append(_Cells(row, groups_of(code[row])))
    return found[0], found[1]


def _pair(
    mine: _Cells,
    theirs: _Cells,
    reference: Columns,
    predicted: Columns,
    angles: Angles,
    source: Array,
) -> None:
    """Fills `source` (predicted rows,) with reference rows where their cells have any."""

    def angle(i: Array, j: Array) -> Array:
        """Of positions in the order of cells."""
        a, b = mine.row[i], theirs.row[j]
        return ANGLE[angles]([c[a] for c in reference], [c[b] for c in predicted])

    pairs = matched(mine.groups, theirs.groups, angle)
    source[theirs.row[pairs.predicted]] = mine.row[pairs.reference]
    at, found = _positions(mine.groups.code, theirs.groups.code)
    group = np.repeat(np.where(found, at, -1), theirs.groups.size)
    rest = np.flatnonzero((group >= 0) & (source[theirs.row] < 0))
    first, size = mine.groups.first[group[rest]], mine.groups.size[group[rest]]
    nearest, least = first.copy(), np.full(len(rest), np.inf)
    for k in range(int(size.max(initial=0))):
        some = np.flatnonzero(size > k)
        degrees = angle(first[some] + k, rest[some])
        closer = some[degrees < least[some]]
        nearest[closer], least[some] = first[closer] + k, np.minimum(degrees, least[some])
    source[theirs.row[rest]] = mine.row[nearest]


def _positions(sorted_codes: Array, codes: Array) -> tuple[Array, Array]:
    """Where each of `codes` stands in the ascending `sorted_codes`, and whether it does."""
    if not len(sorted_codes):
        return np.zeros(len(codes), dtype=np.int64), np.zeros(len(codes), dtype=bool)
    at = np.minimum(np.searchsorted(sorted_codes, codes), len(sorted_codes) - 1)
    return at, sorted_codes[at] == codes


def _moved(reference: DirectionTable, predictions: DirectionTable, source: Array) -> DirectionTable:
    """The predictions at the places of reference rows; at the front where `source` is -1."""
    front = np.eye(1, reference.direction.shape[1]) * reference.cartesian
    direction = np.repeat(front, len(source), axis=0)
    some = source >= 0
    direction[some] = reference.direction[source[some]]
    distance = None
    if reference.distance is not None:
        distance = np.zeros(len(source))
        distance[some] = reference.distance[source[some]]
    return replace(predictions, direction=direction, distance=distance)
