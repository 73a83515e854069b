"""A repeated run held against its published row: every score, and whether it came out within the
tolerance.

On the same kind of device with the same versions of packages every score must be equal as tables
show it (`ROUNDING`); elsewhere it must lie within its published interval, since sums in another
order make another training.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seldbench.evaluation.names import unit
from seldbench.report.results.result import Result
from seldbench.report.words import DECIMALS, shown

ROUNDING, INTERVAL = "rounding", "interval"
RULES = {
    ROUNDING: "equal as tables show it (half a unit of the last decimal)",
    INTERVAL: "within the published interval",
}
Tolerance = str | float  # "rounding", "interval", or the largest difference


@dataclass(frozen=True)
class Repeat:
    """A score twice. interval: the published one. within: whether it came out; None where there is
    nothing to judge it by."""

    score: str
    published: float | None
    repeated: float | None
    interval: tuple[float, float] | None
    within: bool | None

    @property
    def difference(self) -> float | None:
        if self.published is None or self.repeated is None:
            return None
        return self.repeated - self.published

    def as_json(self) -> dict[str, Any]:
        interval = None if self.interval is None else list(self.interval)
        return {**vars(self), "interval": interval, "difference": self.difference}


@dataclass(frozen=True)
class Verdict:
    """changed: what differs between both machines. asked: whether the tolerance was."""

    published: Result
    repeated: Result
    tolerance: Tolerance
    asked: bool
    changed: tuple[str, ...]
    scores: tuple[Repeat, ...]
    notes: tuple[str, ...] = ()

    @property
    def within(self) -> bool:
        """Whether every score that can be judged came out, and one at least could be."""
        judged = [one.within for one in self.scores if one.within is not None]
        return bool(judged) and all(judged)

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.published.run,
            "run": self.repeated.run,
            "within": self.within,
            "tolerance": self.tolerance,
            "changed": list(self.changed),
            "scores": [one.as_json() for one in self.scores],
            "notes": list(self.notes),
        }

    def lines(self) -> Iterator[str]:
        """For a person: the rule, a line a score, the outcome."""
        yield f"tolerance: {self._rule()}"
        wide = max((len(one.score) for one in self.scores), default=0)
        for one in self.scores:
            yield f"{one.score:{wide}}  {_line(one)}"
        yield from self.notes
        judged = [one for one in self.scores if one.within is not None]
        good = sum(bool(one.within) for one in judged)
        left = len(self.scores) - len(judged)
        more = f"; {left} without a published value or interval not judged" if left else ""
        outcome = "came out" if self.within else "did not come out"
        yield f"{outcome}: {good} of {len(judged)} scores within tolerance{more}"
        if not self.within and self.tolerance == ROUNDING and not self.asked:
            yield (
                "package versions and kind of device are those of the row; where the processor or"
                " its number of threads is another, --tolerance interval says more"
            )

    def _rule(self) -> str:
        if isinstance(self.tolerance, float):
            return f"a difference of {self.tolerance:g} at most, as asked for"
        if self.asked:
            return f"{RULES[self.tolerance]}, as asked for"
        if self.tolerance == ROUNDING:
            return f"{RULES[ROUNDING]}: the same kind of device and the same versions"
        return f"{RULES[INTERVAL]}, since this is not what it was measured with: " + "; ".join(
            self.changed
        )


def judged(published: Result, repeated: Result, tolerance: Tolerance | None = None) -> Verdict:
    """Every score that either has a value of.

    Args:
        tolerance: None for the rule of this module.
    """
    changed = tuple(_changed(published.environment, repeated.environment))
    rule = tolerance if tolerance is not None else INTERVAL if changed else ROUNDING
    scores = tuple(
        _repeat(score, published, repeated, rule)
        for score in dict.fromkeys([*published.scores, *repeated.scores])
        if not (published.scores.get(score) is None and repeated.scores.get(score) is None)
    )
    notes = tuple(_source(published.environment, repeated.environment))
    return Verdict(published, repeated, rule, tolerance is not None, changed, scores, notes)


def _repeat(score: str, published: Result, repeated: Result, rule: Tolerance) -> Repeat:
    was, now = published.scores.get(score), repeated.scores.get(score)
    found = published.interval(score)
    interval = None if found is None else found[1:]
    # What later versions score besides is no part of the row.
    if score not in published.scores:
        within = None
    elif was is None or now is None:
        within = False
    else:
        within = _within(score, was, now, interval, rule)
    return Repeat(score, was, now, interval, within)


def _within(
    score: str, was: float, now: float, interval: tuple[float, float] | None, rule: Tolerance
) -> bool | None:
    half = 0.5 * 10.0 ** -DECIMALS.get(unit(score), 3)
    if abs(now - was) <= half * (1 + 1e-9):
        return rule in (ROUNDING, INTERVAL) or abs(now - was) <= float(rule)
    if isinstance(rule, float):
        return abs(now - was) <= rule
    if rule == ROUNDING:
        return False
    return None if interval is None else interval[0] <= now <= interval[1]


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What a number may hang on besides the recipe, where it is another now."""
    if not then:
        yield "device and versions of the row are not on record"
        return
    for name in ("device", "cores"):
        if then.get(name) != now.get(name):
            yield f"{name} {then.get(name)}, here {now.get(name)}"
    packages, here = then.get("packages") or {}, now.get("packages") or {}
    for name in dict.fromkeys([*packages, *here]):
        if packages.get(name) != here.get(name):
            yield f"{name} {packages.get(name) or 'absent'}, here {here.get(name) or 'absent'}"


def _source(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if then.get("source") and then["source"] != now.get("source"):
        yield (
            "the source of seldbench or a plug-in changed since, though the versions of the run's"
            " components did not"
        )


def _line(one: Repeat) -> str:
    between = ""
    if one.interval is not None:
        between = f" [{', '.join(shown(end, one.score) for end in one.interval)}]"
    verdict = {True: "within", False: "OUTSIDE", None: "not judged"}[one.within]
    apart = f" ({one.difference:+.3g})" if one.difference else ""
    return (
        f"published {shown(one.published, one.score)}{between}, repeated"
        f" {shown(one.repeated, one.score)}{apart}: {verdict}"
    )
