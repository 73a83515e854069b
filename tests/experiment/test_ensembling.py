"""Means of several systems' scores, by numbers that a hand can check."""

import numpy as np
import pytest

from seldbench.errors import BadFile
from seldbench.inference.ensembling import mean_clip_scores, mean_frame_scores
from seldbench.prediction import ClipScores, FrameScores

CLASSES = ("cat", "dog")


def clip_scores(rows, clips=("a", "b"), classes=CLASSES):
    return ClipScores(np.array(rows, dtype=float), tuple(clips), classes)


def frame_scores(hop, ends, **clips):
    """Scores of the cat by clip, the dog's are 1 less; the last frame is cut at the clip's end."""
    lengths = [len(row) for row in clips.values()]
    frame = np.concatenate([np.arange(n) for n in lengths])
    scores = np.concatenate([np.array(row, dtype=np.float32) for row in clips.values()])
    return FrameScores(
        np.stack([scores, 1 - scores], axis=1),
        np.cumsum([0, *lengths]),
        frame * hop,
        np.minimum((frame + 1) * hop, np.repeat(ends, lengths)),
        tuple(clips),
        CLASSES,
    )


def of_cat(frames, clip):
    return frames.scores[frames.rows(clip), 0].tolist()


def test_clip_scores_are_averaged_clip_by_clip_whatever_their_order():
    one = clip_scores([[0.9, 0.2], [0.1, 0.4]])
    two = clip_scores([[0.2, 0.5], [0.6, 0.3]], clips=("b", "a"))
    three = clip_scores([[0.3, 0.1], [0.3, 0.3]])
    mean = mean_clip_scores({"1": one, "2": two, "3": three})
    assert mean.clips == ("a", "b")
    np.testing.assert_allclose(mean.scores, [[0.6, 0.2], [0.2, 0.4]])


def test_the_mean_of_equals_is_what_they_are():
    one = frame_scores(0.1, [0.35], a=[0.123456789, 0.7, 0.3, 1.0])
    mean, hop = mean_frame_scores({"1": one, "2": one, "3": one})
    assert hop == 0.1
    np.testing.assert_array_equal(mean.scores, one.scores)
    np.testing.assert_allclose(mean.onset, one.onset)
    np.testing.assert_allclose(mean.offset, one.offset)


def test_frames_of_other_lengths_have_their_exact_mean_on_the_grid_that_they_share():
    coarse = frame_scores(0.3, [0.6, 0.5], a=[0.0, 0.6], b=[0.4, 0.8])
    fine = frame_scores(0.2, [0.6, 0.5], a=[1.0, 0.2, 0.4], b=[0.0, 0.2, 0.6])
    mean, hop = mean_frame_scores({"coarse": coarse, "fine": fine})
    assert hop == pytest.approx(0.1)
    # coarse 0 0 0 .6 .6 .6, fine 1 1 .2 .2 .4 .4
    assert of_cat(mean, "a") == pytest.approx([0.5, 0.5, 0.1, 0.4, 0.5, 0.5])
    assert of_cat(mean, "b") == pytest.approx([0.2, 0.2, 0.3, 0.5, 0.7])
    assert mean.offset[mean.rows("b")][-1] == pytest.approx(0.5)


def test_time_that_not_all_have_heard_is_left_out():
    long = frame_scores(0.1, [0.4], a=[0.2, 0.2, 0.2, 0.2])
    short = frame_scores(0.1, [0.3], a=[0.4, 0.4, 0.4])
    mean, _ = mean_frame_scores({"long": long, "short": short})
    assert of_cat(mean, "a") == pytest.approx([0.3, 0.3, 0.3])
    assert mean.offset[-1] == pytest.approx(0.3)


def test_lengths_without_a_shared_grid_are_named():
    one, other = frame_scores(0.064, [1.0], a=[0.5]), frame_scores(0.0333333, [1.0], a=[0.5])
    with pytest.raises(BadFile, match=r"one 0\.064 s, other 0\.0333333 s\) that share no grid"):
        mean_frame_scores({"one": one, "other": other})
    mean, hop = mean_frame_scores({"one": one, "other": frame_scores(0.1, [1.0], a=[0.1])})
    assert hop == pytest.approx(0.004)
    assert of_cat(mean, "a") == pytest.approx([0.3] * 16)


def test_other_clips_or_classes_are_refused():
    one = clip_scores([[0.9, 0.2], [0.1, 0.4]])
    with pytest.raises(BadFile, match="2: 2 clips, such as b, are not in both it and 1"):
        mean_clip_scores({"1": one, "2": clip_scores(one.scores, clips=("a", "c"))})
    with pytest.raises(BadFile, match="2: scores of the classes dog, cat, 1 has scores of cat, d"):
        mean_clip_scores({"1": one, "2": clip_scores(one.scores, classes=("dog", "cat"))})
