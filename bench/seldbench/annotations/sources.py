"""Sources of mixtures, and answers about them (cascades of localization, separation and
classification). Tab separated; degrees.

Reference: `filename` (of the mixture), `source` (a whole number, each once in a mixture), `label`;
where known, `azimuth` and `elevation` (without the latter all sources are level), and `target`, 1
for the one source of a mixture that is asked for and 0 for the others.

Answers: `filename`, `label`; with `source`, one answer for each source of a mixture (the query
protocol), without, one for each mixture (the dominant source). Where a system says so, `azimuth`
and `elevation`, and a column `score:CLASS` for each of its classes.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seldbench.annotations.table import Table, read_table
from seldbench.errors import BadFile, near
from seldbench.geometry import unit_vectors

Array = np.ndarray
SCORE = "score:"
PLACE = ("azimuth", "elevation")


@dataclass(frozen=True, eq=False)
class SourceTable:
    """Sources in file order, or answers about them.

    mixtures: names in file order. mixture: (rows,) index in `mixtures`. label: (rows,) of str
    objects. source: (rows,) int64, None where the answers are one a mixture. azimuth, elevation:
    (rows,). target: (rows,) true or false. scores: (rows, classes) of `classes`. None: not given.
    """

    mixtures: tuple[str, ...]
    mixture: Array
    label: Array
    source: Array | None = None
    azimuth: Array | None = None
    elevation: Array | None = None
    target: Array | None = None
    scores: Array | None = None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.label)

    @property
    def doa(self) -> Array | None:
        """(rows, 3) unit vectors; level where there is no elevation."""
        if self.azimuth is None:
            return None
        level = np.zeros(len(self)) if self.elevation is None else self.elevation
        return unit_vectors(self.azimuth, level)


def read_sources(path: Path) -> SourceTable:
    """The true sources of mixtures.

    Raises:
        BadFile: an unknown or missing column, no rows, an empty name or label, a source that is not
            a whole number or stands twice in its mixture, an angle out of range, or a mixture with
            other than one target where there is a column for it.
    """
    table = read_table(path)
    _refuse_unknown(table, ("filename", "source", "label", *PLACE, "target"))
    table.require("filename", "source", "label")
    mixtures, mixture = _mixtures(table)
    source, label = _whole_numbers(table, "source"), _labels(table)
    _refuse_repeated(table, source)
    target = _targets(table, mixtures, mixture) if "target" in table.columns else None
    return SourceTable(mixtures, mixture, label, source, *_place(table), target)


def read_answers(path: Path) -> SourceTable:
    """Somebody's answers.

    Raises:
        BadFile: as `read_sources`; two answers to one question, or a score that is not finite.
    """
    table = read_table(path)
    scored = tuple(name for name in table.columns if name.startswith(SCORE))
    _refuse_unknown(table, ("filename", "source", "label", *PLACE, *scored))
    table.require("filename", "label")
    mixtures, mixture = _mixtures(table)
    source = _whole_numbers(table, "source") if "source" in table.columns else None
    _refuse_repeated(table, source)
    scores = np.column_stack([table.numbers(name) for name in scored]) if scored else None
    classes = tuple(name.removeprefix(SCORE) for name in scored)
    if "" in classes:
        raise BadFile(f"{path}: a column {SCORE!r} without a class")
    return SourceTable(
        mixtures, mixture, _labels(table), source, *_place(table), scores=scores, classes=classes
    )


def _refuse_unknown(table: Table, known: tuple[str, ...]) -> None:
    """A misspelt column would be left out without a word."""
    unknown = [name for name in table.columns if name not in known]
    if unknown:
        raise BadFile(
            f"{table.path}: unknown column {unknown[0]!r}{near(unknown[0], known)}; the columns are"
            f" {', '.join(known)}"
        )


def _mixtures(table: Table) -> tuple[tuple[str, ...], Array]:
    """Names in file order, and the index of every row's."""
    names = table.names("filename", unique=False)
    if not names:
        raise BadFile(f"{table.path}: a header without rows")
    index = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return tuple(index), np.array([index[name] for name in names], dtype=np.int64)


def _labels(table: Table) -> Array:
    return np.array(table.names("label", unique=False), dtype=object)


def _whole_numbers(table: Table, name: str) -> Array:
    values = table.numbers(name)
    table.refuse(
        values % 1 != 0, table.lines, lambda i: f"{name} is {values[i]:g}, not a whole number"
    )
    return values.astype(np.int64)


def _refuse_repeated(table: Table, source: Array | None) -> None:
    """A source of a mixture, or where there are none a mixture, stands once."""
    names = table.texts("filename")
    seen: dict[tuple[str, int | None], int] = {}
    for i, (line, name) in enumerate(zip(table.lines, names)):
        number = None if source is None else int(source[i])
        if seen.setdefault((name, number), line) != line:
            which = "a second answer for" if number is None else f"source {number} again in"
            first = seen[name, number]
            hint = "; for one answer a source add the column 'source'" if number is None else ""
            raise BadFile(
                f"{table.path}:{line}: {which} {name!r}, first in line {first}; keep one{hint}"
            )


def _place(table: Table) -> tuple[Array | None, Array | None]:
    """Azimuth and elevation."""
    if "azimuth" not in table.columns:
        if "elevation" in table.columns:
            raise BadFile(f"{table.path}: elevation without azimuth; give both, or neither")
        return None, None
    azimuth = table.numbers("azimuth")
    if "elevation" not in table.columns:
        return azimuth, None
    elevation = table.numbers("elevation")
    table.refuse(
        np.abs(elevation) > 90,
        table.lines,
        lambda i: f"elevation is {elevation[i]:g}, expected degrees in [-90, 90]",
    )
    return azimuth, elevation


def _targets(table: Table, mixtures: tuple[str, ...], mixture: Array) -> Array:
    values = table.numbers("target")
    table.refuse(
        (values != 0) & (values != 1),
        table.lines,
        lambda i: f"target is {values[i]:g}, neither 0 nor 1",
    )
    number = np.bincount(mixture, values, minlength=len(mixtures))[mixture]
    table.refuse(
        number != 1,
        table.lines,
        lambda i: f"{mixtures[mixture[i]]!r} has {number[i]:g} targets, expected one",
    )
    return values == 1
