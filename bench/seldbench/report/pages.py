"""Pages of a reports folder: one over all runs, one a run. Equal data give equal HTML.

Read: `scores/<run>.json` and `runs/<run>/` (curves.json, psd_roc.json, clips.json, pictures; of
some runs rows.json, mistakes.json), as `publish` wrote them. Written: index.html,
runs/<run>/index.html, figures/<run>/*.svg.
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from seldbench.errors import BadFile, MissingData
from seldbench.report import activation, figures, separation, tagging, words
from seldbench.report.index import index_page
from seldbench.report.mixtures import mixture_drawing
from seldbench.report.page_parts import drawn, reading
from seldbench.report.palette import DARK, LIGHT
from seldbench.report.results import Result, mean_and_spread
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
    write_text(out / "index.html", index_page(templates, results, out))
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
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
    }
    style = made.get_template("style.css").render(light=LIGHT, dark=DARK)
    made.globals["style"] = Markup(style)
    return made


def _mean_spread(values: list[float], score: str) -> str:
    if not values:
        return words.number(None)
    mean, spread = mean_and_spread(values)
    return words.shown(mean, score) + ("" if spread is None else f" ± {words.shown(spread, score)}")


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
        classes=_class_figures(result, out) if result.task != "separation" else {},
        tagging=_tagging(result, folder, out) if result.task == "tagging" else None,
        separation=separation.parts(result, out) if result.task == "separation" else None,
        activation=_activation(result, folder / "rows.json", out),
        clips=[_clip(templates, result, i, clip, folder, out) for i, clip in enumerate(clips)],
        post_classes=_post_classes(result),
        command=shlex.join(result.provenance.command),
        recipe=_pretty(result.provenance.recipe),
        environment=_pretty(result.environment),
        reading=reading([result]),
    )
    write_text(out / "runs" / result.run / "index.html", page)


def _run_figures(
    result: Result, stages: Mapping[str, Any], curves: Mapping[str, Any], out: Path
) -> dict[str, Markup | None]:
    trained = {name: stage for name, stage in stages.items() if stage and stage["epoch"]}
    made = {
        "psd_roc": figures.psd_roc(curves) if curves else None,
        "training": figures.training(trained) if trained else None,
    }
    return {
        name: None if svg is None else drawn(svg, out, result.run, name)
        for name, svg in made.items()
    }


def _class_figures(result: Result, out: Path) -> dict[str | None, Markup]:
    """{scorer: its scores of the classes}, of those that the test split has."""
    classes = {c: of for c, of in result.classes.items() if c not in result.unscored_classes}
    if result.task == "tagging":
        if not classes:
            return {}
        return {None: drawn(tagging.classes_figure(classes), out, result.run, "classes")}
    found = {}
    for scorer in (result.scorer, *result.further_headlines):
        end, prefix = ("", "") if scorer == result.scorer else (f"-{scorer}", f"{scorer}/")
        given = [prefix + name for name in CLASS_SCORES]
        given = [s for s in given if any(of.get(s) is not None for of in classes.values())]
        if given:
            svg = figures.bars_by_class(classes, given)
            found[scorer] = drawn(svg, out, result.run, f"classes{end}")
    return found


def _tagging(result: Result, folder: Path, out: Path) -> dict[str, Any]:
    """What a tagging run's page has besides: classes, folds, who was taken for whom."""
    confusion, matrix = result.confusion, None
    if confusion is not None and len(confusion.classes) <= tagging.LARGEST:
        matrix = drawn(tagging.confusion_figure(confusion), out, result.run, "confusion")
    mistakes = folder / "mistakes.json"
    return {
        "scores": tagging.listed(result),
        "classes": tagging.class_table(result),
        "folds": tagging.folds(result),
        "matrix": matrix,
        "side": round(100 * tagging.side_of(confusion) / tagging.WIDE) if confusion else 100,
        "pairs": tagging.taken_for(confusion) if confusion else [],
        "mistakes": _published_part(mistakes)["mistakes"] if mistakes.exists() else [],
    }


def _activation(result: Result, path: Path, out: Path) -> dict[str, Any] | None:
    """Fig. 3 of AST-SED, of a run that was heard row by row."""
    if not path.exists():
        return None
    found = activation.read_rows(path)
    return {
        "figure": drawn(activation.figure(found), out, result.run, "activation"),
        "simulated": found.simulated,
        "conditions": found.conditions,
        "lines": activation.lines(found),
    }


def _clip(
    templates: Environment, result: Result, i: int, clip: Mapping[str, Any], folder: Path, out: Path
) -> dict[str, Any]:
    picture = _picture(clip["spectrogram"], folder) if clip["spectrogram"] else None
    if result.task == "separation":
        svg = mixture_drawing(templates, clip, _pictures(clip, folder) if picture else {})
    elif result.task == "seld":
        svg = tracks(templates, clip, picture, list(result.classes))
    else:
        svg = timeline(templates, clip, picture)
    return {**clip, "svg": drawn(svg, out, result.run, f"clip-{i + 1}")}


def _pictures(clip: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """All spectrograms of a mixture by file name."""
    given = [pair[side] for pair in clip["pairs"] for side in ("source", "answer")]
    names = [clip["spectrogram"], *(of["spectrogram"] for of in given if of)]
    return {name: _picture(name, folder) for name in names}


def _picture(name: str, folder: Path) -> bytes:
    path = folder / name
    if not path.is_file() or path.parent != folder:
        raise BadFile(f"{folder / 'clips.json'}: no picture {name!r} beside it")
    return path.read_bytes()


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


def _pretty(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False)
