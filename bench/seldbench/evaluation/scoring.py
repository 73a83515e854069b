"""From prediction files and a reference to scores with intervals; no model is looked at.

Score names, fractions: `psds1_thresholds`, `psds2_thresholds` (psds_eval's rules, at operating
points; frame scores are cut at 50 thresholds), `psds1`, `psds2` (sed_scores_eval's rules, exact),
`event_f1_macro`, `event_f1_micro` (sed_eval's rules; of frame scores, sed_scores_eval's). None is
what the predictions cannot determine.

What is scored: the classes that the reference has events of. PSDS goes over the clips of the
durations, event F1 over those that the reference lists; predictions for other clips are left out.
A label that the reference lacks has no score; its detections vanish from PSDS, and count as false
positives in `event_f1_micro`, each as in the official scorer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations import read_durations, read_events, read_predictions
from seldbench.errors import UnknownName
from seldbench.evaluation.inputs import Predictions, named, predicted_labels, refuse_unknown_clips
from seldbench.evaluation.notes import notes_on
from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.changepoints import ChangePoints, change_points
from seldbench.metrics.collar import Collar, class_f1, collar_counts
from seldbench.metrics.intersection import PointCounts, point_counts
from seldbench.metrics.psds import DCASE, Scenario, stair_area
from seldbench.metrics.runs import events_above
from seldbench.metrics.selection import SELECTION, Validation
from seldbench.metrics.truth import Truth, detections, truth
from seldbench.metrics.uncertainty import draws, interval, macro_f1_of, micro_f1_of
from seldbench.metrics.weighted import class_stairs, psds_exact, psds_of_points
from seldbench.prediction import FrameScores

Array = np.ndarray
THRESHOLDS = np.linspace(0.01, 0.99, 50)
DEFAULT_THRESHOLD = 0.5
NAMES = (*(f"{n}_thresholds" for n in DCASE), *DCASE, "event_f1_macro", "event_f1_micro")
CLASS_NAMES = (*(f"{n}_thresholds" for n in DCASE), *DCASE, "event_f1")


@dataclass(frozen=True)
class Scores:
    """scores: {name: value}. classes: {class: {name: value}}. intervals: {name: {method: (low,
    high)}}. notes: what a reader of the scores should know, such as predictions left out."""

    scores: dict[str, float | None]
    classes: dict[str, dict[str, float | None]]
    intervals: dict[str, dict[str, tuple[float, float]]]
    scored_classes: tuple[str, ...]
    unscored_classes: tuple[str, ...]
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain lists and tables; absent values are None."""
        return {
            "scores": self.scores,
            "classes": self.classes,
            "intervals": {
                name: {method: list(between) for method, between in of_name.items()}
                for name, of_name in self.intervals.items()
            },
            "scored_classes": list(self.scored_classes),
            "unscored_classes": list(self.unscored_classes),
            "notes": self.notes,
        }

    def lines(self) -> list[str]:
        """For a person: scores with their intervals, classes, notes."""
        found = [
            f"{name:18} {_shown(value)}{_between(self.intervals.get(name, {}))}"
            for name, value in self.scores.items()
        ]
        for label, values in self.classes.items():
            known = (f"{n} {_shown(v)}" for n, v in values.items() if v is not None)
            found.append(f"  {label:28} {'  '.join(known)}")
        if self.unscored_classes:
            found.append(f"not scored, no true event: {', '.join(self.unscored_classes)}")
        return [*found, *self.notes]

    def overlaid(self, other: "Scores") -> "Scores":
        """With the other's values and intervals wherever it has any."""

        def over(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
            return {**mine, **{n: v for n, v in theirs.items() if v is not None}}

        classes = {c: over(v, other.classes.get(c, {})) for c, v in self.classes.items()}
        return Scores(
            over(self.scores, other.scores),
            classes,
            over(self.intervals, other.intervals),
            self.scored_classes,
            self.unscored_classes,
            [*dict.fromkeys([*self.notes, *other.notes])],
        )


def score_sed_files(
    reference: Path,
    durations: Path,
    predictions: Path,
    threshold: float | None = None,
    *,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Scores:
    """`score_sed` of files.

    Raises:
        BadFile: a file breaks a rule of its format, or they do not fit together.
    """
    return score_sed(
        read_events(reference),
        read_durations(durations),
        read_predictions(predictions),
        threshold=threshold,
        bootstrap=bootstrap,
        seed=seed,
    )


def score_sed(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    *,
    threshold: float | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Scores:
    """Scores of somebody's predictions.

    Args:
        threshold: where event F1 is taken: among the operating points', or a cut of frame scores
            (0.5 unless given).
        bootstrap: replicates over clips for the intervals; 0 for none.

    Raises:
        BadFile: a reference clip without duration, a clip without frame scores, or events of one
            class that overlap where PSDS is asked for.
    """
    refuse_unknown_clips(reference, durations)
    if isinstance(predictions, FrameScores):
        predictions = named(predictions, durations)
    notes = notes_on(reference, durations, predictions, threshold)
    if isinstance(predictions, FrameScores):
        predictions = predictions.of_clips(set(durations))
    board = _Board(bootstrap, seed)
    if len(reference):
        if not isinstance(predictions, EventTable):
            _score_psds(board, truth(reference, durations), predictions)
        _score_events(board, reference, predictions, threshold)
    scored = reference.labels
    return Scores(
        {name: board.scores.get(name) for name in NAMES},
        {c: {name: board.classes.get((c, name)) for name in CLASS_NAMES} for c in scored},
        board.intervals,
        scored,
        tuple(label for label in predicted_labels(predictions) if label not in scored),
        notes,
    )


def selection_score(name: str, valid: Validation) -> float:
    """A score by which a model is chosen; see `metrics.selection`.

    Raises:
        UnknownName: no such score.
    """
    if name not in SELECTION:
        raise UnknownName(f"no selection score {name!r}; there are {', '.join(SELECTION)}")
    return SELECTION[name](valid)


def class_event_f1(reference: EventTable, events: EventTable) -> dict[str, float]:
    """Event F1 of every class that the reference has events of."""
    counts = collar_counts(reference, events, Collar())
    f1 = class_f1(counts.hits.sum(0), counts.reference.sum(0), counts.detected.sum(0))
    return dict(zip(reference.labels, f1.tolist()))


@dataclass(eq=False)
class _Board:
    """Where scores are noted while they are computed."""

    bootstrap: int
    seed: int
    scores: dict[str, float] = field(default_factory=dict)
    classes: dict[tuple[str, str], float] = field(default_factory=dict)
    intervals: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)

    def note(self, name: str, clips: int, score: Callable[[Array], Array]) -> None:
        """Notes a score and its interval; `score` takes weights of clips (rows, clips)."""
        value = float(score(np.ones((1, clips)))[0])
        if np.isnan(value):
            return
        self.scores[name] = value
        if self.bootstrap:
            # Each score draws anew from the seed: its interval does not hang on the others.
            drawn = draws(clips, self.bootstrap, np.random.default_rng(self.seed))
            between = interval(score(drawn))
            if between is not None:
                self.intervals[name] = {"bootstrap": between}

    def note_classes(
        self, name: str, known: Truth, counts: PointCounts | ChangePoints, scenario: Scenario
    ) -> None:
        """The areas under the classes' own staircases."""
        stairs = class_stairs(known, counts, scenario)
        for label, (efpr, tpr) in zip(known.classes, stairs):
            self.classes[label, name] = stair_area(efpr, tpr, scenario.max_efpr or 0.0)


def _score_psds(board: _Board, known: Truth, predictions: OperatingPoints | FrameScores) -> None:
    if not known.classes:
        return
    clips = len(known.clips)
    if isinstance(predictions, FrameScores):
        for name, scenario in DCASE.items():
            changes = change_points(known, predictions, scenario.criteria)
            board.note(name, clips, partial(psds_exact, known, changes, scenario))
            board.note_classes(name, known, changes, scenario)
        predictions = events_above(predictions, THRESHOLDS)
    found = detections(predictions, known)
    for name, scenario in DCASE.items():
        counts = point_counts(known, found, scenario.criteria)
        at_points = f"{name}_thresholds"
        board.note(at_points, clips, partial(psds_of_points, known, counts, scenario))
        board.note_classes(at_points, known, counts, scenario)


def _score_events(
    board: _Board, reference: EventTable, predictions: Predictions, threshold: float | None
) -> None:
    collar = Collar()
    if isinstance(predictions, FrameScores):
        cut = DEFAULT_THRESHOLD if threshold is None else threshold
        collar, events = Collar(decimals=6), events_above(predictions, [cut]).at(0)
    elif isinstance(predictions, OperatingPoints):
        point = None if threshold is None else predictions.find(threshold)
        if point is None:
            return
        events = predictions.at(point)
    else:
        events = predictions
    counts = collar_counts(reference, events, collar)
    board.note("event_f1_macro", len(counts.clips), partial(macro_f1_of, counts))
    board.note("event_f1_micro", len(counts.clips), partial(micro_f1_of, counts))
    f1 = class_f1(counts.hits.sum(0), counts.reference.sum(0), counts.detected.sum(0))
    for label, value in zip(reference.labels, f1):
        board.classes[label, "event_f1"] = float(value)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _between(intervals: Mapping[str, tuple[float, float]]) -> str:
    return "".join(f"  [{low:.4f}, {high:.4f}] {m}" for m, (low, high) in intervals.items())
