"""Losses of directions that several formats offer, in float32: (..., 3, classes) vectors and, where
a loss is masked, who truly sounds, (..., 1, classes) of 0 and 1. Where nobody does they are 0."""

import torch
from torch import Tensor
from torch.nn import functional


def mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over clips, frames, classes and axes."""
    return functional.mse_loss(outputs.float(), targets.float())


def masked_mse(given: Tensor, wanted: Tensor, sounding: Tensor) -> Tensor:
    """Mean squared error over the axes of those who sound."""
    return (sounding * (given - wanted).square()).sum() / (3 * sounding.sum()).clamp(min=1)


def masked_mse_dcase2020(given: Tensor, wanted: Tensor, sounding: Tensor) -> Tensor:
    """As `masked_mse_dcase2020_fixed`, but with the official code's mask.

    It repeats every class's activity three times in a row, while the vectors hold x of all classes,
    then y, then z: with classes 0 ... C - 1, the masked value i of 3 C is that of axis i // C and
    class i % C, and class i // 3 decides whether it counts.

    Source: sharathadavanne/seld-dcase2020 and -2021, masked_mse of keras_model.py (it repeats
    elements along the last axis); cls_feature_class.py has the order of the labels.
    """
    slipped = sounding.squeeze(-2).repeat_interleave(3, dim=-1).reshape(given.shape)
    return _root(slipped, given, wanted)


def masked_mse_dcase2020_fixed(given: Tensor, wanted: Tensor, sounding: Tensor) -> Tensor:
    """Root of the squared errors of those who sound, summed over the whole batch, by the number of
    their axes: it falls as the batch grows."""
    return _root(sounding.expand_as(given), given, wanted)


def _root(mask: Tensor, given: Tensor, wanted: Tensor) -> Tensor:
    total = (mask * (given - wanted).square()).sum()
    # The root has no slope at 0: an error of 0 has none here. NaN in the official code.
    root = torch.where(total > 0, total, 1.0).sqrt() * (total > 0)
    return root / mask.sum().clamp(min=1)


def masked_mae(given: Tensor, wanted: Tensor, sounding: Tensor) -> Tensor:
    """Mean absolute error of those who sound, summed over the three axes.

    Source: thomeou/SALSA, models/interfaces.py (compute_doa_reg_loss). NaN there where nobody
    sounds.
    """
    return (sounding * (given - wanted).abs()).sum() / sounding.sum().clamp(min=1)
