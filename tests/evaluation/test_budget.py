"""Error budgets and conditions as the tables that scores carry."""

import json
from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations import read_events
from seldbench.evaluation.budget.conditions import read_conditions
from seldbench.evaluation.budget.tables import sed_budget, sed_details, seld_budget
from seldbench.evaluation.measure import Resampling
from seldbench.evaluation.sed.decided import Rules
from seldbench.evaluation.sed.scoring import score_sed_files
from seldbench.evaluation.seld.scoring import score_seld_files
from seldbench.events import DirectionTable, Event, event_table
from seldbench.metrics.events.runs import events_above
from seldbench.prediction import FrameScores

STUDENT = Path(__file__).parents[1] / "golden" / "desed_student"
TRUE = event_table(
    {"a": [Event(0, 1, "Dog"), Event(2, 3, "Dog")], "b": [Event(0, 8, "Frying")], "c": []}
)
FOUND = event_table({"a": [Event(0, 1, "Dog")], "b": [Event(3, 8, "Frying")], "c": []})


def test_counts_of_a_small_scene():
    budget = sed_budget(TRUE, FOUND)["error_budget"]
    assert {k: n for k, n in budget["reference"].items() if n} == {"hit": 1, "onset": 1, "miss": 1}
    assert {k: n for k, n in budget["predicted"].items() if n} == {"hit": 1, "onset": 1}
    assert budget["classes"]["Frying"]["reference"]["onset"] == 1
    assert budget["scores"]["event_f1_micro"] == pytest.approx(2 / 5)
    assert budget["cost"]["event_f1_micro"]["onset"] == pytest.approx(2 / 5)
    # Dog 2/3; Frying 0 -> 1 by the onset.
    assert budget["cost"]["event_f1_macro"]["onset"] == pytest.approx(1 / 2)


def test_shares_of_hits_by_condition_of_a_small_scene():
    conditions = sed_budget(TRUE, FOUND)["conditions"]
    short, long = conditions["class_length"]["short"], conditions["class_length"]["long"]
    assert (short["events"], short["hits"], short["recall"]) == (2, 1, 0.5)
    assert short["event_f1_macro"] == pytest.approx(2 / 3)
    assert (long["recall"], long["kinds"]["onset"]) == (0.0, 1)
    assert set(conditions["duration"]) == {"1 to 2 s", "5 to 10 s"}
    assert "event_f1_macro" not in conditions["duration"]["1 to 2 s"]


def test_intervals_where_they_are_asked_for():
    found = sed_budget(TRUE, FOUND, resampling=Resampling(50))
    cost = found["error_budget"]["cost_intervals"]["event_f1_micro"]["onset"]
    assert set(cost) == {"jackknife", "bootstrap"}
    low, high = found["conditions"]["class_length"]["short"]["intervals"]["recall"]["bootstrap"]
    assert low <= 0.5 <= high
    assert sed_budget(TRUE, FOUND)["error_budget"]["cost_intervals"] == {}


def test_a_reference_without_events_has_no_budget():
    silent = event_table({"a": []})
    assert sed_budget(silent, FOUND) == {}


def test_the_budget_of_the_desed_baseline_adds_up_and_has_its_f1():
    reference = read_events(STUDENT / "ground_truth.tsv")
    found = read_events(STUDENT / "predictions_0.5.tsv")
    details = sed_budget(reference, found, resampling=Resampling(20))
    budget, conditions = details["error_budget"], details["conditions"]
    assert sum(budget["reference"].values()) == len(reference) == 4224
    assert sum(budget["predicted"].values()) == len(found)
    golden = json.loads((STUDENT.parent / "expected_sed.json").read_text())
    overall = golden["desed_student"]["event_based"]["overall"]["f_measure"]["f_measure"]
    assert budget["scores"]["event_f1_micro"] == pytest.approx(overall, abs=1e-9)
    for name in ("polyphony", "duration", "class_length"):
        assert sum(b["events"] for b in conditions[name].values()) == 4224
        assert sum(b["hits"] for b in conditions[name].values()) == budget["reference"]["hit"]
    json.dumps(details, allow_nan=False)


def test_frame_scores_and_operating_points_are_decided_as_for_event_f1():
    durations = {"a": 3.0}
    reference = event_table({"a": [Event(0, 1, "Dog"), Event(2, 3, "Dog")]})
    start, times = np.array([0, 3]), np.arange(3.0)
    scores = np.array([[0.9], [0.1], [0.4]])
    frames = FrameScores(scores, start, times, times + 1, ("a",), ("Dog",))
    points = events_above(frames, [0.3, 0.5])
    for predictions, threshold, hits in (
        (frames, None, 1),
        (frames, 0.3, 2),
        (points, 0.3, 2),
        (points, 0.5, 1),
        (points.at(1), None, 1),
    ):
        details = sed_details(reference, durations, predictions, Rules(threshold))
        assert details["error_budget"]["reference"]["hit"] == hits
    assert sed_details(reference, durations, points, Rules()) == {}
    assert sed_details(reference, durations, points, Rules(0.7)) == {}


def test_conditions_of_a_table_join_those_of_the_events(tmp_path):
    path = tmp_path / "conditions.tsv"
    rows = "a\t0\t1\tDog\t-5\na\t2\t3\tDog\t15\nb\t0\t8\tFrying\t15\n"
    path.write_text(f"filename\tonset\toffset\tevent_label\tsnr\n{rows}")
    found = sed_budget(TRUE, FOUND, conditions=read_conditions(path, TRUE))["conditions"]
    assert found["snr"]["under 0 dB"]["recall"] == 1.0
    assert found["snr"]["10 to 20 dB"]["events"] == 2
    assert "polyphony" in found


def test_files_have_their_budget_where_it_is_asked_for(tmp_path):
    header = "filename\tonset\toffset\tevent_label"
    (tmp_path / "true.tsv").write_text(f"{header}\tsnr\na\t0\t1\tDog\t-5\na\t2\t3\tDog\t5\n")
    (tmp_path / "found.tsv").write_text(f"{header}\na\t0.4\t1\tDog\n")
    (tmp_path / "durations.tsv").write_text("filename\tduration\na\t10\n")
    files = [tmp_path / f"{name}.tsv" for name in ("true", "durations", "found")]
    assert "error_budget" not in score_sed_files(*files, resampling=None).details
    found = score_sed_files(*files, budget=True, resampling=None).details
    assert found["error_budget"]["reference"]["onset"] == 1 and "snr" not in found["conditions"]
    wide = score_sed_files(*files, collar=0.5, conditions=files[0], resampling=None).details
    assert wide["error_budget"]["reference"]["hit"] == 1
    assert wide["conditions"]["snr"]["under 0 dB"]["recall"] == 1.0


def directions(rows, distance=None):
    cells = np.array(rows, dtype=float)
    file, frame, label, track = cells[:, :4].astype(np.int64).T
    return DirectionTable(("a", "b"), file, frame, label, track, cells[:, 4:6], distance)


def test_counts_and_shares_of_directions():
    true = directions([(0, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0), (1, 0, 1, 0, 90, 0)])
    found = directions([(0, 0, 0, 0, 5, 0), (0, 1, 0, 0, 50, 0), (1, 0, 0, 0, 90, 0)])
    details = seld_budget(true, found, names={0: "dog"}, resampling=Resampling(20))
    budget = details["error_budget"]
    expected = {"hit": 1, "mislocalised": 1, "confusion": 1, "miss": 0}
    assert budget["reference"] == expected
    assert budget["confused"] == {"1": {"dog": 1}}
    assert budget["scores"]["frame_f1_micro"] == pytest.approx(1 / 3)
    assert budget["cost"]["frame_f1_micro"]["mislocalised"] == pytest.approx(1 / 3)
    front = details["conditions"]["azimuth"]["front"]
    assert (front["frames"], front["hits"], front["recall"]) == (2, 1, 0.5)
    json.dumps(details, allow_nan=False)


def test_rows_of_classes_that_a_scorer_does_not_have_are_left_out():
    true = directions([(0, 0, 0, 0, 0, 0), (0, 1, 7, 0, 0, 0)])
    budget = seld_budget(true, true, classes=3)["error_budget"]
    assert (sum(budget["reference"].values()), list(budget["classes"])) == (1, ["0"])
    assert seld_budget(true, true, classes=0) == {}


@pytest.mark.parametrize(("scorer", "kinds"), [("dcase2023", 4), ("dcase2024", 5)])
def test_files_of_a_year_have_their_budget_where_it_is_asked_for(tmp_path, scorer, kinds):
    for side, row in (("ref", "0,1,0,10,0,100"), ("pred", "0,1,0,15,0,9.0")):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.csv").write_text(f"{row}\n1,1,0,20,0,100\n")
    files = tmp_path / "ref", tmp_path / "pred"
    dialects = {"dialect": "polar_distance_cm", "prediction_dialect": "polar_distance_m"}
    found = score_seld_files(*files, scorer, budget=True, resampling=Resampling(5), **dialects)
    reference = found.details["error_budget"]["reference"]
    assert (len(reference), sum(reference.values())) == (kinds, 2)
    assert reference.get("distance", 0) == (2 if scorer == "dcase2024" else 0)
    plain = score_seld_files(*files, scorer, resampling=None, **dialects)
    assert "error_budget" not in plain.details
