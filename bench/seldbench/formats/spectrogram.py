"""`spectrogram`: the image of the source that a clip asks for, alone (see `seldbench.images`).

The network returns images, (..., frames, estimates, bins): estimate 0 is its answer; further ones
are those of its branches, where several make the answer together.

Source: Long et al., "Sound event localization and detection utilizing overlapping end-to-end
learning", section 3, for the squared error; what is an image is in `seldbench.images`. The loss of
the branches is ours: it keeps each of them a separation of its own.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from seldbench import audio, images
from seldbench.contracts import Clip, PostProcessing, Recording
from seldbench.formats import _frames, _target
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from seldbench.contracts import Loss

TARGET = "target"  # the recording of the source that is asked for


def mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of the answer over clips, frames and bins; in float32."""
    return functional.mse_loss(outputs[..., 0, :].float(), targets.float())


def mse_branches(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of every estimate but the answer; in float32.

    Errors: ValueError where there is the answer alone.
    """
    branches = outputs[..., 1:, :].float()
    if branches.shape[-2] == 0:
        raise ValueError("the network has no branches: take the loss `mse`")
    return (branches - targets.float().unsqueeze(-2)).square().mean()


class Spectrogram:
    """The image of a clip's target. Label frames are those of images, 16 ms."""

    version = 1
    losses: ClassVar[Mapping[str, "Loss"]] = {"mse": mse, "mse_branches": mse_branches}

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.size = images.BINS

    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor:
        """(frames, bins), of the window that begins at `onset`; zeros, -120 dB, beyond the clip and
        of one that is known to hold nothing.

        Errors: ValueError for a clip without the recording of its target, or another hop.
        """
        _check_hop(hop)
        if _target.silent(clip):
            return torch.zeros(frames, self.size)
        if TARGET not in clip.recordings:
            raise ValueError(
                f"clip {clip.id!r} has no recording of its target alone: let this head's `on` name"
                " only splits that have one"
            )
        samples = (frames + 1) * images.HOP_SAMPLES
        wave = _wave(clip.recordings[TARGET], onset, samples / images.SAMPLE_RATE)[:samples]
        return images.images(functional.pad(wave, (0, samples - len(wave))))

    def activate(self, outputs: Tensor) -> Tensor:
        """As they are, float32: the network returns images."""
        return outputs.float()

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """Rolled by label frames, with wrap; the frame axis is -2."""
        return targets.roll(frames, -2)

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """The louder of the two in every bin: near the image of their sum, whose phases are not
        known."""
        return torch.maximum(first, second)

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, window frames, estimates, bins) -> (frames, estimates, bins), overlaps
        averaged."""
        return _frames.overlap_average(windows, starts, frames)

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """Errors: ValueError always: a signal is made of images of 16 ms frames."""
        raise ValueError("images have frames of 16 ms and no others: leave `inference.grid` out")

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """As they are: one microphone's image has no direction."""
        return targets

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """As they are: one microphone's image has no direction."""
        return outputs

    def decode(self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing) -> Prediction:
        """The answer of (frames, estimates, bins) as a signal at 16 kHz, with the phase of the
        clip's mixture at its first microphone: source 0, as long as the clip.

        Errors: ValueError for another hop, or a clip without a mixture.
        """
        _check_hop(hop)
        mixtures = [r for layout, r in clip.recordings.items() if layout != TARGET]
        if not mixtures:
            raise ValueError(
                f"clip {clip.id!r} has no recording of the mixture, whose phase a signal would have"
            )
        mixture = _wave(mixtures[0], 0.0, clip.duration)
        signal = images.resynthesised(outputs.detach().float().cpu()[:, 0], mixture)
        return Prediction(sources={0: signal.numpy()})


def _wave(recording: Recording, onset: float, duration: float) -> Tensor:
    """The first microphone at 16 kHz, (samples,)."""
    heard = audio.resampled(recording, images.SAMPLE_RATE).read(onset, duration)
    return torch.tensor(heard[0], dtype=torch.float32)


def _check_hop(hop: float) -> None:
    if not math.isclose(hop, images.HOP, rel_tol=1e-6):
        raise ValueError(
            f"label frames of {hop:g} s, but images have one every {images.HOP:g} s: take an"
            " architecture whose label frames are those of its features, of 16 ms"
        )


FORMAT = Spectrogram
