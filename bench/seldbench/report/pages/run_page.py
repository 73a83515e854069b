"""The page of one run, from what `publish` wrote of it. Equal data give equal HTML.

Read: `runs/<run>/`: curves.json, psd_roc.json, clips.json, pictures; of some runs sounds,
rows.json, mistakes.json, budget.json, precision_recall.json, angles.json. Written:
runs/<run>/index.html, figures/<run>/*.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from seldbench.report.clips.sounds import shareable
from seldbench.report.figures import (
    activation,
    charts,
    doa_errors,
    error_budget,
    figure_data,
    precision_recall,
)
from seldbench.report.figures.files import Data, drawn
from seldbench.report.marks import reading
from seldbench.report.pages import separation, tagging
from seldbench.report.pages.clip_parts import UP, Place, clip_parts
from seldbench.report.pages.pair_page import Linked
from seldbench.report.results.published import optional_part, read_part
from seldbench.report.results.result import Result
from seldbench.storage import write_text

# Drawn by class, where a run has them.
CLASS_SCORES = ("event_f1", "psds1", "psds2", "f1", "f20", "lr_cd", "rde_cd", "le_cd", "doae_cd")


def write_run(
    templates: Environment,
    result: Result,
    reports: Path,
    out: Path,
    pairs: Sequence[Linked] = (),
) -> None:
    """Writes the page of a run and its figures.

    Args:
        pairs: pages that show it beside another system.

    Raises:
        BadFile: a published file that is absent or breaks a rule.
    """
    folder = reports / "runs" / result.run
    stages = read_part(folder / "curves.json")["stages"]
    curves = read_part(folder / "psd_roc.json")["curves"]
    clips = read_part(folder / "clips.json")["clips"]
    figure = partial(_figure, out, result.run)
    place = Place(folder, out, f"runs/{result.run}", result.run)
    ranked = optional_part(folder / "precision_recall.json")
    angles = optional_part(folder / "angles.json")
    shown = [
        clip_parts(templates, result, f"clip-{i}", clip, place) for i, clip in enumerate(clips, 1)
    ]
    page = templates.get_template("run.html").render(
        root=UP,
        result=result,
        pairs=pairs,
        tables={result.scorer: result.headlines, **result.further_headlines},
        stages=stages,
        taught=[name for name, of in stages.items() if of and charts.taught(of)],
        figures={
            **_run_figures(figure, stages, curves),
            "precision_recall": ranked
            and figure(
                "precision_recall", precision_recall.figure(ranked), precision_recall.data(ranked)
            ),
            "angles": angles
            and figure("angles", doa_errors.figure(angles), doa_errors.data(angles)),
        },
        ranked=ranked,
        angles=angles,
        budget=_budget(figure, folder / "budget.json"),
        classes=_class_figures(figure, result) if result.task != "separation" else {},
        tagging=_tagging(figure, result, folder) if result.task == "tagging" else None,
        separation=separation.parts(result, figure) if result.task == "separation" else None,
        activation=_activation(figure, folder / "rows.json"),
        clips=shown,
        heard=any(clip["sounds"] for clip in shown),
        silent=_why_silent(result, shown),
        post_classes=_post_classes(result),
        command=shlex.join(result.provenance.command),
        recipe=_pretty(result.provenance.recipe),
        environment=_pretty(result.environment),
        reading=reading([result]),
    )
    write_text(out / "runs" / result.run / "index.html", page)


def _why_silent(result: Result, clips: Sequence[Mapping[str, Any]]) -> str:
    """Why none of the shown clips can be heard; "" where one can, or none is shown."""
    if not clips or any(clip["sounds"] for clip in clips):
        return ""
    if shareable(result) or not any(clip["spectrogram"] for clip in clips):
        return "Nothing to listen to: the run was published without the audio of its clips."
    return (
        "Nothing to listen to: the clips are recordings, or made of such, which a page that is"
        " passed on does not carry; `seldbench publish --audio` adds them to a report of one's own."
    )


def _figure(out: Path, run: str, name: str, svg: str, data: Data) -> Markup:
    return drawn(svg, out, run, name, data, up=UP)


def _run_figures(
    figure: separation.Figures, stages: Mapping[str, Any], curves: Mapping[str, Any]
) -> dict[str, Markup | None]:
    trained = {name: stage for name, stage in stages.items() if stage and stage["epoch"]}
    roc, training = charts.psd_roc, charts.training
    return {
        "psd_roc": figure("psd_roc", roc(curves), figure_data.psd_roc(curves)) if curves else None,
        "training": figure("training", training(trained), figure_data.training(trained))
        if trained
        else None,
    }


def _budget(figure: separation.Figures, path: Path) -> dict[str, Any] | None:
    """Kinds of errors and conditions, of a run whose files tell them."""
    part = optional_part(path)
    if part is None:
        return None
    of, conditions = part["error_budget"], part["conditions"]
    shown = error_budget.conditions_figure(conditions) if conditions else None
    return {
        "figure": figure("budget", error_budget.figure(of), error_budget.data(of)),
        "unit": of["unit"],
        "score": next(iter(of["scores"])),
        "scores": list(of["scores"]),
        "costs": error_budget.costs(of),
        "conditions": shown
        and figure("conditions", shown, error_budget.conditions_data(conditions)),
    }


def _class_figures(figure: separation.Figures, result: Result) -> dict[str | None, Markup]:
    """{scorer: its scores of the classes}, of those that the test split has."""
    classes = {c: of for c, of in result.classes.items() if c not in result.unscored_classes}
    if result.task == "tagging":
        if not classes:
            return {}
        data = figure_data.classes(classes, tagging.DRAWN)
        return {None: figure("classes", tagging.classes_figure(classes), data)}
    found: dict[str | None, Markup] = {}
    for scorer in (result.scorer, *result.further_headlines):
        end, prefix = ("", "") if scorer == result.scorer else (f"-{scorer}", f"{scorer}/")
        given = [prefix + name for name in CLASS_SCORES]
        given = [s for s in given if any(of.get(s) is not None for of in classes.values())]
        if given:
            svg = charts.bars_by_class(classes, given)
            found[scorer] = figure(f"classes{end}", svg, figure_data.classes(classes, given))
    return found


def _tagging(figure: separation.Figures, result: Result, folder: Path) -> dict[str, Any]:
    """What a tagging run's page has besides: classes, folds, who was taken for whom."""
    confusion, matrix = result.confusion, None
    if confusion is not None and len(confusion.classes) <= tagging.LARGEST:
        data = figure_data.confusion(confusion)
        matrix = figure("confusion", tagging.confusion_figure(confusion), data)
    mistakes = folder / "mistakes.json"
    return {
        "scores": tagging.listed(result),
        "classes": tagging.class_table(result),
        "folds": tagging.folds(result),
        "matrix": matrix,
        "side": round(100 * tagging.side_of(confusion) / tagging.WIDE) if confusion else 100,
        "pairs": tagging.taken_for(confusion) if confusion else [],
        "mistakes": read_part(mistakes)["mistakes"] if mistakes.exists() else [],
    }


def _activation(figure: separation.Figures, path: Path) -> dict[str, Any] | None:
    """Fig. 3 of AST-SED, of a run that was heard row by row."""
    if not path.exists():
        return None
    found = activation.read_rows(path)
    return {
        "figure": figure("activation", activation.figure(found), figure_data.activation(found)),
        "simulated": found.simulated,
        "conditions": found.conditions,
        "lines": activation.lines(found),
    }


def _post_classes(result: Result) -> list[str]:
    if result.post is None:
        return []
    return list(dict.fromkeys([*result.post.thresholds, *result.post.medians]))


def _pretty(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False)
