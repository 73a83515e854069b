"""A clip's timeline: its spectrogram, and below it a lane a class with true and predicted events
over the class's confidence. Seconds along, one SVG that scales with the page."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jinja2 import Environment
from matplotlib import colormaps

from seldbench.report.clips.picture import coloured_png

WIDTH, GUTTER, MARGIN = 960, 190, 12  # of the drawing, of the class names, at the right
TOP, PICTURE, LANE, AXIS = 6, 130, 40, 26
PLOT = WIDTH - GUTTER - MARGIN
_MAGMA = (colormaps["magma"](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def timeline(templates: Environment, clip: Mapping[str, Any], spectrogram: bytes | None) -> str:
    """The SVG of one clip of clips.json.

    Args:
        clip: {"id", "duration", "truth": [[onset, offset, label] ...], "predicted": same,
            "confidence": {class: [score ...]} over equal parts of the duration,
            "thresholds": {class: value}, "ticks_hz": [[hertz, position from 0 to 1] ...]}.
        spectrogram: its PNG of `picture.grey_png`; None draws the lanes alone.
    """
    image, lanes_top = None, TOP
    if spectrogram is not None:
        image, lanes_top = sound_image(spectrogram), TOP + PICTURE + 8
    lanes = [_lane(clip, name, lanes_top + i * LANE) for i, name in enumerate(_classes(clip))]
    bottom = lanes_top + max(len(lanes), 1) * LANE
    return templates.get_template("timeline.svg").render(
        clip=clip,
        image=image,
        lanes=lanes,
        lane=LANE,
        size=(WIDTH, bottom + AXIS),
        plot={"x": GUTTER, "y": TOP, "width": PLOT, "height": PICTURE, "bottom": bottom},
        lanes_top=lanes_top,
        seconds=seconds_between(0.0, clip["duration"], lambda s: _x(clip, s)),
        hertz=[
            (TOP + PICTURE * (1 - place), f"{hertz / 1000:g} kHz")
            for hertz, place in clip.get("ticks_hz", [])
        ],
        edges=sorted({_x(clip, t) for on, off, _ in clip["truth"] for t in (on, off)}),
    )


def sound_image(spectrogram: bytes) -> str:
    """A PNG of `picture.grey_png` in colours, as an address that holds it."""
    content = base64.b64encode(coloured_png(spectrogram, _MAGMA)).decode()
    return f"data:image/png;base64,{content}"


def seconds_between(
    onset: float, offset: float, x: Callable[[float], float]
) -> list[tuple[float, str]]:
    """Round times from onset to offset, at most eleven, and where they stand.

    Args:
        x: seconds after the onset -> place.
    """
    duration = offset - onset
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 30, 60, 300, 3600, 36000) if duration / s <= 11)
    first, last = int(-(-onset // step)), int((offset + 1e-9) // step)
    return [(x(i * step - onset), f"{i * step:g}") for i in range(first, last + 1)]


def _classes(clip: Mapping[str, Any]) -> list[str]:
    """The classes with a lane: those of true events, of predicted ones, then of raised scores."""
    named = [label for _, _, label in (*clip["truth"], *clip["predicted"])]
    return list(dict.fromkeys([*named, *clip["confidence"]]))


def _lane(clip: Mapping[str, Any], name: str, top: float) -> dict[str, Any]:
    inner = LANE - 6
    scores = clip["confidence"].get(name, [])
    steps = staircase(scores, PLOT / max(len(scores), 1), top + LANE - 3, inner)
    threshold = clip["thresholds"].get(name)
    return {
        "name": name,
        "top": top,
        "truth": [_bar(clip, event) for event in clip["truth"] if event[2] == name],
        "predicted": [_bar(clip, event) for event in clip["predicted"] if event[2] == name],
        "line": points_of(steps),
        "area": area_of(steps, top + LANE - 3),
        "threshold": None if threshold is None else round(top + LANE - 3 - inner * threshold, 1),
        "threshold_text": "" if threshold is None else f"{threshold:g}",
    }


def _bar(clip: Mapping[str, Any], event: Sequence[Any]) -> dict[str, Any]:
    left, right = _x(clip, event[0]), _x(clip, event[1])
    text = f"{event[0]:.2f} to {event[1]:.2f} s"
    return {"x": left, "width": round(max(right - left, 1.5), 1), "text": text}


def staircase(
    scores: Sequence[float], step: float, base: float, height: float
) -> list[tuple[float, float]]:
    """A step a score, that wide, inside the plot; corners on a straight line are left out."""
    points = list[tuple[float, float]]()
    for i, score in enumerate(scores):
        y = round(base - height * score, 1)
        if points and points[-1][1] == y:
            points.pop()
        else:
            points.append((GUTTER + min(i * step, PLOT), y))
        points.append((GUTTER + min((i + 1) * step, PLOT), y))
    return points


def points_of(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def area_of(steps: Sequence[tuple[float, float]], base: float) -> str:
    """What lies below a staircase, down to its base."""
    return points_of([(steps[0][0], base), *steps, (steps[-1][0], base)]) if steps else ""


def _x(clip: Mapping[str, Any], seconds: float) -> float:
    return round(GUTTER + PLOT * min(seconds / clip["duration"], 1.0), 1)
