"""Classification of the sources of mixtures: how many answers are right, by class, by number of
sources and by angle to the nearest other source; which of the directions that were found are which
sources; and McNemar's test of two systems. Degrees."""

import numpy as np
from scipy.special import bdtr

from seldbench.geometry import angular_distance
from seldbench.metrics.seld.assignment import assigned

Array = np.ndarray
GRID = 45.0  # of directions: a circle of eight, as in the papers on cascades
ANGLES = (0, 45, 90, 135, 180)  # an angle belongs to the nearest of these


def sources_around(mixture: Array) -> Array:
    """(sources,) how many sources the mixture of each has.

    Args:
        mixture: (sources,) whole numbers from 0 on.
    """
    return np.bincount(mixture)[mixture]


def angle_to_nearest(mixture: Array, doa: Array) -> Array:
    """(sources,) angle to the nearest other source of the mixture, NaN for a single source.

    Args:
        mixture: (sources,) whole numbers from 0 on.
        doa: (sources, 3) unit vectors.
    """
    angle = np.full(len(mixture), np.nan)
    order = np.argsort(mixture, kind="stable")
    number = sources_around(mixture)[order]
    for size in np.unique(number[number > 1]):
        rows = order[number == size].reshape(-1, size)
        apart = angular_distance(doa[rows][:, :, None], doa[rows][:, None])
        apart[:, np.arange(size), np.arange(size)] = np.inf
        angle[rows] = apart.min(axis=-1)
    return angle


def angle_class(angle: Array) -> Array:
    """The index in `ANGLES` of the nearest; half-way up. -1 for NaN."""
    nearest = np.floor(np.nan_to_num(angle, nan=-GRID) / GRID + 0.5)
    return nearest.astype(np.int64)


def matched(
    mixture: Array, doa: Array, of_answer: Array, answered: Array, limit: float = GRID / 2
) -> Array:
    """Directions that were found, matched one-to-one to the true ones of their mixture.

    Only pairs nearer than `limit` are made. As many as there can be, and of the ways to make so
    many the one with the smallest total angle; this is worked out mixture by mixture.

    Args:
        mixture, of_answer: (sources,) and (answers,) whole numbers from 0 on.
        doa, answered: (sources, 3) and (answers, 3) unit vectors.

    Returns:
        (sources,) the row of each one's answer, -1 for none.
    """
    found = np.full(len(mixture), -1)
    mixtures = max(mixture.max(initial=-1), of_answer.max(initial=-1)) + 1
    sizes = np.stack([np.bincount(of, minlength=mixtures) for of in (mixture, of_answer)], axis=1)
    orders = [np.argsort(of, kind="stable") for of in (mixture, of_answer)]
    first = np.cumsum(sizes, axis=0) - sizes
    for height, width in np.unique(sizes[(sizes > 0).all(axis=1)], axis=0):
        here = np.flatnonzero((sizes == (height, width)).all(axis=1))
        rows = orders[0][first[here, :1] + np.arange(height)]  # (mixtures of that size, height)
        columns = orders[1][first[here, 1:] + np.arange(width)]
        apart = angular_distance(doa[rows][:, :, None], answered[columns][:, None])
        # A pair that is too far apart costs more than all the others together can save.
        cost = np.where(apart < limit, apart, limit * (min(height, width) + 1))
        a, b = assigned(cost)
        one = np.arange(len(here))[:, None]
        near = apart[one, a, b] < limit
        found[rows[one, a][near]] = columns[one, b][near]
    return found


def mcnemar(correct_a: Array, correct_b: Array) -> float:
    """The chance of a difference at least this large between two systems that are equally good.

    Args:
        correct_a, correct_b: (items,) whether each answered rightly, the same items in one order.

    Returns:
        Two-sided p-value, exact: of the items that one system alone has right, each is as likely
        either's. 1 where there are none.

    Source: McNemar 1947, Psychometrika 12(2), with binomial probabilities.
    """
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"answers of {a.shape} and {b.shape} items; expected the same items")
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
