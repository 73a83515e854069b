"""Differences of systems to a baseline, for tables: paired on the same clips where both sides' run
folders are there, else of the values on record, which say nothing of chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from seldbench.errors import UnknownName, near
from seldbench.evaluation.comparison.found import Pair
from seldbench.report.results.result import Group
from seldbench.report.tables.cells import Key, key_of, source_of
from seldbench.report.tables.comparable import obstacles_on_record
from seldbench.report.tables.paired import Paired, Pairing, names_of, paired
from seldbench.report.tables.sheet import Amount, Cell, Column

STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
# No matter of fairness: there is nothing to take a difference of.
HARD = ("different task", "different data set")
ABOUT_STARS = (
    "[low, high] of a difference: paired bootstrap over the clips; * p < 0.05, ** p < 0.01, *** p <"
    " 0.001, two-sided, after Holm's correction for all systems that are held against the baseline"
    " in that score. Without a star the difference is not resolved, which does not show that the"
    " two are equal"
)


@dataclass(frozen=True)
class ToBaseline:
    """baseline: its name. group: its runs. pairs: {(runs, score): what was found on the same
    clips}. apart: {runs: what keeps them from being compared with it}. here: runs with folders.
    found: None where nothing could be paired."""

    baseline: str
    group: Group
    pairs: Mapping[tuple[Key, str], Pair]
    apart: Mapping[Key, str]
    here: frozenset[Key]
    found: Paired | None

    def among(self, gathered: Sequence[Group]) -> bool:
        """Whether the baseline is one of these."""
        return key_of(self.group) in map(key_of, gathered)

    def name(self, score: str) -> str:
        """Of the column of a score's differences."""
        return f"{score} - {self.baseline}"

    def column(self, column: Column) -> Column:
        """What stands beside the column of a score."""
        name = self.name(column.name)
        return Column(name, column.score, column.name, "difference", versus=column.name)

    def cell(self, score: str, group: Group) -> Cell:
        """The difference of a group to the baseline; none of itself, or where the two do not
        compare."""
        key = key_of(group)
        if key == key_of(self.group) or key in self.apart:
            return ()
        pair = self.pairs.get((key, score))
        if pair is not None:
            return (self._paired(pair, group),)
        values, others = group.values(score), self.group.values(score)
        if not values or not others:
            return ()
        return (self._amount(score, fmean(values) - fmean(others), group),)

    def notes(self, gathered: Sequence[Group]) -> Iterator[str]:
        """What the columns of differences say of these groups, and of which they say nothing."""
        mine = ", ".join(key_of(self.group))
        yield f"baseline: {self.baseline} ({mine}); differences are to it"
        keys = [key_of(g) for g in gathered]
        resolved = {key for key, _ in self.pairs}
        if resolved.intersection(keys):
            yield ABOUT_STARS
        apart = {*self.apart, *resolved, key_of(self.group)}
        if plain := [g for g in gathered if key_of(g) not in apart]:
            whose = "their" if key_of(self.group) in self.here else "the baseline's"
            yield (
                "difference of the values on record, without interval or star: to be paired,"
                f" {whose} run folders would have to be here: {_systems(plain)}"
            )
        for why in dict.fromkeys(self.apart[key] for key in keys if key in self.apart):
            named = [g for g in gathered if self.apart.get(key_of(g)) == why]
            yield f"no difference to the baseline ({why}): {_systems(named)}"

    def _paired(self, pair: Pair, group: Group) -> Amount:
        stars = next((s for at, s in STARS if pair.p_holm is not None and pair.p_holm < at), "")
        return replace(
            self._amount(pair.score, pair.difference, group),
            interval=pair.interval,
            method="paired bootstrap" if pair.interval else "",
            p=pair.p_holm,
            stars=stars if pair.better else "",
        )

    def _amount(self, score: str, value: float, group: Group) -> Amount:
        return Amount(score, value, source_of(group), versus=self.baseline)


def to_baseline(
    asked: str, gathered: Sequence[Group], folders: Mapping[str, Path], pairing: Pairing
) -> ToBaseline:
    """Every group held against the one that is asked for.

    Args:
        asked: a run's id or folder, or a system's name.
        folders: of the runs that have one, by id; results that are only published have none.

    Raises:
        UnknownName: no such row, or several.
        BadRun, BadFile: a broken run folder, or references that differ.
    """
    group = _asked(asked, gathered)
    others = [g for g in gathered if g is not group]
    reasons = {key_of(g): _why(group, g, pairing.anyway) for g in others}
    apart = {key: why for key, why in reasons.items() if why}
    here = [g for g in (group, *others) if key_of(g) not in apart and _is_here(g, folders)]
    found, pairs = None, {}
    if group in here and len(here) > 1:
        names = names_of(here)
        mine = {r.run: folders[r.run] for g in here for r in g.results}
        found = paired(here, mine, replace(pairing, baseline=names[0]))
        pairs = _by_group(found, dict(zip(names, here)))
    known = frozenset(key_of(g) for g in gathered if _is_here(g, folders))
    return ToBaseline(group.first.system, group, pairs, apart, known, found)


def _systems(gathered: Sequence[Group]) -> str:
    return ", ".join(dict.fromkeys(group.first.system for group in gathered))


def _is_here(group: Group, folders: Mapping[str, Path]) -> bool:
    return all(result.run in folders for result in group.results)


def _asked(asked: str, gathered: Sequence[Group]) -> Group:
    """The row of a name."""
    of_run = {result.run: group for group in gathered for result in group.results}
    if Path(asked).name in of_run:
        return of_run[Path(asked).name]
    numbered = dict(zip(names_of(gathered), gathered))
    if asked in numbered:
        return numbered[asked]
    named = [g for g in gathered if g.first.system == asked]
    if named:
        runs = ", ".join(g.first.run for g in named)
        raise UnknownName(
            f"--baseline {asked}: {len(named)} rows are called so; name a run: {runs}"
        )
    raise UnknownName(
        f"no system or run {asked!r} to be the baseline{near(asked, [*numbered, *of_run])};"
        f" there are {', '.join(numbered)}"
    )


def _why(group: Group, other: Group, anyway: bool) -> str:
    """What keeps two groups from being compared, in short; "" for nothing."""
    found = [o.mark for o in obstacles_on_record([group, other])]
    return "; ".join(dict.fromkeys(m for m in found if m in HARD or not anyway))


def _by_group(found: Paired, named: Mapping[str, Group]) -> dict[tuple[Key, str], Pair]:
    pairs = found.found.pairs if found.found else ()
    return {(key_of(named[pair.first]), pair.score): pair for pair in pairs}
