"""The score that selects: of a network on validation splits, summed over what the recipe names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import UnknownName, near
from seldbench.evaluation import SELECTION, Validation
from seldbench.events import DirectionTable, EventList
from seldbench.experiment.assembly import Assembly
from seldbench.inference.decoding import decode, masked
from seldbench.inference.gathering import (
    clip_scores_of,
    direction_reference,
    directions_of,
    frame_outputs_of,
    frame_scores_of,
    reference_of,
)
from seldbench.inference.outputs import Given, nothing
from seldbench.prediction import Prediction
from seldbench.recipe import ClipMask, Post
from seldbench.training.data import known_labels

LOSS = "loss"  # of the recipe's heads; lower is better


@dataclass(frozen=True)
class Validator:
    """select: {split: name of its score}. scorer: whose rules hold for halves of a system of
    directions. Post-processing is the recipe's before any tuning."""

    assembly: Assembly
    splits: Mapping[str, Sequence[Clip]]
    select: Mapping[str, str]
    post: Post
    scorer: str = ""
    given: Given = nothing

    def __post_init__(self) -> None:
        for name in self.select.values():
            if name not in (*SELECTION, LOSS):
                raise UnknownName(
                    f"select: no score {name!r}{near(name, [*SELECTION, LOSS])};"
                    f" there are: {', '.join([*SELECTION, LOSS])}"
                )

    def __call__(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """{"valid/... name": value, ..., "score": their sum, or the loss with its sign turned}."""
        if LOSS in self.select.values():
            losses = {
                f"{split} {LOSS}": self._loss(network, split, device) for split in self.select
            }
            return {**losses, "score": -sum(losses.values())}
        scores = {
            f"{split} {name}": SELECTION[name](self._validation(network, split, device))
            for split, name in self.select.items()
        }
        return {**scores, "score": sum(scores.values())}

    def _loss(self, network: nn.Module, split: str, device: torch.device) -> float:
        """The mean over the windows of a split, cut side by side, of the heads' weighted losses."""
        windowing = self.assembly.windowing
        network.to(device).eval()
        total, count = 0.0, 0
        for clip in (v for whole in self.splits[split] for v in windowing.views(whole)):
            onsets = windowing.onsets(clip.duration, windowing.window)
            features = windowing.whole_features([clip], device)
            firsts = [round(onset / windowing.features.hop) for onset in onsets]
            cuts = torch.cat([features[:, :, f : f + windowing.frames] for f in firsts])
            given = {n: t.to(device).expand(len(cuts), -1) for n, t in self.given(clip).items()}
            outputs = network(cuts, **given)
            for name, head in self.assembly.stage.heads.items():
                form = self.assembly.formats[name]
                encoded = [
                    form.encode(clip, onset, self.assembly.frames, windowing.grid)
                    for onset in onsets
                ]
                loss = form.losses[head.loss](
                    outputs[name].float(), torch.stack(encoded).to(device)
                )
                total += head.weight * float(loss) * len(onsets)
            count += len(onsets)
        return total / count

    def _validation(self, network: nn.Module, split: str, device: torch.device) -> Validation:
        clips = self.splits[split]
        formats = self.assembly.formats
        classes = self.assembly.classes
        post = fixed(self.post, classes)
        how = self.assembly.stage.validation
        listener = self.assembly.listener(network, device, self.given, how)
        predictions = {
            clip.id: decode(
                masked(outputs, mask_of(self.assembly, self.post)),
                clip,
                formats=formats,
                hop=self.assembly.grid,
                post=post,
            )
            for clip, outputs in listener(clips)
        }
        rows = direction_reference(clips)
        return Validation(
            reference=reference_of(clips),
            durations={clip.id: clip.duration for clip in clips},
            labels={clip.id: known_labels(clip) for clip in clips},
            frame_scores=frame_scores_of(predictions, clips, classes),
            clip_scores=clip_scores_of(predictions, clips),
            clips=tuple(clip.id for clip in clips),
            classes=classes,
            directions=self._directions(clips, predictions),
            rows=rows,
            outputs=None if rows is None else frame_outputs_of(predictions),
            scorer=self.scorer,
        )

    def _directions(
        self, clips: Sequence[Clip], predictions: Mapping[str, Prediction]
    ) -> tuple[DirectionTable, DirectionTable] | None:
        known = direction_reference(clips)
        said = [p.events for p in predictions.values()]
        if known is None or not all(events is not None and directed(events) for events in said):
            return None
        grid = self.assembly.grid
        return known, directions_of(predictions, self.assembly.classes, grid)


def fixed(post: Post, classes: Sequence[str]) -> PostProcessing:
    """The recipe's own values, by class."""
    return PostProcessing(
        post.by_class("thresholds", classes),
        post.by_class("medians", classes),
        post.origin,
        post.boxes_of(classes),
    )


def directed(events: EventList) -> bool:
    """Whether every event has a direction."""
    return all(event.doa is not None for event in events)


def mask_of(assembly: Assembly, post: Post) -> ClipMask | None:
    """The recipe's clip mask, for a stage that has the heads it acts on."""
    mask = post.clip_mask
    heads = set() if mask is None else {mask.frames, mask.clip}
    return mask if heads <= set(assembly.formats) else None
