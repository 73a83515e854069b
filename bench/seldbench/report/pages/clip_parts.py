"""What a page shows of each chosen clip: its drawings and its sounds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from seldbench.report.clips.mixtures import labelled, mixture_drawing, tint_of
from seldbench.report.clips.sky import sky
from seldbench.report.clips.timeline import timeline
from seldbench.report.clips.tracks import tracks
from seldbench.report.figures import figure_data
from seldbench.report.figures.files import Data, drawn
from seldbench.report.results.published import read_beside
from seldbench.report.results.result import Result
from seldbench.storage import write_bytes

SEPARATED = "separated"  # how sounds of answers begin
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
    """What can be listened to, and its file beside the page. tint: of it in the drawing, "" for
    what has none. row: which others it stands beside."""

    text: str
    address: str
    row: str
    tint: str = ""


def clip_parts(
    templates: Environment, result: Result, name: str, clip: Mapping[str, Any], place: Place
) -> dict[str, Any]:
    """A clip of clips.json, with its drawings and sounds; figures go by `name`.

    Raises:
        BadFile: a picture or sound that is not there.
    """
    classes = list(result.classes)
    svg, data = drawing(templates, result.task, classes, clip, place)
    found = {**clip, "map": None, "sounds": in_rows(sounds_of(clip, place))}
    if result.task == "seld":
        found["map"] = place.drawn(f"{name}-map", sky(templates, clip, classes), data)
    return {**found, "svg": place.drawn(name, svg, data)}


def drawing(
    templates: Environment, task: str, classes: Sequence[str], clip: Mapping[str, Any], place: Place
) -> tuple[str, Data]:
    """What was true and what was predicted in a clip, below its spectrogram where it has one."""
    picture = read_beside(clip["spectrogram"], place.folder) if clip["spectrogram"] else None
    if task == "separation":
        pictures = _pictures(clip, place.folder) if picture else {}
        return mixture_drawing(templates, clip, pictures), figure_data.mixture(clip)
    if task == "seld":
        return tracks(templates, clip, picture, classes), figure_data.directions(clip)
    return timeline(templates, clip, picture), figure_data.events(clip)


def sounds_of(clip: Mapping[str, Any], place: Place) -> Iterator[Sound]:
    """A clip's own sound; of a mixture also those of its sources and what was separated."""
    if clip.get("audio"):
        text = "mixture" if "pairs" in clip else "first channel"
        yield Sound(text, place.brought(clip["audio"]), "clip")
    for i, pair in enumerate(clip.get("pairs", [])):
        source, answer = pair["source"], pair["answer"]
        row = f"source {source['number']}" if source else f"none at {answer['azimuth']}"
        for side, words in (("source", "true"), ("answer", SEPARATED)):
            of = pair[side]
            if of and of.get("audio"):
                text = f"{words}: {labelled(of)}"
                yield Sound(text, place.brought(of["audio"]), row, tint_of(i))


def in_rows(sounds: Iterable[Sound]) -> list[list[Sound]]:
    """Those of one source beside each other, rows in the order in which they begin."""
    rows: dict[str, list[Sound]] = {}
    for sound in sounds:
        rows.setdefault(sound.row, []).append(sound)
    return list(rows.values())


def _pictures(clip: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """All spectrograms of a mixture by file name."""
    given = [pair[side] for pair in clip["pairs"] for side in ("source", "answer")]
    names = [clip["spectrogram"], *(of["spectrogram"] for of in given if of)]
    return {name: read_beside(name, folder) for name in names}
