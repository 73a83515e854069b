"""Augmentations of training batches, by the names that recipes give them.

Each is a class with plain arguments and `__call__(batch, features, formats, generator) -> Batch`.
All draws come from the generator (a torch.Generator on the CPU): a seed gives the same batch on
every device. SCENE acts on waves, before the features; SPECTRUM on spectra, between
`features.spectrum` and `features.finish`.
"""

from collections.abc import Callable

from seldbench.augment._draws import Augmentation
from seldbench.augment.batch import Batch
from seldbench.augment.patches import Cutout, FrequencyShift, SpecAugment
from seldbench.augment.scene import MixScenes, Rotate, TagMixup, WaveMixup, WaveShift
from seldbench.augment.spectrum import (
    FilterAugment,
    FilterAugmentMixed,
    FrameShift,
    Mixup,
    NoiseRoll,
    TimeMask,
)
from seldbench.augment.warp import FrequencyWarp, LevelNoise, RandomGain, TimeWarp

SCENE: dict[str, Callable[..., Augmentation]] = {
    "mix_scenes": MixScenes,
    "rotate": Rotate,
    "tag_mixup": TagMixup,
    "wave_mixup": WaveMixup,
    "wave_shift": WaveShift,
}
SPECTRUM: dict[str, Callable[..., Augmentation]] = {
    "cutout": Cutout,
    "filter_augment": FilterAugment,
    "filter_augment_mixed": FilterAugmentMixed,
    "frame_shift": FrameShift,
    "frequency_shift": FrequencyShift,
    "frequency_warp": FrequencyWarp,
    "level_noise": LevelNoise,
    "mixup": Mixup,
    "noise_roll": NoiseRoll,
    "random_gain": RandomGain,
    "spec_augment": SpecAugment,
    "time_mask": TimeMask,
    "time_warp": TimeWarp,
}

__all__ = [
    "SCENE",
    "SPECTRUM",
    "Augmentation",
    "Batch",
    "Cutout",
    "FilterAugment",
    "FilterAugmentMixed",
    "FrameShift",
    "FrequencyShift",
    "FrequencyWarp",
    "LevelNoise",
    "MixScenes",
    "Mixup",
    "NoiseRoll",
    "RandomGain",
    "Rotate",
    "SpecAugment",
    "TagMixup",
    "TimeMask",
    "TimeWarp",
    "WaveMixup",
    "WaveShift",
]
