"""From outputs to events: masks of clips, median filters, boxes."""

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import BadRecipe
from seldbench.formats import _frames
from seldbench.formats.strong import Strong
from seldbench.formats.weak import Weak
from seldbench.inference.decoding import decode, masked
from seldbench.recipe import ClipMask, Post

CLASSES = ("cat", "dog")
FORMATS = {"frames": Strong(CLASSES), "clip": Weak(CLASSES)}
HOP = 0.1


def clip(duration=4.0):
    return Clip("a.wav", duration, {})


def outputs(seed=0, frames=40):
    draw = torch.Generator().manual_seed(seed)
    return {
        "frames": torch.rand(frames, 2, generator=draw),
        "clip": torch.rand(2, generator=draw),
    }


def post(threshold=0.5, median=0.0, **others):
    return PostProcessing(
        dict.fromkeys(CLASSES, threshold), dict.fromkeys(CLASSES, median), "test", **others
    )


def decided(said, how, of=None):
    return decode(said, of or clip(), formats=FORMATS, hop=HOP, post=how)


def events(said):
    return [(e.onset, e.offset, e.label) for e in said.events]


# --- H-22


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_scores_held_below_the_clips_give_the_events_of_dropping_clips_at_the_threshold(threshold):
    for seed in range(10):
        said = outputs(seed)
        held = masked(said, ClipMask(kind="min"))
        dropped = masked(said, ClipMask(kind="threshold", at=threshold))
        assert events(decided(held, post(threshold))) == events(decided(dropped, post(threshold)))


def test_a_mask_at_a_threshold_keeps_the_scores_of_classes_above_it():
    said = {"frames": torch.full((3, 2), 0.9), "clip": torch.tensor([0.4, 0.6])}
    after = masked(said, ClipMask(kind="threshold", at=0.5))["frames"]
    torch.testing.assert_close(after, torch.tensor([[0.0, 0.9]] * 3))


def test_no_mask_changes_nothing():
    said = outputs()
    for mask in (None, ClipMask(kind="none")):
        assert torch.equal(masked(said, mask)["frames"], said["frames"])


@pytest.mark.parametrize("mask", [{"kind": "threshold"}, {"kind": "min", "at": 0.5}])
def test_only_a_mask_at_a_threshold_has_a_value(mask):
    with pytest.raises(ValueError, match="`at` is the clip score"):
        ClipMask(**mask)


# --- H-23


@pytest.mark.parametrize("length", [3, 7, 17, 33])
def test_median_and_threshold_commute_for_odd_windows(length):
    scores = np.random.default_rng(length).random((200, 2))
    for threshold in (0.2, 0.5, 0.8):
        above = (scores > threshold).astype(float)
        smooth = _frames.median(scores, [length, length]) > threshold
        assert np.array_equal(smooth, _frames.median(above, [length, length]) > 0.5)


def test_an_even_window_is_an_error_and_seconds_never_give_one():
    with pytest.raises(ValueError, match="median filter of 4 frames: the length must be odd"):
        _frames.median(np.zeros((10, 1)), [4])
    for hop in (0.1, 0.064, 0.05, 0.02, 0.016, 0.01):
        assert all(_frames.odd_frames(n / 1000, hop) % 2 == 1 for n in range(1, 5000, 7))


@pytest.mark.parametrize(
    "seconds, frames",  # FDY-SED's windows in frames of 100, 50, 20 and 10 ms
    [
        (0.320, (3, 7, 17, 33)),
        (0.704, (7, 15, 35, 71)),
        (4.288, (43, 85, 215, 429)),
        (3.904, (39, 79, 195, 391)),
        (3.136, (31, 63, 157, 313)),
        (1.088, (11, 21, 55, 109)),
    ],
)
def test_published_windows_in_frames_of_every_rate(seconds, frames):
    assert tuple(_frames.odd_frames(seconds, 0.1 / n) for n in (1, 2, 5, 10)) == frames


# --- boxes


BOXES = {c: {"step": 0.48, "absolute": 0.2, "relative": None} for c in CLASSES}


def rectangle(value=0.8):
    scores = torch.zeros(40, 2)
    scores[10:20, 1] = value
    return {"frames": scores, "clip": torch.ones(2)}


def test_boxes_stand_in_the_place_of_frame_scores_and_events():
    said = rectangle()
    said["frames"][13, 1] = 0.65  # a shallow gap
    found = decided(said, post(0.7, boxes=BOXES))
    mean = (9 * 0.8 + 0.65) / 10
    assert events(found) == [(1.0, 2.0, "dog")]
    np.testing.assert_allclose(found.frame_scores[10:20, 1], mean, rtol=1e-6)
    assert found.frame_scores.sum() == pytest.approx(10 * mean)
    assert len(decided(said, post(0.7)).events) == 2  # without boxes
    np.testing.assert_array_equal(found.clip_scores, [1, 1])


def test_boxes_are_those_of_the_masked_and_filtered_scores_up_to_the_clips_end():
    said = rectangle() | {"clip": torch.tensor([1.0, 0.3])}
    found = decided(masked(said, ClipMask()), post(0.2, boxes=BOXES))
    assert found.frame_scores[10:20, 1].tolist() == pytest.approx([0.3] * 10)
    assert decided(said, post(0.2, median=3.0, boxes=BOXES)).frame_scores.sum() == 0
    short = decided(said, post(0.5, boxes=BOXES), clip(1.55))
    assert events(short) == [(1.0, 1.55, "dog")]
    assert len(short.frame_scores) == 16


def test_boxes_without_frame_scores_are_an_error():
    with pytest.raises(ValueError, match="no head says any: leave out `boxes`"):
        decode(
            {"clip": torch.ones(2)}, clip(), formats={"clip": Weak(CLASSES)}, hop=HOP,
            post=post(boxes=BOXES),
        )  # fmt: skip


# --- what a recipe says of them


def test_boxes_are_for_all_classes_or_by_class():
    rule = {"step": 0.48, "absolute": 0.2}
    full = rule | {"relative": None}
    every = Post(origin="the paper", boxes=rule)
    assert every.boxes_of(CLASSES) == {"cat": full, "dog": full}
    other = {"step": 0.32, "relative": 1.5}
    each = Post(origin="the paper", boxes={"dog": other, "cat": rule})
    assert each.boxes_of(CLASSES) == {"cat": full, "dog": other | {"absolute": None}}
    assert list(each.boxes_of(CLASSES)) == ["cat", "dog"]
    assert Post(origin="the paper").boxes_of(CLASSES) == {}
    with pytest.raises(BadRecipe, match=r"post\.boxes: no value for cat"):
        Post(origin="the paper", boxes={"dog": rule}).boxes_of(CLASSES)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"boxes": {"step": 0.48}}, "give `absolute`, `relative` or both"),
        ({"boxes": {"step": 0.0, "absolute": 0.2}}, "greater than 0"),
        ({"tune": {"on": "valid", "boxes": {}}}, "give `boxes` too"),
        ({"tune": {"on": "valid", "score": "psds1", "thresholds": [0.5]}}, "over all thresholds"),
    ],
)
def test_what_does_not_fit_is_told(given, message):
    with pytest.raises(ValueError, match=message):
        Post(origin="the paper", **given)
