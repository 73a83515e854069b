"""Figures of a report as SVG: PSD-ROC, training curves, bars by class.

Drawn without a window or a global state; equal data give equal text: no dates, seeded names. Names
of classes and runs are shown as they are, never read as mathematics or markup.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seldbench.evaluation.names import unit
from seldbench.report.figures.drawing import Scale, scale_of
from seldbench.report.palette import LIGHT, colour
from seldbench.report.words import arrow, number, plain_title, shown, title

# Panels of a training: {kind of series: title, width}.
TRAINING = {"loss": ("training loss", 4), "valid": ("validation scores", 4), "lr": ("step size", 2)}
WIDEST_TITLE = 20  # characters that stand above a panel beside others
SAID = "said:"  # before the words of a part of a figure, as its name
HALF_TURN = 180.0  # degrees; no angle between directions is larger
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "grid.linewidth": 0.6,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "text.parse_math": False,
    "axes.unicode_minus": False,
} | {
    key: LIGHT[name]
    for name, keys in {
        "ink": ("text.color", "axes.titlecolor", "axes.edgecolor"),
        "muted": ("axes.labelcolor", "xtick.color", "ytick.color"),
        "grid": ("grid.color",),
    }.items()
    for key in keys
}


def score_scale(score: str, values: Iterable[float | None], ends: Iterable[float] = ()) -> Scale:
    """Room for the values and the ends of intervals; degrees go from 0 to 180."""
    scale = scale_of(values, ends)
    return Scale(0.0, min(scale.high, HALF_TURN)) if unit(score) == "degrees" else scale


def panel_title(score: str) -> str:
    """The score's name, what is better, and its unit."""
    return plain_title(score) + arrow(score) + (f", {unit(score)}" if unit(score) else "")


def in_lines(title: str) -> str:
    """A title above a narrow panel: two lines where it is long, broken at its first comma."""
    return title.replace(", ", ",\n", 1) if len(title) > WIDEST_TITLE else title


def psd_roc(curves: Mapping[str, Any]) -> str:
    """True positive rate over effective false positives an hour, by class and over all classes.

    Args:
        curves: {score: {"max_efpr", "psds", "mean": [[efpr, tpr] ...], "classes": {class: same}}}.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.2), layout="constrained")
        axes = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
        for panel, (score, curve) in zip(axes, curves.items()):
            _roc(panel, curve)
            panel.set_title(f"{title(score)} = {number(curve['psds'])}")
        axes[0].set_ylabel("true positive rate")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")
        return svg(figure, "PSD-ROC")


def _roc(panel: Axes, curve: Mapping[str, Any]) -> None:
    for i, (name, points) in enumerate(curve["classes"].items()):
        _staircase(panel, points, curve["max_efpr"], name, color=colour(i), linewidth=1.0)
    ink = LIGHT["ink"]
    _staircase(panel, curve["mean"], curve["max_efpr"], "all classes", color=ink, linewidth=2.2)
    mean = [*curve["mean"], [curve["max_efpr"], curve["mean"][-1][1]]] if curve["mean"] else []
    across, up = [x for x, _ in mean], [y for _, y in mean]
    panel.fill_between(across, up, step="post", color=LIGHT["muted"], alpha=0.15, linewidth=0)
    panel.set_xlim(0, curve["max_efpr"])
    panel.set_ylim(0, 1.02)
    panel.set_xlabel("effective false positives an hour")


def _staircase(
    panel: Axes, points: Sequence[Sequence[float]], end: float, name: str, **line: Any
) -> None:
    if points:
        held = [*points, [end, points[-1][1]]]
        across, up = [x for x, _ in held], [y for _, y in held]
        panel.plot(across, up, drawstyle="steps-post", label=plain(name), **line)


def training(stages: Mapping[str, Any]) -> str:
    """Losses, validation scores and step size by epoch, a row of panels a stage.

    Args:
        stages: {stage, or stage@fold: {"epoch": [...], "series": {name: [value | None ...]},
            "selected": epoch}}.
    """
    height = 4.0 if len(stages) < 3 else 3.0
    kinds = {
        kind: of
        for kind, of in TRAINING.items()
        if kind != "valid" or any(_named(curves, kind) for curves in stages.values())
    }
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, height * len(stages)), layout="constrained")
        widths = [width for _, width in kinds.values()]
        rows = figure.subplots(len(stages), len(kinds), squeeze=False, width_ratios=widths)
        for axes, (stage, curves) in zip(rows, stages.items()):
            for panel, (kind, (name, _)) in zip(axes, kinds.items()):
                _series(panel, curves, kind)
                panel.set_title(name)
            if len(stages) > 1:
                axes[0].set_title(plain(f"{stage.replace('@', ', fold ')}: {TRAINING['loss'][0]}"))
        return svg(figure, "Training curves")


def taught(curves: Mapping[str, Any]) -> bool:
    """Whether a training had a teacher, so that it matters which of the networks a score is of."""
    return any(name.startswith("valid teacher ") for name in curves["series"])


def series_name(name: str, curves: Mapping[str, Any]) -> str:
    """A series of a training's log, which calls a lone network a student too."""
    return name if taught(curves) else name.replace("valid student ", "valid ", 1)


def _named(curves: Mapping[str, Any], kind: str) -> list[str]:
    """The series of one kind."""
    return [name for name in curves["series"] if name.split()[0] in (kind, f"{kind}es")]


def _series(panel: Axes, curves: Mapping[str, Any], kind: str) -> None:
    names = _named(curves, kind)
    for i, name in enumerate(names):
        main = name == kind or name.endswith("score")
        width, style = (1.8, "-") if main else (1.0, "--")
        known = [(e, v) for e, v in zip(curves["epoch"], curves["series"][name]) if v is not None]
        across, up = [e for e, _ in known], [v for _, v in known]
        short = series_name(name, curves).removeprefix("losses ").removeprefix("valid ")
        (line,) = panel.plot(
            across, up, style, color=colour(i), linewidth=width,
            label=plain(short.replace("valid/", "")),
        )  # fmt: skip
        if len(known) == 1:  # a point, whole on the axis too
            line.set(marker="o", clip_on=False)
    if curves.get("selected") and kind == "valid":
        panel.axvline(curves["selected"], color=LIGHT["muted"], linewidth=1.0, linestyle=":")
    panel.set_xlabel("epoch")
    panel.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    panel.set_xlim(min(curves["epoch"]) - 0.5, max(curves["epoch"]) + 0.5)
    values = [v for name in names for v in curves["series"][name] if v is not None]
    if min(values, default=0.0) >= 0:  # a loss that selects counts with its sign turned
        panel.set_ylim(bottom=0)
    if len(names) > 1:
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), fontsize=7.5)


def bars_by_class(values: Mapping[str, Mapping[str, float | None]], scores: Sequence[str]) -> str:
    """A bar a class and score; the value at its end. Scores of one unit share a panel.

    Args:
        values: {class: {score: value or None}}, the first on top.
    """
    units = [[s for s in scores if unit(s) == u] for u in dict.fromkeys(map(unit, scores))]
    longest = max(map(len, units))
    with mpl.rc_context(STYLE):
        figure = Figure(
            figsize=(9.6, 0.9 + len(values) * (0.12 + 0.13 * longest)), layout="constrained"
        )
        widths = [1 + len(of_unit) for of_unit in units]
        panels = figure.subplots(1, len(units), sharey=True, squeeze=False, width_ratios=widths)[0]
        for panel, of_unit in zip(panels, units):
            first = scores.index(of_unit[0])
            class_bars(panel, values, {s: colour(first + j) for j, s in enumerate(of_unit)})
        panels[0].set_yticks(range(len(values)), [plain(n) for n in values], color=LIGHT["ink"])
        panels[0].set_ylim(len(values) - 0.5, -0.5)
        figure.legend(loc="outside upper right", ncols=len(scores))
        return svg(figure, "Scores by class")


def class_bars(
    panel: Axes, values: Mapping[str, Mapping[str, float | None]], colours: Mapping[str, str]
) -> None:
    """The scores of one unit, one below the other in each class."""
    known = [of.get(score) for of in values.values() for score in colours]
    scale = score_scale(next(iter(colours)), known)
    height = 0.8 / len(colours)
    for j, (score, tint) in enumerate(colours.items()):
        places = [i + (j - (len(colours) - 1) / 2) * height for i in range(len(values))]
        lengths = [of_class.get(score) for of_class in values.values()]
        drawn = [v or 0.0 for v in lengths]
        panel.barh(places, drawn, height * 0.9, color=tint, label=panel_title(score))
        for place, length in zip(places, lengths):
            at = (length or 0) + 0.008 * scale.high
            panel.text(at, place, shown(length, score), va="center", fontsize=7.0)
    if scale.high == HALF_TURN:
        panel.set_xticks([0, 60, 120, 180])
    # Room for the numbers: a panel of one score is narrow.
    panel.set_xlim(0, (1.05 if len(colours) > 1 else 1.25) * scale.high)
    panel.grid(False, axis="y")


def say(drawn: Artist, text: str) -> None:
    """What a reader is told who points at a part of a figure (`svg`)."""
    drawn.set_gid(SAID + text)


def svg(figure: Figure, label: str) -> str:
    """The figure as an SVG element that scales with the page; `label` is what it shows."""
    buffer = io.StringIO()
    names = {"Date": None, "Creator": None, "Format": None, "Type": None}
    salt: dict[Any, Any] = {"svg.hashsalt": label}
    with mpl.rc_context(salt):
        figure.savefig(buffer, format="svg", metadata=names)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for waste in (r"<!--.*?-->", r"<metadata>.*?</metadata>", r"<style.*?</style>"):
        text = re.sub(waste, "", text, flags=re.DOTALL)
    # Each text names all fonts that matplotlib knows: the figure does so once.
    text = re.sub(r" font-family: [^;\"]*;", "", text)
    # Names of groups would occur twice where two figures stand in one page; nothing refers to them.
    text = re.sub(rf'<g id="{SAID}([^"]*)">', r"<g><title>\1</title>", text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    head = f'<svg role="img" aria-label="{escape(label)}" font-family="system-ui, sans-serif"'
    return text.replace("<svg ", f'{head} style="stroke-linejoin:round" ', 1)


def plain(name: str) -> str:
    # A legend leaves out what begins with an underscore.
    return f" {name}" if name.startswith("_") else name
