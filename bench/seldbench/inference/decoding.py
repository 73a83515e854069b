"""Outputs to Predictions: steps over several heads, then each head's decode, all joined."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from seldbench.contracts import Clip, OutputFormat, PostProcessing
from seldbench.inference.boxes import find_boxes, rules_of
from seldbench.prediction import Prediction
from seldbench.recipe import ClipMask


def masked(outputs: Mapping[str, Tensor], mask: ClipMask | None) -> dict[str, Tensor]:
    """Frame scores held below their clip's score ("min"): at every threshold the same events as
    dropping the classes whose clip score is not above it; or those of classes whose clip score is
    not above `mask.at` made 0 ("threshold"). Source: frednam93/FDY-SED, decode_weak_test."""
    if mask is None or mask.kind == "none":
        return dict(outputs)
    frames, clip = outputs[mask.frames], outputs[mask.clip].unsqueeze(0)
    if mask.kind == "min":
        return {**outputs, mask.frames: torch.minimum(frames, clip)}
    assert mask.at is not None  # the recipe's own rule
    return {**outputs, mask.frames: frames * (clip > mask.at)}


def decode(
    outputs: Mapping[str, Tensor],
    clip: Clip,
    *,
    formats: Mapping[str, OutputFormat],
    hop: float,
    post: PostProcessing,
) -> Prediction:
    """One Prediction from every head's; a field that two heads set is an error."""
    prediction = Prediction()
    for name, form in formats.items():
        prediction = prediction.joined(form.decode(outputs[name], clip, hop, post))
    return boxed(prediction, clip, post) if post.boxes else prediction


def boxed(prediction: Prediction, clip: Clip, post: PostProcessing) -> Prediction:
    """Boxes in the place of frame scores, and of the events that were decided from these.

    Errors: ValueError where no head says frame scores.
    """
    scores, hop = prediction.frame_scores, prediction.hop
    if scores is None or hop is None:
        raise ValueError("boxes are made of frame scores, and no head says any: leave out `boxes`")
    boxes = find_boxes(scores, rules_of(post.boxes, scores.shape[1]), hop)
    classes = tuple(post.boxes)
    thresholds = np.array([post.thresholds[name] for name in classes])
    events = boxes.events(classes, thresholds, hop=hop, duration=clip.duration)
    return replace(prediction, events=events, frame_scores=boxes.scores(*scores.shape))
