"""The picture of one spatial recording: its spectrogram, and below it where each source is over
time: azimuth, elevation and, where it is known, distance."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from seldbench.events import Event
from seldbench.report.clips.recording import picture_width, show_spectrogram
from seldbench.report.clips.shown_directions import track_of
from seldbench.report.clips.tracks import places, scale_of, stretches
from seldbench.report.palette import LIGHT, colour

Array = np.ndarray
Track = Mapping[str, Any]

JUMP = 60.0  # degrees from one frame to the next: another source, or round the back
INCHES = {"azimuth": 2.4, "elevation": 1.3, "distance": 1.0}
LEGEND_INCHES = 2.3  # of an entry
# How the lines of one class look that sound at once: width, style, width of the white inside.
LINES = ((3.0, "-", 0.0), (3.6, "-", 1.4), (2.2, (0, (2.0, 0.8)), 0.0), (2.2, ":", 0.0))
TIMES = ("", ", a second at once", ", a third at once", ", more at once")


def scene_figure(
    samples: Array,
    rate: int,
    events: Iterable[Event],
    *,
    classes: Sequence[str],
    grid: float,
    title: str,
) -> Figure:
    """Spectrogram over tracks in the colours of their classes, with a legend.

    Args:
        samples: the first channel, (samples,).
        events: with directions, on the `grid` of label frames.
        classes: of the system, in order: the colours go by it.
    """
    known = [track_of(event, 0.0, grid) for event in events]
    rows = _rows(known)
    kinds = ["azimuth", "elevation", *(["distance"] if any("distance" in t for t in known) else [])]
    entries = sorted({(classes.index(t["label"]), row) for t, row in zip(known, rows)})
    width = picture_width(len(samples) / rate)
    columns = max(1, int(width / LEGEND_INCHES))
    lines = -(-len(entries) // columns)
    height = 3.0 + sum(INCHES[kind] for kind in kinds) + 0.25 * lines
    figure = Figure(figsize=(width, height), layout="constrained")
    above, *panels = figure.subplots(
        1 + len(kinds), 1, sharex=True, height_ratios=[2.4, *(INCHES[kind] for kind in kinds)]
    )
    show_spectrogram(above, samples, rate, width)
    above.set_title(title, parse_math=False)
    for panel, kind in zip(panels, kinds):
        _tracks(panel, kind, known, rows, classes, grid)
    panels[-1].set_xlabel("seconds" if known else "seconds (no source found)")
    handles = [
        # The blank: a legend leaves out what begins with an underscore.
        Line2D([], [], label=f" {classes[i]}{TIMES[row]}", **_look(colour(i), row))
        for i, row in entries
    ]
    if handles:
        legend = figure.legend(
            handles=handles, loc="outside lower center", ncols=columns, frameon=False
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def _rows(tracks: Sequence[Track]) -> list[int]:
    """Of those of one class that sound at once: the first, second, ... Counted from 0."""
    found = [0] * len(tracks)
    for label in {track["label"] for track in tracks}:
        mine = [i for i, track in enumerate(tracks) if track["label"] == label]
        spans = [(tracks[i]["first"], tracks[i]["first"] + len(tracks[i]["azimuth"])) for i in mine]
        for i, row in zip(mine, places(spans)):
            found[i] = min(row, len(LINES) - 1)
    return found


def _tracks(
    panel: Axes,
    kind: str,
    tracks: Sequence[Track],
    rows: Sequence[int],
    classes: Sequence[str],
    grid: float,
) -> None:
    low, high, ticks = scale_of(kind, [v for track in tracks for v in track.get(kind, [])])
    jump = float("inf") if kind == "distance" else JUMP
    for track, row in zip(tracks, rows):
        for points in stretches(track.get(kind, []), jump):
            across = [(track["first"] + frame) * grid for frame, _ in points]
            up = [value for _, value in points]
            panel.plot(across, up, **_look(colour(classes.index(track["label"])), row))
    panel.set_ylim(low, high)
    panel.margins(x=0)
    panel.set_yticks([value for value, _ in ticks], [text for _, text in ticks])
    panel.set_ylabel(kind)
    panel.grid(alpha=0.35)


def _look(tint: str, row: int) -> dict[str, Any]:
    width, style, inside = LINES[row]
    look = {"color": tint, "linewidth": width, "linestyle": style, "solid_capstyle": "butt"}
    look["clip_on"] = False  # at the edge of a panel too
    white = [Normal(), Stroke(linewidth=inside, foreground=LIGHT["paper"])]
    return look | ({"path_effects": white} if inside else {})
