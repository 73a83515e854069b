"""What the index and a run's page share: figures in the page's colours, notes on how to read it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from seldbench.report.marks import warnings_of
from seldbench.report.palette import following_the_page, in_light
from seldbench.report.results import Result
from seldbench.storage import write_text


def drawn(svg: str, out: Path, folder: str, name: str) -> Markup:
    """The figure for a page; its own file, in light colours, goes to figures/."""
    write_text(out / "figures" / folder / f"{name}.svg", in_light(svg))
    return Markup(following_the_page(svg))


def reading(results: Sequence[Result]) -> dict[str, Any]:
    """What the notes on how to read a page go by: the interval methods, tasks and marks that
    occur."""
    given = (of_score for r in results for of_score in r.intervals.values())
    marks = {mark for r in results for mark in r.marks}
    return {
        "methods": sorted({method for of_score in given for method in of_score}),
        "tasks": {r.task for r in results},
        "marks": marks,
        "warnings": warnings_of(tuple(marks)),
    }
