"""Labels of a reference and somebody's answers, on the same clips and classes; and what a reader of
their scores should know."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seldbench.annotations.tags import Tags
from seldbench.errors import BadFile, near
from seldbench.metrics.tagging import highest
from seldbench.prediction import ClipScores

Array = np.ndarray
Predicted = Tags | ClipScores
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Paired:
    """Reference and predictions, the clips of the one and the classes of both.

    labels, guess: (clips, classes) true and decided. scores: likewise, None of decided labels.
    scored: (classes,) those that a clip has. chosen: (clips,) the one class that was decided, None
    where several or none may be. label: (clips,) the one true class, None where there are more.
    """

    reference: Tags
    classes: tuple[str, ...]
    labels: Array
    guess: Array
    scores: Array | None
    label: Array | None
    chosen: Array | None

    @property
    def scored(self) -> Array:
        return np.flatnonzero(self.labels.any(axis=0))

    @property
    def right(self) -> Array | None:
        """(clips,) whether the answer is right, where every clip has one label."""
        if self.label is None:
            return None
        if self.chosen is None:
            return (self.labels == self.guess).all(axis=1)
        return self.chosen == self.label


def paired_tags(reference: Tags, predictions: Predicted, threshold: float | None) -> Paired:
    """Raises BadFile where a clip of the reference has no prediction."""
    rows = _rows(reference, predictions)
    extra = tuple(c for c in predictions.classes if c not in set(reference.classes))
    classes = reference.classes + extra
    column = {name: i for i, name in enumerate(classes)}
    mine = np.array([column[name] for name in predictions.classes], dtype=np.int64)
    labels = np.zeros((len(reference.clips), len(classes)), dtype=bool)
    labels[:, : len(reference.classes)] = reference.labels
    one_each = bool((labels.sum(axis=1) == 1).all())
    scores, chosen = None, None
    guess = np.zeros(labels.shape, dtype=bool)
    if isinstance(predictions, Tags):
        guess[:, mine] = predictions.labels[rows]
        if predictions.single:
            chosen = guess.argmax(axis=1)
    else:
        given = predictions.scores[rows]
        # Ties are broken by the columns of the file, not by those of both sides.
        chosen = mine[given.argmax(axis=1)]
        above = given > (DEFAULT_THRESHOLD if threshold is None else threshold)
        guess[:, mine] = highest(given) if reference.single else above
        scores = np.full(labels.shape, -np.inf)
        scores[:, mine] = given
    label = labels.argmax(axis=1) if one_each else None
    return Paired(reference, classes, labels, guess, scores, label, chosen)


def _rows(reference: Tags, predictions: Predicted) -> Array:
    """The predictions' row of every clip of the reference."""
    row = {clip: i for i, clip in enumerate(predictions.clips)}
    missing = [clip for clip in reference.clips if clip not in row]
    if missing:
        raise BadFile(
            f"no prediction for {len(missing)} of {len(reference.clips)} clips of the reference:"
            f" {_some(missing)}{near(missing[0], predictions.clips)}; complete the predictions, or"
            " take these clips out of the reference"
        )
    return np.array([row[clip] for clip in reference.clips], dtype=np.int64)


def notes_on_tags(paired: Paired, predictions: Predicted, threshold: float | None) -> list[str]:
    reference, notes = paired.reference, []
    known = set(reference.clips)
    unknown = [clip for clip in predictions.clips if clip not in known]
    if unknown:
        notes.append(f"predictions for {len(unknown)} other clips left out: {_some(unknown)}")
    extra = [c for c in predictions.classes if c not in reference.classes]
    if not len(paired.scored):
        notes.append("no clip of the reference has a label: nothing can be ranked")
    if extra:
        notes.append(
            f"only in the predictions: {', '.join(extra)}; wrong wherever given, without scores of"
            " their own"
        )
    if isinstance(predictions, Tags):
        if threshold not in (None, DEFAULT_THRESHOLD):
            notes.append(f"threshold {threshold:g} not used: these labels are decided already")
        return notes
    return [*notes, *_notes_on_scores(paired, predictions, threshold)]


def _notes_on_scores(paired: Paired, predictions: ClipScores, threshold: float | None) -> list[str]:
    notes, single = [], paired.reference.single
    scored = [paired.classes[i] for i in paired.scored]
    absent = [c for c in scored if c not in predictions.classes]
    if absent:
        notes.append(f"no scores for the reference's {', '.join(absent)}: never detected")
    values = predictions.scores
    if not single and not (values.min() >= 0 and values.max() <= 1):
        notes.append("scores leave [0, 1]: a threshold of 0.5 may not suit them")
    if single and threshold not in (None, DEFAULT_THRESHOLD):
        notes.append(f"threshold {threshold:g} not used: the highest score decides")
    if paired.label is not None and paired.scores is not None:
        ties = (paired.scores == paired.scores.max(axis=1, keepdims=True)).sum(axis=1) > 1
        if ties.any():
            notes.append(f"{ties.sum()} clips have several highest scores: the first column counts")
    if paired.reference.fold is not None:
        notes.append("clips of all folds are ranked together in map, map_micro, mauc and d_prime")
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
