"""Scores as functions of how often each clip counts, and what that gives: values and intervals.

Every task turns its files into `Measure`s once; scoring, intervals and paired comparisons then only
ask them for replicates.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seldbench.contracts import Progress, Quiet
from seldbench.metrics.uncertainty import LeftOut, Sample, Whole, drawn, jackknife, percentiles

Array = np.ndarray
Interval = tuple[float, float]
QUIET: Progress = Quiet()
PORTION = 256  # replicates asked for at a time
# {name: {method: (low, high)}}
Intervals = dict[str, dict[str, Interval]]


@dataclass(frozen=True, eq=False)
class Values:
    """scores: {name: (replicates,)}. classes: {name: (replicates, labels)}. NaN: not determined."""

    scores: Mapping[str, Array]
    classes: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Answered:
    """Which questions were answered rightly: what McNemar's test of two systems goes by.

    score: the share of them. questions: names, each once. clip: (questions,) index in the clips of
    the measure. right: (questions,) true or false.
    """

    score: str
    questions: tuple[str, ...]
    clip: Array
    right: Array


@dataclass(frozen=True, eq=False)
class Measure:
    """Scores that share their counts.

    clips: what a replicate draws, in order. labels: the columns of class scores. values: of the
    replicates of a sample of these clips. answered: of each score that is a share of
    questions that are right or wrong.
    """

    clips: tuple[str, ...]
    labels: tuple[str, ...]
    values: Callable[[Sample], Values]
    answered: tuple[Answered, ...] = ()

    def of(self, sample: Sample, progress: Progress = QUIET, task: str = "") -> Values:
        """The values of a sample of any size, asked for in portions."""
        parts, done = [], 0
        for portion in sample.portions(PORTION):
            parts.append(self.values(portion))
            done += portion.rows
            progress.advance(task, done, sample.rows)
        return Values(_joined([p.scores for p in parts]), _joined([p.classes for p in parts]))


@dataclass(frozen=True)
class Resampling:
    """Which intervals are asked for. bootstrap: replicates, 0 for none; each measure draws anew
    from the seed, so that its interval does not hang on the others."""

    bootstrap: int = 1000
    seed: int = 0
    jackknife: bool = True
    level: float = 0.95


INTERVALS = Resampling()


@dataclass(eq=False)
class Measured:
    """What measures gave: values and intervals, overall and by class."""

    scores: dict[str, float] = field(default_factory=dict)
    classes: dict[str, dict[str, float]] = field(default_factory=dict)
    intervals: Intervals = field(default_factory=dict)
    class_intervals: dict[str, Intervals] = field(default_factory=dict)


def measured(
    measures: Sequence[Measure], resampling: Resampling | None, progress: Progress = QUIET
) -> Measured:
    """The scores of all measures, with intervals where asked for; what is NaN is left out."""
    found = Measured()
    for i, measure in enumerate(measures):
        progress.advance("scores", i, len(measures))
        whole = measure.of(Whole(len(measure.clips)))
        _note(found, measure, whole)
        if resampling is None:
            continue
        for method, (low, high) in _between(measure, whole, resampling, progress).items():
            _note_intervals(found, measure, method, low, high)
    progress.advance("scores", len(measures), len(measures))
    return found


def _between(
    measure: Measure, whole: Values, resampling: Resampling, progress: Progress
) -> dict[str, tuple[Values, Values]]:
    found, clips = {}, len(measure.clips)
    if resampling.jackknife and clips > 1:
        ends = _apart(measure.of(LeftOut(clips), progress, "jackknife"), whole, resampling.level)
        found["jackknife"] = ends
    if resampling.bootstrap and clips:
        rng = np.random.default_rng(resampling.seed)
        replicates = measure.of(drawn(clips, resampling.bootstrap, rng), progress, "bootstrap")
        found["bootstrap"] = _apart(replicates, None, resampling.level)
    return found


def _apart(replicates: Values, whole: Values | None, level: float) -> tuple[Values, Values]:
    """Both ends of every interval: a jackknife's where `whole` is given, else percentiles."""

    def ends(values: Mapping[str, Array], of: Mapping[str, Array] | None) -> list[dict[str, Array]]:
        both = {
            n: percentiles(v, level) if of is None else jackknife(of[n][0], v, level)
            for n, v in values.items()
        }
        return [{n: pair[i] for n, pair in both.items()} for i in range(2)]

    scores = ends(replicates.scores, None if whole is None else whole.scores)
    classes = ends(replicates.classes, None if whole is None else whole.classes)
    return Values(scores[0], classes[0]), Values(scores[1], classes[1])


def _note(found: Measured, measure: Measure, whole: Values) -> None:
    for name, value in whole.scores.items():
        if not np.isnan(value[0]):
            found.scores[name] = float(value[0])
    for name, row in whole.classes.items():
        for label, value in zip(measure.labels, row[0]):
            if not np.isnan(value):
                found.classes.setdefault(label, {})[name] = float(value)


def _note_intervals(
    found: Measured, measure: Measure, method: str, low: Values, high: Values
) -> None:
    for name in low.scores:
        if name in found.scores:
            _keep(found.intervals, name, method, low.scores[name], high.scores[name])
    for name in low.classes:
        pairs = zip(measure.labels, low.classes[name], high.classes[name])
        for label, bottom, top in pairs:
            if name in found.classes.get(label, {}):
                of_class = found.class_intervals.setdefault(label, {})
                _keep(of_class, name, method, bottom, top)


def _keep(into: Intervals, name: str, method: str, low: Array, high: Array) -> None:
    if not (np.isnan(low) or np.isnan(high)):
        into.setdefault(name, {})[method] = (float(low), float(high))


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
