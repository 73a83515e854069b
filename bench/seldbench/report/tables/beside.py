"""Measured beside published: runs grouped over their seeds, each with what was published of it
(`against` has the tables of papers, with what was measured of their rows).

Scores are fractions, degrees or metres. A result on simulated or partial data never stands beside a
published value without its mark. Systems scored by different scorers stand in tables of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from seldbench import registry, tables
from seldbench.errors import MissingData
from seldbench.report.results.result import SED_SCORES, SINGLE_HEADLINES, Group, Result, groups
from seldbench.report.tables.captions import about, label
from seldbench.report.tables.cells import notes, order, published_cell, score_cell
from seldbench.report.tables.paper import matches, scored_by
from seldbench.report.tables.sheet import Block, Cell, Column, Entry, Sheet
from seldbench.report.tables.to_baseline import ToBaseline
from seldbench.report.tables.view import View
from seldbench.tables import PublishedTable, Row

VIEW = View()
TITLE = "Measured beside published"


def overview(
    results: list[Result], view: View = VIEW, differences: ToBaseline | None = None
) -> tuple[Sheet, ...]:
    """All systems, each with what was published of its recipe and variant below it; a table for
    each task and leading scorer, and of sources for what is asked about them.

    Args:
        differences: to a baseline; a column beside each score's.

    Raises:
        MissingData: no results. UnknownName: a metric that none of them has.
    """
    view.check(name for r in results for name in r.scores)
    found = tuple(
        _overview(gathered, view, differences) for gathered in tasks(gathered_by(results, view))
    )
    return tuple(sheet for sheet in found if sheet.values)


def gathered_by(results: list[Result], view: View) -> list[Group]:
    """Seeds of one system together, or by seed each alone.

    Raises:
        MissingData: no results.
    """
    if not results:
        raise MissingData("nothing to compare: name a finished run, such as runs/<id>")
    found = groups(results)
    return [Group((r,)) for g in found for r in g.results] if view.by == "seed" else found


def tasks(gathered: Iterable[Group]) -> list[list[Group]]:
    """Groups of one task and scorer, and of one kind of question, in the order of `cells.order`."""

    def scored(group: Group) -> tuple[str, tuple[str, int]]:
        return group.first.task, group.first.rules

    in_order = sorted(gathered, key=lambda g: (scored(g), order(g)))
    return [list(of) for _, of in groupby(in_order, scored)]


def blocks(gathered: Sequence[Group], view: View) -> dict[str, list[Group]]:
    """{heading: its groups}, in the order of the first of each."""
    found: dict[str, list[Group]] = {}
    for group in gathered:
        found.setdefault(view.block(group), []).append(group)
    return found


def rules(first: Result) -> str:
    """A table's scorer, or what was asked, in brackets."""
    by = first.scorer if first.task == "seld" else first.asked
    return f" ({by})" if by else ""


def label_of(group: Group, view: View) -> str:
    seed = group.first.seed
    return group.first.system + (f", seed {seed}" if view.by == "seed" and seed is not None else "")


def _overview(gathered: list[Group], view: View, differences: ToBaseline | None) -> Sheet:
    """Systems of one task and scorer."""
    if differences is not None and not differences.among(gathered):
        differences = None
    beside = {id(group): _published_rows(group.first) for group in gathered}
    scores = _scores(gathered, [rows for of in beside.values() for _, rows in of], view)
    columns = _columns(scores, differences)
    made = []
    for title, of_block in blocks(gathered, view).items():
        entries = []
        for group in of_block:
            entries.append(_entry(group, scores, view, differences))
            entries += [_below(*row, group.first, scores) for row in beside[id(group)]]
        made.append(Block(title, tuple(entries)))
    remarks = [*notes(gathered), *(differences.notes(gathered) if differences else ())]
    return Sheet(
        TITLE + rules(gathered[0].first),
        "system",
        columns,
        tuple(made),
        tuple(remarks),
        ("data",) if view.by == "seed" else ("data", "seeds"),
        about=about(gathered),
        label=label(gathered),
    )


def _columns(scores: Sequence[str], differences: ToBaseline | None) -> tuple[Column, ...]:
    if differences is None:
        return tuple(Column(score, score) for score in scores)
    values = [Column(score, score, score, "value") for score in scores]
    return tuple(chain(*((column, differences.column(column)) for column in values)))


def _scores(gathered: list[Group], rows: "list[_Published]", view: View) -> list[str]:
    """The scores that are shown: what was asked for, else headlines and what was published."""
    given = [*SED_SCORES, *SINGLE_HEADLINES, *(s for group in gathered for s in group.scores)]
    if view.metrics:
        return [s for s in view.metrics if s in {n for g in gathered for n in g.scores}]
    wanted = {name for group in gathered for name in _headlines(group.first)}
    wanted |= {name for published in rows for name in published.scores}
    return [s for s in dict.fromkeys([*given, *sorted(wanted)]) if s in wanted]


def _entry(
    group: Group, scores: Sequence[str], view: View, differences: ToBaseline | None
) -> Entry:
    cells: dict[str, Cell] = {score: score_cell(score, group) for score in scores}
    if differences is not None:
        cells |= {differences.name(s): differences.cell(s, group) for s in scores}
    words = {"data": group.first.dataset, "seeds": str(len(group.results))}
    return Entry(label_of(group, view), cells, words, group.first.marks)


def _below(where: str, published: "_Published", result: Result, scores: Sequence[str]) -> Entry:
    """What was published of the system above. A recipe's own data set stands in for one that was
    never released."""
    row = published.row
    of = result.real_dataset if row.dataset == result.real_dataset else "not released"
    cells = {s: published_cell(row, published.scores.get(s, ""), s) for s in scores}
    return Entry(f"published: {row.label} ({where})", cells, {"data": of}, below=True)


def _headlines(result: Result) -> list[str]:
    further = result.further_headlines.values()
    return [*result.headlines, *(name for of_scorer in further for name in of_scorer)]


@dataclass(frozen=True)
class _Published:
    """A row with its values under the names that a result has them under.

    scores: {name for the result: name in the row}.
    """

    row: Row
    scores: Mapping[str, str]


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
