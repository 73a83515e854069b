"""Accuracy against cost: the systems of one data set by parameters, multiply-accumulates a second
of audio, and real-time factor.

A point is the mean over seeds with their sample standard deviation, or one run with its interval.
Systems that no other beats in both are joined: the Pareto front.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, inf, log10

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from seldbench.evaluation.names import lower_is_better
from seldbench.report.figures.charts import STYLE, panel_title, plain, say, svg
from seldbench.report.figures.files import Data
from seldbench.report.palette import LIGHT, colour
from seldbench.report.results.costs import Costs, costs_of, ratio, short
from seldbench.report.results.result import Group, mean_and_spread
from seldbench.report.tables.paired import names_of
from seldbench.report.words import shown

SHAPES = "osD^vPX"  # with the colours, so that architectures differ by shape too
INCHES = (9.6, 3.9)
LETTER, LINE = 0.053, 0.13  # inches of a name: the width of a letter, the height of a line
MOST = 6  # ticks of an axis
NARROW = 5.0  # high to low: below it ticks are evenly apart, as on a plain axis
DIGIT, GAP = 0.075, 0.12  # inches of a tick's text: the width of a letter, and between two
ROOM = 0.06  # beside the outermost systems, of the range of costs


@dataclass(frozen=True)
class Cost:
    """A kind of cost. title: of its axis. shown: its values for a reader."""

    title: str
    of: Callable[[Costs], float | None]
    shown: Callable[[float], str]

    def tick(self, value: float) -> str:
        """Of an axis, where values are round: without noughts at the end."""
        return re.sub(r"\.?0+(?= |$)", "", text) if "." in (text := self.shown(value)) else text


@dataclass(frozen=True)
class Point:
    """A system. low, high: the ends of its interval, or of its spread over seeds."""

    name: str
    arch: str
    marked: bool
    cost: float
    value: float
    low: float
    high: float


def known_costs(gathered: Sequence[Group], score: str) -> list[Cost]:
    """The costs that at least two systems with the score have; times that were taken alike."""
    timings = [costs_of(g.results).timing for g in gathered if costs_of(g.results).real_time]
    times = [_time_on(timing) for timing in dict.fromkeys(timings)]
    kinds = [
        Cost("parameters", lambda c: c.parameters, short),
        Cost("multiply-accumulates a second of audio", lambda c: c.macs, short),
        *times,
    ]
    return [kind for kind in kinds if len(points(gathered, score, kind)) > 1]


def _time_on(timing: str) -> Cost:
    said = f"real-time factor ({timing})"
    return Cost(said, lambda c: c.real_time if c.timing == timing else None, ratio)


def points(gathered: Sequence[Group], score: str, kind: Cost) -> list[Point]:
    """The systems that have both."""
    found = []
    for name, group in zip(names_of(gathered), gathered):
        values, cost = group.values(score), kind.of(costs_of(group.results))
        if not values or not cost:
            continue
        mean, spread = mean_and_spread(values)
        interval = group.first.interval(score)
        ends = (mean - spread, mean + spread) if spread is not None else (mean, mean)
        ends = interval[1:] if spread is None and interval else ends
        marked = bool(group.first.marks)
        found.append(Point(name, group.first.arch, marked, float(cost), mean, *ends))
    return found


def front(of: Sequence[Point], score: str) -> list[Point]:
    """The Pareto front, the cheapest first: systems that none beats or equals in score at no more
    cost. Of equals the first counts."""
    sign = 1.0 if lower_is_better(score) else -1.0
    found: list[Point] = []
    for point in sorted(of, key=lambda p: (p.cost, sign * p.value)):
        if not found or sign * point.value < sign * found[-1].value:
            found.append(point)
    return found


def cost_figure(gathered: Sequence[Group], score: str, label: str) -> tuple[str, Data]:
    """A panel a kind of cost, and what they show."""
    kinds = known_costs(gathered, score)
    archs = list(dict.fromkeys(group.first.arch for group in gathered))
    rows: list[tuple[str | float | None, ...]] = []
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=INCHES, layout="constrained")
        axes = drawn.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
        for axis, kind in zip(axes, kinds):
            every = points(gathered, score, kind)
            best = front(every, score)
            _panel(axis, kind, every, archs, score)
            width = 0.85 * INCHES[0] / len(kinds)
            axis.set_xlim(*_limits(every, best, width))
            low, high = axis.get_xlim()
            axis.xaxis.set_major_locator(FixedLocator(ticks(low, high, width, kind.tick)))
            axis.xaxis.set_minor_locator(NullLocator())
            _front(axis, best, lower_is_better(score), width)
            rows += [
                (kind.title, p.name, p.cost, p.value, p.low, p.high, "yes" if p in best else "no")
                for p in every
            ]
        axes[0].set_ylabel(panel_title(score))
        drawn.legend(handles=_legend(archs), loc="outside lower center", ncols=6)
        text = svg(drawn, label)
    columns = ("cost", "system", "cost value", score, "low", "high", "on the Pareto front")
    return text, Data(columns, rows)


def _panel(
    axis: Axes, kind: Cost, every: Sequence[Point], archs: Sequence[str], score: str
) -> None:
    for point in every:
        i = archs.index(point.arch)
        tint = colour(i)
        ends = [point.low, point.high]
        axis.plot([point.cost] * 2, ends, color=tint, linewidth=1.6, alpha=0.45)
        (mark,) = axis.plot(
            [point.cost], [point.value], SHAPES[i % len(SHAPES)], color=tint, markersize=6,
            markerfacecolor=LIGHT["paper"] if point.marked else tint, markeredgewidth=1.4,
        )  # fmt: skip
        low, value, high = (shown(v, score) for v in (point.low, point.value, point.high))
        say(mark, f"{point.name}: {value} ({low} to {high}), {kind.shown(point.cost)}")
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: kind.tick(value)))
    axis.tick_params(axis="x", which="both", length=0)
    axis.set_xlabel(kind.title)


def _limits(every: Sequence[Point], best: Sequence[Point], width: float) -> tuple[float, float]:
    """Of the axis, so that names left of the front's systems stand in the panel; `width`: inches of
    the panel."""
    logs = [log10(point.cost) for point in every]
    room = ROOM * max(max(logs) - min(logs), log10(2))
    high, low = max(logs) + room, min(logs) - room
    for point in best:
        share = min((len(point.name) + 3) * LETTER / width, 0.6)
        low = min(low, (log10(point.cost) - share * high) / (1 - share))
    return 10**low, 10**high


def ticks(low: float, high: float, width: float, said: Callable[[float], str]) -> list[float]:
    """Round values on a logarithmic axis, up to MOST, that have texts that differ and do not touch;
    `width`: inches from low to high."""
    decades = _decades(low, high, (1.0,))
    choices = [_decades(low, high, (1.0, 2.0, 5.0)), *(decades[::n] for n in (1, 2, 3))]
    if high < NARROW * low:
        largest = 10 ** floor(log10(high - low))
        choices += [_multiples(low, high, part * largest) for part in (0.1, 0.2, 0.5, 1.0, 2.0)]
    an_inch = log10(high / low) / width
    fitting = [of for of in choices if len(of) <= MOST and _apart(of, an_inch, said)]
    return max(fitting, key=len, default=[]) or [(low * high) ** 0.5]


def _decades(low: float, high: float, subs: Sequence[float]) -> list[float]:
    """These multiples of the powers of ten that lie between."""
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    return [v for power in powers for sub in subs if low <= (v := sub * 10.0**power) <= high]


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [k * step for k in range(ceil(low / step), floor(high / step) + 1)]


def _apart(values: Sequence[float], an_inch: float, said: Callable[[float], str]) -> bool:
    """Whether the texts of these values stand side by side; `an_inch`: decades of the axis."""
    texts = [said(value) for value in values]
    room = [log10(b / a) / an_inch for a, b in pairwise(values)]
    wide = [(len(a) + len(b)) / 2 * DIGIT + GAP for a, b in pairwise(texts)]
    return len({*texts}) == len(texts) and all(w <= r for w, r in zip(wide, room))


def _front(axis: Axes, best: Sequence[Point], lower: bool, width: float) -> None:
    """A staircase through the front, and names: towards the corner where no system is."""
    first, last = axis.get_xlim()
    costs = [*(point.cost for point in best), last]
    values = [*(point.value for point in best), best[-1].value]
    axis.plot(
        costs, values, drawstyle="steps-post", color=LIGHT["muted"], linewidth=1.2,
        linestyle=(0, (4, 2)), zorder=1,
    )  # fmt: skip
    bottom, top = axis.get_ylim()
    an_inch = (top - bottom) / (0.72 * INCHES[1])  # of the panel, in units of the score
    sign = -1.0 if lower else 1.0
    above, before = -inf, 0.0  # of the name to the left: its line, and its system's place in inches
    for point in best:
        place = width * log10(point.cost / first) / log10(last / first)
        line = sign * point.value / an_inch
        if place - len(point.name) * LETTER < before:
            line = max(line, above + LINE)
        above, before = line, place
        axis.annotate(
            plain(point.name), (point.cost, sign * line * an_inch), (-6, 4 * sign),
            textcoords="offset points", ha="right", va="top" if lower else "bottom", fontsize=7.0,
        )  # fmt: skip


def _legend(archs: Sequence[str]) -> list[Line2D]:
    made = [
        Line2D([], [], marker=SHAPES[i % len(SHAPES)], color=colour(i), linestyle="none", label=a)
        for i, a in enumerate(map(plain, archs))
    ]
    front_line = Line2D(
        [], [], color=LIGHT["muted"], linewidth=1.2, linestyle=(0, (4, 2)), label="Pareto front"
    )
    return [*made, front_line]
