"""Measured beside published: runs grouped over their seeds, against the rows of papers' tables.

Scores are fractions, degrees or metres. A result on simulated or partial data never stands beside a
published value without its mark. Systems scored by different scorers stand in tables of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby

from seldbench import registry, tables
from seldbench.errors import MissingData, UnknownName
from seldbench.report.results import (
    IMPORTED,
    SED_SCORES,
    SELECTED_ON_TEST,
    Group,
    Result,
    groups,
    mean_and_spread,
)
from seldbench.report.texttable import NO_VALUE, TextTable
from seldbench.report.words import shown
from seldbench.tables import PublishedTable, Row

WARNINGS = {
    SELECTED_ON_TEST: "the weights were selected on the split that is reported",
    IMPORTED: "weights, or some of them, were published by others and not trained here",
}


def overview(results: list[Result]) -> tuple[TextTable, ...]:
    """All systems, each with what was published of its recipe and variant below it; a table for
    each task and leading scorer.

    Raises:
        MissingData: no results.
    """
    if not results:
        raise MissingData("nothing to compare: name a finished run, such as runs/<id>")

    def scored(group: Group) -> tuple[str, str]:
        return group.first.task, group.first.scorer or ""

    gathered = sorted(groups(results), key=lambda g: (scored(g), _order(g)))
    return tuple(_overview(list(of)) for _, of in groupby(gathered, scored))


def _overview(gathered: list[Group]) -> TextTable:
    """Systems of one task and scorer."""
    beside = [(group, _published_rows(group.first)) for group in gathered]
    wanted = {name for group in gathered for name in _headlines(group.first)}
    wanted |= {name for _, rows in beside for _, published in rows for name in published.scores}
    given = [*SED_SCORES, *(s for group in gathered for s in group.scores), *sorted(wanted)]
    scores = [s for s in dict.fromkeys(given) if s in wanted]
    lines = []
    for group, rows in beside:
        cells = (_score_cell(s, group) for s in scores)
        lines.append((_name(group), _data(group), str(len(group.results)), *cells))
        for where, published in rows:
            cells = (published.cell(s) for s in scores)
            label = f"  published: {published.row.label} ({where})"
            lines.append((label, group.first.real_dataset, "", *cells))
    first = gathered[0].first
    by = f" ({first.scorer})" if first.task == "seld" else ""
    return TextTable(
        f"Measured beside published{by}", ("system", "data", "seeds", *scores), tuple(lines),
        _notes(gathered),
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
        return _published_cell(self.row, self.scores.get(score, ""))


def _published_rows(result: Result) -> list[tuple[str, _Published]]:
    """(paper/number, row) for every published row of the result's recipe and variant."""
    recipe = f"{result.arch}/{result.real_dataset}"
    return [
        (f"{paper}/{number}", _Published(row, _scores_of(row, table, result)))
        for paper in registry.names("tables")
        for number, table in tables.load(registry.data_file("tables", paper)).tables.items()
        for row in table.rows
        if (row.recipe, row.variant) == (recipe, result.variant)
    ]


def _scores_of(row: Row, table: PublishedTable, result: Result) -> dict[str, str]:
    return {result.name_of(_scored(table, score)): score for score in row.published}


def _scored(table: PublishedTable, score: str) -> str:
    """A metric of a table under its scorer's name, where the table says the scorer."""
    return f"{table.scorer}/{score}" if table.scorer else score


def against(name: str, results: list[Result]) -> TextTable:
    """The rows of the published table `paper/number`, with what was measured of each.

    Raises:
        UnknownName: no such table.
    """
    paper, slash, number = name.partition("/")
    if not slash:
        raise UnknownName(f"no table {name!r}: name a paper and a table, such as ast_sed/1")
    table = tables.table(registry.data_file("tables", paper), number)
    measured = [_groups_of(row, table, results) for row in table.rows]
    simulated = any(group.first.simulated for of_row in measured for group in of_row)
    kinds = ("published", "measured", "simulated") if simulated else ("published", "measured")
    make = _by_class if table.classes else _by_system
    columns, rows = make(table, measured, kinds)
    gathered = [group for of_row in measured for group in of_row]
    head = (f"source: {table.source}", f"protocol: {table.protocol}")
    remarks = tuple(f"{row.label}: {row.note}" for row in table.rows if row.note)
    return TextTable(f"{name}: {table.title}", columns, rows, head + remarks + _notes(gathered))


def _groups_of(row: Row, table: PublishedTable, results: list[Result]) -> list[Group]:
    """The groups of runs of a row's recipe and variant on the table's data set or its twin."""
    mine = [
        r
        for r in results
        if (r.arch, r.variant, r.real_dataset) == (row.architecture, row.variant, table.dataset)
    ]
    return sorted(groups(mine), key=_order)


Lines = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
Show = Callable[[Group], str]  # the cell of a group of runs


def _by_system(table: PublishedTable, measured: list[list[Group]], kinds: Sequence[str]) -> Lines:
    """A line a system; for each metric what was published and what was measured."""
    lines = []
    for row, of_row in zip(table.rows, measured):
        cells = [row.label]
        for metric in table.metrics:
            show = partial(_score_cell, _scored(table, metric))
            cells += [_published_cell(row, metric), *_beside(of_row, kinds, show)]
        lines.append((*cells, _state(row, of_row)))
    columns = [f"{metric} {kind}" for metric in table.metrics for kind in kinds]
    return ("system", *columns, "runs"), tuple(lines)


def _by_class(table: PublishedTable, measured: list[list[Group]], kinds: Sequence[str]) -> Lines:
    """A line a class, a group of classes or a score over all; for each system its columns."""
    systems = list(zip(table.rows, measured))
    lines = []
    for name in table.classes:
        score = _scored(table, table.class_score or "")
        show = partial(_class_cell, score, table.groups.get(name, [name]))
        cells = [
            (_number(row.classes.get(name), score), *_beside(g, kinds, show)) for row, g in systems
        ]
        lines.append((name, *chain(*cells)))
    for metric in table.metrics:
        show = partial(_score_cell, _scored(table, metric))
        cells = [(_published_cell(row, metric), *_beside(g, kinds, show)) for row, g in systems]
        lines.append((metric, *chain(*cells)))
    states = [(_state(row, of_row), *[""] * (len(kinds) - 1)) for row, of_row in systems]
    lines.append(("runs", *chain(*states)))
    columns = [f"{row.label} {kind}" for row in table.rows for kind in kinds]
    return (f"class ({table.class_score})", *columns), tuple(lines)


def _beside(of_row: list[Group], kinds: Sequence[str], show: Show) -> list[str]:
    """The cells beside a published value: measured on the real data and, if asked, on simulated."""
    cells = []
    for kind in kinds[1:]:
        mine = [g for g in of_row if g.first.simulated == (kind == "simulated")]
        cells.append("; ".join(show(g) + _mark(g) for g in mine) or NO_VALUE)
    return cells


def _score_cell(score: str, group: Group) -> str:
    return _cell(score, group.values(score), _interval(group, score))


def _class_cell(score: str, classes: Sequence[str], group: Group) -> str:
    return _cell(score, group.class_values(score, classes))


def _state(row: Row, of_row: list[Group]) -> str:
    if not row.built:
        return "not built"
    if not of_row:
        return f"no run of {row.recipe} {row.variant}"
    return "; ".join(f"{g.first.dataset} x {len(g.results)}{_mark(g)}" for g in of_row)


def _cell(score: str, values: list[float], interval: tuple[str, float, float] | None = None) -> str:
    """Mean ± spread over seeds, or one run's value with its interval."""
    if not values:
        return NO_VALUE
    mean, spread = mean_and_spread(values)
    if spread is not None:
        return f"{shown(mean, score)} ± {shown(spread, score)}"
    between = f" [{shown(interval[1], score)}, {shown(interval[2], score)}]" if interval else ""
    return shown(mean, score) + between


def _interval(group: Group, score: str) -> tuple[str, float, float] | None:
    return group.first.interval(score) if len(group.results) == 1 else None


def _published_cell(row: Row, score: str) -> str:
    spread = row.spread.get(score)
    value = _number(row.published.get(score), score)
    return value + (f" ± {_number(spread, score)}" if spread else "")


def _number(value: float | None, score: str) -> str:
    """As published: at least as many decimals as measured values have, more where they were
    given."""
    if value is None:
        return NO_VALUE
    plain = shown(value, score)
    symbol = plain.lstrip("-0123456789.")
    return max(plain, f"{value!r}{symbol}", key=len)


def _name(group: Group) -> str:
    return f"{group.first.arch} {group.first.variant}"


def _data(group: Group) -> str:
    return group.first.dataset + _mark(group)


def _mark(group: Group) -> str:
    return f" ({'; '.join(group.first.marks)})" if group.first.marks else ""


def _order(group: Group) -> tuple[str | bool, ...]:
    first = group.first
    return (first.real_dataset, first.simulated, first.arch, first.variant, first.run)


def _notes(gathered: list[Group]) -> tuple[str, ...]:
    """What the marks, spreads and intervals that occur mean."""
    notes = []
    methods = {i[0] for g in gathered for s in g.scores if (i := _interval(g, s))}
    if methods:
        notes.append(f"[low, high]: the interval of one run ({', '.join(sorted(methods))})")
    if any(len(group.results) > 1 for group in gathered):
        notes.append("±: the sample standard deviation over seeds")
    for text in [g.first.data.simulated or "" for g in gathered if g.first.simulated]:
        notes.append(
            "simulated: compares systems under equal conditions and says nothing about levels on"
            f" the real data set{f': {text}' if text else ''}"
        )
    for mark, text in WARNINGS.items():
        if any(mark in group.first.marks for group in gathered):
            notes.append(f"{mark}: {text}")
    for group in gathered:
        if group.first.data.partial:
            found, expected = group.first.data.coverage.get(group.first.split, (0, 0))
            missing = f", {found} of {expected} were found" if found < expected else ""
            notes.append(f"partial: {_name(group)} was not scored on all test clips{missing}")
        if group.superseded:
            notes.append(f"not counted, run again since: {', '.join(group.superseded)}")
    return tuple(dict.fromkeys(notes))
