"""Cuts of a clip on the grid of its features, at training and at test alike.

A clip counts as its recording, zero-padded at the end so that windows on the grid cover it. A
window is read with the features' margin at each side (mirrored at the clip's ends, as the whole
clip's own padding would be): its features, less the margins, equal the same frames of the whole
clip's. So a long clip's spectrum is made block by block, in the memory of one block. Finished
frames that reach beyond the recording hold `features.blank`, where there is one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from seldbench import audio
from seldbench.arrays import ChannelMap
from seldbench.contracts import Clip, Features, Recording
from seldbench.errors import BadFile
from seldbench.microphones import microphones, recording_of
from seldbench.spectra import SpectrumStore

Array = np.ndarray
CPU = torch.device("cpu")
BLOCK = 10.0  # seconds of a long clip that are heard at a time


@dataclass(frozen=True)
class Windowing:
    """Windows of `window` seconds. grid: the hop of the labels.

    stride: onsets lie on every so many label frames, which are brought to one in the end.
    each: the layout whose microphones are each heard alone; None: clips are heard as they are.
    store: where spectra of clips are kept, if anywhere.
    """

    features: Features
    window: float
    grid: float
    stride: int = 1
    each: str | None = None
    store: SpectrumStore = field(default_factory=SpectrumStore, compare=False)

    @property
    def samples(self) -> int:
        """Samples of a window."""
        return round(self.window * self.features.sample_rate)

    @property
    def frames(self) -> int:
        """Feature frames of a window."""
        return self.features.frames(self.samples)

    @property
    def step(self) -> float:
        """From one possible onset to the next."""
        return self.grid * self.stride

    def steps(self, hop: float) -> int:
        """The most steps that are no longer than `hop`, at least one."""
        return max(1, int(hop / self.step + 1e-6))

    def onsets(self, duration: float, hop: float) -> list[float]:
        """Onsets of the windows that cover a clip, at most `hop` apart."""
        last = self._last(duration)
        return [n * self.step for n in (*range(0, last, self.steps(hop)), last)]

    def last(self, duration: float) -> float:
        """The onset of the window that ends with a clip, or less than a step beyond it."""
        return self._last(duration) * self.step

    def _last(self, duration: float) -> int:
        return max(0, int(np.ceil((duration - self.window) / self.step - 1e-6)))

    def views(self, clip: Clip) -> tuple[Clip, ...]:
        """What is heard of a clip: itself, or each of its microphones."""
        return (clip,) if self.each is None else microphones(clip, self.each)

    def heard(self, clip: Clip, onset: float = 0.0) -> int:
        """Feature frames of the clip from `onset` on that lie within its recording."""
        samples = round(clip.duration * self.features.sample_rate)
        return max(0, self.features.frames(samples) - round(onset / self.features.hop))

    def blanked(self, finished: Tensor, heard: Tensor) -> Tensor:
        """Features whose frames from `heard`, (batch,), on hold `features.blank`; as they are where
        there is none. (batch, channels, frames, bins)."""
        if self.features.blank is None:
            return finished
        frames = torch.arange(finished.shape[2], device=finished.device)
        beyond = frames >= heard.to(finished.device)[:, None]  # (batch, frames)
        return finished.masked_fill(beyond[:, None, :, None], self.features.blank)

    def check(self, clips: Iterable[Clip]) -> None:
        """Raises BadFile or MissingData for a clip that has not what the features hear."""
        for clip in clips:
            _ = recording_of(clip, self.each or self.features.layout).mics  # opens a file's header

    def cut(self, clip: Clip, onset: float) -> Array:
        """The window from `onset` with margins: (mics, margin + samples + margin) float32."""
        start = round(onset * self.features.sample_rate)
        return self._with_margins(clip, start, self.samples)

    def spectrum(self, waves: Tensor) -> Tensor:
        """The spectrum of cut windows, margins dropped: (batch, ..., frames, bins)."""
        spectrum = self.features.spectrum(waves)
        return spectrum.narrow(-2, self.features.margin, self.frames)

    def whole_features(self, clips: Sequence[Clip], device: torch.device = CPU) -> Tensor:
        """Features of whole clips of one padded length: (clips, channels, frames, bins)."""
        return self.finished(clips, self.whole_spectra(clips, device))

    def whole_spectra(
        self, clips: Sequence[Clip], device: torch.device = CPU, turn: ChannelMap | None = None
    ) -> Tensor:
        """The spectra of whole clips of one padded length, (clips, ..., frames, bins); see
        `whole_spectrum`."""
        return torch.cat([self.whole_spectrum(clip, device, turn) for clip in clips])

    def finished(self, clips: Sequence[Clip], spectra: Tensor) -> Tensor:
        """Features of whole clips, of their spectra: (clips, channels, frames, bins)."""
        finished = self.features.finish(spectra, self.features.statistic(spectra))
        return self.blanked(finished, torch.tensor([self.heard(clip) for clip in clips]))

    def whole_spectrum(
        self, clip: Clip, device: torch.device = CPU, turn: ChannelMap | None = None
    ) -> Tensor:
        """The spectrum of the whole clip, (1, ..., frames, bins), kept or made.

        Args:
            turn: the order and signs of the channels of a rotated scene (`arrays.channel_map`).
        """
        if self.store.folder is None or turn is not None:
            return self._made(clip, device, turn)
        return torch.from_numpy(self._kept(clip).copy()).to(device)

    def kept_window(self, clip: Clip, onset: float) -> Tensor:
        """The spectrum of the window from `onset`, of what is kept: (..., frames, bins)."""
        first = round(onset / self.features.hop)
        return torch.from_numpy(self._kept(clip)[0, ..., first : first + self.frames, :].copy())

    def _kept(self, clip: Clip) -> Array:
        return self.store.get(
            clip, self.features.layout, lambda: self._made(clip, CPU, None).numpy()
        )

    def _made(self, clip: Clip, device: torch.device, turn: ChannelMap | None) -> Tensor:
        """Block by block, each into its place."""
        length = self._length(clip)
        hop_samples = round(self.features.hop * self.features.sample_rate)
        block = max(1, round(BLOCK / self.features.hop))  # frames
        total = self.features.frames(length)
        # The samples after the last full frame may be less than a block's hop, or hold no frame.
        firsts = range(0, min(max(-(-length // hop_samples) - 1, 1), total), block)
        whole: Tensor | None = None
        for first, end in pairwise([*firsts, total]):
            start = first * hop_samples
            samples = length - start if end == total else block * hop_samples
            waves = _turned(self._with_margins(clip, start, samples), turn)
            spectrum = self.features.spectrum(torch.from_numpy(waves)[None].to(device))
            part = spectrum.narrow(-2, self.features.margin, end - first)
            if len(firsts) == 1:
                return part
            if whole is None:
                whole = part.new_empty(*part.shape[:-2], total, part.shape[-1])
            whole.narrow(-2, first, end - first).copy_(part)
        if whole is None:
            raise BadFile(
                f"{clip.id}: a window of {self.window:g} s has no frame of these features; make"
                " training.window longer"
            )
        return whole

    def statistic(self, clip: Clip) -> Tensor:
        """Of the whole clip: (values,)."""
        return self.features.statistic(self.whole_spectrum(clip))[0]

    def _with_margins(self, clip: Clip, start: int, samples: int) -> Array:
        """(mics, margin + samples + margin) from sample `start` on, mirrored at the clip's ends."""
        rate = self.features.sample_rate
        margin = self.features.margin * round(self.features.hop * rate)
        first = max(start - margin, 0)
        last = min(start + samples + margin, self._length(clip))
        end = min(last / rate, clip.duration)
        waves = self._recording(clip).read(first / rate, max(end - first / rate, 0.0))
        before, after = first - (start - margin), start + samples + margin - last
        return np.pad(_padded(waves, last - first), ((0, 0), (before, after)), mode="reflect")

    def _length(self, clip: Clip) -> int:
        return round(self.last(clip.duration) * self.features.sample_rate) + self.samples

    def _recording(self, clip: Clip) -> Recording:
        found = recording_of(clip, self.features.layout)
        return audio.resampled(found, self.features.sample_rate)


def _turned(waves: Array, turn: ChannelMap | None) -> Array:
    if turn is None:
        return waves
    order, signs = turn
    return waves[order] * signs[:, None].astype(np.float32)


def _padded(waves: Array, samples: int) -> Array:
    """Zeros appended up to `samples`; what is longer by rounding is cut."""
    missing = samples - waves.shape[1]
    return np.pad(waves, ((0, 0), (0, missing))) if missing > 0 else waves[:, :samples]
