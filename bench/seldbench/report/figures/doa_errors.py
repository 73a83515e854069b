"""How far true and predicted directions lie apart: a histogram over the pairs that the run's scorer
makes, frame by frame. Degrees."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from seldbench.metrics.seld import SCORERS
from seldbench.metrics.seld.angles import pair_angles
from seldbench.metrics.seld.scorers import THRESHOLD
from seldbench.report.clips.shown_directions import Directed
from seldbench.report.figures.charts import STYLE, svg
from seldbench.report.figures.files import Data
from seldbench.report.palette import LIGHT

STEP, REACH = 5, 180  # of the histogram's bins


def content(found: Directed, scorer: str) -> dict[str, Any]:
    """For angles.json: counts of pairs by angle (bins of STEP from 0), how many there are, the
    share within the scorer's limit, the median; the last three by class too."""
    year = SCORERS[scorer]
    year = year if found.measured else year.without_distance()
    degrees, label = pair_angles(year, found.reference, found.predicted, len(found.classes))
    # Whole degrees lie on the edges: what calculation adds to them must not decide.
    counts, _ = np.histogram(degrees.round(6), bins=np.arange(0, REACH + STEP, STEP))
    return {
        "step": STEP,
        "limit": THRESHOLD,
        "counts": counts.tolist(),
        **_summary(degrees),
        "classes": {
            name: _summary(degrees[label == i])
            for i, name in enumerate(found.classes)
            if (label == i).any()
        },
    }


def _summary(degrees: np.ndarray) -> dict[str, Any]:
    if not len(degrees):
        return {"pairs": 0, "within": None, "median": None}
    within = round(float((degrees <= THRESHOLD).mean()), 4)
    return {"pairs": len(degrees), "within": within, "median": round(float(np.median(degrees)), 1)}


def figure(of: Mapping[str, Any]) -> str:
    """Bars of the share of pairs; a dashed line at the limit."""
    total = max(sum(of["counts"]), 1)
    edges = [i * of["step"] for i in range(len(of["counts"]))]
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(9.6, 2.9), layout="constrained")
        panel = drawn.subplots()
        tints = [LIGHT["c2" if edge < of["limit"] else "c0"] for edge in edges]
        shares = [count / total for count in of["counts"]]
        panel.bar(edges, shares, 0.92 * of["step"], align="edge", color=tints)
        panel.axvline(of["limit"], color=LIGHT["ink"], linewidth=1.2, linestyle=(0, (3, 2)))
        words = f" {of['limit']:g}°: {100 * (of['within'] or 0):.1f} % are within"
        top = 1.15 * max([*shares, 0.01])
        panel.text(of["limit"], 0.985 * top, words, va="top", fontsize=9.0)
        panel.set_ylim(0, top)
        panel.set_xlim(0, REACH)
        panel.set_xticks(range(0, REACH + 1, 20))
        panel.set_xlabel("degrees between true and predicted direction")
        panel.set_ylabel("share of the pairs")
        panel.grid(False, axis="x")
        return svg(drawn, "Errors of directions")


def data(of: Mapping[str, Any]) -> Data:
    step = of["step"]
    rows = [(i * step, (i + 1) * step, count) for i, count in enumerate(of["counts"])]
    return Data(("from_degrees", "to_degrees", "pairs"), rows)
