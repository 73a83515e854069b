"""`weak`: which classes sound in a clip."""

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import UnknownName
from seldbench.events import Event, EventList
from seldbench.formats.strong import Strong
from seldbench.formats.weak import Weak

CLASSES = ("Cat", "Dog", "Speech")


def strong_clip(*events):
    return Clip("a.wav", 10.0, {}, events=EventList(Event(*e) for e in events))


def weak_clip(*labels):
    return Clip("a.wav", 10.0, {}, labels=frozenset(labels))


def test_weak_labels_are_a_multi_hot_vector_whatever_the_window():
    for onset in (0.0, 5.0):
        target = Weak(CLASSES).encode(weak_clip("Dog", "Speech"), onset, 20, 0.1)
        assert target.tolist() == [0, 1, 1]


def test_events_give_the_classes_with_an_active_frame_in_the_window():
    clip = strong_clip((1.0, 2.0, "Dog"), (3.0, 4.0, "Cat"))
    assert Weak(CLASSES).encode(clip, 0.0, 100, 0.1).tolist() == [1, 1, 0]
    assert Weak(CLASSES).encode(clip, 2.0, 15, 0.1).tolist() == [1, 0, 0]
    assert Weak(CLASSES).encode(strong_clip(), 0.0, 100, 0.1).tolist() == [0, 0, 0]


def test_the_clip_target_is_any_frame_of_the_strong_target():
    draw = np.random.default_rng(5)
    for _ in range(50):
        onsets = draw.uniform(0, 9.5, 4).round(3)
        clip = strong_clip(*((t, t + 0.4, str(draw.choice(CLASSES))) for t in onsets))
        onset, frames = float(draw.uniform(0, 8)), 40
        strong = Strong(CLASSES).encode(clip, onset, frames, 0.064)
        assert torch.equal(Weak(CLASSES).encode(clip, onset, frames, 0.064), strong.amax(0))


def test_a_clip_with_neither_events_nor_labels_has_no_target():
    with pytest.raises(ValueError, match="no labels to encode"):
        Weak(CLASSES).encode(Clip("a.wav", 10.0, {}), 0.0, 100, 0.1)


def test_a_label_outside_the_classes_is_an_error_with_the_nearest_class():
    with pytest.raises(UnknownName, match=r"'Dgo'.*near: Dog"):
        Weak(CLASSES).encode(weak_clip("Dgo"), 0.0, 100, 0.1)


def test_the_clip_holds_what_any_window_holds():
    windows = torch.tensor([[0.1, 0.9, 0.2], [0.3, 0.4, 0.1]])
    assert torch.equal(Weak(CLASSES).merge(windows, [0, 5], 10), torch.tensor([0.3, 0.9, 0.2]))


def test_decoding_gives_clip_scores_and_decides_nothing():
    post = PostProcessing({}, {}, "test")
    prediction = Weak(CLASSES).decode(torch.tensor([0.1, 0.9, 0.2]), weak_clip(), 0.1, post)
    assert prediction.clip_scores == pytest.approx([0.1, 0.9, 0.2])
    assert prediction.events is None and prediction.frame_scores is None


def test_losses_take_probabilities_inside_autocast_too():
    losses, probabilities = Weak(CLASSES).losses, torch.full((2, 3), 0.5)
    with torch.autocast("cpu", torch.bfloat16):
        assert losses["bce"](probabilities, torch.ones(2, 3)) == pytest.approx(np.log(2.0))
        assert losses["mse"](probabilities, torch.ones(2, 3)) == pytest.approx(0.25)
    certain = losses["bce"](torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]]))
    assert certain.isfinite()


def test_a_roll_in_time_changes_no_clip_target():
    target = torch.tensor([[0.0, 1.0, 1.0]])
    assert torch.equal(Weak(CLASSES).shift(target, 7), target)
