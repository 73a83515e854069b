"""The page of two systems on one clip set, from `pairs/<a>--<b>/pair.json` (`pair`) alone.

Written: pairs/<a>--<b>/index.html, figures/<a>--<b>/*. Equal data give equal HTML.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from jinja2 import Environment
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from seldbench.errors import BadFile
from seldbench.evaluation.names import lower_is_better
from seldbench.report.figures.charts import STYLE, plain, svg
from seldbench.report.figures.files import Data
from seldbench.report.pages.clip_parts import (
    SEPARATED,
    UP,
    Place,
    Sound,
    drawing,
    in_rows,
    sounds_of,
)
from seldbench.report.palette import LIGHT
from seldbench.report.results.published import read_part
from seldbench.report.words import plain_title, shown
from seldbench.storage import write_text

FIRST, SECOND = "c0", "c1"  # the colours of the two
BINS = 20  # of a histogram, on each side of 0
LEAST = 0.1  # that its axis reaches to
WIDE = 9.6  # inches


@dataclass(frozen=True)
class Linked:
    """A published pair, as other pages link it. name: of its folder; runs: of both systems."""

    name: str
    title: str
    runs: tuple[str, ...]


def pairs_of(reports: Path) -> list[Linked]:
    """The published pairs, by name.

    Raises:
        BadFile: a published file that breaks a rule.
    """
    found = []
    for path in sorted((reports / "pairs").glob("*/pair.json")):
        of = read_part(path)
        title = f"{' and '.join(system['name'] for system in of['systems'])} on {of['dataset']}"
        runs = tuple(run for system in of["systems"] for run in system["runs"])
        found.append(Linked(path.parent.name, title, runs))
    return found


def write_pair(templates: Environment, name: str, reports: Path, out: Path) -> None:
    """Writes the page of a pair and its figures.

    Raises:
        BadFile: a published file that is absent or breaks a rule.
    """
    folder = reports / "pairs" / name
    of = read_part(folder / "pair.json")
    place = Place(folder, out, f"pairs/{name}", name)
    try:
        page = templates.get_template("pair.html").render(
            root=UP,
            of=of,
            several=any(len(system["runs"]) > 1 for system in of["systems"]),
            names=[system["name"] for system in of["systems"]],
            tints=(FIRST, SECOND),
            linked=[_linked(system["runs"], reports) for system in of["systems"]],
            lines=[_line(score, of) for score in of["scores"]],
            classes=_classes(of, place),
            histogram=_histogram(of, place),
            clips=[
                _clip(templates, of, i, clip, place)
                for i, clip in enumerate(of["shown"].get("clips", []), 1)
            ],
            alone=of["shown"].get("alone", {}),
        )
    except KeyError as error:
        raise BadFile(f"{folder / 'pair.json'}: no {error}; make the pair again") from None
    write_text(out / "pairs" / name / "index.html", page)


def _linked(runs: Sequence[str], reports: Path) -> list[tuple[str, bool]]:
    """Runs, and whether they have a page."""
    return [(run, (reports / "scores" / f"{run}.json").exists()) for run in runs]


def _line(score: Mapping[str, Any], of: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table of scores."""
    name, interval = score["score"], score["interval"]
    verdict = f"{score['better']} better" if score["better"] else "not resolved"
    return {
        "score": name,
        "values": [shown(value, name) for value in score["values"]],
        "difference": shown(score["difference"], name, "+"),
        "interval": None if interval is None else [shown(end, name, "+") for end in interval],
        "p": "–" if score["p_holm"] is None else f"{score['p_holm']:.3g}",
        "mcnemar": [
            f"{m['p']:.3g} ({m['first']} : {m['second']})" for m in score.get("mcnemar", [])
        ],
        "verdict": verdict + (f" ({'; '.join(of['marks'])})" if of["marks"] else ""),
        "resolved": score["better"] is not None,
    }


def _classes(of: Mapping[str, Any], place: Place) -> dict[str, Any] | None:
    part = of["by_class"]
    if not part or not part["classes"]:
        return None
    names = [system["name"] for system in of["systems"]]
    columns = ("class", *names, "difference", "low", "high", "p", "resolved")
    rows = [
        (
            row["class"], *row["values"], row["difference"], *(row["interval"] or (None, None)),
            row["p"], int(row["resolved"]),
        )
        for row in part["classes"]
    ]  # fmt: skip
    drawn = classes_figure(part, names)
    return {**part, "figure": place.drawn("classes", drawn, Data(columns, rows))}


def classes_figure(part: Mapping[str, Any], names: Sequence[str]) -> str:
    """First minus second by class with intervals; in the colour of the better one where the
    difference is resolved, hollow where it is not."""
    rows = part["classes"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 1.2 + 0.26 * len(rows)), layout="constrained")
        panel = figure.subplots()
        panel.axvline(0, color=LIGHT["ink"], linewidth=1.0)
        for i, row in enumerate(rows):
            tint = LIGHT[_ahead(part["score"], row["difference"])]
            if row["interval"]:
                panel.plot(row["interval"], (i, i), color=tint, linewidth=2.2, alpha=0.55)
            fill = tint if row["resolved"] else LIGHT["paper"]
            panel.plot([row["difference"]], [i], "o", color=tint, markerfacecolor=fill)
        panel.set_yticks(
            range(len(rows)), [plain(row["class"]) for row in rows], color=LIGHT["ink"]
        )
        panel.set_ylim(len(rows) - 0.5, -0.5)
        panel.set_title(f"{plain_title(part['score'])}: {names[0]} − {names[1]}")
        panel.grid(False, axis="y")
        figure.legend(handles=_legend(names), loc="outside lower right", ncols=2)
        return svg(figure, "Differences by class")


def _ahead(score: str, difference: float) -> str:
    if not difference:
        return "muted"
    return FIRST if (difference < 0) == lower_is_better(score) else SECOND


def _legend(names: Sequence[str]) -> list[Patch]:
    return [
        Patch(color=LIGHT[tint], label=f"{plain(name)} better")
        for tint, name in zip((FIRST, SECOND), names)
    ]


def _histogram(of: Mapping[str, Any], place: Place) -> dict[str, Any] | None:
    differences = of["shown"].get("differences")
    if not differences:
        return None
    score, names = of["shown"]["score"], [system["name"] for system in of["systems"]]
    data = Data(("difference",), [(d,) for d in differences])
    signs = [sum(d > 0 for d in differences), sum(d < 0 for d in differences)]
    return {
        "figure": place.drawn("clips", histogram(differences, score, names), data)
        if any(signs)
        else None,
        "number": len(differences),
        "better": signs,
        "score": score,
    }


def histogram(differences: Sequence[float], score: str, names: Sequence[str]) -> str:
    """How many clips differ by how much; more is better for the first."""
    reach = max(LEAST, *(abs(d) for d in differences))
    edges = np.linspace(-reach, reach, 2 * BINS + 1)
    apart = np.array([d for d in differences if d])
    counts, _ = np.histogram(apart, edges)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 2.6), layout="constrained")
        panel = figure.subplots()
        tints = [LIGHT[SECOND if edge < -1e-9 else FIRST] for edge in edges[:-1]]
        panel.bar(edges[:-1], counts, 0.9 * (edges[1] - edges[0]), align="edge", color=tints)
        panel.axvline(0, color=LIGHT["ink"], linewidth=1.0)
        panel.set_xlabel(f"{plain_title(score)} of single clips: {names[0]} ahead by")
        panel.set_ylabel("clips")
        panel.grid(False, axis="x")
        figure.legend(handles=_legend(names), loc="outside upper right", ncols=2)
        return svg(figure, "Differences by clip")


def _clip(
    templates: Environment, of: Mapping[str, Any], i: int, clip: Mapping[str, Any], place: Place
) -> dict[str, Any]:
    """Both systems' drawings of one clip, and what can be listened to."""
    score = of["shown"]["score"]
    return {
        "id": clip["id"],
        "values": [shown(value, score) for value in clip["values"]],
        "ahead": 0 if clip["difference"] > 0 else 1,
        "sounds": in_rows(_sounds(clip, of, place)),
        "drawings": [
            place.drawn(
                f"clip-{i}-{side}",
                *drawing(templates, of["task"], of["classes"], clip[side], place),
            )
            for side in ("first", "second")
        ],
    }


def _sounds(clip: Mapping[str, Any], of: Mapping[str, Any], place: Place) -> Iterator[Sound]:
    """Those of the clip; of mixtures also what the second system separated, each by its system."""
    first, second = (system["name"] for system in of["systems"])
    for sound in sounds_of(clip["first"], place):
        own = sound.text.startswith(SEPARATED)
        yield replace(sound, text=f"{first}, {sound.text}") if own else sound
    if of["task"] == "separation":
        for sound in sounds_of(clip["second"], place):
            if sound.text.startswith(SEPARATED):
                yield replace(sound, text=f"{second}, {sound.text}")
