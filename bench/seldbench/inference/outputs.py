"""What a network says of whole clips: spectra once a clip, windows cut from them, overlaps merged.

A clip may be heard in several views: by each of its microphones, or turned by rotations, whose
features are made from the one spectrum where they can be. Short clips share a batch; memory is
bounded by the batch and by one view of the longest clip.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from seldbench.arrays import channel_map
from seldbench.contracts import Clip, OutputFormat
from seldbench.geometry import IDENTITY, Rotation
from seldbench.windows import Windowing

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
    rotations: a clip is heard turned by each of them, and the answers, turned back, are averaged;
    as those of its microphones are where each is heard alone.
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
        for group in together(clips, self.windowing.window, self.batch):
            yield from zip(group, self._outputs(group))

    def views(self, clips: list[Clip]) -> Iterator[tuple[Rotation, Tensor]]:
        """Every way in which clips of one padded length are heard, one after the other: how they
        are turned, and their features, (clips, channels, frames, bins)."""
        for same in zip(*map(self.windowing.views, clips), strict=True):
            yield from self._turned(same)

    def _turned(self, clips: Sequence[Clip]) -> Iterator[tuple[Rotation, Tensor]]:
        features = self.windowing.features
        spectra = self.windowing.whole_spectra(clips, self.device)
        for rotation in self.rotations:
            turned = features.rotate(spectra, rotation)
            if turned is None:
                channels = channel_map(features.layout, rotation)
                assert channels is not None  # one of the layout's rotations
                turned = self.windowing.whole_spectra(clips, self.device, channels)
            yield rotation, self.windowing.finished(clips, turned)

    def _outputs(self, clips: list[Clip]) -> list[dict[str, Tensor]]:
        starts = self.windowing.onsets(max(clip.duration for clip in clips), self.hop)
        firsts = [round(start / self.windowing.features.hop) for start in starts]
        given = self._given(clips, len(firsts))
        views = [self._heard(f, firsts, given, rotation) for rotation, f in self.views(clips)]
        outputs = {name: torch.cat([v[name] for v in views], dim=1) for name in views[0]}
        every = starts * len(views)
        return [
            self._merged({name: o[i] for name, o in outputs.items()}, every, clip)
            for i, clip in enumerate(clips)
        ]

    def _heard(
        self,
        features: Tensor,
        firsts: list[int],
        given: Mapping[str, Tensor],
        rotation: Rotation,
    ) -> dict[str, Tensor]:
        """What is said of the windows of turned scenes, turned back: (clips, windows, ...)."""
        outputs = self._run(features, firsts, given)
        if rotation != IDENTITY:
            back = rotation.inverse
            outputs = {name: self.formats[name].rotate(o, back) for name, o in outputs.items()}
        shape = (len(features), len(firsts))
        return {name: o.unflatten(0, shape) for name, o in outputs.items()}

    def _given(self, clips: list[Clip], windows: int) -> dict[str, Tensor]:
        """The further inputs of every window: {argument: (clips * windows, values)}."""
        of_clips = [self.given(clip) for clip in clips]
        return {
            name: torch.stack([g[name] for g in of_clips]).repeat_interleave(windows, 0)
            for name in of_clips[0]
        }

    def _run(
        self, features: Tensor, firsts: list[int], given: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """(clips, channels, frames, bins) -> (clips * windows, ...). Windows are cut a batch at a
        time: where they overlap, all together are many times their clip."""
        parts: dict[str, list[Tensor]] = {}
        places = [(clip, first) for clip in features for first in firsts]
        length = self.windowing.frames
        for begin in range(0, len(places), self.batch):
            chunk = slice(begin, begin + self.batch)
            cuts = torch.stack([clip[:, f : f + length] for clip, f in places[chunk]])
            further = {name: t[chunk].to(self.device) for name, t in given.items()}
            raw = self.network(cuts, **further)
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
        merged = {
            name: form.merge(outputs[name], firsts, frames) for name, form in self.formats.items()
        }
        times = self.windowing.stride
        if times == 1:
            return merged
        return {name: form.coarser(merged[name], times) for name, form in self.formats.items()}


def together(clips: Iterable[Clip], window: float, batch: int) -> Iterator[list[Clip]]:
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
