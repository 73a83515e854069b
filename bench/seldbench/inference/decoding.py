"""Outputs to Predictions: steps over several heads, then each head's decode, all joined."""

from collections.abc import Mapping

import torch
from torch import Tensor

from seldbench.contracts import Clip, OutputFormat, PostProcessing
from seldbench.prediction import Prediction
from seldbench.recipe import ClipMask


def masked(outputs: Mapping[str, Tensor], mask: ClipMask | None) -> dict[str, Tensor]:
    """Frame scores held below their clip's score: at every threshold the same events as dropping
    the classes whose clip score is below it. Source: frednam93/FDY-SED, decode_weak_test."""
    if mask is None:
        return dict(outputs)
    frames = torch.minimum(outputs[mask.frames], outputs[mask.clip].unsqueeze(0))
    return {**outputs, mask.frames: frames}


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
    return prediction
