"""Results: what a finished run's score file says (`score_files`), and means over seeds. Scores are
fractions, degrees or metres (`words.unit`); times are seconds.

Where several scorers scored a run, the first leads: its scores have their plain names, those of the
others stand under the scorer's, such as "dcase2024/f20".
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat

from seldbench.report.marks import changes, marks_of, warnings_of
from seldbench.report.results.blocks import (
    Attribution,
    Condition,
    Confusion,
    Cost,
    Data,
    Fold,
    Member,
    Post,
    Provenance,
)

# The scores that lead a table of each task, in order; those of SELD are its scorer's.
METHODS = ("bootstrap", "jackknife")  # of intervals, the one that stands beside a value first
HEADLINES = {"sed": ("psds1", "psds2", "event_f1_macro")}
SELD_HEADLINES = ("er20", "f20", "le_cd", "lr_cd", "seld_score")
# Of clips with one label each; over folds the mean over folds leads, without them it has no value.
SINGLE_HEADLINES = ("accuracy_fold_mean", "accuracy", "accuracy_top5", "map")
TAGGING_HEADLINES = ("map", "mauc", "d_prime", "f1_macro")
DISTANCE_HEADLINES = ("f20", "doae_cd", "rde_cd", "seld_score")  # where distances are scored
# Of sources: whether their directions are right where each is asked for, or which were found.
ASKED = ("", "dominant", "query", "all")  # about sources
SEPARATION_HEADLINES = ("accuracy", "direction_accuracy", "direction_f1", "si_sdri")
SED_SCORES = (
    "psds1",
    "psds1_thresholds",
    "psds2",
    "psds2_thresholds",
    "event_f1_macro",
    "event_f1_micro",
)


class Result(BaseModel):
    """One run's scores, with where they come from."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    run: str
    task: str
    arch: str
    dataset: str
    variant: str
    seed: int | None  # None of an ensemble
    label: str = ""
    scorers: list[str] = []
    protocol: str = ""
    imported: Any = None  # where weights came from that no training here made
    # {part of the network: "random", or {weights, file, sha256}, {file, sha256} or {stage}}
    init: dict[str, Any] = {}
    members: list[Member] = []  # of an ensemble
    split: str
    scores: dict[str, FiniteFloat | None]
    classes: dict[str, dict[str, FiniteFloat | None]] = {}
    intervals: dict[str, dict[str, tuple[FiniteFloat, FiniteFloat]]] = {}
    class_intervals: dict[str, dict[str, dict[str, tuple[FiniteFloat, FiniteFloat]]]] = {}
    scored_classes: list[str] = []
    unscored_classes: list[str] = []
    notes: list[str] = []
    confusion: Confusion | None = None  # of clips with one label each, or of sources
    folds: dict[str, Fold] = {}
    asked: str = ""  # about sources: "dominant", "query" or "all"
    accuracy_by_sources: dict[str, Condition] = {}
    accuracy_by_angle: dict[str, Condition] = {}
    attribution: Attribution | None = None
    misses: int | None = None  # sources that were not found
    false_directions: int | None = None
    false_directions_by_angle: dict[str, int] = {}
    metrics_version: int = 1  # score files were written before they said so, all by version 1
    data: Data
    post: Post | None = None
    parameters: int | None = None
    cost: Cost | None = None
    training_seconds: FiniteFloat | None = None
    stages: dict[str, Any] = {}
    # {stage: its key, the SHA-256 of its weights, source digest, device, parents}; {} of older runs
    trainings: dict[str, dict[str, Any]] = {}
    environment: dict[str, Any] = {}
    seldbench: str
    provenance: Provenance

    @property
    def simulated(self) -> bool:
        return self.data.simulated is not None or self.dataset.endswith("-sim")

    @property
    def real_dataset(self) -> str:
        """The data set, or the real twin of a simulated one."""
        return self.dataset.removesuffix("-sim")

    @property
    def levels_elsewhere(self) -> str:
        """Of what a simulated result does not tell the level. Mixtures have no real twin."""
        return "real recordings" if self.task == "separation" else self.real_dataset

    @property
    def system(self) -> str:
        """Architecture and variant; of an ensemble those of its members."""
        if not self.members:
            return f"{self.arch} {self.variant}"
        numbers = Counter(f"{m.arch} {m.variant}" for m in self.members)
        return "ensemble of " + " + ".join(f"{n} × {name}" for name, n in numbers.items())

    @property
    def changes(self) -> tuple[str, ...]:
        """What the command line changed of the recipe."""
        return changes(self)

    @property
    def marks(self) -> tuple[str, ...]:
        """What must stand beside the result wherever it is shown; empty for a whole real one."""
        return marks_of(self)

    @property
    def warnings(self) -> dict[str, str]:
        """{mark: what it says}."""
        return warnings_of(self.marks)

    @property
    def scorer(self) -> str | None:
        """The scorer whose scores have their plain names; None where the file does not say. A task
        other than that of directions has one scorer, which is named like it."""
        alone = None if self.task == "seld" else self.task
        named = self.scorers or self.provenance.recipe.get("scorers") or [alone]
        return named[0]

    @property
    def rules(self) -> tuple[str, int]:
        """The scorer, and the place of what was asked for: only results of one such stand in one
        table, and tables in this order."""
        return self.scorer or "", ASKED.index(self.asked) if self.asked in ASKED else len(ASKED)

    @property
    def headlines(self) -> tuple[str, ...]:
        """The scores that lead a table."""
        if self.task == "seld":
            return self._headlines_of("")
        known = {"tagging": self._tagging_headlines, "separation": SEPARATION_HEADLINES}
        if self.task in known:
            return tuple(n for n in known[self.task] if self.scores.get(n) is not None)
        return HEADLINES.get(self.task, tuple(self.scores)[:3])

    @property
    def further_headlines(self) -> dict[str, tuple[str, ...]]:
        """The same of every scorer but the first, by scorer."""
        return {name: self._headlines_of(f"{name}/") for name in self.scorers[1:]}

    @property
    def ranking(self) -> str | None:
        """The one score by which runs stand in order."""
        return "seld_score" if self.task == "seld" else next(iter(self.headlines), None)

    def name_of(self, score: str) -> str:
        """The name of a score in this file: one under a scorer ("dcase2024/f20") is the plain one
        where that scorer leads."""
        scorer, _, plain = score.rpartition("/")
        return plain if scorer and scorer == self.scorer else score

    def value(self, score: str) -> float | None:
        return self.scores.get(self.name_of(score))

    @property
    def single(self) -> bool:
        """Whether the clips have one label each by the rules of their set, so that an answer is
        one class. Only elsewhere is it a score whether all labels of a clip are right."""
        scores = self.scores
        return scores.get("accuracy") is not None and scores.get("subset_accuracy") is None

    @property
    def _tagging_headlines(self) -> tuple[str, ...]:
        return SINGLE_HEADLINES if self.single else TAGGING_HEADLINES

    def _headlines_of(self, prefix: str) -> tuple[str, ...]:
        mine = [n for n in self.scores if n.startswith(prefix) and ("/" in n) == bool(prefix)]
        for known in (DISTANCE_HEADLINES, SELD_HEADLINES):
            given = tuple(prefix + name for name in known)
            if set(given) <= set(mine):
                return given
        return tuple(mine)

    def interval(self, score: str) -> tuple[str, float, float] | None:
        """The method, low and high end of a score's interval (`first_of`)."""
        return first_of(self.intervals.get(self.name_of(score), {}))


def first_of(intervals: Mapping[str, tuple[float, float]]) -> tuple[str, float, float] | None:
    """The method, low and high end of the interval that stands beside a value: the bootstrap's,
    which never leaves the range of the score, where a file has it."""
    for method in sorted(intervals, key=in_order):
        return method, *intervals[method]
    return None


def in_order(method: str) -> tuple[int, str]:
    """By which methods of intervals are sorted."""
    return METHODS.index(method) if method in METHODS else len(METHODS), method


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ in their seed alone, in the order of seeds."""

    results: tuple[Result, ...]
    superseded: tuple[str, ...] = ()  # earlier runs of a seed that is counted already

    @property
    def first(self) -> Result:
        return self.results[0]

    @property
    def scores(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for r in self.results for name in r.scores))

    def values(self, score: str) -> list[float]:
        """A value a seed; empty where any seed has none."""
        values = [r.value(score) for r in self.results]
        return [v for v in values if v is not None] if None not in values else []

    def class_values(self, score: str, classes: Iterable[str]) -> list[float]:
        """Each seed's mean over the classes; empty where any of them has no value."""
        means = []
        for result in self.results:
            values = [result.classes.get(name, {}).get(result.name_of(score)) for name in classes]
            if not values or any(v is None for v in values):
                return []
            means.append(fmean(v for v in values if v is not None))
        return means


def mean_and_spread(values: list[float]) -> tuple[float, float | None]:
    """The mean and the sample standard deviation (n - 1), None for one value."""
    return fmean(values), stdev(values) if len(values) > 1 else None


def groups(results: Iterable[Result]) -> list[Group]:
    """Results by what they share besides their seed; of a seed that ran twice the latest counts."""
    gathered: dict[tuple[str, ...], dict[int | None, list[Result]]] = {}
    for result in results:
        gathered.setdefault(_system(result), {}).setdefault(result.seed, []).append(result)
    found = []
    for seeds in gathered.values():
        runs = [
            sorted(seeds[seed], key=lambda r: (r.provenance.created, r.run))
            for seed in sorted(seeds, key=lambda seed: seed or 0)
        ]
        earlier = tuple(r.run for of_seed in runs for r in of_seed[:-1])
        found.append(Group(tuple(of_seed[-1] for of_seed in runs), earlier))
    return found


def _system(result: Result) -> tuple[str, ...]:
    """Everything but the seed that decides a result."""
    p = result.provenance
    recipe = {key: value for key, value in p.recipe.items() if key != "seed"}
    names = (result.task, result.arch, result.variant, result.dataset, result.split)
    data = (result.data.fingerprint, result.data.test_labels, result.data.partial)
    begun = {part: _without_file(origin) for part, origin in result.init.items()}
    members = sorted((m.arch, m.variant, m.run) for m in result.members)
    how = (result.scorers, result.protocol, result.imported, begun, members)
    rest = (p.limit, p.fold, recipe, result.changes, *data, result.metrics_version, *how)
    return (*names, json.dumps(rest, sort_keys=True, default=str))


def _without_file(origin: Any) -> Any:
    """Where a part began, whatever the file was called: its digest tells."""
    if isinstance(origin, dict):
        return {key: value for key, value in origin.items() if key != "file"}
    return origin
