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
    mean = squares = torch.zeros(())  # squares: the sum of squared distances from the mean
    for clip in features:
        frames = clip[0].double()
        new = frames.shape[-2]
        if new == 0:
            continue
        own = frames.mean(-2, keepdim=True)
        apart = own - mean
        squares = squares + (frames - own).square().sum(-2, keepdim=True)
        squares = squares + apart.square() * (count * new / (count + new))
        mean = mean + apart * (new / (count + new))
        count += new
    if count == 0:
        raise ValueError("features are fitted on training clips, of which there are none")
    variance = squares / count
    rounding = count * EPSILON * variance + (count * EPSILON * mean).square()
    scale = torch.where(variance <= rounding, 1.0, variance.sqrt())
    return mean.float(), scale.float()
