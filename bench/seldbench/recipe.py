"""A recipe is a system: stages, training, post-processing, scorers and variants, in one TOML file.

`recipes/<architecture>/<dataset>.toml`. What stands at the top level holds for every stage; a table
under `[stages.NAME]` overrides it; a table under `[variants.NAME]` overrides both; `--set` has the
last word. Tables merge key by key, except those whose keys are a choice of their own (REPLACED),
which are taken whole. Unknown keys are refused. Defaults of training are written here and nowhere
else; a model's are in its own signature.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from seldbench import registry
from seldbench.errors import BadRecipe, UnknownName, near
from seldbench.metrics.seld import SCORERS

# A variant that names one of these says all of it: merged, an entry could never be taken away.
REPLACED = frozenset({"batch", "select", "medians", "thresholds", "features", "tune", "clip_mask"})
# What each scorer scores, as `Dataset.task` names it.
SCORES = {"sed": "sed", "tagging": "tagging", "sources": "separation"} | dict.fromkeys(
    SCORERS, "seld"
)
STAGE_KEYS = ("features", "layout", "model", "heads", "batch", "augment", "training", "select")


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

    format: str
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


class Training(Table):
    """One training. Adam's step size rises as exp(-5 (1 - s/R)^2) over `ramp_epochs`.

    window: seconds of a clip in one example (shorter clips are zero-padded). steps: per epoch;
    None: until the shortest group of the batch is used up. accumulate: parts a batch is cut into.
    """

    step: Literal["supervised", "mean_teacher"] = "supervised"
    epochs: int = Field(ge=0)
    steps: int | None = Field(None, gt=0)
    window: float = Field(gt=0)
    optimiser: Literal["adam", "adamw"] = "adam"
    lr: float = Field(1e-3, gt=0)
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0)
    ramp_epochs: float = Field(0, ge=0)
    clip_gradient: float | None = Field(None, gt=0)
    accumulate: int = Field(1, ge=1)
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    channels_last: bool = True
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


class Stage(Table):
    """One training and what determines it. `init`: {part of this network: where from}; "" is all.

    select: {"valid/...": score}, summed; {"valid/...": "loss"} (lower is better); or "last".
    """

    features: Named
    layout: str = "mono"
    model: dict[str, Any] = {}
    heads: dict[str, Head]
    batch: dict[str, int]
    augment: Augment = Augment()
    training: Training
    select: dict[str, str] | Literal["last"]
    init: dict[str, Origin] = {}

    @property
    def parents(self) -> tuple[str, ...]:
        return tuple(sorted({o.stage for o in self.init.values() if o.stage}))

    @model_validator(mode="after")
    def _nothing_from_test(self) -> "Stage":
        for group in self.batch:
            for split in group.split("+"):
                if not split.startswith("train"):
                    raise ValueError(f"batch: {split!r} is not a train split")
        if isinstance(self.select, dict):
            for split in self.select:
                _refuse_test("select", split)
        return self


class Tune(Table):
    """Values tried on a validation split; the best per class by `score` is kept with the split."""

    on: str
    score: Literal["event_f1"] = "event_f1"
    thresholds: list[float] = []
    medians: list[float] = []

    @model_validator(mode="after")
    def _on_validation(self) -> "Tune":
        _refuse_test("tune", self.on)
        return self


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
    def _scorers_exist(self) -> "Recipe":
        for name in self.scorers:
            if name not in SCORES:
                raise ValueError(f"scorers: no scorer {name!r}{near(name, SCORES)}")
        return self

    @property
    def stage(self) -> Stage:
        """The stage whose network answers (system `single`)."""
        return self.stages[self.shown_stage]


def _refuse_test(where: str, split: str) -> None:
    if not split.startswith("valid"):
        raise ValueError(f"{where}: {split!r} is no validation split; nothing is chosen on test")


def recipe_file(architecture: str, dataset: str) -> Path:
    """The recipe's file; a simulated set uses its real twin's unless it has its own.

    Raises:
        UnknownName: the architecture, the data set, or a recipe that joins them is unknown.
    """
    known = registry.names("recipes")
    for kind, name in (("architectures", architecture), ("datasets", dataset)):
        if name not in registry.names(kind):
            raise UnknownName(
                f"no {kind[:-1].replace('dataset', 'data set')} named {name!r}"
                f"{near(name, registry.names(kind))}; see `seldbench list {kind}`"
            )
    for candidate in (dataset, dataset.removesuffix("-sim")):
        if f"{architecture}/{candidate}" in known:
            return registry.data_file("recipes", f"{architecture}/{candidate}")
    sets = sorted(r.split("/")[1] for r in known if r.startswith(f"{architecture}/"))
    raise UnknownName(
        f"no recipe for {architecture!r} on {dataset!r}; {architecture} has recipes for:"
        f" {', '.join(sets) or 'nothing yet'}"
    )


def variants(path: Path) -> list[str]:
    """The variants of a recipe file, the default first."""
    return list(_read(path).get("variants", {}))


def resolve(
    path: Path, dataset: str, variant: str | None = None, settings: Mapping[str, Any] | None = None
) -> Recipe:
    """The recipe with a variant's overrides and `--set` applied.

    Args:
        path: the recipe's file; its folder names the architecture.
        dataset: the data set that it runs on (a simulated twin's name differs from the file's).
        variant: None for the first.
        settings: {"training.epochs": 3}: for every stage, or "stages.NAME.training..." for one.

    Raises:
        BadRecipe: not TOML, an unknown or missing key, a value that breaks a rule.
        UnknownName: an unknown variant or setting.
    """
    raw = _read(path)
    known = raw.pop("variants", {})
    if variant is None:
        variant = next(iter(known), "default")
    elif variant not in known:
        raise UnknownName(
            f"{path.parent.name}/{path.stem} has no variant {variant!r}{near(variant, known)};"
            f" variants: {', '.join(known) or 'none'}"
        )
    raw = merge(raw, known.get(variant, {}))
    shared = {key: raw.pop(key) for key in STAGE_KEYS if key in raw}
    if not isinstance(raw.get("stages"), dict) or not raw["stages"]:
        raise BadRecipe(f"{path}: no [stages.NAME]; a recipe needs at least one stage")
    raw["stages"] = {name: merge(deepcopy(shared), stage) for name, stage in raw["stages"].items()}
    for key, value in (settings or {}).items():
        _set(raw, key, value)
    raw.setdefault("shown_stage", list(raw["stages"])[-1])
    raw |= {"architecture": path.parent.name, "dataset": dataset, "variant": variant}
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise BadRecipe(_explain(path, variant, error)) from None


def merge(base: Any, over: Any, key: str = "") -> Any:
    """`over` on top of `base`: tables key by key unless REPLACED, everything else as in `over`."""
    if not isinstance(base, dict) or not isinstance(over, dict) or key in REPLACED:
        return over
    joined = dict(base)
    for name, value in over.items():
        joined[name] = merge(base[name], value, name) if name in base else value
    return joined


def parse_setting(text: str) -> tuple[str, Any]:
    """`key=value` with the value as TOML would read it, or else as text.

    Raises:
        UnknownName: no `=`.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UnknownName(f"--set {text!r}: expected key=value, such as training.epochs=3")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def canonical(recipe: BaseModel) -> str:
    """One text for one meaning: what digests are taken of."""
    return json.dumps(recipe.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{path}: not TOML ({error})") from None


def _set(raw: dict[str, Any], key: str, value: Any) -> None:
    parts = _path(key)
    if parts[0] in STAGE_KEYS:
        for name in raw["stages"]:
            _set(raw, f"stages.{name}.{key}", value)
        return
    table: Any = raw
    for i, part in enumerate(parts[:-1]):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise UnknownName(f"--set {key}: {'.'.join(parts[: i + 1])!r} is not a table")
    table[parts[-1]] = value


def _path(key: str) -> list[str]:
    """The parts of a dotted key as TOML reads it: `batch."train/weak"` has two."""
    try:
        table: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError as error:
        raise UnknownName(f"--set {key}: not a key ({error}); quote odd parts") from None
    parts = []
    while isinstance(table, dict):
        ((part, table),) = table.items()
        parts.append(part)
    return parts


def _explain(path: Path, variant: str, error: ValidationError) -> str:
    lines = [f"{path} (variant {variant}):"]
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            last = str(problem["loc"][-1])
            lines.append(f"  unknown key {where!r}{near(last, _keys(Recipe))}")
        elif problem["type"] == "missing":
            lines.append(f"  missing key {where!r}")
        else:
            lines.append(f"  {where}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def _keys(table: type[BaseModel]) -> set[str]:
    known: set[str] = set()
    for model in (table, *_models()):
        known |= set(model.model_fields)
    return known


def _models() -> tuple[type[BaseModel], ...]:
    return (Stage, Head, Augment, Training, Consistency, Origin, Post, Tune, ClipMask)
