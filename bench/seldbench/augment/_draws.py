"""Random numbers and mixing that augmentations of waves and of spectra share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Generator, Tensor

from seldbench.augment.batch import Batch
from seldbench.contracts import Features, OutputFormat
from seldbench.errors import near


class Augmentation(Protocol):
    """A change of a batch: audio and targets together."""

    def __call__(
        self,
        batch: Batch,
        features: Features,
        formats: Mapping[str, OutputFormat],
        generator: Generator,
    ) -> Batch: ...


def spectrum_of(batch: Batch) -> Tensor:
    """Errors: ValueError for a batch without a spectrum."""
    if batch.spectrum is None:
        raise ValueError("this augmentation acts on spectra: list it under `spectrum`, not `scene`")
    return batch.spectrum


def frames_per_label(batch: Batch, features: Features) -> int:
    """Feature frames of a label frame.

    Errors: ValueError where these are no whole number: neither could be moved with the other.
    """
    if batch.label_hop is None:
        raise ValueError("the batch does not know the hop of its label frames: set `label_hop`")
    ratio = batch.label_hop / features.hop
    if abs(ratio - round(ratio)) > 1e-6 * ratio:
        raise ValueError(
            f"label frames of {batch.label_hop:g} s are not made of whole feature frames of"
            f" {features.hop:g} s: what is moved in time needs those; leave it out"
        )
    return round(ratio)


def checked_probability(probability: float) -> float:
    """Errors: ValueError for what is none."""
    if not 0 <= probability <= 1:
        raise ValueError(f"probability is {probability}: it lies in [0, 1]")
    return probability


def uniform(shape: tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    """Numbers in [low, high)."""
    return torch.rand(shape, generator=generator) * (high - low) + low


def integer(low: int, high: int, generator: Generator) -> int:
    """One of low ... high - 1."""
    return int(torch.randint(low, high, (), generator=generator))


def beta(a: float, b: float, generator: Generator) -> float:
    """One number of Beta(a, b)."""
    # torch's Beta takes no generator: numpy draws, from a seed that ours gave.
    seed = integer(0, 2**63 - 1, generator)
    return float(np.random.default_rng(seed).beta(a, b))


def betas(count: int, a: float, b: float, generator: Generator) -> Tensor:
    """So many numbers of Beta(a, b), (count,) float32."""
    seed = integer(0, 2**63 - 1, generator)
    return torch.from_numpy(np.random.default_rng(seed).beta(a, b, count).astype(np.float32))


def shifts(clips: int, sigma: float, generator: Generator) -> list[int]:
    """A normal number for every clip, cut to the integer towards zero."""
    return [int(x) for x in sigma * torch.randn(clips, generator=generator, dtype=torch.float64)]


def rolled(tensor: Tensor, shift: Sequence[int], axis: int) -> Tensor:
    """Every clip rolled by its own shift; `axis` counts from the end."""
    return torch.stack([clip.roll(n, axis) for clip, n in zip(tensor, shift, strict=True)])


def shifted_targets(
    batch: Batch, formats: Mapping[str, OutputFormat], shift: Sequence[int]
) -> dict[str, Tensor]:
    """Targets of every head, each clip moved by its own number of label frames."""
    return {
        head: torch.cat([formats[head].shift(target[i : i + 1], n) for i, n in enumerate(shift)])
        for head, target in batch.targets.items()
    }


@dataclass(frozen=True)
class Mix:
    """Which clips are mixed with which: rows * weight + partners * (1 - weight)."""

    rows: Tensor
    partners: Tensor
    weight: float

    def audio(self, tensor: Tensor) -> Tensor:
        """Mixed waves or spectra, the other rows as they are."""
        return self._mixed(tensor, self.weight, 1 - self.weight)

    def soft(self, targets: Tensor) -> Tensor:
        """Targets weighted as the audio is."""
        return self._mixed(targets, self.weight, 1 - self.weight).clamp(max=1)

    def hard(self, targets: Tensor, form: OutputFormat) -> Tensor:
        """The union of both clips' targets."""
        rows, partners = self.rows.to(targets.device), self.partners.to(targets.device)
        return targets.index_copy(0, rows, form.union(targets[rows], targets[partners]))

    def loudest(self, inputs: Tensor) -> Tensor:
        """Of both clips' values the larger one: what a union is of labels."""
        rows, partners = self.rows.to(inputs.device), self.partners.to(inputs.device)
        return inputs.index_copy(0, rows, torch.maximum(inputs[rows], inputs[partners]))

    def _mixed(self, tensor: Tensor, own: float, other: float) -> Tensor:
        rows, partners = self.rows.to(tensor.device), self.partners.to(tensor.device)
        return tensor.index_copy(0, rows, own * tensor[rows] + other * tensor[partners])


class Mixer:
    """Draws a Mix for each set of splits with like labels; the arguments of every mixup.

    Args:
        groups: sets of splits; a clip is mixed only with clips of its own set. Splits that no set
            names are left alone (unlabelled clips, as a rule).
        probability: that a batch is mixed at all.
        alpha: the weight is drawn from Beta(alpha, alpha), one for each set.
        labels: "soft": weighted as the audio is; targets with tracks cannot be. "hard": the
            union, and the weight is drawn to [0.3, 0.7], so that both clips are heard.
    """

    def __init__(
        self, groups: Sequence[Sequence[str]], probability: float, alpha: float, labels: str
    ) -> None:
        if labels not in ("soft", "hard"):
            raise ValueError(f"no labels {labels!r}{near(labels, ('soft', 'hard'))}: soft or hard")
        if alpha <= 0:
            raise ValueError(f"alpha is {alpha}: Beta(alpha, alpha) needs a positive one")
        self.probability = checked_probability(probability)
        self.groups, self.alpha, self.labels = groups, alpha, labels

    def draw(self, batch: Batch, generator: Generator) -> list[Mix]:
        """One Mix a set; none where the batch stays as it is."""
        if float(torch.rand((), generator=generator)) >= self.probability:
            return []
        return [self._mix(batch.positions(splits), generator) for splits in self.groups]

    def targets(
        self, batch: Batch, formats: Mapping[str, OutputFormat], mixes: Sequence[Mix]
    ) -> dict[str, Tensor]:
        """The targets of every head, mixed."""
        targets = dict(batch.targets)
        for mix in mixes:
            for head, target in targets.items():
                soft = self.labels == "soft"
                targets[head] = mix.soft(target) if soft else mix.hard(target, formats[head])
        return targets

    def inputs(self, batch: Batch, mixes: Sequence[Mix]) -> dict[str, Tensor]:
        """What the network is given besides, mixed as the targets are."""
        inputs = dict(batch.inputs)
        for mix in mixes:
            for name, given in inputs.items():
                inputs[name] = mix.soft(given) if self.labels == "soft" else mix.loudest(given)
        return inputs

    def heard(self, batch: Batch, mixes: Sequence[Mix]) -> Tensor | None:
        """A mixed clip lasts as long as the longer of the two."""
        heard = batch.heard
        for mix in mixes:
            heard = None if heard is None else mix.loudest(heard)
        return heard

    def _mix(self, rows: Tensor, generator: Generator) -> Mix:
        weight = beta(self.alpha, self.alpha, generator)
        if self.labels == "hard":
            weight = 0.3 + 0.4 * weight
        return Mix(rows, rows[torch.randperm(len(rows), generator=generator)], weight)
