"""Who sounds from where, on disk: CSV files of DCASE task 3, one a recording, no header, one row
for each source in each frame of 100 ms (20 ms in the submissions of 2019).

A dialect says what the columns are. It is declared, never guessed: six columns are polar angles
with a distance in one year's files and a Cartesian vector in another's. Frames, classes and tracks
count from 0. Azimuth runs counter-clockwise from the front, elevation upwards; degrees. Vectors
have any length.

Sources: the readers and writers in cls_feature_class.py of sharathadavanne/seld-dcase2020, 2021,
2022, 2023 and partha2409/DCASE2024_seld_baseline; of 2019, metrics/evaluation_metrics.py of
sharathadavanne/seld-dcase2019.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np

from seldbench.annotations._rows import Rows, read_rows
from seldbench.errors import BadFile, UnknownName, near
from seldbench.events import DirectionTable
from seldbench.storage import write_text

Array = np.ndarray
WHOLE = 2**53  # up to here float64 holds every whole number


@dataclass(frozen=True)
class Layout:
    """columns: their names in order. per_metre: the unit of the distance, 1 or 100 in a metre."""

    columns: tuple[str, ...]
    per_metre: float = 1.0

    def at(self, *names: str) -> list[int]:
        """The positions of those of the columns that there are."""
        return [self.columns.index(name) for name in names if name in self.columns]


_SOURCE = ("frame", "class", "track")
_ANGLES = ("azimuth", "elevation")
LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "polar": Layout((*_SOURCE, *_ANGLES)),
        "polar_distance_cm": Layout((*_SOURCE, *_ANGLES, "distance"), 100.0),
        "polar_distance_m": Layout((*_SOURCE, *_ANGLES, "distance")),
        "cartesian": Layout((*_SOURCE, "x", "y", "z")),
        "cartesian_distance_m": Layout((*_SOURCE, "x", "y", "z", "distance")),
        "dcase2019": Layout(("frame", "class", *_ANGLES)),
    }
)
_UNITS = {
    "polar_distance_cm": "; distance in centimetres (references of 2023 and 2024)",
    "polar_distance_m": "; distance in metres (predictions of 2024)",
    "cartesian_distance_m": "; distance in metres (output of the baselines of 2023 and 2024)",
    "dcase2019": "; the submission format of 2019",
}
# {name: the columns in words}
DIALECTS: Mapping[str, str] = MappingProxyType(
    {name: ", ".join(of.columns) + _UNITS.get(name, "") for name, of in LAYOUTS.items()}
)

# Those of a run's folder, without and with distances: there is no choice but by the columns.
RUN_DIALECTS = {
    "reference": ("polar", "polar_distance_cm"),
    "predictions": ("polar", "polar_distance_m"),
}


def layout_of(dialect: str) -> Layout:
    """Raises UnknownName for a dialect that there is not."""
    if dialect not in LAYOUTS:
        raise UnknownName(
            f"no dialect {dialect!r}{near(dialect, LAYOUTS)}; there are {', '.join(LAYOUTS)}"
        )
    return LAYOUTS[dialect]


def read_directions(path: Path, dialect: str) -> DirectionTable:
    """A CSV, or a folder of them (sorted by name, hidden files left out); a file's name less
    `.csv` names it in the table. An empty file is one without rows.

    Raises:
        UnknownName: no such dialect.
        BadFile: nothing there, something other than CSV files, or a file that breaks a rule: its
            line is named.
    """
    return read_with_places(path, dialect)[0]


def read_run_directions(run: Path) -> tuple[DirectionTable, DirectionTable]:
    """The reference and the predicted directions in a run's folder.

    Raises:
        BadFile: as `read_directions`.
    """
    reference, predicted = (
        _read_either(run / side / "directions", *dialects)
        for side, dialects in RUN_DIALECTS.items()
    )
    return reference, predicted


def write_run_directions(run: Path, side: str, table: DirectionTable) -> None:
    """The "reference" or the "predictions" of a run, with distances where the table has them."""
    dialect = RUN_DIALECTS[side][table.distance is not None]
    write_directions(run / side / "directions", table, dialect)


def _read_either(folder: Path, plain: str, with_distance: str) -> DirectionTable:
    """By the first row there is: one of five columns has no distance."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline()
        if first:
            return read_directions(folder, with_distance if first.count(",") == 5 else plain)
    return read_directions(folder, plain)


def read_with_places(path: Path, dialect: str) -> tuple[DirectionTable, Callable[[int], str]]:
    """`read_directions`, and what says 'path:line' of a row."""
    layout_of(dialect)
    return read_files(csv_files(path), dialect)


def read_files(files: Sequence[Path], dialect: str) -> tuple[DirectionTable, Callable[[int], str]]:
    """`read_with_places` of CSVs that lie anywhere; the table keeps their order.

    Raises:
        UnknownName, BadFile: see `read_directions`.
    """
    layout = layout_of(dialect)

    def refusal(cells: int) -> str:
        return _wrong_width(cells, dialect)

    rows = read_rows(files, len(layout.columns), refusal)
    _check(rows, layout, dialect)
    return _table(rows, layout), rows.place


def csv_files(path: Path) -> list[Path]:
    """The CSV files of a folder, or the one that `path` is.

    Raises:
        BadFile: not found, an empty folder, something else inside, or two files of one name.
    """
    if not path.is_dir():
        if not path.exists():
            raise BadFile(f"{path}: not found")
        return [path]
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    if not files:
        raise BadFile(f"{path}: an empty folder; expected one .csv a recording")
    seen: dict[str, Path] = {}
    for file in files:
        if file.is_dir():
            raise BadFile(f"{file}: a folder; give the folder that holds the .csv files itself")
        if file.suffix.lower() != ".csv":
            raise BadFile(f"{file}: not a .csv; keep nothing else in a folder of directions")
        if seen.setdefault(stem_of(file), file) != file:
            raise BadFile(f"{file}: {seen[stem_of(file)].name} has that name already; keep one")
    return files


def stem_of(path: Path) -> str:
    """The name less `.csv` in any case."""
    return path.name[:-4] if path.suffix.lower() == ".csv" else path.name


def write_directions(path: Path, table: DirectionTable, dialect: str) -> None:
    """A CSV a file into the folder `path`; where `path` ends in `.csv`, the table's one file.

    What was read in a dialect reads back the same. A distance in centimetres that is not a decimal
    of that unit may differ in its last bit.

    Raises:
        UnknownName: no such dialect.
        BadFile: the table lacks what the dialect has (a distance; angles where it has vectors, or
            the other way round), or holds several files where one is asked for.
    """
    layout = layout_of(dialect)
    _refuse_other_columns(path, table, layout, dialect)
    bounds = np.searchsorted(table.file, np.arange(len(table.files) + 1))
    lines = _text_rows(table, layout)
    texts = ["".join(lines[low:high]) for low, high in pairwise(bounds)]
    if path.suffix.lower() == ".csv":
        if len(texts) != 1:
            raise BadFile(f"{path}: one .csv for {len(texts)} files; give a folder")
        write_text(path, texts[0])
        return
    for name, text in zip(table.files, texts):
        write_text(path / f"{name}.csv", text)


def _wrong_width(cells: int, dialect: str) -> str:
    layout = LAYOUTS[dialect]
    others = [name for name, of in LAYOUTS.items() if len(of.columns) == cells]
    remedy = f"{cells} are in {', '.join(others)}: declare the right one" if others else "mend it"
    return (
        f"{cells} columns, but the dialect {dialect} has {len(layout.columns)}"
        f" ({', '.join(layout.columns)}); {remedy}"
    )


def _check(rows: Rows, layout: Layout, dialect: str) -> None:
    """Raises BadFile for the first row that breaks a rule."""
    first: tuple[int, str, str] | None = None
    for name, wrong, why in _rules(rows.values, layout):
        if wrong.any():
            row = int(np.argmax(wrong))
            first = (row, name, why) if first is None or row < first[0] else first
    if first is not None:
        row, name, why = first
        value = rows.values[row, layout.columns.index(name)]
        raise BadFile(
            f"{rows.place(row)}: {name} is {value:.15g}, {why}; mend the row, or declare another"
            f" dialect than {dialect} ({', '.join(layout.columns)})"
        )


def _rules(values: Array, layout: Layout) -> Iterator[tuple[str, Array, str]]:
    """(column, rows that break a rule of it, the rule)."""
    for name, value in zip(layout.columns, values.T):
        if name in ("frame", "class"):
            wrong = (value != np.trunc(value)) | (value < 0) | (value > WHOLE)
            yield name, wrong, "not a whole number from 0 on"
        elif name == "track":
            yield name, (value != np.trunc(value)) | (np.abs(value) > WHOLE), "not a whole number"
        elif name == "azimuth":
            yield name, np.abs(value) > 360, "beyond 360 degrees"
        elif name == "elevation":
            yield name, np.abs(value) > 90, "beyond 90 degrees"
        elif name == "distance":
            yield name, value < 0, "below 0"
        elif name == "x":
            at = layout.at("x", "y", "z")
            yield name, (values[:, at] == 0).all(axis=1), "as y and z are: that is no direction"


def _table(rows: Rows, layout: Layout) -> DirectionTable:
    values = rows.values
    whole = values[:, layout.at("frame", "class")].astype(np.int64)
    track = values[:, layout.at("track")].astype(np.int64)
    direction = values[:, layout.at("azimuth", "elevation", "x", "y", "z")]
    distance = values[:, layout.at("distance")]
    return DirectionTable(
        tuple(stem_of(file) for file in rows.files),
        rows.file,
        np.ascontiguousarray(whole[:, 0]),
        np.ascontiguousarray(whole[:, 1]),
        track[:, 0] if track.shape[1] else np.zeros(len(values), dtype=np.int64),
        np.ascontiguousarray(direction),
        distance[:, 0] / layout.per_metre if distance.shape[1] else None,
    )


def _refuse_other_columns(path: Path, table: DirectionTable, layout: Layout, dialect: str) -> None:
    if table.cartesian != ("x" in layout.columns):
        given = "vectors" if table.cartesian else "angles"
        raise BadFile(f"{path}: {given} do not fit the dialect {dialect}: {DIALECTS[dialect]}")
    if table.distance is None and "distance" in layout.columns:
        raise BadFile(f"{path}: no distances for the dialect {dialect}: {DIALECTS[dialect]}")


def _text_rows(table: DirectionTable, layout: Layout) -> list[str]:
    columns: list[list[str]] = [list(map(str, column.tolist())) for column in _whole(table, layout)]
    columns += [list(map(plain, column.tolist())) for column in table.direction.T]
    if "distance" in layout.columns and table.distance is not None:
        distance = (_scaled(value, layout.per_metre) for value in table.distance.tolist())
        columns.append(list(map(plain, distance)))
    return [",".join(cells) + "\n" for cells in zip(*columns)]


def _whole(table: DirectionTable, layout: Layout) -> list[Array]:
    track = [table.track] if "track" in layout.columns else []
    return [table.frame, table.label, *track]


def _scaled(metres: float, per_metre: float) -> float:
    """The shortest decimal in the file's unit that reads back as `metres`, or the nearest."""
    value = metres * per_metre
    for decimals in range(16):
        if round(value, decimals) / per_metre == metres:
            return round(value, decimals)
    return value


def plain(value: float) -> str:
    """The shortest decimal that reads back as the same float64; whole numbers without a point."""
    return str(int(value)) if value == int(value) and abs(value) < WHOLE else repr(value)
