"""What a network says of whole clips: features once a clip, windows cut from them, overlaps merged.

Short clips share a batch; memory is bounded by the batch and the longest clip.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from seldbench import windows
from seldbench.contracts import Clip, Features, OutputFormat


@dataclass(frozen=True)
class Listener:
    """A network with its features and the formats of its heads.

    window, hop: seconds of the windows at test and from one to the next. label_hop: of its outputs.
    """

    network: nn.Module
    features: Features
    formats: Mapping[str, OutputFormat]
    window: float
    hop: float
    label_hop: float
    device: torch.device
    batch: int = 24
    dtype: torch.dtype = field(default=torch.float32)

    def __call__(self, clips: Iterable[Clip]) -> Iterator[tuple[Clip, dict[str, Tensor]]]:
        """Activated outputs of each clip on the CPU, {head: (label frames, ...) or (...)}."""
        for group in _together(clips, self.window, self.batch):
            yield from zip(group, self._outputs(group))

    def spectra(self, clips: list[Clip]) -> Tensor:
        """Finished features of clips of one padded length: (clips, channels, frames, bins)."""
        waves = [windows.read_whole(clip, self.features, self.window) for clip in clips]
        stacked = torch.from_numpy(np.stack(waves)).to(self.device)
        spectrum = self.features.spectrum(stacked)
        return self.features.finish(spectrum, self.features.statistic(spectrum))

    @torch.inference_mode()
    def _outputs(self, clips: list[Clip]) -> list[dict[str, Tensor]]:
        spectra = self.spectra(clips)
        length = self.features.frames(windows.samples_of(self.window, self.features))
        duration = max(clip.duration for clip in clips)
        starts = windows.onsets(duration, self.window, self.hop, self.label_hop)
        firsts = [round(start / self.features.hop) for start in starts]
        cuts = torch.stack([spectra[:, :, f : f + length] for f in firsts], dim=1).flatten(0, 1)
        outputs = self._run(cuts)
        return [
            self._merged(outputs, slice(i * len(starts), (i + 1) * len(starts)), starts, clip)
            for i, clip in enumerate(clips)
        ]

    def _run(self, cuts: Tensor) -> dict[str, Tensor]:
        parts: dict[str, list[Tensor]] = {}
        enabled = self.dtype != torch.float32
        for chunk in cuts.split(self.batch):
            with torch.autocast(self.device.type, self.dtype, enabled=enabled):
                raw = self.network(chunk)
            for name, form in self.formats.items():
                parts.setdefault(name, []).append(form.activate(raw[name].float()).cpu())
        return {name: torch.cat(chunks) for name, chunks in parts.items()}

    def _merged(
        self, outputs: Mapping[str, Tensor], rows: slice, starts: list[float], clip: Clip
    ) -> dict[str, Tensor]:
        # Label frames that begin inside the clip; a tail beyond the last window's has no frame.
        frames = int(np.ceil(clip.duration / self.label_hop - 1e-6))
        firsts = [round(start / self.label_hop) for start in starts]
        return {
            name: form.merge(outputs[name][rows], firsts, frames)
            for name, form in self.formats.items()
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
