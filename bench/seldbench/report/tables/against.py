"""The tables of papers: published values, what was measured of each row, and the difference.

A result on simulated or partial data never stands beside a published value without its mark, and
nothing is subtracted from a published value but what was measured on the whole real data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean

from seldbench import registry, tables
from seldbench.errors import UnknownName, near
from seldbench.report.results.result import Group, Result
from seldbench.report.tables.captions import about
from seldbench.report.tables.cells import (
    Key,
    cell,
    given_cell,
    interval,
    key_of,
    notes,
    published_cell,
    source_of,
)
from seldbench.report.tables.paper import (
    MEASURED,
    PUBLISHED,
    REDUCED,
    Line,
    MeasuredRow,
    kinds_of,
    lines_of,
    measured_rows,
    scored_by,
)
from seldbench.report.tables.sheet import (
    NO_VALUE,
    Amount,
    Block,
    Cell,
    Column,
    Entry,
    Sheet,
    in_brackets,
)
from seldbench.report.tables.view import View
from seldbench.tables import PublishedTable, Row

DIFFERENCE = "difference"
ABOUT_REDUCED = (
    "reduced: a smaller variant of the same system; it shows what the system's parts do under equal"
    " conditions and never stands for the published one"
)
ABOUT_DIFFERENCE = (
    "difference: measured less published, of results on the whole real data; published values come"
    " without predictions, so there is no pairing, no interval and no significance"
)
VIEW = View()


def against(name: str, results: list[Result], view: View = VIEW) -> Sheet:
    """The rows of the published table `paper/number`, with what was measured of each.

    Raises:
        UnknownName: no such table, or a metric that it does not have.
    """
    paper, slash, number = name.partition("/")
    if not slash:
        raise UnknownName(f"no table {name!r}: name a paper and a table, such as ast_sed/1")
    table = tables.table(registry.data_file("tables", paper), number)
    measured = measured_rows(table, results)
    make = _by_class if table.classes else _by_system
    sheet = make(table, measured, view)
    gathered = [group for of_row in measured for group in of_row.every]
    head = (f"source: {table.source}", f"protocol: {table.protocol}")
    remarks = [f"{row.label}: {row.note}" for row in table.rows if row.note]
    remarks += [ABOUT_DIFFERENCE] if any(c.versus for c in sheet.values) else []
    remarks += [ABOUT_REDUCED] if REDUCED in kinds_of(measured) else []
    remarks += [_about_improvement(*table.improvement)] if table.improvement else []
    every = (*head, *remarks, *sheet.notes, *notes(gathered))
    said = f"{table.title}: published values"
    measured_on = f" beside measured ones, {about(gathered)}" if gathered else ""
    return replace(
        sheet, title=f"{name}: {table.title}", notes=every, about=said + measured_on, label=name
    )


def _wanted(names: Sequence[str], view: View) -> list[str]:
    """The table's scores or, of these, those that are asked for."""
    for metric in view.metrics:
        if metric not in names:
            raise UnknownName(
                f"--metric {metric}: not in this table{near(metric, names)}; it has"
                f" {', '.join(dict.fromkeys(names))}"
            )
    return [name for name in names if not view.metrics or name in view.metrics]


def _by_system(table: PublishedTable, measured: Sequence[MeasuredRow], view: View) -> Sheet:
    """An entry a system; for each metric what was published and what was measured."""
    metrics, kinds = _wanted(table.metrics, view), _kinds(measured)
    columns = tuple(column for metric in metrics for column in _columns(metric, kinds))
    entries = []
    for of_row in measured:
        cells: dict[str, Cell] = {}
        for metric in metrics:
            score = scored_by(table, metric)
            given = published_cell(of_row.row, metric, score, PUBLISHED)
            values = {key_of(g): g.values(score) for g in of_row.every}
            show = partial(_of_group, score, values)
            cells |= dict(zip((f"{metric} {k}" for k in kinds), _cells(of_row, kinds, given, show)))
        entries.append(Entry(of_row.row.label, cells, {"runs": _state(of_row)}))
    return Sheet("", "system", columns, (Block("", tuple(entries)),), remarks=("runs",))


def _by_class(table: PublishedTable, measured: Sequence[MeasuredRow], view: View) -> Sheet:
    """An entry a class, a group of classes or a score over all; for each system its columns, and
    for the improvement of one over another."""
    kinds, lines = _kinds(measured), lines_of(table)
    names = [table.class_score or "" if line.classes else line.name for line in lines]
    wanted = set(_wanted(names, view))
    entries = []
    for line in (one for one, name in zip(lines, names) if name in wanted):
        cells: dict[str, Cell] = {}
        for of_row in measured:
            given = _given(line, of_row.row)
            values = {key_of(g): line.values(g) for g in of_row.every}
            show = partial(_of_group, line.score, values, label=_class(line))
            found = _cells(of_row, kinds, given, show)
            cells |= dict(zip((f"{of_row.row.label} {kind}" for kind in kinds), found))
        words = dict(zip(_improvements(table, kinds), _improvement(table, measured, kinds, line)))
        entries.append(Entry(line.name, cells, words))
    return Sheet(
        "",
        f"class ({table.class_score})",
        tuple(column for m in measured for column in _columns(m.row.label, kinds)),
        (Block("", tuple(entries)),),
        tuple(f"runs of {m.row.label}: {_state(m)}" for m in measured),
        remarks=tuple(_improvements(table, kinds)),
        across=True,
    )


def _kinds(measured: Sequence[MeasuredRow]) -> list[str]:
    """What there is of every score: the difference only where there is one to be taken."""
    found = kinds_of(measured)
    if any(_whole(group) for m in measured for group in m.of(MEASURED)):
        found.insert(found.index(MEASURED) + 1, DIFFERENCE)
    return found


def _whole(group: Group) -> bool:
    return not group.first.data.partial and group.first.provenance.limit is None


def _columns(of: str, kinds: Sequence[str]) -> list[Column]:
    versus = {DIFFERENCE: f"{of} {MEASURED}"}
    return [
        Column(f"{of} {kind}", "", of, kind, kind != PUBLISHED, versus.get(kind)) for kind in kinds
    ]


def _of_group(
    score: str, values: Mapping[Key, list[float]], group: Group, kind: str, label: str = ""
) -> Cell:
    """A group's value; of classes without interval."""
    ends = None if label else interval(group, score)
    source = replace(source_of(group, kind), rivals=kind)
    return cell(score, values[key_of(group)], source, ends, label)


def _cells(
    of_row: MeasuredRow, kinds: Sequence[str], given: Cell, show: Callable[[Group, str], Cell]
) -> list[Cell]:
    """The cells of a row for one score, in the order of `kinds`."""
    made = {PUBLISHED: given}
    for kind in (k for k in kinds if k not in (PUBLISHED, DIFFERENCE)):
        made[kind] = tuple(amount for group in of_row.of(kind) for amount in show(group, kind))
    if DIFFERENCE in kinds:
        whole = [g for g in of_row.of(MEASURED) if _whole(g)]
        values = [amount for group in whole for amount in show(group, MEASURED)]
        made[DIFFERENCE] = tuple(
            _less(amount, published) for amount in values for published in given
        )
    return [made[kind] for kind in kinds]


def _less(amount: Amount, published: Amount) -> Amount:
    return Amount(
        amount.score,
        amount.value - published.value,
        amount.source,
        label=amount.label,
        versus="published",
    )


def _given(line: Line, row: Row) -> Cell:
    if line.classes is None:
        return published_cell(row, line.name, line.score, PUBLISHED)
    value = line.published(row)
    return given_cell(row, value, line.score, label=line.name, rivals=PUBLISHED)


def _class(line: Line) -> str:
    return "" if line.classes is None else line.name


def _improvements(table: PublishedTable, kinds: Sequence[str]) -> list[str]:
    """The columns of the improvement."""
    mine = [kind for kind in kinds if kind != DIFFERENCE]
    return [f"improvement {kind}" for kind in mine] if table.improvement else []


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
    for kind in (k for k in kinds if k not in (PUBLISHED, DIFFERENCE)):
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


def _state(of_row: MeasuredRow) -> str:
    """Which runs of a row there are, or what is missing."""
    row = of_row.row
    if not row.built:
        return "not built"
    said = [_count(g, "") for g in of_row.groups]
    said += [_count(g, f"{row.reduced} on ") for g in of_row.reduced]
    if said:
        return "; ".join(said)
    if row.members:
        members = " + ".join(f"{n} x {row.recipe} {v}" for v, n in row.members.items())
        return f"no ensemble of {members}"
    return f"no run of {row.recipe} {row.variant}"


def _count(group: Group, before: str) -> str:
    first = group.first
    return f"{before}{first.dataset} x {len(group.results)}{in_brackets(first.marks)}"
