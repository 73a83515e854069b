"""Augmentations of training batches, by the names that recipes give them.

Each is a class with plain arguments and `__call__(batch, features, formats, generator) -> Batch`.
All draws come from the generator (a torch.Generator on the CPU): a seed gives the same batch on
every device. SCENE acts on waves, before the features; SPECTRUM on spectra, between
`features.spectrum` and `features.finish`.
"""

from collections.abc import Callable

from seldbench.augment._draws import Augmentation
from seldbench.augment.batch import Batch
from seldbench.augment.scene import WaveMixup, WaveShift
from seldbench.augment.spectrum import (
    FilterAugment,
    FilterAugmentMixed,
    FrameShift,
    Mixup,
    TimeMask,
)

SCENE: dict[str, Callable[..., Augmentation]] = {
    "wave_mixup": WaveMixup,
    "wave_shift": WaveShift,
}
SPECTRUM: dict[str, Callable[..., Augmentation]] = {
    "filter_augment": FilterAugment,
    "filter_augment_mixed": FilterAugmentMixed,
    "frame_shift": FrameShift,
    "mixup": Mixup,
    "time_mask": TimeMask,
}

__all__ = [
    "SCENE",
    "SPECTRUM",
    "Augmentation",
    "Batch",
    "FilterAugment",
    "FilterAugmentMixed",
    "FrameShift",
    "Mixup",
    "TimeMask",
    "WaveMixup",
    "WaveShift",
]
