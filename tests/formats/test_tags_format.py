"""`tags`: what a whole clip is."""

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import UnknownName
from seldbench.events import EventList
from seldbench.formats.tags import Tags

CLASSES = ("cat", "dog", "rain")
MULTI, SINGLE = Tags(CLASSES), Tags(CLASSES, single=True)


def clip(*labels):
    return Clip("a.wav", 5.0, {}, labels=frozenset(labels))


def test_a_clip_s_labels_are_its_target_whatever_the_window():
    for onset in (0.0, 2.5):
        assert MULTI.encode(clip("dog", "rain"), onset, 20, 0.1).tolist() == [0, 1, 1]
        assert SINGLE.encode(clip("rain"), onset, 20, 0.1).tolist() == [0, 0, 1]


def test_a_clip_known_to_have_no_label_has_a_target_of_zeros():
    assert MULTI.encode(clip(), 0.0, 20, 0.1).tolist() == [0, 0, 0]
    assert SINGLE.encode(clip(), 0.0, 20, 0.1).tolist() == [0, 0, 0]


def test_what_cannot_be_a_target_is_refused_in_words():
    with pytest.raises(ValueError, match=r"'a\.wav' has no labels to encode"):
        MULTI.encode(Clip("a.wav", 5.0, {}, events=EventList()), 0.0, 20, 0.1)
    with pytest.raises(ValueError, match=r"'a\.wav' has 2 labels, .* leave `single` out"):
        SINGLE.encode(clip("dog", "rain"), 0.0, 20, 0.1)
    with pytest.raises(UnknownName, match=r"'dgo'.*near: dog"):
        MULTI.encode(clip("dgo"), 0.0, 20, 0.1)


def test_scores_are_of_each_class_or_shares_that_sum_to_one():
    logits = torch.tensor([[0.0, np.log(2.0), np.log(3.0)]])
    assert MULTI.activate(logits)[0].tolist() == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    assert SINGLE.activate(logits)[0].tolist() == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert SINGLE.activate(logits.bfloat16()).dtype == torch.float32


def test_cross_entropy_takes_one_class_or_the_weights_of_mixed_clips():
    # given shares 1/6, 2/6 and 3/6
    logits = torch.tensor([[0.0, np.log(2.0), np.log(3.0)]])
    ce = Tags.losses["ce"]
    assert float(ce(logits, torch.tensor([[0.0, 0.0, 1.0]]))) == pytest.approx(np.log(2.0))
    mixed = 0.3 * np.log(6.0) + 0.7 * np.log(3.0)
    assert float(ce(logits, torch.tensor([[0.3, 0.7, 0.0]]))) == pytest.approx(mixed)
    both = torch.tensor([[0.0, 0.0, 1.0], [0.3, 0.7, 0.0]])
    mean = (np.log(2.0) + mixed) / 2
    assert float(ce(logits.expand(2, 3), both)) == pytest.approx(mean)


def test_binary_cross_entropy_takes_logits_and_soft_targets():
    bce, logits = Tags.losses["bce"], torch.tensor([[np.log(3.0), 0.0]])
    half = torch.tensor([[0.5, 0.5]])
    by_hand = (-0.5 * np.log(3 / 4) - 0.5 * np.log(1 / 4) + np.log(2.0)) / 2
    assert float(bce(logits, half)) == pytest.approx(by_hand)


@pytest.mark.parametrize("loss", Tags.losses)
def test_losses_are_of_float32_inside_autocast_too(loss):
    logits, targets = torch.tensor([[40.0, -3.0, 0.1]]), torch.tensor([[1.0, 0.0, 0.0]])
    outside = Tags.losses[loss](logits, targets)
    with torch.autocast("cpu", torch.bfloat16):
        inside = Tags.losses[loss](logits, targets)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, outside)


def test_a_long_clip_is_the_mean_of_its_windows():
    windows = torch.tensor([[0.1, 0.9, 0.2], [0.3, 0.3, 0.1], [0.2, 0.6, 0.0]])
    assert MULTI.merge(windows, [0, 5, 10], 15).tolist() == pytest.approx([0.2, 0.6, 0.1])


def test_two_clips_at_once_are_what_either_is_and_a_roll_changes_nothing():
    first, second = torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    assert MULTI.union(first, second).tolist() == [[1, 1, 0]]
    assert torch.equal(MULTI.shift(first, 7), first)


def test_decoding_gives_clip_scores_and_decides_nothing():
    prediction = MULTI.decode(
        torch.tensor([0.1, 0.9, 0.2]), clip(), 0.1, PostProcessing({}, {}, "")
    )
    assert prediction.clip_scores == pytest.approx([0.1, 0.9, 0.2])
    assert prediction.events is None and prediction.frame_scores is None
