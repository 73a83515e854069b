"""F1, precision, recall and error rates from counts, by sed_eval's rules.

Source: TUT-ARG/sed_eval 0.2.1, metric.py and sound_event.py; Mesaros et al. 2016, Applied Sciences
6(6):162. Without reference events recall is NaN, and so is F1; an error rate divides by eps then,
which gives some 1e16. Without detections precision is NaN, or 0 where the scorer is told so
(`empty_system_output_handling="zero_score"`, DCASE's choice for event-based scores).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from seldbench.metrics.tagging import class_mean

Array = np.ndarray
Number = Array | float
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Counts:
    """True positives, events and detections by clip and class, (clips, classes); substitutions
    (clips,): pairs of a miss and a false alarm, of any classes, that are one error.

    classes: those of the reference (the first `scored`), then those that only detections have: the
    latter count as false positives in micro averages, as in sed_eval, and have no score of their
    own. empty: the precision of a class that is never detected: 0, NaN, or 1 (sed_scores_eval).
    """

    clips: tuple[str, ...]
    classes: tuple[str, ...]
    scored: int
    hits: Array
    reference: Array
    detected: Array
    substitutions: Array
    empty: float = 0.0

    @property
    def empty_micro(self) -> float:
        """The precision where no class is detected: sed_scores_eval has 0 there."""
        return float("nan") if np.isnan(self.empty) else 0.0


@dataclass(frozen=True, eq=False)
class Rates:
    """Of counts of any shape: numbers, or arrays of it. error_rate: the sum of the other three,
    shares of the reference that were confused, missed, and detected in excess."""

    f1: Number
    precision: Number
    recall: Number
    error_rate: Number
    substitution_rate: Number
    deletion_rate: Number
    insertion_rate: Number

    def plain(self) -> "Rates":
        """Of numbers, as floats."""
        return Rates(*(float(getattr(self, field.name)) for field in fields(self)))


def rates(
    hits: Number,
    reference: Number,
    detected: Number,
    *,
    substitutions: Number = 0.0,
    empty: float = 0.0,
) -> Rates:
    """Of numbers of true positives, events and detections."""
    hits, reference, detected = (
        np.asarray(a, dtype=np.float64) for a in (hits, reference, detected)
    )
    precision = np.where(detected > 0, hits / np.maximum(detected, 1.0), empty)
    recall = np.where(reference > 0, hits / np.maximum(reference, 1.0), np.nan)
    errors = (
        substitutions,
        reference - hits - substitutions,
        detected - hits - substitutions,
    )
    swapped, missed, invented = (np.asarray(number / (reference + EPS)) for number in errors)
    rate = swapped + missed + invented
    return Rates(f1_of(precision, recall), precision, recall, rate, swapped, missed, invented)


def f1_of(precision: Array, recall: Array) -> Array:
    """2PR / (P + R); 0 where both are 0."""
    total = precision + recall
    nothing = total == 0
    return np.where(nothing, 0.0, 2 * precision * recall / np.where(nothing, 1.0, total))


def accuracies(counts: Counts, labels: Sequence[str] | None = None) -> dict[str, Rates]:
    """{class: rates} of all clips, without substitutions.

    Args:
        labels: sed_eval's class list, the reference's classes unless given. A class of the list
            without events has precision 0 (if detected) and an error rate of some 1e16, which
            enter the macro averages.
    """
    place = {name: i for i, name in enumerate(counts.classes)}
    labels = counts.classes[: counts.scored] if labels is None else labels
    sums = [table.sum(axis=0) for table in (counts.hits, counts.reference, counts.detected)]
    found = {}
    for name in labels:
        of_class = [0.0 if name not in place else float(total[place[name]]) for total in sums]
        found[name] = rates(*of_class, empty=counts.empty).plain()
    return found


def macro(by_class: dict[str, Rates]) -> Rates:
    """Means over the classes, of each rate where it is not NaN; NaN where it is everywhere."""
    names = [field.name for field in fields(Rates)]
    columns = [np.array([getattr(of, n) for of in by_class.values()], dtype=float) for n in names]
    return Rates(*(class_mean(column) for column in columns)).plain()


def micro(counts: Counts) -> Rates:
    """From the sums over all clips and classes."""
    tables = counts.hits, counts.reference, counts.detected, counts.substitutions
    hits, reference, detected, swapped = (float(table.sum()) for table in tables)
    return rates(hits, reference, detected, substitutions=swapped, empty=counts.empty_micro).plain()
