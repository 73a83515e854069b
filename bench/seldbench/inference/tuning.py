"""Thresholds and median filters by class, chosen on a validation split and marked with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

from torch import Tensor

from seldbench.contracts import Clip, OutputFormat, PostProcessing
from seldbench.inference.decoding import decode
from seldbench.prediction import Prediction
from seldbench.recipe import Tune

# {clip: prediction} -> the score of every class; a class that the split lacks is absent.
ByClass = Callable[[Mapping[str, Prediction]], Mapping[str, float]]


def tuned(
    heard: Sequence[tuple[Clip, Mapping[str, Tensor]]],
    *,
    start: PostProcessing,
    tune: Tune,
    formats: Mapping[str, OutputFormat],
    hop: float,
    score: ByClass,
) -> PostProcessing:
    """Every pair of a threshold and a median tried; each class keeps its best.

    Of equal scores the first pair stays, and the recipe's own values come first. A class without
    events on the split keeps the recipe's values.

    Args:
        heard: clips of the split `tune.on` with a network's merged outputs.
    """
    best: dict[str, tuple[float, float, float]] = {}
    own = [(None, None)]
    thresholds: list[float | None] = [*tune.thresholds] or [None]
    medians: list[float | None] = [*tune.medians] or [None]
    for threshold, median in [*own, *product(thresholds, medians)]:
        post = _everywhere(start, threshold, median)
        predictions = {
            clip.id: decode(outputs, clip, formats=formats, hop=hop, post=post)
            for clip, outputs in heard
        }
        for label, value in score(predictions).items():
            if label not in best or value > best[label][0]:
                best[label] = (value, post.thresholds[label], post.medians[label])
    return PostProcessing(
        {c: best[c][1] if c in best else v for c, v in start.thresholds.items()},
        {c: best[c][2] if c in best else v for c, v in start.medians.items()},
        f"{tune.score} on {tune.on}",
    )


def _everywhere(
    post: PostProcessing, threshold: float | None, median: float | None
) -> PostProcessing:
    """One value for all classes; None leaves the class's own."""
    if threshold is not None:
        post = replace(post, thresholds=dict.fromkeys(post.thresholds, threshold))
    if median is not None:
        post = replace(post, medians=dict.fromkeys(post.medians, median))
    return post
