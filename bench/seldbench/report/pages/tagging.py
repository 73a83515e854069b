"""What the page of a tagging run shows besides its scores: classes, who was taken for whom, folds,
and the clips that were most surely wrong.

Scores are fractions. Of many classes the figure shows the lowest and the highest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from seldbench.annotations import read_tag_predictions, read_tags
from seldbench.evaluation.tagging.pairs import paired_tags
from seldbench.report.figures.charts import STYLE, class_bars, plain, svg
from seldbench.report.palette import LIGHT, colour
from seldbench.report.results.blocks import Confusion, Fold
from seldbench.report.results.result import Result

Array = np.ndarray
Values = Mapping[str, Mapping[str, float | None]]  # {class: {score: value}}

DRAWN = ("ap", "f1")  # scores of classes that are drawn
LISTED = ("ap", "auc", "f1", "precision", "recall")
LARGEST = 60  # classes of a matrix, and of a figure that shows them all
COLUMN = 25  # classes of a column
ENDS = 20  # lowest and highest classes that are shown where there are more
NUMBERED = 20  # classes up to which cells carry their numbers
MISTAKES = 12
WIDE = 9.6  # inches


@dataclass(frozen=True)
class Folds:
    """Accuracy by fold, with mean and sample standard deviation (None for one fold)."""

    rows: dict[str, Fold]
    mean: float
    spread: float | None


def folds(result: Result) -> Folds | None:
    """None where the set has none."""
    if not result.folds:
        return None
    values = [fold.accuracy for fold in result.folds.values()]
    return Folds(result.folds, fmean(values), stdev(values) if len(values) > 1 else None)


def mistakes(run: Path, number: int = MISTAKES) -> list[dict[str, Any]]:
    """The clips with the surest wrong answers, of sets with one label a clip: their true class, the
    answer, and the scores of both. None where clips may have several labels.

    Raises:
        BadFile: a file of the run that breaks a rule.
    """
    reference = read_tags(run / "reference" / "tags.tsv")
    paired = paired_tags(reference, read_tag_predictions(run / "predictions" / "clips.tsv"), None)
    if not reference.single or paired.scores is None or paired.right is None:
        return []
    assert paired.label is not None
    assert paired.chosen is not None
    wrong = np.flatnonzero(~paired.right)
    given = paired.scores[wrong, paired.chosen[wrong]]
    surest = wrong[np.argsort(-given, kind="stable")[:number]]
    return [
        {
            "clip": reference.clips[i],
            "label": paired.classes[paired.label[i]],
            "answer": paired.classes[paired.chosen[i]],
            "score": _rounded(paired.scores[i, paired.chosen[i]]),
            "score_of_label": _rounded(paired.scores[i, paired.label[i]]),
        }
        for i in surest
    ]


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def taken_for(confusion: Confusion, number: int = MISTAKES) -> list[tuple[str, str, int]]:
    """(true class, answer, how often) of the commonest mistakes."""
    pairs = [
        (confusion.classes[i], confusion.classes[j], count)
        for i, row in enumerate(confusion.counts)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return sorted(pairs, key=lambda pair: -pair[2])[:number]


def classes_figure(values: Values, scores: Sequence[str] = DRAWN) -> str:
    """Bars by class in columns; of too many classes those where the first score is lowest, and
    where it is highest."""
    columns = _columns(values, scores[0])
    longest = max(len(of) for of in columns.values())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 0.9 + 0.3 * longest), layout="constrained")
        panels = figure.subplots(1, len(columns), squeeze=False)[0]
        tints = {score: colour(i) for i, score in enumerate(scores)}
        for panel, (name, of) in zip(panels, columns.items()):
            class_bars(panel, of, tints)
            panel.set_yticks(range(len(of)), [plain(c) for c in of], color=LIGHT["ink"])
            panel.set_ylim(longest - 0.5, -0.5)
            panel.set_xlim(0, 1.12)
            panel.set_title(name)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=len(scores))
        return svg(figure, "Scores by class")


def _columns(values: Values, score: str) -> dict[str, Values]:
    """{title of a column: its classes}; of too many classes the lowest and the highest."""
    names = list(values)
    if len(names) > LARGEST:
        known = [n for n in names if values[n].get(score) is not None]
        ranked = sorted(known, key=lambda n: (values[n][score], n))
        ends = {f"lowest {ENDS}": ranked[:ENDS], f"highest {ENDS}": ranked[: -ENDS - 1 : -1]}
        return {title: {n: values[n] for n in of} for title, of in ends.items()}
    number = -(-len(names) // COLUMN)
    size = -(-len(names) // number)
    parts = [names[i : i + size] for i in range(0, len(names), size)]
    return {" " * i: {n: values[n] for n in of} for i, of in enumerate(parts)}


def confusion_figure(confusion: Confusion) -> str:
    """A row a true class, a column an answer; the darker, the larger the part of its row."""
    counts = np.array(confusion.counts)
    number = len(confusion.classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = side_of(confusion)
    small = 9.0 if number <= NUMBERED else 6.5
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(side, side), layout="constrained")
        panel = figure.subplots()
        places = [(int(i), int(j)) for i, j in np.argwhere(counts)]
        panel.add_collection(
            PatchCollection(
                [Rectangle((j - 0.5, i - 0.5), 1, 1) for i, j in places],
                facecolors=[to_rgba(LIGHT["c0"], 0.08 + 0.92 * shares[p]) for p in places],
                edgecolors="none",
            )
        )
        if number <= NUMBERED:
            _number(panel, counts, shares)
        ticks = range(number)
        panel.set_xticks(ticks, [plain(c) for c in confusion.classes], rotation=90, fontsize=small)
        panel.set_yticks(ticks, [plain(c) for c in confusion.classes], fontsize=small)
        panel.set_xlim(-0.5, number - 0.5)
        panel.set_ylim(number - 0.5, -0.5)
        panel.set_aspect("equal")
        panel.set_xlabel("answer")
        panel.set_ylabel("true class")
        return svg(figure, "Confusion matrix")


def side_of(confusion: Confusion) -> float:
    """Of the figure, in inches, of which a page is WIDE."""
    return min(2.2 + 0.36 * len(confusion.classes), WIDE)


def _number(panel: Any, counts: Array, shares: Array) -> None:
    for i, j in np.argwhere(counts):
        tint = LIGHT["paper"] if shares[i, j] > 0.5 else LIGHT["ink"]
        panel.text(j, i, f"{counts[i, j]}", ha="center", va="center", fontsize=7.5, color=tint)


def class_table(result: Result) -> list[tuple[str, int | None, list[float | None]]]:
    """(class, its clips, its scores in the order of `listed`)."""
    numbers: dict[str, int] = {}
    if result.confusion is not None:
        sums = [sum(row) for row in result.confusion.counts]
        numbers = dict(zip(result.confusion.classes, sums))
    scores = listed(result)
    return [
        (name, numbers.get(name), [of.get(score) for score in scores])
        for name, of in result.classes.items()
    ]


def listed(result: Result) -> Sequence[str]:
    """The scores of classes that any class has."""
    return [s for s in LISTED if any(of.get(s) is not None for of in result.classes.values())]
