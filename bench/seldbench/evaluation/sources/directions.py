"""Directions of sources that were found, against the true ones: which is whose, and how far off."""

import numpy as np

from seldbench.annotations.sources import SourceTable
from seldbench.errors import BadFile
from seldbench.geometry import angular_distance
from seldbench.metrics.sources import matched

Array = np.ndarray


def both_doas(
    reference: SourceTable, answers: SourceTable, *, needed: bool
) -> tuple[Array, Array] | None:
    """Unit vectors of both sides, (rows, 3) each; None where one of them has no directions.

    Raises:
        BadFile: elevations on one side only, or no directions where they are `needed`.
    """
    true, guess = reference.doa, answers.doa
    if true is None or guess is None:
        if needed:
            lacks, without = (reference, "reference") if true is None else (answers, "predictions")
            raise BadFile(
                f"{lacks.named}numbered answers are told apart by their directions: add the column"
                f" 'azimuth' to the {without}"
            )
        return None
    if (reference.elevation is None) != (answers.elevation is None):
        lacking = answers.elevation is None
        lacks, without = (answers, "predictions") if lacking else (reference, "reference")
        raise BadFile(
            f"{lacks.named}elevations on one side only; add the column to the {without} (0 where"
            " sources are level)"
        )
    return true, guess


def errors(true: Array, guess: Array, asked: Array, given: Array) -> Array:
    """(questions,) angle between what is true and what was answered, NaN where nothing was.

    Args:
        true, guess: unit vectors of the rows of a reference and of answers.
        asked, given: (questions,) rows in them, -1 for no answer.
    """
    angle = np.full(len(asked), np.nan)
    found = given >= 0
    angle[found] = angular_distance(true[asked[found]], guess[given[found]])
    return angle


def by_direction(reference: SourceTable, answers: SourceTable) -> tuple[Array, Array]:
    """The row of the answer about each row of the reference, -1 for none; and the rows of answers
    in its mixtures that are about none of its sources."""
    mixture = _in_reference(reference, answers)
    here = np.flatnonzero(mixture >= 0)
    true, guess = _known(reference.doa), _known(answers.doa)
    given = matched(reference.mixture, true, mixture[here], guess[here])
    rows = np.append(here, -1)[given]  # the last for those that were not found
    return rows, np.setdiff1d(here, rows)


def nearest_source(
    reference: SourceTable, answers: SourceTable, rows: Array
) -> tuple[Array, Array]:
    """Of some answers the index of the mixture in the reference, and the angle to the nearest of
    its sources."""
    mixture = _in_reference(reference, answers)[rows]
    true, guess = _known(reference.doa), _known(answers.doa)[rows]
    angle = np.full(len(rows), np.inf)
    order = np.argsort(reference.mixture, kind="stable")
    number = np.bincount(reference.mixture)
    first = np.cumsum(number) - number
    for place in range(int(number.max(initial=0))):
        some = np.flatnonzero(number[mixture] > place)
        source = order[first[mixture[some]] + place]
        angle[some] = np.minimum(angle[some], angular_distance(true[source], guess[some]))
    return mixture, angle


def _in_reference(reference: SourceTable, answers: SourceTable) -> Array:
    """(answers,) the index of each one's mixture in the reference, -1 where it is not there."""
    index = {name: i for i, name in enumerate(reference.mixtures)}
    places = np.array([index.get(name, -1) for name in answers.mixtures], dtype=np.int64)
    return places[answers.mixture]


def _known(doa: Array | None) -> Array:
    if doa is None:
        raise ValueError("answers without directions are not matched by direction")
    return doa
