"""The picture of one recording: its spectrogram, and below it who sounds when."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seldbench.events import Event
from seldbench.report.clips.picture import TOP_HZ, band_position, mel_levels

Array = np.ndarray

INCHES_A_SECOND, NARROWEST, WIDEST = 0.6, 8.0, 40.0
TICKS_HZ = (100, 500, 1000, 2000, 4000, 8000)
BAR = "#d1495b"


def recording_figure(samples: Array, rate: int, events: Iterable[Event], *, title: str) -> Figure:
    """Spectrogram over a lane a class that occurs.

    Args:
        samples: one channel, (samples,).
    """
    known = list(events)
    labels = sorted({event.label for event in known})
    width = picture_width(len(samples) / rate)
    lanes = max(1, len(labels))
    figure = Figure(figsize=(width, 3.0 + 0.3 * lanes), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.0, 0.3 * lanes])
    show_spectrogram(above, samples, rate, width)
    above.set_title(title)
    for event in known:
        lane = labels.index(event.label)
        below.barh(lane, event.duration, left=event.onset, height=0.7, color=BAR)
    below.set_yticks(range(len(labels)), labels)
    below.set_ylim(lanes - 0.5, -0.5)
    below.set_xlabel("seconds" if known else "seconds (no event found)")
    below.grid(axis="x", alpha=0.3)
    return figure


def picture_width(duration: float) -> float:
    """Inches of a picture of so many seconds."""
    return float(np.clip(duration * INCHES_A_SECOND, NARROWEST, WIDEST))


def show_spectrogram(panel: Axes, samples: Array, rate: int, width: float) -> None:
    """A recording's spectrogram over its seconds, in a picture so many inches wide."""
    levels = mel_levels(samples, rate, columns=round(width * 100))
    panel.imshow(levels, aspect="auto", extent=(0, len(samples) / rate, 0, 1), cmap="magma")
    ticks = [hertz for hertz in TICKS_HZ if hertz <= min(TOP_HZ, rate / 2)]
    panel.set_yticks([band_position(hertz, rate) for hertz in ticks], [str(t) for t in ticks])
    panel.set_ylabel("Hz")
