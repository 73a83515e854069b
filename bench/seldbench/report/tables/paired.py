"""Runs compared pair by pair on the clips that they were tested on, from their prediction files.

Runs that differ in their seed alone are one system. The statistics are `metrics.comparison`'s.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from seldbench.annotations import (
    read_answers,
    read_durations,
    read_events,
    read_frame_scores,
    read_sources,
    read_tag_predictions,
    read_tags,
)
from seldbench.errors import BadRun, UnknownName, near
from seldbench.evaluation import sed_measures, source_measures, tagging_measures
from seldbench.evaluation.comparison.found import Comparison, Pair
from seldbench.evaluation.comparison.systems import compare_systems
from seldbench.evaluation.measure import Measure
from seldbench.metrics.seld import SCORERS
from seldbench.metrics.uncertainty import Drawn
from seldbench.report.clips.shown_directions import measures_of, read_directed
from seldbench.report.clips.shown_mixtures import oracles_of_run, signals_of_run
from seldbench.report.results.result import Group, Result
from seldbench.report.tables.captions import about, data_of, label
from seldbench.report.tables.comparable import Obstacle, obstacles, refuse, shared_clips
from seldbench.report.tables.sheet import NO_VALUE, Amount, Block, Column, Entry, Sheet, Source

VALUE_A, VALUE_B, DIFFERENCE = "value of A", "value of B", "A - B"
MCNEMAR = "McNemar p (A alone : B alone)"  # where a score is a share of right answers
SAME = 1e-6  # how far a score made anew from files may be from the one on record


@dataclass(frozen=True)
class Pairing:
    """How runs are paired.

    anyway: compare what does not compare fairly, and mark it. baseline: a run's id or folder, or a
    system's name that all others are held against; None for all pairs. scores: None for the task's
    headlines. replicates, seed: of the draws of clips.
    """

    anyway: bool = False
    baseline: str | None = None
    scores: tuple[str, ...] | None = None
    replicates: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Paired:
    """What named runs gave.

    runs: {system: its runs}. data: what they were tested on. found: None where they share no clips
    or scores, which `notes` say. marks: what keeps the comparison from being fair, in short; they
    stand beside every verdict. about, label: see `Sheet`.
    """

    runs: dict[str, list[str]]
    data: str
    found: Comparison | None
    marks: tuple[str, ...]
    notes: tuple[str, ...]
    about: str = ""
    label: str = ""

    def noting(self, *notes: str) -> "Paired":
        return replace(self, notes=(*self.notes, *notes))

    def table(self) -> Sheet:
        """A row a score and pair."""
        pairs = self.found.pairs if self.found else ()
        exact = any(pair.mcnemar for pair in pairs)
        return Sheet(
            f"Paired comparison on {self.data}{self._mark()}",
            "score",
            tuple(Column(name) for name in (VALUE_A, VALUE_B, DIFFERENCE)),
            (Block("", tuple(map(self._entry, pairs))),),
            (*self.notes, *(self.found.notes if self.found else ())),
            ("A", "B"),
            ("p", *((MCNEMAR,) if exact else ()), "verdict"),
            about=self.about + self._mark(),
            label=self.label,
        )

    def _entry(self, pair: Pair) -> Entry:
        assert self.found is not None
        values = self.found.values[pair.score]
        names = {VALUE_A: pair.first, VALUE_B: pair.second}
        cells = {
            column: (Amount(pair.score, values[name], self._source(name)),)
            for column, name in names.items()
        }
        apart = Amount(
            pair.score,
            pair.difference,
            self._source(pair.first),
            interval=pair.interval,
            method="paired bootstrap" if pair.interval else "",
            versus=pair.second,
            p=pair.p_holm,
        )
        words = {
            "A": pair.first,
            "B": pair.second,
            "p": NO_VALUE if pair.p_holm is None else f"{pair.p_holm:.3g}",
            MCNEMAR: _mcnemar(pair),
            "verdict": pair.verdict + self._mark(),
        }
        return Entry(pair.score, {**cells, DIFFERENCE: (apart,)}, words)

    def _source(self, name: str) -> Source:
        runs = tuple(self.runs[name])
        return Source("measured", system=name, seeds=len(runs), runs=runs, marks=self.marks)

    def as_json(self) -> dict[str, Any]:
        found = self.found.as_json() if self.found else {"pairs": [], "notes": []}
        notes = [*self.notes, *found["notes"]]
        about = {"runs": self.runs, "data": self.data}
        return {**about, **found, "notes": notes, "marks": list(self.marks)}

    def _mark(self) -> str:
        return f" ({'; '.join(self.marks)})" if self.marks else ""


def paired(gathered: Sequence[Group], folders: Mapping[str, Path], pairing: Pairing) -> Paired:
    """Compares systems, each the seeds of one group, from the run folders (by run id).

    Raises:
        BadRun: the runs do not compare and `anyway` was not said, or a task without measures.
        BadFile: a broken file in a run folder. UnknownName: no such baseline or score.
    """
    found = obstacles(gathered, folders)
    if not pairing.anyway:
        refuse(found)
    systems = dict(zip(names_of(gathered), gathered))
    baseline = _baseline(pairing.baseline, systems)
    clips = shared_clips(folders.values()) if found else None
    made = _without_pairs(systems, found)
    scores = _headlines(gathered)
    if pairing.scores:
        scores, more = _measurable(pairing.scores, gathered, folders)
        made = made.noting(*more)
    if not scores or clips == set():
        return made.noting(f"not paired: the runs share no {'clips' if scores else 'scores'}")
    compared = compare_systems(
        {name: _measures(group, folders) for name, group in systems.items()},
        baseline=baseline,
        scores=scores,
        clips=clips,
        replicates=pairing.replicates,
        seed=pairing.seed,
    )
    made = replace(made, found=compared)
    if clips is not None:
        return made.noting(f"on the {max(compared.clips.values())} clips that all of the runs have")
    return made.noting(*_off_record(compared, systems))


def _without_pairs(systems: Mapping[str, Group], found: Sequence[Obstacle]) -> Paired:
    runs = {name: [r.run for r in group.results] for name, group in systems.items()}
    gathered = [*systems.values()]
    data = ", ".join(dict.fromkeys(map(data_of, gathered)))
    numbered = [f"{name}: {', '.join(of)}" for name, of in runs.items() if "#" in name]
    notes = (*(f"compared anyway: {o.text}" for o in found), *numbered)
    marks = tuple(dict.fromkeys(o.mark for o in found))
    said = about(gathered, "paired comparison")
    return Paired(runs, data, None, marks, notes, said, label(gathered, "paired"))


def names_of(gathered: Sequence[Group]) -> list[str]:
    """A short name a group: architecture and variant, numbered where several have the same."""
    plain = [g.first.system for g in gathered]
    return [
        name if plain.count(name) == 1 else f"{name} #{plain[: i + 1].count(name)}"
        for i, name in enumerate(plain)
    ]


def _baseline(asked: str | None, systems: Mapping[str, Group]) -> str | None:
    if asked is None or asked in systems:
        return asked
    for name, group in systems.items():
        if Path(asked).name in (result.run for result in group.results):
            return name
    runs = [result.run for group in systems.values() for result in group.results]
    raise UnknownName(
        f"no system or run {asked!r} to be the baseline{near(asked, [*systems, *runs])};"
        f" there are {', '.join(systems)}"
    )


def _headlines(gathered: Sequence[Group]) -> tuple[str, ...]:
    """The scores that lead tables and that every system has."""
    shared = set.intersection(*({s for s in g.scores if g.values(s)} for g in gathered))
    return tuple(score for score in gathered[0].first.headlines if score in shared)


def _measurable(
    asked: Sequence[str], gathered: Sequence[Group], folders: Mapping[str, Path]
) -> tuple[tuple[str, ...], list[str]]:
    """The scores that a run's prediction files give, and what is to be said of the others.

    Raises:
        UnknownName: a score that is on record of no system.
    """
    known = {score for group in gathered for score in group.scores}
    given = set()
    for measure in next(_measures(gathered[0], folders)):
        given |= set(measure.of(Drawn(np.ones((1, len(measure.clips))))).scores)
    for score in asked:
        if score not in known | given:
            raise UnknownName(f"no system has the score {score!r}{near(score, known | given)}")
    notes = [
        f"not paired: {score}, which is not made anew from prediction files; see the table above"
        for score in asked
        if score not in given
    ]
    return tuple(score for score in asked if score in given), notes


def _measures(group: Group, folders: Mapping[str, Path]) -> Iterator[list[Measure]]:
    """Of one seed after the other, from its files."""
    for result in group.results:
        if result.task not in MEASURES:
            raise BadRun(f"{result.run}: runs of the task {result.task!r} cannot be paired yet")
        yield MEASURES[result.task](folders[result.run], result)


def _sed(run: Path, result: Result) -> list[Measure]:
    """As a run is scored: events as its own thresholds decided them, the rest from frame scores."""
    reference = read_events(run / "reference" / "ground_truth.tsv")
    durations = read_durations(run / "reference" / "durations.tsv")
    decided = read_events(run / "predictions" / "events.tsv")
    measures = sed_measures(reference, durations, decided)
    frames = run / "predictions" / "scores.npz"
    if frames.exists():
        measures = sed_measures(reference, durations, read_frame_scores(frames)) + measures
    return measures


def _seld(run: Path, result: Result) -> list[Measure]:
    """By the run's first scorer."""
    if result.scorer is None or result.scorer not in SCORERS:
        raise BadRun(f"{run}: scored by {result.scorer!r}, no scorer of directions; run again")
    return measures_of(read_directed(run, list(result.classes)), result.scorer)


def _tagging(run: Path, result: Result) -> list[Measure]:
    reference = read_tags(run / "reference" / "tags.tsv")
    return tagging_measures(reference, read_tag_predictions(run / "predictions" / "clips.tsv"))


def _separation(run: Path, result: Result) -> list[Measure]:
    reference = read_sources(run / "reference" / "sources.tsv")
    answers = read_answers(run / "predictions" / "answers.tsv")
    return source_measures(
        reference, answers, signals=signals_of_run(run), oracles=oracles_of_run(run)
    )


MEASURES: dict[str, Callable[[Path, Result], list[Measure]]] = {
    "sed": _sed,
    "seld": _seld,
    "tagging": _tagging,
    "separation": _separation,
}


def _off_record(found: Comparison, systems: Mapping[str, Group]) -> Iterator[str]:
    """Scores that the files do not give as the runs' score files have them."""
    for score, values in found.values.items():
        for name, value in values.items():
            known = systems[name].values(score)
            if known and abs(fmean(known) - value) > SAME:
                yield (
                    f"{score} of {name}: {fmean(known):.4f} on record, {value:.4f} from its files"
                    " now: files or metrics have changed since; the pairs go by the files"
                )


def _mcnemar(pair: Pair) -> str:
    found = ", ".join(f"{of.p:.3g} ({of.first} : {of.second})" for of in pair.mcnemar)
    return found or NO_VALUE
