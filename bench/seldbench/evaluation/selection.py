"""Scores by which a model is chosen on validation clips; never on the test split.

Decisions are taken at 0.5, on scores as given: filters are the caller's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from seldbench.annotations.outputs import FrameOutputs
from seldbench.evaluation.seld.scoring import score_seld
from seldbench.events import DirectionTable, EventTable
from seldbench.metrics.events.collar import Collar, collar_counts, macro_f1
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.events.truth import detections, truth
from seldbench.metrics.psds.changepoints import change_points
from seldbench.metrics.psds.curves import DCASE
from seldbench.metrics.psds.intersection import Criteria, intersection_f1, point_counts
from seldbench.metrics.psds.weighted import psds_exact
from seldbench.metrics.ranking import average_precision, rankings
from seldbench.metrics.seld import SCORERS, seld_counts, seld_scores
from seldbench.metrics.tagging import clip_f1, macro
from seldbench.metrics.uncertainty import Whole
from seldbench.prediction import FrameScores

Array = np.ndarray
THRESHOLD = 0.5
HALF = Criteria(dtc=0.5, gtc=0.5)


@dataclass(frozen=True, eq=False)
class Validation:
    """What is known of the validation clips, and what a network said of them.

    reference, durations: for scores of events. labels: {clip: its labels}, for clip scores.
    clip_scores: (clips, classes), rows and columns as in `clips` and `classes`. directions:
    reference and predictions, where sources have directions. For halves of a system of directions:
    rows, the reference's; outputs, scores or directions of all frames; scorer, whose rules hold.
    """

    reference: EventTable | None
    durations: Mapping[str, float]
    labels: Mapping[str, frozenset[str]]
    frame_scores: FrameScores | None
    clip_scores: Array | None
    clips: tuple[str, ...]
    classes: tuple[str, ...]
    directions: tuple[DirectionTable, DirectionTable] | None = None
    rows: DirectionTable | None = None
    outputs: FrameOutputs | None = None
    scorer: str = ""

    def events(self) -> tuple[EventTable, FrameScores]:
        """Raises ValueError where there are no reference events or no frame scores."""
        if self.reference is None or self.frame_scores is None:
            raise ValueError("this score needs reference events and frame scores")
        return self.reference, self.frame_scores

    def tags(self) -> tuple[Array, Array]:
        """Clip scores and labels, (clips, classes); ValueError where there are none."""
        if self.clip_scores is None:
            raise ValueError("this score needs clip scores")
        labels = [[c in self.labels[clip] for c in self.classes] for clip in self.clips]
        return self.clip_scores, np.array(labels, dtype=bool)


def clip_f1_macro(valid: Validation) -> float:
    """Mean over the classes that a clip has; NaN where there are no labels."""
    return macro(clip_f1(*valid.tags(), threshold=THRESHOLD))


def accuracy(valid: Validation) -> float:
    """Share of the clips whose one label has the highest score, the first of equal ones.

    Raises ValueError where a clip has not one label."""
    scores, labels = valid.tags()
    if (labels.sum(axis=1) != 1).any():
        raise ValueError("accuracy needs clips with one label each; clips with several have `map`")
    return float((scores.argmax(axis=1) == labels.argmax(axis=1)).mean())


def map_(valid: Validation) -> float:
    """Average precision, mean over the classes that a clip has; NaN where none has."""
    scores, labels = valid.tags()
    whole = Whole(len(valid.clips))
    return macro(np.array([average_precision(r, whole)[0] for r in rankings(scores, labels)]))


def intersection_f1_macro(valid: Validation) -> float:
    """DTC and GTC 0.5. A class without a true positive counts as 0: psds_eval leaves it out, which
    would rate a network higher for finding fewer classes."""
    reference, frames = valid.events()
    known = truth(reference, valid.durations)
    points = events_above(frames, [THRESHOLD])
    f1 = intersection_f1(known, point_counts(known, detections(points, known), HALF))
    return float(np.mean(np.nan_to_num(list(f1.values())))) if f1 else float("nan")


def event_f1_macro(valid: Validation) -> float:
    """Collar-based F1 at DCASE's collars; times rounded as for all frame scores."""
    reference, frames = valid.events()
    found = events_above(frames, [THRESHOLD]).at(0)
    counts = collar_counts(reference, found, Collar(decimals=6))
    return float(macro_f1(counts.hits.sum(0), counts.reference.sum(0), counts.detected.sum(0)))


def psds1(valid: Validation) -> float:
    """Exact PSDS1; NaN where there are no events."""
    reference, frames = valid.events()
    known = truth(reference, valid.durations)
    if not known.classes:
        return float("nan")
    scenario = DCASE["psds1"]
    changes = change_points(known, frames, scenario.criteria, max_efpr=scenario.max_efpr)
    return float(psds_exact(known, changes, scenario, Whole(len(known.clips))).psds[0])


def seld(valid: Validation, scorer: str) -> float:
    """1 less the SELD score of a year, so that higher is better; distances count where both sides
    have them."""
    if valid.directions is None:
        raise ValueError("this score needs clips with directions, and events that a head decides")
    reference, predicted = valid.directions
    measured = reference.distance is not None and predicted.distance is not None
    counts = seld_counts(
        SCORERS[scorer],
        reference,
        predicted,
        classes=len(valid.classes),
        with_distance=measured,
    )
    return 1.0 - float(seld_scores(counts, Whole(len(counts.files)))[0]["seld_score"][0])


def f1_ideal_doa(valid: Validation) -> float:
    """Of the activity with ideal directions, by the scorer's rules (M2M-AST, Tables 7 to 10)."""
    return _half(valid, "doa", "f1_ideal_doa", kind="scores")


def le_ideal_sed(valid: Validation) -> float:
    """The localization error of the directions with ideal activity, in degrees and negative, so
    that higher is better."""
    return -_half(valid, "sed", "le_ideal_sed", kind="doa")


def _half(valid: Validation, oracle: str, name: str, *, kind: str) -> float:
    outputs = valid.outputs
    if valid.rows is None or outputs is None or getattr(outputs, kind) is None:
        what = {"scores": "frame scores", "doa": "directions of all frames"}[kind]
        raise ValueError(f"{name} needs clips with directions, and a head that says {what}")
    scores = score_seld(
        valid.rows,
        outputs,
        valid.scorer,
        classes=len(valid.classes),
        oracle=oracle,
        threshold=THRESHOLD,
        resampling=None,
    )
    value = scores.scores[name]
    return float("nan") if value is None else float(value)


SELECTION: dict[str, Callable[[Validation], float]] = {
    "clip_f1_macro": clip_f1_macro,
    "intersection_f1_macro": intersection_f1_macro,
    "event_f1_macro": event_f1_macro,
    "psds1": psds1,
    "accuracy": accuracy,
    "map": map_,
    "f1_ideal_doa": f1_ideal_doa,
    "le_ideal_sed": le_ideal_sed,
    **{name: partial(seld, scorer=name) for name in SCORERS},
}
# Those that a data set of a task can give.
SELECTION_OF: dict[str, tuple[str, ...]] = {
    "sed": ("clip_f1_macro", "intersection_f1_macro", "event_f1_macro", "psds1", "map"),
    "tagging": ("accuracy", "map", "clip_f1_macro"),
    "seld": (*SCORERS, "f1_ideal_doa", "le_ideal_sed"),
}
