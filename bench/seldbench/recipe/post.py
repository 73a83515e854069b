"""From scores to events: thresholds, medians, masks, and what is tuned where."""

from collections.abc import Sequence
from typing import Literal

from seldbench.errors import BadRecipe
from seldbench.recipe.table import Table


class Tune(Table):
    """Values tried on a validation split; the best per class by `score` is kept with the split.

    score: "event_f1", of events; "f20", of directions, by the recipe's first scorer.
    """

    on: str
    score: Literal["event_f1", "f20"] = "event_f1"
    thresholds: list[float] = []
    medians: list[float] = []


class ClipMask(Table):
    """A frame score is never above its clip's score of the class."""

    frames: str
    clip: str


class Post(Table):
    """Scores to events: one value for all classes, or one by class. Medians are in seconds."""

    thresholds: float | dict[str, float] = 0.5
    medians: float | dict[str, float] = 0.0
    origin: str
    clip_mask: ClipMask | None = None
    tune: Tune | None = None

    def by_class(self, key: Literal["thresholds", "medians"], classes: Sequence[str]) -> dict:
        """{class: value}; a class that the recipe leaves out is an error, never a default."""
        value = getattr(self, key)
        if isinstance(value, float):
            return dict.fromkeys(classes, value)
        missing = [c for c in classes if c not in value]
        if missing:
            raise BadRecipe(f"post.{key}: no value for {', '.join(missing)}")
        return {c: value[c] for c in classes}
