"""Pages of papers' tables: published and measured side by side, and why they may differ.

A difference in level is given of results on the table's own data alone. Of simulated data, and of
reduced systems, what one system gains on another is held against the published gain.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from jinja2 import Environment

from seldbench import registry, tables
from seldbench.report.figures.files import drawn
from seldbench.report.figures.systems import table_figure
from seldbench.report.marks import reading
from seldbench.report.pages.board import Cell, measured_cell, published_cell
from seldbench.report.results.result import Group, Result, mean_and_spread
from seldbench.report.tables.differences import reasons
from seldbench.report.tables.paper import (
    MEASURED,
    REDUCED,
    SIMULATED,
    Line,
    MeasuredRow,
    kinds_of,
    lines_of,
    measured_rows,
    scored_by,
)
from seldbench.report.words import shown
from seldbench.storage import write_text
from seldbench.tables import PublishedTable, Row

UP = "../../"


@dataclass(frozen=True, eq=False)
class Held:
    """A value of a table beside what was measured of it.

    measured: by kind, a cell a group of runs. difference: measured less published, of the table's
    own data. gains: {kind: (published, measured)} on the table's first system, of other data.
    """

    published: Cell | None
    measured: dict[str, list[Cell]]
    difference: str = ""
    gains: dict[str, tuple[str, str]] | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """A published table. kinds: of the results beside it. columns: what stands side by side;
    lines: {name: a value a column}."""

    name: str
    of: PublishedTable
    rows: list[MeasuredRow]

    @property
    def file(self) -> str:
        return self.name.replace("/", "-")

    @cached_property
    def kinds(self) -> list[str]:
        known = kinds_of(self.rows)[1:]
        measured = any(row.of(MEASURED) for row in self.rows)
        return [kind for kind in known if kind != MEASURED or measured]

    @property
    def simulated(self) -> bool:
        """Whether any result in it is of simulated data."""
        return any(group.first.simulated for group in self.groups)

    @property
    def groups(self) -> list[Group]:
        return list({g.first.run: g for row in self.rows for g in row.every}.values())

    @property
    def measured(self) -> int:
        """How many of its rows have a result."""
        return sum(bool(row.every) for row in self.rows)

    @property
    def reasons(self) -> dict[tuple[str, ...], list[str]]:
        """{why measured values may differ: the systems}, those with the same reasons together."""
        found: dict[tuple[str, ...], list[str]] = {}
        for row in self.rows:
            for why in reasons(row, self.of):
                found.setdefault(why, []).append(row.row.label)
        return {why: list(dict.fromkeys(labels)) for why, labels in found.items()}

    @property
    def columns(self) -> list[str]:
        return [row.row.label for row in self.rows] if self.of.classes else self.of.metrics

    @property
    def lines(self) -> Iterator[tuple[str, list[Held], Row | None]]:
        """By class a line a class and a column a system, else a line a system."""
        if self.of.classes:
            for line in lines_of(self.of):
                yield line.name, [_held_of_class(line, row, self.kinds) for row in self.rows], None
            return
        bases = {metric: _base(self.rows, metric, self.of) for metric in self.of.metrics}
        for row in self.rows:
            held = [_held(row, m, self.of, self.kinds, bases[m]) for m in self.of.metrics]
            yield row.row.label, held, row.row

    @property
    def base(self) -> str | None:
        """The system that gains are on."""
        found = (_base(self.rows, metric, self.of) for metric in self.of.metrics)
        return next((row.row.label for row in found if row is not None), None)

    @property
    def gains(self) -> bool:
        """Whether any gain is known."""
        lines = [] if self.of.classes else self.lines
        return any(held.gains for _, of_line, _ in lines for held in of_line)


@dataclass(frozen=True, eq=False)
class OfPaper:
    """The tables of a paper, and the results that stand in any of them."""

    name: str
    title: str
    tables: list[Table]

    @property
    def results(self) -> list[Result]:
        every = (r for table in self.tables for group in table.groups for r in group.results)
        return list({result.run: result for result in every}.values())

    @property
    def measured(self) -> bool:
        return any(table.measured for table in self.tables)


def papers(results: list[Result]) -> list[OfPaper]:
    """All papers with published values, by name."""
    found = []
    for paper in registry.names("tables"):
        known = tables.load(registry.data_file("tables", paper))
        made = [
            Table(f"{paper}/{number_}", table, measured_rows(table, results))
            for number_, table in known.tables.items()
        ]
        found.append(OfPaper(paper, known.title, made))
    return found


def write_papers(templates: Environment, of: Sequence[OfPaper], out: Path) -> None:
    """tables/index.html: all tables, and what was measured of them."""
    page = templates.get_template("papers.html").render(root="../", papers=of)
    write_text(out / "tables" / "index.html", page)


def write_paper(templates: Environment, paper: OfPaper, out: Path) -> None:
    """tables/<paper>/index.html with the figures of its tables."""
    made: list[dict[str, Any]] = []
    for table in paper.tables:
        figure = table_figure(table.name, table.of, table.rows)
        picture = figure and drawn(
            figure.svg, out, f"tables/{paper.name}", table.file, figure.data, up=UP
        )
        made.append({"table": table, "figure": picture, "drawn": figure})
    page = templates.get_template("paper.html").render(
        root=UP, paper=paper, tables=made, reading=reading(paper.results)
    )
    write_text(out / "tables" / paper.name / "index.html", page)


def _base(rows: Iterable[MeasuredRow], metric: str, table: PublishedTable) -> MeasuredRow | None:
    """The first system whose gain over others is known: published, and measured elsewhere."""
    score = scored_by(table, metric)
    for row in rows:
        if metric in row.row.published and any(_mean(row, k, score) for k in (SIMULATED, REDUCED)):
            return row
    return None


def _held(
    row: MeasuredRow,
    metric: str,
    table: PublishedTable,
    kinds: Sequence[str],
    base: MeasuredRow | None,
) -> Held:
    score = scored_by(table, metric)
    value, spread = row.row.published.get(metric), row.row.spread.get(metric)
    published = None if value is None else published_cell(score, value, spread)
    measured = {kind: _cells(row.of(kind), score) for kind in kinds}
    gains = {} if base is None or base is row else _gains(row, base, metric, score)
    return Held(published, measured, _difference(value, row, score), gains)


def _cells(of: Sequence[Group], score: str) -> list[Cell]:
    return [cell for group in of if (cell := measured_cell(group, score)) is not None]


def _difference(value: float | None, row: MeasuredRow, score: str) -> str:
    """Measured less published; "" where the row stands for several systems, or none."""
    mean = _mean(row, MEASURED, score)
    return "" if value is None or mean is None else shown(mean - value, score, "+")


def _gains(
    row: MeasuredRow, base: MeasuredRow, metric: str, score: str
) -> dict[str, tuple[str, str]]:
    published, first = row.row.published.get(metric), base.row.published[metric]
    if published is None:
        return {}
    said = shown(published - first, metric, "+")
    found = {}
    for kind in (SIMULATED, REDUCED):
        mean, theirs = _mean(row, kind, score), _mean(base, kind, score)
        if mean is not None and theirs is not None:
            found[kind] = (said, shown(mean - theirs, score, "+"))
    return found


def _mean(row: MeasuredRow, kind: str, score: str) -> float | None:
    """Of the one system of a kind; None where there are several, or none with the score."""
    of = row.of(kind)
    values = of[0].values(score) if len(of) == 1 else []
    return fmean(values) if values else None


def _held_of_class(line: Line, row: MeasuredRow, kinds: Sequence[str]) -> Held:
    measured = {k: [c for g in row.of(k) if (c := _class_cell(line, g))] for k in kinds}
    value, of = line.published(row.row), row.of(MEASURED)
    values = line.values(of[0]) if len(of) == 1 else []
    known = value is not None and values
    difference = shown(fmean(values) - (value or 0.0), line.score, "+") if known else ""
    published = None if value is None else published_cell(line.score, value)
    return Held(published, measured, difference)


def _class_cell(line: Line, group: Group) -> Cell | None:
    values = line.values(group)
    if not values:
        return None
    mean, spread = mean_and_spread(values)
    below = "" if spread is None else f"± {shown(spread, line.score)}"
    return Cell(mean, shown(mean, line.score), below)
