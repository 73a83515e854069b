"""Spectrograms and sounds of the clips that a page shows."""

from typing import Any

from seldbench.report.clips.shown import Audio, spectrogram
from seldbench.report.clips.sounds import ogg


def add_files(clips: list[dict[str, Any]], audio: Audio, *, heard: bool) -> dict[str, bytes]:
    """Files by name, of the stretch of each clip that is shown; each is noted in its clip.

    Args:
        audio: reads a clip.
        heard: sounds too.
    """
    files = {}
    for i, clip in enumerate(clips, 1):
        samples, rate = audio(clip["id"])
        start = round(clip.get("onset", 0.0) * rate)
        stretch = samples[start : start + round(clip["duration"] * rate)]
        clip["spectrogram"] = f"clip-{i}.png"
        files[clip["spectrogram"]], clip["ticks_hz"] = spectrogram(stretch, rate)
        if heard:
            clip["audio"] = f"clip-{i}.ogg"
            files[clip["audio"]] = ogg(stretch, rate)
    return files
