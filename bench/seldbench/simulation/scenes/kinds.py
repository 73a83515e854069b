"""What the two data sets are, apart from their physics: classes, what moves, who makes what, and
how files are named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain, count, islice

from seldbench.simulation.dry import STARSS, TNSSE
from seldbench.simulation.scenes.options import SPLITS
from seldbench.simulation.spatial import FULL, Colour, Grid, Room

STILL, EITHER, ALWAYS = 0.0, 0.5, 1.0  # share of a class's events over 3 s that move


@dataclass(frozen=True)
class Hall:
    """A room as file names have it; folder: of its files, below foa_dev and the others."""

    split: str
    folder: str
    fold: int
    room: int

    @property
    def prefix(self) -> str:
        """How the names of its files begin."""
        return f"fold{self.fold}_room{self.room}"


@dataclass(frozen=True)
class Place:
    """A hall's acoustics: its room, the colour of its noise."""

    hall: Hall
    room: Room
    colour: Colour


@dataclass(frozen=True)
class Kind:
    """A data set to simulate.

    classes: in the order of their numbers. motion: {class: share of its events over 3 s that move};
    absent: none. often: {class: how many times as often as others}. people: classes that people
    make; where there are any, each layer of a scene is one person, who has a number, a voice and a
    place, and all other classes are things with number 0. voices: of `people`, those of which a
    person has one. filled: share of a layer that sounds. dialect: of its CSV files. halls(rooms):
    the rooms, those of a split in a row.
    """

    name: str
    classes: tuple[str, ...]
    motion: Mapping[str, float]
    dialect: str
    grid: Grid
    coarse: Grid
    halls: Callable[[int], tuple[Hall, ...]]
    filled: float
    often: Mapping[str, int] = field(default_factory=dict)
    people: frozenset[str] = frozenset()
    voices: tuple[str, ...] = ()


def rooms_by_split(rooms: int) -> dict[str, int]:
    """How many rooms each split gets: a sixth for valid, a sixth for test, at least one each."""
    few = max(1, rooms // 6)
    return dict(zip(SPLITS, (rooms - 2 * few, few, few)))


def _tnsse_halls(rooms: int) -> tuple[Hall, ...]:
    """Folds 1 to 4 train, 5 valid, 6 test; the next room of a fold once all folds have one."""
    of, found = rooms_by_split(rooms), []
    for split, folder, folds in (
        ("train", "dev-train", (1, 2, 3, 4)),
        ("valid", "dev-val", (5,)),
        ("test", "dev-test", (6,)),
    ):
        for k in range(of[split]):
            fold, room = folds[k % len(folds)], 1 + k // len(folds)
            found.append(Hall(split, folder, fold, room))
    return tuple(found)


# What moves: generation_parameters.py of danielkrause/DCASE2022-data-generator.
TNSSE2021 = Kind(
    name="tnsse2021-sim",
    classes=TNSSE,
    motion={
        "crying baby": EITHER,
        "barking dog": EITHER,
        "female speech": EITHER,
        "male speech": EITHER,
        "ringing phone": EITHER,
        "footsteps": ALWAYS,
        "engine": EITHER,
    },
    dialect="polar",
    grid=FULL,
    coarse=Grid(72, (-20, 0, 20), (1.2, 2.4)),
    halls=_tnsse_halls,
    filled=2 / 3,
)


# Numbers of rooms in the real files (Sony's are 21 and above, Tampere's below), the rooms that the
# loader holds out as valid included; a larger set goes on with numbers that are nobody's.
_STARSS_ROOMS = {
    "train": (21, 4, 25, 6, 9, 12, 13, 14),
    "valid": (22, 7),
    "test": (23, 2, 24, 8, 10, 15),
}


def _starss_halls(rooms: int) -> tuple[Hall, ...]:
    """Fold 3 trains and, in rooms of its own, validates; fold 4 tests."""
    unused, found = count(31), []
    for split, several in rooms_by_split(rooms).items():
        fold, part = (4, "test") if split == "test" else (3, "train")
        for room in islice(chain(_STARSS_ROOMS[split], unused), several):
            place = "sony" if room > 20 else "tau"
            found.append(Hall(split, f"dev-{part}-{place}", fold, room))
    return tuple(found)


# Our design, after what is published of the recordings: talk above all, in pairs or groups, with
# what people do in a room; one to two events at once. Distances as far as a room allows.
STARSS23 = Kind(
    name="starss23-sim",
    classes=STARSS,
    motion={
        "female speech": EITHER,
        "male speech": EITHER,
        "laughter": EITHER,
        "domestic sounds": EITHER,
        "walk, footsteps": ALWAYS,
        "engine": EITHER,
    },
    dialect="polar_distance_cm",
    grid=Grid(360, (-30, -15, 0, 15, 30), (0.8, 1.4, 2.2, 3.2)),
    coarse=Grid(72, (-15, 0, 15), (1.0, 2.0)),
    halls=_starss_halls,
    filled=1 / 2,
    often={"female speech": 6, "male speech": 6, "laughter": 2, "walk, footsteps": 2, "music": 2},
    people=frozenset(
        {
            "female speech",
            "male speech",
            "clapping",
            "laughter",
            "domestic sounds",
            "walk, footsteps",
            "musical instrument",
            "knock",
        }
    ),
    voices=("female speech", "male speech"),
)
KINDS = {kind.name: kind for kind in (TNSSE2021, STARSS23)}
