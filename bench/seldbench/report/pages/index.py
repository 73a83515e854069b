"""The pages over all runs: the leaderboard, one page a data set, and the papers' tables."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from seldbench import registry
from seldbench.report.figures.against_cost import known_costs
from seldbench.report.figures.files import inlined
from seldbench.report.marks import reading
from seldbench.report.pages.board import Board, OfSet, boards
from seldbench.report.pages.cache import Rendering, digest, digest_of
from seldbench.report.pages.dataset_page import cost_file, write_dataset
from seldbench.report.pages.pair_page import Linked
from seldbench.report.pages.paper_page import papers, write_paper, write_papers
from seldbench.report.results.result import Result
from seldbench.report.tables.said import published_systems
from seldbench.report.words import TASKS
from seldbench.storage import write_text


def write_overview(
    templates: Environment, results: list[Result], pages: Rendering, pairs: Sequence[Linked] = ()
) -> None:
    """index.html and all pages but those of runs and pairs, where they do not stand."""
    out, every = pages.out, boards(results, published_systems())
    published = digest_of(registry.data_file("tables", paper) for paper in registry.names("tables"))
    for name in sorted({result.dataset for result in results}):
        mine = [result for result in results if result.dataset == name]
        own = [of for board in every if (of := board.on(name)).sets]
        made = digest(published, *_said(mine), *_titles(results, mine))
        make = partial(write_dataset, templates, name, own, results, out)
        pages.page(f"datasets/{name}", made, make, f"figures/datasets/{name}")
    whole = digest(published, *_said(results))
    of_papers = papers(results)
    for paper in of_papers:
        made = digest(published, paper.name, *_said(paper.results))
        make = partial(write_paper, templates, paper, out)
        pages.page(f"tables/{paper.name}", made, make, f"figures/tables/{paper.name}")
    pages.page("tables", whole, partial(write_papers, templates, of_papers, out))
    linked = digest(whole, *(f"{pair.name} {pair.title}" for pair in pairs))
    pages.page("", linked, partial(write_index, templates, results, every, out, pairs))


def _said(results: Iterable[Result]) -> list[str]:
    return [result.model_dump_json() for result in results]


def _titles(results: Sequence[Result], mine: Sequence[Result]) -> list[str]:
    """What a data set's page says of others: the names of twins of the same real set."""
    real = {result.real_dataset for result in mine}
    return sorted({result.dataset for result in results if result.real_dataset in real})


def write_index(
    templates: Environment,
    results: list[Result],
    every: list[Board],
    out: Path,
    pairs: Sequence[Linked] = (),
) -> None:
    """index.html; the figures of the sets' pages must be there.

    Args:
        every: the boards of the results.
        pairs: pages of two systems, to be linked.
    """
    tasks = {task: [b for b in every if b.task == task] for task in _tasks(every)}
    page = templates.get_template("index.html").render(
        root="",
        pairs=pairs,
        count=len(results),
        datasets=sorted({result.dataset for result in results}),
        tasks=tasks,
        titles=TASKS,
        choices=_choices(every),
        costs={board.name: _costs(board, out) for board in every},
        reading=reading(results),
    )
    write_text(out / "index.html", page)


def _costs(board: Board, out: Path) -> dict[str, Markup]:
    """{data set: accuracy against cost}, of each set's first version, as its page drew it."""
    leading: dict[str, OfSet] = {}
    for of in board.sets:
        if of.home and of.home not in leading and known_costs(of.measured, board.ranking):
            leading[of.home] = of
    found = {}
    for name, of in leading.items():
        number = [same for same in board.sets if same.home == name].index(of)
        folder, figure = cost_file(board, of, number)
        svg = (out / "figures" / folder / f"{figure}.svg").read_text()
        found[name] = inlined(svg, f"{board.name}-{name}")
    return found


def _tasks(every: Sequence[Board]) -> list[str]:
    return list(dict.fromkeys(board.task for board in every))


def _choices(every: Sequence[Board]) -> dict[str, list[str]]:
    """What the filters offer."""
    sets = [of for board in every for of in board.sets]
    entries = [entry for of in sets for entry in of.entries]
    return {
        "dataset": list(dict.fromkeys(of.dataset for of in sets)),
        "arch": sorted({entry.arch for entry in entries if entry.arch}),
    }
