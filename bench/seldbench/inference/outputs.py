"""What a network says of whole clips: features once a clip, windows cut from them, overlaps merged.

Short clips share a batch; memory is bounded by the batch and the longest clip.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from seldbench.arrays import channel_map
from seldbench.contracts import Clip, OutputFormat
from seldbench.geometry import ROTATIONS, Rotation
from seldbench.windows import Windowing

IDENTITY = ROTATIONS[0]
# A clip -> what the network hears of it besides the features, by argument: (values,) each.
Given = Callable[[Clip], Mapping[str, Tensor]]


def nothing(clip: Clip) -> Mapping[str, Tensor]:
    """No inputs but the features."""
    return {}


@dataclass(frozen=True)
class Listener:
    """A network with its windows and the formats of its heads.

    hop: seconds from one window of a long clip to the next. frames: label frames of a window.
    given: what the network hears of a clip besides its features.
    rotations: a clip is heard turned by each of them, and the answers, turned back, are averaged.
    Everything is computed in float32, so that scores do not depend on the machine's autocast.
    """

    network: nn.Module
    windowing: Windowing
    formats: Mapping[str, OutputFormat]
    hop: float
    frames: int
    device: torch.device
    rotations: tuple[Rotation, ...] = (IDENTITY,)
    batch: int = 24
    given: Given = nothing

    @torch.inference_mode()
    def __call__(self, clips: Iterable[Clip]) -> Iterator[tuple[Clip, dict[str, Tensor]]]:
        """Activated outputs of each clip on the CPU: {head: (label frames, ...) or (...)}."""
        self.network.eval()
        for group in _together(clips, self.windowing.window, self.batch):
            yield from zip(group, self._outputs(group))

    def spectra(self, clips: list[Clip], rotation: Rotation = IDENTITY) -> Tensor:
        """Features of whole clips of one padded length: (clips, channels, frames, bins)."""
        layout = self.windowing.features.layout
        turn = None if rotation == IDENTITY else channel_map(layout, rotation)
        return self.windowing.whole_features(clips, self.device, turn)

    def _outputs(self, clips: list[Clip]) -> list[dict[str, Tensor]]:
        starts = self.windowing.onsets(max(clip.duration for clip in clips), self.hop)
        firsts = [round(start / self.windowing.features.hop) for start in starts]
        views = [self._heard(clips, firsts, rotation) for rotation in self.rotations]
        outputs = {name: torch.cat([v[name] for v in views], dim=1) for name in views[0]}
        every = starts * len(views)
        return [
            self._merged({name: o[i] for name, o in outputs.items()}, every, clip)
            for i, clip in enumerate(clips)
        ]

    def _heard(self, clips: list[Clip], firsts: list[int], rotation: Rotation) -> dict[str, Tensor]:
        """What is said of the windows of a turned scene, turned back: (clips, windows, ...)."""
        spectra = self.spectra(clips, rotation)
        length = self.windowing.frames
        cuts = torch.stack([spectra[:, :, f : f + length] for f in firsts], dim=1).flatten(0, 1)
        outputs = self._run(cuts, self._given(clips, len(firsts)))
        back = rotation.inverse
        if rotation != IDENTITY:
            outputs = {name: self.formats[name].rotate(o, back) for name, o in outputs.items()}
        return {name: o.unflatten(0, (len(clips), len(firsts))) for name, o in outputs.items()}

    def _given(self, clips: list[Clip], windows: int) -> dict[str, Tensor]:
        """The further inputs of every window: {argument: (clips * windows, values)}."""
        of_clips = [self.given(clip) for clip in clips]
        return {
            name: torch.stack([g[name] for g in of_clips]).repeat_interleave(windows, 0)
            for name in of_clips[0]
        }

    def _run(self, cuts: Tensor, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        parts: dict[str, list[Tensor]] = {}
        for first in range(0, len(cuts), self.batch):
            chunk = slice(first, first + self.batch)
            further = {name: t[chunk].to(self.device) for name, t in given.items()}
            raw = self.network(cuts[chunk], **further)
            for name, form in self.formats.items():
                parts.setdefault(name, []).append(form.activate(raw[name].float()).cpu())
        return {name: torch.cat(chunks) for name, chunks in parts.items()}

    def _merged(
        self, outputs: Mapping[str, Tensor], starts: list[float], clip: Clip
    ) -> dict[str, Tensor]:
        """The clip's windows as one."""
        hop = self.windowing.grid
        firsts = [round(start / hop) for start in starts]
        # A clip's last part of a frame has no label frame where the network's frames end before it.
        frames = min(int(np.ceil(clip.duration / hop - 1e-6)), max(firsts) + self.frames)
        return {
            name: form.merge(outputs[name], firsts, frames) for name, form in self.formats.items()
        }


def _together(clips: Iterable[Clip], window: float, batch: int) -> Iterator[list[Clip]]:
    """Runs of clips that fit one window, at most `batch`; a longer clip comes alone."""
    group: list[Clip] = []
    for clip in clips:
        if clip.duration > window or len(group) == batch:
            if group:
                yield group
            group = []
        if clip.duration > window:
            yield [clip]
        else:
            group.append(clip)
    if group:
        yield group
