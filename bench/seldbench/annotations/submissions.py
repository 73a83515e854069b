"""Submissions to DCASE task 3: a folder with one CSV a recording, written and checked by year.

| year | columns, no header | classes | frames of a recording |
|---|---|---|---|
| 2019 | frame, class, azimuth, elevation: whole numbers | 11 | 3000 of 20 ms |
| 2020 | polar or cartesian | 14 | 600 of 100 ms |
| 2021 | polar or cartesian | 12 | 600 of 100 ms |
| 2022 | polar or cartesian | 13 | of 100 ms |
| 2023 | with a distance in metres, which is not scored: write 0 | 13 | of 100 ms |
| 2024 | with a distance in metres | 13 | of 100 ms |

Frames, classes and tracks count from 0; the track is not scored. A recording in which nothing was
found has an empty file. Azimuth is in [-180, 180] and elevation in [-90, 90] degrees.

Sources: what the organisers' code reads and writes (`load_output_format_file` and
`write_output_format_file` of sharathadavanne/seld-dcase2019 to 2023 and
partha2409/DCASE2024_seld_baseline), their class tables and README files. The challenges' own pages
may ask for more (names inside the archive, the metadata file); that is not checked here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from seldbench.annotations.directions import (
    DIALECTS,
    layout_of,
    read_with_places,
    write_directions,
)
from seldbench.errors import BadFile, UnknownName
from seldbench.events import DirectionTable
from seldbench.geometry import angles

Array = np.ndarray


@dataclass(frozen=True)
class Year:
    """dialects: those allowed, angles first and vectors second. frames: of every recording, None
    where they differ in length. whole: whether angles are whole degrees."""

    dialects: tuple[str, ...]
    classes: int
    frames: int | None = None
    whole: bool = False


_PLAIN = ("polar", "cartesian")
_DISTANT = ("polar_distance_m", "cartesian_distance_m")
YEARS: Mapping[int, Year] = MappingProxyType(
    {
        2019: Year(("dcase2019",), 11, 3000, whole=True),
        2020: Year(_PLAIN, 14, 600),
        2021: Year(_PLAIN, 12, 600),
        2022: Year(_PLAIN, 13),
        2023: Year(_DISTANT, 13),
        2024: Year(_DISTANT, 13),
    }
)


def write_submission(folder: Path, table: DirectionTable, year: int) -> None:
    """A CSV a file of the table. Angles and vectors stay what they are, but for 2019: there, angles
    rounded to whole degrees. Without distances, those of 2023 are 0.

    Raises:
        UnknownName: no such year.
        BadFile: 2024 without distances; a class or frame that the year does not have.
    """
    of = _year(year)
    if of.whole:
        table = _whole_degrees(table)
    for row, why in _faults(table, of, of.frames):
        raise BadFile(f"{table.files[table.file[row]]}, row {row}: {why}")
    if table.distance is None and year == 2023:
        table = replace(table, distance=np.zeros(len(table)))
    write_directions(folder, table, of.dialects[-1 if table.cartesian else 0])


def check_submission(
    folder: Path,
    year: int,
    *,
    dialect: str | None = None,
    recordings: Iterable[str] | None = None,
    frames: int | None = None,
) -> DirectionTable:
    """The rows of a submission that breaks no rule.

    Args:
        dialect: one of the year's; None for angles.
        recordings: the names that there must be, with or without an audio file's ending.
        frames: of the longest recording, for the years that do not fix it.

    Raises:
        UnknownName: no such year, or not one of its dialects.
        BadFile: the first rule broken; file and line are named.
    """
    of = _year(year)
    dialect = of.dialects[0] if dialect is None else dialect
    if dialect not in of.dialects:
        layout_of(dialect)
        raise UnknownName(
            f"submissions of {year} are not in the dialect {dialect!r} ({DIALECTS[dialect]}); they"
            f" are in {' or '.join(of.dialects)}"
        )
    if not folder.is_dir():
        raise BadFile(f"{folder}: not a folder; a submission is a folder with a CSV a recording")
    table, place = read_with_places(folder, dialect)
    _refuse_rows(table, of, of.frames if frames is None else frames, place)
    if recordings is not None:
        _refuse_names(folder, table.files, recordings)
    return table


def _year(year: int) -> Year:
    if year not in YEARS:
        raise UnknownName(f"no task 3 of {year} known; there are {', '.join(map(str, YEARS))}")
    return YEARS[year]


def _refuse_rows(
    table: DirectionTable, of: Year, frames: int | None, place: Callable[[int], str]
) -> None:
    faults = list(_faults(table, of, frames))
    if faults:
        row, why = min(faults)
        raise BadFile(f"{place(row)}: {why}")


def _faults(table: DirectionTable, of: Year, frames: int | None) -> Iterator[tuple[int, str]]:
    """The first row that breaks each rule, and the rule."""
    label = _first(table.label >= of.classes)
    if label is not None:
        yield label, f"class {table.label[label]}; the classes are 0 to {of.classes - 1}"
    if frames is not None:
        late = _first(table.frame >= frames)
        if late is not None:
            yield late, f"frame {table.frame[late]}; a recording has the frames 0 to {frames - 1}"
    if not table.cartesian:
        yield from _unfit_angles(table, of.whole)


def _unfit_angles(table: DirectionTable, whole: bool) -> Iterator[tuple[int, str]]:
    for name, value, most in zip(("azimuth", "elevation"), table.direction.T, (180, 90)):
        beyond = _first(np.abs(value) > most)
        if beyond is not None:
            yield beyond, f"{name} {value[beyond]:g} is not in [-{most}, {most}] degrees"
        broken = _first(value != np.trunc(value)) if whole else None
        if broken is not None:
            yield broken, f"{name} {value[broken]:g} is not a whole number of degrees"


def _first(wrong: Array) -> int | None:
    return int(np.argmax(wrong)) if wrong.any() else None


def _refuse_names(folder: Path, names: Iterable[str], recordings: Iterable[str]) -> None:
    wanted = dict.fromkeys(Path(name).stem if _audio(name) else name for name in recordings)
    given = dict.fromkeys(names)
    for which, why in (
        ([name for name in wanted if name not in given], "no file for the recording"),
        ([name for name in given if name not in wanted], "a file for no recording,"),
    ):
        if which:
            more = f" (and {len(which) - 1} more)" if len(which) > 1 else ""
            raise BadFile(f"{folder}: {why} {which[0]}{more}; every recording has one CSV")


def _audio(name: str) -> bool:
    return name.lower().endswith((".wav", ".flac", ".csv"))


def _whole_degrees(table: DirectionTable) -> DirectionTable:
    both = np.stack(angles(table.direction), axis=1) if table.cartesian else table.direction
    return replace(table, direction=np.rint(both), distance=None)
