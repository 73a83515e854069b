"""Scores of one system: values, intervals, and what a reader should know. JSON and plain lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seldbench.evaluation.measure import Interval, Intervals, Measured
from seldbench.evaluation.names import symbol, unit
from seldbench.metrics import VERSION

Value = float | None


@dataclass(frozen=True)
class Scores:
    """scores: {name: value}. classes: {class: {name: value}}. intervals: {name: {method: (low,
    high)}}; class_intervals: the same by class. notes: what a reader of the scores should know,
    such as predictions left out. details: further tables of a task, plain JSON. None: what the
    files do not determine."""

    scores: dict[str, Value]
    classes: dict[str, dict[str, Value]]
    intervals: Intervals
    scored_classes: tuple[str, ...]
    unscored_classes: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    class_intervals: dict[str, Intervals] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain lists and tables; absent values are None."""
        return {
            "scores": self.scores,
            "classes": self.classes,
            "intervals": _plain(self.intervals),
            "class_intervals": {c: _plain(i) for c, i in self.class_intervals.items()},
            "scored_classes": list(self.scored_classes),
            "unscored_classes": list(self.unscored_classes),
            "notes": self.notes,
            "metrics_version": VERSION,
            **self.details,
        }

    def lines(self) -> list[str]:
        """For a person: the scores that have a value, with their intervals, classes, notes."""
        wide = max([18, *map(len, self.scores)])
        found = [
            f"{name:{wide}} {_shown(value, name)}{_between(self.intervals.get(name, {}))}"
            for name, value in self.scores.items()
            if value is not None
        ]
        if "total" in self.details:
            found.append(f"{'correct':{wide}} {self.details['correct']}/{self.details['total']}")
        found += _class_table(self.classes)
        if "error_budget" in self.details:
            found += _budget_lines(self.details["error_budget"])
        if "attribution" in self.details:
            found.append(_attribution_line(self.details["attribution"]))
        if self.unscored_classes:
            found.append(f"not scored, no true event: {', '.join(self.unscored_classes)}")
        return [*found, *self.notes]

    def overlaid(self, other: "Scores") -> "Scores":
        """With the other's values and intervals wherever it has any."""

        def over(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
            return {**mine, **{n: v for n, v in theirs.items() if v is not None}}

        return replace(
            self,
            scores=over(self.scores, other.scores),
            classes={c: over(v, other.classes.get(c, {})) for c, v in self.classes.items()},
            intervals=over(self.intervals, other.intervals),
            class_intervals={
                c: over(self.class_intervals.get(c, {}), other.class_intervals.get(c, {}))
                for c in self.classes
            },
            notes=[*dict.fromkeys([*self.notes, *other.notes])],
            details={**self.details, **other.details},
        )


def scores_of(
    found: Measured,
    names: Sequence[str],
    class_names: Sequence[str],
    *,
    scored: Sequence[str],
    unscored: Sequence[str] = (),
    notes: Sequence[str] = (),
    details: Mapping[str, Any] | None = None,
) -> Scores:
    """What was measured, under these names in this order; None where nothing was."""
    return Scores(
        {name: found.scores.get(name) for name in names},
        {c: {n: found.classes.get(c, {}).get(n) for n in class_names} for c in scored},
        found.intervals,
        tuple(scored),
        tuple(unscored),
        list(notes),
        found.class_intervals,
        dict(details or {}),
    )


def _plain(intervals: Intervals) -> dict[str, dict[str, list[float]]]:
    return {name: {m: list(pair) for m, pair in of.items()} for name, of in intervals.items()}


def _class_table(classes: Mapping[str, Mapping[str, Value]]) -> list[str]:
    """A row a class, a column a score that any class has, with its unit; without the parts of an
    F1."""
    names = [
        n
        for n in next(iter(classes.values()), {})
        if any(c.get(n) is not None for c in classes.values())
        and not n.endswith(("_precision", "_recall", "_er"))
    ]
    if not names:
        return []
    wide = max(map(len, [*classes, "class"]))
    heads = [f"{name}, {unit(name)}" if unit(name) else name for name in names]
    columns = [max(len(head), 9) for head in heads]

    def row(label: str, cells: Sequence[str]) -> str:
        return f"  {label:{wide}}" + "".join(f"  {c:>{w}}" for c, w in zip(cells, columns))

    body = [row(label, [_shown(of.get(n)) for n in names]) for label, of in classes.items()]
    return ["", row("class", heads), *body, ""]


def _budget_lines(budget: Mapping[str, Any]) -> list[str]:
    """What became of true and predicted events (or frames of sources)."""
    sides = {"true": budget["reference"], "predicted": budget["predicted"]}
    return [
        f"{name} {budget['unit']}, {sum(of.values())}: "
        + ", ".join(f"{kind} {number}" for kind, number in of.items() if number)
        for name, of in sides.items()
    ]


def _attribution_line(attribution: Mapping[str, Any]) -> str:
    """The part of a cascade that is the first to fail."""
    kinds = attribution["kinds"].items()
    parts = (f"{kind} {of['number']} ({100 * of['share']:.1f} %)" for kind, of in kinds)
    return f"of {attribution['total']} questions: {', '.join(parts)}"


def _shown(value: Value, score: str = "") -> str:
    return "-" if value is None else f"{value:.4f}{symbol(score)}"


def _between(intervals: Mapping[str, Interval]) -> str:
    return "".join(f"  [{low:.4f}, {high:.4f}] {m}" for m, (low, high) in intervals.items())
