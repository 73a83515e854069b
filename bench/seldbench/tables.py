"""A paper's tables: `tables/<paper>.toml` of a plug-in. A row's published values are held against
the runs of its recipe and variant, or against ensembles of such runs.

Values are fractions for every score that is one (PSDS, F1, accuracy, mAP, F20, LR), as in score
files; angles are degrees, distances metres. Values by class may
name a group of classes too (`groups`); a group's measured value is the mean over its classes.
"""

import tomllib
from pathlib import Path

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from seldbench.errors import BadRecipe, UnknownName, near

# Scores whose names begin like this lie in [0, 1].
FRACTIONS = ("psds", "event_f1", "f20", "lr_cd", "accuracy", "map")


class _Table(BaseModel):
    """A TOML table: unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Table):
    """One system of a table.

    recipe: `architecture/dataset`, with its variant; both absent where `built` is false.
    ensemble: how many runs of the recipe were averaged: a number, all of `variant`, or {variant:
    number}; None for single runs.
    reduced: the recipe's variant that is the same system made small, for simulated data. Its runs
    show what the system's parts do, and never stand for the row itself.
    published: {score: value}; spread: {score: its published standard deviation}.
    classes: {class or group: value of the table's class_score}.
    """

    label: str
    recipe: str | None = None
    variant: str | None = None
    ensemble: PositiveInt | dict[str, PositiveInt] | None = None
    reduced: str | None = None
    built: bool = True
    published: dict[str, float] = {}
    spread: dict[str, float] = {}
    classes: dict[str, float] = {}
    note: str = ""

    @property
    def architecture(self) -> str | None:
        return self.recipe.split("/")[0] if self.recipe else None

    @property
    def dataset(self) -> str | None:
        return self.recipe.split("/")[1] if self.recipe else None

    @property
    def members(self) -> dict[str, int]:
        """{variant: how many of its runs}; empty for a row of single runs."""
        if isinstance(self.ensemble, int) and self.variant is not None:
            return {self.variant: self.ensemble}
        return dict(self.ensemble) if isinstance(self.ensemble, dict) else {}

    @property
    def variants(self) -> list[str]:
        """The recipe's variants that the row names."""
        named = [self.variant, *self.members, self.reduced]
        return list(dict.fromkeys(name for name in named if name is not None))

    @model_validator(mode="after")
    def _system_is_named(self) -> "Row":
        if self.built and (self.recipe is None or not (self.variant or self.members)):
            raise ValueError("a row needs `recipe` and `variant`, or `built = false`")
        if self.recipe is not None and self.recipe.count("/") != 1:
            raise ValueError(f"recipe {self.recipe!r} is not architecture/dataset")
        if isinstance(self.ensemble, dict) and self.variant is not None:
            raise ValueError("`ensemble` names its variants: leave out `variant`")
        return self

    @model_validator(mode="after")
    def _fractions(self) -> "Row":
        for score, value in (*self.published.items(), *self.spread.items()):
            if score.startswith(FRACTIONS) and not 0 <= value <= 1:
                raise ValueError(f"{score} = {value}: a fraction in [0, 1], not percent")
        return self


class PublishedTable(_Table):
    """A table of a paper: what was measured, how (`protocol`), on which data, and its rows.

    metrics: scores shown, in order. scorer: whose they are, where runs may have several scorers';
    None for the one that leads. class_score: the score of values by class, where rows have any.
    groups: {name: the classes in it}. improvement: the labels of two rows, the system without and
    the one with what the table is about: (with - without) / without is shown of every value.
    """

    title: str
    metrics: list[str] = Field(min_length=1)
    protocol: str
    dataset: list[str] = Field(min_length=1)
    source: str
    scorer: str | None = None
    class_score: str | None = None
    groups: dict[str, list[str]] = {}
    improvement: tuple[str, str] | None = None
    rows: list[Row] = Field(min_length=1)

    @field_validator("dataset", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _rows_fit(self) -> "PublishedTable":
        for row in self.rows:
            for score in (*row.published, *row.spread):
                if score not in self.metrics:
                    raise ValueError(
                        f"row {row.label!r}: {score!r} is not among the table's metrics"
                        f"{near(score, self.metrics)}"
                    )
            if row.classes and self.class_score is None:
                raise ValueError(f"row {row.label!r} has values by class: name `class_score`")
            if row.dataset is not None and row.dataset not in self.dataset:
                raise ValueError(
                    f"row {row.label!r}: {row.recipe} is not on {' or '.join(self.dataset)}"
                )
        return self

    @model_validator(mode="after")
    def _improvement_is_between_rows(self) -> "PublishedTable":
        labels = [row.label for row in self.rows]
        for label in self.improvement or ():
            if label not in labels:
                raise ValueError(f"improvement: no row {label!r}{near(label, labels)}")
        if self.improvement and not self.classes:
            raise ValueError("improvement: it is shown by class; give rows values by class")
        return self

    @property
    def classes(self) -> list[str]:
        """Classes and groups that rows have values for, in the rows' order."""
        return list(dict.fromkeys(name for row in self.rows for name in row.classes))


class Paper(_Table):
    """The tables of one paper by number. A file that holds no tables is an error."""

    title: str
    tables: dict[str, PublishedTable] = Field(min_length=1)


def load(path: Path) -> Paper:
    """A paper's tables.

    Raises:
        BadRecipe: not TOML, an unknown or missing key (with the nearest known one), a bad value.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRecipe(f"{path}: not found") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{path}: not TOML ({error})") from None
    try:
        return Paper.model_validate(raw)
    except ValidationError as error:
        raise BadRecipe(_explain(path, error)) from None


def table(path: Path, number: str) -> PublishedTable:
    """One table of a paper.

    Raises:
        UnknownName: the paper has no such table.
    """
    known = load(path).tables
    if number not in known:
        raise UnknownName(
            f"{path.stem} has no table {number!r}{near(number, known)}; its tables:"
            f" {', '.join(f'{path.stem}/{n}' for n in known)}"
        )
    return known[number]


def _explain(path: Path, error: ValidationError) -> str:
    lines = [f"{path}:"]
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            known = {key for model in (Paper, PublishedTable, Row) for key in model.model_fields}
            lines.append(f"  unknown key {where!r}{near(str(problem['loc'][-1]), known)}")
        elif problem["type"] == "missing":
            lines.append(f"  missing key {where!r}")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"  {where}: {message[:1].lower()}{message[1:]}")
    return "\n".join(lines)
