"""The page of a score: `seldbench score ... --html`. One file without anything from outside: scores
with their intervals, classes, PSD-ROC, confusion, error budget, conditions, notes, provenance.

It takes what `Scores` holds, of any task; a part that is absent has no section, and a table of
`details` that this page does not know is shown as it is.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from seldbench import __version__
from seldbench.errors import UnknownName
from seldbench.evaluation.names import lower_is_better
from seldbench.evaluation.scores import Scores
from seldbench.metrics import VERSION
from seldbench.report.figures import charts, outcomes
from seldbench.report.figures.drawing import Mark, amount, marks
from seldbench.report.pages.rendering import environment
from seldbench.report.palette import LIGHT, following_the_page
from seldbench.report.publish import thinned
from seldbench.storage import write_text

# What the cards on top show, where there is a value: the first of these.
HEADLINES = (
    "psds1",
    "psds2",
    "psds1_thresholds",
    "psds2_thresholds",
    "event_f1_macro",
    "seld_score",
    "er20",
    "f20",
    "le_cd",
    "doae_cd",
    "lr_cd",
    "map",
    "mauc",
    "accuracy_fold_mean",
    "accuracy",
    "direction_accuracy",
    "direction_f1",
    "si_sdri",
    "segment_f1_macro",
)
CARDS = 5
FEW = 30  # classes; the tables of more are folded


def write_page(
    path: Path,
    scores: Scores,
    *,
    title: str,
    inputs: Mapping[str, str],
    curves: Mapping[str, Any] | None = None,
) -> None:
    """Writes the page of a score, made now; see `page`.

    Raises:
        WriteFailed: the file could not be written; an older one is left as it was.
    """
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    write_text(path, page(scores, title=title, inputs=inputs, curves=curves, made=made))


def page(
    scores: Scores,
    *,
    title: str,
    inputs: Mapping[str, str],
    curves: Mapping[str, Any] | None = None,
    made: str | None = None,
) -> str:
    """A score as HTML.

    Args:
        inputs: {role: name of the file}, such as {"reference": "truth.tsv"}.
        curves: as `evaluation.psd_roc` gives them.
        made: when, for the reader.
    """
    templates = environment()
    templates.filters |= {
        "amount": amount,
        "kind": lambda kind: kind.replace("_", " "),
    }
    known = {name: value for name, value in scores.scores.items() if value is not None}
    rows = _marks_apart(known, scores.intervals)
    return templates.get_template("scored.html").render(
        title=title,
        inputs=inputs,
        cards=[(name, rows[name]) for name in _headlines(known)],
        rows=rows,
        absent=[name for name, value in scores.scores.items() if value is None],
        lower={name for name in [*known, *_class_names(scores)] if _lower_is_better(name)},
        classes=_classes(scores),
        folded=len(scores.classes) > FEW,
        psd_roc=_psd_roc(scores, curves or {}),
        notes=scores.notes,
        unscored=scores.unscored_classes,
        details=outcomes.parts(scores.details),
        settings=outcomes.settings(scores.details),
        rest=_pretty(outcomes.rest(scores.details)),
        kinds=outcomes.KINDS,
        provenance={"made": made, "seldbench": __version__, "metrics": f"version {VERSION}"},
        extra=Markup(
            templates.get_template("scored.css").render(kinds=outcomes.KINDS, light=LIGHT)
        ),
    )


def _headlines(known: Mapping[str, float]) -> list[str]:
    return [name for name in HEADLINES if name in known][:CARDS] or [*known][:CARDS]


def _marks_apart(
    values: Mapping[str, float], intervals: Mapping[str, Mapping[str, tuple[float, float]]]
) -> dict[str, Mark]:
    """Each value on a scale of its own: scores differ in their units."""
    return {n: marks({n: v}, {n: intervals.get(n, {})})[n] for n, v in values.items()}


def _class_names(scores: Scores) -> list[str]:
    """The scores that some class has."""
    names = dict.fromkeys(name for of_class in scores.classes.values() for name in of_class)
    return [n for n in names if any(of.get(n) is not None for of in scores.classes.values())]


def _classes(scores: Scores) -> dict[str, dict[str, Mark]]:
    """{score: {class: on a scale that all classes share}}."""
    return {
        name: marks(
            {label: of_class.get(name) for label, of_class in scores.classes.items()},
            {
                label: scores.class_intervals.get(label, {}).get(name, {})
                for label in scores.classes
            },
        )
        for name in _class_names(scores)
    }


def _lower_is_better(name: str) -> bool:
    with suppress(UnknownName):
        return lower_is_better(name)
    return False


def _psd_roc(scores: Scores, curves: Mapping[str, Any]) -> Markup | None:
    if not curves:
        return None
    drawn = {
        name: thinned(curve) | {"psds": scores.scores.get(name)} for name, curve in curves.items()
    }
    return Markup(following_the_page(charts.psd_roc(drawn)))


def _pretty(tables: Mapping[str, Any]) -> str:
    return json.dumps(tables, indent=1, ensure_ascii=False) if tables else ""
