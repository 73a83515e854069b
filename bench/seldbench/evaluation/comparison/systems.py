"""Paired comparison of systems on the same clips, over any measures: see `metrics.comparison`.

All systems are scored on the same draws of clips. The p-values of one score are corrected together
(Holm) over the pairs that are looked at: all of them, or those with a baseline. Different scores
are different questions and are not corrected for each other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from seldbench.errors import BadFile, MissingData, UnknownName, near
from seldbench.evaluation.comparison.found import Comparison, McNemar, Pair, notes_on
from seldbench.evaluation.measure import Measure
from seldbench.evaluation.names import lower_is_better
from seldbench.metrics.comparison import Difference, Pooled, difference, holm
from seldbench.metrics.sources import mcnemar
from seldbench.metrics.uncertainty import LEVEL, Drawn, drawn

Array = np.ndarray


def compare_systems(
    systems: Mapping[str, Iterable[Iterable[Measure]]],
    *,
    baseline: str | None = None,
    scores: Sequence[str] | None = None,
    clips: Collection[str] | None = None,
    replicates: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
) -> Comparison:
    """Compares systems pair by pair in every score that two of them have.

    Args:
        systems: {name: for every seed its measures}. Taken once and in order, so that a generator
            keeps the measures of one seed in memory at a time. Of a score that a seed gives twice
            the later counts.
        baseline: hold every other system against this one; None for all pairs.
        scores: only these; None for all.
        clips: only these count; None for all, and then every system must have the same.
        replicates: draws of the clips. seed: of the draws.

    Raises:
        MissingData: fewer than two systems, a system without seeds, nothing in common.
        UnknownName: no such baseline or score, or a score whose direction is not known.
        BadFile: systems that are scored on different clips.
    """
    _check(systems, baseline, replicates)
    bench = _Bench(replicates, seed, None if scores is None else set(scores), clips)
    pooled = {name: bench.pool(name, seeds) for name, seeds in systems.items()}
    given = _chosen(scores, pooled, bench.seen)
    pairs = [
        replace(pair, mcnemar=bench.mcnemar(pair))
        for score in given
        for pair in _pairs(score, pooled, baseline, len(bench.clips[score]), seed, level)
    ]
    if not pairs:
        raise MissingData(
            "nothing to compare: no score that two of the systems have;"
            " predictions of one kind (events or frame scores) share scores"
        )
    values = {s: {n: of[s].value for n, of in pooled.items() if s in of} for s in given}
    sizes = {score: len(bench.clips[score]) for score in given}
    return Comparison(
        bench.seeds,
        values,
        sizes,
        tuple(pairs),
        baseline,
        replicates,
        seed,
        level,
        [*bench.notes, *notes_on(pairs, bench.seeds, sizes, replicates, level)],
    )


def _check(
    systems: Mapping[str, Iterable[Iterable[Measure]]], baseline: str | None, replicates: int
) -> None:
    if len(systems) < 2:
        raise MissingData("a comparison needs two systems at least; name another")
    if baseline is not None and baseline not in systems:
        raise UnknownName(
            f"no system {baseline!r} to be the baseline{near(baseline, systems)};"
            f" there are {', '.join(systems)}"
        )
    if replicates < 1:
        raise ValueError(f"{replicates} replicates: a comparison needs at least one")


def _chosen(
    scores: Sequence[str] | None,
    pooled: Mapping[str, Mapping[str, Pooled]],
    seen: Iterable[str],
) -> list[str]:
    """The scores asked for, or all that any system has."""
    given = dict.fromkeys(score for of in pooled.values() for score in of)
    absent = [score for score in scores or () if score not in given]
    if absent:
        known = sorted(seen)
        raise UnknownName(
            f"no system has the score {absent[0]!r}{near(absent[0], known)};"
            f" there are {', '.join(known) or 'none'}"
        )
    return list(dict.fromkeys(given if scores is None else scores))


@dataclass(eq=False)
class _Bench:
    """Where systems are measured one after the other, on the same draws of clips.

    clips: {score: those that it is over, sorted}. seen: names of scores. right: {score: {system:
    for every seed {question: whether it was answered rightly}}}, where a score is a share of them.
    """

    replicates: int
    seed: int
    wanted: set[str] | None
    only: Collection[str] | None
    clips: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seen: dict[str, None] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    draws: dict[tuple[str, ...], Array] = field(default_factory=dict)
    right: dict[str, dict[str, list[dict[str, bool]]]] = field(default_factory=dict)

    def pool(self, system: str, seeds: Iterable[Iterable[Measure]]) -> dict[str, Pooled]:
        """{score: of that system}; scores that some of its seeds lack are left out."""
        wholes: dict[str, list[float]] = {}
        sums: dict[str, Array] = {}
        number = 0
        for measures in seeds:
            number += 1
            for score, (value, replicates) in self._measured(system, measures).items():
                wholes.setdefault(score, []).append(value)
                sums[score] = sums.get(score, 0.0) + replicates
        if not number:
            raise MissingData(f"{system}: nothing to compare; name its predictions")
        self.seeds[system] = number
        some = [score for score, values in wholes.items() if len(values) < number]
        self.notes += [f"{score}: not every seed of {system} has it; left out" for score in some]
        return {
            score: Pooled(np.array(values), sums[score] / number)
            for score, values in wholes.items()
            if score not in some
        }

    def _measured(self, system: str, measures: Iterable[Measure]) -> dict[str, tuple[float, Array]]:
        """{score: (of all clips, (replicates,))} of one seed."""
        found: dict[str, tuple[float, Array]] = {}
        for measure in measures:
            clips = self._counted(measure)
            self._keep_answers(system, measure, set(clips))
            whole = measure.of(_sample(measure, clips, np.ones((1, len(clips))))).scores
            known = {name: value for name, (value,) in whole.items() if np.isfinite(value)}
            self.seen |= dict.fromkeys(known)
            names = [n for n in known if self.wanted is None or n in self.wanted]
            if not names:
                continue
            self._refuse_others(system, names, clips)
            for name in names:
                lower_is_better(name)  # refused before the work
            replicates = measure.of(_sample(measure, clips, self._times(clips))).scores
            found |= {name: (float(known[name]), replicates[name]) for name in names}
        return found

    def _keep_answers(self, system: str, measure: Measure, clips: set[str]) -> None:
        for of in measure.answered:
            asked = zip(of.questions, of.clip.tolist(), of.right.tolist())
            answered = {name: right for name, clip, right in asked if measure.clips[clip] in clips}
            self.right.setdefault(of.score, {}).setdefault(system, []).append(answered)

    def mcnemar(self, pair: Pair) -> tuple[McNemar, ...]:
        """Seed by seed, as many as both systems have; on the questions that both were asked."""
        seeds = [self.right.get(pair.score, {}).get(name, []) for name in (pair.first, pair.second)]
        found = []
        for one, other in zip(*seeds):
            both = sorted(set(one) & set(other))
            a, b = (np.array([of[name] for name in both], dtype=bool) for of in (one, other))
            found.append(McNemar(int((a & ~b).sum()), int((b & ~a).sum()), mcnemar(a, b)))
        return tuple(found)

    def _counted(self, measure: Measure) -> tuple[str, ...]:
        """The measure's clips that count, sorted: draws hang on names, not on their order."""
        kept = self.only
        return tuple(sorted(c for c in measure.clips if kept is None or c in kept))

    def _refuse_others(self, system: str, names: Sequence[str], clips: tuple[str, ...]) -> None:
        for name in names:
            known = self.clips.setdefault(name, clips)
            apart = sorted(set(known) ^ set(clips))
            if apart:
                raise BadFile(
                    f"{name}: {system} is scored on {len(clips)} clips, the systems before it on"
                    f" {len(known)}, and {len(apart)} of them (first: {apart[0]!r}) are not in"
                    " both; score all systems on the same clips"
                )

    def _times(self, clips: tuple[str, ...]) -> Array:
        """(replicates, clips) how often each is drawn; the same for the same clips."""
        if clips not in self.draws:
            rng = np.random.default_rng(self.seed)
            self.draws[clips] = drawn(len(clips), self.replicates, rng).times
        return self.draws[clips]


def _sample(measure: Measure, clips: tuple[str, ...], times: Array) -> Drawn:
    """The draws `times` (replicates, clips) in the order of the measure; its other clips count 0
    times."""
    column = {clip: i for i, clip in enumerate(measure.clips)}
    placed = np.zeros((len(times), len(measure.clips)))
    placed[:, [column[clip] for clip in clips]] = times
    return Drawn(placed)


def _pairs(
    score: str,
    pooled: Mapping[str, Mapping[str, Pooled]],
    baseline: str | None,
    clips: int,
    seed: int,
    level: float,
) -> list[Pair]:
    having = [name for name, of in pooled.items() if score in of]
    named = [
        pair if baseline != pair[0] else pair[::-1]
        for pair in combinations(having, 2)
        if baseline is None or baseline in pair
    ]
    found = []
    for a, b in named:
        rng = np.random.default_rng([seed, 1])
        found.append(difference(pooled[a][score], pooled[b][score], clips, rng, level))
    corrected = holm(np.array([d.p for d in found]))
    return [_pair(score, *ab, d, float(p), level) for ab, d, p in zip(named, found, corrected)]


def _pair(
    score: str, first: str, second: str, found: Difference, p_holm: float, level: float
) -> Pair:
    lower = lower_is_better(score)
    if np.isnan(found.p):
        return Pair(score, first, second, found.value, None, None, None, None)
    apart = p_holm < 1 - level and (found.low > 0 or found.high < 0)
    ahead = first if (found.value < 0) == lower else second
    interval = (found.low, found.high)
    better = ahead if apart else None
    return Pair(score, first, second, found.value, interval, found.p, p_holm, better)
