"""Error budget: what became of every true event and of every detection, and what each kind of
error costs.

A row is a true event or a detection; what a row is depends on the task (`budget_events`: events
with times; `budget_directions`: a source in a frame). Every row is of exactly one kind, so that the
kinds' counts add up to the number of rows. Paired kinds hold as many true rows as detections, and
no row stands in two pairs.

The cost of a kind is what F1 would gain if errors of that kind alone were repaired (one repair at a
time: costs do not add up to 1 - F1):
- a pair at a wrong time or place becomes a hit; a confusion takes the true class and becomes one;
- a missing row is found: one hit and one detection more;
- a surplus detection is taken away.

Source: the idea of Bolya et al. 2020, TIDE, arXiv:2008.08115, section 2.3. There a missed object
leaves the reference, here it is found, and the measure is F1 instead of average precision.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seldbench.metrics.events.collar import macro_f1, micro_f1
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
HIT, CONFUSION = "hit", "confusion"
MISPLACED = ("onset", "offset", "both", "mislocalised", "distance")
MISSING = ("merged", "miss")
SURPLUS = ("duplicate", "false_alarm")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of rows. clip, label: (rows,) indices in the clips and classes of the `Errors`;
    kind: (rows,) indices in `kinds`."""

    clip: Array
    label: Array
    kind: Array
    kinds: tuple[str, ...]

    def table(self, clips: int, classes: int) -> sparse.csr_matrix:
        """Counts by clip, (clips, classes * kinds), kinds innermost."""
        column = self.label * len(self.kinds) + self.kind
        shape = clips, classes * len(self.kinds)
        return sparse.coo_matrix((np.ones(len(column)), (self.clip, column)), shape=shape).tocsr()


@dataclass(frozen=True, eq=False)
class Errors:
    """Outcomes of the true rows and of the detections, in their tables' order.

    classes: the reference's (`scored` of them), then those that only detections have.
    partner: (true rows,) the detection that a paired kind pairs it with, else -1.
    """

    clips: tuple[str, ...]
    classes: tuple[str, ...]
    scored: int
    true: Outcomes
    found: Outcomes
    partner: Array

    def confused(self) -> dict[str, dict[str, int]]:
        """{true class: {class it was taken for: how often}}, where there is any."""
        at = np.flatnonzero(self.true.kind == self.true.kinds.index(CONFUSION))
        pair = self.true.label[at] * len(self.classes) + self.found.label[self.partner[at]]
        found: dict[str, dict[str, int]] = {}
        for code, number in zip(*np.unique(pair, return_counts=True)):
            true, taken = divmod(int(code), len(self.classes))
            found.setdefault(self.classes[true], {})[self.classes[taken]] = int(number)
        return found


@dataclass(frozen=True, eq=False)
class Tables:
    """Counts of `Errors` by clip, as `Outcomes.table` gives them."""

    errors: Errors
    true: sparse.csr_matrix
    found: sparse.csr_matrix


def tables(errors: Errors) -> Tables:
    """Counts by clip."""
    shape = len(errors.clips), len(errors.classes)
    return Tables(errors, errors.true.table(*shape), errors.found.table(*shape))


def f1_and_costs(counts: Tables, sample: Sample) -> dict[str, dict[str, Array]]:
    """{"macro" and "micro": {"f1" or a kind of error: (replicates,)}}: F1 of the hits, and what it
    would gain by the repair of each kind; NaN where there are no true rows."""
    errors = counts.errors
    true = _by_kind(sample.sums(counts.true), errors.true.kinds)
    found = _by_kind(sample.sums(counts.found), errors.found.kinds)
    before = true[HIT], _all(true), _all(found)
    costs: dict[str, dict[str, Array]] = {}
    for name, f1 in (("macro", macro_f1), ("micro", micro_f1)):
        costs[name] = {"f1": f1(*before)}
        for kind in dict.fromkeys([*errors.true.kinds, *errors.found.kinds]):
            if kind != HIT:
                after = f1(*_repaired(kind, before, true, found))
                costs[name][kind] = after - costs[name]["f1"]
    return costs


def best_first(first: Array, second: Array, worth: Array) -> Array:
    """Pairs taken from the best on, each unless one of its ends is taken already.

    Args:
        first, second: (pairs,) indices of the ends. worth: (pairs,); of equal ones the pair with
            the smaller `first`, then `second`, comes first.

    Returns:
        the pairs taken, indices in ascending order.
    """
    left = np.lexsort((second, first, -worth))
    ends = (first, int(first.max(initial=-1)) + 1), (second, int(second.max(initial=-1)) + 1)
    taken = [left[:0]]
    while len(left):
        # Whoever leads at both of its ends is taken in any order of going through the pairs.
        leads = np.logical_and(*(_leading(end[left], size) for end, size in ends))
        taken.append(left[leads])
        free = np.ones(len(left), dtype=bool)
        for end, size in ends:
            used = np.zeros(size, dtype=bool)
            used[end[left[leads]]] = True
            free &= ~used[end[left]]
        left = left[free]
    return np.sort(np.concatenate(taken))


def _leading(end: Array, size: int) -> Array:
    """Whether a pair is the first of all with its end."""
    place = np.arange(len(end))
    lead = np.full(size, len(end))
    np.minimum.at(lead, end, place)
    return lead[end] == place


def _by_kind(sums: Array, kinds: tuple[str, ...]) -> dict[str, Array]:
    """(replicates, classes * kinds) -> {kind: (replicates, classes)}."""
    by_class = sums.reshape(len(sums), -1, len(kinds))
    return {kind: by_class[:, :, i] for i, kind in enumerate(kinds)}


def _all(by_kind: Mapping[str, Array]) -> Array:
    return np.sum([*by_kind.values()], axis=0)


def _repaired(
    kind: str,
    before: tuple[Array, Array, Array],
    true: Mapping[str, Array],
    found: Mapping[str, Array],
) -> tuple[Array, Array, Array]:
    """Hits, true rows and detections by class, once errors of this kind are repaired."""
    hits, reference, detected = before
    if kind in MISPLACED:
        return hits + true[kind], reference, detected
    if kind == CONFUSION:
        return hits + true[kind], reference, detected - found[kind] + true[kind]
    if kind in MISSING:
        return hits + true[kind], reference, detected + true[kind]
    if kind in SURPLUS:
        return hits, reference, detected - found[kind]
    raise ValueError(f"no repair is known for errors of the kind {kind!r}")
