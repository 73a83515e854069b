"""Scores by which a model is chosen."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations import FrameOutputs, read_durations, read_events, read_predictions
from seldbench.evaluation.selection import SELECTION, SELECTION_OF, Validation
from seldbench.events import DirectionTable
from seldbench.geometry import unit_vectors
from seldbench.metrics.events.truth import truth

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def valid(events, frames):
    """Two clips; the dog of the first is found, the cat is not."""
    reference = events("a dog 2-5", "a cat 6-9", clips=("a", "b"))
    row = np.zeros((10, 2))
    row[2:5, 0] = 0.9
    return Validation(
        reference=reference,
        durations={"a": 10.0, "b": 10.0},
        labels={"a": frozenset({"dog", "cat"}), "b": frozenset()},
        frame_scores=frames({"a": row, "b": np.zeros((10, 2))}, ["dog", "cat"]),
        clip_scores=np.array([[0.9, 0.1], [0.1, 0.2]]),
        clips=("a", "b"),
        classes=("dog", "cat"),
    )


def test_every_score_is_half_where_one_of_two_classes_is_found(valid):
    names = [name for name in SELECTION if name not in SELECTION_OF["seld"]]
    one_each = replace(valid, labels={"a": frozenset({"dog"}), "b": frozenset({"dog"})})
    of = {"accuracy": one_each}
    scores = {name: SELECTION[name](of.get(name, valid)) for name in names}
    assert scores == {
        "clip_f1_macro": 0.5,
        "intersection_f1_macro": 0.5,  # the class without a hit counts
        "event_f1_macro": 0.5,
        "psds1": 0.0,  # the mean less the spread
        "accuracy": 0.5,
        "map": 0.75,  # the dog is ranked first; the cat second, after the clip without a label
    }


@pytest.mark.parametrize("name", ["intersection_f1_macro", "event_f1_macro", "psds1"])
def test_a_score_of_events_needs_events(valid, name):
    bare = Validation(None, {}, valid.labels, None, valid.clip_scores, valid.clips, valid.classes)
    with pytest.raises(ValueError, match="needs reference events"):
        SELECTION[name](bare)


def test_a_score_of_clips_needs_clip_scores(valid):
    bare = Validation(
        valid.reference, valid.durations, {}, valid.frame_scores, None, valid.clips, valid.classes
    )
    with pytest.raises(ValueError, match="needs clip scores"):
        SELECTION["clip_f1_macro"](bare)


def test_accuracy_is_the_share_of_clips_whose_label_has_the_highest_score(valid):
    scores = np.array([[0.6, 0.4], [0.9, 0.8], [0.5, 0.5], [0.1, 0.2]])
    labels = dict(zip("abcd", map(frozenset, (["dog"], ["cat"], ["dog"], ["cat"]))))
    tagged = replace(valid, clip_scores=scores, labels=labels, clips=tuple("abcd"))
    assert SELECTION["accuracy"](tagged) == 3 / 4  # of equal scores the first counts


def test_accuracy_of_clips_with_several_labels_is_refused(valid):
    with pytest.raises(ValueError, match="one label each; clips with several have `map`"):
        SELECTION["accuracy"](valid)


def test_map_is_the_mean_of_the_classes_that_a_clip_has(valid):
    # dog: ranks 1 and 3 of 4 -> (1/1 + 2/3) / 2; no clip has the cat
    scores = np.array([[0.9, 0.4], [0.8, 0.8], [0.7, 0.5], [0.1, 0.2]])
    labels = {c: frozenset({"dog"} if c in "ac" else ()) for c in "abcd"}
    tagged = replace(valid, clip_scores=scores, labels=labels, clips=tuple("abcd"))
    assert SELECTION["map"](tagged) == pytest.approx((1 + 2 / 3) / 2)
    nothing = replace(tagged, labels=dict.fromkeys("abcd", frozenset()))
    assert np.isnan(SELECTION["map"](nothing))


def test_every_score_that_selects_fits_a_task():
    assert set().union(*SELECTION_OF.values()) == set(SELECTION)


def test_intersection_f1_equals_sed_scores_eval_at_a_half():
    golden = json.loads((GOLDEN / "expected_sed.json").read_text())["frame_scores"]
    reference = read_events(GOLDEN / "frame_scores" / "ground_truth.tsv")
    durations = read_durations(GOLDEN / "frame_scores" / "durations.tsv")
    predictions = read_predictions(GOLDEN / "frame_scores" / "scores.npz")
    known = truth(reference, durations)
    valid = Validation(reference, durations, {}, predictions, None, known.clips, known.classes)
    assert SELECTION["intersection_f1_macro"](valid) == pytest.approx(
        golden["intersection_f_at_0.5"]["f"]["macro_average"], abs=1e-9
    )


def directions(rows):
    """Of one file: (frame, class, azimuth)."""
    rows = np.array(rows, dtype=np.int64).reshape(-1, 3)
    nothing = np.zeros(len(rows), dtype=np.int64)
    angles = np.stack([rows[:, 2], nothing], axis=1).astype(np.float64)
    return DirectionTable(("a",), nothing, rows[:, 0], rows[:, 1], nothing, angles)


@pytest.mark.parametrize("scorer", ["dcase2021", "dcase2022"])
def test_of_directions_one_less_the_seld_score_selects(valid, scorer):
    known = directions([(k, label, 10) for k in range(20) for label in (0, 1)])
    half = directions([(k, 0, 10) for k in range(20)])
    scores = [
        SELECTION[scorer](replace(valid, directions=(known, guess)))
        for guess in (known, half, directions([]))
    ]
    assert scores[0] == pytest.approx(1.0)
    assert scores[0] > scores[1] > scores[2]


def test_a_score_of_directions_needs_directions(valid):
    with pytest.raises(ValueError, match="needs clips with directions"):
        SELECTION["dcase2021"](valid)


def half(valid, scores=None, doa=None):
    """Class 0 sounds at azimuth 10 in all of 20 frames."""
    rows = directions([(k, 0, 10) for k in range(20)])
    outputs = FrameOutputs(("a",), np.array([0, 20]), scores, doa)
    return replace(valid, rows=rows, outputs=outputs, scorer="dcase2021")


def test_an_activity_is_chosen_by_its_f1_with_ideal_directions(valid):
    found = np.zeros((20, 2), dtype=np.float32)
    found[:, 0] = 0.9
    assert SELECTION["f1_ideal_doa"](half(valid, found)) == pytest.approx(1.0)
    found[10:, 0] = 0.5  # not above a half: one second of two is missed
    assert SELECTION["f1_ideal_doa"](half(valid, found)) == pytest.approx(2 / 3)


def test_directions_are_chosen_by_their_error_with_ideal_activity(valid):
    doa = np.broadcast_to(unit_vectors(np.full(2, 40.0), np.zeros(2)), (20, 2, 3))
    assert SELECTION["le_ideal_sed"](half(valid, doa=doa)) == pytest.approx(-30.0, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "needs"), [("f1_ideal_doa", "frame scores"), ("le_ideal_sed", "directions of all")]
)
def test_half_a_system_needs_what_that_half_says(valid, name, needs):
    given = {"doa": np.ones((20, 2, 3))} if name == "f1_ideal_doa" else {"scores": np.ones((20, 2))}
    with pytest.raises(ValueError, match=needs):
        SELECTION[name](half(valid, **given))
