"""Measures over all thresholds besides PSDS: the best event-based F1, and average precision of
frames and of clips.

`event_f1_best_macro` takes every class at the threshold that is best for it on the scored clips, so
that it is an optimistic number: a threshold that was tuned on other clips gives less. Replicates
take their own best thresholds. Of operating points, the best of the given ones.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from seldbench.evaluation.measure import Measure, Values
from seldbench.evaluation.sed.decided import DECIMALS, Rules
from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.events.best import Best, Steps, best, best_f1
from seldbench.metrics.events.frames import clip_rankings, frame_rankings
from seldbench.metrics.events.steps import collar_steps, point_steps
from seldbench.metrics.ranking import Ranking, average_precision
from seldbench.metrics.tagging import class_mean
from seldbench.metrics.uncertainty import Sample, Whole
from seldbench.prediction import FrameScores

Array = np.ndarray
NAMES = ("event_f1_best_macro", "frame_map", "map")
CLASS_NAMES = ("event_f1_best", "frame_ap", "ap")
LARGE = 100_000_000  # frames times classes from which on only what one class needs is held


@dataclass(frozen=True, eq=False)
class Ranked:
    """measures, and best_thresholds: {class: where its event F1 is best}, None for a class that has
    no finite one: it is best found everywhere, or nowhere."""

    measures: list[Measure]
    best_thresholds: dict[str, float | None]


def large(frames: FrameScores, classes: int) -> bool:
    """Whether the scores are so many that best F1 and frame_map come without intervals."""
    return len(frames.onset) * classes > LARGE


def ranked_measures(
    reference: EventTable,
    clips: tuple[str, ...],
    predictions: OperatingPoints | FrameScores,
    rules: Rules,
) -> Ranked:
    """Args:
    clips: those of frame and clip average precision; best F1 goes over those of the reference.
    """
    if isinstance(predictions, OperatingPoints):
        return _best(reference, point_steps(reference, predictions, rules.times(None)), True)
    labels = reference.labels
    few = not large(predictions, len(labels))
    steps = collar_steps(reference, predictions, rules.times(DECIMALS))
    found = _best(reference, steps, False, keep=few)
    frames = frame_rankings(reference, predictions, clips, labels)
    each = clip_rankings(reference, predictions, clips, labels)
    measures = [
        *found.measures,
        _precision("frame_map", "frame_ap", frames, clips, labels, keep=few),
        _precision("map", "ap", each, clips, labels),
    ]
    return Ranked(measures, found.best_thresholds)


def _best(
    reference: EventTable, every: Iterable[Steps], at_points: bool, *, keep: bool = True
) -> Ranked:
    thresholds: list[float] = []

    def noted(steps: Steps) -> Steps:
        found = best(steps)
        thresholds.append(_threshold(found, at_points))
        return steps

    measure = _of_each(
        ("event_f1_best_macro", "event_f1_best"),
        map(noted, every),
        best_f1,
        (reference.clips, reference.labels),
        keep,
    )
    finite = [value if np.isfinite(value) else None for value in thresholds]
    return Ranked([measure], dict(zip(reference.labels, finite)))


def _threshold(found: Best, at_points: bool) -> float:
    return found.score if at_points else found.threshold


def _precision(
    name: str,
    class_name: str,
    every: Iterable[Ranking],
    clips: tuple[str, ...],
    labels: tuple[str, ...],
    *,
    keep: bool = True,
) -> Measure:
    return _of_each((name, class_name), every, average_precision, (clips, labels), keep)


def _of_each(
    names: tuple[str, str],
    every: Iterable[Any],
    score: Callable[[Any, Sample], Array],
    of: tuple[tuple[str, ...], tuple[str, ...]],
    keep: bool,
) -> Measure:
    """The mean over classes and the class scores `names`; without `keep` one class is held at a
    time, and replicates have no values."""
    clips, labels = of
    if keep:
        return Measure(clips, labels, partial(_values, names, list(every), score))
    whole = np.concatenate([score(each, Whole(len(clips))) for each in every])
    return Measure(clips, labels, partial(_whole_only, names, whole))


def _values(
    names: tuple[str, str],
    every: list[Any],
    score: Callable[[Any, Sample], Array],
    sample: Sample,
) -> Values:
    classes = np.stack([score(each, sample) for each in every], axis=1)
    return Values({names[0]: class_mean(classes)}, {names[1]: classes})


def _whole_only(names: tuple[str, str], whole: Array, sample: Sample) -> Values:
    shape = sample.rows, len(whole)
    known = isinstance(sample, Whole)
    classes = np.broadcast_to(whole, shape) if known else np.full(shape, np.nan)
    return Values({names[0]: class_mean(classes)}, {names[1]: classes})
