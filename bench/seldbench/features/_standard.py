"""Standardisation of features: mean and deviation over the frames of training clips."""

from collections.abc import Iterable

import torch
from torch import Tensor

EPSILON = torch.finfo(torch.float64).eps


def population(features: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and population standard deviation of every channel and bin, clip by clip in float64.

    A constant bin has the deviation 1. It may miss its constant by the rounding of the sums, as
    scikit-learn's StandardScaler allows for.

    Args:
        features: (1, channels, frames, bins) each.

    Returns:
        (channels, 1, bins) float32 each.

    Errors: ValueError where there is no frame.
    """
    count = 0
    mean = variance = torch.zeros((), dtype=torch.float64)
    for clip in features:
        new = clip.shape[-2]
        if new == 0:
            continue
        # One channel at a time: a minute of all of them in float64 is many megabytes.
        parts = [torch.var_mean(c.double(), -2, correction=0, keepdim=True) for c in clip[0]]
        own_variance, own_mean = (torch.stack(part) for part in zip(*parts))
        share, apart = new / (count + new), own_mean - mean
        variance = variance + (own_variance - variance + apart.square() * (1 - share)) * share
        mean = mean + apart * share
        count += new
    if count == 0:
        raise ValueError("features are fitted on training clips, of which there are none")
    rounding = count * EPSILON * variance + (count * EPSILON * mean).square()
    scale = torch.where(variance <= rounding, 1.0, variance.sqrt())
    return mean.float(), scale.float()
