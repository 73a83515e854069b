"""What a page shows of each chosen clip: its drawings and its sounds."""

from collections.abc import Iterator, Mapping
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
from seldbench.report.sky import sky
from seldbench.report.timeline import timeline
from seldbench.report.tracks import tracks
from seldbench.storage import write_bytes

UP = "../../"  # from the page of a run or a pair to the reports' folder


@dataclass(frozen=True)
class Place:
    """Where clips come from and go to. folder: with their pictures and sounds. out: of all pages;
    page: the folder of this one in it; figures: the folder of its figures in `out`/figures."""

    folder: Path
    out: Path
    page: str
    figures: str

    def drawn(self, name: str, svg: str, data: Data) -> Markup:
        return drawn(svg, self.out, self.figures, name, data, up=UP)

    def brought(self, sound: str) -> str:
        """The address of a sound from the page, beside which it lies then."""
        content, goal = read_beside(sound, self.folder), self.out / self.page / sound
        if goal.parent.resolve() != self.folder.resolve():
            write_bytes(goal, content)
        return sound


@dataclass(frozen=True)
class Sound:
    """What can be listened to, and its file beside the page."""

    text: str
    address: str


def clip_parts(
    templates: Environment,
    result: Result,
    name: str,
    clip: Mapping[str, Any],
    place: Place,
) -> dict[str, Any]:
    """A clip of clips.json, with its drawings and sounds; figures go by `name`.

    Raises:
        BadFile: a picture or sound that is not there.
    """
    picture = read_beside(clip["spectrogram"], place.folder) if clip["spectrogram"] else None
    found: dict[str, Any] = {**clip, "map": None, "sounds": list(sounds_of(clip, place))}
    if result.task == "separation":
        svg = mixture_drawing(templates, clip, _pictures(clip, place.folder) if picture else {})
        data = figure_data.mixture(clip)
    elif result.task == "seld":
        svg = tracks(templates, clip, picture, list(result.classes))
        data = figure_data.directions(clip)
        found["map"] = place.drawn(f"{name}-map", sky(templates, clip, list(result.classes)), data)
    else:
        svg, data = timeline(templates, clip, picture), figure_data.events(clip)
    return {**found, "svg": place.drawn(name, svg, data)}


def sounds_of(clip: Mapping[str, Any], place: Place) -> Iterator[Sound]:
    """A clip's own sound; of a mixture also those of its sources and what was separated."""
    if clip.get("audio"):
        text = "mixture" if "pairs" in clip else "first channel"
        yield Sound(text, place.brought(clip["audio"]))
    for pair in clip.get("pairs", []):
        for side, words in (("source", "true"), ("answer", "separated")):
            of = pair[side]
            if of and of.get("audio"):
                yield Sound(f"{words}: {of['label']}", place.brought(of["audio"]))


def _pictures(clip: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """All spectrograms of a mixture by file name."""
    given = [pair[side] for pair in clip["pairs"] for side in ("source", "answer")]
    names = [clip["spectrogram"], *(of["spectrogram"] for of in given if of)]
    return {name: read_beside(name, folder) for name in names}
