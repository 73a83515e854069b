"""Scores of counts, for any replicates of the files. Shares are fractions, angles degrees,
distances metres; NaN and 180 degrees stand where the year's code has them.

Sources: see `rules`. The means over classes and the SELD score of 2022 to 2024 are those of
compute_seld_scores and early_stopping_metric there.
"""

from collections.abc import Mapping
from typing import get_args

import numpy as np

from seldbench.errors import UnknownName, near
from seldbench.metrics.seld.counts import SeldCounts
from seldbench.metrics.seld.rules import EPS
from seldbench.metrics.seld.scorers import Average, Scorer
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
Sums = Mapping[str, Array]
Named = dict[str, Array]
NOWHERE = 180.0  # degrees, where nothing was localised


def seld_scores(
    counts: SeldCounts, sample: Sample, average: str | None = None
) -> tuple[Named, Named]:
    """Scores of the replicates of a sample of the files: {name: (replicates,)}, and of the classes
    {name: (replicates, classes)}.

    average: "macro" (means over all classes; the error rate stays one for all) or "micro" (from the
    sums over classes); without it the scorer's own. The official codes up to 2021 have no macro
    average; here it is made as in 2022.

    Raises:
        UnknownName: another average.
    """
    average = average or counts.scorer.average
    if average not in get_args(Average):
        known = get_args(Average)
        raise UnknownName(
            f"no average {average!r}{near(average, known)}; there are {', '.join(known)}"
        )
    of_file = {name: sample.sums(table) for name, table in counts.of_file.items()}
    of_class = {name: sample.sums(table) for name, table in counts.of_class.items()}
    scores_of = _apart if counts.scorer.rule == "activity" else _joint
    with np.errstate(invalid="ignore", divide="ignore"):
        return scores_of(counts.scorer, of_file, of_class, average)


def _joint(scorer: Scorer, of_file: Sums, of_class: Sums, average: str) -> tuple[Named, Named]:
    """2020 on: detection and localisation together."""
    rate = _error_rate(scorer, of_file, of_class["reference"].sum(-1), EPS)
    classes = _with_score(scorer, _parts(scorer, of_class), rate[:, None])
    if average == "macro":
        scores = {name: _mean([*np.moveaxis(v, -1, 0)]) for name, v in classes.items()}
        scores["er20"] = rate
    else:
        total = {name: table.sum(-1) for name, table in of_class.items()}
        scores = _with_score(scorer, _parts(scorer, total), rate)
    return (
        {name: scores[name] for name in scorer.scores},
        {name: classes[name] for name in scorer.class_scores},
    )


def _apart(scorer: Scorer, of_file: Sums, of_class: Sums, average: str) -> tuple[Named, Named]:
    """2019: detection on its own, and directions on their own."""
    by_class = _f1(of_class)
    total = {name: table.sum(-1) for name, table in of_class.items()}
    found = of_file["directions"]
    error = of_file["angle"] / np.where(found > 0, found, 1)
    scores = {
        "er": _error_rate(scorer, of_file, total["reference"], 0.0),
        "f1": by_class.mean(-1) if average == "macro" else _f1(total),
        # Without any direction the official code says 0 degrees, which is its best score.
        "doa_error": np.where(found > 0, error, NOWHERE) if scorer.fixed else error,
        "frame_recall": of_file["equal"] / of_file["frames"],
    }
    scores["seld_score"] = _mean(
        [scores["er"], 1 - scores["f1"], scores["doa_error"] / 180, 1 - scores["frame_recall"]],
        skip=False,
    )
    return scores, {"f1": by_class}


def _parts(scorer: Scorer, sums: Sums) -> Named:
    """All but the error rate and the SELD score, of sums of any shape."""
    pairs = sums["pairs"]
    if scorer.rule == "classes":
        lr = _f1({**sums, "hits": pairs})
        return {"f20": _f1(sums), "le_cd": _mean_angle(sums), "lr_cd": lr}
    wrong = scorer.far * sums["far"] + 0.5 * (sums["extra"] + sums["missed"])
    parts = {
        "f20": sums["hits"] / (EPS + sums["hits"] + wrong),
        "lr_cd": pairs / (EPS + pairs + sums["missed"]),
    }
    if scorer.rule == "instances":
        return parts | {"le_cd": _mean_angle(sums)}
    for name, of in (("doae_cd", "angle"), ("rde_cd", "relative"), ("diste_cd", "distance")):
        if of in sums:
            parts[name] = np.where(pairs > 0, sums[of] / (pairs + EPS), np.nan)
    return parts


def _with_score(scorer: Scorer, parts: Named, rate: Array) -> Named:
    """The parts, the error rate in their shape, and the SELD score."""
    error = parts["doae_cd" if scorer.rule == "frames" else "le_cd"]
    rates = np.broadcast_to(rate, error.shape)
    if scorer.distance:
        terms = [1 - parts["f20"], error / 180, parts["rde_cd"]]
    else:
        terms = [rates, 1 - parts["f20"], error / 180, 1 - parts["lr_cd"]]
    score = _mean(terms, skip=scorer.rule == "frames")
    return {**parts, "er20": rates, "seld_score": score}


def _error_rate(scorer: Scorer, of_file: Sums, reference: Array, soft: float) -> Array:
    errors = of_file["substitutions"] + of_file["deletions"] + of_file["insertions"]
    if scorer.fixed:
        return np.where(reference > 0, errors / reference, np.nan)
    return errors / (reference + soft)


def _f1(sums: Sums) -> Array:
    precision = sums["hits"] / (sums["predicted"] + EPS)
    recall = sums["hits"] / (sums["reference"] + EPS)
    return 2 * precision * recall / (precision + recall + EPS)


def _mean_angle(sums: Sums) -> Array:
    return np.where(sums["pairs"] > 0, sums["angle"] / (sums["pairs"] + EPS), NOWHERE)


def _mean(terms: list[Array], *, skip: bool = True) -> Array:
    """Mean of terms of one shape; `skip` leaves out NaN, and is NaN where all are."""
    values = np.stack(np.broadcast_arrays(*terms))
    known = ~np.isnan(values) if skip else np.ones(values.shape, dtype=bool)
    return np.where(known, values, 0.0).sum(0) / known.sum(0)
