"""Cuts of a clip on the grid of its features, at training and at test alike.

A clip counts as its recording, zero-padded at the end so that windows on the grid cover it. A
window is read with the features' margin at each side (mirrored at the clip's ends, as the whole
clip's own padding would be): its features, less the margins, equal the same frames of the whole
clip's.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seldbench import audio
from seldbench.contracts import Clip, Features, Recording
from seldbench.errors import BadFile

Array = np.ndarray


@dataclass(frozen=True)
class Windowing:
    """Windows of `window` seconds whose onsets lie on `grid` (the hop of the labels)."""

    features: Features
    window: float
    grid: float

    @property
    def samples(self) -> int:
        """Samples of a window."""
        return round(self.window * self.features.sample_rate)

    @property
    def frames(self) -> int:
        """Feature frames of a window."""
        return self.features.frames(self.samples)

    def onsets(self, duration: float, hop: float) -> list[float]:
        """Onsets of the windows that cover a clip, on the grid and at most `hop` apart.

        The last one ends with the clip, or less than a step of the grid beyond it.
        """
        last = max(0, int(np.ceil((duration - self.window) / self.grid - 1e-6)))
        step = max(1, int(hop / self.grid + 1e-6))
        return [n * self.grid for n in (*range(0, last, step), last)]

    def whole(self, clip: Clip) -> Array:
        """The whole clip, padded; (mics, samples) float32."""
        waves = self._recording(clip).read(0.0, clip.duration)
        return _padded(waves, self._length(clip))

    def cut(self, clip: Clip, onset: float) -> Array:
        """The window from `onset` with margins: (mics, margin + samples + margin) float32."""
        margin, start = self._margin, round(onset * self.features.sample_rate)
        first = max(start - margin, 0)
        last = min(start + self.samples + margin, self._length(clip))
        rate = self.features.sample_rate
        end = min(last / rate, clip.duration)
        waves = _padded(self._recording(clip).read(first / rate, end - first / rate), last - first)
        before, after = first - (start - margin), start + self.samples + margin - last
        return np.pad(waves, ((0, 0), (before, after)), mode="reflect")

    def spectrum(self, waves: Tensor) -> Tensor:
        """The spectrum of cut windows, margins dropped: (batch, ..., frames, bins)."""
        spectrum = self.features.spectrum(waves)
        return spectrum.narrow(-2, self.features.margin, self.frames)

    def statistic(self, clip: Clip) -> Tensor:
        """Of the whole clip: (values,)."""
        waves = torch.from_numpy(self.whole(clip))[None]
        return self.features.statistic(self.features.spectrum(waves))[0]

    @property
    def _margin(self) -> int:
        return self.features.margin * round(self.features.hop * self.features.sample_rate)

    def _length(self, clip: Clip) -> int:
        last = self.onsets(clip.duration, self.window)[-1]
        return round(last * self.features.sample_rate) + self.samples

    def _recording(self, clip: Clip) -> Recording:
        layout = self.features.layout
        if layout not in clip.recordings:
            raise BadFile(
                f"{clip.id}: has no {layout!r} recording (it has: {', '.join(clip.recordings)});"
                " choose features of a layout that it has"
            )
        return audio.resampled(clip.recordings[layout], self.features.sample_rate)


def _padded(waves: Array, samples: int) -> Array:
    """Zeros appended up to `samples`; what is longer by rounding is cut."""
    missing = samples - waves.shape[1]
    return np.pad(waves, ((0, 0), (0, missing))) if missing > 0 else waves[:, :samples]
