"""Error budget of directions (SELD): one kind for every true row and every predicted row, a row
being one source in one frame.

In each frame of a file, one to one, each step among what the steps before left over:
1. Rows of one class are paired, as many as there are on the side that has fewer, at the least sum
   of angles, as the scorers of task 3 pair them. Each pair is a `hit` (no further apart than the
   limit, 20 degrees), `mislocalised` (further), or, where both tables have distances, `distance`
   (near enough in angle, but off by more than the true distance itself, the limit of 2024).
2. `confusion`: a row of another class within the limit, taken from the smallest angle up; of equal
   ones the first in file order.
3. `miss` (a true row) and `false_alarm` (a predicted row).

These are counts of frames. They are no year's counters: those go by segments of a second (2020 to
2023), end at a fixed or at the last true frame, and count a wrong place in their own ways.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from seldbench.events import DirectionTable
from seldbench.geometry import angular_distance, unit_vectors
from seldbench.metrics.budget.kinds import Errors, Outcomes, best_first
from seldbench.metrics.seld.assignment import assigned

Array = np.ndarray
# The last stands only where both tables have distances.
TRUE_KINDS = ("hit", "mislocalised", "confusion", "miss", "distance")
FOUND_KINDS = ("hit", "mislocalised", "confusion", "false_alarm", "distance")
HIT, MISLOCALISED, CONFUSION, ALONE, DISTANCE = range(5)
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Limits:
    """Up to where a row is a hit. angle: degrees. distance: share of the true distance; None where
    distances play no role."""

    angle: float = 20.0
    distance: float | None = 1.0


@dataclass(frozen=True, eq=False)
class _Side:
    """Rows of a table. cell: a number for every file and frame; label: class numbers; doa: unit
    vectors, (rows, 3)."""

    cell: Array
    label: Array
    doa: Array


def direction_errors(
    reference: DirectionTable,
    predicted: DirectionTable,
    limits: Limits | None = None,
    names: Mapping[int, str] | None = None,
) -> Errors:
    """What became of the rows of the reference's files; predictions for other files are left out.

    Args:
        names: of the classes; a class without one goes by its number.
    """
    limits = limits or Limits()
    if limits.distance is None:
        predicted = replace(predicted, distance=None)
    place = {name: i for i, name in enumerate(reference.files)}
    file_of = np.array([place.get(name, -1) for name in predicted.files], dtype=np.int64)
    known = file_of[predicted.file] >= 0
    if not known.all():
        predicted = predicted.rows(known)
    files = reference.file, file_of[predicted.file]
    frames = 1 + max(t.frame.max(initial=0) for t in (reference, predicted))
    sides = (
        _Side(files[0] * frames + reference.frame, reference.label, doas(reference)),
        _Side(files[1] * frames + predicted.frame, predicted.label, doas(predicted)),
    )
    kinds = np.full(len(reference), ALONE), np.full(len(predicted), ALONE)
    partner = np.full(len(reference), -1)
    first, second = _same_class(*sides)
    partner[first] = second
    how_far = _how_far(reference, predicted, sides, (first, second), limits)
    kinds[0][first] = kinds[1][second] = how_far
    first, second = _other_class(*sides, kinds, limits)
    partner[first] = second
    kinds[0][first] = kinds[1][second] = CONFUSION
    return _errors((reference, predicted), files, kinds, partner, names)


def doas(table: DirectionTable) -> Array:
    """Unit vectors, (rows, 3); zero vectors stay."""
    if not table.cartesian:
        return unit_vectors(table.direction[:, 0], table.direction[:, 1])
    length = np.linalg.norm(table.direction, axis=1, keepdims=True)
    return table.direction / np.where(length > 0, length, 1.0)


def _how_far(
    reference: DirectionTable,
    predicted: DirectionTable,
    sides: tuple[_Side, _Side],
    pairs: tuple[Array, Array],
    limits: Limits,
) -> Array:
    """The kinds of pairs of one class."""
    first, second = pairs
    angle = angular_distance(sides[0].doa[first], sides[1].doa[second])
    kind = np.where(angle <= limits.angle, HIT, MISLOCALISED)
    true, found = reference.distance, predicted.distance
    if limits.distance is not None and true is not None and found is not None:
        off = np.abs(true[first] - found[second]) / (true[first] + EPS)
        kind[(kind == HIT) & (off > limits.distance)] = DISTANCE
    return kind


def _same_class(true: _Side, found: _Side) -> tuple[Array, Array]:
    """Rows of one cell and class, paired at the least sum of angles."""
    classes = 1 + max(side.label.max(initial=0) for side in (true, found))
    groups = _common(*(side.cell * classes + side.label for side in (true, found)))
    first, second = [], []
    for rows, columns in _by_size(*groups):
        if rows.shape[1] == columns.shape[1] == 1:
            picked = rows, columns
        else:
            angle = angular_distance(true.doa[rows][:, :, None], found.doa[columns][:, None])
            a, b = assigned(angle)
            picked = np.take_along_axis(rows, a, 1), np.take_along_axis(columns, b, 1)
        first.append(picked[0].ravel())
        second.append(picked[1].ravel())
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *first]), np.concatenate([none, *second])


def _other_class(
    true: _Side, found: _Side, kinds: tuple[Array, Array], limits: Limits
) -> tuple[Array, Array]:
    """Rows of one cell that are left over, paired within the limit from the smallest angle up."""
    left = [np.flatnonzero(kind == ALONE) for kind in kinds]
    groups = _common(true.cell[left[0]], found.cell[left[1]])
    parts = [np.zeros((3, 0))]
    for rows, columns in _by_size(*groups):
        a, b = np.broadcast_arrays(left[0][rows][:, :, None], left[1][columns][:, None])
        a, b = a.ravel(), b.ravel()
        angle = angular_distance(true.doa[a], found.doa[b])
        near = (angle <= limits.angle) & (true.label[a] != found.label[b])
        parts.append(np.stack([a[near], b[near], angle[near]]))
    joined = np.concatenate(parts, axis=1)
    first, second = joined[:2].astype(np.int64)
    taken = best_first(first, second, -joined[2])
    return first[taken], second[taken]


@dataclass(frozen=True, eq=False)
class _Groups:
    """Rows in `order`; group i is the `size[i]` rows from `start[i]` on."""

    order: Array
    start: Array
    size: Array

    def rows(self, groups: Array, size: int) -> Array:
        """(groups, size) of groups of this size."""
        return self.order[self.start[groups][:, None] + np.arange(size)]


def _common(a: Array, b: Array) -> tuple[_Groups, _Groups]:
    """The rows of each key that both sides have, by key."""
    orders = [np.argsort(key, kind="stable") for key in (a, b)]
    ordered = [key[order] for key, order in zip((a, b), orders)]
    starts = [np.flatnonzero(np.append(True, k[1:] != k[:-1])[: len(k)]) for k in ordered]
    sizes = [np.diff(np.append(start, len(k))) for start, k in zip(starts, ordered)]
    keys = [k[start] for start, k in zip(starts, ordered)]
    _, *places = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    one, other = (
        _Groups(orders[i], starts[i][place], sizes[i][place]) for i, place in enumerate(places)
    )
    return one, other


def _by_size(a: _Groups, b: _Groups) -> list[tuple[Array, Array]]:
    """Groups of equal sizes together: (groups, n) rows of one side, (groups, m) of the other."""
    wide = 1 + int(b.size.max(initial=0))
    code = a.size * wide + b.size
    found = []
    for number in np.unique(code).tolist():
        n, m = divmod(number, wide)
        groups = np.flatnonzero(code == number)
        found.append((a.rows(groups, n), b.rows(groups, m)))
    return found


def _errors(
    sides: tuple[DirectionTable, DirectionTable],
    files: tuple[Array, Array],
    kinds: tuple[Array, Array],
    partner: Array,
    names: Mapping[int, str] | None,
) -> Errors:
    reference, predicted = sides
    scored = np.unique(reference.label)
    numbers = np.concatenate([scored, np.setdiff1d(predicted.label, scored)])
    place = np.zeros(1 + int(numbers.max(initial=0)), dtype=np.int64)
    place[numbers] = np.arange(len(numbers))
    classes = tuple((names or {}).get(n, str(n)) for n in numbers.tolist())
    known = len(TRUE_KINDS) if all(side.distance is not None for side in sides) else DISTANCE
    true = Outcomes(files[0], place[reference.label], kinds[0], TRUE_KINDS[:known])
    found = Outcomes(files[1], place[predicted.label], kinds[1], FOUND_KINDS[:known])
    return Errors(reference.files, classes, len(scored), true, found, partner)
