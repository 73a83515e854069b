"""Scores by class: a table a score and data set, classes against systems."""

from collections.abc import Iterator, Sequence
from functools import partial

from seldbench.errors import UnknownName, near
from seldbench.report.results.result import Group, Result
from seldbench.report.tables.beside import blocks, gathered_by, rules, tasks
from seldbench.report.tables.captions import about, label
from seldbench.report.tables.cells import INTERVALS, cell, class_interval, notes, source_of
from seldbench.report.tables.paired import names_of
from seldbench.report.tables.sheet import Block, Cell, Column, Entry, Sheet
from seldbench.report.tables.view import View, of_classes
from seldbench.report.words import plain_title

SUMMARIES = ("_macro", "_micro")  # what a score of all classes is called after that of one
MOST = 3  # scores that are shown unasked


def by_class(results: list[Result], view: View) -> tuple[Sheet, ...]:
    """For every data set and score a table; of more systems than classes an entry a system.

    Raises:
        UnknownName: a metric that no class of any result has.
    """
    known = of_classes(results)
    plain = dict.fromkeys(_plain(metric, known) for metric in view.metrics)
    for metric in plain:
        if metric not in known:
            raise UnknownName(
                f"--metric {metric}: nothing that is compared has it by class{near(metric, known)};"
                f" there are {', '.join(known) or 'no scores by class'}"
            )
    found: list[Sheet] = []
    for gathered in tasks(gathered_by(results, view)):
        for dataset, of_set in blocks(gathered, view).items():
            for score in plain or _headlines(of_set):
                found += _sheets(of_set, score, dataset)
    return tuple(found)


def _plain(metric: str, known: Sequence[str]) -> str:
    """A score by class may be asked for by the name of its summary."""
    ends = [end for end in SUMMARIES if metric.endswith(end)]
    return metric.removesuffix(ends[0]) if ends and metric not in known else metric


def _headlines(gathered: Sequence[Group]) -> list[str]:
    """The scores by class that summaries lead with, or the first ones."""
    known = of_classes([group.first for group in gathered])
    leading = dict.fromkeys(_plain(name, known) for name in gathered[0].first.headlines)
    return [name for name in leading if name in known] or known[:MOST]


def _sheets(gathered: list[Group], score: str, dataset: str) -> Iterator[Sheet]:
    having = [g for g in gathered if any(score in of for of in g.first.classes.values())]
    if not having:
        return
    classes = list(dict.fromkeys(name for group in having for name in group.first.classes))
    systems = dict(zip(names_of(having), having))
    cells: dict[tuple[str, str], Cell] = {
        (name, system): cell(
            score,
            group.class_values(score, [name]),
            source_of(group),
            class_interval(group, name, score),
            label=name,
        )
        for name in classes
        for system, group in systems.items()
    }
    title = f"{score} by class on {dataset}{rules(having[0].first)}"
    between = any(amount.interval for cell in cells.values() for amount in cell)
    remarks = tuple(n for n in notes(having) if between or not n.startswith(INTERVALS))
    sheet = partial(
        Sheet,
        title,
        notes=remarks,
        about=about(having, f"{plain_title(score)} by class"),
        label=label(having, dataset, score),
    )
    if len(systems) <= len(classes):
        entries = [Entry(c, {s: cells[c, s] for s in systems}) for c in classes]
        columns = tuple(Column(s, marked=True) for s in systems)
        yield sheet("class", columns, (Block("", tuple(entries)),), across=True)
        return
    entries = [
        Entry(s, {c: cells[c, s] for c in classes}, {"seeds": str(len(g.results))}, g.first.marks)
        for s, g in systems.items()
    ]
    columns = tuple(Column(c) for c in classes)
    yield sheet("system", columns, (Block("", tuple(entries)),), words=("marks", "seeds"))
