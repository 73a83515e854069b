"""The official scorers on the same predictions: sed_eval and psds_eval, for `score sed --official`.

They are the extra `seldbench[official]`, and read pandas tables: nowhere else does scoring see
pandas. What they say stands under our score names, which they must agree with. Frame scores are cut
first, as neither package reads them: at 50 thresholds for PSDS, at one for events.

psds_eval 0.5.3 has no PSDS with numpy 2.4 or pandas 3 (it turns an array into an int, and calls
`fillna(method=...)`); its counts and F1, and all of sed_eval 0.2.1, run on current versions.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from seldbench.errors import MissingPackage
from seldbench.evaluation.sed.inputs import Predictions, named, refuse_unknown_clips
from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.psds.curves import DCASE
from seldbench.prediction import FrameScores

if TYPE_CHECKING:
    from pandas import DataFrame
    from psds_eval import PSDSEval

    Row = dict[str, str | float]

THRESHOLDS = np.linspace(0.01, 0.99, 50)
DEFAULT_THRESHOLD = 0.5
PACKAGES = ("sed_eval", "psds_eval", "pandas", "numpy")
TOO_NEW = {"numpy": (2, 4), "pandas": (3, 0)}  # for psds_eval's PSDS
NAMES = (
    *(f"{name}_thresholds" for name in DCASE),
    "event_f1_macro",
    "event_f1_micro",
    "segment_f1_macro",
    "segment_f1_micro",
    "segment_er_micro",
    "intersection_f1_macro",
)


@dataclass(frozen=True)
class Official:
    """scores: {our name: the official value}, None where the predictions do not determine it or the
    scorer cannot run. versions: {package: version}. notes: what was cut or left out."""

    scores: dict[str, float | None]
    versions: dict[str, str]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        return {"scores": self.scores, "versions": self.versions, "notes": self.notes}

    def lines(self, ours: Mapping[str, float | None]) -> list[str]:
        """For a person: both values of every score that the official scorers gave."""
        used = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        found = [f"official ({used})"]
        for name, value in self.scores.items():
            if value is not None:
                mine = ours.get(name)
                shown = "-" if mine is None else f"{mine:.9f}  differ by {abs(mine - value):.1e}"
                found.append(f"  {name:22} official {value:.9f}  seldbench {shown}")
        return [*found, *(f"  {note}" for note in self.notes)]


def official_sed(
    reference: EventTable,
    durations: Mapping[str, float],
    predictions: Predictions,
    threshold: float | None = None,
    *,
    collar: float = 0.2,
    offset_rate: float = 0.2,
    segment: float = 1.0,
) -> Official:
    """What sed_eval and psds_eval say of the predictions.

    Args:
        threshold: where events are decided, as in `score_sed`.
        collar, offset_rate: of event-based scores; seconds, and a share of an event's length.
        segment: of segment-based scores, seconds.

    Raises:
        MissingPackage: a package is not installed.
        BadFile: a reference clip without duration.
    """
    _require()
    refuse_unknown_clips(reference, durations)
    scores: dict[str, float | None] = dict.fromkeys(NAMES)
    versions = {name: version(name) for name in PACKAGES}
    if not len(reference):
        return Official(scores, versions, ["the reference has no events: nothing to score"])
    notes = []
    if isinstance(predictions, FrameScores):
        predictions = named(predictions, durations)
        notes.append(_how_cut(threshold))
    points, events = _decided(predictions, threshold)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas' about the future of what psds_eval calls
        if points is not None:
            values, note = _psds(reference, durations, points)
            scores, notes = {**scores, **values}, notes + note
        if events is not None:
            scores |= _event_based(reference, events, collar, offset_rate)
            scores |= _segment_based(reference, events, segment)
            f1, note = _intersection_f1(reference, durations, events)
            scores["intersection_f1_macro"], notes = f1, notes + note
    return Official(scores, versions, notes)


def _require() -> None:
    try:
        for name in PACKAGES:
            import_module(name)
    except ImportError as error:
        absent = error.name or str(error)
        raise MissingPackage(
            f"--official runs sed_eval and psds_eval, and {absent} is not installed:"
            " pip install 'seldbench[official]' (for all of their scores with 'numpy<2.4'"
            " 'pandas<3'), or run `make oracles`, whose environment .oracles has them"
        ) from None


def _how_cut(threshold: float | None) -> str:
    at = DEFAULT_THRESHOLD if threshold is None else threshold
    return (
        f"frame scores were cut for the official scorers: at {len(THRESHOLDS)} thresholds for PSDS,"
        f" at {at:g} for the others; ours of frame scores follow sed_scores_eval, which rounds"
        " times to 6 decimals, so that they may differ"
    )


def _decided(
    predictions: Predictions, threshold: float | None
) -> tuple[OperatingPoints | None, EventTable | None]:
    """What PSDS is taken of, and the events that the other scores are taken of."""
    if isinstance(predictions, FrameScores):
        cut = DEFAULT_THRESHOLD if threshold is None else threshold
        return events_above(predictions, THRESHOLDS), events_above(predictions, [cut]).at(0)
    if isinstance(predictions, EventTable):
        return None, predictions
    point = None if threshold is None else predictions.find(threshold)
    return predictions, None if point is None else predictions.at(point)


def _psds(
    reference: EventTable, durations: Mapping[str, float], points: OperatingPoints
) -> tuple[dict[str, float | None], list[str]]:
    from psds_eval.psds import PSDSEvalError

    new = [
        f"{name} {version(name)} (works below {'.'.join(map(str, limit))})"
        for name, limit in TOO_NEW.items()
        if _number(version(name)) >= limit
    ]
    if new:
        return {}, [
            f"no official PSDS: psds_eval {version('psds_eval')} fails with {' and '.join(new)};"
            " pip install 'numpy<2.4' 'pandas<3', or use the environment of `make oracles`"
        ]
    values: dict[str, float | None] = {}
    tables = [_table(points.at(i)) for i in range(len(points.threshold))]
    for name, scenario in DCASE.items():
        criteria = scenario.criteria
        try:
            evaluation = _evaluation(reference, durations, criteria.dtc, criteria.gtc)
            for table in tables:
                evaluation.add_operating_point(table)
        except PSDSEvalError as error:
            return {}, [f"no official PSDS: psds_eval says {error}"]
        found = evaluation.psds(scenario.alpha_ct, scenario.alpha_st, scenario.max_efpr)
        values[f"{name}_thresholds"] = float(found.value)
    return values, []


def _intersection_f1(
    reference: EventTable, durations: Mapping[str, float], events: EventTable
) -> tuple[float | None, list[str]]:
    from psds_eval.psds import PSDSEvalError

    try:
        evaluation = _evaluation(reference, durations, 0.5, 0.5)
        return _known(evaluation.compute_macro_f_score(_table(events))[0]), []
    except PSDSEvalError as error:
        return None, [f"no official intersection_f1_macro: psds_eval says {error}"]


def _evaluation(
    reference: EventTable, durations: Mapping[str, float], dtc: float, gtc: float
) -> "PSDSEval":
    from pandas import DataFrame
    from psds_eval import PSDSEval

    lengths = DataFrame({"filename": list(durations), "duration": list(durations.values())})
    return PSDSEval(dtc, gtc, 0.3, ground_truth=_table(reference), metadata=lengths)


def _event_based(
    reference: EventTable, events: EventTable, collar: float, rate: float
) -> dict[str, float | None]:
    from sed_eval.sound_event import EventBasedMetrics

    metric = EventBasedMetrics(
        _labels(reference, events),
        t_collar=float(collar),
        percentage_of_length=float(rate),
        empty_system_output_handling="zero_score",
    )
    for pair in _by_clip(reference, events):
        metric.evaluate(*pair)
    return {
        "event_f1_macro": _f1(metric.results_class_wise_average_metrics()),
        "event_f1_micro": _f1(metric.results_overall_metrics()),
    }


def _segment_based(
    reference: EventTable, events: EventTable, segment: float
) -> dict[str, float | None]:
    from sed_eval.sound_event import SegmentBasedMetrics

    metric = SegmentBasedMetrics(_labels(reference, events), time_resolution=float(segment))
    for pair in _by_clip(reference, events):
        metric.evaluate(*pair)
    overall = metric.results_overall_metrics()
    return {
        "segment_f1_macro": _f1(metric.results_class_wise_average_metrics()),
        "segment_f1_micro": _f1(overall),
        "segment_er_micro": _known(overall["error_rate"]["error_rate"]),
    }


def _labels(reference: EventTable, events: EventTable) -> list[str]:
    """The classes of the reference and of the detections in its clips, as DCASE's scripts do."""
    return sorted({*reference.labels, *events.of_clips(reference.clips).labels})


def _by_clip(
    reference: EventTable, events: EventTable
) -> Iterator[tuple["list[Row]", "list[Row]"]]:
    """The events and the detections of every clip that the reference lists."""
    known, found = _rows(reference), _rows(events)
    for clip in reference.clips:
        yield known.get(clip, []), found.get(clip, [])


def _rows(events: EventTable) -> "dict[str, list[Row]]":
    rows: dict[str, list[Row]] = {}
    for clip, onset, offset, label in zip(events.clip, events.onset, events.offset, events.label):
        row = {"filename": clip, "onset": onset, "offset": offset, "event_label": label}
        rows.setdefault(clip, []).append(row)
    return rows


def _table(events: EventTable) -> "DataFrame":
    from pandas import DataFrame

    return DataFrame(
        {
            "filename": events.clip,
            "onset": events.onset,
            "offset": events.offset,
            "event_label": events.label,
        }
    )


def _f1(results: Mapping[str, Any]) -> float | None:
    return _known(results["f_measure"]["f_measure"])


def _known(value: float) -> float | None:
    return None if isnan(value) else float(value)


def _number(text: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(part) for part in text.split(".")[:2])
