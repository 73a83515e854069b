"""What each definition counts in the files of a portion.

A rule returns two tables of sums by file: (files,), and (files, classes). Their names:

- substitutions, deletions, insertions: errors, paired within a second (frames: within a frame);
- reference, predicted: what was there, what was found (in the rule's units);
- hits: pairs that count as right; far: pairs that are too far apart; extra: predicted without
  a reference; missed: reference without a prediction; pairs: hits and far together;
- angle: sum over pairs, degrees; distance: metres; relative: share of the true distance.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from seldbench.metrics.seld.pairing import Groups, groups_of
from seldbench.metrics.seld.rows import Portion, Rows
from seldbench.metrics.seld.scorers import RELATIVE, SECOND, THRESHOLD, Rule, Scorer

Array = np.ndarray
Tables = tuple[dict[str, Array], dict[str, Array]]
EPS = float(np.finfo(np.float64).eps)


def instances(part: Portion, scorer: Scorer) -> Tables:
    """2021 to 2023: in every second and class as many instances as sound at once at most.

    A reference instance is a row's place inside its frame; it is right if the mean angle of its
    frames is at most 20 degrees.
    Source: sharathadavanne/seld-dcase2021 and seld-dcase2022, SELD_evaluation_metrics.py.
    """
    ref, sys = part.groups()
    found = part.pairs(ref, sys)
    there, got = (_at_once(part, g) for g in (ref, sys))  # (seconds * classes,)
    first = np.cumsum(there) - there
    instance = first[part.second_of(ref.code[found.group])] + found.place
    times = np.bincount(instance, minlength=int(there.sum()))
    total = np.bincount(instance, found.angle, minlength=len(times))
    seen = np.flatnonzero(times)
    mean, owner = total[seen] / times[seen], np.repeat(np.arange(len(there)), there)[seen]
    pairs = np.bincount(owner, minlength=len(there))
    hits = np.bincount(owner[mean <= THRESHOLD], minlength=len(there))
    extra, missed = np.maximum(got - there, 0), np.maximum(there - got, 0)
    apart = (there > 0) & (got > 0) & (pairs == 0)  # never in the same frame
    if scorer.fixed:
        extra, missed = np.where(apart, got, extra), np.where(apart, there, missed)
    else:
        extra, missed = np.where(apart, 0, extra), np.where(apart, got, missed)
    tables = {"reference": there, "hits": hits, "far": pairs - hits, "extra": extra}
    of_class = _summed(part, tables | {"missed": missed, "pairs": pairs})
    of_class["angle"] = _weighed(part, owner, mean)
    false = _by_cell(part, extra + pairs - hits)
    return _errors(part, false, _by_cell(part, missed)), of_class


def classes(part: Portion, scorer: Scorer) -> Tables:
    """2020: in every second a class once. Its angle is the mean over the frames that both have;
    a frame with several pairs gives their sum, or where mended their mean. Too far is a miss.

    Source: yinkalario/EIN-SELD, seld/methods/utils/SELD_evaluation_metrics_2020.py.
    """
    ref, sys = part.groups()
    found = part.pairs(ref, sys)
    size = part.seconds * part.classes
    there, got = (np.bincount(part.second_of(g.code), minlength=size) > 0 for g in (ref, sys))
    common, number = np.unique(found.group, return_counts=True)
    of_frame = np.bincount(found.group, found.angle, minlength=len(ref.code))[common]
    angle = of_frame / number if scorer.fixed else of_frame
    second = part.second_of(ref.code[common])
    times = np.bincount(second, minlength=size)
    owner = np.flatnonzero(times)
    mean = np.bincount(second, angle, minlength=size)[owner] / times[owner]
    hits = np.zeros(size, dtype=bool)
    hits[owner[mean <= THRESHOLD]] = True
    tables = {"reference": there, "predicted": got, "hits": hits, "extra": got & ~there}
    of_class = _summed(part, tables | {"missed": there & ~hits, "pairs": times > 0})
    of_class["angle"] = _weighed(part, owner, mean)
    false, missed = _by_cell(part, got & ~there), _by_cell(part, there & ~hits)
    return _errors(part, false, missed), of_class


def frames(part: Portion, scorer: Scorer) -> Tables:
    """2024: every frame for itself; a pair is right within 20 degrees and, with distances, within
    the true distance.

    Source: partha2409/DCASE2024_seld_baseline, SELD_evaluation_metrics.py (SELDMetrics).
    """
    ref, sys = part.groups()
    found = part.pairs(ref, sys)
    code = part.reference.code[found.reference]
    wrong = found.angle > THRESHOLD
    sums: dict[str, Array] = {"angle": found.angle}
    mine, theirs = part.reference.distance, part.predictions.distance
    if mine is not None and theirs is not None:
        true = mine[found.reference]
        sums["distance"] = np.abs(true - theirs[found.predicted])
        sums["relative"] = sums["distance"] / (true + EPS)
        wrong |= sums["relative"] > RELATIVE
    there, got, pairs, far = (
        _by_file_and_class(part, c)
        for c in (part.reference.code, part.predictions.code, code, code[wrong])
    )
    of_class = {"reference": there, "hits": pairs - far, "far": far, "extra": got - pairs}
    of_class |= {"missed": there - pairs, "pairs": pairs}
    of_class |= {n: _by_file_and_class(part, code, values) for n, values in sums.items()}
    rows_there, rows_got, paired, apart = (
        np.bincount(c // part.classes, minlength=int(part.start[-1]))
        for c in (part.reference.code, part.predictions.code, code, code[wrong])
    )
    false, missed = rows_got - paired + apart, rows_there - paired
    return _errors(part, false, missed, cells=1), of_class


def activity(part: Portion, scorer: Scorer) -> Tables:
    """2019: detection in seconds, whatever the place; angles in frames, whatever the class.

    A class has one direction a frame, its last row's. A second has the classes of its first nine
    frames, or where mended of all ten. Further sums by file: directions (predicted), equal (frames
    with as many directions on both sides), frames, surplus and lack (of directions).
    Source: yinkalario/EIN-SELD, seld/methods/utils/SELD_evaluation_metrics_2019.py.
    """
    part = replace(part, reference=_last(part.reference), predictions=_last(part.predictions))
    there, got = (_active(part, rows, scorer) for rows in (part.reference, part.predictions))
    of_class = _summed(part, {"reference": there, "predicted": got, "hits": there & got})
    of_file = _errors(part, _by_cell(part, got & ~there), _by_cell(part, there & ~got))
    return of_file | _directions(part), of_class


RULES: dict[Rule, Callable[[Portion, Scorer], Tables]] = {
    "activity": activity,
    "classes": classes,
    "instances": instances,
    "frames": frames,
}


def _last(rows: Rows) -> Rows:
    """The last row of every frame and class."""
    groups = groups_of(rows.code)
    return rows.of(groups.first + groups.size - 1)


def _active(part: Portion, rows: Rows, scorer: Scorer) -> Array:
    """(seconds * classes,) bool"""
    lost = (rows.code // part.classes % SECOND == SECOND - 1) & (not scorer.fixed)
    number = np.bincount(part.second_of(rows.code[~lost]), minlength=part.seconds * part.classes)
    return number > 0


def _directions(part: Portion) -> dict[str, Array]:
    """Frame by frame, classes together."""
    ref, sys = (groups_of(r.code // part.classes) for r in (part.reference, part.predictions))
    found = part.pairs(ref, sys)
    there, got = np.zeros((2, int(part.start[-1])), dtype=np.int64)
    there[ref.code], got[sys.code] = ref.size, sys.size
    angle = np.bincount(ref.code[found.group], found.angle, minlength=len(there))
    # A file's cells are whole seconds: those after its last frame are no frames.
    beyond = part.start[1:] - part.start[:-1] - part.length
    values = {
        "angle": angle,
        "directions": got,
        "equal": there == got,
        "surplus": np.maximum(got - there, 0),
        "lack": np.maximum(there - got, 0),
    }
    sums = {name: part.by_file(v, cells=1) for name, v in values.items()}
    sums["equal"] = sums["equal"] - beyond
    return sums | {"frames": part.length.astype(np.float64)}


def _at_once(part: Portion, groups: Groups) -> Array:
    """(seconds * classes,) the most rows in one frame."""
    most = np.zeros(part.seconds * part.classes, dtype=np.int64)
    np.maximum.at(most, part.second_of(groups.code), groups.size)
    return most


def _by_cell(part: Portion, values: Array) -> Array:
    """(seconds * classes,) -> (seconds,)"""
    return values.reshape(part.seconds, part.classes).sum(1)


def _summed(part: Portion, tables: dict[str, Array]) -> dict[str, Array]:
    """(seconds * classes,) -> (files, classes)"""
    shape = part.seconds, part.classes
    return {n: part.by_file(v.reshape(shape).astype(np.int64)) for n, v in tables.items()}


def _weighed(part: Portion, owner: Array, values: Array) -> Array:
    """(files, classes) sums of values that belong to the second and class `owner`."""
    return _by_file_and_class(
        part, owner // part.classes * SECOND * part.classes + owner % part.classes, values
    )


def _by_file_and_class(part: Portion, code: Array, values: Array | None = None) -> Array:
    """(files, classes) numbers of codes, or sums of their values."""
    cell, label = np.divmod(code, part.classes)
    into = part.file_of_second()[cell // SECOND] * part.classes + label
    total = np.bincount(into, values, minlength=part.files * part.classes)
    return total.reshape(part.files, part.classes).astype(np.float64)


def _errors(part: Portion, false: Array, missed: Array, cells: int = SECOND) -> dict[str, Array]:
    """One false alarm and one miss at a time are one substitution: (seconds,) -> (files,)"""
    return {
        "substitutions": part.by_file(np.minimum(false, missed), cells),
        "deletions": part.by_file(np.maximum(missed - false, 0), cells),
        "insertions": part.by_file(np.maximum(false - missed, 0), cells),
    }
