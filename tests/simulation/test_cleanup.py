"""The clean-up that DESED annotations have gone through; spans are (label, onset, offset)."""

from itertools import pairwise

import numpy as np
import pytest

from seldbench.events import Event
from seldbench.simulation.cleanup import clean_up


def cleaned(*spans, duration=10.0):
    events = [Event(onset, offset, label) for label, onset, offset in spans]
    return [(e.label, e.onset, e.offset) for e in clean_up(events, duration)]


def test_an_event_under_250_ms_is_extended_at_its_offset():
    assert cleaned(("Dog", 1.0, 1.1)) == [("Dog", 1.0, 1.25)]


def test_an_event_too_short_at_the_clips_end_is_extended_at_its_onset():
    assert cleaned(("Dog", 9.9, 9.95)) == [("Dog", 9.75, 10.0)]


def test_an_event_in_a_clip_under_250_ms_fills_it():
    assert cleaned(("Dog", 0.05, 0.1), duration=0.2) == [("Dog", 0.0, 0.2)]


def test_events_of_a_class_with_less_than_150_ms_between_them_are_one():
    assert cleaned(("Cat", 1.0, 2.0), ("Cat", 2.14, 3.0)) == [("Cat", 1.0, 3.0)]


def test_a_gap_of_150_ms_stays_a_gap():
    assert len(cleaned(("Cat", 1.0, 2.0), ("Cat", 2.15, 3.0))) == 2


def test_events_of_a_class_with_onsets_within_400_ms_are_one():
    # 1.0-1.1 becomes 1.0-1.25; the gap to 1.39 is 140 ms. With 1.4 it is 150 ms and 400 ms.
    assert cleaned(("Dog", 1.0, 1.1), ("Dog", 1.39, 2.0)) == [("Dog", 1.0, 2.0)]
    assert len(cleaned(("Dog", 1.0, 1.1), ("Dog", 1.4, 2.0))) == 2


def test_overlapping_events_of_a_class_are_merged_whatever_their_order():
    assert cleaned(("Cat", 2.0, 3.0), ("Cat", 1.0, 5.0)) == [("Cat", 1.0, 5.0)]


def test_events_of_different_classes_never_merge():
    spans = [("Cat", 1.0, 2.0), ("Dog", 1.1, 2.0)]
    assert cleaned(*spans) == spans


def test_events_are_cut_at_the_clips_edges_and_dropped_outside():
    spans = [("Cat", -1.0, 1.0), ("Dog", 9.0, 11.0), ("Dog", 12.0, 13.0)]
    assert cleaned(*spans) == [("Cat", 0.0, 1.0), ("Dog", 9.0, 10.0)]


def test_no_events_stay_no_events():
    assert cleaned() == []


@pytest.mark.parametrize("seed", range(20))
def test_what_comes_out_obeys_the_rules_and_is_left_alone_by_a_second_pass(seed):
    rng = np.random.default_rng(seed)
    onsets = rng.uniform(-0.5, 10.2, 12)
    events = [Event(on, on + rng.exponential(0.5), rng.choice(["Cat", "Dog"])) for on in onsets]
    once = clean_up(events, 10.0)
    assert [(e.onset, e.offset) for e in clean_up(once, 10.0)] == [
        (e.onset, e.offset) for e in once
    ]
    for label in ("Cat", "Dog"):
        mine = [e for e in once if e.label == label]
        assert all(e.onset >= 0 and e.offset <= 10 and e.duration >= 0.249 for e in mine)
        for before, after in pairwise(mine):
            assert after.onset - before.offset >= 0.149
            assert after.onset - before.onset >= 0.399
