"""Event-based and segment-based scores: ours and sed_eval's on random scenes."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from seldbench.metrics.events.collar import ONSET_ONLY, Collar, collar_counts
from seldbench.metrics.events.rates import accuracies, macro, micro
from seldbench.metrics.events.segment import activity, segment_counts

sed_eval = pytest.importorskip("sed_eval", reason="sed_eval is absent; see `make oracles`")

COLLARS = {
    "dcase": Collar(),
    "half a second": Collar(0.5, 0.5, 0.5),
    "no share": Collar(0.25, 0.25, 0.0),
    "exact times": Collar(1e-12, 1e-12, 0.0),
    "wide": Collar(2.0, 2.0, 1.0),
    "onset only": ONSET_ONLY,
    "offset only": Collar(onset=np.inf),
}
RATES = {
    "f1": ("f_measure", "f_measure"),
    "precision": ("f_measure", "precision"),
    "recall": ("f_measure", "recall"),
    "error_rate": ("error_rate", "error_rate"),
    "substitution_rate": ("error_rate", "substitution_rate"),
    "deletion_rate": ("error_rate", "deletion_rate"),
    "insertion_rate": ("error_rate", "insertion_rate"),
}


def lists(events, clip):
    return [
        {
            "filename": clip,
            "onset": float(events.onset[i]),
            "offset": float(events.offset[i]),
            "event_label": str(events.label[i]),
        }
        for i in np.flatnonzero(events.clip == clip)
    ]


def evaluated(metric, case, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for clip in case.reference.clips:
            given = {key: of_clip[clip] for key, of_clip in more.items()}
            metric.evaluate(lists(case.reference, clip), lists(case.detections, clip), **given)
        return (
            metric.results_overall_metrics(),
            metric.results_class_wise_average_metrics(),
            metric.results_class_wise_metrics(),
        )


def event_based(case, collar, classes, matching="optimal", empty="zero_score"):
    looked_at = np.isfinite([collar.onset, collar.offset])
    metric = sed_eval.sound_event.EventBasedMetrics(
        list(classes),
        evaluate_onset=bool(looked_at[0]),
        evaluate_offset=bool(looked_at[1]),
        t_collar=min(collar.onset, collar.offset),
        percentage_of_length=collar.rate,
        event_matching_type=matching,
        empty_system_output_handling=empty,
    )
    return metric, *evaluated(metric, case)


def same(got, official, where):
    for mine, (group, name) in RATES.items():
        if name in official[group]:  # classes have no substitutions
            value = getattr(got, mine)
            given = official[group][name]
            # An error rate over no events is some 1e16: equal to rounding.
            assert value == pytest.approx(given, rel=1e-9, abs=1e-9, nan_ok=True), (where, mine)


def same_counts(table, metric, where):
    for i, label in enumerate(table.classes):
        of_class = metric.class_wise[label]
        assert table.hits[:, i].sum() == of_class["Ntp"], where
        assert table.reference[:, i].sum() == of_class["Nref"], where
        assert table.detected[:, i].sum() == of_class["Nsys"], where


@pytest.mark.parametrize("apart", [True, False], ids=["apart", "overlapping"])
@pytest.mark.parametrize("name", COLLARS)
def test_event_scores_equal_sed_eval(scene, name, apart):
    collar = COLLARS[name]
    for seed in range(5000, 5300):
        case, where = scene(seed, points=1, apart=apart), f"seed {seed}"
        metric, overall, mean, by_class = event_based(case, collar, case.classes)
        counts = collar_counts(case.reference, case.detections, collar)
        same_counts(counts, metric, where)
        assert counts.substitutions.sum() == metric.overall["Nsubs"], where
        same(micro(counts), overall, where)
        for label, got in accuracies(counts, case.classes).items():
            same(got, by_class[label], f"{where}, {label}")
        if case.classes:
            same(macro(accuracies(counts, case.classes)), mean, where)


@pytest.mark.parametrize("matching", ["optimal", "greedy"])
@pytest.mark.parametrize("empty", ["zero_score", None])
def test_event_scores_of_the_reference_s_classes_equal_sed_eval(scene, matching, empty):
    for seed in range(6000, 6300):
        case, where = scene(seed, points=1, apart=False), f"seed {seed}"
        classes = case.reference.labels
        if not classes:
            continue
        collar = list(COLLARS.values())[seed % len(COLLARS)]
        metric, overall, mean, by_class = event_based(case, collar, classes, matching, empty)
        counts = collar_counts(case.reference, case.detections, collar, matching)
        precision = {} if empty else {"empty": np.nan}
        assert counts.hits.sum() == metric.overall["Ntp"], where
        assert counts.substitutions.sum() == metric.overall["Nsubs"], where
        same(micro(with_empty(counts, **precision)), overall, where)
        for label, got in accuracies(with_empty(counts, **precision)).items():
            same(got, by_class[label], f"{where}, {label}")
        same(macro(accuracies(with_empty(counts, **precision))), mean, where)


def with_empty(counts, empty=0.0):
    return replace(counts, empty=empty)


@pytest.mark.parametrize("cut", [False, True], ids=["to the last event", "to the clip's end"])
@pytest.mark.parametrize("length", [1.0, 0.1, 0.25, 0.7])
def test_segment_scores_equal_sed_eval(scene, length, cut):
    for seed in range(7000, 7200):
        case, where = scene(seed, points=1, apart=bool(seed % 2)), f"seed {seed}"
        metric = sed_eval.sound_event.SegmentBasedMetrics(list(case.classes), length)
        given = {"evaluated_length_seconds": case.durations} if cut else {}
        overall, mean, by_class = evaluated(metric, case, **given)
        durations = case.durations if cut else None
        found = segment_counts(case.reference, case.detections, length, durations)
        same_counts(found.counts, metric, where)
        assert found.counts.substitutions.sum() == metric.overall["S"], where
        same(micro(found.counts), overall, where)
        for label, got in accuracies(found.counts, case.classes).items():
            same(got, by_class[label], f"{where}, {label}")
            active(activity(found, [label]), by_class[label], f"{where}, {label}")
        if case.classes:
            same(macro(accuracies(found.counts, case.classes)), mean, where)
            active(activity(found), overall, where)


def active(got, official, where):
    for name, value in official["accuracy"].items():
        assert getattr(got, name) == pytest.approx(value, abs=1e-9), (where, name)
