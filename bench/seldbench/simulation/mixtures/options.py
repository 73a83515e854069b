"""How large a set of mixtures is, and what its mixtures are like."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from seldbench.errors import SeldbenchError, UnknownName, near
from seldbench.simulation.families import CLASSES, SMALL
from seldbench.simulation.mixtures.noise import FIELDS
from seldbench.simulation.mixtures.responses import ARRAYS

GENERATOR = 1  # of every manifest; raised by what changes the sound or the labels of any mixture:
# anything in this folder, in `families`, in `spatial.sphere`
LEVELS = ("dominant", "equal")
WIDEST = 10  # degrees of jitter: directions stay apart


@dataclass(frozen=True)
class Scale:
    """By split (train, valid, test): mixtures, dry sounds of a class, recordings of noise, and how
    long these are in seconds. classes: of built-in sounds."""

    mixtures: tuple[int, int, int]
    sounds: tuple[int, int, int]
    noises: tuple[int, int, int]
    seconds: int
    classes: tuple[str, ...]


SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        "tiny": Scale((16, 6, 8), (4, 2, 2), (2, 2, 2), 6, tuple(SMALL[:4])),
        "small": Scale((1000, 300, 500), (60, 15, 15), (4, 2, 2), 30, tuple(SMALL)),
        "full": Scale((10_000, 1000, 1000), (60, 15, 15), (8, 4, 4), 60, tuple(CLASSES)),
    }
)


@dataclass(frozen=True)
class Options:
    """array: `responses.ARRAYS`. noise: `noise.FIELDS`. jitter: whole degrees by which a source may
    lie off one of the eight directions. levels: "dominant" or "equal" (see `planning`)."""

    array: str = "direct"
    noise: str = "diffuse"
    jitter: int = 0
    levels: str = "dominant"

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def scale_named(name: str) -> Scale:
    """Raises UnknownName."""
    return SCALES[_known(name, "scale", tuple(SCALES))]


def checked_options(array: str, noise: str, jitter: int, levels: str) -> Options:
    """Raises UnknownName for a name, SeldbenchError for a jitter that there is not."""
    if not 0 <= jitter <= WIDEST or jitter != int(jitter):
        raise SeldbenchError(f"jitter: {jitter} given; whole degrees from 0 to {WIDEST} expected")
    return Options(
        _known(array, "array", ARRAYS),
        _known(noise, "noise", FIELDS),
        int(jitter),
        _known(levels, "levels", LEVELS),
    )


def _known(name: str, what: str, known: tuple[str, ...]) -> str:
    if name not in known:
        raise UnknownName(f"no {what} named {name!r}{near(name, known)}; one of {', '.join(known)}")
    return name
