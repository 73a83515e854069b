"""The picture of a recording that was tagged: its spectrogram, and below it the highest scores."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from seldbench.report.clips.recording import BAR, picture_width, show_spectrogram

Array = np.ndarray

SHOWN = 10


def tagged_figure(samples: Array, rate: int, scores: Mapping[str, float], *, title: str) -> Figure:
    """Spectrogram over a bar a class, the highest SHOWN from the top down.

    Args:
        samples: one channel, (samples,).
        scores: of every class, in [0, 1].
    """
    highest = sorted(scores.items(), key=lambda item: -item[1])[:SHOWN]
    width = picture_width(len(samples) / rate)
    below_inches = 0.3 * len(highest) + 0.5
    figure = Figure(figsize=(width, 3.0 + below_inches), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[3.0, below_inches])
    show_spectrogram(above, samples, rate, width)
    above.set_title(title)
    above.set_xlabel("seconds")
    places = range(len(highest))
    below.barh(places, [score for _, score in highest], height=0.7, color=BAR)
    below.set_yticks(places, [label for label, _ in highest])
    below.set_ylim(len(highest) - 0.5, -0.5)
    below.set_xlim(0, 1)
    below.set_xlabel("score")
    below.grid(axis="x", alpha=0.3)
    return figure
