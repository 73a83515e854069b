"""The labels of desed-sim have DESED's statistics (specification F.3, public metadata)."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from seldbench.simulation.bank import ProceduralBank
from seldbench.simulation.occurrence import class_sets, draw_sets, probabilities
from seldbench.simulation.placing import at_once
from seldbench.simulation.planning import plan_split
from seldbench.simulation.splits import SPLITS, counts
from seldbench.simulation.statistics import CLASSES, REAL, TEST, WEAK, durations

# Test set of DESED: share of clips, mean duration.
DESED_TEST = {
    "Alarm_bell_ringing": (0.160, 1.96),
    "Blender": (0.068, 5.23),
    "Cat": (0.104, 1.38),
    "Dishes": (0.146, 0.63),
    "Dog": (0.137, 1.41),
    "Electric_shaver_toothbrush": (0.053, 7.73),
    "Frying": (0.076, 8.26),
    "Running_water": (0.169, 5.25),
    "Speech": (0.537, 1.50),
    "Vacuum_cleaner": (0.078, 8.48),
}


def small(split, seed=0):
    return plan_split(split, counts("small")[split], seed, ProceduralBank(seed))


def spans(plans, label):
    return [e.duration for p in plans for e in p.events if e.label == label]


def share(plans, label):
    return np.mean([any(e.label == label for e in p.events) for p in plans])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("label", CLASSES)
def test_a_class_is_as_common_and_as_long_as_in_the_test_set_of_desed(label, seed):
    plans = small("test", seed)
    clips, mean = DESED_TEST[label]
    assert share(plans, label) == pytest.approx(clips, rel=0.15)
    assert np.mean(spans(plans, label)) == pytest.approx(mean, rel=0.10)


@pytest.mark.parametrize("seed", [0, 1])
def test_as_many_events_sound_at_once_as_in_the_test_set_of_desed(seed):
    plans = small("test", seed)
    found = Counter(at_once([(e.onset, e.offset) for e in p.events]) for p in plans)
    heard = len(plans) - found[0]
    assert found[0] / len(plans) == pytest.approx(0.013, abs=0.006)
    assert found[1] / heard == pytest.approx(0.66, abs=0.07)
    assert found[2] / heard == pytest.approx(0.31, abs=0.07)
    assert found[3] / heard == pytest.approx(0.03, abs=0.07)


def test_weak_clips_have_the_labels_of_the_weak_set():
    plans = small("train/weak")
    for label in CLASSES:
        assert share(plans, label) == pytest.approx(WEAK.classes[label].share, rel=0.15)
    labels = Counter(len({e.label for e in p.events}) for p in plans)
    assert labels[0] == 0
    assert labels[1] / len(plans) == pytest.approx(984 / 1578, abs=0.03)


def test_real_strong_clips_are_speech_and_something_else():
    plans = small("train/real")
    assert share(plans, "Speech") >= 0.98
    assert np.mean([len(p.events) for p in plans]) == pytest.approx(4.45, rel=0.1)
    for label in CLASSES:
        wanted = REAL.classes[label].mean
        assert np.mean(spans(plans, label)) == pytest.approx(wanted, rel=0.15)


def test_soundscapes_have_the_events_of_the_synthetic_set():
    plans = small("train/synthetic")
    assert np.mean([len(p.events) for p in plans]) == pytest.approx(3.21, rel=0.05)
    assert len(spans(plans, "Speech")) == pytest.approx(1588, rel=0.05)
    assert np.mean(spans(plans, "Vacuum_cleaner")) == pytest.approx(9.46, rel=0.05)


def test_frying_comes_with_dishes_and_blenders_with_speech():
    chance = probabilities(TEST, frozenset(CLASSES))

    def both(*labels):
        return sum(p for p, s in zip(chance, class_sets()) if set(labels) <= set(s))

    assert both("Frying", "Dishes") / both("Frying") == pytest.approx(0.66, abs=0.01)
    assert both("Blender", "Speech") / both("Blender") == pytest.approx(0.69, abs=0.01)
    assert chance.sum() == pytest.approx(1)


def test_a_class_that_is_not_available_does_not_occur():
    sets = draw_sets(TEST, frozenset({"Speech", "Dog"}), 200, np.random.default_rng(0))
    assert {label for s in sets for label in s} == {"Speech", "Dog"}


def test_durations_have_the_mean_they_should_and_whole_clips_among_them():
    of = TEST.classes["Frying"]
    found = durations(of, (np.arange(2000) + 0.5) / 2000)
    assert found.mean() == pytest.approx(8.26, rel=0.01)
    assert (found == 10).mean() == pytest.approx(0.65, abs=0.001)
    assert found.min() >= 0.25


@pytest.mark.parametrize("split", SPLITS)
def test_annotations_lie_in_their_clip_and_classes_do_not_overlap_themselves(split):
    for plan in plan_split(split, counts("tiny")[split], 3, ProceduralBank(3)):
        for label in CLASSES:
            mine = [e for e in plan.events if e.label == label]
            assert all(0 <= e.onset < e.offset <= plan.seconds for e in mine)
            assert all(a.offset + 0.149 < b.onset for a, b in pairwise(mine))


def test_a_clips_sounds_and_its_annotation_agree_but_for_jitter_and_merging():
    for plan in small("test")[:60]:
        for event in plan.events:
            mine = [s for s in plan.sounds if s.label == event.label]
            assert min(abs(s.onset - event.onset) for s in mine) < 0.25
            assert min(abs(s.onset + s.seconds - event.offset) for s in mine) < 0.25


def test_some_recordings_are_shorter_than_ten_seconds_and_no_soundscape_is():
    assert min(p.seconds for p in small("test")) < 10
    assert {p.seconds for p in small("train/synthetic")} == {10.0}
