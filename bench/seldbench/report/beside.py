"""Measured beside published: runs grouped over their seeds, against the rows of papers' tables.

Scores are fractions. A result on simulated or partial data never stands beside a published value
without its mark.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain

from seldbench import registry, tables
from seldbench.errors import MissingData, UnknownName
from seldbench.report.results import SED_SCORES, Group, Result, groups, mean_and_spread
from seldbench.report.texttable import NO_VALUE, TextTable
from seldbench.tables import PublishedTable, Row


def overview(results: list[Result]) -> TextTable:
    """All systems, each with what was published of its recipe and variant below it.

    Raises:
        MissingData: no results.
    """
    if not results:
        raise MissingData("nothing to compare: name a finished run, such as runs/<id>")
    gathered = sorted(groups(results), key=_order)
    beside = [(group, _published_rows(group.first)) for group in gathered]
    shown = {name for group in gathered for name in group.first.headlines}
    shown |= {name for _, rows in beside for _, row in rows for name in row.published}
    given = [*SED_SCORES, *(s for group in gathered for s in group.scores)]
    scores = [s for s in dict.fromkeys(given) if s in shown]
    lines = []
    for group, rows in beside:
        cells = (_score_cell(s, group) for s in scores)
        lines.append((_name(group), _data(group), str(len(group.results)), *cells))
        for where, row in rows:
            cells = (_published_cell(row, s) for s in scores)
            lines.append(
                (f"  published: {row.label} ({where})", group.first.real_dataset, "", *cells)
            )
    return TextTable(
        "Measured beside published", ("system", "data", "seeds", *scores), tuple(lines),
        _notes(gathered),
    )  # fmt: skip


def _published_rows(result: Result) -> list[tuple[str, Row]]:
    """(paper/number, row) for every published row of the result's recipe and variant."""
    recipe = f"{result.arch}/{result.real_dataset}"
    return [
        (f"{paper}/{number}", row)
        for paper in registry.names("tables")
        for number, table in tables.load(registry.data_file("tables", paper)).tables.items()
        for row in table.rows
        if (row.recipe, row.variant) == (recipe, result.variant)
    ]


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
            show = partial(_score_cell, metric)
            cells += [_published_cell(row, metric), *_beside(of_row, kinds, show)]
        lines.append((*cells, _state(row, of_row)))
    columns = [f"{metric} {kind}" for metric in table.metrics for kind in kinds]
    return ("system", *columns, "runs"), tuple(lines)


def _by_class(table: PublishedTable, measured: list[list[Group]], kinds: Sequence[str]) -> Lines:
    """A line a class, a group of classes or a score over all; for each system its columns."""
    systems = list(zip(table.rows, measured))
    lines = []
    for name in table.classes:
        show = partial(_class_cell, table.class_score or "", table.groups.get(name, [name]))
        cells = [(_number(row.classes.get(name)), *_beside(g, kinds, show)) for row, g in systems]
        lines.append((name, *chain(*cells)))
    for metric in table.metrics:
        show = partial(_score_cell, metric)
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
    return _cell(group.values(score), _interval(group, score))


def _class_cell(score: str, classes: Sequence[str], group: Group) -> str:
    return _cell(group.class_values(score, classes))


def _state(row: Row, of_row: list[Group]) -> str:
    if not row.built:
        return "not built"
    if not of_row:
        return f"no run of {row.recipe} {row.variant}"
    return "; ".join(f"{g.first.dataset} x {len(g.results)}{_mark(g)}" for g in of_row)


def _cell(values: list[float], interval: tuple[str, float, float] | None = None) -> str:
    """Mean ± spread over seeds, or one run's value with its interval."""
    if not values:
        return NO_VALUE
    mean, spread = mean_and_spread(values)
    if spread is not None:
        return f"{mean:.3f} ± {spread:.3f}"
    return f"{mean:.3f}" + (f" [{interval[1]:.3f}, {interval[2]:.3f}]" if interval else "")


def _interval(group: Group, score: str) -> tuple[str, float, float] | None:
    return group.first.interval(score) if len(group.results) == 1 else None


def _published_cell(row: Row, score: str) -> str:
    spread = row.spread.get(score)
    return _number(row.published.get(score)) + (f" ± {_number(spread)}" if spread else "")


def _number(value: float | None) -> str:
    """As published: at least three decimals, more where they were given."""
    if value is None:
        return NO_VALUE
    return max(f"{value:.3f}", repr(value), key=len)


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
    for group in gathered:
        if group.first.data.partial:
            found, expected = group.first.data.coverage.get(group.first.split, (0, 0))
            missing = f", {found} of {expected} were found" if found < expected else ""
            notes.append(f"partial: {_name(group)} was not scored on all test clips{missing}")
        if group.superseded:
            notes.append(f"not counted, run again since: {', '.join(group.superseded)}")
    return tuple(dict.fromkeys(notes))
