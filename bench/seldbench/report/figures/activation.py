"""Which frequency rows carry each class (AST-SED, Li et al. 2023, Fig. 3): of a network that was
heard row by row (`seldbench predict RUN --probe rows`), the event F1 of each class by row.

Read from a run's `probes/rows.json`. Frequencies are in hertz; F1 is a fraction, normalised per
class to 0 for its lowest row and 1 for its highest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from seldbench.errors import BadFile
from seldbench.report.figures.charts import STYLE, plain, svg
from seldbench.report.palette import LIGHT
from seldbench.storage import read_json

FORMAT = 1
ROWS = Path("probes/rows.json")  # in a run's folder
COLUMNS = 4


class _Block(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Condition(_Block):
    """One row heard alone; the band that it covers, in hertz."""

    name: str
    low: FiniteFloat
    high: FiniteFloat
    scores: dict[str, FiniteFloat | None] = {}


class OfClass(_Block):
    """A value a row. centroid, spread: of the normalised values, counted in rows from 0; None where
    all rows are alike."""

    event_f1: list[FiniteFloat | None]
    normalised: list[FiniteFloat]
    centroid: FiniteFloat | None
    spread: FiniteFloat | None


class Activation(_Block):
    """A probe of the rows. simulated: what a result on the data must say."""

    simulated: str | None = None
    conditions: list[Condition]
    classes: dict[str, OfClass]


@dataclass(frozen=True)
class Line:
    """A class of the table: raw F1 by row, the row and frequency of the centroid, the spread."""

    name: str
    values: tuple[float | None, ...]
    centroid: float | None
    hertz: float | None
    spread: float | None


def parse(content: Any, path: Path) -> Activation:
    """A probe's content, checked.

    Raises:
        BadFile: another format, a missing key, or a class with another number of rows.
    """
    version = content.get("format") if isinstance(content, dict) else None
    if version != FORMAT:
        raise BadFile(f"{path}: format {version!r}, this seldbench reads {FORMAT}; probe again")
    try:
        found = Activation.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadFile(f"{path}: {where}: {first['msg']}; probe again") from None
    for name, of in found.classes.items():
        numbers = {len(of.event_f1), len(of.normalised), len(found.conditions)}
        if len(numbers) > 1:
            raise BadFile(
                f"{path}: {name} has {len(of.event_f1)} values for {len(found.conditions)} rows;"
                " probe again"
            )
    return found


def read_rows(path: Path) -> Activation:
    """Raises BadFile as `parse`."""
    return parse(read_json(path), path)


def lines(found: Activation) -> list[Line]:
    """The table of a probe, a line a class."""
    return [
        Line(
            name,
            tuple(of.event_f1),
            of.centroid,
            None if of.centroid is None else hertz_at(found.conditions, of.centroid),
            of.spread,
        )
        for name, of in found.classes.items()
    ]


def hertz_at(conditions: Sequence[Condition], row: float) -> float:
    """The frequency of a place between rows, from the middles of the bands."""
    middles = [(c.low + c.high) / 2 for c in conditions]
    below = min(int(row), len(middles) - 1)
    above = min(below + 1, len(middles) - 1)
    return middles[below] + (row - below) * (middles[above] - middles[below])


def figure(found: Activation) -> str:
    """A panel a class: bars over the rows from low to high, a dashed line at the centroid."""
    simulated = bool(found.simulated)
    height = -(-len(found.classes) // COLUMNS)
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(9.6, 0.9 + 1.5 * height), layout="constrained")
        panels = drawn.subplots(height, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
        for panel, (name, of) in zip(panels, found.classes.items()):
            _panel(panel, name, of)
        for i, panel in enumerate(panels):
            _axis(panel, found.conditions, lowest=i + COLUMNS >= len(found.classes))
            panel.set_visible(i < len(found.classes))
        for panel in panels[::COLUMNS]:
            panel.set_ylabel("normalised F1", fontsize=8.0)
        mark = ", simulated data" if simulated else ""
        drawn.suptitle(
            f"Event F1 of single frequency rows, by class{mark}", x=0.01, ha="left", fontsize=10.0
        )
        return svg(drawn, "Activation along frequency")


def _panel(panel: Axes, name: str, of: OfClass) -> None:
    panel.bar(range(len(of.normalised)), of.normalised, 0.82, color=LIGHT["c0"])
    if of.centroid is not None:
        panel.axvline(of.centroid, color=LIGHT["c1"], linewidth=1.4, linestyle=(0, (3, 2)))
    if not any(of.normalised):
        middle = (len(of.normalised) - 1) / 2
        panel.text(middle, 0.45, "all rows alike", ha="center", fontsize=8.0, color=LIGHT["muted"])
    panel.set_title(plain(name), fontsize=9.0)


def _axis(panel: Axes, conditions: Sequence[Condition], *, lowest: bool) -> None:
    names = [f"{band.low:.0f}–{band.high:.0f}" for band in conditions]
    panel.set_xticks(range(len(names)), names, rotation=90, fontsize=6.5)
    panel.tick_params(labelbottom=lowest)
    panel.set_ylim(0, 1.05)
    panel.set_yticks([0, 0.5, 1])
    panel.set_xlim(-0.7, len(names) - 0.3)
    panel.grid(False, axis="x")
    if lowest:
        panel.set_xlabel("Hz", fontsize=8.0)
