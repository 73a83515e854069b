"""How far apart the pairs are that a scorer makes, before it averages them."""

import numpy as np

from seldbench.events import DirectionTable
from seldbench.metrics.seld.files import paired
from seldbench.metrics.seld.pairing import groups_of
from seldbench.metrics.seld.rows import Portion, portions
from seldbench.metrics.seld.scorers import RATE, Scorer, Setting

Array = np.ndarray


def pair_angles(
    scorer: Scorer,
    reference: DirectionTable,
    predictions: DirectionTable,
    classes: int,
    frames_per_second: int = RATE,
) -> tuple[Array, Array]:
    """Pairs of true and predicted rows of one frame and class (2019: of one frame), at the least
    sum of angles, in the files and frames that the scorer scores.

    Returns:
        (pairs,) degrees, and (pairs,) the class numbers of the true rows; empty where both sides
        never have a class at once.
    """
    setting = Setting(scorer, classes, scorer.angles, frames_per_second)
    parts = [_pairs(p) for p in portions(paired(setting, reference, predictions, None), setting)]
    if not parts:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    degrees, labels = zip(*parts)
    return np.concatenate(degrees), np.concatenate(labels)


def _pairs(part: Portion) -> tuple[Array, Array]:
    sides = part.groups()
    if part.setting.scorer.rule == "activity":  # whatever the class
        true, predicted = part.reference.code, part.predictions.code
        sides = groups_of(true // part.classes), groups_of(predicted // part.classes)
    found = part.pairs(*sides)
    return found.angle, part.reference.code[found.reference] % part.classes
