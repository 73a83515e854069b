"""A paper's tables: `tables/<paper>.toml` of a plug-in. A row's published values are held against
the runs of its recipe and variant.

Values are fractions for every score that is one (PSDS, F1, F20, LR), as in score files; angles are
degrees, distances metres. Values by class may
name a group of classes too (`groups`); a group's measured value is the mean over its classes.
"""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from seldbench.errors import BadRecipe, UnknownName, near

FRACTIONS = ("psds", "event_f1", "f20", "lr_cd")  # scores whose names begin like this lie in [0, 1]


class _Table(BaseModel):
    """A TOML table: unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Table):
    """One system of a table.

    recipe: `architecture/dataset`, with its variant; both absent where `built` is false.
    published: {score: value}; spread: {score: its published standard deviation}.
    classes: {class or group: value of the table's class_score}.
    """

    label: str
    recipe: str | None = None
    variant: str | None = None
    built: bool = True
    published: dict[str, float] = {}
    spread: dict[str, float] = {}
    classes: dict[str, float] = {}
    note: str = ""

    @property
    def architecture(self) -> str | None:
        return self.recipe.split("/")[0] if self.recipe else None

    @model_validator(mode="after")
    def _system_is_named(self) -> "Row":
        if self.built and (self.recipe is None or self.variant is None):
            raise ValueError("a row needs `recipe` and `variant`, or `built = false`")
        if self.recipe is not None and self.recipe.count("/") != 1:
            raise ValueError(f"recipe {self.recipe!r} is not architecture/dataset")
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
    groups: {name: the classes in it}.
    """

    title: str
    metrics: list[str] = Field(min_length=1)
    protocol: str
    dataset: str
    source: str
    scorer: str | None = None
    class_score: str | None = None
    groups: dict[str, list[str]] = {}
    rows: list[Row] = Field(min_length=1)

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
            if row.recipe is not None and row.recipe.split("/")[1] != self.dataset:
                raise ValueError(f"row {row.label!r}: {row.recipe} is not on {self.dataset}")
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
