"""Sums by file, of which every SELD score is a function."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from seldbench.errors import BadFile, UnknownName, near
from seldbench.events import DirectionTable
from seldbench.metrics.seld.files import paired
from seldbench.metrics.seld.rows import portions
from seldbench.metrics.seld.rules import RULES
from seldbench.metrics.seld.scorers import RATE, Angles, Scorer, Setting

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class SeldCounts:
    """Counts of the files scored.

    scorer: without distance where none was asked for. files: in the order of the tables' first
    axis. unscored: files of the reference that the definition leaves out. classes: their number.
    ignored: rows of the reference and of the predictions whose class is outside 0 to classes - 1;
    no definition scores them. of_file: {name: (files,)}, of_class: {name: (files, classes)},
    float64; the names stand in `rules`.
    """

    scorer: Scorer
    files: tuple[str, ...]
    unscored: tuple[str, ...]
    classes: int
    ignored: tuple[int, int]
    of_file: Mapping[str, Array]
    of_class: Mapping[str, Array]


def seld_counts(
    scorer: Scorer,
    reference: DirectionTable,
    predictions: DirectionTable,
    *,
    classes: int | None = None,
    angles: str | None = None,
    frames_per_file: int | None = None,
    frames_per_second: int = RATE,
    with_distance: bool = True,
) -> SeldCounts:
    """Counts of the predictions by file and class.

    Args:
        classes: their number; rows of others are ignored. Without it the scorer's own, or as many
            as the tables hold.
        angles: "polar" or "cartesian"; without it the scorer's own.
        frames_per_file: instead of the scorer's rule for the length of a file.
        frames_per_second: 10 in all years' files but the submissions of 2019, which have 50.
        with_distance: without, distances play no role where the scorer has them.

    Raises:
        BadFile: see `files.paired`; also where distances are needed and a side has none.
        UnknownName: another form of angles.
    """
    if not with_distance:
        scorer = scorer.without_distance()
    form = _form(angles) if angles is not None else scorer.angles
    _need_distances(scorer, reference, predictions)
    number = classes or scorer.classes or _classes(reference, predictions)
    setting = Setting(scorer, number, form, frames_per_second)
    both = paired(setting, reference, predictions, frames_per_file)
    tables = [RULES[scorer.rule](part) for part in portions(both, setting)]
    if not tables:
        raise BadFile("no files to score: the predictions have none")
    return SeldCounts(
        scorer,
        both.files,
        both.unscored,
        number,
        (_outside(reference, number), _outside(predictions, number)),
        _joined([of_file for of_file, _ in tables]),
        _joined([of_class for _, of_class in tables]),
    )


def _form(angles: str) -> Angles:
    for form in get_args(Angles):
        if form == angles:
            return form
    known = get_args(Angles)
    raise UnknownName(f"no angles {angles!r}{near(angles, known)}; there are {', '.join(known)}")


def _need_distances(scorer: Scorer, *sides: DirectionTable) -> None:
    for side, table in zip(("reference", "predictions"), sides):
        if scorer.distance and table.distance is None:
            raise BadFile(
                f"{side}: no distances, which {scorer.name} scores; read a dialect with distances,"
                " or score without distance"
            )


def _classes(*sides: DirectionTable) -> int:
    return max([1, *(int(table.label.max()) + 1 for table in sides if len(table))])


def _outside(table: DirectionTable, classes: int) -> int:
    return int(((table.label < 0) | (table.label >= classes)).sum())


def _joined(parts: list[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
