"""What became of a run's true and predicted events, what each kind of error costs, and which share
is found under each condition: drawn from `evaluation.budget`'s tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from seldbench.evaluation import Resampling
from seldbench.evaluation.budget.tables import sed_budget, seld_budget
from seldbench.metrics.budget.directions import Limits
from seldbench.metrics.seld import SCORERS
from seldbench.report.clips.shown import Outcome
from seldbench.report.clips.shown_directions import Directed
from seldbench.report.figures.charts import STYLE, plain, svg
from seldbench.report.figures.files import Cell, Data
from seldbench.report.figures.outcomes import CONDITIONS, KINDS
from seldbench.report.palette import LIGHT

METHOD = "bootstrap"  # whose intervals are drawn
INTERVALS = Resampling(1000, jackknife=False)
ACROSS = 3  # panels of conditions in a row
WIDE = 9.6  # inches
LEGEND = 1.04  # inches of a row of the legend that an entry takes at least


@dataclass(frozen=True)
class Cost:
    """A kind of error: its colour, what it is, and {score: (gain, low, high) if it were repaired},
    ends None where there is no interval."""

    kind: str
    tint: str
    words: str
    gains: dict[str, tuple[float, float | None, float | None]]


def of_events(outcome: Outcome) -> dict[str, Any]:
    """For budget.json; {} where the reference has no event."""
    return sed_budget(outcome.reference, outcome.predicted, resampling=INTERVALS)


def of_directions(found: Directed, scorer: str) -> dict[str, Any]:
    """The same, counted in frames of a source."""
    by_frame = SCORERS[scorer].rule == "frames"
    limits = Limits(distance=1.0 if found.measured and by_frame else None)
    names = dict(enumerate(found.classes))
    return seld_budget(
        found.reference,
        found.predicted,
        limits,
        classes=len(names),
        names=names,
        resampling=INTERVALS,
    )


def costs(budget: Mapping[str, Any]) -> list[Cost]:
    """The dearest for the first score first."""
    of = budget["cost"]
    kinds = dict.fromkeys(kind for gains in of.values() for kind in gains)
    found = [
        Cost(
            kind,
            KINDS[kind][0],
            KINDS[kind][1] or KINDS[kind][2],
            {
                score: (gains[kind], *_ends(budget["cost_intervals"].get(score, {}), kind))
                for score, gains in of.items()
                if kind in gains
            },
        )
        for kind in kinds
    ]
    first = next(iter(of), "")
    return sorted(found, key=lambda cost: -cost.gains.get(first, (0.0,))[0])


def _ends(intervals: Mapping[str, Any], kind: str) -> tuple[float | None, float | None]:
    low, high = intervals.get(kind, {}).get(METHOD, (None, None))
    return low, high


def figure(budget: Mapping[str, Any]) -> str:
    """A bar a class of what became of its true events, one of its predicted ones; and what F1 would
    gain without each kind of error."""
    everything = {"all classes": budget, **budget["classes"]}
    rows = len(everything)
    unit = "frames" if budget["unit"] == "frames" else "events"
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(WIDE, 1.5 + 0.24 * max(rows, 8)), layout="constrained")
        left, middle, right = drawn.subplots(1, 3, width_ratios=[3, 3, 2.4])
        for panel, side in ((left, "reference"), (middle, "predicted")):
            _stacks(panel, {name: of[side] for name, of in everything.items()})
            panel.set_title(f"{'true' if side == 'reference' else 'predicted'} {unit}")
        left.set_yticks(range(rows), [plain(n) for n in everything], color=LIGHT["ink"])
        middle.set_yticks(range(rows), [""] * rows)
        _costs(right, budget)
        present = [k for k in KINDS if any(budget[s].get(k) for s in ("reference", "predicted"))]
        handles = [Patch(color=LIGHT[KINDS[k][0]], label=_named(k)) for k in present]
        drawn.legend(handles=handles, loc="outside lower left", ncols=int(WIDE / LEGEND))
        return svg(drawn, "Error budget")


def _named(kind: str) -> str:
    return kind.replace("_", " ")


def _stacks(panel: Axes, rows: Mapping[str, Mapping[str, int]]) -> None:
    """Full bars, a part a kind."""
    for i, of in enumerate(rows.values()):
        total, begun = max(sum(of.values()), 1), 0.0
        for kind in [k for k in KINDS if of.get(k)]:
            share = of[kind] / total
            panel.barh(i, share, 0.78, left=begun, color=LIGHT[KINDS[kind][0]], linewidth=0)
            begun += share
        panel.text(1.015, i, f"{sum(of.values()):,}", va="center", fontsize=7.0)
    panel.set_xlim(0, 1)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    panel.grid(False)


def _costs(panel: Axes, budget: Mapping[str, Any]) -> None:
    """Of the first score, which is the mean over classes."""
    score = next(iter(budget["cost"]))
    known = [(cost, cost.gains[score]) for cost in costs(budget) if score in cost.gains]
    for i, (cost, (gain, low, high)) in enumerate(known):
        panel.barh(i, gain, 0.7, color=LIGHT[cost.tint], linewidth=0)
        if low is not None and high is not None:
            panel.plot((low, high), (i, i), color=LIGHT["ink"], linewidth=1.2)
        panel.text(max(gain, high or 0), i, f"  +{gain:.3f}", va="center", fontsize=7.5)
    panel.set_yticks(range(len(known)), [_named(cost.kind) for cost, _ in known])
    panel.set_ylim(len(known) - 0.5, -0.5)
    most = max((max(gain, high or 0) for _, (gain, _, high) in known), default=0.0)
    panel.set_xlim(0, 1.3 * most or 1.0)
    panel.set_title(f"gain in F1, now {budget['scores'][score]:.3f}")
    panel.grid(False, axis="y")


def data(budget: Mapping[str, Any]) -> Data:
    """Numbers by class and kind, then gains."""
    rows: list[tuple[Cell, ...]] = [
        (name, what, kind, number, None, None)
        for name, of in {"all classes": budget, **budget["classes"]}.items()
        for what, side in (("true", "reference"), ("predicted", "predicted"))
        for kind, number in of[side].items()
    ]
    rows += [
        ("all classes", f"gain in {score}", cost.kind, *gain)
        for cost in costs(budget)
        for score, gain in cost.gains.items()
    ]
    return Data(("class", "what", "kind", "value", "low", "high"), rows)


def conditions_figure(conditions: Mapping[str, Any]) -> str:
    """The share that is found under each condition, with its interval; a panel a condition."""
    rows = -(-len(conditions) // ACROSS)
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(WIDE, 0.4 + 2.3 * rows), layout="constrained")
        panels = drawn.subplots(rows, ACROSS, sharey=True, squeeze=False).ravel()
        highest = max(_top(of) for bins in conditions.values() for of in bins.values())
        for panel, (name, bins) in zip(panels, conditions.items()):
            _shares(panel, bins)
            panel.set_ylim(0, 1.15 * max(highest, 0.1))
            panel.set_title(CONDITIONS.get(name, name))
        for panel in panels[len(conditions) :]:
            panel.set_visible(False)
        for panel in panels[::ACROSS]:
            panel.set_ylabel("share found")
        return svg(drawn, "Share found by condition")


def _shares(panel: Axes, bins: Mapping[str, Mapping[str, Any]]) -> None:
    for i, of in enumerate(bins.values()):
        ends = of["intervals"].get("recall", {}).get(METHOD)
        panel.bar(i, of["recall"], 0.7, color=LIGHT["c5"], alpha=0.45, linewidth=0)
        if ends:
            panel.plot((i, i), ends, color=LIGHT["c0"], linewidth=2.0, solid_capstyle="butt")
        panel.annotate(
            f"{of['recall']:.2f}", (i, _top(of)), (0, 3), textcoords="offset points",
            ha="center", fontsize=7.0,
        )  # fmt: skip
    labels = [f"{_lines(name)}\nn {_number(of):,}" for name, of in bins.items()]
    panel.set_xticks(range(len(bins)), labels, fontsize=6.5)
    panel.set_xlim(-0.5, len(bins) - 0.5)
    panel.grid(False, axis="x")


def _top(of: Mapping[str, Any]) -> float:
    """The share, or the upper end of its interval."""
    return float(max([of["recall"], *of["intervals"].get("recall", {}).get(METHOD, ())]))


def _lines(name: str) -> str:
    """A bin's name in short lines."""
    name = name.replace(" degrees", "°")
    return name.replace(" ", "\n", 1) if len(name) > len("0.25-0.5") else name


def _number(of: Mapping[str, Any]) -> int:
    return next(of[key] for key in ("events", "frames") if key in of)


def conditions_data(conditions: Mapping[str, Any]) -> Data:
    rows = [
        (name, value, _number(of), of["hits"], of["recall"], *_of_recall(of))
        for name, bins in conditions.items()
        for value, of in bins.items()
    ]
    return Data(("condition", "value", "number", "found", "share", "low", "high"), rows)


def _of_recall(of: Mapping[str, Any]) -> Sequence[float | None]:
    return of["intervals"].get("recall", {}).get(METHOD, (None, None))
