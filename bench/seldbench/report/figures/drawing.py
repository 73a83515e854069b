"""Numbers as places on a line, in per cent of it: what the drawings in a page's tables need."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seldbench.report.results.result import in_order
from seldbench.report.words import number

Interval = Sequence[float]
BEYOND = 0.5
LARGE = 1e5  # from here on a number is written with three digits and an exponent


@dataclass(frozen=True)
class Scale:
    """The line from `low` to `high`."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Per cent of the line; what lies beyond an end is drawn at it."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    @property
    def usual(self) -> bool:
        """Whether it is that of fractions."""
        return (self.low, self.high) == (0.0, 1.0)

    @property
    def text(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Span:
    """An interval: its method, ends in per cent, and what it says."""

    method: str
    start: float
    stop: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A value with its intervals on a scale; `at` and `zero` (where a bar begins) in per cent."""

    text: str
    at: float | None
    zero: float
    spans: tuple[Span, ...]
    scale: Scale


@dataclass(frozen=True)
class Slice:
    """A part of a stacked bar: kind of outcome, number, beginning and width in per cent."""

    kind: str
    number: int
    start: float
    width: float


def amount(value: float | None) -> str:
    """Three decimals; three digits where it is large; whole numbers as they are; a dash for no
    value."""
    if isinstance(value, int):
        return f"{value:,}"
    if value is not None and abs(value) >= LARGE:
        return f"{value:.3g}"
    return number(value)


def scale_of(values: Iterable[float | None], ends: Iterable[float] = ()) -> Scale:
    """From 0 to 1 for fractions, even if intervals' ends lie a little beyond (a jackknife's may),
    else between round numbers around 0 and all of them."""
    known = [0.0, *(v for v in values if v is not None and math.isfinite(v))]
    reach = [*known, *(end for end in ends if math.isfinite(end))]
    low, high = min(reach), max(reach)
    if min(known) == 0.0 and max(known) <= 1.0 and low >= -BEYOND and high <= 1.0 + BEYOND:
        return Scale(0.0, 1.0)
    return Scale(0.0 - _round_up(-low), _round_up(high))


def scale_up_to(values: Iterable[float | None]) -> Scale:
    """From 0 to a round number, for values that are small beside 1."""
    return Scale(0.0, _round_up(max([0.0, *(v for v in values if v is not None)])) or 1.0)


def mark(value: float | None, intervals: Mapping[str, Interval], scale: Scale) -> Mark:
    """A value on a scale with its intervals, the bootstrap's first."""
    known = {method: ends for method, ends in intervals.items() if value is not None}
    spans = tuple(
        Span(m, scale.at(known[m][0]), scale.at(known[m][1]), _between(known[m]))
        for m in sorted(known, key=in_order)
    )
    at = None if value is None else scale.at(value)
    return Mark(amount(value), at, scale.at(0.0), spans, scale)


def marks(
    values: Mapping[str, float | None], intervals: Mapping[str, Mapping[str, Interval]]
) -> dict[str, Mark]:
    """Values on one scale that holds all of them and their intervals."""
    ends = [end for of in intervals.values() for pair in of.values() for end in pair]
    scale = scale_of(values.values(), ends)
    return {name: mark(value, intervals.get(name, {}), scale) for name, value in values.items()}


def stacked(numbers: Mapping[str, int], order: Sequence[str]) -> tuple[Slice, ...]:
    """The parts of a bar that is full, in this order, without empty ones."""
    total, begun, found = sum(numbers.values()), 0, []
    for kind in order:
        size = numbers.get(kind, 0)
        if size:
            width = round(100 * size / total, 3)
            found.append(Slice(kind, size, round(100 * begun / total, 3), width))
        begun += size
    return tuple(found)


def _between(ends: Interval) -> str:
    return f"{amount(ends[0])} to {amount(ends[1])}"


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten; 0 stays."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if value <= step * power * (1 + 1e-9))
