"""What tables of measured and published values share: amounts, marks, notes, the order of systems.

Scores are fractions, degrees or metres. A value over seeds is mean ± sample standard deviation.
"""

from collections.abc import Sequence

from seldbench.report.marks import CROSS_VALIDATED, ENSEMBLE, SELECTED_ON_TEST, warnings_of
from seldbench.report.results.result import Group, first_of, mean_and_spread
from seldbench.report.tables.comparable import FACTS
from seldbench.report.tables.sheet import NO_VALUE, Amount, Cell, Source, as_given
from seldbench.tables import Row

INTERVALS = "[low, high]"
MEASURED, PUBLISHED = "measured", "published"
APART = (SELECTED_ON_TEST, CROSS_VALIDATED, ENSEMBLE)  # marks whose rows compare among themselves


Key = tuple[str, ...]  # the ids of a group's runs


def key_of(group: Group) -> Key:
    return tuple(sorted(r.run for r in group.results))


def source_of(group: Group, kind: str = MEASURED) -> Source:
    """What amounts of a group of runs are of."""
    first = group.first
    return Source(
        kind=kind,
        system=first.system,
        arch=first.arch,
        variant=first.variant,
        dataset=first.dataset,
        task=first.task,
        scorer=first.scorer or "",
        seeds=len(group.results),
        runs=tuple(r.run for r in group.results),
        marks=first.marks,
        rivals=_rivals(group),
    )


def _rivals(group: Group) -> str:
    """What rows share among which one is the best; "" for one on parts of the data."""
    first = group.first
    if first.data.partial or first.provenance.limit is not None:
        return ""
    apart = [name for name in APART if any(mark.startswith(name) for mark in first.marks)]
    return repr([*(str(fact(first)) for fact in FACTS.values()), *apart])


def score_cell(score: str, group: Group, kind: str = MEASURED) -> Cell:
    """Of one run with its interval, of several with their spread."""
    return cell(score, group.values(score), source_of(group, kind), interval(group, score))


def cell(
    score: str,
    values: Sequence[float],
    source: Source,
    ends: tuple[str, float, float] | None = None,
    label: str = "",
) -> Cell:
    """Mean ± spread over seeds, or one run's value with its interval.

    Args:
        label: the class that the values are of.
    """
    if not values:
        return ()
    mean, spread = mean_and_spread(list(values))
    if spread is not None or ends is None:
        return (Amount(score, mean, source, spread, label=label),)
    return (Amount(score, mean, source, None, ends[1:], ends[0], label),)


def interval(group: Group, score: str) -> tuple[str, float, float] | None:
    """That of the one run; several seeds have their spread."""
    return group.first.interval(score) if len(group.results) == 1 else None


def class_interval(group: Group, name: str, score: str) -> tuple[str, float, float] | None:
    """That of a class of the one run."""
    if len(group.results) > 1:
        return None
    return first_of(group.first.class_intervals.get(name, {}).get(score, {}))


def published_cell(row: Row, score: str, as_score: str = "", rivals: str = "") -> Cell:
    """What was published of a row.

    Args:
        as_score: the score's name in score files, where the row calls it otherwise.
        rivals: see `Source`.
    """
    return given_cell(
        row, row.published.get(score), as_score or score, row.spread.get(score), rivals=rivals
    )


def given_cell(
    row: Row,
    value: float | None,
    score: str,
    spread: float | None = None,
    *,
    label: str = "",
    rivals: str = "",
) -> Cell:
    """A published value."""
    if value is None:
        return ()
    source = Source(
        kind=PUBLISHED,
        system=row.label,
        arch=row.architecture or "",
        variant=row.variant or "",
        dataset=row.dataset or "",
        rivals=rivals,
    )
    return (Amount(score, value, source, spread, label=label, given=True),)


def number(value: float | None, score: str) -> str:
    """A published value as text."""
    return NO_VALUE if value is None else as_given(value, score)


def order(group: Group) -> tuple[str | bool, ...]:
    """Real data before simulated, then by name."""
    first = group.first
    return (first.real_dataset, first.simulated, first.arch, first.variant, first.run)


def notes(gathered: list[Group]) -> tuple[str, ...]:
    """What the marks, spreads and intervals that occur mean."""
    said = []
    methods = {i[0] for g in gathered for s in g.scores if (i := interval(g, s))}
    if methods:
        said.append(f"{INTERVALS}: the 95 % interval of one run ({', '.join(sorted(methods))})")
    if any(len(group.results) > 1 for group in gathered):
        said.append("±: the sample standard deviation over seeds")
    for text in [g.first.data.simulated or "" for g in gathered if g.first.simulated]:
        said.append(
            "simulated: compares systems under equal conditions and says nothing about levels on"
            f" the real data set{f': {text}' if text else ''}"
        )
    every = tuple(of_group for group in gathered for of_group in group.first.marks)
    said += [f"{name}: {text}" for name, text in warnings_of(every).items()]
    for group in gathered:
        if group.first.data.partial:
            found, expected = group.first.data.coverage.get(group.first.split, (0, 0))
            missing = f", {found} of {expected} were found" if found < expected else ""
            said.append(f"partial: {group.first.system} was not scored on all test clips{missing}")
        if group.superseded:
            said.append(f"not counted, run again since: {', '.join(group.superseded)}")
    return tuple(dict.fromkeys(said))
