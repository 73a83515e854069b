"""Conditions: which bin an event or a source in a frame falls into."""

import numpy as np
import pytest

from seldbench.errors import BadFile
from seldbench.evaluation.budget.conditions import (
    direction_conditions,
    event_conditions,
    read_conditions,
)
from seldbench.events import DirectionTable, Event, event_table


def bins(conditions, name):
    condition = next(c for c in conditions if c.name == name)
    return [condition.bins[i] if i >= 0 else None for i in condition.bin]


def table(*rows, files=("a",)):
    """Rows (file, frame, class, track, azimuth, elevation)."""
    cells = np.array(rows, dtype=float)
    file, frame, label, track = cells[:, :4].astype(np.int64).T
    return DirectionTable(files, file, frame, label, track, cells[:, 4:6])


def test_polyphony_counts_the_events_of_any_class_that_overlap():
    events = event_table(
        {
            "a": [Event(0, 4, "dog"), Event(1, 2, "cat"), Event(3, 5, "cat"), Event(5, 6, "dog")],
            "b": [Event(0, 9, "dog")],
        }
    )
    # The first overlaps two others; 3-5 and 5-6 only touch.
    assert bins(event_conditions(events), "polyphony") == ["3+", "2", "2", "1", "1"]


def test_durations_are_binned_with_the_lower_edge_inside():
    events = event_table({"a": [Event(0, d, "dog") for d in (0.4, 0.5, 1.0, 4.9, 10.0)]})
    expected = ["under 0.5 s", "0.5 to 1 s", "1 to 2 s", "2 to 5 s", "10 s and more"]
    assert bins(event_conditions(events), "duration") == expected


def test_classes_are_short_or_long_as_in_ast_seds_table_3_and_others_are_not_known():
    events = event_table({"a": [Event(0, 1, n) for n in ("Dog", "Frying", "gunshot")]})
    assert bins(event_conditions(events), "class_length") == ["short", "long", None]
    others = event_table({"a": [Event(0, 1, "gunshot")]})
    assert "class_length" not in [c.name for c in event_conditions(others)]


def test_sectors_of_azimuth_and_elevation():
    around = table(*((0, i, 0, 0, 45 * i - 180, 0) for i in range(9)), (0, 9, 0, 0, 22, 80))
    found = direction_conditions(around)
    expected = ["back", "back right", "right", "front right", "front"]
    expected += ["front left", "left", "back left", "back", "front"]
    assert bins(found, "azimuth") == expected
    assert bins(found, "elevation")[-2:] == ["-15 to 15 degrees", "45 to 90 degrees"]


def test_a_track_moves_where_it_strays_by_more_than_5_degrees_in_a_run_of_frames():
    jitter = [(0, i, 0, 0, i % 5, 0) for i in range(6)]
    walk = [(0, i, 1, 0, 2 * i, 0) for i in range(6)]
    later = [(0, 20 + i, 1, 0, 90, 0) for i in range(2)]  # a run of its own
    found = bins(direction_conditions(table(*jitter, *walk, *later)), "motion")
    assert found == ["still"] * 6 + ["moving"] * 6 + ["still"] * 2


def test_whether_it_moves_is_not_known_where_a_track_number_names_two_at_once():
    found = bins(direction_conditions(table((0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 90, 0))), "motion")
    assert found == [None, None]


def test_nearest_source_and_polyphony_are_those_of_the_frame():
    rows = table((0, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0), (0, 1, 1, 0, 40, 0), (0, 1, 1, 1, 160, 0))
    found = direction_conditions(rows)
    assert bins(found, "polyphony") == ["1", "3+", "3+", "3+"]
    expected = [None, "30 to 60 degrees", "30 to 60 degrees", "90 to 180 degrees"]
    assert bins(found, "nearest_source") == expected


EVENTS = event_table({"a": [Event(0, 1, "dog"), Event(2, 3, "cat")], "b": []})
HEADER = "filename\tonset\toffset\tevent_label"


def conditions_file(tmp_path, text):
    path = tmp_path / "conditions.tsv"
    path.write_text(text)
    return path


def test_a_table_of_conditions_may_be_the_reference_with_more_columns(tmp_path):
    text = f"{HEADER}\tsnr\troom\na\t2.0\t3\tcat\t-3\thall\na\t0\t1\tdog\t\tbath\nb\t\t\t\t\t\n"
    found = read_conditions(conditions_file(tmp_path, text), EVENTS)
    assert bins(found, "snr") == [None, "under 0 dB"]
    assert bins(found, "room") == ["bath", "hall"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEADER}\na\t0\t1\tdog\na\t2\t3\tcat\n", "no column besides"),
        (f"{HEADER}\tsnr\na\t0\t1\tdog\t3\n", "no row for cat in 'a' from 2 to 3 s"),
        (
            f"{HEADER}\tsnr\na\t0\t1\tdog\t3\na\t2\t3\tcat\t3\na\t4\t5\tcat\t3\n",
            ":4: no such event",
        ),
        (f"{HEADER}\tsnr\na\t0\t1\tdog\tloud\na\t2\t3\tcat\t3\n", ":2: snr is 'loud'"),
        ("filename\tonset\toffset\tsnr\na\t0\t1\t3\n", "no column 'event_label'"),
    ],
)
def test_a_table_that_does_not_fit_the_reference_is_refused(tmp_path, text, message):
    with pytest.raises(BadFile, match=message):
        read_conditions(conditions_file(tmp_path, text), EVENTS)


def test_a_column_of_many_texts_is_refused(tmp_path):
    events = event_table({"a": [Event(i, i + 1, "dog") for i in range(21)]})
    rows = "".join(f"a\t{i}\t{i + 1}\tdog\tp{i}\n" for i in range(21))
    with pytest.raises(BadFile, match="'place' holds 21 different texts"):
        read_conditions(conditions_file(tmp_path, f"{HEADER}\tplace\n{rows}"), events)
