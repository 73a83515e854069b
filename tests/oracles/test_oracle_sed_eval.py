"""Event-based scores: ours and sed_eval's on random scenes."""

import warnings

import numpy as np
import pytest

from seldbench.metrics.collar import Collar, collar_counts
from seldbench.metrics.rates import accuracies, macro, micro

sed_eval = pytest.importorskip("sed_eval", reason="sed_eval is absent; see `make oracles`")

COLLARS = {
    "dcase": Collar(),
    "half a second": Collar(0.5, 0.5, 0.5),
    "no share": Collar(0.25, 0.25, 0.0),
    "exact times": Collar(1e-12, 1e-12, 0.0),
    "wide": Collar(2.0, 2.0, 1.0),
}
KEYS = ("f_measure", "precision", "recall")


def lists(events, clip):
    mine = np.flatnonzero(events.clip == clip)
    return [
        {
            "filename": clip,
            "event_onset": float(events.onset[i]),
            "event_offset": float(events.offset[i]),
            "event_label": str(events.label[i]),
        }
        for i in mine
    ]


def run(metric, case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for clip in case.reference.clips:
            metric.evaluate(lists(case.reference, clip), lists(case.detections, clip))
        return {
            "overall": metric.results_overall_metrics(),
            "macro": metric.results_class_wise_average_metrics(),
            "classes": metric.results_class_wise_metrics(),
        }


def event_based(case, collar, classes, matching="optimal"):
    metric = sed_eval.sound_event.EventBasedMetrics(
        list(classes),
        t_collar=collar.onset,
        percentage_of_length=collar.rate,
        event_matching_type=matching,
        empty_system_output_handling="zero_score",
    )
    return metric, run(metric, case)


def same(got, official, where):
    for mine, name in zip((got.f1, got.precision, got.recall), KEYS):
        assert mine == pytest.approx(official["f_measure"][name], abs=1e-9, nan_ok=True), where
    rate = official["error_rate"]["error_rate"]
    assert got.error_rate == pytest.approx(rate, rel=1e-9, abs=1e-9, nan_ok=True), where


@pytest.mark.parametrize("apart", [True, False], ids=["apart", "overlapping"])
@pytest.mark.parametrize("name", COLLARS)
def test_event_scores_equal_sed_eval(scene, name, apart):
    collar = COLLARS[name]
    for seed in range(5000, 5250):
        case = scene(seed, points=1, apart=apart)
        if not len(case.reference):
            continue
        metric, official = event_based(case, collar, case.reference.labels)
        counts = collar_counts(case.reference, case.detections, collar)
        where = f"seed {seed}"
        assert counts.hits.sum() == metric.overall["Ntp"], where
        assert counts.detected.sum() == metric.overall["Nsys"], where
        for i, label in enumerate(case.reference.labels):
            of_class = metric.class_wise[label]
            assert counts.hits[:, i].sum() == of_class["Ntp"], where
            assert counts.reference[:, i].sum() == of_class["Nref"], where
            assert counts.detected[:, i].sum() == of_class["Nsys"], where
        for label, got in accuracies(counts).items():
            same(got, official["classes"][label], f"{where}, {label}")
        same(macro(accuracies(counts)), official["macro"], f"{where}, macro")
        assert counts.substitutions.sum() == metric.overall["Nsubs"], where
        same(micro(counts), official["overall"], f"{where}, micro")
