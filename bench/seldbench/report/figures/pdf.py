"""PDF files of a report's SVG figures, for papers: the text stays text, with its font embedded.

Read is what the figures here are made of: groups, paths, lines, rectangles, circles, polygons,
texts, PNG images, clipping rectangles and copies of defined paths. A unit of the drawing is a point
of the page. Equal SVGs give equal files.
"""

import base64
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import matplotlib as mpl
from matplotlib import image as images
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D, Bbox, Transform

KEPT = 256  # files of a process: choosing the font's signs takes long, and figures come again
POINTS = 72.0  # of an inch
STYLE: dict[Any, Any] = {"pdf.fonttype": 42, "font.family": "sans-serif"}  # 42: TrueType
MADE_BY = "seldbench figure 1"  # the number changes with what a PDF is made of an SVG
ABOUT = {"Creator": MADE_BY, "CreationDate": None, "Producer": None}
INHERITED = {"fill": "#000000", "stroke": "none", "stroke-width": "1", "font-size": "12"}
CONTAINERS = ("svg", "g")
WEIGHTS = {"600": "bold", "700": "bold", "bold": "bold"}
ENDS = {"square": "projecting", "round": "round"}  # of lines
Look = Mapping[str, str]


@lru_cache(maxsize=KEPT)
def pdf_of(svg: str) -> bytes:
    """The PDF of an SVG in plain colours."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a sign that the font lacks becomes a box
        figure_of(svg).savefig(buffer, format="pdf", metadata=ABOUT)
    return buffer.getvalue()


def figure_of(svg: str) -> Figure:
    """The same drawing, a point of the page a unit."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = (float(n) for n in root.attrib["viewBox"].split())
    figure = Figure(figsize=(width / POINTS, height / POINTS), facecolor="none")
    upright = Affine2D().scale(1 / POINTS, -1 / POINTS).translate(0, height / POINTS)
    _Drawing(figure, upright + figure.dpi_scale_trans, _defined(root)).add(root, INHERITED)
    return figure


@dataclass
class _Drawing:
    """Where elements go. place: from the drawing's units to the page's. defined: by id."""

    figure: Figure
    place: Transform
    defined: Mapping[str, Element]
    drawn: int = field(default=0)

    def add(self, element: Element, outer: Look, within: Transform | None = None) -> None:
        """An element with what is inside it."""
        look = {**outer, **_own(element)}
        here = _transform(element.get("transform", "")) + (within or Affine2D())
        kind = _kind(element)
        if kind in CONTAINERS:
            for child in element:
                self.add(child, look, here)
        elif kind == "text":
            self._text(element, look, here)
        elif kind == "image":
            self._image(element, here)
        elif kind == "use":
            self._copy(element, look, here)
        elif (outline := _outline(kind, element)) is not None:
            self._path(outline, look, here)

    def _path(self, outline: Outline, look: Look, here: Transform) -> None:
        patch = PathPatch(
            outline,
            facecolor=_tint(look, "fill"),
            edgecolor=_tint(look, "stroke"),
            linewidth=_length(look["stroke-width"]) if look["stroke"] != "none" else 0.0,
            linestyle=_dashes(look),
            capstyle=ENDS.get(look.get("stroke-linecap", ""), "butt"),
            joinstyle=look.get("stroke-linejoin", "miter"),
            transform=here + self.place,
        )
        self._put(patch)
        cut = self.defined.get(_target(look.get("clip-path", "")))
        if cut is not None and (window := _outline("rect", cut[0])) is not None:
            patch.set_clip_path(window, here + self.place)

    def _text(self, element: Element, look: Look, here: Transform) -> None:
        words = "".join(element.itertext())
        words = words.removeprefix(element.findtext("{*}title") or "")
        at = (float(element.get("x", 0)), float(element.get("y", 0)))
        anchors = {"middle": "center", "end": "right"}
        turned = re.search(r"rotate\(\s*(-?[\d.]+)", element.get("transform", ""))
        x, y = here.transform(at)
        text = self.figure.text(
            x, y, words, transform=self.place, color=_tint(look, "fill"), va="baseline",
            ha=anchors.get(look.get("text-anchor", ""), "left"),
            fontsize=_length(look["font-size"]),
            fontweight=WEIGHTS.get(look.get("font-weight", ""), "normal"),
            rotation=-float(turned[1]) if turned else 0.0, rotation_mode="anchor",
        )  # fmt: skip
        text.set_parse_math(False)
        text.set_zorder(self._next())
        longest = element.get("textLength")
        if longest is not None:
            wide = max(text.get_window_extent().width * POINTS / self.figure.dpi, 1.0)
            text.set_fontsize(_length(look["font-size"]) * min(1.0, float(longest) / wide))

    def _image(self, element: Element, here: Transform) -> None:
        content = base64.b64decode(_reference(element).partition(",")[2])
        x, y, width, height = (float(element.get(k, 0)) for k in ("x", "y", "width", "height"))
        corners = [(x, y + height), (x + width, y)]
        box = Bbox((here + self.place).transform(corners)).transformed(
            self.figure.transFigure.inverted()
        )
        panel = self.figure.add_axes(box.bounds, zorder=self._next())
        panel.set_axis_off()
        pixels = images.imread(io.BytesIO(content), format="png")
        panel.imshow(pixels, "gray", aspect="auto", interpolation="none", vmin=0.0, vmax=1.0)

    def _copy(self, element: Element, look: Look, here: Transform) -> None:
        source = self.defined[_target(_reference(element))]
        moved = Affine2D().translate(float(element.get("x", 0)), float(element.get("y", 0)))
        self.add(source, {**look, **_own(source)}, moved + here)

    def _put(self, artist: Any) -> None:
        artist.set_zorder(self._next())
        self.figure.add_artist(artist)

    def _next(self) -> int:
        """What comes later lies above."""
        self.drawn += 1
        return self.drawn


def _kind(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _defined(root: Element) -> dict[str, Element]:
    return {of.attrib["id"]: of for of in root.iter() if "id" in of.attrib}


def _own(element: Element) -> dict[str, str]:
    """An element's attributes, of which those in `style` count more."""
    pairs = (part.partition(":") for part in element.get("style", "").split(";") if ":" in part)
    return {**element.attrib, **{name.strip(): value.strip() for name, _, value in pairs}}


def _reference(element: Element) -> str:
    return next(v for k, v in element.attrib.items() if k.rpartition("}")[2] == "href")


def _target(reference: str) -> str:
    """The id in "#id" and "url(#id)"; "" for none."""
    return reference.partition("#")[2].rstrip(")")


def _tint(look: Look, what: str) -> Any:
    if look[what] == "none":
        return "none"
    return (look[what], float(look.get(f"{what}-opacity", 1)) * float(look.get("opacity", 1)))


def _length(text: str) -> float:
    return float(text.removesuffix("px"))


def _dashes(look: Look) -> Any:
    given = look.get("stroke-dasharray", "none")
    if given == "none":
        return "-"
    wide = _length(look["stroke-width"]) or 1.0
    # The drawing counts dashes in its units, the page in widths of the line.
    parts = [float(n) / wide for n in re.split(r"[\s,]+", given.strip())]
    return (float(look.get("stroke-dashoffset", 0)) / wide, parts)


def _transform(text: str) -> Transform:
    """Of "translate(x y)", "rotate(degrees x y)", "scale(n)", the last of them applied first."""
    made = Affine2D()
    for name, given in reversed(re.findall(r"(\w+)\(([^)]*)\)", text)):
        numbers = [float(n) for n in re.split(r"[\s,]+", given.strip())]
        if name == "translate":
            made.translate(*[*numbers, 0.0][:2])
        elif name == "scale":
            made.scale(*numbers)
        elif name == "rotate":
            x, y = numbers[1:] or (0.0, 0.0)
            made.rotate_deg_around(x, y, numbers[0])
        else:
            raise ValueError(f"{text!r}: a figure may be moved, turned and scaled only")
    return made


def _outline(kind: str, of: Element) -> Outline | None:
    """The path of a shape; None of what is no shape, such as a title."""

    def at(*names: str) -> list[float]:
        return [float(of.get(name, 0)) for name in names]

    if kind == "path":
        return _read_path(of.attrib["d"])
    if kind == "line":
        x1, y1, x2, y2 = at("x1", "y1", "x2", "y2")
        return Outline([(x1, y1), (x2, y2)])
    if kind == "rect":
        x, y, width, height = at("x", "y", "width", "height")
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
        return Outline(corners, closed=True)
    if kind == "circle":
        x, y, radius = at("cx", "cy", "r")
        return Outline.circle((x, y), radius)
    if kind in ("polygon", "polyline"):
        numbers = [float(n) for n in re.split(r"[\s,]+", of.attrib["points"].strip())]
        points = list(zip(numbers[::2], numbers[1::2]))
        closed = kind == "polygon"
        return Outline(points + points[:1] if closed else points, closed=closed)
    return None


# {command: (numbers that it takes, codes of its points)}
COMMANDS = {
    "M": (2, [Outline.MOVETO]),
    "L": (2, [Outline.LINETO]),
    "H": (1, [Outline.LINETO]),
    "V": (1, [Outline.LINETO]),
    "Q": (4, [Outline.CURVE3] * 2),
    "C": (6, [Outline.CURVE4] * 3),
}


def _read_path(text: str) -> Outline | None:
    """Commands M L H V Q C Z, in capitals or (relative to the last point) not."""
    points: list[tuple[float, float]] = []
    codes: list[Any] = []
    here = start = (0.0, 0.0)
    for command, numbers in _commands(text):
        if command in "Zz":
            points, codes, here = [*points, start], [*codes, Outline.CLOSEPOLY], start
            continue
        added = _points(command, numbers, here)
        points, codes, here = [*points, *added], [*codes, *COMMANDS[command.upper()][1]], added[-1]
        start = here if command in "Mm" else start
    return Outline(points, codes) if points else None


def _commands(text: str) -> Iterator[tuple[str, list[float]]]:
    """(letter, numbers) once for every repetition of a command."""
    for letter, given in re.findall(r"([A-Za-z])([^A-Za-z]*)", text):
        numbers = [float(n) for n in re.findall(r"-?\d*\.?\d+", given)]
        if letter in "Zz":
            yield letter, []
            continue
        size, _ = COMMANDS[letter.upper()]
        for i in range(0, len(numbers), size):
            # What follows a first point is lines.
            again = {"M": "L", "m": "l"}.get(letter, letter)
            yield again if i else letter, numbers[i : i + size]


def _points(
    command: str, numbers: list[float], here: tuple[float, float]
) -> list[tuple[float, float]]:
    x, y = here if command.islower() else (0.0, 0.0)
    if command in "Hh":
        return [(x + numbers[0], here[1])]
    if command in "Vv":
        return [(here[0], y + numbers[0])]
    return [(x + a, y + b) for a, b in zip(numbers[::2], numbers[1::2])]
