"""Systems as papers published them: rows of `tables`, for the leaderboard."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from seldbench import registry, tables
from seldbench.recipe.model import SCORES
from seldbench.report.results.result import (
    DISTANCE_HEADLINES,
    SED_SCORES,
    SELD_HEADLINES,
    SINGLE_HEADLINES,
    TAGGING_HEADLINES,
)
from seldbench.report.tables.paper import scored_by
from seldbench.tables import PublishedTable, Row

# Whose scores those of a table without a named scorer are.
FAMILIES = {
    "sed": SED_SCORES,
    "seld": (*SELD_HEADLINES, *DISTANCE_HEADLINES),
    "tagging": (*SINGLE_HEADLINES, *TAGGING_HEADLINES),
}

ROUNDED = 0.00051  # as far apart may be values of one system that tables round differently


@dataclass(frozen=True)
class Said:
    """A published system. Rows that tables of a paper repeat are one.

    values, spread: by score, of directions under the scorer's name. dataset: the real set, or
    the one that stands in for data that were never released. command: words that run its recipe,
    none of what was not built. tables: {`paper/number`: its source}.
    """

    name: str
    arch: str
    task: str
    scorer: str | None
    dataset: str
    released: bool
    values: Mapping[str, float]
    spread: Mapping[str, float]
    tables: Mapping[str, str]
    protocol: str
    note: str
    command: tuple[str, ...]
    about: str

    def fits(self, scorer: str, scores: Sequence[str], asked: str) -> bool:
        """Whether it stands on the board of that scorer: it has one of its scores, and papers
        with several sources at once ask for the one that leads."""
        if self.task == "separation" and asked != "dominant":
            return False
        if self.task == "seld" and self.scorer != scorer:
            return False
        if self.task == "tagging" and _single(scores) != _single([*self.values]):
            return False
        return any(self.name_of(score) in self.values for score in scores)

    def name_of(self, score: str) -> str:
        """The name here of a board's score."""
        return score.rpartition("/")[2] if self.task != "seld" else score


def _single(scores: Sequence[str]) -> bool:
    return any("accuracy" in score for score in scores)


def published_systems() -> list[Said]:
    """The rows with values of all papers' tables, in their order."""
    found: list[Said] = []
    for paper in registry.names("tables"):
        known, own = tables.load(registry.data_file("tables", paper)), list[Said]()
        for number, table in known.tables.items():
            for said in _systems(f"{paper}/{number}", known.title, table):
                earlier = next((i for i, one in enumerate(own) if _same(one, said)), None)
                if earlier is None:
                    own.append(said)
                else:
                    own[earlier] = _both(own[earlier], said)
        found += own
    return found


def _same(one: Said, other: Said) -> bool:
    """Whether two rows of a paper are one system: what runs it, or its name, is the same, and so
    are the values that both have, as far as both give them."""
    if (one.task, one.scorer, one.dataset) != (other.task, other.scorer, other.dataset):
        return False
    if one.command != other.command or (not one.command and one.name != other.name):
        return False
    both = one.values.keys() & other.values.keys()
    return bool(both) and all(abs(one.values[s] - other.values[s]) <= ROUNDED for s in both)


def task_of(table: PublishedTable) -> str | None:
    """By its scorer, or the names of its scores; None for scores of no one task."""
    if table.scorer:
        return SCORES.get(table.scorer)
    names = set(table.metrics)
    return next((task for task, family in FAMILIES.items() if names & set(family)), None)


def _systems(name: str, paper: str, table: PublishedTable) -> Iterator[Said]:
    task = task_of(table)
    for row in table.rows:
        if task is None or not row.published:
            continue
        dataset = row.dataset or table.dataset[0]
        key = (lambda s: scored_by(table, s)) if task == "seld" else (lambda s: s)
        yield Said(
            name=row.label,
            arch=row.architecture or "",
            task=task,
            scorer=table.scorer,
            dataset=dataset,
            released=not dataset.endswith("-sim"),
            values={key(s): value for s, value in row.published.items()},
            spread={key(s): value for s, value in row.spread.items()},
            tables={name: table.source},
            protocol=table.protocol,
            note=row.note,
            command=_command(row),
            about=paper,
        )


def _command(row: Row) -> tuple[str, ...]:
    if not row.built or row.architecture is None:
        return ()
    words = ("seldbench", "run", "--arch", row.architecture, "--dataset", row.dataset or "")
    return (*words, "--variant", ",".join(v for v in row.variants if v != row.reduced))


def _both(one: Said, other: Said) -> Said:
    return replace(
        one,
        values={**other.values, **one.values},
        spread={**other.spread, **one.spread},
        tables={**one.tables, **other.tables},
    )
