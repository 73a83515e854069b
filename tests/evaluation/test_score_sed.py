"""Scores of small predictions that can be checked by hand: over what, and what is refused."""

import numpy as np
import pytest

from seldbench.errors import BadFile, SeldbenchError, UnknownName
from seldbench.evaluation import (
    SELECTION,
    Validation,
    psd_roc,
    score_sed,
    selection_score,
)
from seldbench.events import Event, EventList, OperatingPoints, event_table
from seldbench.prediction import FrameScores


def clips(**of_clip):
    """{clip: "dog 1-2, cat 3-4"} as a table."""
    table = {}
    for name, text in of_clip.items():
        cells = [event.split() for event in text.split(",") if event.strip()]
        times = [[float(t) for t in span.split("-")] for _, span in cells]
        table[name] = EventList(
            Event(onset, offset, label) for (label, _), (onset, offset) in zip(cells, times)
        )
    return event_table(table)


def frames(scores, classes=("dog",)):
    """{clip: rows of scores}, a second a frame."""
    parts = [np.asarray(rows, dtype=float) for rows in scores.values()]
    start = np.concatenate([[0], np.cumsum([len(p) for p in parts])])
    frame = np.concatenate([np.arange(len(p)) for p in parts]).astype(float)
    return FrameScores(np.concatenate(parts), start, frame, frame + 1, tuple(scores), classes)


def given(scores):
    return {name for name, value in scores.scores.items() if value is not None}


# Rules


def test_rules_that_make_no_sense_are_refused():
    reference = clips(a="dog 0-2")
    for wrong in ({"collar": 0.0}, {"segment": -1.0}, {"offset_rate": 1.5}):
        with pytest.raises(SeldbenchError, match="expected"):
            score_sed(reference, {"a": 3.0}, reference, **wrong)


def test_frame_scores_are_cut_where_asked():
    reference = clips(a="dog 0-2")
    scores = frames({"a": [[0.4], [0.4], [0.1]]})
    assert score_sed(reference, {"a": 3.0}, scores).scores["event_f1_macro"] == 0.0
    found = score_sed(reference, {"a": 3.0}, scores, threshold=0.3)
    assert found.scores["event_f1_macro"] == 1.0


# Over what is scored


def test_classes_without_reference_events_are_named_and_not_scored():
    reference = clips(a="dog 0-2")
    row = [[0.9, 0.9], [0.9, 0.0], [0.0, 0.0]]
    for predictions in (clips(a="dog 0-2, cow 0-1"), frames({"a": row}, ("dog", "cow"))):
        found = score_sed(reference, {"a": 3.0}, predictions)
        assert (found.scored_classes, found.unscored_classes) == (("dog",), ("cow",))
        assert list(found.classes) == ["dog"]
        assert found.scores["event_f1_macro"] == 1.0
        # As in sed_eval, where a false alarm is one whatever its label.
        assert found.scores["event_f1_micro"] == pytest.approx(2 / 3)
        assert any("cow" in note for note in found.notes)
    assert found.scores["psds2"] == found.classes["dog"]["psds2_thresholds"] == 1.0


def test_of_a_single_class_psds_at_points_is_psds_evals_0_and_a_note_points_to_the_class():
    scores = frames({"a": [[0.9], [0.9], [0.0]]})
    found = score_sed(clips(a="dog 0-2"), {"a": 3.0}, scores, resampling=None)
    assert (found.scores["psds1_thresholds"], found.scores["psds1"]) == (0.0, 1.0)
    assert found.classes["dog"]["psds1_thresholds"] == 1.0
    assert any("single class are 0 in psds_eval" in note for note in found.notes)


def test_predictions_for_clips_without_duration_are_left_out_and_named():
    reference = clips(a="dog 0-2")
    guess = clips(a="dog 0-2", z="dog 0-2")
    points = OperatingPoints(np.array([0.5]), np.zeros(2, dtype=int), guess)
    scores = frames({"a": [[0.9], [0.9], [0.0]], "z": [[0.9], [0.9], [0.0]]})
    for predictions in (guess, points, scores):
        found = score_sed(reference, {"a": 3.0}, predictions, threshold=0.5)
        errors = {name for name in given(found) if name.endswith(("er_micro", "_thresholds"))}
        assert {found.scores[name] for name in given(found) - errors} == {1.0}
        assert {found.scores[name] for name in errors} == {0.0}
        assert any("1 clips without duration left out: z" in note for note in found.notes)


def test_clips_without_events_count_their_false_positives():
    reference = clips(a="dog 0-2", silent="")
    scores = frames({"a": [[0.6], [0.6], [0.0]], "silent": [[0.9], [0.9], [0.0]]})
    found = score_sed(reference, {"a": 36.0, "silent": 36.0}, scores)
    assert found.scores["psds1"] == pytest.approx(0.5)  # 50 false positives an hour before the hit
    assert found.scores["event_f1_micro"] == pytest.approx(2 / 3)


def test_clips_that_only_the_durations_name_are_silent_for_psds_and_no_part_of_event_f1():
    guess = clips(a="dog 0-2", other="dog 0-2")
    points = OperatingPoints(np.array([0.5]), np.zeros(2, dtype=int), guess)
    durations = {"a": 36.0, "other": 36.0}
    found = score_sed(clips(a="dog 0-2"), durations, points, threshold=0.5)
    assert found.classes["dog"]["psds1_thresholds"] == pytest.approx(0.5)
    assert found.scores["event_f1_micro"] == 1.0
    assert any("not in the reference: other" in note for note in found.notes)


def test_a_clip_that_the_events_leave_out_has_no_detections():
    found = score_sed(clips(a="dog 0-2", b="dog 0-2"), {"a": 3.0, "b": 3.0}, clips(a="dog 0-2"))
    assert found.scores["event_f1_macro"] == pytest.approx(2 / 3)


def test_a_reference_class_that_the_scores_lack_is_never_detected_and_named():
    reference = clips(a="dog 0-2, cat 0-2")
    found = score_sed(reference, {"a": 3.0}, frames({"a": [[0.9], [0.9], [0.0]]}))
    once = {"event_precision", "segment_precision", "event_er", "segment_er"}
    for name, value in found.classes["cat"].items():
        assert value == pytest.approx(1.0 if name in once else 0.0), name
    assert found.scores["event_f1_macro"] == found.scores["map"] == 0.5
    assert any("cat: never detected" in note for note in found.notes)


def test_no_detection_at_all_scores_zero():
    reference, empty = clips(a="dog 0-2"), clips(a="")
    points = OperatingPoints(np.array([0.5]), np.zeros(0, dtype=int), empty)
    for predictions in (empty, points, frames({"a": [[0.0]] * 30})):
        found = score_sed(reference, {"a": 30.0}, predictions, threshold=0.5)
        assert found.scores["event_f1_macro"] == found.scores["event_f1_micro"] == 0.0
        assert found.scores["event_er_micro"] == pytest.approx(1.0)
        if not isinstance(predictions, FrameScores):
            assert found.scores["segment_f1_micro"] is None  # sed_eval: no precision without any
            assert any("never detected: dog" in note for note in found.notes)


def test_a_class_never_detected_is_left_out_of_means_as_in_sed_eval_and_psds_eval_and_told():
    reference, guess = clips(a="dog 0-2, cat 0-2"), clips(a="dog 0-2")
    found = score_sed(reference, {"a": 3.0}, guess)
    assert found.scores["event_f1_macro"] == 0.5
    assert found.scores["segment_f1_macro"] == found.scores["intersection_f1_macro"] == 1.0
    assert found.classes["cat"]["segment_f1"] is None
    assert any("never detected: cat" in note for note in found.notes)
    row = [[0.9, 0.1], [0.9, 0.1], [0.0, 0.0]]
    found = score_sed(reference, {"a": 3.0}, frames({"a": row}, ("dog", "cat")))
    assert found.scores["segment_f1_macro"] == found.scores["intersection_f1_macro"] == 0.5


def test_a_reference_without_any_event_scores_nothing_and_says_so():
    found = score_sed(clips(a=""), {"a": 3.0}, frames({"a": [[0.9], [0.9], [0.0]]}))
    assert given(found) == set()
    assert (found.classes, found.intervals) == ({}, {})
    assert any("no events" in note for note in found.notes)
    assert psd_roc(clips(a=""), {"a": 3.0}, frames({"a": [[0.9]]})) == {}


def test_detections_without_length_and_a_threshold_without_use_are_told():
    found = score_sed(clips(a="dog 0-2"), {"a": 3.0}, clips(a="dog 1-1"), threshold=0.3)
    assert any("1 detections have no length" in note for note in found.notes)
    assert any("threshold 0.3 not used" in note for note in found.notes)


def test_of_events_without_length_there_is_no_psds_and_no_intersection_f1():
    reference = clips(a="dog 1-1", b="")
    scores = frames({"a": [[0.9], [0.1], [0.9]], "b": [[0.2]]})
    for predictions in (clips(a="dog 1-1"), scores):
        found = score_sed(reference, {"a": 3.0, "b": 1.0}, predictions)
        assert found.scores["intersection_f1_macro"] is found.scores["psds1"] is None
        assert found.scores["event_f1_macro"] is not None


def test_scores_outside_0_to_1_are_told():
    found = score_sed(clips(a="dog 0-1"), {"a": 3.0}, frames({"a": [[3.0], [-2.0], [-2.0]]}))
    assert found.scores["psds1"] == 1.0
    assert any("leave [0, 1]" in note for note in found.notes)


# Bad input


def test_a_reference_clip_without_duration_is_an_error():
    with pytest.raises(BadFile, match=r"1 of 2 reference clips have no duration \(first: 'b'\)"):
        score_sed(clips(a="dog 0-2", b=""), {"a": 3.0}, clips(a="dog 0-2"))


def test_a_clip_without_frame_scores_is_an_error():
    with pytest.raises(BadFile, match=r"1 of 2 clips have no frame scores \(first: 'b'\)"):
        score_sed(clips(a="dog 0-2", b=""), {"a": 3.0, "b": 3.0}, frames({"a": [[0.5]]}))


def test_a_clip_scored_twice_under_two_names_is_an_error():
    twice = frames({"a.wav": [[0.5]], "a": [[0.5]]})
    with pytest.raises(BadFile, match=r"'a\.wav' twice"):
        score_sed(clips(**{"a.wav": "dog 0-2"}), {"a.wav": 3.0}, twice)


def test_overlapping_events_of_a_class_are_an_error_for_psds_and_not_for_event_f1():
    guess = clips(a="dog 0-2, dog 1-3")
    points = OperatingPoints(np.array([0.25]), np.zeros(2, dtype=int), guess)
    with pytest.raises(
        BadFile, match=r"predictions at threshold 0\.25: in clip 'a'.*0-2 s and 1-3"
    ):
        score_sed(clips(a="dog 0-2"), {"a": 3.0}, points)
    assert score_sed(clips(a="dog 0-2"), {"a": 3.0}, guess).scores["event_f1_macro"] > 0
    reference = clips(a="dog 0-2, dog 1-3")
    found = score_sed(reference, {"a": 3.0}, guess)
    assert found.scores["event_f1_macro"] == 1.0
    assert found.scores["intersection_f1_macro"] is None
    assert any("no intersection F1" in note for note in found.notes)
    with pytest.raises(BadFile, match="reference: in clip 'a'"):
        score_sed(reference, {"a": 3.0}, frames({"a": [[0.9]]}))


# Intervals


def test_the_interval_of_a_single_clip_is_its_score():
    found = score_sed(clips(a="dog 0-2"), {"a": 3.0}, frames({"a": [[0.9], [0.9], [0.0]]}))
    assert set(found.intervals) == given(found) > {"psds1", "event_f1_macro", "map"}
    for name, value in found.scores.items():
        assert found.intervals[name]["bootstrap"] == pytest.approx((value, value))


# Curves and selection


def test_a_curve_of_operating_points_is_that_of_the_points_as_given():
    guess = clips(a="dog 0-2", b="dog 0-2")
    points = OperatingPoints(np.array([0.1, 0.5]), np.array([1, 0]), guess)
    curves = psd_roc(clips(a="dog 0-2", b=""), {"a": 36.0, "b": 36.0}, points)
    assert set(curves) == {"psds1_thresholds", "psds2_thresholds"}
    assert curves["psds1_thresholds"]["classes"]["dog"] == {"efpr": [0.0], "tpr": [1.0]}
    assert psd_roc(clips(a="dog 0-2"), {"a": 36.0}, clips(a="dog 0-2")) == {}


def test_an_unknown_selection_score_is_an_error_that_names_the_known_ones():
    valid = Validation(None, {}, {}, None, None, (), ())
    with pytest.raises(UnknownName, match="clip_f1_macro"):
        selection_score("precision", valid)
    assert set(SELECTION) >= {"clip_f1_macro", "intersection_f1_macro", "event_f1_macro", "psds1"}
