"""The best F1 over all thresholds, of all clips and of replicates.

`Steps` hold, by clip, what changes in a class's counts where the threshold falls below a score;
their running sums are the counts at every threshold. A replicate weighs the changes by how often
their clip counts and takes its own best threshold, as whoever tuned the threshold on those clips
would have. So a best F1 is chosen on the clips that it is told of, and is optimistic.

For replicates the steps are put into blocks. What a block adds to the counts in all bounds F1
inside of it from above; only blocks that may hold the best are looked into.

Source: fgnt/sed_scores_eval 0.0.4, base_modules/statistics.py and precision_recall.py
(best_fscore_from_intermediate_statistics): precision is 1 where nothing is detected, of equal F1
the highest threshold counts, and the threshold lies half way to the next lower score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from seldbench.metrics.events.rates import Counts
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
BLOCK = 256


@dataclass(frozen=True, eq=False)
class Steps:
    """One class. (steps,) by falling score: clip, score, changes of hits and detections; last: the
    last of the steps at one score, only there the counts are those of a threshold. reference:
    (clips,) events."""

    clip: Array
    score: Array
    hits: Array
    detected: Array
    last: Array
    reference: Array

    @cached_property
    def blocks(self) -> "Blocks":
        ends = np.flatnonzero(self.last) + 1
        marks = np.searchsorted(ends, np.arange(BLOCK, len(self.clip), BLOCK))
        bounds = np.unique(np.concatenate([[0], ends[marks], [len(self.clip)]]))
        block = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))

        def by_clip(values: Array) -> sparse.csr_matrix:
            some = np.flatnonzero(values)
            at = self.clip[some], block[some]
            shape = len(self.reference), len(bounds) - 1
            return sparse.coo_matrix((values[some], at), shape=shape).tocsr()

        return Blocks(
            bounds,
            by_clip(self.hits),
            by_clip(self.detected),
            by_clip(np.maximum(self.hits, 0.0)),
            by_clip(np.minimum(self.detected, 0.0)),
        )


@dataclass(frozen=True, eq=False)
class Blocks:
    """Neighbouring steps, bounds[i]:bounds[i + 1]. (clips, blocks): changes of hits and detections;
    gain: hits that come; loss: detections that go, at most 0."""

    bounds: Array
    hits: sparse.csr_matrix
    detected: sparse.csr_matrix
    gain: sparse.csr_matrix
    loss: sparse.csr_matrix


@dataclass(frozen=True)
class Best:
    """Where F1 is highest. score: the counts are those of thresholds below it, down to the next
    lower score; threshold: half way between, -inf below the lowest score, inf where nothing is
    found."""

    f1: float
    precision: float
    recall: float
    score: float
    threshold: float
    hits: float
    detected: float
    reference: float


def steps_of(clip: Array, score: Array, hits: Array, detected: Array, reference: Array) -> Steps:
    """Sorts steps."""
    order = np.lexsort((clip, -score))
    return steps_in_order(clip[order], score[order], hits[order], detected[order], reference)


def steps_in_order(
    clip: Array, score: Array, hits: Array, detected: Array, reference: Array
) -> Steps:
    """Steps that are sorted by falling score."""
    score = score.astype(np.float64, copy=False)
    last = np.append(score[1:] != score[:-1], True)[: len(score)]
    return Steps(clip, score, hits, detected, last, reference)


def best(steps: Steps) -> Best:
    """Of all clips, each once; F1 is NaN for a class without events."""
    hits = np.append(0.0, np.cumsum(steps.hits)[steps.last])
    detected = np.append(0.0, np.cumsum(steps.detected)[steps.last])
    scores = np.append(np.inf, steps.score[steps.last])
    reference = float(steps.reference.sum())
    precision = np.where(detected > 0, hits / np.maximum(detected, 1.0), 1.0)
    recall = hits / reference if reference else np.full(len(hits), np.nan)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-15)
    i = int(np.argmax(f1))
    return Best(
        float(f1[i]),
        float(precision[i]),
        float(recall[i]),
        float(scores[i]),
        float((scores[i] + scores[i + 1]) / 2) if i + 1 < len(scores) else -np.inf,
        float(hits[i]),
        float(detected[i]),
        reference,
    )


def counts_at_best(clips: tuple[str, ...], classes: Sequence[str], of: Sequence[Steps]) -> Counts:
    """Counts by clip with every class at its own best threshold (of all clips); a micro average at
    the best thresholds comes from these."""
    hits, reference, detected = (np.zeros((len(clips), len(of))) for _ in range(3))
    for k, steps in enumerate(of):
        some = steps.score >= best(steps).score
        clip = steps.clip[some]
        hits[:, k] = np.bincount(clip, steps.hits[some], minlength=len(clips))
        detected[:, k] = np.bincount(clip, steps.detected[some], minlength=len(clips))
        reference[:, k] = steps.reference
    none = np.zeros(len(clips))
    return Counts(clips, tuple(classes), len(of), hits, reference, detected, none)


def best_f1(steps: Steps, sample: Sample) -> Array:
    """(replicates,) each at its own best threshold; NaN where the class has no events."""
    reference = sample.sums(steps.reference)
    if not len(steps.clip):
        return np.where(reference > 0, 0.0, np.nan)
    blocks = steps.blocks
    hits, detected, gain, loss = (
        sample.sums(table) for table in (blocks.hits, blocks.detected, blocks.gain, blocks.loss)
    )
    hits_after, detected_after = np.cumsum(hits, axis=1), np.cumsum(detected, axis=1)
    hits, detected = hits_after - hits, detected_after - detected  # before each block
    events = np.maximum(reference, 1.0)[:, None]
    found = (2 * hits_after / (detected_after + events)).max(axis=1)
    most = np.minimum(hits + gain, events)
    bound = 2 * most / (np.maximum(detected + loss, 0.0) + events)
    weights = sample.weights()
    for k in np.flatnonzero((bound > found[:, None]).any(axis=0)):
        rows = np.flatnonzero(bound[:, k] > found)
        some = slice(int(blocks.bounds[k]), int(blocks.bounds[k + 1]))
        weight, last = weights[rows][:, steps.clip[some]], steps.last[some]
        h = hits[rows, k, None] + np.cumsum(weight * steps.hits[some], axis=1)[:, last]
        d = detected[rows, k, None] + np.cumsum(weight * steps.detected[some], axis=1)[:, last]
        found[rows] = np.maximum(found[rows], (2 * h / (d + events[rows])).max(axis=1))
    return np.where(reference > 0, found, np.nan)
