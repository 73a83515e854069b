"""Accuracy against cost: the systems of one data set by parameters, multiply-accumulates a second
of audio, and real-time factor.

A point is the mean over seeds with their sample standard deviation, or one run with its interval.
Systems that no other beats in both are joined: the Pareto front.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from seldbench.evaluation.names import lower_is_better
from seldbench.report.costs import Costs, costs_of, ratio, short
from seldbench.report.figures import STYLE, panel_title, plain, svg
from seldbench.report.page_parts import Data
from seldbench.report.paired import names_of
from seldbench.report.palette import LIGHT, colour
from seldbench.report.results import Group, mean_and_spread

SHAPES = "osD^vPX"  # with the colours, so that architectures differ by shape too
ROOM = 0.45  # beside the cheapest system, of the panel's width, for names


@dataclass(frozen=True)
class Cost:
    """A kind of cost. title: of its axis. shown: its values for a reader."""

    title: str
    of: Callable[[Costs], float | None]
    shown: Callable[[float], str]


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
    """The costs that at least two systems with the score have; times only of one device."""
    devices = [costs_of(g.results).device for g in gathered if costs_of(g.results).real_time]
    times = [_time_on(device) for device in dict.fromkeys(devices)]
    kinds = [
        Cost("parameters", lambda c: c.parameters, short),
        Cost("multiply-accumulates a second of audio", lambda c: c.macs, short),
        *times,
    ]
    return [kind for kind in kinds if len(points(gathered, score, kind)) > 1]


def _time_on(device: str) -> Cost:
    said = f"real-time factor, {device}" if device else "real-time factor"
    return Cost(said, lambda c: c.real_time if c.device == device else None, ratio)


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
        drawn = Figure(figsize=(9.6, 3.9), layout="constrained")
        axes = drawn.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
        for axis, kind in zip(axes, kinds):
            every = points(gathered, score, kind)
            best = front(every, score)
            _panel(axis, kind, every, archs)
            _front(axis, best, lower_is_better(score))
            rows += [
                (kind.title, p.name, p.cost, p.value, p.low, p.high, "yes" if p in best else "no")
                for p in every
            ]
        axes[0].set_ylabel(panel_title(score))
        drawn.legend(handles=_legend(archs), loc="outside lower center", ncols=6)
        text = svg(drawn, label)
    columns = ("cost", "system", "cost value", score, "low", "high", "on the Pareto front")
    return text, Data(columns, rows)


def _panel(axis: Axes, kind: Cost, every: Sequence[Point], archs: Sequence[str]) -> None:
    for point in every:
        i = archs.index(point.arch)
        tint = colour(i)
        ends = [point.low, point.high]
        axis.plot([point.cost] * 2, ends, color=tint, linewidth=1.6, alpha=0.45)
        axis.plot(
            [point.cost], [point.value], SHAPES[i % len(SHAPES)], color=tint, markersize=6,
            markerfacecolor=LIGHT["paper"] if point.marked else tint, markeredgewidth=1.4,
        )  # fmt: skip
    axis.set_xscale("log")
    costs = [point.cost for point in every]
    spread = max(max(costs) / min(costs), 2.0)
    axis.set_xlim(min(costs) / spread**ROOM, max(costs) * spread**0.08)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: kind.shown(value)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.tick_params(axis="x", which="both", length=0)
    axis.set_xlabel(kind.title)


def _front(axis: Axes, best: Sequence[Point], lower: bool) -> None:
    """A staircase through the front, and names: towards the corner where no system is."""
    where = [point.cost for point in best]
    axis.plot(
        where, [point.value for point in best], drawstyle="steps-post", color=LIGHT["muted"],
        linewidth=1.2, linestyle=(0, (4, 2)), zorder=1,
    )  # fmt: skip
    for point in best:
        axis.annotate(
            plain(point.name), (point.cost, point.value), (-6, -4 if lower else 4),
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
