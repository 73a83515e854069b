"""Pages of a reports folder: one over all runs, one a run. Equal data give equal HTML.

Read: `scores/<run>.json` and `runs/<run>/` (curves.json, psd_roc.json, clips.json, pictures), as
`publish` wrote them. Written: index.html, runs/<run>/index.html, figures/<run>/*.svg.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from seldbench.errors import BadFile, MissingData
from seldbench.report import figures, words
from seldbench.report.leaderboard import best_first
from seldbench.report.palette import DARK, LIGHT, following_the_page, in_light
from seldbench.report.results import Group, Result, groups, mean_and_spread
from seldbench.report.score_files import published
from seldbench.report.timeline import timeline
from seldbench.report.tracks import tracks
from seldbench.storage import read_json, write_text

FORMAT = 1  # of the files in runs/<run>/
TEMPLATES = Path(__file__).parent / "templates"
# Drawn by class, where a run has them.
CLASS_SCORES = ("event_f1", "psds1", "psds2", "f1", "f20", "lr_cd", "rde_cd", "le_cd", "doae_cd")


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
        "plain_title": words.plain_title,
        "arrow": words.arrow,
        "meaning": words.meaning,
        "unit": words.unit,
        "number": words.number,
        "shown": words.shown,
        "span": words.span,
        "thousands": lambda value: "–" if value is None else f"{value:,}",
        "mean_spread": _mean_spread,
    }
    style = made.get_template("style.css").render(light=LIGHT, dark=DARK)
    made.globals["style"] = Markup(style)
    return made


def _mean_spread(values: list[float], score: str) -> str:
    if not values:
        return words.number(None)
    mean, spread = mean_and_spread(values)
    return words.shown(mean, score) + ("" if spread is None else f" ± {words.shown(spread, score)}")


def _index(templates: Environment, results: list[Result], out: Path) -> str:
    def where(group: Group) -> tuple[str, str, bool, str]:
        first = group.first
        return first.task, first.real_dataset, first.simulated, first.scorer or ""

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
        reading=_reading(results),
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
        "real": first.real_dataset,
        "simulated": first.simulated,
        "notes": list(dict.fromkeys(notes)),
        "tables": tables,
        "groups": gathered,
        "figures": {
            name: _section_figure(gathered, scores, out, "" if name == first.scorer else f"-{name}")
            for name, scores in tables.items()
        },
    }


def _section_figure(gathered: list[Group], scores: Sequence[str], out: Path, end: str) -> Markup:
    """Every run's dot in the scores of one scorer."""
    first = gathered[0].first
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
    # One data set may be scored by several years' scorers, each with a figure of its own.
    folder = f"{first.dataset}-{first.scorer}" if first.task == "seld" else first.dataset
    return _drawn(figures.scores_by_run(rows, scores, label), out, folder, f"scores{end}")


def _write_run(templates: Environment, result: Result, reports: Path, out: Path) -> None:
    folder = reports / "runs" / result.run
    stages = _published_part(folder / "curves.json")["stages"]
    curves = _published_part(folder / "psd_roc.json")["curves"]
    clips = _published_part(folder / "clips.json")["clips"]
    page = templates.get_template("run.html").render(
        result=result,
        tables={result.scorer: result.headlines, **result.further_headlines},
        stages=stages,
        figures=_run_figures(result, stages, curves, out),
        classes=_class_figures(result, out),
        clips=[_clip(templates, result, i, clip, folder, out) for i, clip in enumerate(clips)],
        post_classes=_post_classes(result),
        command=shlex.join(result.provenance.command),
        recipe=_pretty(result.provenance.recipe),
        environment=_pretty(result.environment),
        reading=_reading([result]),
    )
    write_text(out / "runs" / result.run / "index.html", page)


def _run_figures(
    result: Result, stages: Mapping[str, Any], curves: Mapping[str, Any], out: Path
) -> dict[str, Markup | None]:
    trained = {name: stage for name, stage in stages.items() if stage and stage["epoch"]}
    drawn = {
        "psd_roc": figures.psd_roc(curves) if curves else None,
        "training": figures.training(trained) if trained else None,
    }
    return {
        name: None if svg is None else _drawn(svg, out, result.run, name)
        for name, svg in drawn.items()
    }


def _class_figures(result: Result, out: Path) -> dict[str | None, Markup]:
    """{scorer: its scores of the classes}, of those that the test split has."""
    classes = {c: of for c, of in result.classes.items() if c not in result.unscored_classes}
    found = {}
    for scorer in (result.scorer, *result.further_headlines):
        end, prefix = ("", "") if scorer == result.scorer else (f"-{scorer}", f"{scorer}/")
        given = [prefix + name for name in CLASS_SCORES]
        given = [s for s in given if any(of.get(s) is not None for of in classes.values())]
        if given:
            svg = figures.bars_by_class(classes, given)
            found[scorer] = _drawn(svg, out, result.run, f"classes{end}")
    return found


def _clip(
    templates: Environment, result: Result, i: int, clip: Mapping[str, Any], folder: Path, out: Path
) -> dict[str, Any]:
    picture = None
    if clip["spectrogram"]:
        path = folder / clip["spectrogram"]
        if not path.is_file() or path.parent != folder:
            raise BadFile(f"{folder / 'clips.json'}: no picture {clip['spectrogram']!r} beside it")
        picture = path.read_bytes()
    if result.task == "seld":
        svg = tracks(templates, clip, picture, list(result.classes))
    else:
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


def _reading(results: list[Result]) -> dict[str, Any]:
    """What the notes on how to read a page go by: the interval methods, tasks and marks that
    occur."""
    given = (of_score for r in results for of_score in r.intervals.values())
    return {
        "methods": sorted({method for of_score in given for method in of_score}),
        "tasks": {r.task for r in results},
        "marks": {mark for r in results for mark in r.marks},
    }


def _pretty(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False)
