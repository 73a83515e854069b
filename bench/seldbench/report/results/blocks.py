"""Blocks of score files, each a table of a result (`results.Result`). Keys that this version does
not know are passed over."""

from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat


class Block(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Data(Block):
    """The test data. simulated: what a result on it must say; sounds: what it was made of;
    test_labels: which version of the labels was found, where several circulate. folds: of the set.
    """

    fingerprint: str
    coverage: dict[str, tuple[int, int]] = {}
    simulated: str | None
    partial: bool
    sounds: str | None = None
    test_labels: str | None = None
    folds: int = 1


class Post(Block):
    """Post-processing: thresholds, median lengths in seconds, and the split they came from.
    direction: a source is where the score of a direction is above it."""

    thresholds: dict[str, float] = {}
    medians: dict[str, float] = {}
    origin: str = ""
    direction: float | None = None


class Provenance(Block):
    """What a run was: enough to repeat it."""

    key: str
    command: list[str]
    created: str
    limit: int | float | str | None = None
    fold: int | str | list[int] | None = None  # names of several joined by commas
    recipe: dict[str, Any] = {}


class Cost(Block):
    """What an answer costs.

    macs_per_second: multiply-accumulates a second of audio, of all networks that answer and their
    features (`experiment.counting`). real_time_factor: seconds of computing a second of audio, on
    `device`; None where only the multiply-accumulates were counted. noise: it was measured with
    noise, beside the other systems (`profiling.published`), not while the test clips were heard.
    """

    macs_per_second: FiniteFloat
    real_time_factor: FiniteFloat | None = None
    noise: bool = False
    device: str | None = None
    threads: int | None = None
    batch: int | None = None


class Member(Block):
    """A run whose scores an ensemble averages."""

    run: str
    arch: str
    variant: str
    seed: int
    command: list[str] = []


class Confusion(Block):
    """counts: rows are true classes, columns the answers. misses: of each class the sources that
    were not found; false: answers of it about no source; both where any number may be given."""

    classes: list[str]
    counts: list[list[int]]
    misses: list[int] | None = None
    false: list[int] | None = None


class Fold(Block):
    """What of one fold was right."""

    correct: int
    total: int
    accuracy: FiniteFloat


class Condition(Fold):
    """What was right under one condition. misses: sources that were not found; false_directions:
    answers about no source; None where there cannot be any."""

    intervals: dict[str, tuple[FiniteFloat, FiniteFloat]] = {}
    misses: int | None = None
    false_directions: int | None = None


class Cause(Block):
    """How many questions are right, or wrong because one part was the first to fail."""

    number: int
    share: FiniteFloat
    intervals: dict[str, tuple[FiniteFloat, FiniteFloat]] = {}


class Attribution(Block):
    """All questions by kind (`evaluation.sources.attribution`). right_but_wrong_with: how many
    right answers a truth would spoil."""

    total: int
    kinds: dict[str, Cause]
    right_but_wrong_with: dict[str, int] = {}
