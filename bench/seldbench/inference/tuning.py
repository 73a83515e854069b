"""Thresholds, median filters and boxes by class, chosen on a split and marked with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from seldbench.contracts import Clip, OutputFormat, PostProcessing
from seldbench.inference.decoding import decode
from seldbench.prediction import Prediction
from seldbench.recipe import Tune
from seldbench.recipe.post import FOLDS

# {clip: prediction} -> the score of every class; a class that the split lacks is absent.
ByClass = Callable[[Mapping[str, Prediction]], Mapping[str, float]]
Heard = Sequence[tuple[Clip, Mapping[str, Tensor]]]
FOLD_SEED = 0


class Chosen(NamedTuple):
    """A class's values and what they score."""

    score: float
    threshold: float
    median: float
    box: Mapping[str, float | None] | None


def tuned(
    heard: Heard,
    *,
    start: PostProcessing,
    tune: Tune,
    formats: Mapping[str, OutputFormat],
    hop: float,
    score: ByClass,
) -> PostProcessing:
    """Every threshold with every median and every box rule tried; each class keeps its best.

    Of equal scores the first stays, and the recipe's own values come first. A class without events
    on the split keeps the recipe's values.

    Args:
        heard: clips of the split `tune.on` with a network's merged outputs.
    """
    best: dict[str, Chosen] = {}
    for post, predictions in _tried(heard, start, tune, formats, hop):
        _keep_better(best, post, score(predictions))
    return _of_best(start, best, f"{tune.score} on {tune.on}")


def cross_validated(
    heard: Heard,
    *,
    start: PostProcessing,
    tune: Tune,
    formats: Mapping[str, OutputFormat],
    hop: float,
    score_of: Callable[[Sequence[Clip]], ByClass],
) -> PostProcessing:
    """Values for the clips of each fold, chosen as by `tuned` on those of the others (`folds`); the
    values for any other clip are chosen on all.

    Args:
        score_of: the clips that are scored -> their scores.

    Source: the protocol of Ebbers et al. 2024, arXiv:2406.04212.
    """
    clips = [clip for clip, _ in heard]
    fold = fold_of([clip.id for clip in clips])
    parts = [[c for c in clips if fold[c.id] != n] for n in range(FOLDS)] + [clips]
    scores = [score_of(part) for part in parts]
    best: list[dict[str, Chosen]] = [{} for _ in parts]
    for post, predictions in _tried(heard, start, tune, formats, hop):
        for part, score, found in zip(parts, scores, best):
            _keep_better(found, post, score({clip.id: predictions[clip.id] for clip in part}))
    origin = f"{tune.score} on {tune.on}, cross-validated in {FOLDS} folds of clips"
    *folds, every = (_of_best(start, found, origin) for found in best)
    return replace(every, folds=tuple(_values(post) for post in folds))


def of_clip(post: PostProcessing, fold: Mapping[str, int], clip: Clip) -> PostProcessing:
    """The values for a clip: those of its fold, where there are any."""
    if not post.folds or clip.id not in fold:
        return post
    return replace(post, **post.folds[fold[clip.id]], folds=())


def fold_of(clips: Sequence[str]) -> dict[str, int]:
    """Clips dealt to FOLDS folds of equal size, or one more; the same whatever their order."""
    order = np.random.default_rng(FOLD_SEED).permutation(len(clips))
    names = sorted(clips)
    return {names[place]: n % FOLDS for n, place in enumerate(order)}


def _tried(
    heard: Heard,
    start: PostProcessing,
    tune: Tune,
    formats: Mapping[str, OutputFormat],
    hop: float,
) -> Iterator[tuple[PostProcessing, dict[str, Prediction]]]:
    for post in _posts(start, tune):
        yield (
            post,
            {
                clip.id: decode(outputs, clip, formats=formats, hop=hop, post=post)
                for clip, outputs in heard
            },
        )


def _posts(start: PostProcessing, tune: Tune) -> Iterator[PostProcessing]:
    """The recipe's own values, then every combination, one for all classes."""
    yield start
    rules = [] if tune.boxes is None else [rule.model_dump() for rule in tune.boxes.rules]
    tried: dict[str, list[Any]] = {
        "thresholds": tune.thresholds,
        "medians": tune.medians,
        "boxes": rules,
    }
    tried = {name: values for name, values in tried.items() if values}
    for values in product(*tried.values()) if tried else ():
        changed: dict[str, Any] = {
            n: dict.fromkeys(start.thresholds, v) for n, v in zip(tried, values)
        }
        yield replace(start, **changed)


def _keep_better(
    best: dict[str, Chosen], post: PostProcessing, scores: Mapping[str, float]
) -> None:
    for label, value in scores.items():
        if label not in best or value > best[label].score:
            box = post.boxes.get(label)
            best[label] = Chosen(value, post.thresholds[label], post.medians[label], box)


def _of_best(start: PostProcessing, best: Mapping[str, Chosen], origin: str) -> PostProcessing:
    return PostProcessing(
        {c: best[c].threshold if c in best else v for c, v in start.thresholds.items()},
        {c: best[c].median if c in best else v for c, v in start.medians.items()},
        origin,
        {c: (best[c].box or v) if c in best else v for c, v in start.boxes.items()},
    )


def _values(post: PostProcessing) -> dict[str, Any]:
    return {
        "thresholds": dict(post.thresholds),
        "medians": dict(post.medians),
        "boxes": {label: dict(rule) for label, rule in post.boxes.items()},
    }
