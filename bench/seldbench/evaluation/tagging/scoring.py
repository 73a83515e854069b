"""From labels of clips and somebody's scores or labels to scores with intervals (tagging).

Score names, fractions but for d': `map` and `mauc` (means over classes of average precision and ROC
area), `map_micro` (all pairs of clip and class in one ranking), `d_prime` (of `mauc`); `f1_macro`
and `f1_micro` of the decided labels; `accuracy` where every clip has one label, with
`accuracy_fold_mean` and `accuracy_top5`; `subset_accuracy` (all labels of a clip right, none too
many) and `label_accuracy` (pairs of clip and class) where a clip may have several. None is what the
files do not determine: decided labels rank nothing.

What is decided: scores above the threshold; of a reference that states one label a clip, the
highest score, and so for `accuracy` in any case, the first column of equal scores.

What is scored: the reference's clips; one without prediction is an error. Means go over the classes
that a clip of the reference has. A class that only the predictions have counts in micro averages,
and as a wrong answer in `accuracy`; one that they lack has the lowest score in every clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations.tags import Tags, read_tag_predictions, read_tags
from seldbench.contracts import Progress
from seldbench.evaluation.measure import INTERVALS, QUIET, Measure, Resampling, Values, measured
from seldbench.evaluation.scores import Scores, scores_of
from seldbench.evaluation.tagging.pairs import Paired, Predicted, notes_on_tags, paired_tags
from seldbench.metrics.ranking import (
    Ranking,
    average_precision,
    by_class,
    ranking,
    rankings,
    roc_area,
)
from seldbench.metrics.tagging import (
    TOP,
    LabelCounts,
    among_highest,
    class_mean,
    class_shares,
    confusion,
    d_prime,
    f1,
    label_counts,
    share,
)
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
RANKED = ("map", "map_micro", "mauc", "d_prime")
ACCURACIES = ("accuracy", "accuracy_fold_mean", f"accuracy_top{TOP}")
NAMES = (*RANKED, *ACCURACIES, "subset_accuracy", "label_accuracy", "f1_macro", "f1_micro")
CLASS_NAMES = ("ap", "auc", "d_prime", "f1", "precision", "recall")


def score_tagging_files(
    reference: Path,
    predictions: Path,
    *,
    threshold: float | None = None,
    resampling: Resampling | None = INTERVALS,
    progress: Progress = QUIET,
) -> Scores:
    """`score_tagging` of files.

    Raises:
        BadFile: a file breaks a rule of its format, or they do not fit together.
    """
    return score_tagging(
        read_tags(reference),
        read_tag_predictions(predictions),
        threshold=threshold,
        resampling=resampling,
        progress=progress,
    )


def score_tagging(
    reference: Tags,
    predictions: Predicted,
    *,
    threshold: float | None = None,
    resampling: Resampling | None = INTERVALS,
    progress: Progress = QUIET,
) -> Scores:
    """Scores of somebody's clip scores or decided labels.

    Args:
        threshold: above which a score is a label, 0.5 unless given; not used for decided labels
            and of a reference that states one label a clip.
        resampling: the intervals asked for; None for none.

    Raises:
        BadFile: a clip of the reference without prediction.
    """
    paired = paired_tags(reference, predictions, threshold)
    found = measured(_measures(paired), resampling, progress)
    scored = [paired.classes[i] for i in paired.scored]
    notes = notes_on_tags(paired, predictions, threshold)
    if found.scores.get("mauc") in (0.0, 1.0):
        notes.append(f"d' is infinite at a mean ROC area of {found.scores['mauc']:g}: left out")
    return scores_of(
        found,
        NAMES,
        CLASS_NAMES,
        scored=scored,
        unscored=[c for c in paired.classes if c not in set(scored)],
        notes=notes,
        details=_details(paired),
    )


def tagging_measures(
    reference: Tags, predictions: Predicted, *, threshold: float | None = None
) -> list[Measure]:
    """What can be scored of the predictions, as functions of how often each clip counts.

    Raises:
        BadFile: as `score_tagging`.
    """
    return _measures(paired_tags(reference, predictions, threshold))


def _measures(paired: Paired) -> list[Measure]:
    names = tuple(paired.classes[i] for i in paired.scored)
    found = [Measure(paired.reference.clips, names, partial(_decided, paired, _counts(paired)))]
    if paired.scores is not None and len(names):
        ranked = rankings(paired.scores[:, paired.scored], paired.labels[:, paired.scored])
        clips, classes = paired.labels.shape
        owner = np.repeat(np.arange(clips), classes)
        every = ranking(paired.scores.ravel(), paired.labels.ravel(), owner, clips)
        found.append(Measure(paired.reference.clips, names, partial(_ranked, ranked, every)))
    return found


def _ranked(ranked: Sequence[Ranking], every: Ranking, sample: Sample) -> Values:
    precision = by_class([average_precision(r, sample) for r in ranked], sample.rows)
    area = by_class([roc_area(r, sample) for r in ranked], sample.rows)
    mean_area = class_mean(area)
    return Values(
        {
            "map": class_mean(precision),
            "map_micro": average_precision(every, sample),
            "mauc": mean_area,
            "d_prime": _finite(d_prime(mean_area)),
        },
        {"ap": precision, "auc": area, "d_prime": _finite(d_prime(area))},
    )


@dataclass(frozen=True, eq=False)
class _Counts:
    """Decided labels, and by clip: exact, whether all of its labels are given and no other; right
    and top, whether its one label is the answer, or among the highest; folds: (clips, folds) which
    fold it is in. None where not determined."""

    labels: LabelCounts
    exact: Array
    right: Array | None
    top: Array | None
    folds: Array | None


def _counts(paired: Paired) -> _Counts:
    top, scores, fold = None, paired.scores, paired.reference.fold
    if scores is not None and paired.label is not None and len(scores[0]) > TOP:
        top = among_highest(scores, paired.label, TOP).astype(np.float64)
    folds = None if fold is None else (fold[:, None] == np.unique(fold)).astype(np.float64)
    right = None if paired.right is None else paired.right.astype(np.float64)
    exact = (paired.labels == paired.guess).all(axis=1).astype(np.float64)
    return _Counts(label_counts(paired.labels, paired.guess), exact, right, top, folds)


def _decided(paired: Paired, counts: _Counts, sample: Sample) -> Values:
    hits, present, given = counts.labels.sums(sample)
    clips = sample.sums(np.ones(len(paired.labels)))
    scores = {
        "f1_macro": class_mean(f1(hits, present, given)),
        "f1_micro": f1(hits.sum(1), present.sum(1), given.sum(1)),
    }
    if not paired.reference.single:
        wrong = (present + given - 2 * hits).sum(axis=1)
        pairs = clips * len(paired.classes)
        scores["subset_accuracy"] = share(sample.sums(counts.exact), clips)
        scores["label_accuracy"] = share(pairs - wrong, pairs)
    if counts.right is not None:
        scores["accuracy"] = share(sample.sums(counts.right), clips)
    if counts.right is not None and counts.folds is not None:
        of_fold = sample.sums(counts.folds * counts.right[:, None]), sample.sums(counts.folds)
        scores["accuracy_fold_mean"] = class_mean(share(*of_fold))
    if counts.top is not None:
        scores[f"accuracy_top{TOP}"] = share(sample.sums(counts.top), clips)
    hits, present, given = (table[:, paired.scored] for table in (hits, present, given))
    return Values(scores, class_shares(hits, present, given) if len(paired.scored) else {})


def _finite(values: Array) -> Array:
    """An infinite d' (an area of 0 or 1) has no place on an axis or in JSON."""
    return np.where(np.isinf(values), np.nan, values)


def _details(paired: Paired) -> dict[str, Any]:
    """correct and total, by fold as well; confusion: rows are true, columns are answers."""
    if paired.right is None or paired.label is None:
        return {}
    found: dict[str, Any] = _tally(paired.right)
    fold = paired.reference.fold
    if fold is not None:
        found["folds"] = {
            str(k): {**_tally(of), "accuracy": float(of.mean())}
            for k, of in ((k, paired.right[fold == k]) for k in np.unique(fold))
        }
    if paired.chosen is not None:
        counts = confusion(paired.label, paired.chosen, len(paired.classes))
        found["confusion"] = {"classes": list(paired.classes), "counts": counts.tolist()}
    return found


def _tally(right: Array) -> dict[str, int]:
    return {"correct": int(right.sum()), "total": len(right)}
