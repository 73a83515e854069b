"""`strong`: the frames an event touches, and back, at the hops of CRNN and AST-SED."""

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import UnknownName
from seldbench.events import Event, EventList
from seldbench.formats import _frames
from seldbench.formats.strong import Strong

CLASSES = ("Cat", "Dog", "Speech")
HOPS = (0.064, 0.1, 0.05, 0.02, 0.01, 0.1615)


def clip(*events, duration=10.0, **known):
    known = known or {"events": EventList(Event(*e) for e in events)}
    return Clip("a.wav", duration, {}, **known)


def post(median=0.0, threshold=0.5):
    return PostProcessing(dict.fromkeys(CLASSES, threshold), dict.fromkeys(CLASSES, median), "test")


def active_frames(target, label):
    return target[:, CLASSES.index(label)].nonzero().flatten().tolist()


def decoded(scores, *, duration=10.0, hop=0.1, **setting):
    outputs = torch.as_tensor(np.asarray(scores), dtype=torch.float32)
    prediction = Strong(CLASSES).decode(outputs, clip(duration=duration), hop, post(**setting))
    return [(e.onset, e.offset, e.label) for e in prediction.events], prediction


def test_an_event_is_active_on_every_frame_that_it_touches():
    target = Strong(CLASSES).encode(clip((0.05, 0.25, "Dog")), 0.0, 156, 0.064)
    assert target.shape == (156, 3) and target.dtype == torch.float32
    assert active_frames(target, "Dog") == [0, 1, 2, 3]
    assert active_frames(target, "Cat") == []


@pytest.mark.parametrize("hop", HOPS)
def test_an_event_between_two_frame_edges_touches_neither_neighbour(hop):
    for first in range(60):
        for last in range(first + 1, 61):
            # Decimals as a file gives them, rounded to the microsecond.
            event = (round(first * hop, 6), round(last * hop, 6), "Cat")
            assert _frames.touched(event[0], event[1], hop) == (first, last)


def test_a_window_sees_the_events_from_its_own_onset():
    one_clip = clip((1.0, 2.0, "Dog"), (0.0, 0.5, "Cat"), (2.9, 9.0, "Speech"))
    target = Strong(CLASSES).encode(one_clip, 0.9, 20, 0.1)
    assert active_frames(target, "Dog") == list(range(1, 11))
    assert active_frames(target, "Cat") == []
    assert active_frames(target, "Speech") == []
    whole = Strong(CLASSES).encode(one_clip, 0.0, 100, 0.1)
    assert torch.equal(target, whole[9:29])


def test_equal_labels_that_overlap_are_one_activity():
    target = Strong(CLASSES).encode(clip((0.0, 0.3, "Dog"), (0.2, 0.5, "Dog")), 0.0, 10, 0.1)
    assert active_frames(target, "Dog") == [0, 1, 2, 3, 4]


def test_a_clip_without_strong_labels_has_no_target():
    with pytest.raises(ValueError, match="no events to encode"):
        Strong(CLASSES).encode(clip(labels=frozenset({"Dog"})), 0.0, 10, 0.1)
    with pytest.raises(ValueError, match="no events to encode"):
        Strong(CLASSES).encode(Clip("a.wav", 10.0, {}), 0.0, 10, 0.1)


def test_a_clip_known_to_hold_nothing_is_silent():
    for known in ({"events": EventList()}, {"labels": frozenset()}):
        target = Strong(CLASSES).encode(clip(**known), 0.0, 10, 0.1)
        assert target.shape == (10, 3) and target.sum() == 0


def test_a_label_outside_the_classes_is_an_error_with_the_nearest_class():
    with pytest.raises(UnknownName, match=r"'Dogs'.*near: Dog"):
        Strong(CLASSES).encode(clip((0.0, 1.0, "Dogs")), 0.0, 10, 0.1)


@pytest.mark.parametrize("hop", HOPS)
def test_decoding_what_was_encoded_grows_an_event_by_less_than_two_frames(hop):
    draw = np.random.default_rng(7)
    for _ in range(100):
        # Apart by more than two hops, so that no two events melt into one.
        times = np.cumsum(draw.uniform(2.5 * hop, 1.0, size=8)).round(3)
        times = times[times < 10.0]
        events = [(on, off, str(draw.choice(CLASSES))) for on, off in zip(times[::2], times[1::2])]
        frames = int(np.ceil(10.0 / hop))
        target = Strong(CLASSES).encode(clip(*events), 0.0, frames, hop)
        found, _ = decoded(target, hop=hop)
        assert [label for *_, label in found] == [label for *_, label in events]
        for (onset, offset, _), (true_onset, true_offset, _) in zip(found, events):
            assert onset <= true_onset + 1e-5 and offset >= true_offset - 1e-5
            assert (offset - onset) - (true_offset - true_onset) < 2 * hop


def test_runs_become_events_in_order_of_onset():
    scores = np.zeros((10, 3))
    scores[0:2, 1] = scores[5:10, 1] = scores[0:1, 0] = 0.9
    found, _ = decoded(scores, duration=1.0)
    assert found == [(0.0, 0.1, "Cat"), (0.0, 0.2, "Dog"), (0.5, 1.0, "Dog")]


def test_a_score_at_the_threshold_is_not_active():
    scores = np.full((3, 3), 0.5)
    assert decoded(scores)[0] == []
    assert len(decoded(scores, threshold=0.49)[0]) == 3


def test_events_and_scores_end_with_the_clip():
    scores = np.zeros((10, 3))
    scores[3:10, 0] = scores[8:10, 2] = 0.9
    found, prediction = decoded(scores, duration=0.55)
    assert found == [(pytest.approx(0.3), 0.55, "Cat")]
    assert prediction.frame_scores.shape == (6, 3)
    assert prediction.hop == 0.1


def test_frame_scores_are_the_filtered_ones_that_the_events_came_from():
    scores = np.zeros((30, 3))
    scores[10:20, 1], scores[14, 1], scores[25, 1] = 0.8, 0.1, 0.7
    found, prediction = decoded(scores, duration=3.0, median=0.3)
    assert found == [(pytest.approx(1.0), pytest.approx(2.0), "Dog")]
    assert set(np.unique(prediction.frame_scores[:, 1])) == {0.0, np.float32(0.8)}


def test_thresholds_and_medians_are_the_classes_own():
    scores = np.full((20, 3), 0.6)
    scores[9] = 0.0
    setting = PostProcessing(
        {"Cat": 0.5, "Dog": 0.7, "Speech": 0.5}, {"Cat": 0.3, "Dog": 0.0, "Speech": 0.0}, "test"
    )
    prediction = Strong(CLASSES).decode(torch.as_tensor(scores), clip(duration=2.0), 0.1, setting)
    assert [e.label for e in prediction.events] == ["Cat", "Speech", "Speech"]


def test_a_class_without_a_threshold_is_an_error():
    setting = PostProcessing({"Cat": 0.5, "Dog": 0.5}, dict.fromkeys(CLASSES, 0.0), "test")
    with pytest.raises(UnknownName, match="no threshold for class 'Speech'"):
        Strong(CLASSES).decode(torch.zeros(4, 3), clip(), 0.1, setting)


def test_a_clip_of_no_frames_has_no_events():
    assert decoded(np.zeros((0, 3)), duration=1.0)[0] == []


# Class-wise filters of FDY-SED in seconds, and their frames at 100, 50, 20, 10 and 64 ms.
@pytest.mark.parametrize(
    "seconds, frames",
    [
        (0.320, (3, 7, 17, 33, 5)),
        (0.704, (7, 15, 35, 71, 11)),
        (4.288, (43, 85, 215, 429, 67)),
        (3.904, (39, 79, 195, 391, 61)),
        (3.136, (31, 63, 157, 313, 49)),
        (1.088, (11, 21, 55, 109, 17)),
        (0.0, (0, 0, 0, 0, 0)),
        (0.001, (1, 1, 1, 1, 1)),
    ],
)
def test_a_filter_in_seconds_is_the_nearest_odd_number_of_frames(seconds, frames):
    assert tuple(_frames.odd_frames(seconds, hop) for hop in (0.1, 0.05, 0.02, 0.01, 0.064)) == (
        frames
    )


def test_an_even_filter_is_an_error():
    with pytest.raises(ValueError, match="4 frames: the length must be odd"):
        _frames.median(np.zeros((10, 2)), [3, 4])


def test_the_median_filter_repeats_the_edge():
    scores = np.array([1.0, 0.0, 1.0, 0.0, 0.0])[:, None]
    # First frame: median of (1, 1, 0), its own mirror image before it.
    assert _frames.median(scores, [3]).ravel().tolist() == [1, 1, 0, 0, 0]


def test_a_filter_longer_than_the_clip_reflects_more_than_once():
    scores = np.array([1.0, 1.0, 0.0])[:, None]
    assert _frames.median(scores, [13]).ravel().tolist() == [1, 1, 1]


def test_median_then_threshold_is_threshold_then_median():
    scores = np.random.default_rng(3).random((200, 3))
    lengths = [1, 5, 67]
    for threshold in (0.1, 0.5, 0.9):
        first = _frames.median(scores, lengths) > threshold
        assert np.array_equal(first, _frames.median((scores > threshold) * 1.0, lengths) > 0.5)


def test_windows_that_overlap_are_averaged():
    windows = torch.stack([torch.full((4, 3), 1.0), torch.full((4, 3), 3.0)])
    merged = Strong(CLASSES).merge(windows, [0, 2], 5)
    assert merged[:, 0].tolist() == [1, 1, 2, 2, 3]


def test_frames_that_no_window_reaches_do_not_exist_and_gaps_are_an_error():
    windows = torch.ones(2, 4, 3)
    assert Strong(CLASSES).merge(windows, [0, 4], 10).shape == (8, 3)
    with pytest.raises(ValueError, match="frame 4 of 9 lies in no window"):
        Strong(CLASSES).merge(windows, [0, 5], 10)


def test_targets_roll_with_wrap():
    target = Strong(CLASSES).encode(clip((0.0, 0.2, "Dog")), 0.0, 10, 0.1)[None]
    assert active_frames(Strong(CLASSES).shift(target, -1)[0], "Dog") == [0, 9]


def test_losses_take_logits_and_are_means_in_float32():
    logits = torch.zeros(2, 5, 3, dtype=torch.float16)
    targets = torch.ones(2, 5, 3)
    losses = Strong(CLASSES).losses
    assert losses["bce"](logits, targets) == pytest.approx(np.log(2.0))
    assert losses["mse"](logits, targets) == pytest.approx(0.25)
    assert losses["bce"](logits, targets).dtype == torch.float32


def test_activation_is_the_sigmoid():
    assert Strong(CLASSES).activate(torch.zeros(1, dtype=torch.bfloat16)).item() == 0.5
