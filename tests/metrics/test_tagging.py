"""Clip-level scores: decided labels, d', and the highest of several scores."""

import numpy as np
import pytest

from seldbench.metrics.ranking import average_precision, rankings
from seldbench.metrics.tagging import (
    among_highest,
    class_mean,
    clip_f1,
    confusion,
    d_prime,
    f1,
    highest,
    label_counts,
    macro,
    share,
)
from seldbench.metrics.uncertainty import Drawn, Whole


def test_f1_of_a_class_counts_its_hits_misses_and_false_alarms():
    scores = np.array([[0.9, 0.2], [0.6, 0.7], [0.5, 0.1], [0.1, 0.9]])
    labels = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
    # First class: one hit, one false alarm, one miss (0.5 is not above 0.5).
    assert clip_f1(scores, labels).tolist() == [0.5, 1.0]


def test_a_class_that_no_clip_has_has_no_score_and_is_left_out_of_the_mean():
    scores, labels = np.array([[0.9, 0.9]]), np.array([[1, 0]])
    f1 = clip_f1(scores, labels)
    assert f1[0] == 1.0
    assert np.isnan(f1[1])
    assert macro(f1) == 1.0
    assert np.isnan(macro(np.array([np.nan])))


def test_means_over_classes_are_taken_row_by_row():
    values = np.array([[1.0, np.nan, 0.5], [np.nan, np.nan, np.nan]])
    assert class_mean(values) == pytest.approx([0.75, np.nan], nan_ok=True)
    assert np.isnan(class_mean(np.zeros((2, 0)))).all()


def test_average_precision_equals_scikit_learn_on_clip_maxima(synthetic, expected):
    golden = expected["frame_scores"]["clip_ap_sklearn"]
    frames = synthetic.predictions
    scores = np.stack([frames.scores[frames.rows(clip)].max(0) for clip in frames.clips])
    by_clip = synthetic.reference.by_clip()
    labels = np.array(
        [[c in by_clip[clip].labels for c in frames.classes] for clip in frames.clips]
    )
    ranked = rankings(scores, labels)
    values = np.array([average_precision(r, Whole(len(scores)))[0] for r in ranked])
    assert dict(zip(frames.classes, values)) == pytest.approx(golden["ap"], abs=1e-9)
    assert macro(values) == pytest.approx(golden["macro"], abs=1e-9)


def test_d_prime_is_the_distance_of_two_normal_distributions():
    # Of unit normal distributions d apart, a draw of the one is above one of the other with
    # probability Phi(d / sqrt(2)): Phi(1) = 0.8413447460685429.
    assert d_prime(np.array(0.8413447460685429)) == pytest.approx(np.sqrt(2), abs=1e-12)
    assert d_prime(np.array([0.5, 1.0, 0.0])).tolist() == [0.0, np.inf, -np.inf]


def test_decided_labels_are_counted_by_clip_and_class():
    labels = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    guess = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 0]])
    counts = label_counts(labels, guess)
    hits, present, given = (table[0].tolist() for table in counts.sums(Whole(3)))
    assert (hits, present, given) == ([2, 0, 0], [2, 1, 0], [2, 0, 1])
    # A hit, then a miss, then a false alarm of a class that no clip has.
    assert f1(*counts.sums(Whole(3)))[0] == pytest.approx([1.0, 0.0, np.nan], nan_ok=True)


def test_a_clip_that_counts_twice_is_counted_twice():
    labels, guess = np.array([[1, 0], [0, 1]]), np.array([[1, 0], [1, 0]])
    hits, present, given = label_counts(labels, guess).sums(Drawn(np.array([[2.0, 1.0]])))
    assert (hits.tolist(), present.tolist(), given.tolist()) == ([[2, 0]], [[2, 1]], [[3, 0]])
    assert share(hits, given) == pytest.approx(np.array([[2 / 3, np.nan]]), nan_ok=True)


def test_the_first_of_equal_scores_is_the_highest():
    scores = np.array([[0.1, 0.7, 0.7], [0.3, 0.3, 0.3], [0.0, 0.1, 0.2]])
    assert highest(scores).argmax(axis=1).tolist() == [1, 0, 2]
    assert (highest(scores).sum(axis=1) == 1).all()
    asked = np.array([2, 1, 0])
    assert among_highest(scores, asked, 1).tolist() == [False, False, False]
    assert among_highest(scores, asked, 2).tolist() == [True, True, False]
    assert among_highest(scores, asked, 3).all()


def test_confusion_has_true_classes_in_rows_and_answers_in_columns():
    counts = confusion(np.array([0, 0, 1, 2]), np.array([0, 2, 1, 2]), 3)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]
