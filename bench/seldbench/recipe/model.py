"""What a resolved recipe says, table by table. Defaults of training are written here and nowhere
else; a model's are in its own signature.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, model_validator

from seldbench.errors import BadRecipe, near
from seldbench.metrics.seld import SCORERS

# What each scorer scores, as `Dataset.task` names it.
SCORES = {"sed": "sed", "tagging": "tagging", "sources": "separation"} | dict.fromkeys(
    SCORERS, "seld"
)
PROTOCOLS = {
    "held_out": "everything is chosen on validation data",
    "select_on_test": "weights are selected on the split that is reported, as published",
}


class Table(BaseModel):
    """A TOML table: unknown keys refused, values as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Component(BaseModel):
    """A named thing and its plain arguments: `features = "logmel"` or `{name = "logmel", ...}`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


Named = Annotated[Component, BeforeValidator(_named)]


class Head(Table):
    """An output of the network: its format, the format's loss, and the splits that it sees."""

    format: Named
    loss: str
    weight: float = Field(1.0, ge=0)
    on: list[str]


class Augment(Table):
    """In order: on waves, on features and targets, and on features per view (student, teacher)."""

    scene: list[Named] = []
    spectrum: list[Named] = []
    view: list[Named] = []


class Consistency(Table):
    """Mean teacher: weight and ramp-up of the consistency loss, decay of the teacher's average."""

    weight: float = 2.0
    ramp_epochs: float = Field(default=50, ge=0)
    decay: float = Field(default=0.999, gt=0, lt=1)


class Decay(Table):
    """How the step size falls after `start` epochs: at once to `factor` of it, or in a line that
    reaches `factor` at the last step."""

    start: float = Field(ge=0)
    factor: float = Field(gt=0, le=1)
    shape: Literal["step", "linear"] = "step"


class Training(Table):
    """One training. Adam's step size rises as exp(-5 (1 - s/R)^2) over `ramp_epochs`.

    window: seconds of a clip in one example (shorter clips are zero-padded). hop: seconds from one
    example of a clip to the next; None: side by side. steps: per epoch; None: until the shortest
    group of the batch is used up. accumulate: parts a batch is cut into. keep_spectra: on disk
    while the stage trains; "auto": on a CPU, where waves are not augmented and the disk has room.
    """

    step: Literal["supervised", "mean_teacher"] = "supervised"
    epochs: int = Field(ge=0)
    steps: int | None = Field(None, gt=0)
    window: float = Field(gt=0)
    hop: float | None = Field(None, gt=0)
    optimiser: Literal["adam", "adamw"] = "adam"
    lr: float = Field(1e-3, gt=0)
    decay: Decay | None = None
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    ramp_epochs: float = Field(0, ge=0)
    clip_gradient: float | None = Field(None, gt=0)
    accumulate: int = Field(1, ge=1)
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    channels_last: bool = True
    keep_spectra: Literal["auto", "never"] = "auto"
    validate_every: int = Field(1, ge=1)
    consistency: Consistency = Consistency()


class Origin(Table):
    """Where a part's first weights come from: another stage, or a safetensors file."""

    stage: str | None = None
    path: str | None = None
    part: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> "Origin":
        if (self.stage is None) == (self.path is None):
            raise ValueError("give either `stage` or `path`")
        return self


class Inference(Table):
    """How a clip is heard. hop: seconds from one window of a long clip to the next; None: half a
    window. rotations: the mean over all rotations of the layout's channels."""

    hop: float | None = Field(None, gt=0)
    rotations: bool = False


class Stage(Table):
    """One training and what determines it. `init`: {part of this network: where from}; "" is all.

    select: {"valid/...": score}, summed; {"valid/...": "loss"} (lower is better); or "last".
    fit_on: the splits whose clips the features' scaling is fitted on; None: those of the batch.
    """

    features: Named
    layout: str = "mono"
    fit_on: list[str] | None = Field(None, min_length=1)
    model: dict[str, Any] = {}
    heads: dict[str, Head] = Field(min_length=1)
    batch: dict[str, PositiveInt] = Field(min_length=1)
    augment: Augment = Augment()
    training: Training
    select: Annotated[dict[str, str], Field(min_length=1)] | Literal["last"]
    inference: Inference = Field(default_factory=lambda: Inference(hop=None))
    init: dict[str, Origin] = {}

    @property
    def parents(self) -> tuple[str, ...]:
        return tuple(sorted({o.stage for o in self.init.values() if o.stage}))

    @property
    def trained_on(self) -> list[str]:
        """The splits of the batch."""
        return list(dict.fromkeys(split for group in self.batch for split in group.split("+")))

    @property
    def fitted_on(self) -> list[str]:
        """The splits that the features' scaling is fitted on."""
        return self.trained_on if self.fit_on is None else self.fit_on

    @property
    def selected_on(self) -> list[str]:
        return list(self.select) if isinstance(self.select, dict) else []

    @model_validator(mode="after")
    def _loss_alone(self) -> "Stage":
        scores = self.select.values() if isinstance(self.select, dict) else ()
        if "loss" in scores and len(set(scores)) > 1:
            raise ValueError("select: the loss cannot be added to a score; name one kind")
        return self

    @model_validator(mode="after")
    def _heard_whole(self) -> "Stage":
        hop, window = self.inference.hop, self.training.window
        if hop is not None and hop > window:
            raise ValueError(
                f"inference.hop: {hop:g} s from one window to the next, but a window lasts"
                f" {window:g} s: what lies between would not be heard; give at most that"
            )
        return self


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


class Imported(Table):
    """Weights that others trained. released: which of the released files they are, None for none.
    scaling: the data that the features' scaling was fitted on instead of theirs."""

    kind: str
    file: str
    sha256: str
    released: str | None
    source: str
    scaling: str
    notes: str


class Recipe(Table):
    """A resolved recipe: one variant, every stage complete."""

    architecture: str
    dataset: str
    variant: str
    title: str
    source: str
    notes: str = ""
    system: Literal["single"] = "single"
    scorers: list[str] = Field(["sed"], min_length=1)
    protocol: Literal["held_out", "select_on_test"] = "held_out"
    imported: Imported | None = None
    shown_stage: str
    stages: dict[str, Stage]
    post: Post

    @model_validator(mode="after")
    def _parents_exist(self) -> "Recipe":
        for name, stage in self.stages.items():
            for parent in stage.parents:
                if parent not in self.stages:
                    raise ValueError(
                        f"stages.{name}.init: no stage {parent!r}{near(parent, self.stages)}"
                    )
        return self

    @model_validator(mode="after")
    def _nothing_from_test(self) -> "Recipe":
        for where, split, allowed in self._splits():
            if not split.startswith(allowed):
                kinds = " or ".join(allowed)
                raise ValueError(
                    f"{where}: {split!r} is no {kinds} split; nothing is chosen on test (a variant"
                    ' with protocol = "select_on_test" may, where a published system did)'
                )
        return self

    def _splits(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """(where, split, how the splits' names begin that are allowed there)."""
        parity = self.protocol == "select_on_test"
        for name, stage in self.stages.items():
            train = ("train", "valid") if parity else ("train",)
            for split in stage.trained_on:
                yield f"stages.{name}.batch", split, train
            for split in stage.fitted_on:
                yield f"stages.{name}.fit_on", split, (*train, "test") if parity else train
            for split in stage.selected_on:
                yield f"stages.{name}.select", split, ("valid", "test") if parity else ("valid",)
        if self.post.tune is not None:
            yield "post.tune", self.post.tune.on, ("valid",)

    @model_validator(mode="after")
    def _scorers_exist(self) -> "Recipe":
        for name in self.scorers:
            if name not in SCORES:
                raise ValueError(f"scorers: no scorer {name!r}{near(name, SCORES)}")
            if self.scorers.count(name) > 1:
                raise ValueError(f"scorers: {name!r} is named twice; leave one out")
        return self

    @property
    def stage(self) -> Stage:
        """The stage whose network answers (system `single`)."""
        return self.stages[self.shown_stage]
