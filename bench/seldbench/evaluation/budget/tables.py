"""Error budgets and conditions of a system's predictions, as plain tables for `Scores.details`.

`error_budget`: {"unit": what is counted, "reference" and "predicted": {kind: number}, "classes":
{class: the same two}, "confused": {true class: {taken for: number}}, "scores": {name: F1}, "cost":
{name: {kind: what F1 would gain}}, "cost_intervals": {name: {kind: {method: [low, high]}}}}. What
the kinds are: `metrics.budget.events` and `.directions`; the costs: `metrics.budget.kinds`.

`conditions`: {condition: {bin: {"events" (or "frames"): number, "hits": number, "recall": share,
"kinds": {kind: number}, "intervals": {"recall": {method: [low, high]}}}}}, bins without rows left
out. `class_length` has `event_f1_macro` as well, the mean over the group's classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from seldbench.evaluation.budget.conditions import (
    LENGTHS,
    Condition,
    direction_conditions,
    event_conditions,
)
from seldbench.evaluation.measure import Intervals, Measure, Measured, Resampling, Values, measured
from seldbench.evaluation.sed.decided import DECIMALS, DEFAULT_THRESHOLD, Rules
from seldbench.evaluation.sed.inputs import Predictions, named
from seldbench.events import DirectionTable, EventTable, OperatingPoints
from seldbench.metrics.budget.directions import Limits, direction_errors
from seldbench.metrics.budget.events import event_errors
from seldbench.metrics.budget.kinds import HIT, Errors, Outcomes, Tables, f1_and_costs, tables
from seldbench.metrics.events.collar import Collar, macro_f1
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.uncertainty import Sample
from seldbench.prediction import FrameScores

Array = np.ndarray


def sed_details(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    rules: Rules,
    *,
    conditions: Sequence[Condition] = (),
    resampling: Resampling | None = None,
) -> dict[str, Any]:
    """`sed_budget` of predictions of any kind, decided and compared as for event-based F1; {} where
    they are not decided at the threshold of `rules`."""
    collar = rules.times(None)
    if isinstance(predictions, FrameScores):
        cut = DEFAULT_THRESHOLD if rules.threshold is None else rules.threshold
        events = events_above(named(predictions, durations), [cut]).at(0)
        collar = rules.times(DECIMALS)
    elif isinstance(predictions, OperatingPoints):
        point = None if rules.threshold is None else predictions.find(rules.threshold)
        if point is None:
            return {}
        events = predictions.at(point)
    else:
        events = predictions
    return sed_budget(reference, events, collar, conditions=conditions, resampling=resampling)


def sed_budget(
    reference: EventTable,
    predicted: EventTable,
    collar: Collar | None = None,
    *,
    conditions: Sequence[Condition] = (),
    resampling: Resampling | None = None,
) -> dict[str, Any]:
    """`error_budget` and `conditions` of decided events; {} where the reference has none.

    Args:
        conditions: further ones, such as a table's (`read_conditions`).
        resampling: the intervals of costs and shares that are asked for.
    """
    if not len(reference):
        return {}
    errors = event_errors(reference, predicted, collar)
    known = [*event_conditions(reference), *conditions]
    return _details(_Counts.of(errors, known), "events", "event_f1", resampling)


def seld_budget(
    reference: DirectionTable,
    predictions: DirectionTable,
    limits: Limits | None = None,
    *,
    classes: int | None = None,
    names: Mapping[int, str] | None = None,
    resampling: Resampling | None = None,
) -> dict[str, Any]:
    """`error_budget` and `conditions` of directions, counted in frames of a source (their F1,
    `frame_f1`, is no year's score); {} where the reference has none.

    Args:
        classes: their number; rows of further ones are left out. None for all.
        names: of the classes; a class without one goes by its number.
    """
    if classes is not None:
        reference = reference.rows(reference.label < classes)
        predictions = predictions.rows(predictions.label < classes)
    if not len(reference):
        return {}
    errors = direction_errors(reference, predictions, limits, names)
    known = direction_conditions(reference)
    return _details(_Counts.of(errors, known), "frames", "frame_f1", resampling)


@dataclass(frozen=True, eq=False)
class _Counts:
    """Counts by clip. bins: (condition, bin) in order; by_bin: (clips, bins * kinds)."""

    tables: Tables
    bins: tuple[tuple[str, str], ...]
    by_bin: sparse.csr_matrix

    @classmethod
    def of(cls, errors: Errors, conditions: Sequence[Condition]) -> "_Counts":
        bins = tuple((c.name, name) for c in conditions for name in c.bins)
        parts = [
            Outcomes(
                errors.true.clip[known], c.bin[known], errors.true.kind[known], errors.true.kinds
            ).table(len(errors.clips), len(c.bins))
            for c in conditions
            for known in [c.bin >= 0]
        ]
        return cls(tables(errors), bins, sparse.hstack(parts, format="csr"))

    @property
    def errors(self) -> Errors:
        return self.tables.errors


def _details(
    counts: _Counts, unit: str, score: str, resampling: Resampling | None
) -> dict[str, Any]:
    values = partial(_values, counts, score)
    labels = tuple("\t".join(names) for names in counts.bins)
    found = measured([Measure(counts.errors.clips, labels, values)], resampling)
    return {
        "error_budget": _budget(counts, found, unit),
        "conditions": _conditions(counts, found, unit),
    }


def _values(counts: _Counts, score: str, sample: Sample) -> Values:
    """F1 and its costs by "score, tab, kind"; the share of hits by bin."""
    costs = f1_and_costs(counts.tables, sample)
    scores = {
        f"{score}_{average}\t{kind}": values
        for average, of in costs.items()
        for kind, values in of.items()
    }
    kinds = counts.errors.true.kinds
    by_bin = sample.sums(counts.by_bin).reshape(sample.rows, len(counts.bins), len(kinds))
    hits, rows = by_bin[:, :, kinds.index(HIT)], by_bin.sum(axis=2)
    recall = np.where(rows > 0, hits / np.maximum(rows, 1), np.nan)
    return Values(scores, {"recall": recall, f"{score}_macro": _group_f1(counts, sample)})


def _group_f1(counts: _Counts, sample: Sample) -> Array:
    """(replicates, bins) macro F1 of the classes that are short, or long; NaN in other bins."""
    groups = np.array([LENGTHS.get(name, -1) for name in counts.errors.classes])
    found = np.full((sample.rows, len(counts.bins)), np.nan)
    for group, name in enumerate(("short", "long")):
        if ("class_length", name) not in counts.bins:
            continue
        mine = groups == group
        true, got = (
            sample.sums(table).reshape(sample.rows, len(groups), -1)[:, mine]
            for table in (counts.tables.true, counts.tables.found)
        )
        hits = true[:, :, counts.errors.true.kinds.index(HIT)]
        found[:, counts.bins.index(("class_length", name))] = macro_f1(
            hits, true.sum(axis=2), got.sum(axis=2)
        )
    return found


def _budget(counts: _Counts, found: Measured, unit: str) -> dict[str, Any]:
    errors, both = counts.errors, {"reference": "true", "predicted": "found"}
    numbers = {
        name: _by_class(getattr(counts.tables, side), getattr(errors, side).kinds)
        for name, side in both.items()
    }
    kinds = {name: getattr(errors, side).kinds for name, side in both.items()}
    cost: dict[str, dict[str, float]] = {}
    intervals: dict[str, Intervals] = {}
    for name, value in found.scores.items():
        score, kind = name.split("\t")
        cost.setdefault(score, {})[kind] = value
        if name in found.intervals and kind != "f1":
            intervals.setdefault(score, {})[kind] = found.intervals[name]
    scores = {score: of.pop("f1") for score, of in cost.items()}
    return {
        "unit": unit,
        **{name: _plain(kinds[name], table.sum(axis=0)) for name, table in numbers.items()},
        "classes": {
            label: {name: _plain(kinds[name], table[i]) for name, table in numbers.items()}
            for i, label in enumerate(errors.classes)
        },
        "confused": errors.confused(),
        "scores": scores,
        "cost": cost,
        "cost_intervals": {score: _pairs(of) for score, of in intervals.items()},
    }


def _conditions(counts: _Counts, found: Measured, unit: str) -> dict[str, Any]:
    kinds = counts.errors.true.kinds
    by_bin = _by_class(counts.by_bin, kinds)
    conditions: dict[str, Any] = {}
    for (condition, name), numbers in zip(counts.bins, by_bin):
        if not numbers.sum():
            continue
        label = f"{condition}\t{name}"
        conditions.setdefault(condition, {})[name] = {
            unit: int(numbers.sum()),
            "hits": int(numbers[kinds.index(HIT)]),
            **found.classes[label],
            "kinds": _plain(kinds, numbers),
            "intervals": _pairs(found.class_intervals.get(label, {})),
        }
    return conditions


def _by_class(table: sparse.csr_matrix, kinds: Sequence[str]) -> Array:
    """Sums over clips, (classes or bins, kinds)."""
    return np.asarray(table.sum(axis=0)).reshape(-1, len(kinds)).astype(np.int64)


def _plain(kinds: Sequence[str], numbers: Array) -> dict[str, int]:
    return dict(zip(kinds, numbers.tolist()))


def _pairs(intervals: Intervals) -> dict[str, dict[str, list[float]]]:
    return {name: {m: list(ends) for m, ends in of.items()} for name, of in intervals.items()}
