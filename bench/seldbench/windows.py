"""Cuts of a clip on the grid of its features, at training and at test alike.

A clip counts as its recording, zero-padded at the end to at least one window. A window is read with
`margin` frames more at each side (reflected at the clip's ends, as the whole clip's own padding
would be), so that its features equal the same frames of the whole clip's.
"""

import numpy as np

from seldbench import audio
from seldbench.contracts import Clip, Features, Recording
from seldbench.errors import BadFile

Array = np.ndarray


def recording_for(clip: Clip, features: Features) -> Recording:
    """The clip's recording in the array and at the rate that the features want.

    Raises:
        BadFile: the clip has no recording of that array.
    """
    if features.layout not in clip.recordings:
        raise BadFile(
            f"{clip.id}: has no {features.layout!r} recording"
            f" (it has: {', '.join(clip.recordings)}); choose features of that layout"
        )
    return audio.resampled(clip.recordings[features.layout], features.sample_rate)


def samples_of(seconds: float, features: Features) -> int:
    return round(seconds * features.sample_rate)


def read_whole(clip: Clip, features: Features, window: float) -> Array:
    """The whole clip, padded to at least `window` seconds; (mics, samples) float32."""
    waves = recording_for(clip, features).read(0.0, clip.duration)
    return _padded(waves, samples_of(window, features))


def read_window(clip: Clip, features: Features, onset: float, window: float) -> Array:
    """`window` seconds from `onset` with the features' margin; (mics, margin + window + margin)."""
    hop_samples = round(features.hop * features.sample_rate)
    margin, length = features.margin * hop_samples, samples_of(window, features)
    start = samples_of(onset, features)
    if start % hop_samples:
        raise ValueError(f"onset {onset} s is off the features' grid of {features.hop} s")
    # A stretch that reaches over the clip's ends is mirrored there, never read as silence.
    clip_samples = max(samples_of(clip.duration, features), length)
    left, right = min(start, margin), min(max(clip_samples - start - length, 0), margin)
    recording = recording_for(clip, features)
    first, last = start - left, start + length + right
    duration = min(last / features.sample_rate, clip.duration) - first / features.sample_rate
    waves = _padded(recording.read(first / features.sample_rate, duration), last - first)
    return np.pad(waves, ((0, 0), (margin - left, margin - right)), mode="reflect")


def onsets(duration: float, window: float, hop: float, grid: float) -> list[float]:
    """Onsets of the windows that cover a clip; the last one ends with it, floored to `grid`."""
    if duration <= window:
        return [0.0]
    last = np.floor((duration - window) / grid + 1e-9) * grid
    starts = [float(s) for s in np.arange(0.0, last, hop)]
    return [*starts, float(last)]


def _padded(waves: Array, samples: int) -> Array:
    """Zeros appended, or the end cut, to exactly or at least so many samples."""
    missing = samples - waves.shape[1]
    return np.pad(waves, ((0, 0), (0, missing))) if missing > 0 else waves
