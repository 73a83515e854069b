"""Scores of whole prediction files against frozen official ones, their intervals and curves."""

import json
from pathlib import Path

import pytest

from seldbench.annotations import (
    read_durations,
    read_events,
    read_predictions,
    write_frame_scores,
    write_score_tables,
)
from seldbench.evaluation import Resampling, measured, psd_roc, score_sed, score_sed_files
from seldbench.evaluation.sed import ranked
from seldbench.evaluation.sed.decided import Rules, decided_measures

GOLDEN = Path(__file__).parents[1] / "golden"
STUDENT, SYNTHETIC = GOLDEN / "desed_student", GOLDEN / "frame_scores"
PSDS = ("psds1_thresholds", "psds2_thresholds", "psds1", "psds2")
AVERAGES = ("f1_macro", "f1_micro", "precision_micro", "recall_micro", "er_micro")
DECIDED = {
    *(f"{kind}_{average}" for kind in ("event", "segment") for average in AVERAGES),
    "intersection_f1_macro",
    "intersection_f1_micro",
}
RANKED = {"event_f1_best_macro", "frame_map", "map"}


def given(scores):
    return {name for name, value in scores.scores.items() if value is not None}


def files_of(folder, predictions, **more):
    return score_sed_files(
        folder / "ground_truth.tsv", folder / "durations.tsv", folder / predictions, **more
    )


@pytest.fixture(scope="module")
def expected():
    return json.loads((GOLDEN / "expected_sed.json").read_text())


@pytest.fixture(scope="module")
def of_synthetic():
    return files_of(SYNTHETIC, "scores.npz", resampling=Resampling(60))


def same(found, golden):
    """Values of one class or average as sed_eval nests them."""
    for name, value in {**golden["f_measure"], **golden["error_rate"]}.items():
        if name in found:
            assert found[name] == pytest.approx(value, abs=1e-9), name


def renamed(values, kind):
    """Our names of one kind as sed_eval's."""
    theirs = {"f1": "f_measure", "precision": "precision", "recall": "recall", "er": "error_rate"}
    return {theirs[our]: values[f"{kind}_{our}"] for our in theirs if f"{kind}_{our}" in values}


@pytest.mark.parametrize(
    ("rules", "event", "segment"),
    [
        ({}, "event_based", "segment_based_1s"),
        (
            {"collar": 0.5, "offset_rate": 0.5, "segment": 0.1},
            "event_based_half_second",
            "segment_based_0.1s",
        ),
    ],
)
def test_a_list_of_events_has_sed_evals_scores_and_no_psds(expected, rules, event, segment):
    found = files_of(STUDENT, "predictions_0.5.tsv", resampling=None, **rules)
    assert given(found) == DECIDED
    for kind, block in (("event", event), ("segment", segment)):
        golden = expected["desed_student"][block]
        macro = golden["class_wise_average"]["f_measure"]["f_measure"]
        assert found.scores[f"{kind}_f1_macro"] == pytest.approx(macro, abs=1e-9)
        overall = {name.removesuffix("_micro"): v for name, v in found.scores.items()}
        same(renamed(overall, kind), golden["overall"])
        for label, of_class in golden["class_wise"].items():
            same(renamed(found.classes[label], kind), of_class)
            assert found.classes[label]["psds1"] is None
    golden = expected["desed_student"]["intersection_f1_dtc0.5_gtc0.5_cttc0.3"]
    assert found.scores["intersection_f1_macro"] == pytest.approx(golden["macro_f"], abs=1e-9)
    for label, f1 in golden["class_f"].items():
        assert found.classes[label]["intersection_f1"] == pytest.approx(f1, abs=1e-9)
    assert found.notes == []


def test_operating_points_have_psds_and_the_best_of_their_thresholds(expected):
    found = files_of(STUDENT, "operating_points.tsv.gz", resampling=None)
    assert given(found) == {"psds1_thresholds", "psds2_thresholds", "event_f1_best_macro"}
    golden = expected["desed_student"]["psds_eval"]
    for number in "12":
        name = f"psds{number}_thresholds"
        value = golden[f"PSDS{number}"]["value"]
        assert found.scores[name] == pytest.approx(value, abs=1e-9)
        for label, area in golden[f"PSDS{number}"]["per_class"].items():
            assert found.classes[label][name] == pytest.approx(area, abs=1e-9)
    assert any("optimistic" in note for note in found.notes)


def test_operating_points_have_the_official_scores_where_a_threshold_is_named(expected):
    theirs = {
        "event_f1_macro": "event_macro",
        "event_f1_micro": "event_micro",
        "segment_f1_macro": "segment_macro",
        "segment_f1_micro": "segment_micro",
        "segment_er_micro": "segment_er",
        "intersection_f1_macro": "intersection_macro",
    }
    golden = expected["desed_student"]["f1_of_some_operating_points"]
    reference, durations = (
        read_events(STUDENT / "ground_truth.tsv"),
        read_durations(STUDENT / "durations.tsv"),
    )
    points = read_predictions(STUDENT / "operating_points.tsv.gz")
    best = score_sed(reference, durations, points, resampling=None)
    for threshold, values in golden.items():
        rules = Rules(threshold=float(threshold))
        found = measured(decided_measures(reference, durations, points, rules), None)
        for ours, name in theirs.items():
            assert found.scores[ours] == pytest.approx(values[name], abs=1e-9), (threshold, ours)
        for label, scores in found.classes.items():
            assert scores["event_f1"] <= best.classes[label]["event_f1_best"]
            if best.details["best_thresholds"][label] == float(threshold):
                assert scores["event_f1"] == best.classes[label]["event_f1_best"]


def test_frame_scores_have_all_scores(of_synthetic, expected):
    golden = expected["frame_scores"]
    fifty = golden["psds_eval_50_thresholds"]
    f1 = {
        "event": golden["collar_f_at_0.5"]["f"],
        "segment": golden["segment_f_1s_at_0.5"]["f"],
        "intersection": golden["intersection_f_at_0.5"]["f"],
    }
    best = golden["collar_best_f"]
    assert given(of_synthetic) == {*PSDS, *DECIDED, *RANKED}
    values = {
        "psds1_thresholds": fifty["PSDS1"],
        "psds2_thresholds": fifty["PSDS2"],
        "psds1": golden["PSDS1"]["value"],
        "psds2": golden["PSDS2"]["value"],
        "event_f1_best_macro": best["f"]["macro_average"],
        "frame_map": golden["frame_ap_sklearn"]["macro"],
        "map": golden["clip_ap_sklearn"]["macro"],
        **{f"{kind}_f1_macro": of["macro_average"] for kind, of in f1.items()},
        **{f"{kind}_f1_micro": of["micro_average"] for kind, of in f1.items()},
    }
    for name, value in values.items():
        assert of_synthetic.scores[name] == pytest.approx(value, abs=1e-9), name
    for label, found in of_synthetic.classes.items():
        of_class = {
            "psds1": golden["PSDS1"]["single_class"][label],
            "event_f1_best": best["f"][label],
            "frame_ap": golden["frame_ap_sklearn"]["ap"][label],
            "ap": golden["clip_ap_sed_scores_eval"]["ap"][label],
            **{f"{kind}_f1": of[label] for kind, of in f1.items()},
            "event_precision": golden["collar_f_at_0.5"]["precision"][label],
            "segment_recall": golden["segment_f_1s_at_0.5"]["recall"][label],
        }
        for name, value in of_class.items():
            assert found[name] == pytest.approx(value, abs=1e-9), (label, name)
        threshold = of_synthetic.details["best_thresholds"][label]
        assert threshold == pytest.approx(best["threshold"][label], abs=1e-9)


def test_at_a_threshold_that_is_no_operating_point_nothing_is_decided_and_a_note_says_why():
    found = files_of(STUDENT, "operating_points.tsv.gz", threshold=0.5, resampling=None)
    assert found.scores["event_f1_macro"] is None
    assert found.scores["psds1_thresholds"] is not None
    assert any("no operating point at threshold 0.5" in note for note in found.notes)
    assert any("the nearest is 0.4" in note for note in found.notes)


def test_a_table_a_clip_scores_as_the_archive_with_or_without_the_audio_files_ending(
    tmp_path, of_synthetic
):
    scores = read_predictions(SYNTHETIC / "scores.npz")
    write_frame_scores(tmp_path / "again.npz", scores)
    write_score_tables(tmp_path / "full", scores)
    write_score_tables(tmp_path / "bare", scores)
    for path in (tmp_path / "bare").iterdir():
        path.rename(path.with_name(path.name.replace(".wav", "")))
    for name in ("again.npz", "full", "bare"):
        found = files_of(SYNTHETIC, tmp_path / name, resampling=None)
        assert found.scores == pytest.approx(of_synthetic.scores, abs=1e-12)
        assert found.notes == of_synthetic.notes


def test_intervals_hold_the_scores_and_are_the_same_for_the_same_seed(of_synthetic):
    assert set(of_synthetic.intervals) == {*PSDS, *DECIDED, *RANKED}
    for name, of_method in of_synthetic.intervals.items():
        low, high = of_method["bootstrap"]
        assert low < of_synthetic.scores[name] < high
        low, high = of_method["jackknife"]
        assert low < high
    again = files_of(SYNTHETIC, "scores.npz", resampling=Resampling(60))
    other = files_of(SYNTHETIC, "scores.npz", resampling=Resampling(60, seed=1))
    assert again == of_synthetic
    assert other.scores == of_synthetic.scores
    assert other.intervals != of_synthetic.intervals


def test_no_replicates_give_no_intervals_and_the_same_scores(of_synthetic):
    found = files_of(SYNTHETIC, "scores.npz", resampling=None)
    assert (found.scores, found.intervals) == (of_synthetic.scores, {})


def test_of_very_many_scores_the_costly_intervals_are_left_out_and_told(monkeypatch, of_synthetic):
    monkeypatch.setattr(ranked, "LARGE", 1000)
    found = files_of(SYNTHETIC, "scores.npz", resampling=Resampling(5))
    assert found.scores == pytest.approx(of_synthetic.scores, abs=1e-12)
    assert found.details == of_synthetic.details
    assert set(of_synthetic.intervals) - set(found.intervals) == {
        "event_f1_best_macro",
        "frame_map",
    }
    assert any("without intervals" in note for note in found.notes)


def test_scores_are_plain_json(of_synthetic):
    document = json.loads(json.dumps(of_synthetic.as_json(), allow_nan=False))
    assert document["scores"] == of_synthetic.scores
    assert document["intervals"]["psds1"]["bootstrap"] == [
        *of_synthetic.intervals["psds1"]["bootstrap"]
    ]


def area_under(curve):
    x = [*curve["efpr"], curve["max_efpr"]]
    return sum(y * (b - a) for y, a, b in zip(curve["etpr"], x, x[1:])) / curve["max_efpr"]


def test_the_area_under_the_curve_is_the_score(of_synthetic):
    reference = read_predictions(SYNTHETIC / "ground_truth.tsv")
    durations = dict.fromkeys(reference.clips, 10.0)
    scores = read_predictions(SYNTHETIC / "scores.npz")
    curves = json.loads(json.dumps(psd_roc(reference, durations, scores), allow_nan=False))
    found = score_sed(reference, durations, scores, resampling=None)
    assert set(curves) == {"psds1", "psds2"}
    for name, curve in curves.items():
        assert area_under(curve) == pytest.approx(found.scores[name], abs=1e-9)
        assert set(curve["classes"]) == set(found.scored_classes)
