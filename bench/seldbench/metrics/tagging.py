"""Clip-level scores (tagging): labels that were decided, and d' of ROC areas; the scores that rank
clips are in `ranking`.

A class that no clip has is left out of means over classes. AST's code (YuanGongND/ast,
src/utilities/stats.py) leaves it to scikit-learn, whose versions give such a class an average
precision of NaN or 0 and an area of NaN, or stop; where every class occurs, as in AudioSet, the
numbers are the same.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import ndtri

from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
TOP = 5  # of the accuracy that asks for the true class among the highest


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


def macro(values: Array) -> float:
    """Mean over the classes that have a value; NaN where none has."""
    return float(class_mean(values))


def class_mean(values: Array) -> Array:
    """Means over the classes (last axis) that have a value, (..., classes) -> (...)."""
    known = ~np.isnan(values)
    number = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def d_prime(area: Array) -> Array:
    """Distance of two unit normal distributions with this ROC area: sqrt(2) times the normal
    quantile. Of a set of classes, it is taken of their mean area; infinite at an area of 1.

    Source: Hershey et al. 2017, arXiv:1609.09430; YuanGongND/ast, src/traintest.py.
    """
    return np.sqrt(2.0) * ndtri(area)


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """Labels by clip, (clips, classes): present in the reference, given by a system, and both."""

    present: sparse.csr_matrix
    given: sparse.csr_matrix
    hits: sparse.csr_matrix

    def sums(self, sample: Sample) -> tuple[Array, Array, Array]:
        """(replicates, classes) each: hits, present, given."""
        return sample.sums(self.hits), sample.sums(self.present), sample.sums(self.given)


def label_counts(labels: Array, guess: Array) -> LabelCounts:
    """Counts of (clips, classes), true or false."""
    present, given = labels.astype(bool), guess.astype(bool)
    return LabelCounts(
        sparse.csr_matrix(present, dtype=np.float64),
        sparse.csr_matrix(given, dtype=np.float64),
        sparse.csr_matrix(present & given, dtype=np.float64),
    )


def tallied(clip: Array, label: Array, shape: tuple[int, int]) -> sparse.csr_matrix:
    """(clips, classes) how many items of a clip have a label.

    Args:
        clip, label: (items,) their numbers.
    """
    return sparse.coo_matrix((np.ones(len(clip)), (clip, label)), shape=shape).tocsr()


def f1(hits: Array, present: Array, given: Array) -> Array:
    """0 where nothing is given; NaN where nothing is present."""
    return np.where(present > 0, 2 * hits / np.maximum(present + given, 1), np.nan)


def class_shares(hits: Array, present: Array, given: Array) -> dict[str, Array]:
    """F1, precision (NaN where nothing is given) and recall; NaN where nothing is present."""
    return {
        "f1": f1(hits, present, given),
        "precision": np.where(present > 0, share(hits, given), np.nan),
        "recall": share(hits, present),
    }


def share(part: Array, whole: Array) -> Array:
    """part / whole, NaN where there is nothing to divide by."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def highest(scores: Array) -> Array:
    """(clips, classes) true in the column of a clip's highest score, the first of equal ones."""
    chosen = np.zeros(scores.shape, dtype=bool)
    chosen[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return chosen


def among_highest(scores: Array, wanted: Array, number: int) -> Array:
    """Whether a column is among a row's `number` highest, (rows,); of equal ones the first is.

    Args:
        scores: (rows, classes).
        wanted: (rows,) the column that is asked for.
    """
    own = scores[np.arange(len(scores)), wanted][:, None]
    earlier = np.arange(scores.shape[1]) < wanted[:, None]
    before = (scores > own) | ((scores == own) & earlier)
    return before.sum(axis=1) < number


def confusion(present: Array, given: Array, classes: int) -> Array:
    """(classes, classes) how often a label (row) was called so (column).

    Args:
        present, given: (items,) class numbers.
    """
    flat = np.bincount(present * classes + given, minlength=classes * classes)
    return flat.reshape(classes, classes)
