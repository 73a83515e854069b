"""Segment-based scores of events."""

import numpy as np
import pytest

from seldbench.annotations import read_events
from seldbench.metrics.events.rates import accuracies, macro, micro
from seldbench.metrics.events.segment import activity, segment_counts


def totals(of):
    counts = of.counts
    tables = counts.hits, counts.reference, counts.detected, counts.substitutions
    return tuple(int(table.sum()) for table in tables)


@pytest.mark.parametrize(
    ("estimate", "hits", "detected"),
    [
        ("a dog 0.0-2.0", 2, 2),  # ends on a boundary: the third segment is not reached
        ("a dog 0.9-2.1", 2, 3),
        ("a dog 1.4-1.6", 1, 1),
        ("a dog 5.0-6.0", 0, 1),
        ("a dog 1.5-1.5", 1, 1),  # without length, inside a segment
        ("a dog 1.0-1.0", 0, 0),  # without length, on a boundary
        ("b dog 0.0-2.0", 0, 0),  # a clip that the reference does not list
    ],
)
def test_an_event_is_active_in_every_segment_that_it_reaches_into(events, estimate, hits, detected):
    assert totals(segment_counts(events("a dog 0.2-1.8"), events(estimate)))[::2] == (
        hits,
        detected,
    )


def test_events_of_a_class_that_share_a_segment_count_once(events):
    reference = events("a dog 0.0-0.3", "a dog 0.6-1.2")
    assert totals(segment_counts(reference, events()))[1] == 2


def test_a_miss_and_a_false_alarm_in_one_segment_are_a_substitution(events):
    found = segment_counts(events("a dog 0-1", "a cat 1-2"), events("a cat 0-1"))
    assert totals(found) == (0, 2, 1, 1)
    rate = micro(found.counts)
    assert (rate.substitution_rate, rate.deletion_rate, rate.insertion_rate) == (0.5, 0.5, 0.0)
    assert rate.error_rate == 1.0
    assert accuracies(found.counts)["cat"].error_rate == pytest.approx(2.0)


def test_a_class_never_detected_has_no_f1_and_is_left_out_of_the_mean(events):
    counts = segment_counts(events("a dog 0-1", "a cat 0-1"), events("a dog 0-1")).counts
    assert np.isnan(accuracies(counts)["cat"].f1)
    assert macro(accuracies(counts)).f1 == 1.0
    assert np.isnan(micro(segment_counts(events("a dog 0-1"), events()).counts).f1)


def test_inactive_segments_reach_to_the_last_event_or_over_the_duration(events):
    reference, guess = events("a dog 0-2"), events("a dog 1-3")
    to_the_last = segment_counts(reference, guess)
    assert to_the_last.segments.tolist() == [3]
    assert activity(to_the_last).specificity == 0.0
    whole = segment_counts(reference, guess, durations={"a": 9.5})
    assert whole.segments.tolist() == [10]
    assert activity(whole).specificity == pytest.approx(7 / 8)
    assert activity(whole).accuracy == pytest.approx(8 / 10)
    assert totals(segment_counts(reference, guess, durations={"a": 1.5}))[1:3] == (2, 1)


def test_a_class_in_the_list_that_nobody_has_is_inactive_everywhere(events):
    found = segment_counts(events("a dog 0-2"), events("a dog 0-2"))
    assert activity(found, ["cow"]).specificity == pytest.approx(1.0)
    assert activity(found, ["cow"]).sensitivity == 0.0


def test_segments_without_length_are_refused(events):
    with pytest.raises(ValueError, match="above 0"):
        segment_counts(events("a dog 0-1"), events(), 0.0)


def test_counts_by_clip_add_up(student):
    guess = read_events(student.folder / "predictions_0.5.tsv")
    whole = segment_counts(student.reference, guess)
    some = set(student.reference.clips[:100])
    part = segment_counts(student.reference.of_clips(some), guess)
    assert part.counts.substitutions.tolist() == whole.counts.substitutions[:100].tolist()
    assert part.segments.tolist() == whole.segments[:100].tolist()


@pytest.mark.parametrize(
    ("block", "length", "cut"),
    [
        ("segment_based_1s", 1.0, False),
        ("segment_based_1s_clip_duration", 1.0, True),
        ("segment_based_0.1s", 0.1, False),
    ],
)
def test_equals_sed_eval_on_the_baseline_student(
    student, expected, same_as_sed_eval, block, length, cut
):
    golden = expected["desed_student"][block]
    guess = read_events(student.folder / "predictions_0.5.tsv")
    found = segment_counts(student.reference, guess, length, student.durations if cut else None)
    total = golden["counts_overall"]
    assert totals(found) == tuple(total[name] for name in ("Ntp", "Nref", "Nsys", "S"))
    same_as_sed_eval(micro(found.counts), golden["overall"])
    same_as_sed_eval(activity(found), golden["overall"])
    by_class = accuracies(found.counts)
    for name, of_class in golden["class_wise"].items():
        same_as_sed_eval(by_class[name], of_class)
        same_as_sed_eval(activity(found, [name]), of_class)
    same_as_sed_eval(macro(by_class), golden["class_wise_average"])
    each = [vars(activity(found, [name])) for name in by_class]
    means = {name: np.mean([of[name] for of in each]) for name in each[0]}
    assert means == pytest.approx(golden["class_wise_average"]["accuracy"], abs=1e-9)
