"""Which classes occur together in a clip: the probability of every set of up to four classes.

A plain model (independent classes) is raked, that is scaled in turn until it has the known shares
of each class, of each known pair, and of clips with 0, 1, 2, ... classes (iterative proportional
fitting: Deming and Stephan 1940). Splits whose pairs are unknown start from the test set's model.
"""

from functools import cache
from itertools import combinations

import numpy as np

from seldbench.simulation.statistics import CLASSES, TEST, SplitStatistics

Array = np.ndarray

LARGEST = 4  # classes in a clip
_ROUNDS = 300


@cache
def class_sets() -> tuple[tuple[str, ...], ...]:
    """All sets of up to four classes, those with the rarest class first: a systematic draw in this
    order takes each rare class as often as it should."""
    rare_first = sorted(CLASSES, key=lambda c: TEST.classes[c].share)
    sets = [s for size in range(LARGEST + 1) for s in combinations(rare_first, size)]
    return tuple(sorted(sets, key=lambda s: [rare_first.index(c) for c in s]))


def probabilities(of: SplitStatistics, available: frozenset[str]) -> Array:
    """Of each set in `class_sets`, given that no class outside `available` occurs."""
    start = _raked(TEST, _independent()) if of is not TEST else _independent()
    found = _raked(of, start)
    found = found * [available.issuperset(s) for s in class_sets()]
    return found / found.sum()


def draw_sets(
    of: SplitStatistics, available: frozenset[str], clips: int, rng: np.random.Generator
) -> list[tuple[str, ...]]:
    """The classes of each of `clips` clips, by a systematic draw: every set comes as often as its
    probability says, to within one clip."""
    edges = np.cumsum(probabilities(of, available))
    found = np.searchsorted(edges, (np.arange(clips) + rng.uniform()) / clips)
    chosen = [class_sets()[min(k, len(edges) - 1)] for k in found]
    return [chosen[k] for k in rng.permutation(clips)]


def _members() -> Array:
    """(sets, classes) of bool"""
    return np.array([[c in s for c in CLASSES] for s in class_sets()])


def _independent() -> Array:
    shares = np.array([TEST.classes[c].share for c in CLASSES])
    found = np.where(_members(), shares, 1 - shares).prod(axis=1)
    return found / found.sum()


def _raked(of: SplitStatistics, start: Array) -> Array:
    members, found = _members(), start.copy()
    sizes = members.sum(axis=1)
    parts = [(members[:, k], of.classes[c].share) for k, c in enumerate(CLASSES)]
    for (first, second), chance in of.pairs.items():
        both = members[:, CLASSES.index(first)] & members[:, CLASSES.index(second)]
        parts.append((both, chance * of.classes[first].share))
    for _ in range(_ROUNDS):
        for part, share in parts:
            inside = found[part].sum()
            found = np.where(part, found * share / inside, found * (1 - share) / (1 - inside))
        for size in range(LARGEST + 1):
            share = of.together[size] if size < len(of.together) else 0.0
            total = found[sizes == size].sum()
            found[sizes == size] *= share / total if total > 0 else 0.0
    return found / found.sum()
