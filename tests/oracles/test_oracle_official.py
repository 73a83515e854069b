"""`score sed --official`: the official scorers, run by seldbench, on golden files and scenes."""

import json
from pathlib import Path

import pytest

from seldbench.annotations import read_durations, read_events, read_predictions
from seldbench.errors import BadFile
from seldbench.evaluation import score_sed
from seldbench.evaluation.sed import official
from seldbench.evaluation.sed.official import NAMES, official_sed
from seldbench.metrics.events.truth import refuse_overlaps

for package in ("psds_eval", "sed_eval"):
    pytest.importorskip(package, reason=f"{package} is absent; see `make oracles`")

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(folder, predictions):
    folder = GOLDEN / folder
    return (
        read_events(folder / "ground_truth.tsv"),
        read_durations(folder / "durations.tsv"),
        read_predictions(folder / predictions),
    )


def overlapping(scene):
    """seed -> a scene with overlapping detections of one class, or None."""

    def of_seed(seed):
        case = scene(seed, apart=False, points=1)
        try:
            refuse_overlaps(case.detections, "detections")
        except BadFile:
            return case
        return None

    return of_seed


@pytest.fixture(scope="module")
def expected():
    return json.loads((GOLDEN / "expected_sed.json").read_text())


def test_events_of_the_student_have_the_golden_values(expected):
    found = official_sed(*golden("desed_student", "predictions_0.5.tsv")).scores
    values = expected["desed_student"]
    event, segment = values["event_based"], values["segment_based_1s"]
    assert found["event_f1_macro"] == event["class_wise_average"]["f_measure"]["f_measure"]
    assert found["event_f1_micro"] == event["overall"]["f_measure"]["f_measure"]
    assert found["segment_f1_micro"] == segment["overall"]["f_measure"]["f_measure"]
    assert found["segment_er_micro"] == segment["overall"]["error_rate"]["error_rate"]
    assert found["psds1_thresholds"] is None


def test_frame_scores_are_cut_for_the_official_scorers_and_a_note_says_so(expected):
    found = official_sed(*golden("frame_scores", "scores.npz"))
    values = expected["frame_scores"]["psds_eval_50_thresholds"]
    assert found.scores["psds1_thresholds"] == pytest.approx(values["PSDS1"], abs=1e-12)
    assert found.scores["psds2_thresholds"] == pytest.approx(values["PSDS2"], abs=1e-12)
    assert "50 thresholds" in found.notes[0]
    assert found.versions["psds_eval"] == "0.5.3"


@pytest.mark.parametrize("kind", ["events", "operating points"])
def test_both_give_the_same_scores(scene, kind):
    for seed in range(6000, 6100):
        case = scene(seed)
        known = case.reference
        predictions = case.detections if kind == "events" else case.points
        threshold = None if kind == "events" else 0.1
        given = known, case.durations, predictions
        theirs = official_sed(*given, threshold).scores
        ours = score_sed(*given, threshold=threshold, resampling=None).scores
        for name in NAMES:
            if name in ours:
                assert ours[name] == pytest.approx(theirs[name], abs=1e-9), f"seed {seed}, {name}"


@pytest.mark.parametrize(("package", "number"), [("numpy", "2.4.1"), ("pandas", "3.1.0")])
def test_versions_too_new_for_psds_eval_leave_its_psds_out_and_say_so(
    monkeypatch, scene, package, number
):
    installed = official.version
    monkeypatch.setattr(
        official, "version", lambda name: number if name == package else installed(name)
    )
    case = scene(1)
    found = official_sed(case.reference, case.durations, case.points, 0.1)
    assert found.scores["psds1_thresholds"] is None
    assert found.scores["event_f1_micro"] is not None
    assert f"{package} {number}" in found.notes[0]
    assert "pip install 'numpy<2.4' 'pandas<3'" in found.notes[0]


def test_overlapping_detections_have_no_official_psds_and_the_reason_is_given(scene):
    case = next(c for c in map(overlapping(scene), range(50)) if c is not None)
    found = official_sed(case.reference, case.durations, case.points, 0.1)
    assert found.scores["psds1_thresholds"] is None
    assert found.scores["intersection_f1_macro"] is None
    assert all("intersecting events" in note for note in found.notes)


def test_a_reference_without_events_has_no_scores(scene):
    case = scene(1)
    none = case.reference.of_clips(())
    assert set(official_sed(none, case.durations, case.points).scores.values()) == {None}
