"""A clip of a run with directions on a map of all directions: azimuth across, elevation upwards,
both in equal steps (equirectangular). The front is in the middle and left is left.

A class has the colour that its tracks have. What is true is a wide pale line, what was predicted
dots, one a frame of 0.1 s. Each track says where it is in each frame, for a cursor that follows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import Environment

from seldbench.report.palette import SERIES

WIDTH, LEFT, TOP = 960, 78, 12  # of the drawing; of the map in it
ACROSS, HIGH = 668, 334
BELOW, LINE = 40, 19  # room for the azimuths; of an entry of the legend
AZIMUTHS = {
    180: "back 180°",
    135: "",
    90: "left 90°",
    45: "",
    0: "front 0°",
    -45: "",
    -90: "right −90°",
    -135: "",
    -180: "back 180°",
}
ELEVATIONS = {90: "up 90°", 45: "45°", 0: "level 0°", -45: "−45°", -90: "down −90°"}
HALF, WHOLE = 180.0, 360.0

Track = Mapping[str, Any]
Point = tuple[float, float]


def sky(templates: Environment, clip: Mapping[str, Any], classes: Sequence[str]) -> str:
    """The SVG of one clip of clips.json (`shown_directions.clip_content`).

    Args:
        classes: of the run, in order: the colours go by it.
    """
    colours = {name: f"var(--{SERIES[i % len(SERIES)]})" for i, name in enumerate(classes)}
    occur = {track["label"] for side in ("truth", "predicted") for track in clip[side]}
    legend = [(name, colours[name]) for name in classes if name in occur]
    height = max(TOP + HIGH + BELOW, TOP + LINE * len(legend) + 8)
    return templates.get_template("sky.svg").render(
        clip=clip,
        size=(WIDTH, height),
        map={"x": LEFT, "y": TOP, "width": ACROSS, "height": HIGH},
        azimuths=[(_x(a), text) for a, text in AZIMUTHS.items()],
        elevations=[(_y(e), text) for e, text in ELEVATIONS.items()],
        truth=[_drawn(track, colours, _lines) for track in clip["truth"]],
        predicted=[_drawn(track, colours, _dots) for track in clip["predicted"]],
        legend=[(name, colour, TOP + 8 + i * LINE) for i, (name, colour) in enumerate(legend)],
        legend_x=LEFT + ACROSS + 26,
    )


def _x(azimuth: float) -> float:
    return round(LEFT + ACROSS * (HALF - azimuth) / WHOLE, 1)


def _y(elevation: float) -> float:
    return round(TOP + HIGH * (90 - elevation) / HALF, 1)


def _drawn(
    track: Track, colours: Mapping[str, str], path: Callable[[list[Point]], str]
) -> dict[str, Any]:
    points = [(_x(a), _y(e)) for a, e in zip(track["azimuth"], track["elevation"])]
    return {
        "label": track["label"],
        "colour": colours[track["label"]],
        "first": track["first"],
        "path": path(points),
        "places": " ".join(f"{x:g},{y:g}" for x, y in points),
    }


def _lines(points: list[Point]) -> str:
    """From place to place; a dot where it stays."""
    return "".join(
        f"M{stretch[0][0]:g} {stretch[0][1]:g}"
        + ("".join(f"L{x:g} {y:g}" for x, y in stretch[1:]) or "h0")
        for stretch in _stretches(points)
    )


def _stretches(points: list[Point]) -> Iterator[list[Point]]:
    """Places one after the other, without repetitions; a new stretch where it goes round the
    back."""
    stretch: list[Point] = []
    for point in points:
        if stretch and abs(point[0] - stretch[-1][0]) > ACROSS / 2:
            yield stretch
            stretch = []
        if not stretch or point != stretch[-1]:
            stretch.append(point)
    if stretch:
        yield stretch


def _dots(points: list[Point]) -> str:
    return "".join(f"M{x:g} {y:g}h0" for x, y in dict.fromkeys(points))
