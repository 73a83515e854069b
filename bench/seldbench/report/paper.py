"""A paper's table with what was measured of its rows: the runs of a row's recipe and variant, or
the ensembles of such runs; and the runs of its reduced variant, in columns of their own.

Values are as in `tables`. A result on simulated or partial data never stands beside a published
value without its mark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from statistics import fmean

from seldbench import registry, tables
from seldbench.errors import UnknownName
from seldbench.report.cells import cell, mark, notes, number, order, published_cell, score_cell
from seldbench.report.results import Group, Result, groups
from seldbench.report.texttable import NO_VALUE, TextTable
from seldbench.tables import PublishedTable, Row

PUBLISHED, MEASURED, SIMULATED, REDUCED = "published", "measured", "simulated", "reduced"
ABOUT_REDUCED = (
    "reduced: a smaller variant of the same system; it shows what the system's parts do under equal"
    " conditions and never stands for the published one"
)
Lines = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
Show = Callable[[Group], str]  # the cell of a group of runs


@dataclass(frozen=True, eq=False)
class MeasuredRow:
    """A row of a table with the groups of runs that are that system, and those of its reduced
    variant."""

    row: Row
    groups: list[Group]
    reduced: list[Group]

    @property
    def every(self) -> list[Group]:
        return [*self.groups, *self.reduced]

    def of(self, kind: str) -> list[Group]:
        """The groups of one column."""
        if kind == REDUCED:
            return self.reduced
        return [g for g in self.groups if g.first.simulated == (kind == SIMULATED)]


def matches(row: Row, result: Result) -> bool:
    """Whether a result is of a row's system, on its data set or that one's simulated twin."""
    if not _on_its_data(row, result):
        return False
    if row.members:
        found = [(m.arch, m.variant) for m in result.members]
        wanted = [(row.architecture, v) for v, n in row.members.items() for _ in range(n)]
        return sorted(found) == sorted(wanted, key=str)
    return (row.architecture, row.variant) == (result.arch, result.variant)


def measured_rows(table: PublishedTable, results: list[Result]) -> list[MeasuredRow]:
    """Every row of the table, with what is among the results."""
    return [
        MeasuredRow(
            row,
            sorted(groups(r for r in results if matches(row, r)), key=order),
            sorted(groups(r for r in results if _is_reduced(row, r)), key=order),
        )
        for row in table.rows
    ]


def _is_reduced(row: Row, result: Result) -> bool:
    if row.reduced is None or not _on_its_data(row, result):
        return False
    return (row.architecture, row.reduced) == (result.arch, result.variant)


def _on_its_data(row: Row, result: Result) -> bool:
    """Of some rows the recipe's data set is a simulated one without a real twin."""
    return row.dataset in (result.real_dataset, result.dataset)


def scored_by(table: PublishedTable, score: str) -> str:
    """A metric of a table under its scorer's name, where the table says the scorer."""
    return f"{table.scorer}/{score}" if table.scorer else score


def against(name: str, results: list[Result]) -> TextTable:
    """The rows of the published table `paper/number`, with what was measured of each.

    Raises:
        UnknownName: no such table.
    """
    paper, slash, number_ = name.partition("/")
    if not slash:
        raise UnknownName(f"no table {name!r}: name a paper and a table, such as ast_sed/1")
    table = tables.table(registry.data_file("tables", paper), number_)
    measured = measured_rows(table, results)
    kinds = kinds_of(measured)
    make = _by_class if table.classes else _by_system
    columns, rows = make(table, measured, kinds)
    gathered = [group for of_row in measured for group in of_row.every]
    head = (f"source: {table.source}", f"protocol: {table.protocol}")
    remarks = [f"{row.label}: {row.note}" for row in table.rows if row.note]
    remarks += [ABOUT_REDUCED] if REDUCED in kinds else []
    remarks += [_about_improvement(*table.improvement)] if table.improvement else []
    return TextTable(f"{name}: {table.title}", columns, rows, (*head, *remarks, *notes(gathered)))


def kinds_of(measured: Sequence[MeasuredRow]) -> list[str]:
    """The columns of a system: simulated and reduced ones where there are such runs."""
    further = [kind for kind in (SIMULATED, REDUCED) if any(m.of(kind) for m in measured)]
    return [PUBLISHED, MEASURED, *further]


def _by_system(
    table: PublishedTable, measured: Sequence[MeasuredRow], kinds: Sequence[str]
) -> Lines:
    """A line a system; for each metric what was published and what was measured."""
    lines = []
    for of_row in measured:
        cells = [of_row.row.label]
        for metric in table.metrics:
            show = partial(score_cell, scored_by(table, metric))
            cells += [published_cell(of_row.row, metric), *_beside(of_row, kinds, show)]
        lines.append((*cells, _state(of_row)))
    columns = [f"{metric} {kind}" for metric in table.metrics for kind in kinds]
    return ("system", *columns, "runs"), tuple(lines)


@dataclass(frozen=True)
class Line:
    """A line of a table by class: a class, a group of classes, or (classes None) a metric over all.

    score: as runs have it.
    """

    name: str
    score: str
    classes: tuple[str, ...] | None

    def published(self, row: Row) -> float | None:
        values = row.published if self.classes is None else row.classes
        return values.get(self.name)

    def published_cell(self, row: Row) -> str:
        if self.classes is None:
            return published_cell(row, self.name)
        return number(self.published(row), self.score)

    def values(self, group: Group) -> list[float]:
        if self.classes is None:
            return group.values(self.score)
        return group.class_values(self.score, self.classes)

    def cell(self, group: Group) -> str:
        if self.classes is None:
            return score_cell(self.score, group)
        return cell(self.score, self.values(group))


def _by_class(
    table: PublishedTable, measured: Sequence[MeasuredRow], kinds: Sequence[str]
) -> Lines:
    """A line a class, a group of classes or a score over all; for each system its columns, and for
    the improvement of one over another."""
    rows = []
    for line in lines_of(table):
        cells = [(line.published_cell(m.row), *_beside(m, kinds, line.cell)) for m in measured]
        rows.append((line.name, *chain(*cells), *_improvement(table, measured, kinds, line)))
    states = [(_state(of_row), *[""] * (len(kinds) - 1)) for of_row in measured]
    blank = [""] * len(kinds) if table.improvement else []
    rows.append(("runs", *chain(*states), *blank))
    columns = [f"{m.row.label} {kind}" for m in measured for kind in kinds]
    columns += [f"improvement {kind}" for kind in kinds] if table.improvement else []
    return (f"class ({table.class_score})", *columns), tuple(rows)


def lines_of(table: PublishedTable) -> list[Line]:
    score = scored_by(table, table.class_score or "")
    classes = [Line(c, score, tuple(table.groups.get(c, [c]))) for c in table.classes]
    return classes + [Line(metric, scored_by(table, metric), None) for metric in table.metrics]


def _improvement(
    table: PublishedTable, measured: Sequence[MeasuredRow], kinds: Sequence[str], line: Line
) -> list[str]:
    """(with - without) / without in per cent, a cell a kind; of means over seeds. No value where
    one of the two is absent, or stands for several systems."""
    if table.improvement is None:
        return []
    pair = [next(m for m in measured if m.row.label == label) for label in table.improvement]
    without, with_ = (line.published(m.row) for m in pair)
    found = [_gain(without, with_)]
    for kind in kinds[1:]:
        without, with_ = (
            _mean(line.values(m.of(kind)[0])) if len(m.of(kind)) == 1 else None for m in pair
        )
        found.append(_gain(without, with_))
    return found


def _gain(without: float | None, with_: float | None) -> str:
    if without is None or with_ is None or without == 0:
        return NO_VALUE
    return f"{100 * (with_ - without) / without:+.2f} %"


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None


def _about_improvement(without: str, with_: str) -> str:
    return (
        f"improvement: ({with_} - {without}) / {without}, in per cent, of the values in this table;"
        " measured ones are means over seeds"
    )


def _beside(of_row: MeasuredRow, kinds: Sequence[str], show: Show) -> list[str]:
    """The cells beside a published value, one for each kind of run."""
    return ["; ".join(show(g) + mark(g) for g in of_row.of(kind)) or NO_VALUE for kind in kinds[1:]]


def _state(of_row: MeasuredRow) -> str:
    row = of_row.row
    if not row.built:
        return "not built"
    said = [f"{g.first.dataset} x {len(g.results)}{mark(g)}" for g in of_row.groups]
    said += [
        f"{row.reduced} on {g.first.dataset} x {len(g.results)}{mark(g)}" for g in of_row.reduced
    ]
    if said:
        return "; ".join(said)
    if row.members:
        members = " + ".join(f"{n} x {row.recipe} {v}" for v, n in row.members.items())
        return f"no ensemble of {members}"
    return f"no run of {row.recipe} {row.variant}"
