"""Results: what a finished run's score file says, the marks it must carry wherever it is shown, and
means over seeds. Scores are fractions, degrees or metres (`words.unit`); times are seconds.

A score file is a run's `scores.json` with a block `provenance` (command, key, recipe, limit). Where
several scorers scored a run, the first leads: its scores have their plain names, those of the
others stand under the scorer's, such as "dcase2024/f20".
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from statistics import fmean, stdev
from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from seldbench.errors import BadFile, BadRun
from seldbench.runs import Run, open_run
from seldbench.storage import read_json

FORMAT = 1  # of a score file
# The scores that lead a table of each task, in order; those of SELD are its scorer's.
HEADLINES = {"sed": ("psds1", "psds2", "event_f1_macro")}
SELD_HEADLINES = ("er20", "f20", "le_cd", "lr_cd", "seld_score")
DISTANCE_HEADLINES = ("f20", "doae_cd", "rde_cd", "seld_score")  # where distances are scored
SED_SCORES = (
    "psds1",
    "psds1_thresholds",
    "psds2",
    "psds2_thresholds",
    "event_f1_macro",
    "event_f1_micro",
)
SELECTED_ON_TEST, IMPORTED = "selected on test", "imported weights"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")


class _Block(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Data(_Block):
    """The test data. simulated: what a result on it must say; sounds: what it was made of;
    test_labels: which version of the labels was found, where several circulate."""

    fingerprint: str
    coverage: dict[str, tuple[int, int]] = {}
    simulated: str | None
    partial: bool
    sounds: str | None = None
    test_labels: str | None = None


class Post(_Block):
    """Post-processing: thresholds, median lengths in seconds, and the split they came from."""

    thresholds: dict[str, float] = {}
    medians: dict[str, float] = {}
    origin: str = ""


class Provenance(_Block):
    """What a run was: enough to repeat it."""

    key: str
    command: list[str]
    created: str
    limit: int | float | str | None = None
    fold: int | list[int] | None = None
    recipe: dict[str, Any] = {}


class Result(_Block):
    """One run's scores, with where they come from."""

    run: str
    task: str
    arch: str
    dataset: str
    variant: str
    seed: int
    label: str = ""
    scorers: list[str] = []
    protocol: str = ""
    imported: Any = None  # where weights came from that no training here made
    split: str
    scores: dict[str, FiniteFloat | None]
    classes: dict[str, dict[str, FiniteFloat | None]] = {}
    intervals: dict[str, dict[str, tuple[FiniteFloat, FiniteFloat]]] = {}
    scored_classes: list[str] = []
    unscored_classes: list[str] = []
    notes: list[str] = []
    metrics_version: int = 1  # score files were written before they said so, all by version 1
    data: Data
    post: Post | None = None
    parameters: int | None = None
    training_seconds: FiniteFloat | None = None
    stages: dict[str, Any] = {}
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
    def changes(self) -> tuple[str, ...]:
        """What the command line changed of the recipe, `key=value`; `init`: whose weights the
        training began with."""
        words = self.provenance.command
        found = []
        for word, after in zip(words, [*words[1:], ""]):
            option, equals, value = word.partition("=")
            given = value if equals else after
            if option == "--set":
                found.append(given)
            elif option == "--init":
                found.append(f"init={Path(given).name}")
        return tuple(found)

    @property
    def marks(self) -> tuple[str, ...]:
        """What must stand beside the result wherever it is shown; empty for a whole real one."""
        marks = ["simulated"] if self.simulated else []
        if self.data.sounds not in (None, "builtin"):
            marks.append(f"sounds {self.data.sounds}")
        marks += ["partial"] if self.data.partial else []
        marks += [] if self.provenance.limit is None else [f"limit {self.provenance.limit}"]
        marks += [SELECTED_ON_TEST] if self._said("protocol") == "select_on_test" else []
        marks += [IMPORTED] if self._said("imported") else []
        return (*marks, *(f"set {change}" for change in self.changes))

    @property
    def scorer(self) -> str | None:
        """The scorer whose scores have their plain names; None where the file does not say."""
        named = self.scorers or self.provenance.recipe.get("scorers") or [None]
        return named[0]

    @property
    def headlines(self) -> tuple[str, ...]:
        """The scores that lead a table."""
        if self.task == "seld":
            return self._headlines_of("")
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

    def _headlines_of(self, prefix: str) -> tuple[str, ...]:
        mine = [n for n in self.scores if n.startswith(prefix) and ("/" in n) == bool(prefix)]
        for known in (DISTANCE_HEADLINES, SELD_HEADLINES):
            given = tuple(prefix + name for name in known)
            if set(given) <= set(mine):
                return given
        return tuple(mine)

    def _said(self, key: str) -> Any:
        """What the run says of itself, or its recipe."""
        return getattr(self, key) or self.provenance.recipe.get(key)

    def interval(self, score: str) -> tuple[str, float, float] | None:
        """The method, low and high end of a score's interval, by the first method of the file."""
        for method, (low, high) in self.intervals.get(self.name_of(score), {}).items():
            return method, low, high
        return None


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
    gathered: dict[tuple[str, ...], dict[int, list[Result]]] = {}
    for result in results:
        gathered.setdefault(_system(result), {}).setdefault(result.seed, []).append(result)
    found = []
    for seeds in gathered.values():
        runs = [
            sorted(seeds[s], key=lambda r: (r.provenance.created, r.run)) for s in sorted(seeds)
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
    how = (result.scorers, result.protocol, result.imported)
    rest = (p.limit, p.fold, recipe, result.changes, *data, result.metrics_version, *how)
    return (*names, json.dumps(rest, sort_keys=True, default=str))


def safe_id(name: str, path: Path) -> str:
    """A run's id or a data set's name, checked to be a plain file name.

    Raises:
        BadRun: it holds anything but letters, digits and . _ + -, or begins with a dot.
    """
    if not isinstance(name, str) or not _SAFE.fullmatch(name):
        raise BadRun(
            f"{path}: {name!r} is no safe file name (letters, digits and . _ + - only); a run's"
            " folder and files must be as `seldbench run` wrote them"
        )
    return name


def published(reports: Path) -> list[Result]:
    """The results of `reports/scores/`, by run id; empty where nothing is published.

    Raises:
        BadFile: a score file that breaks a rule.
    """
    found = []
    for path in sorted((reports / "scores").glob("*.json")):
        result = parse(read_json(path), path)
        if result.run != path.stem:
            raise BadFile(f"{path}: is of the run {result.run!r}; a score file is named by its run")
        found.append(result)
    return found


def parse(content: Any, path: Path) -> Result:
    """A score file's content, checked.

    Raises:
        BadFile: another format version, a missing key or a value of another kind.
        BadRun: an unsafe id.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        version = content.get("format") if isinstance(content, dict) else None
        raise BadFile(
            f"{path}: score file of format {version!r}, this seldbench reads {FORMAT};"
            " publish the run again"
        )
    try:
        result = Result.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadFile(f"{path}: {where}: {first['msg']}; publish the run again") from None
    for name in (result.run, result.dataset, *result.scorers):  # these become names of files
        safe_id(name, path)
    return result


def run_content(run: Run) -> dict[str, Any]:
    """What a finished run's score file holds: its scores.json with the block `provenance`.

    Raises:
        BadRun: an unsafe id, not finished, or scores of another run.
    """
    about = run.about
    safe_id(about.get("id", ""), run.path / "run.json")
    if about.get("state") != "finished":
        raise BadRun(
            f"{run.path}: the run is not finished (state {about.get('state')!r}); start its command"
            " again, it goes on where it stopped"
        )
    if run.scores.get("run") != about["id"]:
        raise BadRun(f"{run.path}/scores.json: is of the run {run.scores.get('run')!r}; run again")
    provenance = {key: about.get(key) for key in ("key", "created", "limit", "fold")}
    provenance["command"] = [_shareable(str(word)) for word in about.get("command", [])]
    provenance["recipe"] = _without_folders(read_json(run.path / "recipe.json"))
    scores = {key: value for key, value in run.scores.items() if key != "command"}
    return {**scores, "provenance": provenance}


def of_run(path: Path) -> Result:
    """The result of a finished run folder.

    Raises:
        BadRun, BadFile: as `open_run`, `run_content` and `parse`.
    """
    run = open_run(path)
    return parse(run_content(run), run.path / "scores.json")


def _without_folders(value: Any) -> Any:
    """A recipe without the folders of the machine that it ran on: of an absolute path, such as that
    of first weights, the last two names stay."""
    if isinstance(value, dict):
        return {key: _without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_folders(item) for item in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return "/".join(Path(value).parts[-2:])
    return value


def _shareable(word: str) -> str:
    """A word of a command without the folders of the machine that it ran on."""
    option, equals, value = word.partition("=") if "=" in word else ("", "", word)
    absolute = Path(value).is_absolute() or PureWindowsPath(value).is_absolute()
    return f"{option}{equals}{PureWindowsPath(value).name}" if absolute else word
