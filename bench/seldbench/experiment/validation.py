"""The score that selects: of a network on validation splits, summed over what the recipe names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import UnknownName, near
from seldbench.evaluation import SELECTION, Validation
from seldbench.experiment.assembly import Assembly
from seldbench.inference.decoding import decode, masked
from seldbench.inference.gathering import clip_scores_of, frame_scores_of, reference_of
from seldbench.recipe import Post


@dataclass(frozen=True)
class Validator:
    """select: {split: name of its score}. Post-processing is the recipe's before any tuning."""

    assembly: Assembly
    splits: Mapping[str, Sequence[Clip]]
    select: Mapping[str, str]
    post: Post

    def __post_init__(self) -> None:
        for name in self.select.values():
            if name not in SELECTION:
                raise UnknownName(
                    f"select: no score {name!r}{near(name, SELECTION)};"
                    f" there are: {', '.join(SELECTION)}"
                )

    def __call__(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """{"valid/... name": value, ..., "score": their sum}."""
        scores = {
            f"{split} {name}": SELECTION[name](self._validation(network, split, device))
            for split, name in self.select.items()
        }
        return {**scores, "score": sum(scores.values())}

    def _validation(self, network: nn.Module, split: str, device: torch.device) -> Validation:
        clips = self.splits[split]
        formats = self.assembly.formats
        classes = self.assembly.classes
        post = fixed(self.post, classes)
        predictions = {
            clip.id: decode(
                masked(outputs, self.post.clip_mask),
                clip,
                formats=formats,
                hop=self.assembly.windowing.grid,
                post=post,
            )
            for clip, outputs in self.assembly.listener(network, device)(clips)
        }
        return Validation(
            reference=reference_of(clips),
            durations={clip.id: clip.duration for clip in clips},
            labels={clip.id: known_labels(clip) for clip in clips},
            frame_scores=frame_scores_of(predictions, clips, classes),
            clip_scores=clip_scores_of(predictions, clips),
            clips=tuple(clip.id for clip in clips),
            classes=classes,
        )


def fixed(post: Post, classes: Sequence[str]) -> PostProcessing:
    """The recipe's own values, by class."""
    return PostProcessing(
        post.by_class("thresholds", classes), post.by_class("medians", classes), post.origin
    )


def known_labels(clip: Clip) -> frozenset[str]:
    """Weak labels, or those of the events."""
    if clip.labels is not None:
        return clip.labels
    return frozenset() if clip.events is None else clip.events.labels
