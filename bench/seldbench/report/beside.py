"""Measured beside published: runs grouped over their seeds, each with what was published of it
(`paper` has the tables of papers, with what was measured of their rows).

Scores are fractions, degrees or metres. A result on simulated or partial data never stands beside a
published value without its mark. Systems scored by different scorers stand in tables of their own.
"""

from dataclasses import dataclass
from itertools import groupby

from seldbench import registry, tables
from seldbench.errors import MissingData
from seldbench.report.cells import mark, notes, order, published_cell, score_cell
from seldbench.report.paper import matches, scored_by
from seldbench.report.results import SED_SCORES, SINGLE_HEADLINES, Group, Result, groups
from seldbench.report.texttable import TextTable
from seldbench.tables import PublishedTable, Row


def overview(results: list[Result]) -> tuple[TextTable, ...]:
    """All systems, each with what was published of its recipe and variant below it; a table for
    each task and leading scorer, and of sources for what is asked about them.

    Raises:
        MissingData: no results.
    """
    if not results:
        raise MissingData("nothing to compare: name a finished run, such as runs/<id>")

    def scored(group: Group) -> tuple[str, tuple[str, int]]:
        return group.first.task, group.first.rules

    gathered = sorted(groups(results), key=lambda g: (scored(g), order(g)))
    return tuple(_overview(list(of)) for _, of in groupby(gathered, scored))


def _overview(gathered: list[Group]) -> TextTable:
    """Systems of one task and scorer."""
    beside = [(group, _published_rows(group.first)) for group in gathered]
    wanted = {name for group in gathered for name in _headlines(group.first)}
    wanted |= {name for _, rows in beside for _, published in rows for name in published.scores}
    first = (*SED_SCORES, *SINGLE_HEADLINES)
    given = [*first, *(s for group in gathered for s in group.scores), *sorted(wanted)]
    scores = [s for s in dict.fromkeys(given) if s in wanted]
    lines = []
    for group, rows in beside:
        cells = (score_cell(s, group) for s in scores)
        lines.append((group.first.system, _data(group), str(len(group.results)), *cells))
        for where, published in rows:
            cells = (published.cell(s) for s in scores)
            label = f"  published: {published.row.label} ({where})"
            lines.append((label, _published_on(published.row, group.first), "", *cells))
    of = gathered[0].first
    by = f" ({of.scorer})" if of.task == "seld" else f" ({of.asked})" if of.asked else ""
    return TextTable(
        f"Measured beside published{by}", ("system", "data", "seeds", *scores), tuple(lines),
        notes(gathered),
    )  # fmt: skip


def _headlines(result: Result) -> list[str]:
    further = result.further_headlines.values()
    return [*result.headlines, *(name for of_scorer in further for name in of_scorer)]


@dataclass(frozen=True)
class _Published:
    """A row with its values under the names that a result has them under.

    scores: {name for the result: name in the row}.
    """

    row: Row
    scores: dict[str, str]

    def cell(self, score: str) -> str:
        return published_cell(self.row, self.scores.get(score, ""))


def _published_rows(result: Result) -> list[tuple[str, _Published]]:
    """(paper/number, row) for the rows of the result's recipe and variant that have values."""
    return [
        (f"{paper}/{number}", _Published(row, _scores_of(row, table, result)))
        for paper in registry.names("tables")
        for number, table in tables.load(registry.data_file("tables", paper)).tables.items()
        for row in table.rows
        if (row.published or row.classes) and matches(row, result)
    ]


def _scores_of(row: Row, table: PublishedTable, result: Result) -> dict[str, str]:
    return {result.name_of(scored_by(table, score)): score for score in row.published}


def _published_on(row: Row, result: Result) -> str:
    """A recipe's own data set stands in for one that was never released."""
    return result.real_dataset if row.dataset == result.real_dataset else "not released"


def _data(group: Group) -> str:
    return group.first.dataset + mark(group)
