"""What a page shows of each chosen clip: its drawings and its sounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from seldbench.report import figure_data
from seldbench.report.mixtures import mixture_drawing
from seldbench.report.page_parts import Data, drawn
from seldbench.report.published import read_beside
from seldbench.report.results import Result
from seldbench.report.timeline import timeline
from seldbench.report.tracks import tracks


@dataclass(frozen=True)
class Place:
    """Where clips come from and go to. folder: with their pictures and sounds. out: of the pages;
    name: of their figures' folder; up: from the page to `out`."""

    folder: Path
    out: Path
    name: str
    up: str

    def drawn(self, name: str, svg: str, data: Data) -> Markup:
        return drawn(svg, self.out, self.name, name, data, up=self.up)


def clip_parts(
    templates: Environment, result: Result, i: int, clip: Mapping[str, Any], place: Place
) -> dict[str, Any]:
    """A clip of clips.json, with its drawings.

    Raises:
        BadFile: a picture or sound that is not there.
    """
    picture = read_beside(clip["spectrogram"], place.folder) if clip["spectrogram"] else None
    if result.task == "separation":
        svg = mixture_drawing(templates, clip, _pictures(clip, place.folder) if picture else {})
        data = figure_data.mixture(clip)
    elif result.task == "seld":
        svg = tracks(templates, clip, picture, list(result.classes))
        data = figure_data.directions(clip)
    else:
        svg, data = timeline(templates, clip, picture), figure_data.events(clip)
    return {**clip, "svg": place.drawn(f"clip-{i}", svg, data)}


def _pictures(clip: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """All spectrograms of a mixture by file name."""
    given = [pair[side] for pair in clip["pairs"] for side in ("source", "answer")]
    names = [clip["spectrogram"], *(of["spectrogram"] for of in given if of)]
    return {name: read_beside(name, folder) for name in names}
