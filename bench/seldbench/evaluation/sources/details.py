"""What stands beside the scores of sources: counts, confusions, accuracy by condition."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seldbench.evaluation.measure import Measure, Resampling, Values, measured
from seldbench.evaluation.sources.questions import FalseAnswers, Questions
from seldbench.metrics.sources import ANGLES, angle_class
from seldbench.metrics.tagging import confusion, share, tallied
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray


def details(asked: Questions, resampling: Resampling | None) -> dict[str, Any]:
    """Counts: of all, by number of sources and by angle; confusion: rows are true classes.

    Where answers are matched by direction: `misses` are sources that were not found,
    `false_directions` answers about no source; by number of sources in their mixture, by angle to
    the nearest one, and by class beside the confusion, which has neither.
    """
    known = asked.found
    counts = confusion(asked.label[known], asked.answer[known], len(asked.classes))
    found: dict[str, Any] = {
        "protocol": asked.protocol,
        "correct": int(asked.right.sum()),
        "total": len(asked.right),
        "confusion": {"classes": list(asked.classes), "counts": counts.tolist()},
    }
    number, place = np.unique(asked.around, return_inverse=True)
    by_number = _accuracies(asked, number.tolist(), place, resampling)
    found["accuracy_by_sources"] = by_number
    if asked.apart is not None:
        nearest = angle_class(asked.apart)
        found["accuracy_by_angle"] = _accuracies(asked, ANGLES, nearest, resampling)
    if asked.false is not None:
        found["confusion"] |= {
            "misses": np.bincount(asked.label[~known], minlength=len(counts)).tolist(),
            "false": np.bincount(asked.false.answer, minlength=len(counts)).tolist(),
        }
        found |= _directions(asked, asked.false, by_number)
    return found


def _directions(
    asked: Questions, false: FalseAnswers, by_number: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Misses and false directions; those by number of sources are noted in its table."""
    around = np.bincount(asked.mixture, minlength=len(asked.mixtures))[false.mixture]
    for label, of in by_number.items():
        of["false_directions"] = int((around == int(label)).sum())
    angles = np.bincount(angle_class(false.apart), minlength=len(ANGLES)).tolist()
    return {
        "misses": int((~asked.found).sum()),
        "false_directions": len(around),
        "false_directions_by_angle": {str(a): n for a, n in zip(ANGLES, angles) if n},
    }


def _accuracies(
    asked: Questions, values: Sequence[int], condition: Array, resampling: Resampling | None
) -> dict[str, dict[str, Any]]:
    """{value: correct, total, accuracy and its intervals; misses where there may be any} of the
    conditions that occur.

    Args:
        condition: (questions,) index in `values`, -1 for none of them.
    """
    some, shape = condition >= 0, (len(asked.mixtures), len(values))
    right = tallied(asked.mixture[some & asked.right], condition[some & asked.right], shape)
    total = tallied(asked.mixture[some], condition[some], shape)
    lost = np.bincount(condition[some & ~asked.found], minlength=len(values))

    def shares(sample: Sample) -> Values:
        return Values({}, {"accuracy": share(sample.sums(right), sample.sums(total))})

    labels = tuple(str(value) for value in values)
    found = measured([Measure(asked.mixtures, labels, shares)], resampling)
    return {
        label: {
            "correct": int(right[:, i].sum()),
            "total": int(total[:, i].sum()),
            "accuracy": found.classes[label]["accuracy"],
            "intervals": {
                method: list(pair)
                for method, pair in found.class_intervals.get(label, {}).get("accuracy", {}).items()
            },
            **({} if asked.false is None else {"misses": int(lost[i])}),
        }
        for i, label in enumerate(labels)
        if label in found.classes
    }
