"""Sources of mixtures, and answers about them (cascades of localization, separation and
classification). Tab separated; degrees.

Reference: `filename` (of the mixture), `source` (a whole number, each once in a mixture), `label`;
where known, `azimuth` and `elevation` (without the latter all sources are level), and `target`, 1
for the one source of a mixture that is asked for and 0 for the others.

Answers: `filename`, `label`, and one column or none that says to what:

- `source`: one answer for each source of a mixture (the query protocol);
- `answer`: any number of answers a mixture (a whole number, each once in it), each with the
  `azimuth` that it was found in; a row with a name alone lists a mixture without answers (all);
- neither: one answer a mixture, about the source that is asked for (dominant).

Where a system says so, `azimuth` and `elevation`, and a column `score:CLASS` for each of its
classes.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seldbench.annotations.table import Table, decimal, read_table, write_table
from seldbench.errors import BadFile, near
from seldbench.geometry import unit_vectors

Array = np.ndarray
SCORE = "score:"
PLACE = ("azimuth", "elevation")
AZIMUTHS = (-180, 360)  # degrees: files count from -180 to 180, or from 0 to 360


@dataclass(frozen=True, eq=False)
class SourceTable:
    """Sources in file order, or answers about them.

    mixtures: names in file order; of numbered answers also those without any. mixture: (rows,)
    index in `mixtures`. label: (rows,) of str objects. source: (rows,) int64, None where answers
    are not about numbered sources. azimuth, elevation: (rows,). target: (rows,) true or false.
    scores: (rows, classes) of `classes`. answer: (rows,) int64, the number of an answer in its
    mixture, where a mixture may have any number of them. path: the file it was read from, for
    errors. None: not given.
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
    answer: Array | None = None
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.label)

    @property
    def named(self) -> str:
        """What an error about it begins with: its file, where there is one."""
        return "" if self.path is None else f"{self.path}: "

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
    _refuse_repeated(table, source, "source")
    target = _targets(table, mixtures, mixture) if "target" in table.columns else None
    return SourceTable(mixtures, mixture, label, source, *_place(table), target, path=path)


def read_answers(path: Path) -> SourceTable:
    """Somebody's answers.

    Raises:
        BadFile: as `read_sources`; two answers to one question, numbered answers without azimuth,
            a mixture that is listed without answers and has some, or a score that is not finite.
    """
    table = read_table(path)
    scored = tuple(name for name in table.columns if name.startswith(SCORE))
    _refuse_unknown(table, ("filename", "source", "answer", "label", *PLACE, *scored))
    number = _numbering(table)
    table.require("filename", "label", *(("azimuth",) if number == "answer" else ()))
    names, table = _without_answers(table) if number == "answer" else ([], table)
    mixtures, mixture = _mixtures(table, names)
    values = None if number is None else _whole_numbers(table, number)
    _refuse_repeated(table, values, number)
    scores = np.column_stack([table.numbers(name) for name in scored]) if scored else None
    classes = tuple(name.removeprefix(SCORE) for name in scored)
    if "" in classes:
        raise BadFile(f"{path}: a column {SCORE!r} without a class")
    return SourceTable(
        mixtures,
        mixture,
        _labels(table),
        values if number == "source" else None,
        *_place(table),
        scores=scores,
        classes=classes,
        answer=values if number == "answer" else None,
        path=path,
    )


def write_sources(path: Path, sources: SourceTable) -> None:
    """The true sources of mixtures, which `read_sources` reads back as they are.

    Raises:
        BadFile: a name that a table cannot hold. ValueError: sources without numbers.
    """
    if sources.source is None:
        raise ValueError(f"{path}: the sources of a reference are numbered")
    write_table(path, *_written(sources))


def write_answers(path: Path, answers: SourceTable) -> None:
    """Answers, which `read_answers` reads back as they are.

    Raises:
        BadFile: a name that a table cannot hold. ValueError: mixtures without answers where answers
            are not numbered: there each question has one.
    """
    if answers.answer is None and len(np.unique(answers.mixture)) < len(answers.mixtures):
        raise ValueError(f"{path}: mixtures without answers; only numbered answers may be absent")
    write_table(path, *_written(answers))


def read_classes(path: Path) -> tuple[str, ...]:
    """The classes of a data set, one a line.

    Raises:
        BadFile: absent, not text, empty, or a class twice.
    """
    try:
        classes = tuple(line.strip() for line in path.read_text("utf-8-sig").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: no list of classes ({error})") from None
    classes = tuple(name for name in classes if name)
    twice = [name for name in classes if classes.count(name) > 1]
    if twice or not classes:
        what = f"{twice[0]!r} stands there twice" if twice else "no class"
        raise BadFile(f"{path}: {what}; expected a class a line, each once")
    return classes


def _written(table: SourceTable) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of a file."""
    whole = {"source": table.source, "answer": table.answer, "target": table.target}
    angles = {"azimuth": table.azimuth, "elevation": table.elevation}
    columns: dict[str, list[str]] = {
        "filename": [table.mixtures[i] for i in table.mixture],
        **{n: [str(int(v)) for v in of] for n, of in whole.items() if of is not None},
        "label": [str(label) for label in table.label],
        **{n: [decimal(v) for v in of] for n, of in angles.items() if of is not None},
    }
    if table.scores is not None:
        for name, of in zip(table.classes, table.scores.T):
            columns[SCORE + name] = [decimal(v) for v in of]
    return list(columns), list(_with_empty_mixtures(table, list(map(list, zip(*columns.values())))))


def _with_empty_mixtures(table: SourceTable, rows: list[list[str]]) -> Iterator[list[str]]:
    """The rows, and before the first row of a later mixture the names of those without any."""
    filled, begun = set(table.mixture.tolist()), 0
    for row, mixture in zip(rows, table.mixture.tolist()):
        yield from ([table.mixtures[i]] for i in range(begun, mixture) if i not in filled)
        begun = max(begun, mixture)
        yield row
    yield from ([name] for i, name in enumerate(table.mixtures[begun:], begun) if i not in filled)


def _refuse_unknown(table: Table, known: tuple[str, ...]) -> None:
    """A misspelt column would be left out without a word."""
    unknown = [name for name in table.columns if name not in known]
    if unknown:
        raise BadFile(
            f"{table.path}: unknown column {unknown[0]!r}{near(unknown[0], known)}; the columns are"
            f" {', '.join(known)}"
        )


def _numbering(table: Table) -> str | None:
    """The column that says to what an answer is, None for one a mixture."""
    given = [name for name in ("source", "answer") if name in table.columns]
    if len(given) > 1:
        raise BadFile(
            f"{table.path}: columns 'source' and 'answer'; answers are either to the numbered"
            " sources of a mixture, or to what was found in it: keep one"
        )
    return given[0] if given else None


def _without_answers(table: Table) -> tuple[list[str], Table]:
    """All names of the table, and its rows that hold more than a name."""
    place = table.columns.index("filename")
    full = [any(c for i, c in enumerate(row) if i != place) for row in table.rows]
    names = table.names("filename", unique=False)
    times = Counter(names)
    for i, (name, holds) in enumerate(zip(names, full)):
        if not holds and times[name] > 1:
            raise BadFile(
                f"{table.path}:{table.lines[i]}: {name!r} without answers, but it stands there"
                " again; keep one"
            )
    rows = [row for row, holds in zip(table.rows, full) if holds]
    lines = [line for line, holds in zip(table.lines, full) if holds]
    return names, replace(table, rows=rows, lines=lines)


def _mixtures(table: Table, listed: list[str] | None = None) -> tuple[tuple[str, ...], Array]:
    """Names in file order (`listed` where some have no rows), and the index of every row's."""
    names = table.names("filename", unique=False)
    if not names and not listed:
        raise BadFile(f"{table.path}: a header without rows")
    index = {name: i for i, name in enumerate(dict.fromkeys(listed or names))}
    return tuple(index), np.array([index[name] for name in names], dtype=np.int64)


def _labels(table: Table) -> Array:
    return np.array(table.names("label", unique=False), dtype=object)


def _whole_numbers(table: Table, name: str) -> Array:
    values = table.numbers(name)
    table.refuse(
        values % 1 != 0, table.lines, lambda i: f"{name} is {values[i]:g}, not a whole number"
    )
    return values.astype(np.int64)


def _refuse_repeated(table: Table, numbers: Array | None, column: str | None) -> None:
    """A source or an answer of a mixture, or where there are no numbers a mixture, stands once."""
    names = table.texts("filename")
    seen: dict[tuple[str, int | None], int] = {}
    for i, (line, name) in enumerate(zip(table.lines, names)):
        number = None if numbers is None else int(numbers[i])
        if seen.setdefault((name, number), line) != line:
            which = "a second answer for" if number is None else f"{column} {number} again in"
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
    azimuth, (low, high) = table.numbers("azimuth"), AZIMUTHS
    table.refuse(
        (azimuth < low) | (azimuth > high),
        table.lines,
        lambda i: f"azimuth is {azimuth[i]:g}, expected degrees in [{low}, {high}]",
    )
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
