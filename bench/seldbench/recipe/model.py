"""What a resolved recipe says, table by table; a model's defaults are in its own signature."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from seldbench.errors import near
from seldbench.metrics.seld import SCORERS
from seldbench.recipe.post import Post
from seldbench.recipe.table import Named, Table
from seldbench.recipe.training import Training

# What each scorer scores, as `Dataset.task` names it.
SCORES = {"sed": "sed", "tagging": "tagging", "sources": "separation"} | dict.fromkeys(
    SCORERS, "seld"
)
PROTOCOLS = {
    "held_out": "everything is chosen on validation data",
    "select_on_test": "weights are selected on the split that is reported, as published",
    "cross_validated_on_test": "post-processing is tuned on the clips that are reported, in folds:"
    " each clip's on the others",
}


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


class Origin(Table):
    """Where a part's first weights come from: another stage; a safetensors file of ours (`path`);
    or weights that others released (`weights`, a name of the registry with its arguments), whose
    file `path` is where `--init` names it. part: of the other network, "" for all."""

    stage: str | None = None
    path: str | None = None
    weights: Named | None = None
    part: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> "Origin":
        if (self.stage is None) == (self.path is None and self.weights is None):
            raise ValueError("give `stage`, or else `path` or `weights`")
        return self


class Input(Table):
    """What a network hears besides the features: the output of a head of another stage. truth: the
    format in which a clip's own labels stand in its place in training, where it has them. Without a
    stage it is the truth alone: the network is trained and selected with it, and at test something
    else stands in its place (see `Recipe.system`)."""

    stage: str | None = None
    head: str | None = None
    truth: Named | None = None

    @model_validator(mode="after")
    def _from_somewhere(self) -> "Input":
        if (self.stage is None) != (self.head is None):
            raise ValueError("`stage` and `head` say together whose output it is")
        if self.stage is None and self.truth is None:
            raise ValueError("give `stage` and `head`, or `truth`, or all three")
        return self


class Pseudo(Table):
    """Labels for clips that lack them: what another stage says of these, decided by `post`.

    kind: "strong" for its events, "weak" for the classes whose clip score is above the threshold.
    """

    stage: str
    kind: Literal["strong", "weak"]


class Views(Table):
    """How a clip is heard. hop: seconds from one window of a long clip to the next; None: half a
    window. rotations: the mean over all rotations of the layout's channels."""

    hop: float | None = Field(None, gt=0)
    rotations: bool = False


class Inference(Views):
    """At test and for tuning. grid: seconds of the label frames that finer ones of the network are
    brought to; None: its own."""

    grid: float | None = Field(None, gt=0)


class Stage(Table):
    """One training and what determines it.

    architecture: the recipe's own unless it names another. each_microphone: every channel of the
    layout is an example for features of one ("mono"), and answers are their mean. init: {part of
    this network: where from; "" is all}; "none" is random weights where others start from trained
    ones: rows say so.
    select: {"valid/...": score}, summed; {"valid/...": "loss"} (lower is better); or "last".
    average: with "last", the mean of the weights after these epochs, first and last.
    validation: how clips are heard whose score selects; None: as at test. A training does not hang
    on `inference` where it is given.
    fit_on: the splits whose clips the features' scaling is fitted on; None: those of the batch.
    inputs: {argument of the network's forward: what it is given}. labels: {split: whose labels}.
    """

    architecture: str
    features: Named
    layout: str = "mono"
    each_microphone: bool = False
    fit_on: list[str] | None = Field(None, min_length=1)
    model: dict[str, Any] = {}
    heads: dict[str, Head] = Field(min_length=1)
    batch: dict[str, PositiveInt] = Field(min_length=1)
    augment: Augment = Augment()
    training: Training
    select: Annotated[dict[str, str], Field(min_length=1)] | Literal["last"]
    validation: Views | None = None
    inference: Inference = Field(default_factory=lambda: Inference(hop=None, grid=None))
    average: tuple[PositiveInt, PositiveInt] | None = None
    init: dict[str, Origin | Literal["none"]] = {}
    inputs: dict[str, Input] = {}
    labels: dict[str, Pseudo] = {}

    @property
    def origins(self) -> dict[str, Origin]:
        """Where parts start from, those left at random not among them."""
        return {part: o for part, o in self.init.items() if isinstance(o, Origin)}

    @property
    def released(self) -> dict[str, Origin]:
        """The parts that start from weights that others released."""
        return {part: o for part, o in self.origins.items() if o.weights}

    @property
    def parents(self) -> tuple[str, ...]:
        """Every stage that this one needs finished."""
        from_ = {o.stage for o in self.origins.values() if o.stage}
        from_ |= {given.stage for given in self.inputs.values() if given.stage}
        from_ |= {given.stage for given in self.labels.values()}
        return tuple(sorted(from_))

    @property
    def untold(self) -> tuple[str, ...]:
        """The inputs that are the truth and no stage says."""
        return tuple(name for name, given in self.inputs.items() if given.stage is None)

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
    def _averaged(self) -> "Stage":
        if self.average is None:
            return self
        first, last = self.average
        if self.select != "last" or not first <= last <= self.training.epochs:
            raise ValueError(
                f"average: epochs {first} to {last} of {self.training.epochs}; it needs"
                ' select = "last" and epochs that are trained'
            )
        return self

    @model_validator(mode="after")
    def _heard_whole(self) -> "Stage":
        window = self.training.window
        for name, views in (("inference", self.inference), ("validation", self.validation)):
            hop = None if views is None else views.hop
            if hop is not None and hop > window:
                raise ValueError(
                    f"{name}.hop: {hop:g} s from one window to the next, but a window lasts"
                    f" {window:g} s: what lies between would not be heard; give at most that"
                )
        return self


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


class Halves(Table):
    """The stages of a `two_stage` system: whose activity, and whose directions for it."""

    activity: str
    directions: str


class Recipe(Table):
    """A resolved recipe: one variant, every stage complete that it needs.

    system: "single": `shown_stage` answers; "two_stage": those of `answers` do together;
    "each_direction": `shown_stage` answers about every direction that its head `direction` says
    above `post.direction`, which it is given as its input `direction`.
    oracles: {name: {input: the format of the truth in its place}}: the test split is heard in these
    ways too, which tells whose errors the answers' are.
    """

    architecture: str
    dataset: str
    variant: str
    title: str
    source: str
    notes: str = ""
    system: Literal["single", "two_stage", "each_direction"] = "single"
    answers: Halves | None = None
    oracles: dict[str, Annotated[dict[str, Named], Field(min_length=1)]] = {}
    scorers: list[str] = Field(["sed"], min_length=1)
    protocol: Literal["held_out", "select_on_test", "cross_validated_on_test"] = "held_out"
    imported: Imported | None = None
    shown_stage: str | None
    stages: dict[str, Stage]
    post: Post

    @model_validator(mode="after")
    def _somebody_answers(self) -> "Recipe":
        if (self.system == "two_stage") != (self.answers is not None):
            raise ValueError('`answers` says whose stages are those of system = "two_stage"')
        for name in self.answering.values():
            if name not in self.stages:
                raise ValueError(f"answers: no stage {name!r}{near(name, self.stages)}")
        return self

    @model_validator(mode="after")
    def _nothing_untold(self) -> "Recipe":
        asked = ("direction",) if self.system == "each_direction" else ()
        for name in self.answering.values():
            for given in self.stages[name].untold:
                if given not in asked:
                    raise ValueError(
                        f"stages.{name}.inputs.{given}: the truth, which nobody knows at test; a"
                        " stage that answers is given it by another stage"
                    )
        if (self.system == "each_direction") != (self.post.direction is not None):
            raise ValueError(
                '`post.direction` is the threshold of directions in system = "each_direction"'
            )
        return self

    @model_validator(mode="after")
    def _parents_exist(self) -> "Recipe":
        for name, stage in self.stages.items():
            for parent in stage.parents:
                if parent not in self.stages:
                    raise ValueError(
                        f"stages.{name}: no stage {parent!r} to start from"
                        f"{near(parent, self.stages)}"
                    )
        return self

    @model_validator(mode="after")
    def _nothing_from_test(self) -> "Recipe":
        for where, split, allowed in self._splits():
            if not split.startswith(allowed):
                kinds = " or ".join(allowed)
                raise ValueError(
                    f"{where}: {split!r} is no {kinds} split; nothing is chosen on test (a variant"
                    ' with protocol = "select_on_test" may, where a published system did; post.tune'
                    ' with "cross_validated_on_test")'
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
            crossed = self.protocol == "cross_validated_on_test"
            yield "post.tune", self.post.tune.on, ("test",) if crossed else ("valid",)

    @model_validator(mode="after")
    def _folds_are_tuned(self) -> "Recipe":
        if self.protocol == "cross_validated_on_test" and self.post.tune is None:
            raise ValueError(f'protocol = "{self.protocol}" needs post.tune with on = "test"')
        return self

    @model_validator(mode="after")
    def _scorers_exist(self) -> "Recipe":
        for name in self.scorers:
            if name not in SCORES:
                raise ValueError(f"scorers: no scorer {name!r}{near(name, SCORES)}")
            if self.scorers.count(name) > 1:
                raise ValueError(f"scorers: {name!r} is named twice; leave one out")
        return self

    @property
    def answering(self) -> dict[str, str]:
        """The stages whose networks answer: {"whole": ...}, or {"activity": ..., "directions":
        ...}."""
        if self.answers is not None:
            return dict(self.answers)
        return {"whole": self.shown_stage or ""}

    @property
    def needed(self) -> dict[str, Stage]:
        """The stages that answer and all that those hang on, in the recipe's order."""
        found, waiting = set[str](), [*self.answering.values()]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.stages[name].parents
        return {name: stage for name, stage in self.stages.items() if name in found}

    @property
    def stage(self) -> Stage:
        """The stage whose network answers in a `single` system."""
        return self.stages[self.answering["whole"]]
