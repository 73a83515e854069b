"""The score that selects: of a network on validation splits, summed over what the recipe names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

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
from seldbench.inference.outputs import Given, nothing, together
from seldbench.prediction import Prediction
from seldbench.recipe import ClipMask, Post
from seldbench.training.data import known_labels

LOSS = "loss"  # of the recipe's heads; lower is better
BATCH = 24  # short clips whose loss is computed together


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
        """The mean over the windows of a split, cut side by side, of the heads' weighted losses;
        short clips go through the network together, and each has a loss of its own."""
        windowing = self.assembly.windowing
        network.to(device).eval()
        heard = (v for whole in self.splits[split] for v in windowing.views(whole))
        total, count = 0.0, 0
        for clips in together(heard, windowing.window, BATCH):
            onsets = windowing.onsets(max(clip.duration for clip in clips), windowing.window)
            outputs = self._outputs(network, clips, onsets, device)
            for i, clip in enumerate(clips):
                of_clip = {name: o[i] for name, o in outputs.items()}
                total += self._loss_of(clip, onsets, of_clip) * len(onsets)
            count += len(onsets) * len(clips)
        return total / count

    def _outputs(
        self, network: nn.Module, clips: list[Clip], onsets: list[float], device: torch.device
    ) -> dict[str, Tensor]:
        """What is said of the windows of clips: {head: (clips, windows, ...)}."""
        windowing = self.assembly.windowing
        features = windowing.whole_features(clips, device)
        firsts = [round(onset / windowing.features.hop) for onset in onsets]
        cuts = torch.stack([features[:, :, f : f + windowing.frames] for f in firsts], dim=1)
        given = [self.given(clip) for clip in clips]
        inputs = {
            name: torch.stack([g[name] for g in given]).repeat_interleave(len(firsts), 0).to(device)
            for name in given[0]
        }
        outputs = network(cuts.flatten(0, 1), **inputs)
        shape = (len(clips), len(firsts))
        return {name: o.float().unflatten(0, shape) for name, o in outputs.items()}

    def _loss_of(self, clip: Clip, onsets: Sequence[float], outputs: Mapping[str, Tensor]) -> float:
        """Of all windows of a clip."""
        loss = 0.0
        for name, head in self.assembly.stage.heads.items():
            form = self.assembly.formats[name]
            targets = [
                form.encode(clip, onset, self.assembly.frames, self.assembly.windowing.grid)
                for onset in onsets
            ]
            said = outputs[name]
            loss += head.weight * float(
                form.losses[head.loss](said, torch.stack(targets).to(said.device))
            )
        return loss

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
        direction=post.direction,
    )


def directed(events: EventList) -> bool:
    """Whether every event has a direction."""
    return all(event.doa is not None for event in events)


def mask_of(assembly: Assembly, post: Post) -> ClipMask | None:
    """The recipe's clip mask, for a stage that has the heads it acts on."""
    mask = post.clip_mask
    heads = set() if mask is None else {mask.frames, mask.clip}
    return mask if heads <= set(assembly.formats) else None
