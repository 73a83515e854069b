"""The page over all runs: a table a data set with its figures, and the papers' tables of which
several systems were measured."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from seldbench.report import figures
from seldbench.report.leaderboard import best_first
from seldbench.report.page_parts import drawn, reading
from seldbench.report.results import Group, Result, groups, mean_and_spread
from seldbench.report.systems import systems_figure, table_figures
from seldbench.report.words import ASKED


def index_page(templates: Environment, results: list[Result], out: Path) -> str:
    def where(group: Group) -> tuple[str, str, bool, tuple[str, int]]:
        first = group.first
        return first.task, first.real_dataset, first.simulated, first.rules

    def order(group: Group) -> tuple[Any, ...]:
        ranking = group.first.ranking
        values = group.values(ranking) if ranking else []
        value = mean_and_spread(values)[0] if values else None
        return (*where(group), *best_first(group.first, value))

    gathered = sorted(groups(results), key=order)
    sections = [_section(list(of_set), out) for _, of_set in groupby(gathered, where)]
    page = templates.get_template("index.html")
    return page.render(
        count=len(results),
        datasets=len({section["dataset"] for section in sections}),
        sections=sections,
        papers=[
            {"drawn": table, "figure": drawn(table.svg, out, "tables", table.file)}
            for table in table_figures(results)
        ],
        reading=reading(results),
    )


def _section(gathered: list[Group], out: Path) -> dict[str, Any]:
    """What the index shows of one data set, by one scorer and the further ones of its runs."""
    first = gathered[0].first
    tables: dict[str | None, tuple[str, ...]] = {first.scorer: first.headlines}
    for group in gathered:
        tables.update(group.first.further_headlines)
    notes = [g.first.data.simulated for g in gathered if g.first.data.simulated]
    return {
        "task": first.task,
        "dataset": first.dataset,
        "scorer": first.scorer,
        "asked": ASKED.get(first.asked, ""),
        "real": first.levels_elsewhere,
        "simulated": first.simulated,
        "notes": list(dict.fromkeys(notes)),
        "tables": tables,
        "groups": gathered,
        "several": any(len(group.results) > 1 for group in gathered),
        "figures": {
            name: _section_figure(gathered, scores, out, "" if name == first.scorer else f"-{name}")
            for name, scores in tables.items()
        },
    }


def _section_figure(gathered: list[Group], scores: Sequence[str], out: Path, end: str) -> Markup:
    """The systems with their seeds; every run with its interval where no system has several."""
    first = gathered[0].first
    label = f"Scores on {first.dataset}"
    # One data set may be scored by several years' scorers, or asked for one source and for all,
    # each with a figure of its own.
    of = {"seld": first.scorer, "separation": first.asked}.get(first.task)
    folder = f"{first.dataset}-{of}" if of else first.dataset
    if any(len(group.results) > 1 for group in gathered):
        svg = systems_figure(gathered, scores, label)
    else:
        svg = figures.scores_by_run(_run_rows(gathered, scores), scores, label)
    return drawn(svg, out, folder, f"scores{end}")


def _run_rows(gathered: list[Group], scores: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": r.system if r.seed is None else f"{r.system}, seed {r.seed}",
            "marked": bool(r.marks),
            "values": r.scores,
            "intervals": {s: interval[1:] for s in scores if (interval := r.interval(s))},
        }
        for group in gathered
        for r in group.results
    ]
