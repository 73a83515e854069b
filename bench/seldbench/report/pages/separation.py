"""What the page of a run about the sources of mixtures shows besides its scores: accuracy by number
of sources and by angle, which part is the first to fail, classes, who was taken for whom.

Scores are fractions, signals in dB.
"""

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seldbench.report.figures import figure_data
from seldbench.report.figures.charts import STYLE, svg
from seldbench.report.figures.files import Data
from seldbench.report.figures.outcomes import KINDS, with_nothing
from seldbench.report.pages import tagging
from seldbench.report.palette import LIGHT
from seldbench.report.results.blocks import Attribution, Condition, Confusion
from seldbench.report.results.result import Result
from seldbench.report.words import ASKED, number

Figures = Callable[[str, str, Data], Markup]  # name, SVG, data -> what the page shows

CLASS_SCORES = ("recall", "f1")  # that are drawn
LISTED = ("recall", "precision", "f1", "direction_recall", "si_sdr", "si_sdri")
LARGEST = 80  # classes of a matrix that is drawn
WIDE = 9.6  # inches
METHOD = "bootstrap"  # whose intervals are drawn: they stay within 0 and 1
TIGHT = 0.06  # of a bar; a narrower part has its number in the legend alone


def parts(result: Result, figure: Figures) -> dict[str, Any]:
    """What the template `separation.html` needs; its figures are written."""
    confusion, cause = _confusion(result), result.attribution
    fits = confusion is not None and len(confusion.classes) <= LARGEST
    tables = {"sources": result.accuracy_by_sources, "angle": result.accuracy_by_angle}
    tables = {name: table for name, table in tables.items() if table}
    classes = {c: of for c, of in result.classes.items() if c not in result.unscored_classes}
    scores = [s for s in LISTED if any(of.get(s) is not None for of in classes.values())]
    return {
        "asked": ASKED.get(result.asked, result.asked),
        "found": result.misses is not None,
        "tables": tables,
        "conditions": figure(
            "conditions", conditions_figure(tables), figure_data.conditions(tables, METHOD)
        )
        if tables
        else None,
        "false_by_angle": result.false_directions_by_angle,
        "attribution": cause,
        "words": {kind: words for kind, (_, words, _) in KINDS.items()},
        "tints": {kind: tint for kind, (tint, _, _) in KINDS.items()},
        "bar": None
        if cause is None
        else figure("attribution", attribution_figure(cause), figure_data.attribution(cause)),
        "classes": figure(
            "classes",
            tagging.classes_figure(classes, CLASS_SCORES),
            figure_data.classes(classes, CLASS_SCORES),
        )
        if classes
        else None,
        "class_scores": scores,
        "class_rows": [
            (name, _questions(result, name), [of.get(score) for score in scores])
            for name, of in classes.items()
        ],
        "matrix": figure(
            "confusion", tagging.confusion_figure(confusion), figure_data.confusion(confusion)
        )
        if confusion is not None and fits
        else None,
        "side": round(100 * tagging.side_of(confusion) / WIDE) if confusion else 100,
        "pairs": tagging.taken_for(confusion) if confusion else [],
    }


def conditions_figure(tables: Mapping[str, Mapping[str, Condition]]) -> str:
    """Accuracy under each condition with its interval, a panel a table."""
    titles = {"sources": "sources in the mixture", "angle": "angle to the nearest other source"}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 3.2), layout="constrained")
        widths = [1 + len(table) for table in tables.values()]
        panels = figure.subplots(1, len(tables), squeeze=False, width_ratios=widths, sharey=True)[0]
        for panel, (name, table) in zip(panels, tables.items()):
            _conditions(panel, table, "°" if name == "angle" else "")
            panel.set_xlabel(titles[name])
        panels[0].set_ylabel("accuracy")
        return svg(figure, "Accuracy by condition")


def _conditions(panel: Axes, table: Mapping[str, Condition], unit: str) -> None:
    for i, of in enumerate(table.values()):
        interval = of.intervals.get(METHOD)
        if interval:
            panel.plot((i, i), interval, color=LIGHT["c0"], linewidth=1.6, solid_capstyle="butt")
        panel.plot([i], [of.accuracy], "o", color=LIGHT["c0"], markersize=6, clip_on=False)
        panel.annotate(
            number(of.accuracy), (i, of.accuracy), (8, 0), textcoords="offset points",
            fontsize=8.0, va="center",
        )  # fmt: skip
    labels = [f"{name}{unit}\nn {of.total:,}" for name, of in table.items()]
    panel.set_xticks(range(len(table)), labels)
    panel.set_xlim(-0.5, len(table) - 0.25)
    panel.set_ylim(0, 1.02)
    panel.grid(False, axis="x")


def attribution_figure(attribution: Attribution) -> str:
    """All questions in one bar, by the first part that fails."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 1.15), layout="constrained")
        panel, begun = figure.subplots(), 0.0
        for kind, of in attribution.kinds.items():
            tint = LIGHT[KINDS[kind][0]]
            name = f"{kind}: {of.number:,} ({100 * of.share:.1f} %)"
            panel.barh(0, of.share, 0.8, left=begun, color=tint, label=name)
            if of.share >= TIGHT:
                panel.text(
                    begun + of.share / 2, 0, f"{100 * of.share:.1f} %", ha="center", va="center",
                    color=LIGHT["paper"], fontsize=9.5,
                )  # fmt: skip
            begun += of.share
        panel.set_xlim(0, 1)
        panel.set_axis_off()
        figure.legend(loc="outside upper left", ncols=len(attribution.kinds), fontsize=9.0)
        return svg(figure, "The first part to fail")


def _confusion(result: Result) -> Confusion | None:
    """With what was not found, and what was found where nothing is."""
    of = result.confusion
    if of is None:
        return None
    names, counts = with_nothing(of.model_dump())
    return Confusion(classes=names, counts=counts)


def _questions(result: Result, name: str) -> int | None:
    """How many questions are about a class."""
    of = result.confusion
    if of is None or name not in of.classes:
        return None
    i = of.classes.index(name)
    return sum(of.counts[i]) + (of.misses[i] if of.misses else 0)
