"""The page of a data set: its systems, what they score and what they cost, and where it occurs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from seldbench.report.figures.against_cost import cost_figure, known_costs
from seldbench.report.figures.files import Data, drawn
from seldbench.report.figures.systems import systems_figure
from seldbench.report.marks import reading
from seldbench.report.pages.board import Board, OfSet
from seldbench.report.results.result import Group, Result
from seldbench.report.tables.paired import names_of
from seldbench.storage import write_text

UP = "../../"


def write_dataset(
    templates: Environment, name: str, own: Sequence[Board], results: Sequence[Result], out: Path
) -> None:
    """datasets/<name>/index.html with its figures.

    Args:
        own: the boards that have systems of the set, with these alone.
        results: of all data sets, for links to twins.
    """
    mine = [result for result in results if result.dataset == name]
    first = mine[0]
    twins = {r.dataset for r in results if r.real_dataset == first.real_dataset} - {name}
    page = templates.get_template("dataset.html").render(
        root=UP,
        name=name,
        first=first,
        count=len(mine),
        notes=list(dict.fromkeys(r.data.simulated for r in mine if r.data.simulated)),
        versions=_versions(mine),
        twins=sorted(twins),
        sections=[_section(board, out) for board in own],
        reading=reading(mine),
    )
    write_text(out / "datasets" / name / "index.html", page)


def cost_file(board: Board, of: OfSet, number: int = 0) -> tuple[str, str]:
    """The folder and the name of a version's figure, by its place on the board of the set alone."""
    return f"datasets/{of.dataset}", f"cost-{board.name}" + (f"-{number + 1}" if number else "")


def _versions(mine: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """{fingerprint: how many runs scored it, its coverage, its sounds}."""
    found: dict[str, dict[str, Any]] = {}
    for result in mine:
        of = found.setdefault(result.data.fingerprint, {"runs": 0, "data": result.data})
        of["runs"] += 1
    return found


def _section(board: Board, out: Path) -> dict[str, Any]:
    return {
        "board": board,
        "versions": [_drawn(board, of, i, out) for i, of in enumerate(board.sets)],
    }


def _drawn(board: Board, of: OfSet, number: int, out: Path) -> dict[str, Any]:
    """The figures of one version of the set."""
    folder, end = f"datasets/{of.dataset}", f"-{number + 1}" if number else ""
    gathered = of.measured
    return {
        "version": of.version,
        "several": any(len(group.results) > 1 for group in gathered),
        "scores": _scores(board, gathered, out, (folder, f"scores-{board.name}{end}")),
        "cost": _cost(board, gathered, out, cost_file(board, of, number)),
    }


def _scores(board: Board, gathered: list[Group], out: Path, place: tuple[str, str]) -> Markup:
    """The systems with their seeds."""
    label = f"Scores on {gathered[0].first.dataset}"
    scores = [s for s in board.scores if any(group.values(s) for group in gathered)]
    return drawn(
        systems_figure(gathered, scores, label), out, *place, _run_data(gathered, scores), up=UP
    )


def _cost(board: Board, gathered: list[Group], out: Path, place: tuple[str, str]) -> Markup | None:
    """None where fewer than two systems have a score and a cost."""
    if not known_costs(gathered, board.ranking):
        return None
    label = f"Accuracy against cost on {gathered[0].first.dataset}"
    svg, data = cost_figure(gathered, board.ranking, label)
    return drawn(svg, out, *place, data, up=UP)


def _run_data(gathered: Sequence[Group], scores: Sequence[str]) -> Data:
    """A row a run and score."""
    rows = [
        (name, r.run, r.seed, score, r.value(score), *(r.interval(score) or ("", None, None))[1:])
        for name, group in zip(names_of(gathered), gathered)
        for r in group.results
        for score in scores
    ]
    return Data(("system", "run", "seed", "score", "value", "low", "high"), rows)
