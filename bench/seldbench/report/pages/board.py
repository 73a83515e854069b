"""The leaderboard as pages show it: a board for each task, scorer and kind of question; on it the
systems of each data set, best first, measured ones and those of papers' tables.

Systems of a simulated set never stand among published ones, and those of papers whose data were
never released stand apart. Scores are fractions, degrees, metres or dB.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from seldbench.evaluation.names import lower_is_better
from seldbench.report.clips.sounds import BUILTIN
from seldbench.report.results.blocks import Data
from seldbench.report.results.costs import Costs, costs_of
from seldbench.report.results.result import Group, Result, groups, mean_and_spread
from seldbench.report.tables.said import Said
from seldbench.report.tables.sheet import Amount, Source
from seldbench.report.words import ASKED, TASKS, shown

MEASURED, PUBLISHED = "measured", "published"
DIGITS = 10  # of a fingerprint that are shown
NOT_RELEASED = "data of the paper, never released"


@dataclass(frozen=True)
class Cell:
    """A score of a system. below: its interval, or its spread over seeds; "" for neither."""

    value: float
    text: str
    below: str = ""


@dataclass(frozen=True, eq=False)
class Entry:
    """A system on a board: runs that differ in their seed alone, or rows of papers.

    cells: {score of the board: cell}. group: None of what was published, said: None of the rest.
    """

    name: str
    arch: str
    cells: dict[str, Cell]
    group: Group | None = None
    said: Said | None = None

    @property
    def origin(self) -> str:
        return MEASURED if self.said is None else PUBLISHED

    @property
    def marks(self) -> tuple[str, ...]:
        return self.group.first.marks if self.group else (PUBLISHED,)

    @property
    def words(self) -> str:
        """What a reader may look for besides the names on the page."""
        if self.group is None:
            return " ".join((self.arch, *self.said.tables)) if self.said else self.arch
        return " ".join((self.group.first.label, *(r.run for r in self.group.results)))

    @property
    def partial(self) -> bool:
        return self.group is not None and self.group.first.data.partial

    @property
    def costs(self) -> Costs:
        return costs_of(self.group.results if self.group else ())


@dataclass(frozen=True, eq=False)
class OfSet:
    """The systems of one version of a data set. home: the data set's page, None where nothing was
    measured. version: in words, "" where there is one alone. elsewhere: of what a simulated set
    does not tell the level."""

    dataset: str
    simulated: bool
    home: str | None
    elsewhere: str
    entries: tuple[Entry, ...]
    version: str = ""

    @property
    def measured(self) -> list[Group]:
        return [entry.group for entry in self.entries if entry.group]


@dataclass(frozen=True, eq=False)
class Board:
    """scores: the columns, as results have them (`Result.value`). ranking: by which systems stand
    in order."""

    task: str
    scorer: str
    asked: str
    scores: tuple[str, ...]
    ranking: str
    sets: tuple[OfSet, ...]

    @property
    def name(self) -> str:
        """Unique on a page; for addresses, and safe as the name of a file."""
        rest = [self.scorer] if self.scorer not in ("", self.task) else []
        rest += [self.asked] if self.asked else []
        single = ["one_label"] if self.task == "tagging" and "accuracy" in self.scores else []
        return re.sub(r"[^A-Za-z0-9_-]", "_", "-".join([self.task, *rest, *single]))

    @property
    def title(self) -> str:
        by = f"scored by {self.scorer}" if self.task == "seld" else ""
        return ASKED.get(self.asked, "") or by

    @property
    def filled(self) -> tuple[str, ...]:
        """The columns in which any system has a value."""
        return tuple(s for s in self.scores if any(s in entry.cells for entry in self.entries))

    @property
    def costs(self) -> tuple[str, ...]:
        """The kinds of cost that any system has."""
        known = [entry.costs.values for entry in self.entries]
        kinds = Costs().values
        return tuple(kind for kind in kinds if any(of[kind] is not None for of in known))

    @property
    def timings(self) -> tuple[str, ...]:
        """By what the real-time factors were taken; of one alone the heading tells."""
        return tuple(dict.fromkeys(filter(None, (e.costs.timing for e in self.entries))))

    @property
    def entries(self) -> list[Entry]:
        return [entry for of in self.sets for entry in of.entries]

    def on(self, dataset: str) -> "Board":
        """The board with the systems of one data set alone."""
        return replace(self, sets=tuple(s for s in self.sets if s.home == dataset))


def boards(results: Iterable[Result], said: Sequence[Said] = ()) -> list[Board]:
    """All boards with a measured system, in the order of `TASKS`.

    Args:
        said: published systems that join in where there is a board of their scores.
    """
    placed = [(place, group) for group in groups(results) for place in _places(group.first)]
    placed.sort(key=lambda of: of[0])
    return [
        _board(place[3], [group for _, group in same], said)
        for place, same in groupby(placed, key=lambda of: of[0])
    ]


def _places(result: Result) -> Iterator[tuple[int, str, int, str, bool]]:
    """What boards stand in order by, and the scorer: one a scorer of the result. Clips with one
    label each have a board of their own."""
    known = [*TASKS]
    task = known.index(result.task) if result.task in known else len(known)
    _, asked = result.rules
    for scorer in (result.scorer or "", *result.further_headlines):
        yield task, result.task, asked, scorer, not result.single


def _board(scorer: str, gathered: Sequence[Group], said: Sequence[Said]) -> Board:
    first = gathered[0].first
    scores = tuple(dict.fromkeys(s for group in gathered for s in _columns(group, scorer)))
    ranking = next((s for s in scores if s.endswith("seld_score")), scores[0] if scores else "")
    theirs = [s for s in said if s.task == first.task and s.fits(scorer, scores, first.asked)]
    # Further scores of papers that runs have too.
    known = {name for group in gathered for name in group.scores} - {*scores}
    further = [n for s in theirs for n in s.values if n in known]
    scores = tuple(dict.fromkeys((*scores, *further)))
    entries = [_measured(group, scores) for group in gathered]
    entries += [_published(of, scores) for of in theirs]
    sets = _sets(entries, ranking, scores)
    return Board(first.task, scorer, first.asked, scores, ranking, sets)


def _columns(group: Group, scorer: str) -> tuple[str, ...]:
    first = group.first
    if scorer in first.further_headlines:
        return first.further_headlines[scorer]
    if first.task == "seld":
        return tuple(f"{scorer}/{name}" for name in first.headlines)
    return first.headlines


def _measured(group: Group, scores: Sequence[str]) -> Entry:
    cells = {s: cell for s in scores if (cell := measured_cell(group, s)) is not None}
    return Entry(group.first.system, group.first.arch, cells, group=group)


def measured_cell(group: Group, score: str) -> Cell | None:
    """A run with its interval, or the mean over seeds with their spread; None for no value."""
    values = group.values(score)
    if not values:
        return None
    mean, spread = mean_and_spread(values)
    if spread is not None:
        return Cell(mean, shown(mean, score), f"± {shown(spread, score)}")
    interval = group.first.interval(score)
    between = f"{shown(interval[1], score)} to {shown(interval[2], score)}" if interval else ""
    return Cell(mean, shown(mean, score), between)


def _published(said: Said, scores: Sequence[str]) -> Entry:
    cells = {}
    for score in scores:
        name = said.name_of(score)
        if name in said.values:
            cells[score] = published_cell(score, said.values[name], said.spread.get(name))
    return Entry(said.name, said.arch, cells, said=said)


def published_cell(score: str, value: float, spread: float | None = None) -> Cell:
    """With all its digits."""
    amount = Amount(score, value, Source(PUBLISHED), spread, given=True)
    return Cell(value, amount.head, amount.tail)


def _sets(entries: Sequence[Entry], ranking: str, scores: Sequence[str]) -> tuple[OfSet, ...]:
    """Data sets with measured systems, then those of papers alone, a real one before its simulated
    twin; of a set the version with most systems leads, and in each the best."""
    gathered: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in sorted(entries, key=lambda e: _rank(e, ranking, scores)):
        gathered.setdefault(_set_of(entry), []).append(entry)
    found = []
    for where in sorted(gathered):
        versions = _versions(gathered[where])
        found += [_of_set(of, v if len(versions) > 1 else "") for v, of in versions.items()]
    return tuple(sorted(found, key=lambda of: of.home is None))


def _set_of(entry: Entry) -> tuple[str, bool, bool, str]:
    if entry.group:
        first = entry.group.first
        return first.real_dataset, False, first.simulated, first.dataset
    said = entry.said
    assert said is not None  # an entry has one of the two
    return said.dataset.removesuffix("-sim"), not said.released, False, said.dataset


def _versions(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Systems scored on one version of the data and its labels, which alone compare: {version:
    systems}, most systems first, whole sets before partial ones. Published systems join the
    first."""
    measured: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.group:
            data = entry.group.first.data
            measured.setdefault(_version(data), []).append(entry)
    if not measured:
        return {"": list(entries)}
    order = sorted(measured, key=lambda v: (measured[v][0].partial, -len(measured[v]), v))
    leading = {id(entry) for entry in measured[order[0]]}
    joined = [entry for entry in entries if entry.group is None or id(entry) in leading]
    return {order[0]: joined, **{version: measured[version] for version in order[1:]}}


def _version(data: Data) -> str:
    """What scenes were made of, where they were, and the fingerprint."""
    made = f"recordings (digest {data.sounds[:DIGITS]}), " if data.sounds else ""
    made = "built-in sources, " if data.sounds == BUILTIN else made
    labels = f" {data.test_labels}" if data.test_labels else ""
    return f"{made}version {data.fingerprint[:DIGITS]}{labels}"


def _of_set(entries: list[Entry], version: str) -> OfSet:
    measured = [entry.group.first for entry in entries if entry.group]
    if not measured:
        said = entries[0].said
        released = said is not None and said.released
        return OfSet(
            said.dataset if said and released else NOT_RELEASED, False, None, "", tuple(entries)
        )
    first = measured[0]
    return OfSet(
        first.dataset, first.simulated, first.dataset, first.levels_elsewhere, tuple(entries),
        version,
    )  # fmt: skip


def _rank(entry: Entry, ranking: str, scores: Sequence[str]) -> tuple[Any, ...]:
    """By the ranking score; systems without it follow by the first score that they have."""
    order: list[Any] = []
    for score in (ranking, *(s for s in scores if s != ranking)):
        cell = entry.cells.get(score)
        better = 0.0 if cell is None else cell.value if lower_is_better(score) else -cell.value
        order += [cell is None, better]
    run = entry.group.first.run if entry.group else ""
    return (*order, entry.name, run)
