"""Error budget of events: one kind for every event and detection, and what repairs would gain."""

import numpy as np
import pytest

from seldbench.events import EventTable
from seldbench.metrics.budget.events import event_errors
from seldbench.metrics.budget.kinds import best_first, f1_and_costs, tables
from seldbench.metrics.events.collar import Collar, collar_counts, macro_f1, micro_f1
from seldbench.metrics.uncertainty import Whole, drawn


def kinds(outcomes):
    return [outcomes.kinds[i] for i in outcomes.kind]


def of(events, true, found):
    errors = event_errors(events(*true, clips=("a", "b")), events(*found))
    return kinds(errors.true), kinds(errors.found)


def gains(errors, average):
    """{kind: what F1 would gain} over all clips, and F1 itself."""
    costs = f1_and_costs(tables(errors), Whole(len(errors.clips)))
    return {kind: float(values[0]) for kind, values in costs[average].items()}


@pytest.mark.parametrize(
    ("found", "kind", "of_detection"),
    [
        ("a dog 1.1-2.1", "hit", "hit"),
        ("a dog 1.3-2.0", "onset", "onset"),
        ("a dog 1.0-2.3", "offset", "offset"),
        ("a dog 0.5-2.5", "both", "both"),
        ("a dog 2.1-3.0", "both", "both"),  # apart, but by less than the collar
        ("a dog 2.3-3.0", "miss", "false_alarm"),
        ("a cat 1.1-2.1", "confusion", "confusion"),
        ("a cat 1.0-3.0", "confusion", "confusion"),  # half of what they span is shared
        ("a cat 1.0-3.1", "miss", "false_alarm"),
        ("b dog 1.0-2.0", "miss", "false_alarm"),
    ],
)
def test_an_event_from_1_to_2_s_and_one_detection(events, found, kind, of_detection):
    assert of(events, ["a dog 1.0-2.0"], [found]) == ([kind], [of_detection])


def test_the_second_detection_of_an_event_is_a_duplicate(events):
    true, found = of(events, ["a dog 1-2"], ["a dog 0.9-1.4", "a dog 1-2", "a dog 5-6"])
    assert true == ["hit"]
    assert found == ["duplicate", "hit", "false_alarm"]


def test_the_second_event_below_a_long_detection_is_merged(events):
    true, found = of(events, ["a dog 1-2", "a dog 3-5", "a dog 8-9"], ["a dog 1-5"])
    assert true == ["merged", "offset", "miss"] or true == ["merged", "onset", "miss"]
    assert found == [true[1]]


def test_a_detection_is_paired_with_its_own_class_before_another(events):
    true, found = of(events, ["a cat 1-2", "a dog 1.5-2.5"], ["a dog 1-2"])
    assert true == ["miss", "both"]
    assert found == ["both"]


def test_of_two_misplaced_detections_the_one_that_shares_more_is_the_events(events):
    _, found = of(events, ["a dog 1-3"], ["a dog 2.5-4", "a dog 1.5-4"])
    assert found == ["duplicate", "both"]


def test_hits_are_as_many_as_can_be_where_the_nearest_would_lose_one(events):
    true, _ = of(events, ["a dog 1.0-2.0", "a dog 1.15-2.15"], ["a dog 1.1-2.1", "a dog 0.85-1.85"])
    assert true == ["hit", "hit"]


def test_a_label_that_the_reference_lacks_can_be_what_an_event_was_taken_for(events):
    errors = event_errors(events("a dog 1-2"), events("a wolf 1-2"))
    assert (errors.classes, errors.scored) == (("dog", "wolf"), 1)
    assert errors.confused() == {"dog": {"wolf": 1}}


def test_without_detections_every_event_is_missed_and_without_events_all_are_false(events):
    assert of(events, ["a dog 1-2"], []) == (["miss"], [])
    assert of(events, [], ["a dog 1-2"]) == ([], ["false_alarm"])
    assert of(events, [], []) == ([], [])


def random_tables(rng, clips=12, events=80):
    """Events on a coarse grid, so that ties, touching times and zero lengths occur."""

    def table():
        clip, label = (rng.integers(0, n, events) for n in (clips, 3))
        onset = rng.integers(0, 40, events) * 0.1
        offset = onset + rng.integers(0, 12, events) * 0.1
        names = tuple(f"clip {i}" for i in range(clips))
        texts = np.array(["cat", "dog", "owl"], dtype=object)[label]
        return EventTable(np.array(names, dtype=object)[clip], onset, offset, texts, names)

    return table(), table()


@pytest.mark.parametrize("seed", range(8))
def test_kinds_add_up_pairs_are_one_to_one_and_hits_are_those_of_event_f1(seed):
    reference, predicted = random_tables(np.random.default_rng(seed))
    errors = event_errors(reference, predicted)
    true, found = kinds(errors.true), kinds(errors.found)
    assert (len(true), len(found)) == (len(reference), len(predicted))
    for kind in ("hit", "onset", "offset", "both", "confusion"):
        assert true.count(kind) == found.count(kind)
    paired = errors.partner[errors.partner >= 0]
    assert len(set(paired)) == len(paired)
    for i, j in enumerate(errors.partner):
        assert (true[i] in ("merged", "miss")) if j < 0 else true[i] == found[j]
    counts = tables(errors)
    shape = len(errors.clips), len(errors.classes), -1
    official = collar_counts(reference, predicted)
    by_kind = counts.true.toarray().reshape(shape)
    assert np.array_equal(by_kind[:, :, 0], official.hits)
    assert np.array_equal(by_kind.sum(2), official.reference)
    assert np.array_equal(counts.found.toarray().reshape(shape).sum(2), official.detected)


def test_the_order_of_clips_changes_no_count():
    reference, predicted = random_tables(np.random.default_rng(3))
    names = reference.clips[::-1]
    turned = EventTable(
        *(getattr(reference, c) for c in ("clip", "onset", "offset", "label")), names
    )
    one, other = (tables(event_errors(r, predicted)) for r in (reference, turned))
    assert np.array_equal(one.true.toarray(), other.true.toarray()[::-1])


def test_repairing_a_kind_gains_what_a_hand_repaired_table_scores(events):
    # 4 events and 4 detections: a hit, a late onset, a confusion, a miss and a false alarm.
    true = events("a dog 0-1", "a dog 2-3", "a cat 4-5", "a cat 6-7")
    found = events("a dog 0-1", "a dog 2.5-3", "a dog 4-5", "a cat 8-9")
    gained = gains(event_errors(true, found), "micro")
    assert gained["f1"] == pytest.approx(2 / 8)
    assert gained["onset"] == pytest.approx(4 / 8 - 2 / 8)
    assert gained["confusion"] == pytest.approx(4 / 8 - 2 / 8)
    assert gained["miss"] == pytest.approx(4 / 9 - 2 / 8)  # one detection more
    assert gained["false_alarm"] == pytest.approx(2 / 7 - 2 / 8)  # one less
    assert gained["both"] == gained["merged"] == gained["duplicate"] == 0


def test_a_repaired_confusion_moves_to_the_true_class(events):
    gained = gains(event_errors(events("a dog 0-1", "a cat 4-5"), events("a cat 0-1")), "macro")
    # dog: 0 of 1 -> 1 of 1; cat: 0 of 1 with a false positive -> 0 of 1 without.
    assert gained["f1"] == 0.0
    assert gained["confusion"] == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(3))
def test_costs_of_replicates_are_those_of_the_clips_drawn(seed):
    rng = np.random.default_rng(seed)
    reference, predicted = random_tables(rng)
    errors = event_errors(reference, predicted)
    sample = drawn(len(errors.clips), 5, rng)
    costs = f1_and_costs(tables(errors), sample)
    counts = collar_counts(reference, predicted, Collar())
    sums = [sample.sums(t) for t in (counts.hits, counts.reference, counts.detected)]
    assert costs["macro"]["f1"] == pytest.approx(macro_f1(*sums))
    assert costs["micro"]["f1"] == pytest.approx(micro_f1(*sums))
    assert all((values >= -1e-12).all() for values in costs["micro"].values())


@pytest.mark.parametrize("seed", range(5))
def test_best_first_takes_what_going_through_the_sorted_pairs_takes(seed):
    rng = np.random.default_rng(seed)
    first, second, worth = (rng.integers(0, n, 60) for n in (12, 15, 6))
    pairs = np.unique(np.stack([first, second, worth]), axis=1)
    first, second, worth = pairs
    taken, used = [], (set(), set())
    for i in np.lexsort((second, first, -worth)):
        if first[i] not in used[0] and second[i] not in used[1]:
            taken.append(i)
            used[0].add(first[i])
            used[1].add(second[i])
    assert best_first(first, second, worth.astype(float)).tolist() == sorted(taken)
