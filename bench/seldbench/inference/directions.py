"""From the scores of directions around an array to the directions that sources are in."""

from collections.abc import Sequence

import numpy as np

Array = np.ndarray


def best_threshold(scores: Array, true: Array, values: Sequence[float]) -> float:
    """The threshold above which directions have the best F1, all mixtures together.

    Args:
        scores: (mixtures, directions). true: the same, whether a source is there.
        values: those that are tried; of equally good ones the first.
    """
    found = scores[None] > np.asarray(values, dtype=scores.dtype)[:, None, None]
    hits = (found & true).sum(axis=(1, 2))
    f1 = 2 * hits / np.maximum(found.sum(axis=(1, 2)) + true.sum(), 1)
    return float(values[int(f1.argmax())])
