"""From scores to events: thresholds, medians, boxes, masks, and what is tuned where."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from seldbench.errors import BadRecipe
from seldbench.recipe.table import Table


class Box(Table):
    """How boxes are found (see `inference.boxes`): of the two rules by which gaps are merged one at
    least; a gap must pass both where both are given. step: seconds."""

    step: float = Field(gt=0)
    absolute: float | None = Field(None, gt=0)
    relative: float | None = Field(None, gt=1)

    @model_validator(mode="after")
    def _merges(self) -> "Box":
        if self.absolute is None and self.relative is None:
            raise ValueError("give `absolute`, `relative` or both: by what gaps are merged")
        return self


class BoxGrid(Table):
    """Boxes that are tried: every step with every rule, one rule at a time."""

    step: list[float] = Field([0.32, 0.48, 0.64], min_length=1)
    absolute: list[float] = [0.15, 0.2, 0.3]
    relative: list[float] = [1.5, 2.0, 3.0]

    @property
    def rules(self) -> list[Box]:
        """In the order in which they are tried."""
        return [
            Box(step=step, **{name: value})
            for step in self.step
            for name in ("absolute", "relative")
            for value in getattr(self, name)
        ]


class Tune(Table):
    """Values tried on a validation split; the best per class by `score` is kept with the split.

    on: "test" under the protocol `cross_validated_on_test` alone: then clips are dealt to FOLDS
    folds, and those of each are decided by what is best on the others.
    score: "event_f1", of events; "psds1", of frame scores or boxes at all thresholds (thresholds
    cannot be tuned by it); "f20", of directions, by the recipe's first scorer, or "f1_ideal_doa",
    the same with ideal directions; "direction_f1", of the directions that sources are found in, by
    which `directions` are chosen and nothing else.
    """

    on: str
    score: Literal["event_f1", "psds1", "f20", "f1_ideal_doa", "direction_f1"] = "event_f1"
    directions: list[float] = []
    thresholds: list[float] = []
    medians: list[float] = []
    boxes: BoxGrid | None = None

    @model_validator(mode="after")
    def _thresholds_matter(self) -> "Tune":
        if self.score == "psds1" and self.thresholds:
            raise ValueError(
                "psds1 goes over all thresholds: leave `thresholds` out, or tune by f1"
            )
        return self

    @model_validator(mode="after")
    def _directions_alone(self) -> "Tune":
        other = self.thresholds or self.medians or self.boxes
        if (self.score == "direction_f1") != bool(self.directions) or (self.directions and other):
            raise ValueError('`directions` are tuned by score = "direction_f1", and alone')
        return self


FOLDS = 5


class ClipMask(Table):
    """What clip scores do to frame scores: "min", a frame score is never above its clip's score of
    the class; "threshold", all are 0 where the clip score is not above `at`; "none"."""

    frames: str = "frames"
    clip: str = "clip"
    kind: Literal["min", "threshold", "none"] = "min"
    at: float | None = None

    @model_validator(mode="after")
    def _has_value(self) -> "ClipMask":
        if (self.kind == "threshold") != (self.at is not None):
            raise ValueError('`at` is the clip score of kind = "threshold", and of no other kind')
        return self


class Post(Table):
    """Scores to events: one value for all classes, or one by class. Medians are in seconds; boxes
    are made of what medians leave (the cSEBB paper has none). direction: a source is where the
    score of a direction is above it."""

    thresholds: float | dict[str, float] = 0.5
    medians: float | dict[str, float] = 0.0
    boxes: Box | dict[str, Box] | None = None
    direction: float | None = None
    origin: str
    clip_mask: ClipMask | None = None
    tune: Tune | None = None

    @model_validator(mode="after")
    def _boxes_to_tune(self) -> "Post":
        if self.tune is not None and self.tune.boxes is not None and self.boxes is None:
            raise ValueError(
                "tune.boxes: give `boxes` too, for classes that the split has no events of"
            )
        return self

    def by_class(self, key: Literal["thresholds", "medians"], classes: Sequence[str]) -> dict:
        """{class: value}; a class that the recipe leaves out is an error, never a default."""
        return _by_class(key, getattr(self, key), classes)

    def boxes_of(self, classes: Sequence[str]) -> dict[str, dict[str, float | None]]:
        """{class: {"step", "absolute", "relative"}}; empty where there are no boxes."""
        if self.boxes is None:
            return {}
        return {c: box.model_dump() for c, box in _by_class("boxes", self.boxes, classes).items()}


def _by_class(key: str, value: Any, classes: Sequence[str]) -> dict:
    if not isinstance(value, dict):
        return dict.fromkeys(classes, value)
    missing = [c for c in classes if c not in value]
    if missing:
        raise BadRecipe(f"post.{key}: no value for {', '.join(missing)}")
    return {c: value[c] for c in classes}
