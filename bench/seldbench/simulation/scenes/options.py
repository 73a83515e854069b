"""How large and how hard a set of scenes is. The defaults are the real set's (TAU-NIGENS 2021)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from seldbench.errors import SeldbenchError, UnknownName, near

GENERATOR = 1  # version of the scenes' generator; part of every manifest. A change anywhere in
# this folder, in `spatial` or in `dry` that changes the audio or the labels raises it.

MOST_LAYERS = 5  # what the real recordings of STARSS23 reach


@dataclass(frozen=True)
class Scale:
    """clips: of train, valid and test; seconds: of a clip; rooms: of all splits together; coarse:
    whether sounds come from few directions, for speed."""

    clips: tuple[int, int, int]
    seconds: int
    rooms: int
    coarse: bool = False


# `tiny` has three rooms, for no split shares one with another.
SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        "tiny": Scale((12, 4, 4), 10, 3, coarse=True),
        "small": Scale((120, 30, 30), 20, 6),
        "full": Scale((400, 100, 100), 60, 12),
    }
)
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Options:
    """rooms: of all splits together. moving: share of the events that can move (of movable classes,
    longer than 3 s) which do, None for each class's own. snr: lowest and highest, dB. overlap:
    layers of targets, the most that sound at once. interferers: whether there are any.
    """

    rooms: int
    moving: float | None
    snr: tuple[int, int]
    overlap: int
    interferers: bool

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"snr": list(self.snr)}


def scale_named(name: str) -> Scale:
    """Raises UnknownName."""
    if name not in SCALES:
        raise UnknownName(
            f"no scale named {name!r}{near(name, SCALES)}; one of {', '.join(SCALES)}"
        )
    return SCALES[name]


def checked_options(
    scale: Scale,
    *,
    rooms: int | None,
    moving: float | None,
    snr: tuple[int, int] | None,
    overlap: int | None,
    interferers: bool,
) -> Options:
    """What was given, and the defaults of what was not (None).

    Raises:
        SeldbenchError: a value out of range; it says which there are.
    """
    options = Options(
        scale.rooms if rooms is None else rooms,
        moving,
        (6, 30) if snr is None else snr,
        3 if overlap is None else overlap,
        interferers,
    )
    low, high = options.snr
    if options.rooms < len(SPLITS):
        raise SeldbenchError(
            f"rooms: {rooms} given; {len(SPLITS)} or more: train, valid and test share none"
        )
    if options.rooms > min(scale.clips) * len(SPLITS):
        raise SeldbenchError(
            f"rooms: {rooms} given; this scale has clips for {min(scale.clips) * len(SPLITS)}"
        )
    if moving is not None and not 0 <= moving <= 1:
        raise SeldbenchError(f"moving: {moving} given; a share from 0 to 1 expected")
    if not low <= high or not all(isinstance(value, int) for value in options.snr):
        raise SeldbenchError(f"snr: {low}, {high} given; whole numbers of dB, lowest first")
    if not -20 <= low <= high <= 60:
        raise SeldbenchError(f"snr: {low}, {high} given; from -20 to 60 dB is meant to work")
    if not 1 <= options.overlap <= MOST_LAYERS:
        raise SeldbenchError(f"overlap: {overlap} given; 1 to {MOST_LAYERS} events at once")
    return options
