"""What tells the five classes of a family apart: two parameters, each cut into five bands.

Class k has the k-th band of the leading parameter and the `ORDER[k]`-th of the second, so any two
classes of a family differ in both; neighbours in the first are at least two bands apart in the
second.
"""

from collections.abc import Callable
from dataclasses import dataclass

from seldbench.simulation.bank import character
from seldbench.simulation.signals import Array, Rng, between

REGIMES = 5
GAP = 1.1  # a band begins 10 % above the end of the one below
ORDER = (0, 2, 4, 1, 3)


@dataclass(frozen=True)
class Parameter:
    """The range of five bands, equally wide on a logarithmic scale."""

    low: float
    high: float

    def band(self, place: int) -> tuple[float, float]:
        """From and to, of the bands 0 to 4."""
        width = (self.high / self.low / GAP ** (REGIMES - 1)) ** (1 / REGIMES)
        start = self.low * (width * GAP) ** place
        return start, start * width


@dataclass(frozen=True)
class Family:
    """first: the leading parameter. make(first, second, seconds, rng) -> (samples,) at 16 kHz,
    any level, as long as asked for or a little shorter."""

    first: Parameter
    second: Parameter
    make: Callable[[float, float, float, Rng], Array]

    def sound(self, regime: int, seconds: float, group: str, rng: Rng) -> Array:
        """A sound of one of the classes 0 to 4, its leading parameter in the group's stripes."""
        first = between(*self.first.band(regime), character(group, rng))
        second = between(*self.second.band(ORDER[regime]), rng.random())
        return self.make(first, second, seconds, rng)
