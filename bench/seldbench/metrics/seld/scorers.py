"""The SELD scorers by name: a year's definition, and beside it the same without its bugs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

Rule = Literal["activity", "classes", "instances", "frames"]
Average = Literal["macro", "micro"]
Angles = Literal["polar", "cartesian"]

THRESHOLD = 20.0  # degrees
RELATIVE = 1.0  # of the true distance
RATE = 10  # frames in a second


@dataclass(frozen=True)
class Scorer:
    """One definition of the SELD scores.

    rule: what is counted, see `rules`. classes: the number of classes, of which a macro average
    takes all; None for as many as the files hold. average, angles: the year's own. distance:
    whether distances are scored. scores, class_scores: names of the scores in order. seconds: the
    length of a file, None for the largest frame number of the reference. far: the weight in F of a
    pair that is too far apart (a miss or a false alarm has 1/2). through_angles: vectors are turned
    into angles and back, as the year's reader does (a zero vector becomes the front). fixed:
    whether the bugs of the official code are mended, see the package.
    """

    name: str
    rule: Rule
    average: Average
    angles: Angles
    scores: tuple[str, ...]
    class_scores: tuple[str, ...]
    classes: int | None = None
    distance: bool = False
    seconds: int | None = None
    far: float = 1.0
    through_angles: bool = False
    fixed: bool = False

    def without_distance(self) -> "Scorer":
        """The same definition with directions alone."""
        if not self.distance:
            return self
        names = tuple(n for n in self.scores if n not in DISTANCES)
        of_class = tuple(n for n in self.class_scores if n not in DISTANCES)
        return replace(self, distance=False, scores=names, class_scores=of_class)


@dataclass(frozen=True)
class Setting:
    """A scorer with all that is left open decided. rate: frames in a second."""

    scorer: Scorer
    classes: int
    angles: Angles
    rate: int = RATE


JOINT = ("er20", "f20", "le_cd", "lr_cd", "seld_score")
DISTANCES = ("rde_cd", "diste_cd")
WITH_DISTANCE = ("er20", "f20", "doae_cd", "rde_cd", "lr_cd", "seld_score", "diste_cd")
APART = ("er", "f1", "doa_error", "frame_recall", "seld_score")

_YEARS = (
    Scorer("dcase2019", "activity", "micro", "polar", APART, ("f1",), seconds=60),
    Scorer("dcase2020", "classes", "micro", "polar", JOINT, JOINT[1:4], seconds=60),
    Scorer("dcase2021", "instances", "micro", "polar", JOINT, JOINT[1:4], seconds=60, far=0.5),
    Scorer("dcase2022", "instances", "macro", "polar", JOINT, JOINT, classes=13),
    Scorer("dcase2023", "instances", "macro", "polar", JOINT, JOINT, classes=13),
    Scorer(
        "dcase2024",
        "frames",
        "macro",
        "cartesian",
        WITH_DISTANCE,
        WITH_DISTANCE,
        classes=13,
        distance=True,
        through_angles=True,
    ),
    Scorer(
        "dcase2024_segments",
        "instances",
        "macro",
        "cartesian",
        JOINT,
        JOINT,
        classes=13,
        through_angles=True,
    ),
)

SCORERS: Mapping[str, Scorer] = MappingProxyType(
    {
        scorer.name: scorer
        for year in _YEARS
        for scorer in (year, replace(year, name=f"{year.name}_fixed", fixed=True))
    }
)
