"""What was measured of the rows of a paper's table: the runs of a row's recipe and variant, or the
ensembles of such runs; and the runs of its reduced variant. `against` makes the table of it.

Values are as in `tables`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from seldbench.report.results.result import Group, Result, groups
from seldbench.report.tables.cells import order
from seldbench.tables import PublishedTable, Row

PUBLISHED, MEASURED, SIMULATED, REDUCED = "published", "measured", "simulated", "reduced"


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


def kinds_of(measured: Sequence[MeasuredRow]) -> list[str]:
    """The columns of a system: simulated and reduced ones where there are such runs."""
    further = [kind for kind in (SIMULATED, REDUCED) if any(m.of(kind) for m in measured)]
    return [PUBLISHED, MEASURED, *further]


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

    def values(self, group: Group) -> list[float]:
        if self.classes is None:
            return group.values(self.score)
        return group.class_values(self.score, self.classes)


def lines_of(table: PublishedTable) -> list[Line]:
    score = scored_by(table, table.class_score or "")
    classes = [Line(c, score, tuple(table.groups.get(c, [c]))) for c in table.classes]
    return classes + [Line(metric, scored_by(table, metric), None) for metric in table.metrics]
