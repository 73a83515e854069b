"""The picture of a mixture that was separated: its spectrogram, below it what was separated from
each direction that was found, and beside it the directions, seen from above."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from seldbench.report.clips.picture import TOP_HZ, band_position, levels_beside
from seldbench.report.clips.recording import TICKS_HZ
from seldbench.report.palette import LIGHT, colour

Array = np.ndarray
Answer = tuple[float, str, float, Array]  # azimuth in degrees, label, score, (samples,)

WIDTH, ROW, HEAD = 10.0, 1.55, 0.7  # inches: of all, of a spectrogram, of titles and the axis
COLUMNS = 600  # of a spectrogram
CIRCLE = 2.6  # inches that the circle takes at the right
# What stands beside a circle, and its side that is turned to the circle.
RIGHT_ANGLES = {
    0: ("front 0°", "center", "bottom"),
    90: ("left\n90°", "right", "center"),
    180: ("back −180°", "center", "top"),
    -90: ("right\n−90°", "left", "center"),
}


def separated_figure(mixture: Array, rate: int, answers: Sequence[Answer], *, title: str) -> Figure:
    """Spectrograms of a mixture and of what was separated from it, all on the mixture's scale.

    Args:
        mixture: microphone 0, (samples,).
        answers: (azimuth in degrees, label, score, separated signal) each, in the order of their
            numbers, which begin with 0; none where nothing was found.
    """
    rows = 1 + max(len(answers), 1)
    figure = Figure(figsize=(WIDTH, HEAD + ROW * rows), layout="constrained")
    grid = figure.add_gridspec(rows, 2, width_ratios=[WIDTH - CIRCLE, CIRCLE])
    levels = levels_beside([mixture, *(of[3] for of in answers)], rate, columns=COLUMNS)
    duration = len(mixture) / rate
    panels = [figure.add_subplot(grid[i, 0]) for i in range(rows)]
    _spectrogram(panels[0], levels[0], rate, duration)
    panels[0].set_title(title, loc="left", parse_math=False)
    for i, (panel, of, image) in enumerate(zip(panels[1:], answers, levels[1:])):
        _spectrogram(panel, image, rate, duration)
        text = f"{i}: {of[1]}, {of[2]:.2f}, from {degrees(of[0])}"
        panel.set_title(text, loc="left", color=colour(i), fontweight="bold", parse_math=False)
    if not answers:
        panels[1].set_axis_off()
        panels[1].text(0.0, 0.9, "nothing was found", va="top", color=LIGHT["muted"])
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False)
    last = panels[len(answers)]
    last.tick_params(labelbottom=True)
    last.set_xlabel("seconds")
    _directions(figure.add_subplot(grid[: min(rows, 2), 1]), [of[0] for of in answers])
    return figure


def place(azimuth: float, radius: float = 1.0) -> tuple[float, float]:
    """Where a direction lies in a plan seen from above: the front is up, left is left."""
    angle = np.radians(azimuth)
    return float(-radius * np.sin(angle)), float(radius * np.cos(angle))


def degrees(azimuth: float) -> str:
    """45°, −90°; the back is −180°, as in tables (`geometry`)."""
    return f"{azimuth:g}°".replace("-", "−")


def _spectrogram(panel: Axes, levels: Array, rate: int, duration: float) -> None:
    extent = (0, duration, 0, 1)
    panel.imshow(levels, aspect="auto", extent=extent, cmap="magma", vmin=0, vmax=255)
    ticks = [hertz for hertz in TICKS_HZ if hertz <= min(TOP_HZ, rate / 2)]
    panel.set_yticks([band_position(hertz, rate) for hertz in ticks], [str(t) for t in ticks])
    panel.set_ylabel("Hz")


def _directions(panel: Axes, azimuths: Sequence[float]) -> None:
    """A needle a direction, numbered from 0 and coloured as the rows."""
    panel.add_patch(Circle((0, 0), 1.0, fill=False, color=LIGHT["grid"], linewidth=1.2))
    for angle, (text, across, up) in RIGHT_ANGLES.items():
        panel.plot(*zip(place(angle, 0.94), place(angle, 1.06)), color=LIGHT["muted"], linewidth=1)
        x, y = place(angle, 1.22)
        panel.text(x, y, text, ha=across, va=up, fontsize=8, color=LIGHT["muted"])
    for i, azimuth in enumerate(azimuths):
        panel.plot(*zip((0, 0), place(azimuth)), color=colour(i), linewidth=2.0)
        x, y = place(azimuth)
        panel.plot([x], [y], "o", color=colour(i), markersize=13)
        panel.text(x, y, str(i), ha="center", va="center", color="white", fontsize=8)
    panel.plot([0], [0], "o", color=LIGHT["ink"], markersize=4)
    panel.set_xlim(-1.8, 1.8)
    panel.set_ylim(-1.6, 1.6)
    panel.set_aspect("equal")
    panel.set_axis_off()
