"""Event-based F1 with collars."""

import numpy as np
import pytest

from seldbench.annotations import read_events
from seldbench.errors import UnknownName
from seldbench.metrics.events.collar import ONSET_ONLY, Collar, collar_counts
from seldbench.metrics.events.rates import accuracies, macro, micro
from seldbench.metrics.events.runs import events_above


def hits(counts):
    return counts.hits.sum()


@pytest.mark.parametrize(
    ("reference", "estimate", "found"),
    [
        ("a dog 1.0-2.0", "a dog 1.19-2.19", 1),
        ("a dog 1.0-2.0", "a dog 1.21-2.0", 0),
        ("a dog 0.0-10.0", "a dog 0.1-8.1", 1),  # the offset collar of 10 s is 2 s
        ("a dog 0.0-10.0", "a dog 0.1-7.9", 0),
        ("a dog 1.0-2.0", "a cat 1.0-2.0", 0),
        ("a dog 1.0-2.0", "b dog 1.0-2.0", 0),
    ],
)
def test_a_hit_needs_class_clip_onset_and_offset_within_the_collars(
    events, reference, estimate, found
):
    assert hits(collar_counts(events(reference, clips=("b",)), events(estimate))) == found


def test_sed_eval_compares_times_as_they_are_and_sed_scores_eval_rounds_them_first(events):
    reference, late = events("a dog 0.7-2.0"), events("a dog 0.9-2.0")
    assert 0.9 - 0.7 > 0.2  # by an ulp
    assert hits(collar_counts(reference, late)) == 0
    assert hits(collar_counts(reference, late, Collar(decimals=6))) == 1


def test_two_detections_of_one_event_are_a_hit_and_a_false_positive(events):
    counts = collar_counts(events("a dog 1-2"), events("a dog 1.1-2", "a dog 0.9-2"))
    dog = accuracies(counts)["dog"]
    assert (hits(counts), counts.detected.sum()) == (1, 2)
    assert (dog.precision, dog.recall, dog.f1) == (0.5, 1.0, pytest.approx(2 / 3))


def test_matching_is_maximal_where_first_come_first_served_would_lose_a_pair(events):
    reference = events("a dog 1.0-2.0", "a dog 1.15-2.15")
    both, first_only = "a dog 1.1-2.1", "a dog 0.85-1.85"
    assert hits(collar_counts(reference, events(both, first_only))) == 2


def test_detections_in_clips_that_the_reference_does_not_list_are_not_scored(events):
    counts = collar_counts(events("a dog 1-2"), events("a dog 1-2", "z dog 1-2"))
    assert counts.detected.sum() == 1


def test_detections_in_a_listed_clip_without_events_are_false_positives(events):
    counts = collar_counts(
        events("a dog 1-2", clips=("empty",)), events("a dog 1-2", "empty dog 1-2")
    )
    assert micro(counts).precision == 0.5


def test_labels_without_reference_count_in_micro_but_have_no_score(events):
    counts = collar_counts(events("a dog 1-2"), events("a dog 1-2", "a cow 5-6"))
    assert list(accuracies(counts)) == ["dog"]
    assert macro(accuracies(counts)).f1 == 1.0
    assert micro(counts).f1 == pytest.approx(2 / 3)


def test_a_class_never_detected_scores_zero(events):
    counts = collar_counts(events("a dog 1-2", "a cat 1-2"), events("a dog 1-2"))
    assert accuracies(counts)["cat"].f1 == 0.0
    assert macro(accuracies(counts)).f1 == 0.5


def test_no_events_at_all_give_nan_and_not_an_error(events):
    counts = collar_counts(events(clips=("a",)), events("a dog 1-2"))
    assert np.isnan(micro(counts).f1)


def test_a_wrong_label_at_the_right_time_is_one_substitution(events):
    counts = collar_counts(events("a dog 1-2"), events("a cat 1-2"))
    assert micro(counts).error_rate == pytest.approx(1.0)
    assert accuracies(counts)["dog"].error_rate == pytest.approx(1.0)


def test_which_detection_is_left_over_is_sed_evals_choice(events):
    """Both detections hit the dog; sed_eval takes the first, so that the second is free, and it is
    at the cat's times: one substitution."""
    reference = events("a dog 1.0-2.0", "a cat 1.15-2.15")
    first, second = "a dog 0.9-1.9", "a dog 1.1-2.1"
    assert collar_counts(reference, events(first, second)).substitutions.sum() == 1
    assert collar_counts(reference, events(second, first)).substitutions.sum() == 0


def test_greedy_matching_takes_the_first_detection_that_is_left(events):
    reference = events("a dog 1.0-2.0", "a dog 1.15-2.15")
    guess = events("a dog 1.1-2.1", "a dog 0.85-1.85")
    assert hits(collar_counts(reference, guess, matching="greedy")) == 1
    assert hits(collar_counts(reference, guess, matching="optimal")) == 2


def test_an_unknown_matching_is_an_error_that_names_the_known_ones(events):
    with pytest.raises(UnknownName, match="optimal, greedy"):
        collar_counts(events("a dog 1-2"), events(), matching="nearest")


def test_an_end_with_an_infinite_collar_is_not_looked_at(events):
    reference, long, late = (
        events("a dog 1-2"),
        events("a dog 1-9"),
        events("a dog 1.9-2"),
    )
    assert hits(collar_counts(reference, long)) == 0
    assert hits(collar_counts(reference, long, ONSET_ONLY)) == 1
    assert hits(collar_counts(reference, late, ONSET_ONLY)) == 0
    assert hits(collar_counts(reference, late, Collar(onset=np.inf))) == 1


def test_a_class_without_events_in_the_class_list_spoils_the_macro_error_rate_as_in_sed_eval(
    events,
):
    counts = collar_counts(events("a dog 1-2"), events("a dog 1-2", "a cow 5-6"))
    by_class = accuracies(counts, ["dog", "cow"])
    cow = by_class["cow"]
    assert (cow.precision, cow.error_rate) == (0.0, pytest.approx(1 / np.finfo(float).eps))
    assert np.isnan([cow.recall, cow.f1]).all()
    mean = macro(by_class)
    assert (mean.f1, mean.precision, mean.recall) == (1.0, 0.5, 1.0)
    assert mean.error_rate > 1e15


def test_without_zero_score_a_class_never_detected_is_left_out_of_the_mean(events):
    counts = collar_counts(events("a dog 1-2", "a cat 1-2"), events("a dog 1-2"), empty=np.nan)
    assert np.isnan(accuracies(counts)["cat"].f1)
    assert macro(accuracies(counts)).f1 == 1.0


@pytest.mark.parametrize(
    ("block", "collar", "matching"),
    [
        ("event_based", Collar(), "optimal"),
        ("event_based_greedy", Collar(), "greedy"),
        ("event_based_onset_only", ONSET_ONLY, "optimal"),
        ("event_based_half_second", Collar(0.5, 0.5, 0.5), "optimal"),
    ],
)
def test_equals_sed_eval_on_the_baseline_student(
    student, expected, same_as_sed_eval, block, collar, matching
):
    golden = expected["desed_student"][block]
    guess = read_events(student.folder / "predictions_0.5.tsv")
    counts = collar_counts(student.reference, guess, collar, matching)
    total = golden["counts_overall"]
    assert counts.hits.sum() == total["Ntp"]
    assert counts.detected.sum() == total["Nsys"]
    assert counts.substitutions.sum() == total["Nsubs"]
    for i, name in enumerate(counts.classes):
        of_class = golden["counts_class_wise"][name]
        assert counts.hits[:, i].sum() == of_class["Ntp"]
        assert counts.reference[:, i].sum() == of_class["Nref"]
        assert counts.detected[:, i].sum() == of_class["Nsys"]
    same_as_sed_eval(micro(counts), golden["overall"])
    same_as_sed_eval(macro(accuracies(counts)), golden["class_wise_average"])
    for name, of_class in accuracies(counts).items():
        same_as_sed_eval(of_class, golden["class_wise"][name])


def test_equals_sed_eval_at_some_operating_points(student, expected):
    for threshold, golden in expected["desed_student"]["f1_of_some_operating_points"].items():
        points = student.predictions
        counts = collar_counts(student.reference, points.at(points.find(float(threshold))))
        total = golden["event_counts"]
        assert counts.hits.sum() == total["Ntp"]
        assert counts.substitutions.sum() == total["Nsubs"]
        assert micro(counts).f1 == pytest.approx(golden["event_micro"], abs=1e-9)
        assert macro(accuracies(counts)).f1 == pytest.approx(golden["event_macro"], abs=1e-9)


def test_equals_sed_scores_eval_on_frame_scores_cut_at_a_half(synthetic, expected):
    golden = expected["frame_scores"]["collar_f_at_0.5"]
    found = events_above(synthetic.predictions, [0.5]).at(0)
    counts = collar_counts(synthetic.reference, found, Collar(decimals=6))
    by_class = accuracies(counts)
    for i, name in enumerate(counts.classes):
        assert counts.hits[:, i].sum() == golden["stats"][name]["tps"]
        assert by_class[name].f1 == pytest.approx(golden["f"][name], abs=1e-9)
    assert macro(by_class).f1 == pytest.approx(golden["f"]["macro_average"], abs=1e-9)
    assert micro(counts).f1 == pytest.approx(golden["f"]["micro_average"], abs=1e-9)
