"""Clip-level scores."""

import numpy as np
import pytest

from seldbench.metrics.tagging import average_precision, clip_f1, macro


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


def test_average_precision_takes_ties_together():
    scores = np.array([[0.9], [0.5], [0.5], [0.1]])
    labels = np.array([[1], [1], [0], [1]])
    # At 0.9: P 1, R 1/3; at 0.5: P 2/3, R 2/3; at 0.1: P 3/4, R 1.
    expected = (1 + 2 / 3 + 3 / 4) / 3
    assert average_precision(scores, labels)[0] == pytest.approx(expected)


def test_average_precision_equals_scikit_learn_on_clip_maxima(synthetic, expected):
    golden = expected["frame_scores"]["clip_ap_sklearn"]
    frames = synthetic.predictions
    scores = np.stack([frames.scores[frames.rows(clip)].max(0) for clip in frames.clips])
    by_clip = synthetic.reference.by_clip()
    labels = np.array(
        [[c in by_clip[clip].labels for c in frames.classes] for clip in frames.clips]
    )
    values = average_precision(scores, labels)
    assert dict(zip(frames.classes, values)) == pytest.approx(golden["ap"], abs=1e-9)
    assert macro(values) == pytest.approx(golden["macro"], abs=1e-9)
