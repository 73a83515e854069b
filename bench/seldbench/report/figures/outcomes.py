"""What pages show of `Scores.details`: confusion matrices, error budgets, shares by condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seldbench.report.figures.drawing import Mark, Slice, mark, marks, scale_up_to, stacked

# Kinds of outcome, in the order of bars: colour, and what it says of a true row, of a detection.
KINDS = {
    "hit": ("c2", "found", "right"),
    "onset": ("c5", "found, its onset outside the collar", "the same"),
    "offset": ("c0", "found, its offset outside the collar", "the same"),
    "both": ("c6", "found, onset and offset outside the collars", "the same"),
    "mislocalised": ("c0", "its class found, further away than the limit", "the same"),
    "distance": ("c6", "found in its direction, at a wrong distance", "the same"),
    "confusion": ("c3", "taken for another class", "the same"),
    "merged": ("c4", "missed, where a detection of its class belongs to another event", ""),
    "duplicate": ("c4", "", "one more detection of an event that has one"),
    "miss": ("c8", "missed", ""),
    "false_alarm": ("c1", "", "no event of its class, nor one it could be taken for"),
    # Of a cascade's answers, by the first part to fail: `evaluation.sources.attribution`.
    "right": ("c2", "right as it stands", ""),
    "localisation": ("c0", "wrong, but right with the true direction given", ""),
    "separation": ("c6", "wrong even so, but right with the true signal given", ""),
    "classification": ("c1", "wrong even with the true signal", ""),
}
CONDITIONS = {
    "polyphony": "Sounds at a time",
    "duration": "Length of the event",
    "class_length": "Short and long classes",
    "snr": "Signal-to-noise ratio",
    "azimuth": "Azimuth",
    "elevation": "Elevation",
    "motion": "Still or moving",
    "nearest_source": "Angle to the nearest other source",
    "distance": "Distance",
    "accuracy_by_sources": "Accuracy by number of sources",
    "accuracy_by_angle": "Accuracy by angle to the nearest other source, degrees",
    "folds": "Accuracy by fold",
}
NOTHING = "(nothing)"  # what a missed source is taken for, and where a false direction points
LARGEST = 24  # classes of a matrix; of more the most frequent pairs are listed
LISTED = 20
BUDGET, CONDITION, CONFUSION = "error_budget", "conditions", "confusion"
ATTRIBUTION = "attribution"


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: rows of (number, per cent of its row). Of a large one `pairs`: (true,
    taken for, number), the most frequent first."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[int, float], ...]], ...]
    pairs: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Bin:
    """One value of a condition: rows, share of hits, kinds, and further scores."""

    name: str
    number: int
    share: Mark
    slices: tuple[Slice, ...]
    further: dict[str, float]


@dataclass(frozen=True)
class Cause:
    """How many questions are right, or wrong by one part."""

    number: int
    share: Mark


def parts(details: Mapping[str, Any]) -> dict[str, Any]:
    """The sections that the details have: `budget`, `attribution`, `conditions`, `matrix`."""
    budget = details.get(BUDGET)
    conditions = {**details.get(CONDITION, {}), **_shares(details)}
    matrix = details.get(CONFUSION)
    attribution = details.get(ATTRIBUTION)
    return {
        "attribution": _attribution(attribution) if attribution else None,
        "budget": _budget(budget) if budget else None,
        "conditions": {
            CONDITIONS.get(name, name): _bins(of) for name, of in conditions.items() if of
        },
        "matrix": _matrix(*with_nothing(matrix)) if matrix else None,
    }


def with_nothing(confusion: Mapping[str, Any]) -> tuple[list[str], list[list[int]]]:
    """Classes and counts of a confusion; where any number of answers may be given, with a column of
    what was not found and a row of what was found where nothing is."""
    names, counts = list(confusion["classes"]), confusion["counts"]
    misses, false = confusion.get("misses"), confusion.get("false")
    if misses is None or false is None:
        return names, counts
    rows = [[*row, missed] for row, missed in zip(counts, misses)]
    return [*names, NOTHING], [*rows, [*false, 0]]


def settings(details: Mapping[str, Any]) -> dict[str, str | float]:
    """Single words and numbers: how it was scored, and of how much."""
    return {n: of for n, of in details.items() if isinstance(of, str | int | float)}


def rest(details: Mapping[str, Any]) -> dict[str, Any]:
    """The tables that no other part shows."""
    known = {BUDGET, CONDITION, CONFUSION, ATTRIBUTION, *_shares(details), *settings(details)}
    return {name: of for name, of in details.items() if name not in known and of}


def _shares(details: Mapping[str, Any]) -> dict[str, Any]:
    """Tables of accuracies by some condition."""

    def is_share(table: Any) -> bool:
        return isinstance(table, Mapping) and all(
            isinstance(of, Mapping) and {"accuracy", "total"} <= set(of) for of in table.values()
        )

    return {name: table for name, table in details.items() if table and is_share(table)}


def _budget(budget: Mapping[str, Any]) -> dict[str, Any]:
    sides = {side: budget[side] for side in ("reference", "predicted")}
    everything = {"all": sides, **budget["classes"]}
    names = list(budget["classes"])
    counts = [[budget["confused"].get(a, {}).get(b, 0) for b in names] for a in names]
    return {
        "unit": budget["unit"],
        "sides": {side: _bars(everything, side, sides[side]) for side in sides},
        "costs": _costs(budget),
        "scores": budget["scores"],
        "confused": _matrix(names, counts) if budget["confused"] else None,
    }


def _attribution(attribution: Mapping[str, Any]) -> dict[str, Any]:
    kinds = attribution["kinds"]
    shares = marks(
        {kind: of["share"] for kind, of in kinds.items()},
        {kind: of["intervals"] for kind, of in kinds.items()},
    )
    numbers = {kind: of["number"] for kind, of in kinds.items()}
    return {
        "total": attribution["total"],
        "slices": stacked(numbers, list(kinds)),
        "rows": {kind: Cause(numbers[kind], shares[kind]) for kind in kinds},
        "spoilt": attribution["right_but_wrong_with"],
    }


def _bars(everything: Mapping[str, Any], side: str, total: Mapping[str, int]) -> dict[str, Any]:
    order = [kind for kind in KINDS if kind in total]
    rows = {
        label: (sum(of[side].values()), stacked(of[side], order), of[side])
        for label, of in everything.items()
    }
    return {"kinds": order, "rows": rows, "total": sum(total.values()), "numbers": total}


def _costs(budget: Mapping[str, Any]) -> dict[str, dict[str, Mark]]:
    """{kind: {score: gain}}, all on one scale, the dearest first."""
    cost, intervals = budget["cost"], budget["cost_intervals"]
    ends = [
        e for of in intervals.values() for i in of.values() for pair in i.values() for e in pair
    ]
    scale = scale_up_to([*(v for of in cost.values() for v in of.values()), *ends])
    kinds = dict.fromkeys(kind for of in cost.values() for kind in of)
    dearest = sorted(kinds, key=lambda kind: -max(of.get(kind, 0.0) for of in cost.values()))
    return {
        kind: {
            score: mark(of.get(kind), intervals.get(score, {}).get(kind, {}), scale)
            for score, of in cost.items()
        }
        for kind in dearest
    }


def _bins(table: Mapping[str, Mapping[str, Any]]) -> list[Bin]:
    shown = marks(
        {name: of.get("recall", of.get("accuracy")) for name, of in table.items()},
        {name: _intervals(of) for name, of in table.items()},
    )
    apart = {"events", "frames", "hits", "recall", "kinds", "intervals"}
    apart |= {"correct", "total", "accuracy"}
    return [
        Bin(
            name,
            next(of[key] for key in ("events", "frames", "total") if key in of),
            shown[name],
            stacked(of.get("kinds", {}), [k for k in KINDS if k in of.get("kinds", {})]),
            {key: value for key, value in of.items() if key not in apart},
        )
        for name, of in table.items()
    ]


def _intervals(of: Mapping[str, Any]) -> Mapping[str, Sequence[float]]:
    """Those of the share: by method, or by score and method."""
    given = of.get("intervals", {})
    return given.get("recall", {}) if "recall" in of else given


def _matrix(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Matrix:
    if len(names) > LARGEST:
        pairs = [
            (names[i], names[j], number)
            for i, row in enumerate(counts)
            for j, number in enumerate(row)
            if number and i != j
        ]
        most = sorted(pairs, key=lambda pair: -pair[2])[:LISTED]
        return Matrix(tuple(names), (), tuple(most))
    rows = tuple(
        (name, tuple((int(n), round(100 * n / max(sum(row), 1), 1)) for n in row))
        for name, row in zip(names, counts)
    )
    return Matrix(tuple(names), rows, ())
