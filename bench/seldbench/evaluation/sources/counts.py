"""Counts by mixture, and the scores that sums of them give."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seldbench.evaluation.measure import Values
from seldbench.evaluation.sources.questions import ALL, Questions
from seldbench.metrics.tagging import TOP, LabelCounts, class_mean, class_shares, share, tallied
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Counts:
    """By mixture. labels: classes asked for, answered, and rightly answered. shares: {score:
    (mixtures,) what its mean adds up, and over how many}. found: (mixtures, classes) sources that
    were found, where some may not be. scored: the classes that a question has."""

    labels: LabelCounts
    shares: dict[str, tuple[Array, Array]]
    found: sparse.csr_matrix | None
    scored: list[int]


def counts_of(asked: Questions, right: Mapping[str, Array]) -> Counts:
    """Counts of the answers.

    Args:
        right: {oracle: (questions,) whether the answer is right with it}.
    """
    shape = len(asked.mixtures), len(asked.classes)
    hit, known = asked.right, asked.found
    given = tallied(asked.mixture[known], asked.answer[known], shape)
    if asked.false is not None:
        given = given + tallied(asked.false.mixture, asked.false.answer, shape)
    labels = LabelCounts(
        tallied(asked.mixture, asked.label, shape),
        given.tocsr(),
        tallied(asked.mixture[hit], asked.label[hit], shape),
    )
    found = None
    if asked.protocol == ALL:
        found = tallied(asked.mixture[known], asked.label[known], shape)
    return Counts(labels, _shares(asked, right), found, np.unique(asked.label).tolist())


def _shares(asked: Questions, right: Mapping[str, Array]) -> dict[str, tuple[Array, Array]]:
    """Sums and numbers of what is a mean over questions, or over those that were found."""

    def by_mixture(of: Array, mixture: Array = asked.mixture) -> Array:
        return np.bincount(mixture, of.astype(np.float64), minlength=len(asked.mixtures))

    items, found = by_mixture(np.ones(len(asked.label))), by_mixture(asked.found)
    sums = {"accuracy": (by_mixture(asked.right), items)}
    if asked.top is not None:
        sums[f"accuracy_top{TOP}"] = (by_mixture(asked.top), items)
    if asked.false is not None:
        false = by_mixture(np.ones(len(asked.false.mixture)), asked.false.mixture)
        sums["direction_recall"] = (found, items)
        sums["direction_precision"] = (found, found + false)
        sums["direction_f1"] = (2 * found, found + false + items)
    if asked.direction_right is not None:
        sums["direction_accuracy"] = (by_mixture(asked.direction_right), items)
    if asked.error is not None:
        sums["direction_error"] = (by_mixture(np.where(asked.found, asked.error, 0.0)), found)
    return sums | {f"accuracy_oracle_{name}": (by_mixture(of), items) for name, of in right.items()}


def answer_values(counts: Counts, sample: Sample) -> Values:
    scores = {name: share(*map(sample.sums, pair)) for name, pair in counts.shares.items()}
    hits, present, given = (table[:, counts.scored] for table in counts.labels.sums(sample))
    classes = class_shares(hits, present, given)
    scores["recall_macro"] = class_mean(classes["recall"])
    scores["f1_macro"] = class_mean(classes["f1"])
    if counts.found is not None:
        found = sample.sums(counts.found)[:, counts.scored]
        classes["direction_recall"] = share(found, present)
    return Values(scores, classes)


def signal_sums(asked: Questions, values: Array) -> tuple[Array, Array]:
    """(mixtures, scored classes) sums of the values that are known, and how many those are."""
    shape = len(asked.mixtures), len(asked.classes)
    known = ~np.isnan(values)
    mixture, label = asked.mixture[known], asked.label[known]
    totals = np.zeros(shape)
    np.add.at(totals, (mixture, label), values[known])
    scored = np.unique(asked.label).tolist()
    return totals[:, scored], tallied(mixture, label, shape).toarray()[:, scored]


def signal_values(tables: dict[str, tuple[Array, Array]], sample: Sample) -> Values:
    """Means over sources, overall and by class."""
    sums = {name: [sample.sums(table) for table in pair] for name, pair in tables.items()}
    scores = {name: share(total.sum(1), number.sum(1)) for name, (total, number) in sums.items()}
    return Values(scores, {name: share(*pair) for name, pair in sums.items()})
