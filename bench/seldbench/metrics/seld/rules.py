"""What each definition counts in the files of a portion.

A rule returns two tables of sums by file, (files,) and (files, classes). Their names:

- substitutions, deletions, insertions: errors of a second (of a frame in `frames`), where a false
  alarm and a miss of any classes make one substitution;
- reference, predicted: what was there, what was found, in the rule's units;
- hits: pairs that are right; far: pairs too far apart; pairs: both together; extra: predicted
  without a reference; missed: reference without a prediction;
- angle: sum over pairs, degrees; distance: metres; relative: shares of the true distance.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from seldbench.metrics.seld.pairing import Groups, groups_of
from seldbench.metrics.seld.rows import Portion, Rows
from seldbench.metrics.seld.scorers import RELATIVE, THRESHOLD, Rule

Array = np.ndarray
Tables = tuple[dict[str, Array], dict[str, Array]]
EPS = float(np.finfo(np.float64).eps)


def instances(part: Portion) -> Tables:
    """2021 to 2023: in every second and class as many instances as sound at once at most.

    An instance of the reference is a row's place inside its frame; it is right if the mean angle
    over its frames is at most 20 degrees. A class that both have in a second, but never in the same
    frame, officially misses as many as were predicted and has no false alarm; mended, all of the
    reference is missed and all predictions are false alarms.
    Source: sharathadavanne/seld-dcase2021 and seld-dcase2022, SELD_evaluation_metrics.py.
    """
    ref, sys = part.groups()
    found = part.pairs(ref, sys)
    there, got = _at_once(part, ref), _at_once(part, sys)  # (seconds * classes,)
    first = np.cumsum(there) - there
    instance = first[part.second_of(ref.code[found.group])] + found.place
    times = np.bincount(instance, minlength=int(there.sum()))
    total = np.bincount(instance, found.angle, minlength=len(times))
    seen = np.flatnonzero(times)
    owner, mean = np.repeat(np.arange(len(there)), there)[seen], total[seen] / times[seen]
    pairs = np.bincount(owner, minlength=len(there))
    hits = np.bincount(owner[mean <= THRESHOLD], minlength=len(there))
    apart = (there > 0) & (got > 0) & (pairs == 0)
    fixed = part.setting.scorer.fixed
    extra = np.where(apart, got if fixed else 0, np.maximum(got - there, 0))
    missed = np.where(apart, there if fixed else got, np.maximum(there - got, 0))
    far = pairs - hits
    counts = {"reference": there, "hits": hits, "far": far, "extra": extra, "missed": missed}
    of_class = _by_class(part, counts | {"pairs": pairs})
    of_class["angle"] = _by_file_and_class(part, part.cell_of(owner), mean)
    errors = _errors(_by_second(part, extra + far), _by_second(part, missed))
    return _by_file(part, errors, part.rate), of_class


def classes(part: Portion) -> Tables:
    """2020: in every second a class once. Its angle is the mean over the frames that both have, of
    which one with several pairs gives the sum of their angles, mended their mean. A class too far
    away is missed.

    Source: sharathadavanne/seld-dcase2020, metrics/SELD_evaluation_metrics.py; the same in
    yinkalario/EIN-SELD, seld/methods/utils/SELD_evaluation_metrics_2020.py.
    """
    ref, sys = part.groups()
    found = part.pairs(ref, sys)
    there, got = _at_once(part, ref) > 0, _at_once(part, sys) > 0  # (seconds * classes,)
    common, number = np.unique(found.group, return_counts=True)
    of_frame = np.bincount(found.group, found.angle, minlength=len(ref.code))[common]
    angle = of_frame / number if part.setting.scorer.fixed else of_frame
    second = part.second_of(ref.code[common])
    times = np.bincount(second, minlength=len(there))
    owner = np.flatnonzero(times)
    mean = np.bincount(second, angle, minlength=len(there))[owner] / times[owner]
    hits = np.zeros(len(there), dtype=bool)
    hits[owner[mean <= THRESHOLD]] = True
    extra, missed = got & ~there, there & ~hits
    counts = {"reference": there, "predicted": got, "hits": hits, "extra": extra, "missed": missed}
    of_class = _by_class(part, counts | {"pairs": times > 0})
    of_class["angle"] = _by_file_and_class(part, part.cell_of(owner), mean)
    errors = _errors(_by_second(part, extra), _by_second(part, missed))
    return _by_file(part, errors, part.rate), of_class


def frames(part: Portion) -> Tables:
    """2024: every frame for itself; a pair is right within 20 degrees and, where distances count,
    if it errs by no more than the true distance.

    Source: partha2409/DCASE2024_seld_baseline, SELD_evaluation_metrics.py (SELDMetrics).
    """
    ref, sys = part.reference, part.predictions
    found = part.pairs(*part.groups())
    paired = ref.code[found.reference]
    wrong, sums = found.angle > THRESHOLD, {"angle": found.angle}
    if ref.distance is not None and sys.distance is not None:
        true = ref.distance[found.reference]
        sums["distance"] = np.abs(true - sys.distance[found.predicted])
        sums["relative"] = sums["distance"] / (true + EPS)
        wrong = wrong | (sums["relative"] > RELATIVE)
    codes = (ref.code, sys.code, paired, paired[wrong])
    there, got, pairs, far = (_by_file_and_class(part, code) for code in codes)
    of_class = {
        "reference": there,
        "hits": pairs - far,
        "far": far,
        "extra": got - pairs,
        "missed": there - pairs,
        "pairs": pairs,
        **{name: _by_file_and_class(part, paired, values) for name, values in sums.items()},
    }
    there, got, pairs, far = (
        np.bincount(code // part.classes, minlength=part.cells) for code in codes
    )
    return _by_file(part, _errors(got - pairs + far, there - pairs), 1), of_class


def activity(part: Portion) -> Tables:
    """2019: detection in seconds, whatever the place; angles in frames, whatever the class.

    A class has one direction a frame, its last row's. A second has the classes of its frames but
    the last, mended of all. Further sums by file: angle; directions (predicted); equal (frames with
    as many directions on both sides); frames; surplus and lack (of directions).
    Source: yinkalario/EIN-SELD, seld/methods/utils/SELD_evaluation_metrics_2019.py. The command of
    sharathadavanne/seld-dcase2019 differs: it puts directions on a grid of ten degrees.
    """
    part = replace(part, reference=_last(part.reference), predictions=_last(part.predictions))
    there, got = _active(part, part.reference), _active(part, part.predictions)
    counts = {"reference": there, "predicted": got, "hits": there & got}
    errors = _errors(_by_second(part, got & ~there), _by_second(part, there & ~got))
    of_file = _by_file(part, errors, part.rate) | _directions(part)
    return of_file, _by_class(part, counts)


RULES: dict[Rule, Callable[[Portion], Tables]] = {
    "activity": activity,
    "classes": classes,
    "instances": instances,
    "frames": frames,
}


def _last(rows: Rows) -> Rows:
    """The last row of every frame and class."""
    groups = groups_of(rows.code)
    return rows.of(groups.first + groups.size - 1)


def _active(part: Portion, rows: Rows) -> Array:
    """(seconds * classes,) bool"""
    code = rows.code
    if not part.setting.scorer.fixed:
        code = code[code // part.classes % part.rate != part.rate - 1]
    return np.bincount(part.second_of(code), minlength=part.seconds * part.classes) > 0


def _directions(part: Portion) -> dict[str, Array]:
    """Frame by frame, classes together."""
    ref, sys = (groups_of(r.code // part.classes) for r in (part.reference, part.predictions))
    found = part.pairs(ref, sys)
    there, got = np.zeros((2, part.cells), dtype=np.int64)
    there[ref.code], got[sys.code] = ref.size, sys.size
    angle = np.bincount(ref.code[found.group], found.angle, minlength=part.cells)
    sums = {"angle": angle, "directions": got, "equal": there == got}
    sums |= {"surplus": np.maximum(got - there, 0), "lack": np.maximum(there - got, 0)}
    of_file = _by_file(part, sums, 1)
    # The cells after a file's last frame, up to the whole second, are no frames.
    of_file["equal"] -= np.diff(part.start) - part.length
    return of_file | {"frames": part.length.astype(np.float64)}


def _at_once(part: Portion, groups: Groups) -> Array:
    """(seconds * classes,) the most rows in one frame."""
    most = np.zeros(part.seconds * part.classes, dtype=np.int64)
    np.maximum.at(most, part.second_of(groups.code), groups.size)
    return most


def _errors(false: Array, missed: Array) -> dict[str, Array]:
    return {
        "substitutions": np.minimum(false, missed),
        "deletions": np.maximum(missed - false, 0),
        "insertions": np.maximum(false - missed, 0),
    }


def _by_second(part: Portion, values: Array) -> Array:
    """(seconds * classes,) -> (seconds,) sums over classes."""
    return values.reshape(part.seconds, part.classes).sum(1)


def _by_file(part: Portion, tables: dict[str, Array], frames: int) -> dict[str, Array]:
    """Tables of cells of so many frames, (cells,) -> (files,)"""
    return {name: part.by_file(values, frames) for name, values in tables.items()}


def _by_class(part: Portion, tables: dict[str, Array]) -> dict[str, Array]:
    """(seconds * classes,) -> (files, classes)"""
    shape = part.seconds, part.classes
    return _by_file(part, {n: v.reshape(shape) for n, v in tables.items()}, part.rate)


def _by_file_and_class(part: Portion, code: Array, values: Array | None = None) -> Array:
    """(files, classes) numbers of codes, or sums of their values."""
    cell, label = np.divmod(code, part.classes)
    into = part.file_of_second()[cell // part.rate] * part.classes + label
    total = np.bincount(into, values, minlength=part.files * part.classes)
    return total.reshape(part.files, part.classes).astype(np.float64)
