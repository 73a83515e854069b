"""Rows of DCASE files and events with directions, there and back."""

import numpy as np
import pytest

from seldbench.annotations.tracks import events_of_rows, joined_tables, rows_of_events
from seldbench.errors import BadFile
from seldbench.events import DirectionTable, Event, EventList
from seldbench.geometry import unit_vectors

CLASSES = ("alarm", "piano")


def table(rows, distance=None):
    """Of (frame, label, track, azimuth, elevation)."""
    rows = np.array(rows, dtype=np.float64).reshape(-1, 5)
    whole = rows[:, :3].astype(np.int64)
    file = np.zeros(len(rows), dtype=np.int64)
    return DirectionTable(("a",), file, *whole.T, rows[:, 3:], distance)


def test_a_run_of_frames_is_an_event_with_its_way():
    rows = [(3, 1, 0, 10, 0), (4, 1, 0, 20, 0), (4, 0, 1, 90, 30), (6, 1, 0, 10, 0)]
    moving, alarm, again = events_of_rows(table(rows), CLASSES, 0.1)
    assert (moving.label, moving.onset, moving.offset) == ("piano", pytest.approx(0.3), 0.5)
    np.testing.assert_allclose(moving.doa, unit_vectors(np.array([10, 20]), np.zeros(2)))
    assert (alarm.label, alarm.source, again.onset) == ("alarm", 1, pytest.approx(0.6))


def test_two_rows_of_one_class_track_and_frame_are_two_sources():
    events = events_of_rows(table([(0, 0, 0, 0, 0), (0, 0, 0, 90, 0)]), CLASSES, 0.1)
    assert len({event.source for event in events}) == 2


def test_rows_come_back_from_their_events():
    rows = [(0, 0, 0, -180, 10), (0, 1, 1, 35, -40), (1, 0, 0, -170, 10), (5, 0, 2, 90, 0)]
    metres = np.array([1.0, 2.5, 1.5, 3.0])
    given = table(rows, metres)
    back = rows_of_events({"a": events_of_rows(given, CLASSES, 0.1)}, CLASSES, 0.1)
    for column in ("frame", "label", "track"):
        np.testing.assert_array_equal(getattr(back, column), getattr(given, column))
    np.testing.assert_allclose(back.direction, given.direction, atol=1e-9)
    np.testing.assert_allclose(back.distance, metres)


def test_no_rows_are_no_events_and_the_other_way_round():
    assert events_of_rows(table([]), CLASSES, 0.1) == EventList()
    empty = rows_of_events({"a": EventList(), "b": EventList()}, CLASSES, 0.1)
    assert (len(empty), empty.files) == (0, ("a", "b"))


def test_a_still_event_has_its_direction_in_every_frame():
    still = Event(0.2, 0.5, "piano", 3, unit_vectors(90.0, 0.0), np.float64(2.0))
    rows = rows_of_events({"a": [still]}, CLASSES, 0.1)
    assert rows.frame.tolist() == [2, 3, 4]
    np.testing.assert_allclose(rows.direction, [[90, 0]] * 3, atol=1e-9)
    assert rows.distance.tolist() == [2.0] * 3


def test_an_unknown_class_number_is_named():
    with pytest.raises(BadFile, match="class 2, but there are 2"):
        events_of_rows(table([(0, 2, 0, 0, 0)]), CLASSES, 0.1)


def test_tables_are_joined_file_by_file():
    joined = joined_tables([table([(0, 0, 0, 0, 0)]), table([]), table([(1, 1, 0, 5, 0)])])
    assert joined.file.tolist() == [0, 2]
    assert joined.label.tolist() == [0, 1]
