"""What PSDS refuses and what it leaves out."""

import numpy as np
import pytest

from seldbench.errors import BadFile
from seldbench.events import OperatingPoints
from seldbench.metrics.events.truth import detections, one_point, refuse_overlaps, truth


def test_overlapping_events_of_one_class_are_refused_with_clip_class_and_times(events):
    with pytest.raises(BadFile, match=r"'a'.*'dog'.*1-3 s and 2-4 s.*merge"):
        refuse_overlaps(events("a dog 1-3", "b dog 2-4", "a cat 2-4", "a dog 2-4"), "reference")


def test_an_overlap_is_found_behind_a_short_event_inside_a_long_one(events):
    with pytest.raises(BadFile, match=r"0-9 s and 5-6 s"):
        refuse_overlaps(events("a dog 0-9", "a cat 1-2", "a dog 5-6"), "reference")


@pytest.mark.parametrize(
    "rows",
    [
        ("a dog 1-2", "a dog 2-3"),  # touching
        ("a dog 1-2", "a dog 1-2"),  # identical
        ("a dog 1-2", "a cat 1-2"),
        ("a dog 1-2", "b dog 1-2"),
        ("a dog 1-1", "a dog 1-2"),  # an instant at the border
        (),
    ],
)
def test_touching_identical_and_foreign_events_pass(events, rows):
    refuse_overlaps(events(*rows), "reference")


def test_an_instant_inside_an_event_is_an_overlap_as_in_psds_eval(events):
    with pytest.raises(BadFile, match="overlap"):
        refuse_overlaps(events("a dog 1-3", "a dog 2-2"), "reference")


def test_detections_at_different_operating_points_may_overlap(events):
    table = events("a dog 1-3", "a dog 2-4")
    known = truth(events("a dog 1-2"), {"a": 10.0})
    apart = OperatingPoints(np.array([0.1, 0.2]), np.array([0, 1]), table)
    assert len(detections(apart, known).clip) == 2
    together = OperatingPoints(np.array([0.1, 0.2]), np.array([1, 1]), table)
    with pytest.raises(BadFile, match=r"threshold 0\.2.*1-3 s and 2-4 s"):
        detections(together, known)


def test_unknown_clips_unknown_labels_and_instants_are_left_out_of_the_detections(events):
    known = truth(events("a dog 1-2"), {"a": 10.0})
    found = events("a dog 1-2", "z dog 1-2", "a cow 1-2", "a dog 5-5")
    assert len(detections(one_point(found), known).clip) == 1


def test_a_reference_clip_without_duration_is_an_error(events):
    with pytest.raises(BadFile, match=r"1 clips.*'b'"):
        truth(events("a dog 1-2", "b dog 1-2"), {"a": 10.0})


def test_counts_and_seconds_are_by_clip_and_class(events):
    known = truth(events("b dog 1-2", "b dog 3-5", "b cat 0-4"), {"a": 10.0, "b": 10.0})
    assert known.classes == ("cat", "dog")
    assert known.counts().tolist() == [[0, 0], [1, 2]]
    assert known.seconds().tolist() == [[0, 0], [4, 3]]
