"""Dot plots of systems with their seeds: all systems of one data set, and the rows of a paper's
table, published beside measured.

A small dot is a seed, a line across it the mean over seeds, a bar the sample standard deviation;
a thin line along it is the interval of a single run.
Hollow dots carry a mark. Scores of simulated data have panels of their own: their level says
nothing about that of the real set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import fill

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seldbench.report.figures.charts import STYLE, in_lines, panel_title, plain, score_scale, svg
from seldbench.report.palette import LIGHT, colour
from seldbench.report.results.result import mean_and_spread
from seldbench.report.words import shown

BETWEEN = 0.26  # lines from one series to the next in the same row
TITLES = 96  # characters of the titles of all panels side by side
ROOM, LEAST = 0.1, 0.02  # beside the outermost values: of their range, of the score's


@dataclass(frozen=True)
class Series:
    """One system's values of one score.

    name: in the legend; "" for none. values: a value a seed. published: value and its spread.
    interval: of the one run that there is.
    """

    name: str
    tint: int
    values: tuple[float, ...] = ()
    marked: bool = False
    published: tuple[float, float | None] | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Panel:
    """One score on one kind of data: the series of each row, by the row's name."""

    score: str
    title: str
    rows: Mapping[str, Sequence[Series]] = field(default_factory=dict)


def figure(panels: Sequence[Panel], label: str) -> str:
    """Panels side by side over the same rows, the first on top."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.rows))
    height = 1.0 + 0.34 * len(names)
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(9.6, height), layout="constrained")
        axes = drawn.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axis, panel in zip(axes, panels):
            for i, name in enumerate(names):
                _row(axis, i, panel.rows.get(name, ()), panel.score)
            _frame(axis, panel, len(panels))
        axes[0].set_yticks(range(len(names)), [plain(n) for n in names], color=LIGHT["ink"])
        axes[0].set_ylim(len(names) - 0.5, -0.5)
        handles = _legend(panels)
        if handles:
            drawn.legend(handles=handles, loc="outside lower right", ncols=4)
        return svg(drawn, label)


def _row(axis: Axes, i: int, series: Sequence[Series], score: str) -> None:
    for j, one in enumerate(series):
        place = i + (j - (len(series) - 1) / 2) * BETWEEN
        tint = colour(one.tint)
        if one.published is not None:
            value, spread = one.published
            shade = tint if len(series) > 1 and one.name else LIGHT["muted"]
            _bar(axis, value, spread, place, shade)
            axis.plot([value], [place], "D", color=shade, markersize=5, clip_on=False)
        if one.values:
            _seeds(axis, one, place, tint, score, labelled=len(series) == 1)


def _seeds(axis: Axes, one: Series, place: float, tint: str, score: str, *, labelled: bool) -> None:
    mean, spread = mean_and_spread(list(one.values))
    _bar(axis, mean, spread, place, tint)
    if one.interval is not None:
        axis.plot(one.interval, [place, place], color=tint, linewidth=1.4, solid_capstyle="butt")
    fill = LIGHT["paper"] if one.marked else tint
    axis.plot(
        one.values, [place] * len(one.values), "o", color=tint, markerfacecolor=fill,
        markersize=4.5, markeredgewidth=1.0, linestyle="none", clip_on=False,
    )  # fmt: skip
    if len(one.values) > 1:
        axis.plot([mean, mean], [place - 0.17, place + 0.17], color=tint, linewidth=2.0)
    if labelled:
        axis.annotate(
            shown(mean, score), (mean, place), (0, 7), textcoords="offset points",
            fontsize=7.5, ha="center",
        )  # fmt: skip


def _bar(axis: Axes, mean: float, spread: float | None, place: float, tint: str) -> None:
    if spread:
        ends = [mean - spread, mean + spread]
        axis.plot(ends, [place, place], color=tint, linewidth=4.0, alpha=0.3, solid_capstyle="butt")


def _frame(axis: Axes, panel: Panel, beside: int) -> None:
    """The score's axis: close around the values, so that small differences are seen.

    Args:
        beside: how many panels share the figure's width.
    """
    values = list(_values(panel))
    scale = score_scale(panel.score, values)
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = max(ROOM * (high - low), LEAST * (scale.high - scale.low))
    axis.set_xlim(max(scale.low, low - margin), high + margin)
    axis.set_title(_wrapped(f"{panel_title(panel.score)}{panel.title}", beside))
    axis.grid(False, axis="y")
    axis.locator_params(axis="x", nbins=min(4, max(2, 16 // beside)))


def _wrapped(title: str, beside: int) -> str:
    """In lines that end within their panel."""
    return "\n".join(fill(line, TITLES // beside) for line in in_lines(title).split("\n"))


def _values(panel: Panel) -> Iterable[float]:
    for series in panel.rows.values():
        for one in series:
            yield from one.values
            if one.values:
                mean, spread = mean_and_spread(list(one.values))
                yield from (mean - (spread or 0.0), mean + (spread or 0.0))
            yield from one.interval or ()
            if one.published is not None:
                value, spread = one.published
                yield from (value - (spread or 0.0), value + (spread or 0.0))


def _legend(panels: Sequence[Panel]) -> list[Line2D]:
    """An entry a name that occurs, published values first."""
    every = [one for panel in panels for of in panel.rows.values() for one in of]
    found: dict[str, Line2D] = {}
    if any(one.published for one in every):
        found["published"] = Line2D(
            [], [], marker="D", color=LIGHT["muted"], linestyle="none", label="published"
        )
    for one in every:
        if one.name and one.values and one.name not in found:
            fill = LIGHT["paper"] if one.marked else colour(one.tint)
            found[one.name] = Line2D(
                [], [], marker="o", color=colour(one.tint), markerfacecolor=fill,
                linestyle="none", label=plain(one.name),
            )  # fmt: skip
    return list(found.values())
