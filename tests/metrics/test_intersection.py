"""Counts of the intersection criteria at operating points."""

import numpy as np
import pytest

from seldbench.annotations import read_events
from seldbench.metrics.events.truth import detections, one_point, truth
from seldbench.metrics.psds import intersection
from seldbench.metrics.psds.curves import DCASE
from seldbench.metrics.psds.intersection import (
    Criteria,
    intersection_f1,
    ordered_sums,
    point_counts,
)


def counted(reference, found, criteria, duration=10.0):
    """True positives, false positives and cross triggers, summed over clips, of one list."""
    known = truth(reference, dict.fromkeys([*reference.clips], duration))
    counts = point_counts(known, detections(one_point(found), known), criteria)
    tp, fp, ct = counts.totals(np.ones((1, len(known.clips))))
    return tp[0, 0].tolist(), fp[0, 0].tolist(), ct[0, 0].tolist()


def test_a_detection_is_relevant_where_its_class_covers_enough_of_it_in_sum(events):
    reference = events("a dog 0-3", "a dog 6-10")
    assert counted(reference, events("a dog 0-10"), Criteria(0.7, 1.0))[:2] == ([2], [0])
    assert counted(reference, events("a dog 0-10"), Criteria(0.75, 1.0))[:2] == ([0], [1])


def test_an_event_is_found_where_relevant_detections_cover_enough_of_it_together(events):
    reference, halves = events("a dog 0-10"), events("a dog 0-4", "a dog 5-8")
    assert counted(reference, halves, Criteria(0.7, 0.7))[:2] == ([1], [0])
    assert counted(reference, halves, Criteria(0.7, 0.75))[:2] == ([0], [0])


def test_an_irrelevant_detection_does_not_help_to_find_an_event(events):
    found = events("a dog 0-5", "a dog 6-9")
    reference = events("a dog 0-7")
    assert counted(reference, found, Criteria(0.7, 0.8))[:2] == ([0], [1])


def test_a_false_positive_triggers_every_other_class_that_covers_enough_of_it(events):
    reference = events("a cat 0-4", "a cow 0-2", "a dog 8-9")
    tp, fp, ct = counted(reference, events("a dog 0-5"), Criteria(0.5, 0.5, 0.5))
    assert (tp, fp) == ([0, 0, 0], [0, 0, 1])
    assert ct == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]  # 0.8 by the cat, 0.4 by the cow


def test_a_relevant_detection_triggers_nothing(events):
    reference = events("a cat 0-5", "a dog 0-5")
    assert counted(reference, events("a dog 0-5"), Criteria(0.5, 0.5, 0.3))[2] == [[0, 0], [0, 0]]


def test_a_detection_behind_the_end_of_its_clip_is_no_false_positive(events):
    reference = events("a dog 0-1")
    late = events("a dog 5-6")
    assert counted(reference, late, Criteria(0.5, 0.5), duration=5.0)[1] == [0]
    assert counted(reference, late, Criteria(0.5, 0.5), duration=5.1)[1] == [1]


def test_touching_is_not_intersecting(events):
    reference = events("a cat 0-2", "a dog 4-5")
    _, fp, ct = counted(reference, events("a dog 2-4"), Criteria(0.1, 0.1, 0.1))
    assert (fp, ct) == ([0, 1], [[0, 0], [0, 0]])


def test_identical_detections_count_each(events):
    reference = events("a dog 0-1")
    twice = events("a dog 5-6", "a dog 5-6")
    assert counted(reference, twice, Criteria(0.5, 0.5))[1] == [2]


def test_shares_are_summed_with_compensation_as_pandas_does():
    group, values = np.zeros(10, dtype=int), np.full(10, 0.1)
    assert sum(values) != 1.0  # plain summation
    assert ordered_sums(group, values)[1].tolist() == [1.0]


def test_sums_are_by_group_in_order():
    group = np.array([2, 2, 5, 9, 9, 9])
    keys, sums = ordered_sums(group, np.array([1.0, 2, 4, 8, 16, 32]))
    assert (keys.tolist(), sums.tolist()) == ([2, 5, 9], [3, 4, 56])


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_a_criterion_outside_its_range_is_an_error(share):
    with pytest.raises(ValueError, match="dtc"):
        Criteria(dtc=share, gtc=0.5)


@pytest.mark.parametrize(("number", "scenario"), [("1", "psds1"), ("2", "psds2")])
def test_counts_equal_psds_eval_at_all_50_operating_points(student, number, scenario):
    criteria = Criteria(DCASE[scenario].criteria.dtc, DCASE[scenario].criteria.gtc, 0.3)
    found = detections(student.predictions, student.known)
    counts = point_counts(student.known, found, criteria)
    golden = np.load(student.folder / "psds_eval_counts.npz")
    matrices, classes = golden[f"PSDS{number}_counts"], len(student.known.classes)
    tp, fp, ct = (a[0] for a in counts.totals(student.ones.weights()))
    assert np.array_equal(student.predictions.threshold, golden[f"PSDS{number}_thresholds"])
    assert np.array_equal(tp, np.diagonal(matrices, axis1=1, axis2=2)[:, :classes])
    assert np.array_equal(fp, matrices[:, :classes, classes])
    others = matrices[:, :classes, :classes] * ~np.eye(classes, dtype=bool)
    assert np.array_equal(ct, others)


def test_counts_do_not_hang_on_the_size_of_a_batch(student, monkeypatch):
    found = detections(student.predictions, student.known)
    whole = point_counts(student.known, found, DCASE["psds2"].criteria).totals(
        student.ones.weights()
    )
    monkeypatch.setattr(intersection, "PAIRS", 20_000)
    small = point_counts(student.known, found, DCASE["psds2"].criteria).totals(
        student.ones.weights()
    )
    assert all(np.array_equal(a, b) for a, b in zip(whole, small))


@pytest.mark.parametrize("share", ["0.5", "0.7", "0.1"])
def test_intersection_f1_equals_psds_eval(student, expected, share):
    golden = expected["desed_student"][f"intersection_f1_dtc{share}_gtc{share}_cttc0.3"]
    guess = one_point(read_events(student.folder / "predictions_0.5.tsv"))
    found = detections(guess, student.known)
    counts = point_counts(student.known, found, Criteria(float(share), float(share)))
    f1 = intersection_f1(student.known, counts)
    assert f1 == pytest.approx(golden["class_f"], abs=1e-9)
    assert np.nanmean(list(f1.values())) == pytest.approx(golden["macro_f"], abs=1e-9)


def test_a_class_without_a_true_positive_has_no_intersection_f1(events):
    reference = events("a dog 0-1", "a cat 0-1")
    known = truth(reference, {"a": 10.0})
    found = detections(one_point(events("a dog 0-1")), known)
    f1 = intersection_f1(known, point_counts(known, found, Criteria(0.5, 0.5)))
    assert f1["dog"] == 1.0
    assert np.isnan(f1["cat"])
