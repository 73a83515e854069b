"""Augmentations of waves, before the features.

Source: time shift and mixup of frednam93/FDY-SED, moved to the waves for features that are padded
or logarithmic before they can be rolled or mixed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Generator
from torch.nn import functional

from seldbench.augment import _draws
from seldbench.augment.batch import Batch
from seldbench.contracts import Features, OutputFormat


class WaveMixup:
    """Clips mixed with others of like labels, as waves. The arguments are `_draws.Mixer`'s."""

    def __init__(
        self,
        *,
        groups: Sequence[Sequence[str]],
        probability: float = 1.0,
        alpha: float = 0.2,
        labels: str = "soft",
    ) -> None:
        self.mixer = _draws.Mixer(groups, probability, alpha, labels)

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        mixes = self.mixer.draw(batch, generator)
        waves = batch.waves
        for mix in mixes:
            waves = mix.audio(waves)
        return replace(batch, waves=waves, targets=self.mixer.targets(batch, mixes))


class WaveShift:
    """Every clip rolled in time by its own draw of feature hops, targets with it, floored to label
    frames. The window alone is rolled; the margin around it becomes its mirror image.

    Args:
        sigma: of the normal draw, in hops of the features.
    """

    def __init__(self, *, sigma: float = 90.0) -> None:
        self.sigma = sigma

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch:
        hop_samples = round(features.hop * features.sample_rate)
        margin = features.margin * hop_samples
        ratio = _draws.frames_per_label(batch, features)
        shift = _draws.shifts(len(batch.waves), self.sigma, generator)
        window = batch.waves[..., margin : batch.waves.shape[-1] - margin]
        window = _draws.rolled(window, [n * hop_samples for n in shift], -1)
        return replace(
            batch,
            waves=functional.pad(window, (margin, margin), mode="reflect"),
            targets=_draws.shifted_targets(batch, formats, [n // ratio for n in shift]),
        )
