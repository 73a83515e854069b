"""From results to the dot plots of `dots`: all systems of one data set, and the systems of a
paper's table, which differ in one thing, with the published values beside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seldbench import registry, tables
from seldbench.report.figures import dots
from seldbench.report.figures.dots import Panel, Series
from seldbench.report.figures.files import Data
from seldbench.report.marks import warnings_of
from seldbench.report.results.result import Group, Result
from seldbench.report.tables.cells import interval
from seldbench.report.tables.paired import names_of
from seldbench.report.tables.paper import (
    MEASURED,
    REDUCED,
    SIMULATED,
    MeasuredRow,
    lines_of,
    measured_rows,
    scored_by,
)
from seldbench.report.words import title
from seldbench.tables import PublishedTable

KINDS = (MEASURED, SIMULATED, REDUCED)
NAMES = {MEASURED: "measured", SIMULATED: "simulated data", REDUCED: "reduced, simulated data"}


@dataclass(frozen=True)
class Drawn:
    """The figure of a paper's table.

    kinds: of the runs in it. warnings: what their marks say, by mark. data: what is drawn.
    """

    name: str
    table: PublishedTable
    kinds: tuple[str, ...]
    warnings: dict[str, str]
    svg: str
    data: Data

    @property
    def file(self) -> str:
        """A name for a file."""
        return self.name.replace("/", "-")


def systems_figure(gathered: Sequence[Group], scores: Sequence[str], label: str) -> str:
    """A row a system, all on one data set."""
    names = names_of(gathered)
    panels = [
        Panel(score, "", {n: _series([g], score, "", 0) for n, g in zip(names, gathered)})
        for score in scores
    ]
    return dots.figure(panels, label)


def table_figure(name: str, table: PublishedTable, measured: list[MeasuredRow]) -> Drawn | None:
    """Of a table of which at least two systems were measured."""
    every = {g.first.run: g for m in measured for g in m.every}
    return _drawn(name, table, measured, list(every.values())) if len(every) > 1 else None


def table_figures(results: list[Result]) -> list[Drawn]:
    """Of all such tables."""
    found = []
    for paper in registry.names("tables"):
        for number, table in tables.load(registry.data_file("tables", paper)).tables.items():
            of = table_figure(f"{paper}/{number}", table, measured_rows(table, results))
            found += [of] if of else []
    return found


def _drawn(
    name: str, table: PublishedTable, measured: list[MeasuredRow], every: Sequence[Group]
) -> Drawn:
    kinds = tuple(kind for kind in KINDS if any(m.of(kind) for m in measured))
    sides = [(MEASURED,)] + ([(SIMULATED, REDUCED)] if set(kinds) - {MEASURED} else [])
    make = _by_class if table.classes else _by_system
    panels = [panel for of in sides for panel in make(table, measured, of, len(sides) > 1)]
    scores = list(dict.fromkeys(panel.score for panel in panels))
    panels = sorted(panels, key=lambda panel: scores.index(panel.score))
    marks = tuple(mark for group in every for mark in group.first.marks)
    svg = dots.figure(panels, f"{name}: published and measured")
    return Drawn(name, table, kinds, warnings_of(marks), svg, _data(panels))


def _data(panels: Sequence[Panel]) -> Data:
    """A row a seed, and a published value."""
    rows: list[tuple[str | float | None, ...]] = []
    for panel in panels:
        of = panel.title.strip()
        for name, every in panel.rows.items():
            for one in every:
                if one.published is not None:
                    value, spread = one.published
                    rows.append((panel.score, of, name, "published", value, spread))
                rows += [(panel.score, of, name, one.name, value, None) for value in one.values]
    return Data(("score", "panel", "row", "what", "value", "spread"), rows)


def _by_system(
    table: PublishedTable, measured: list[MeasuredRow], kinds: Sequence[str], titled: bool
) -> Iterator[Panel]:
    """A panel a metric, a row a system."""
    for metric in table.metrics:
        score = scored_by(table, metric)
        rows = {}
        for m in measured:
            value = (m.row.published[metric], m.row.spread.get(metric)) if _has(m, metric) else None
            series = [
                one
                for kind in kinds
                for one in _series(m.of(kind), score, NAMES[kind], KINDS.index(kind))
            ]
            rows[m.row.label] = _with_published(series, value) if MEASURED in kinds else series
        yield Panel(score, _title(kinds, measured) if titled else "", rows)


def _has(of_row: MeasuredRow, metric: str) -> bool:
    return metric in of_row.row.published


def _by_class(
    table: PublishedTable, measured: list[MeasuredRow], kinds: Sequence[str], titled: bool
) -> Iterator[Panel]:
    """One panel: a row a class, a group of classes or a score over all, with a series a system."""
    rows: dict[str, list[Series]] = {}
    for line in lines_of(table):
        name = title(line.name) if line.classes is None else line.name
        rows[name] = []
        for i, m in enumerate(measured):
            value = line.published(m.row)
            of_row = [
                Series(m.row.label, i, tuple(line.values(g)), bool(g.first.marks))
                for kind in kinds
                for g in m.of(kind)
            ]
            of_row = of_row or ([Series(m.row.label, i)] if MEASURED in kinds else [])
            published = None if value is None else (value, None)
            rows[name] += _with_published(of_row, published) if MEASURED in kinds else of_row
    yield Panel(table.class_score or "", _title(kinds, measured) if titled else "", rows)


def _series(gathered: Sequence[Group], score: str, name: str, tint: int) -> list[Series]:
    return [
        Series(
            name,
            tint,
            tuple(group.values(score)),
            bool(group.first.marks),
            interval=ends[1:] if (ends := interval(group, score)) else None,
        )
        for group in gathered
    ]


def _with_published(series: list[Series], value: tuple[float, float | None] | None) -> list[Series]:
    """The published value on the line of the first of the row's systems."""
    if value is None:
        return series
    first, *rest = series or [Series("", 0)]
    return [replace(first, published=value), *rest]


def _title(kinds: Sequence[str], measured: Sequence[MeasuredRow]) -> str:
    """The second line of a panel's title, where simulated data have panels of their own."""
    if MEASURED not in kinds:
        return "\nsimulated"
    return "\npublished" + (", measured" if any(m.of(MEASURED) for m in measured) else "")
