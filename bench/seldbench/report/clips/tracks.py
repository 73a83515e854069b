"""A clip of a run with directions: its spectrogram, below it when each class sounds, then where:
azimuth, elevation and distance over time. One SVG that scales with the page.

A class has one colour throughout. What is true is a wide pale band, what was predicted a thin line
of dots, one for each frame of 0.1 s.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import Environment

from seldbench.report.clips.timeline import (
    GUTTER,
    PICTURE,
    PLOT,
    TOP,
    WIDTH,
    area_of,
    points_of,
    seconds_between,
    sound_image,
    staircase,
)
from seldbench.report.palette import SERIES

GRID = 0.1
BAR, GAP, LANE_GAP = 7, 2, 8  # of events in a lane: height, and what is between
CURVE = 16  # of a class's confidence, below its events
AXIS, BETWEEN = 26, 22
JUMP = 180.0  # degrees of azimuth from one frame to the next: it went round the back
AZIMUTH = (
    (180, "back +180°"),
    (90, "left +90°"),
    (0, "front 0°"),
    (-90, "right −90°"),
    (-180, "back −180°"),
)
HEIGHTS = {"azimuth": 190, "elevation": 100, "distance": 80}
ELEVATIONS = (30, 60, 90)
METRES = (1, 2, 3, 4, 6, 8, 10, 15, 20, 50, 100)

Track = Mapping[str, Any]


def tracks(
    templates: Environment,
    clip: Mapping[str, Any],
    spectrogram: bytes | None,
    classes: Sequence[str],
) -> str:
    """The SVG of one clip of clips.json (`shown_directions.clip_content`).

    Args:
        spectrogram: its PNG of `picture.grey_png`; None draws the rest alone.
        classes: of the run, in order: the colours go by it.
    """
    image = None if spectrogram is None else sound_image(spectrogram)
    top = TOP if image is None else TOP + PICTURE + 12
    colours = {name: f"var(--{SERIES[i % len(SERIES)]})" for i, name in enumerate(classes)}
    x = _across(clip)
    lanes, bottom = _lanes(clip, colours, classes, top, x)
    panels = []
    for name in _kinds(clip):
        panels.append(_panel(clip, name, colours, bottom + BETWEEN, x))
        bottom += BETWEEN + HEIGHTS[name]
    return templates.get_template("tracks.svg").render(
        clip=clip,
        image=image,
        lanes=lanes,
        bar_height=BAR,
        panels=panels,
        size=(WIDTH, bottom + AXIS),
        plot={"x": GUTTER, "y": TOP, "width": PLOT, "height": PICTURE, "bottom": bottom},
        lanes_top=top,
        seconds=seconds_between(clip["onset"], clip["onset"] + clip["duration"], x),
        hertz=[
            (TOP + PICTURE * (1 - place), f"{hertz / 1000:g} kHz")
            for hertz, place in clip.get("ticks_hz", [])
        ],
    )


def places(spans: Sequence[tuple[float, float]]) -> list[int]:
    """For each (onset, offset) the lowest row in which nothing else sounds meanwhile."""
    rows: list[float] = []  # the end of the last span in each row
    found = [0] * len(spans)
    for i in sorted(range(len(spans)), key=lambda i: spans[i]):
        onset, offset = spans[i]
        free = next((row for row, end in enumerate(rows) if end <= onset + 1e-9), len(rows))
        rows[free : free + 1] = [offset]
        found[i] = free
    return found


def _across(clip: Mapping[str, Any]) -> Callable[[float], float]:
    """Seconds after the stretch's onset -> x."""
    return lambda seconds: round(GUTTER + PLOT * min(seconds / clip["duration"], 1.0), 1)


def _kinds(clip: Mapping[str, Any]) -> list[str]:
    """What is drawn over time; distances where any are known."""
    known = any("distance" in track for side in _sides(clip) for track in clip[side])
    return ["azimuth", "elevation", *(["distance"] if known else [])]


def _sides(clip: Mapping[str, Any]) -> tuple[str, str]:
    return ("truth", "predicted")


def _span(track: Track) -> tuple[float, float]:
    """Seconds after the stretch's onset."""
    first = track["first"]
    return first * GRID, (first + len(track["azimuth"])) * GRID


def _lanes(
    clip: Mapping[str, Any],
    colours: Mapping[str, str],
    classes: Sequence[str],
    top: float,
    x: Callable[[float], float],
) -> tuple[list[dict[str, Any]], float]:
    """A lane a class that occurs or has confidence, in the order of the classes, and where they
    end. What sounds at once has rows of its own."""
    found = []
    confidence = clip.get("confidence", {})
    occur = {track["label"] for side in _sides(clip) for track in clip[side]} | {*confidence}
    for name in [c for c in classes if c in occur]:
        lane: dict[str, Any] = {"name": name, "colour": colours[name], "top": top, "curve": None}
        y = top
        for side in _sides(clip):
            mine = [track for track in clip[side] if track["label"] == name]
            rows = places([_span(track) for track in mine])
            lane[side] = [_bar(clip, t, y + row * (BAR + 1), x) for t, row in zip(mine, rows)]
            y += (max(rows, default=0) + 1) * (BAR + 1) - 1 + GAP
        if name in confidence:
            lane["curve"] = _curve(clip, name, y + CURVE)
            y += CURVE + GAP
        lane["height"] = y - GAP - top
        found.append(lane)
        top += lane["height"] + LANE_GAP
    return found, top - LANE_GAP if found else top + 24


def _curve(clip: Mapping[str, Any], name: str, base: float) -> dict[str, Any]:
    """A class's confidence from 0 at `base` to 1, and its threshold where one is known."""
    step = PLOT * clip["part"] * GRID / clip["duration"]
    steps = staircase(clip["confidence"][name], step, base, CURVE)
    threshold = clip["thresholds"].get(name)
    return {
        "base": base,
        "line": points_of(steps),
        "area": area_of(steps, base),
        "threshold": None if threshold is None else round(base - CURVE * threshold, 1),
        "threshold_text": f"threshold {threshold:g}" if threshold is not None else "",
    }


def _bar(
    clip: Mapping[str, Any], track: Track, y: float, x: Callable[[float], float]
) -> dict[str, Any]:
    onset, offset = _span(track)
    left, right = x(onset), x(offset)
    width = round(max(right - left, 1.5), 1)
    return {"x": left, "y": y, "width": width, "text": _words(clip, track)}


def _words(clip: Mapping[str, Any], track: Track) -> str:
    """What a reader is told of a track who points at it."""
    onset, offset = (clip["onset"] + t for t in _span(track))
    azimuth = _between(track["azimuth"][0], track["azimuth"][-1], "°")
    elevation = _between(track["elevation"][0], track["elevation"][-1], "°")
    text = f"{onset:.1f} to {offset:.1f} s, azimuth {azimuth}, elevation {elevation}"
    if "distance" in track:
        text += f", distance {_between(track['distance'][0], track['distance'][-1], ' m')}"
    return text


def _between(first: float, last: float, unit: str) -> str:
    one = f"{first:g}{unit}"
    return one if first == last else f"from {one} to {last:g}{unit}"


def _panel(
    clip: Mapping[str, Any],
    name: str,
    colours: Mapping[str, str],
    top: float,
    x: Callable[[float], float],
) -> dict[str, Any]:
    values = [v for side in _sides(clip) for t in clip[side] for v in t.get(name, [])]
    low, high, ticks = scale_of(name, values)
    height = HEIGHTS[name]

    def y(value: float) -> float:
        return round(top + height * (high - value) / (high - low), 1)

    jump = JUMP if name == "azimuth" else float("inf")
    drawn = {
        side: [
            (
                colours[t["label"]],
                draw(t["first"], t[name], x, y, jump),
                f"{t['label']}: {_words(clip, t)}",
            )
            for t in clip[side]
            if name in t
        ]
        for side, draw in (("truth", _band), ("predicted", _dots))
    }
    marks = [(y(value), text) for value, text in ticks]
    return {"name": name, "top": top, "height": height, "ticks": marks, **drawn}


def scale_of(
    name: str, values: Sequence[float]
) -> tuple[float, float, Sequence[tuple[float, str]]]:
    """(low, high, ticks) of a panel that holds the values."""
    if name == "azimuth":
        return -180.0, 180.0, AZIMUTH
    if name == "elevation":
        reach = max(map(abs, values), default=0.0)
        end = next(e for e in ELEVATIONS if e > reach or e == ELEVATIONS[-1])
        return -end, end, ((end, f"up +{end}°"), (0, "level 0°"), (-end, f"down −{end}°"))
    farthest = max(values, default=0.0)
    metres = next((m for m in METRES if m > farthest), farthest)
    return (
        0.0,
        metres,
        ((metres, f"far {metres:g} m"), (metres / 2, f"{metres / 2:g} m"), (0.0, "0 m")),
    )


def stretches(values: Sequence[float], jump: float) -> Iterator[list[tuple[float, float]]]:
    """(frame, value) points through the middles of frames, from the first one's beginning to the
    last one's end; a new stretch begins where the value jumps that far. Points inside straight
    lines are left out."""
    run: list[int] = []
    for k, value in enumerate(values):
        run.append(k)
        if k + 1 < len(values) and abs(values[k + 1] - value) < jump:
            continue
        points = [(float(run[0]), values[run[0]]), *((i + 0.5, values[i]) for i in run)]
        points.append((k + 1.0, value))
        yield [
            point
            for i, point in enumerate(points)
            if i in (0, len(points) - 1)
            or point[1] - points[i - 1][1] != points[i + 1][1] - point[1]
        ]
        run = []


def _band(
    first: int,
    values: Sequence[float],
    x: Callable[[float], float],
    y: Callable[[float], float],
    jump: float,
) -> str:
    """A path of lines."""
    lines = (
        "L".join(f"{x((first + k) * GRID):g} {y(v):g}" for k, v in points)
        for points in stretches(values, jump)
    )
    return "".join(f"M{line}" for line in lines)


def _dots(
    first: int,
    values: Sequence[float],
    x: Callable[[float], float],
    y: Callable[[float], float],
    jump: float,
) -> str:
    """A path of dots in the middles of the frames: lines without length, which have round ends."""
    return "".join(f"M{x((first + k + 0.5) * GRID):g} {y(v):g}h0" for k, v in enumerate(values))
