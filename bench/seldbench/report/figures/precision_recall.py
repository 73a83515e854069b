"""Precision over recall by class, as the threshold falls: of frames (events), of clips (tagging).

A frame is true for a class if its centre lies in one of its events. Of many classes those with the
lowest and the highest average precision are kept.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from seldbench.annotations import read_tag_predictions, read_tags
from seldbench.evaluation.tagging.pairs import paired_tags
from seldbench.metrics.events.frames import frame_labels
from seldbench.report.clips.shown import Outcome
from seldbench.report.figures.charts import STYLE, plain, svg
from seldbench.report.figures.files import Data
from seldbench.report.palette import SERIES, colour
from seldbench.report.words import number

Array = np.ndarray
Ranked = tuple[str, Array, Array]  # class, scores (items,), whether each item is true (items,)

GRID = 101  # recalls of a published curve
MOST = len(SERIES)  # classes that are kept: as many as there are colours


def of_frames(outcome: Outcome) -> dict[str, Any]:
    """Of a run's frame scores; {} without any."""
    frames = outcome.frames
    return {} if frames is None else _content("frames", _frames(outcome))


def _frames(outcome: Outcome) -> Iterator[Ranked]:
    frames = outcome.frames
    assert frames is not None
    for i, name in enumerate(frames.classes):
        yield name, frames.column(i), frame_labels(outcome.reference, frames, name)


def of_clips(run: Path) -> dict[str, Any]:
    """Of a tagging run's clip scores; {} of decided labels.

    Raises:
        BadFile: a file of the run that breaks a rule.
    """
    reference = read_tags(run / "reference" / "tags.tsv")
    of = paired_tags(reference, read_tag_predictions(run / "predictions" / "clips.tsv"), None)
    if of.scores is None:
        return {}
    columns = zip(of.classes, of.scores.T, of.labels.T)
    return _content("clips", ((name, scores, labels) for name, scores, labels in columns))


def _content(items: str, ranked: Iterator[Ranked]) -> dict[str, Any]:
    """For precision_recall.json; classes without a true item have no curve."""
    curves = {name: curve(scores, true) for name, scores, true in ranked if true.any()}
    found = sorted(curves, key=lambda name: (curves[name]["ap"], name))
    dropped = found[MOST // 2 : len(found) - MOST // 2] if len(found) > MOST else []
    kept = {name: of for name, of in curves.items() if name not in dropped}
    return {"of": items, "all": len(curves), "classes": kept}


def curve(scores: Array, true: Array) -> dict[str, Any]:
    """{"ap": average precision, "items": how many are true, "points": [recall, precision] at the
    first threshold that reaches each recall of an even grid, without repetitions}.

    Source: scikit-learn, metrics/_ranking.py (average_precision_score).
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(true[order])
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of equal scores
    recall, precision = hits[last] / hits[-1], hits[last] / (last + 1)
    ap = float((np.diff(recall, prepend=0.0) * precision).sum())
    at = np.unique(np.searchsorted(recall, np.linspace(0, 1, GRID) - 1e-12))
    points = [[round(float(recall[i]), 4), round(float(precision[i]), 4)] for i in at]
    return {"ap": round(ap, 4), "items": int(hits[-1]), "points": points}


def figure(found: Mapping[str, Any]) -> str:
    """A line a class, with its average precision."""
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(9.6, 4.2), layout="constrained")
        panel = drawn.subplots()
        for i, (name, of) in enumerate(found["classes"].items()):
            across, up = zip(*of["points"])
            label = f"{plain(name)}  {number(of['ap'])}"
            mark = "o" if len(across) == 1 else None
            panel.plot(across, up, color=colour(i), linewidth=1.3, label=label, marker=mark)
        panel.set_xlim(0, 1)
        panel.set_ylim(0, 1.02)
        panel.set_xlabel(f"recall of {found['of']}")
        panel.set_ylabel("precision")
        drawn.legend(loc="outside right upper", title="average precision")
        return svg(drawn, "Precision over recall")


def data(found: Mapping[str, Any]) -> Data:
    rows = [
        (name, recall, precision)
        for name, of in found["classes"].items()
        for recall, precision in of["points"]
    ]
    return Data(("class", "recall", "precision"), rows)
