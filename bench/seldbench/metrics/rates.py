"""F1, precision, recall and error rates from counts, by sed_eval's rules.

Source: TUT-ARG/sed_eval 0.2.1, metric.py and sound_event.py; Mesaros et al. 2016, Applied Sciences
6(6):162. Without reference events recall is NaN, and so is F1; an error rate divides by eps then,
which gives some 1e16. Without detections precision is NaN, or 0 where the scorer is told so
(`empty_system_output_handling="zero_score"`, DCASE's choice for event-based scores).
"""

from dataclasses import dataclass, fields

import numpy as np

from seldbench.metrics.tagging import class_mean

Array = np.ndarray
Number = Array | float
EPS = float(np.finfo(np.float64).eps)


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
    """Of counts where a substitution is one error instead of a miss and a false alarm.

    Args:
        hits, reference, detected: numbers of true positives, events and detections.
        substitutions: pairs of a miss and a false alarm that are one error.
        empty: the precision without detections, 0 or NaN.
    """
    hits, reference, detected = (
        np.asarray(a, dtype=np.float64) for a in (hits, reference, detected)
    )
    precision = np.where(detected > 0, hits / np.maximum(detected, 1.0), empty)
    recall = np.where(reference > 0, hits / np.maximum(reference, 1.0), np.nan)
    shares = [
        np.asarray(errors / (reference + EPS))
        for errors in (
            substitutions,
            reference - hits - substitutions,
            detected - hits - substitutions,
        )
    ]
    return Rates(
        f1_of(precision, recall), precision, recall, shares[0] + shares[1] + shares[2], *shares
    )


def f1_of(precision: Array, recall: Array) -> Array:
    """2PR / (P + R); 0 where both are 0."""
    total = precision + recall
    nothing = total == 0
    return np.where(nothing, 0.0, 2 * precision * recall / np.where(nothing, 1.0, total))


def class_average(of: Rates) -> Rates:
    """Means over the classes (last axis) of what is not NaN, each rate for itself; NaN where all
    are."""
    return Rates(*(class_mean(getattr(of, field.name)) for field in fields(of)))
