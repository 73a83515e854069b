"""What a paired comparison found: differences with their verdicts, plain JSON and lines of text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seldbench.evaluation.measure import Interval
from seldbench.evaluation.names import symbol

FEW_SEEDS = 5
FEW_CLIPS = 50  # equal systems differ "at 5%" in 6 to 8% of cases over 30 clips


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test of one seed of two systems: how many questions the first alone has
    right, how many the second alone, and the two-sided p, uncorrected."""

    first: int
    second: int
    p: float


@dataclass(frozen=True)
class Pair:
    """Two systems in one score. difference: first minus second, of means over seeds. interval:
    percentiles. p: uncorrected. better: the system that the data show to be better, None where the
    difference is not resolved. None elsewhere: not determined in any replicate. mcnemar: seed by
    seed, where the score is a share of questions that are right or wrong."""

    score: str
    first: str
    second: str
    difference: float
    interval: Interval | None
    p: float | None
    p_holm: float | None
    better: str | None
    mcnemar: tuple[McNemar, ...] = ()

    @property
    def verdict(self) -> str:
        return f"{self.better} better" if self.better else "not resolved"

    def as_json(self) -> dict[str, Any]:
        return {
            "score": self.score,
            "first": self.first,
            "second": self.second,
            "difference": self.difference,
            "interval": None if self.interval is None else list(self.interval),
            "p": self.p,
            "p_holm": self.p_holm,
            "resolved": self.better is not None,
            "better": self.better,
            **({"mcnemar": [vars(of) for of in self.mcnemar]} if self.mcnemar else {}),
        }


@dataclass(frozen=True)
class Comparison:
    """What parts systems. seeds: {system: number}. values: {score: {system: mean over seeds}}.
    clips: {score: how many it is over}. baseline: what all are held against, None for all pairs."""

    seeds: dict[str, int]
    values: dict[str, dict[str, float]]
    clips: dict[str, int]
    pairs: tuple[Pair, ...]
    baseline: str | None
    replicates: int
    seed: int
    level: float
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain lists and tables."""
        return {
            "systems": {n: {"seeds": k, "scores": self._of(n)} for n, k in self.seeds.items()},
            "clips": self.clips,
            "pairs": [pair.as_json() for pair in self.pairs],
            "baseline": self.baseline,
            "method": {
                "interval": "paired bootstrap over clips, percentiles",
                "p": "two-sided, replicates centred on the difference",
                "correction": "Holm, over the pairs of one score",
                "replicates": self.replicates,
                "seed": self.seed,
                "level": self.level,
            },
            "notes": self.notes,
        }

    def lines(self) -> list[str]:
        """For a person: a line a pair and score, then the notes."""
        return [*map(self._line, self.pairs), *self.notes]

    def _line(self, pair: Pair) -> str:
        of, values = symbol(pair.score), self.values[pair.score]
        return (
            f"{pair.score}: {pair.first} {values[pair.first]:.4f}{of},"
            f" {pair.second} {values[pair.second]:.4f}{of},"
            f" difference {pair.difference:+.4f}{of}{_between(pair.interval)}{_chance(pair)}:"
            f" {pair.verdict}{_by_mcnemar(pair)}"
        )

    def _of(self, system: str) -> dict[str, float]:
        return {score: of[system] for score, of in self.values.items() if system in of}


def notes_on(
    pairs: Sequence[Pair],
    seeds: Mapping[str, int],
    clips: Mapping[str, int],
    replicates: int,
    level: float,
) -> list[str]:
    """What a reader of the verdicts should know."""
    share = round(100 * level)
    notes = [
        f"[low, high]: the {share}% interval of the difference, from {replicates} draws of the"
        " clips; p: two-sided, after Holm's correction for the pairs of the score. Not resolved:"
        f" these clips do not tell the two apart, p is not below {1 - level:.2g} or the interval"
        " holds 0; it does not show that they are equal"
    ]
    alone = [name for name, n in seeds.items() if n == 1]
    if alone:
        notes.append(
            f"one seed of {', '.join(alone)}: what is said is of that training; training again can"
            " change it"
        )
    few = [f"{name} {n}" for name, n in seeds.items() if 1 < n < FEW_SEEDS]
    if few:
        notes.append(
            f"few seeds ({', '.join(few)}): their spread is hardly known, which widens the interval"
        )
    most = max(sum(p.score == score for p in pairs) for score in clips)
    if most / (replicates + 1) >= 1 - level:
        notes.append(
            f"{replicates} draws are too few for {most} pairs: after correction p cannot fall below"
            f" {1 - level:.2g}; ask for {int(most / (1 - level)) + 1} or more"
        )
    if any(pair.mcnemar for pair in pairs):
        notes.append(
            "McNemar: the exact test over questions, of one training of each system (with several"
            " the first of one against the first of the other, and so on), and how many questions"
            " either alone has right; p is not corrected, and what training again would change is"
            " not in it"
        )
    least = min(clips.values())
    if most * 2.0 ** (1 - least) >= 1 - level:
        notes.append(f"{least} clips are too few to resolve any difference")
    elif least < FEW_CLIPS:
        notes.append(f"{least} clips are few: intervals are a little too short, p a little too low")
    return notes


def _between(interval: Interval | None) -> str:
    return "" if interval is None else f" [{interval[0]:+.4f}, {interval[1]:+.4f}]"


def _chance(pair: Pair) -> str:
    return "" if pair.p_holm is None else f", p {pair.p_holm:.3g}"


def _by_mcnemar(pair: Pair) -> str:
    found = ", ".join(f"p {of.p:.3g} ({of.first} : {of.second})" for of in pair.mcnemar)
    return f"; McNemar {found}" if found else ""
