"""What tables of measured and published values share: cells, marks, notes, the order of systems.

Scores are fractions, degrees or metres. A value over seeds is mean ± sample standard deviation.
"""

from seldbench.report.marks import warnings_of
from seldbench.report.results import Group, mean_and_spread
from seldbench.report.texttable import NO_VALUE
from seldbench.report.words import shown
from seldbench.tables import Row


def score_cell(score: str, group: Group) -> str:
    """Of one run with its interval, of several with their spread."""
    return cell(score, group.values(score), interval(group, score))


def cell(score: str, values: list[float], ends: tuple[str, float, float] | None = None) -> str:
    """Mean ± spread over seeds, or one run's value with its interval."""
    if not values:
        return NO_VALUE
    mean, spread = mean_and_spread(values)
    if spread is not None:
        return f"{shown(mean, score)} ± {shown(spread, score)}"
    between = f" [{shown(ends[1], score)}, {shown(ends[2], score)}]" if ends else ""
    return shown(mean, score) + between


def interval(group: Group, score: str) -> tuple[str, float, float] | None:
    """That of the one run; several seeds have their spread."""
    return group.first.interval(score) if len(group.results) == 1 else None


def published_cell(row: Row, score: str) -> str:
    spread = row.spread.get(score)
    value = number(row.published.get(score), score)
    return value + (f" ± {number(spread, score)}" if spread is not None else "")


def number(value: float | None, score: str) -> str:
    """As published: at least as many decimals as measured values have, more where they were
    given."""
    if value is None:
        return NO_VALUE
    plain = shown(value, score)
    symbol = plain.lstrip("-0123456789.")
    return max(plain, f"{value!r}{symbol}", key=len)


def mark(group: Group) -> str:
    """The group's marks in brackets, empty for none."""
    return f" ({'; '.join(group.first.marks)})" if group.first.marks else ""


def order(group: Group) -> tuple[str | bool, ...]:
    """Real data before simulated, then by name."""
    first = group.first
    return (first.real_dataset, first.simulated, first.arch, first.variant, first.run)


def notes(gathered: list[Group]) -> tuple[str, ...]:
    """What the marks, spreads and intervals that occur mean."""
    said = []
    methods = {i[0] for g in gathered for s in g.scores if (i := interval(g, s))}
    if methods:
        said.append(f"[low, high]: the interval of one run ({', '.join(sorted(methods))})")
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
