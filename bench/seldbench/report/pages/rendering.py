"""Pages of a reports folder: one over all runs, one a run, a data set, a paper. Equal data give
equal HTML; a page that stands already is left as it is (`cache`).

Read: `scores/<run>.json`, `runs/<run>/`, `pairs/<a>--<b>/`, as `publish` and `publish_pair` wrote
them. Written: index.html, runs/<run>/index.html, pairs/<a>--<b>/index.html,
datasets/<name>/index.html, tables/<paper>/index.html, the figures of each in figures/, and the
style and scripts of all in assets/.
"""

from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from seldbench.errors import MissingData
from seldbench.evaluation.names import unit
from seldbench.report import words
from seldbench.report.pages.cache import Rendering, digest, digest_of
from seldbench.report.pages.index import write_overview
from seldbench.report.pages.pair_page import pairs_of, write_pair
from seldbench.report.pages.provenance import provenance, reproduced_by
from seldbench.report.pages.run_page import write_run
from seldbench.report.palette import DARK, LIGHT
from seldbench.report.results.result import Result
from seldbench.report.results.score_files import published
from seldbench.storage import write_text

TEMPLATES = Path(__file__).parents[1] / "templates"


def render(reports: Path, out: Path | None = None) -> Path:
    """Write the pages of `reports` into `out` (None: into `reports` itself); gives index.html.

    Raises:
        MissingData: nothing is published there.
        BadFile: a published file that breaks a rule.
    """
    results = published(reports)
    if not results:
        raise MissingData(
            f"{reports / 'scores'}: nothing is published; first `seldbench publish RUN"
            f" --out {reports}`"
        )
    out = out or reports
    templates = environment()
    write_assets(templates, out)
    pages, pairs = Rendering(out), pairs_of(reports)
    for result in results:
        mine = [pair for pair in pairs if result.run in pair.runs]
        pages.page(
            f"runs/{result.run}",
            digest(_published_digest(reports, result), *(pair.title for pair in mine)),
            partial(write_run, templates, result, reports, out, mine),
            f"runs/{result.run}",
            f"figures/{result.run}",
        )
    for pair in pairs:
        pages.page(
            f"pairs/{pair.name}",
            digest(_folder_digest(reports / "pairs" / pair.name), *(r.run for r in results)),
            partial(write_pair, templates, pair.name, reports, out),
            f"pairs/{pair.name}",
            f"figures/{pair.name}",
        )
    write_overview(templates, results, pages, pairs)
    return out / "index.html"


def _published_digest(reports: Path, result: Result) -> str:
    """Of all that is published of a run."""
    scores = reports / "scores" / f"{result.run}.json"
    return digest(digest_of([scores]), _folder_digest(reports / "runs" / result.run))


def _folder_digest(folder: Path) -> str:
    """Of what is published in a folder."""
    return digest_of(p for p in folder.rglob("*") if p.is_file() and p.name != "index.html")


def write_assets(templates: Environment, out: Path) -> None:
    """The style and the scripts that all pages share."""
    write_text(out / "assets" / "style.css", str(templates.globals["style"]))
    for script in sorted(TEMPLATES.glob("*.js")):
        write_text(out / "assets" / script.name, script.read_text())


def environment() -> Environment:
    """The templates, with every text escaped and every unknown name an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "title_of": words.title,
        "plain_title": words.plain_title,
        "arrow": words.arrow,
        "breaking": words.breaking,
        "meaning": words.meaning,
        "unit": unit,
        "number": words.number,
        "shown": words.shown,
        "span": words.span,
        "thousands": lambda value: "–" if value is None else f"{value:,}",
        "provenance": provenance,
        "reproduced_by": reproduced_by,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
    }
    style = made.get_template("style.css").render(light=LIGHT, dark=DARK)
    made.globals["style"] = Markup(style)
    return made
