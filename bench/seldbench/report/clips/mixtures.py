"""A mixture of a run about its sources: its spectrogram, the directions seen from above, and below
a row a pair: the source alone, and what was separated of it. One SVG that scales with the page.

A pair has one colour. What is true is a wide pale dot on the circle, what was answered a needle.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment

from seldbench.report.clips.separated import degrees, place
from seldbench.report.clips.timeline import seconds_between, sound_image
from seldbench.report.palette import SERIES

WIDTH, GUTTER, PICTURE, BETWEEN = 960, 52, 434, 26
CAPTION, HEIGHT, GAP, AXIS = 20, 86, 12, 24
RADIUS, MIDDLE = 36, (150, 60)  # of the circle; its middle from the left of a column and the top


def mixture_drawing(
    templates: Environment, clip: Mapping[str, Any], pictures: Mapping[str, bytes]
) -> str:
    """The SVG of one clip of clips.json (`shown_mixtures`).

    Args:
        pictures: its spectrograms by file name; without any, the directions are drawn alone.
    """
    rows = [_row(pair, i, pictures) for i, pair in enumerate(clip["pairs"])] if pictures else []
    step = CAPTION + HEIGHT + GAP
    for i, row in enumerate(rows):
        row["top"] = (i + 1) * step
    bottom = (len(rows) + 1) * step - GAP
    columns = {"left": GUTTER, "right": GUTTER + PICTURE + BETWEEN}
    duration = clip.get("duration", 1.0)
    return templates.get_template("mixture.svg").render(
        clip=clip,
        mixture=sound_image(pictures[clip["spectrogram"]]) if pictures else None,
        rows=rows,
        size=(WIDTH, bottom + AXIS if rows else bottom),
        columns=columns,
        boxes=_boxes(rows, columns) if pictures else [],
        plot={"width": PICTURE, "height": HEIGHT, "caption": CAPTION, "bottom": bottom},
        hertz=[
            (CAPTION + HEIGHT * (1 - at), f"{hertz / 1000:g} kHz")
            for hertz, at in clip.get("ticks_hz", [])
        ],
        seconds=seconds_between(0.0, duration, lambda s: round(PICTURE * s / duration, 1)),
        circle=_circle(clip, columns["right" if pictures else "left"] + MIDDLE[0], MIDDLE[1]),
    )


def _boxes(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, int]) -> list[str]:
    """x, y, width and height of all spectrograms, the mixture's first."""
    tops = [(columns["left"], 0)] + [
        (columns[column], row["top"])
        for row in rows
        for side, column in (("source", "left"), ("answer", "right"))
        if row[side]["image"]
    ]
    return [f"{x} {top + CAPTION} {PICTURE} {HEIGHT}" for x, top in tops]


def _row(pair: Mapping[str, Any], i: int, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    """Captions and pictures of both sides; a side without a picture says why."""
    sides = {}
    for side, words, absent in (
        ("source", "true", "no source there"),
        ("answer", "separated", "not found"),
    ):
        of = pair[side]
        sides[side] = {
            "text": f"{words}: {_named(of)}" if of else absent,
            "image": sound_image(pictures[of["spectrogram"]]) if of else None,
        }
    right = pair["right"]
    return {**sides, "tint": f"var(--{tint_of(i)})", "mark": "✓" if right else "✗", "right": right}


def tint_of(pair: int) -> str:
    """The name of a pair's colour."""
    return SERIES[pair % len(SERIES)]


def labelled(of: Mapping[str, Any]) -> str:
    """A source or an answer by its class and direction."""
    return _placed(str(of["label"]), of)


def _named(of: Mapping[str, Any]) -> str:
    """The same with the score of an answer."""
    score = of.get("score")
    return _placed(str(of["label"]) + ("" if score is None else f" {score:.2f}"), of)


def _placed(text: str, of: Mapping[str, Any]) -> str:
    return text if of["azimuth"] is None else f"{text}, {degrees(of['azimuth'])}"


def _circle(clip: Mapping[str, Any], x: float, y: float) -> dict[str, Any]:
    """Dots where sources are, needles to where answers are; those that are not asked for, grey."""

    def at(azimuth: float) -> tuple[float, float]:
        across, up = place(azimuth, RADIUS)
        return round(x + across, 1), round(y - up, 1)

    tints = [f"var(--{tint_of(i)})" for i in range(len(clip["pairs"]))]
    sides: dict[str, list[tuple[Mapping[str, Any], str]]] = {
        side: [(pair[side], tint) for pair, tint in zip(clip["pairs"], tints) if pair[side]]
        for side in ("source", "answer")
    }
    sides["source"] += [(of, "var(--muted)") for of in clip["others"]]
    placed = {
        side: [
            {"x": at(of["azimuth"])[0], "y": at(of["azimuth"])[1], "tint": tint, "text": _named(of)}
            for of, tint in given
            if of["azimuth"] is not None
        ]
        for side, given in sides.items()
    }
    return {"x": x, "y": y, "radius": RADIUS, **placed}
