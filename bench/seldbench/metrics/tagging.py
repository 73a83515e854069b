"""Clip-level scores (tagging): F1 at a threshold and average precision. Rows are clips."""

import numpy as np

Array = np.ndarray


def clip_f1(scores: Array, labels: Array, threshold: float = 0.5) -> Array:
    """F1 by class where a clip has the class if its score > threshold.

    Args:
        scores, labels: (clips, classes); labels are true or false.

    Returns:
        (classes,), NaN for a class that no clip has.
    """
    guess, truth = scores > np.array([[threshold]]), labels.astype(bool)
    hits, total = (guess & truth).sum(0), guess.sum(0) + truth.sum(0)
    return np.where(truth.any(0), 2 * hits / np.maximum(total, 1), np.nan)


def average_precision(scores: Array, labels: Array) -> Array:
    """Area under the precision-recall staircase by class: sum of (R_n - R_{n-1}) P_n over the
    distinct scores, falling, without interpolation.

    Args:
        scores, labels: (clips, classes).

    Returns:
        (classes,), NaN for a class that no clip has.

    Source: scikit-learn, metrics/_ranking.py (average_precision_score).
    """
    columns = [_average_precision(s, y) for s, y in zip(scores.T, labels.astype(bool).T)]
    return np.array(columns, dtype=np.float64)


def macro(values: Array) -> float:
    """Mean over the classes that have a value; NaN where none has."""
    some = values[~np.isnan(values)]
    return float(some.mean()) if len(some) else float("nan")


def _average_precision(scores: Array, labels: Array) -> float:
    if not labels.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(ranked[1:] != ranked[:-1], True)
    hits = np.cumsum(labels[order])[last]
    precision = hits / (np.flatnonzero(last) + 1)
    recall = hits / labels.sum()
    return float((np.diff(recall, prepend=0.0) * precision).sum())
