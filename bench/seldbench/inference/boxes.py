"""Sound event bounding boxes (cSEBB): an event's extent that does not hang on the threshold.

A step filter finds where a class's score rises and falls; what lies between is a candidate event,
candidates with a shallow gap between them are merged, and each is given the mean score over its
extent as its confidence. Written as scores, a box is its confidence over its extent and 0
elsewhere: scores at every threshold are then those of the boxes.

Of a threshold of 0 every clip is one event of every class. Boxes have no such point; in PSDS it
lies beyond the largest rate of false positives wherever more than 28 % of clips of 10 s are not
filled by a class, and changes nothing.

Source: Ebbers et al. 2024, arXiv:2406.04212, from the description. Where it leaves a choice the
design is ours: steps are looked for at the edges of frames; of a flat maximum or minimum the middle
counts; each gap is judged by the candidates beside it, before any are merged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from seldbench.events import Event, EventList

Array = np.ndarray

DECIMALS = 9  # of the filter's output: rounding must not make extremes of what is flat
SMALLEST = 1e-9  # a gap's score that others are divided by


@dataclass(frozen=True)
class BoxRule:
    """How one class's boxes are found.

    step: length of the filter, seconds. absolute, relative: a gap is merged where both neighbours'
    largest scores are less than `absolute` above its smallest one, and less than `relative` times
    as large; None: that rule is off.
    """

    step: float
    absolute: float | None = None
    relative: float | None = None

    def __post_init__(self) -> None:
        if self.step <= 0:
            raise ValueError(f"a step filter of {self.step} s: lengths are positive")


class Boxes(NamedTuple):
    """By class, then by onset: (boxes,) each. onset, offset: frames, the latter excluded."""

    label: Array
    onset: Array
    offset: Array
    confidence: Array

    def scores(self, frames: int, classes: int) -> Array:
        """(frames, classes) float32: the confidence over each extent, 0 elsewhere."""
        painted = np.zeros((frames, classes), dtype=np.float32)
        length = self.offset - self.onset
        before = np.repeat(np.cumsum(length) - length - self.onset, length)
        rows = np.arange(int(length.sum())) - before
        painted[rows, np.repeat(self.label, length)] = np.repeat(self.confidence, length)
        return painted

    def events(
        self, classes: Sequence[str], thresholds: Array, *, hop: float, duration: float
    ) -> EventList:
        """The boxes whose confidence is above their class's threshold, by onset, then by class."""
        chosen = np.flatnonzero(self.confidence > thresholds[self.label])
        order = chosen[np.lexsort((self.label[chosen], self.onset[chosen]))]
        return EventList(
            Event(float(i * hop), float(min(j * hop, duration)), classes[k])
            for k, i, j in zip(self.label[order], self.onset[order], self.offset[order])
            if i * hop < duration
        )


def rules_of(boxes: Mapping[str, Mapping[str, Any]], classes: int) -> list[BoxRule]:
    """The rules of `PostProcessing.boxes`, in the classes' order; ValueError for another number."""
    if len(boxes) != classes:
        raise ValueError(f"boxes of {len(boxes)} classes, but scores of {classes}")
    return [BoxRule(**rule) for rule in boxes.values()]


def find_boxes(scores: Array, rules: Sequence[BoxRule], hop: float) -> Boxes:
    """The boxes of a clip.

    Args:
        scores: (frames, classes), at least 0; the clip ends with the last frame.
        rules: one a class.
    """
    found = [
        _of_class(np.ascontiguousarray(scores[:, k], dtype=np.float64), rule, hop)
        for k, rule in enumerate(rules)
    ]
    label = np.repeat(np.arange(len(rules)), [len(onset) for onset, _, _ in found])
    none = np.zeros(0, dtype=np.int64)
    onset, offset, confidence = (
        np.concatenate(part) for part in zip((none, none, np.zeros(0, np.float32)), *found)
    )
    return Boxes(label, onset, offset, confidence.astype(np.float32))


def _of_class(scores: Array, rule: BoxRule, hop: float) -> tuple[Array, Array, Array]:
    """Onsets, offsets and confidences of one class's boxes; scores: (frames,)."""
    onset, offset = candidates(step_filter(scores, rule.step / 2 / hop))
    apart = ~_merged(scores, onset, offset, rule)
    onset = onset[np.append(True, apart)[: len(onset)]]
    offset = offset[np.append(apart, True)[: len(offset)]]
    total = np.append(0.0, np.cumsum(scores))
    return onset, offset, (total[offset] - total[onset]) / (offset - onset)


def step_filter(scores: Array, half: float) -> Array:
    """By how much the mean of the next `half` frames is above that of the last ones, at every edge
    of a frame: (frames,) -> (frames + 1,); beyond the clip scores are 0.

    half: need not be whole: scores are constant over a frame.
    """
    whole = int(half)
    reach = whole + 1
    padded = np.pad(scores, reach)
    total = np.append(0.0, np.cumsum(padded))  # the integral up to every edge
    edge = np.arange(len(scores) + 1) + reach
    share = half - whole
    after = (1 - share) * total[edge + whole] + share * total[edge + reach]
    before = (1 - share) * total[edge - whole] + share * total[edge - reach]
    return np.round((after - 2 * total[edge] + before) / half, DECIMALS)


def candidates(change: Array) -> tuple[Array, Array]:
    """Edges of candidate events: every local maximum of the filter's output and the minimum that
    follows; an event that is still open ends with the clip."""
    moved = np.flatnonzero(np.diff(change))
    first, last = np.append(0, moved + 1), np.append(moved, len(change) - 1)
    rises = np.diff(change[first]) > 0
    # Before the clip and after it nothing sounds: it may begin with a maximum, end with a minimum.
    highest = np.append(True, rises) & np.append(~rises, False)
    lowest = np.append(False, ~rises) & np.append(rises, True)
    return (first + last)[highest] // 2, ((first + last + 1) // 2)[lowest]


def _merged(scores: Array, onset: Array, offset: Array, rule: BoxRule) -> Array:
    """(candidates - 1,) whether the gap after a candidate is merged."""
    if len(onset) < 2:
        return np.zeros(0, dtype=bool)
    # Candidate, gap, candidate, ..., and what follows the last one.
    edges = np.stack([onset, offset], axis=1).ravel()
    padded = np.append(scores, 0.0)
    peaks = np.maximum.reduceat(padded, edges)[::2]
    lowest = np.minimum.reduceat(padded, edges)[1:-1:2]
    higher = np.maximum(peaks[:-1], peaks[1:])
    merged = np.full(len(lowest), rule.absolute is not None or rule.relative is not None)
    if rule.absolute is not None:
        merged &= higher - lowest < rule.absolute
    if rule.relative is not None:
        merged &= higher / (lowest + SMALLEST) < rule.relative
    return merged
