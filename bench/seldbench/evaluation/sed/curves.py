"""PSD-ROC curves of predictions, as plain numbers for reports."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seldbench.evaluation.sed.inputs import Predictions, named, refuse_unknown_clips
from seldbench.events import EventTable, OperatingPoints
from seldbench.metrics.events.truth import Truth, detections, truth
from seldbench.metrics.psds.changepoints import ChangePoints, changes_of_each
from seldbench.metrics.psds.curves import DCASE, Scenario, roc
from seldbench.metrics.psds.cuts import cut_counts
from seldbench.metrics.psds.intersection import PointCounts, point_counts
from seldbench.metrics.psds.weighted import class_stairs
from seldbench.prediction import FrameScores

Array = np.ndarray
CRITERIA = [scenario.criteria for scenario in DCASE.values()]
LIMIT = max(scenario.max_efpr or np.inf for scenario in DCASE.values())


def psd_roc(
    reference: EventTable, durations: Mapping[str, float], predictions: Predictions
) -> dict[str, Any]:
    """PSD-ROC curves for a report, plain numbers: {score name: {"max_efpr", "efpr", "etpr", "mean",
    "std", "classes": {class: {"efpr", "tpr"}}}}; eFPR per hour. Exact from frame scores, of the
    points as given from operating points; {} for a list of events or a reference without any."""
    refuse_unknown_clips(reference, durations)
    if isinstance(predictions, EventTable) or not len(reference):
        return {}
    known = truth(reference, durations)
    if isinstance(predictions, OperatingPoints):
        found = detections(predictions, known)
        counts = {n: point_counts(known, found, s.criteria) for n, s in DCASE.items()}
        return {f"{n}_thresholds": _curve(known, counts[n], s) for n, s in DCASE.items()}
    changes = scenario_changes(known, named(predictions, durations))
    return {n: _curve(known, changes[n], s) for n, s in DCASE.items()}


def scenario_changes(known: Truth, frames: FrameScores) -> dict[str, ChangePoints]:
    """{name: what exact PSDS of the scenario needs}; the scores are gone through once."""
    return dict(zip(DCASE, changes_of_each(known, frames, CRITERIA, max_efpr=LIMIT)))


def scenario_cuts(known: Truth, frames: FrameScores, thresholds: Array) -> dict[str, PointCounts]:
    """{name: the counts of frame scores cut at thresholds that PSDS of the scenario needs}."""
    return dict(zip(DCASE, cut_counts(known, frames, thresholds, CRITERIA, max_efpr=LIMIT)))


def _curve(known: Truth, counts: PointCounts | ChangePoints, scenario: Scenario) -> dict[str, Any]:
    stairs = class_stairs(known, counts, scenario)
    label = np.repeat(np.arange(len(stairs)), [len(x) for x, _ in stairs])
    efpr, tpr = (np.concatenate([stair[i] for stair in stairs]) for i in range(2))
    whole = roc(efpr, tpr, label, len(known.classes), scenario)
    return {
        "max_efpr": scenario.max_efpr,
        "efpr": whole.efpr.tolist(),
        "etpr": whole.etpr.tolist(),
        "mean": whole.mean.tolist(),
        "std": whole.spread.tolist(),
        "classes": {
            name: {"efpr": x.tolist(), "tpr": y.tolist()}
            for name, (x, y) in zip(known.classes, stairs)
        },
    }
