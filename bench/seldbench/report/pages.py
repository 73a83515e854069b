"""Pages of a reports folder: one over all runs, one a run. Equal data give equal HTML.

Read: `scores/<run>.json` and `runs/<run>/` (curves.json, psd_roc.json, clips.json, pictures), as
`publish` wrote them. Written: index.html, runs/<run>/index.html, figures/<run>/*.svg.
"""

import json
import shlex
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from seldbench.errors import BadFile, MissingData
from seldbench.report import figures, words
from seldbench.report.palette import DARK, LIGHT, following_the_page, in_light
from seldbench.report.results import Group, Result, groups, mean_and_spread, published
from seldbench.report.timeline import timeline
from seldbench.storage import read_json, write_text

FORMAT = 1  # of the files in runs/<run>/
TEMPLATES = Path(__file__).parent / "templates"
CLASS_SCORES = ("event_f1", "psds1", "psds2")  # drawn by class, where a run has them


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
    for result in results:
        _write_run(templates, result, reports, out)
    write_text(out / "index.html", _index(templates, results, out))
    return out / "index.html"


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
        "meaning": words.meaning,
        "unit": words.unit,
        "number": words.number,
        "span": words.span,
        "thousands": lambda value: "–" if value is None else f"{value:,}",
        "mean_spread": _mean_spread,
    }
    style = made.get_template("style.css").render(light=LIGHT, dark=DARK)
    made.globals["style"] = Markup(style)
    return made


def _mean_spread(values: list[float]) -> str:
    if not values:
        return words.number(None)
    mean, spread = mean_and_spread(values)
    return words.number(mean) + (f" ± {words.number(spread)}" if spread is not None else "")


def _index(templates: Environment, results: list[Result], out: Path) -> str:
    def where(group: Group) -> tuple[str, str, bool]:
        return group.first.task, group.first.real_dataset, group.first.simulated

    def order(group: Group) -> tuple[Any, ...]:
        values = group.values(group.first.headlines[0]) if group.first.headlines else []
        best = -mean_and_spread(values)[0] if values else 0.0
        return (*where(group), not values, best, group.first.run)

    gathered = sorted(groups(results), key=order)
    sections = [_section(list(of_set), out) for _, of_set in groupby(gathered, where)]
    page = templates.get_template("index.html")
    return page.render(count=len(results), sections=sections, methods=_methods(results))


def _section(gathered: list[Group], out: Path) -> dict[str, Any]:
    """What the index shows of one data set."""
    first = gathered[0].first
    scores = first.headlines
    rows = [
        {
            "name": f"{r.arch} {r.variant}, seed {r.seed}",
            "marked": bool(r.marks),
            "values": r.scores,
            "intervals": {s: interval[1:] for s in scores if (interval := r.interval(s))},
        }
        for group in gathered
        for r in group.results
    ]
    label = f"Scores on {first.dataset}"
    notes = [g.first.data.simulated for g in gathered if g.first.data.simulated]
    return {
        "dataset": first.dataset,
        "real": first.real_dataset,
        "simulated": first.simulated,
        "notes": list(dict.fromkeys(notes)),
        "scores": scores,
        "groups": gathered,
        "figure": _drawn(figures.scores_by_run(rows, scores, label), out, first.dataset, "scores"),
    }


def _write_run(templates: Environment, result: Result, reports: Path, out: Path) -> None:
    folder = reports / "runs" / result.run
    stages = _published_part(folder / "curves.json")["stages"]
    curves = _published_part(folder / "psd_roc.json")["curves"]
    clips = _published_part(folder / "clips.json")["clips"]
    page = templates.get_template("run.html").render(
        result=result,
        headlines=result.headlines,
        stages=stages,
        figures=_run_figures(result, stages, curves, out),
        clips=[_clip(templates, result, i, clip, folder, out) for i, clip in enumerate(clips)],
        post_classes=_post_classes(result),
        command=shlex.join(result.provenance.command),
        recipe=_pretty(result.provenance.recipe),
        environment=_pretty(result.environment),
        methods=_methods([result]),
    )
    write_text(out / "runs" / result.run / "index.html", page)


def _run_figures(
    result: Result, stages: Mapping[str, Any], curves: Mapping[str, Any], out: Path
) -> dict[str, Markup | None]:
    trained = {name: stage for name, stage in stages.items() if stage and stage["epoch"]}
    scores = [s for s in CLASS_SCORES if any(s in of for of in result.classes.values())]
    drawn = {
        "classes": figures.bars_by_class(result.classes, scores) if scores else None,
        "psd_roc": figures.psd_roc(curves) if curves else None,
        "training": figures.training(trained) if trained else None,
    }
    return {
        name: None if svg is None else _drawn(svg, out, result.run, name)
        for name, svg in drawn.items()
    }


def _clip(
    templates: Environment, result: Result, i: int, clip: Mapping[str, Any], folder: Path, out: Path
) -> dict[str, Any]:
    picture = None
    if clip["spectrogram"]:
        path = folder / clip["spectrogram"]
        if not path.is_file() or path.parent != folder:
            raise BadFile(f"{folder / 'clips.json'}: no picture {clip['spectrogram']!r} beside it")
        picture = path.read_bytes()
    svg = timeline(templates, clip, picture)
    return {**clip, "svg": _drawn(svg, out, result.run, f"clip-{i + 1}")}


def _drawn(svg: str, out: Path, folder: str, name: str) -> Markup:
    """The figure for a page; its own file, in light colours, goes to figures/."""
    write_text(out / "figures" / folder / f"{name}.svg", in_light(svg))
    return Markup(following_the_page(svg))


def _published_part(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        version = content.get("format") if isinstance(content, dict) else None
        raise BadFile(
            f"{path}: format {version!r}, this seldbench reads {FORMAT}; publish the run again"
        )
    return content


def _post_classes(result: Result) -> list[str]:
    if result.post is None:
        return []
    return list(dict.fromkeys([*result.post.thresholds, *result.post.medians]))


def _methods(results: list[Result]) -> list[str]:
    """The interval methods that occur, sorted."""
    given = (of_score for r in results for of_score in r.intervals.values())
    return sorted({method for of_score in given for method in of_score})


def _pretty(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False)
