"""`boundaries`: running maxima and weak labels in one target, the losses, and decoding, by hand."""

import math

import pytest
import torch

from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import UnknownName
from seldbench.events import Event, EventList
from seldbench.formats import boundaries
from seldbench.formats.boundaries import Boundaries, boundary_or_weak, heard, to_come, weak
from seldbench.geometry import ROTATIONS

CLASSES = ("Cat", "Dog")
FORM = Boundaries(CLASSES)
SURELY = 12.0  # a logit whose score is 1 within 2e-5


def clip(*events, duration=0.6, **known):
    known = known or {"events": EventList(Event(*e) for e in events)}
    return Clip("a.wav", duration, {}, **known)


def weak_clip(*labels):
    return clip(labels=frozenset(labels))


def encoded(of_clip, frames=6):
    return FORM.encode(of_clip, 0.0, frames, 0.1)


def column(tensor, number):
    return tensor[:, number].tolist()


def post(threshold=0.5, median=0.0):
    return PostProcessing(dict.fromkeys(CLASSES, threshold), dict.fromkeys(CLASSES, median), "test")


def decoded(forward, backward, of_clip=None, form=FORM, **setting):
    """Scores of Cat by frame; Dog is silent."""
    outputs = torch.zeros(len(forward), 4)
    outputs[:, 0], outputs[:, 2] = torch.tensor(forward), torch.tensor(backward)
    return form.decode(outputs, of_clip or clip(), 0.1, post(**setting))


def spans(prediction):
    return [(round(e.onset, 6), round(e.offset, 6), e.label) for e in prediction.events]


def logits(forward, backward):
    """Scores of one clip and one class -> what the network would have returned."""
    both = torch.tensor([forward, backward]).T[None]
    squeezed = (both - boundaries.SQUEEZE) / (1 - 2 * boundaries.SQUEEZE)
    return squeezed.logit()


def target(presence, active):
    return torch.tensor([[presence] * len(active), active]).T[None].float()


def test_events_say_who_is_present_and_when_he_is_active():
    encoding = encoded(clip((0.1, 0.3, "Dog"), (0.4, 0.5, "Dog")))
    assert encoding.shape == (6, 4) and encoding.dtype == torch.float32
    assert column(encoding, 0) == [0] * 6 and column(encoding, 1) == [1] * 6
    assert column(encoding, 2) == [0] * 6 and column(encoding, 3) == [0, 1, 1, 0, 1, 0]


def test_running_maxima_are_1_from_the_first_onset_and_up_to_the_last_offset():
    active = torch.tensor([0.0, 1, 1, 0, 1, 0])[:, None]
    assert heard(active).flatten().tolist() == [0, 1, 1, 1, 1, 1]
    assert to_come(active).flatten().tolist() == [1, 1, 1, 1, 1, 0]


def test_weak_labels_leave_the_activity_of_present_classes_unknown():
    encoding = encoded(weak_clip("Dog"))
    assert column(encoding, 1) == [1] * 6 and column(encoding, 3) == [0.5] * 6
    assert column(encoding, 0) == [0] * 6 and column(encoding, 2) == [0] * 6


def test_events_go_before_weak_labels():
    both = clip(events=EventList([Event(0.0, 0.1, "Cat")]), labels=frozenset({"Dog"}))
    assert column(encoded(both), 0) == [1] * 6 and column(encoded(both), 1) == [0] * 6


def test_a_window_has_the_classes_that_are_active_in_it():
    encoding = FORM.encode(clip((0.0, 0.1, "Cat"), (0.3, 0.9, "Dog")), 0.2, 4, 0.1)
    assert column(encoding, 0) == [0] * 4 and column(encoding, 3) == [0, 1, 1, 1]


def test_an_unlabelled_clip_has_no_target_and_a_strange_label_is_named():
    with pytest.raises(ValueError, match="no labels to encode"):
        encoded(Clip("a.wav", 0.6, {}))
    with pytest.raises(UnknownName, match=r"'Dogs'.*near: Dog"):
        encoded(weak_clip("Dogs"))


def test_the_weak_loss_asks_the_larger_score_for_the_label_in_every_frame():
    guess = logits([0.2, 0.9], [0.6, 0.1])
    expected = -(math.log(0.6) + math.log(0.9)) / 2
    assert float(weak(guess, target(1, [0, 1]))) == pytest.approx(expected, abs=1e-5)
    assert float(boundary_or_weak(guess, target(1, [0.5, 0.5]))) == pytest.approx(
        expected, abs=1e-5
    )
    absent = -(math.log(0.4) + math.log(0.1)) / 2
    assert float(boundary_or_weak(guess, target(0, [0, 0]))) == pytest.approx(absent, abs=1e-5)


def test_the_boundary_loss_asks_each_score_for_its_running_maximum():
    guess = logits([0.2, 0.9, 0.7], [0.8, 0.6, 0.3])
    # Active in the middle: forwards 0 1 1, backwards 1 1 0.
    forward = math.log(0.8) + math.log(0.9) + math.log(0.7)
    backward = math.log(0.8) + math.log(0.6) + math.log(0.7)
    loss = boundary_or_weak(guess, target(1, [0, 1, 0]))
    assert float(loss) == pytest.approx(-(forward + backward) / 2 / 3, abs=1e-5)


def test_one_unknown_frame_makes_a_class_weak():
    guess = logits([0.2, 0.9, 0.7], [0.8, 0.6, 0.3])
    for active in ([0, 1, 0.5], [0.02, 1, 0]):
        loss = boundary_or_weak(guess, target(1, active))
        assert torch.allclose(loss, weak(guess, target(1, active)))


def test_classes_of_unknown_presence_are_masked_from_loss_and_gradient():
    guess = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    targets = torch.zeros(2, 5, 4)
    targets[:, :, 0] = targets[:, :, 2] = 0.3  # Cat: unknown
    loss = boundary_or_weak(guess, targets)
    alone = boundary_or_weak(guess[..., [1, 3]], targets[..., [1, 3]])
    assert torch.allclose(loss, alone)
    loss.backward()
    # Of both scores of a weak class the larger one learns.
    assert guess.grad[..., [0, 2]].abs().max() == 0
    assert (guess.grad[..., [1, 3]] != 0).sum(-1).unique().tolist() == [1]
    nothing = torch.full((2, 5, 4), 0.5)
    assert boundary_or_weak(guess, nothing).item() == 0


@pytest.mark.parametrize("loss", [boundary_or_weak, weak])
def test_losses_are_finite_however_wrong_the_network_is(loss):
    guess = torch.full((1, 4, 4), 1e4, requires_grad=True)
    value = loss(guess, torch.zeros(1, 4, 4))
    value.backward()
    assert value.item() == pytest.approx(-math.log(1e-5), rel=1e-2)
    assert guess.grad.isfinite().all()


def test_scores_are_squeezed_between_1e_5_and_its_complement():
    ends = FORM.activate(torch.tensor([-100.0, 0.0, 100.0]))
    assert ends.tolist() == pytest.approx([1e-5, 0.5, 1 - 1e-5])


def test_two_clips_at_once_are_known_where_one_sounds_or_both_are_known():
    first = encoded(clip((0.1, 0.3, "Dog")))
    joined = FORM.union(first, encoded(weak_clip("Cat")))
    assert column(joined, 0) == [1] * 6 and column(joined, 2) == [0.5] * 6
    assert column(joined, 3) == [0, 1, 1, 0, 0, 0]
    both = FORM.union(first, encoded(weak_clip("Dog")))
    assert column(both, 3) == [0.5, 1, 1, 0.5, 0.5, 0.5]
    assert torch.equal(joined, FORM.union(encoded(weak_clip("Cat")), first))
    assert torch.equal(
        FORM.union(first, encoded(clip((0.4, 0.5, "Dog")))),
        encoded(clip((0.1, 0.3, "Dog"), (0.4, 0.5, "Dog"))),
    )


def test_rolled_targets_are_those_of_the_rolled_activity():
    first = encoded(clip((0.1, 0.3, "Dog")))
    assert torch.equal(FORM.shift(first, 2), encoded(clip((0.3, 0.5, "Dog"))))
    assert torch.equal(FORM.shift(encoded(weak_clip("Dog")), 2), encoded(weak_clip("Dog")))


def test_classes_have_no_direction():
    x = torch.rand(3, 4)
    assert FORM.rotate(x, ROTATIONS[1]) is x and FORM.rotate_targets(x, ROTATIONS[1]) is x


def test_one_window_is_itself_cut_to_the_clip():
    window = torch.rand(1, 6, 4)
    assert torch.equal(FORM.merge(window, [0], 4), window[0, :4])
    assert torch.equal(FORM.merge(window, [0], 9), window[0])
    twice = FORM.merge(torch.stack([torch.zeros(6, 4), torch.ones(6, 4)]), [0, 0], 6)
    assert twice.unique().tolist() == [0.5]


def test_what_a_window_heard_stays_heard_and_what_one_will_hear_is_to_come():
    windows = torch.zeros(2, 4, 4)
    windows[0, 2:, 0] = 0.8  # forwards, from frame 2
    windows[1, :2, 2] = 0.7  # backwards, up to frame 2 + 1
    merged = FORM.merge(windows, [0, 2], 6)
    assert column(merged, 0) == pytest.approx([0, 0, 0.8, 0.8, 0.8, 0.8])
    assert column(merged, 2) == pytest.approx([0.7, 0.7, 0.7, 0.7, 0, 0])


def test_an_event_is_where_both_scores_are_above_the_threshold():
    prediction = decoded([0.1, 0.7, 0.8, 0.9], [0.9, 0.8, 0.6, 0.2])
    assert prediction.clip_scores.tolist() == pytest.approx([0.9, 0.0])
    assert spans(prediction) == [(0.1, 0.3, "Cat")]
    assert prediction.frame_scores[:, 0].tolist() == pytest.approx([0.1, 0.7, 0.6, 0.2])
    assert prediction.hop == 0.1


def test_a_class_whose_tag_is_not_above_the_threshold_has_no_event():
    # Last forwards 0.3, first backwards 0.7: the tag is 0.5, though the middle says 0.9.
    prediction = decoded([0.1, 0.9, 0.3], [0.7, 0.9, 0.1])
    assert spans(prediction) == []
    assert spans(decoded([0.1, 0.9, 0.3], [0.7, 0.9, 0.1], threshold=0.49)) == [(0.1, 0.2, "Cat")]


def test_a_tagged_class_without_a_segment_sounds_all_the_clip():
    prediction = decoded([0.1, 0.2, 0.9], [0.9, 0.2, 0.1], clip(duration=0.25))
    assert spans(prediction) == [(0.0, 0.25, "Cat")]


def test_the_clips_own_end_says_what_was_heard():
    scores = [0.1, 0.9, 0.9, 0.2, 0.2], [0.9, 0.9, 0.1, 0.0, 0.0]
    prediction = decoded(*scores, clip(duration=0.3))
    assert prediction.clip_scores[0] == pytest.approx(0.9)
    assert prediction.frame_scores.shape == (3, 2)


def test_medians_act_on_the_smaller_score():
    scores = [0.0, 0.9, 0.9, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
    spiked = [0.0, 0.9, 0.9, 0.1, 0.9, 0.9]
    assert spans(decoded(*scores)) == [(0.1, 0.6, "Cat")]
    assert len(spans(decoded(spiked, scores[1]))) == 2
    assert spans(decoded(spiked, scores[1], median=0.3)) == [(0.1, 0.6, "Cat")]


def test_a_head_says_what_it_is_asked_to():
    scores = [0.1, 0.7], [0.9, 0.8]
    tags = decoded(*scores, form=Boundaries(CLASSES, says=["tags"]))
    assert tags.events is None and tags.frame_scores is None and tags.clip_scores is not None
    events = decoded(*scores, form=Boundaries(CLASSES, says=["events"]))
    assert events.clip_scores is None and len(events.events) == 1
    with pytest.raises(ValueError, match=r"'tag'.*near: tags"):
        Boundaries(CLASSES, says=["tag"])
    with pytest.raises(ValueError, match="says nothing"):
        Boundaries(CLASSES, says=[])


def test_a_perfect_network_decodes_to_the_events():
    encoding = encoded(clip((0.1, 0.3, "Cat"), (0.4, 0.5, "Dog")))
    active = encoding[:, 2:]
    perfect = torch.cat([heard(active), to_come(active)], -1) * 2 * SURELY - SURELY
    assert float(boundary_or_weak(perfect[None], encoding[None])) < 1e-4
    prediction = FORM.decode(FORM.activate(perfect), clip(), 0.1, post())
    assert spans(prediction) == [(0.1, 0.3, "Cat"), (0.4, 0.5, "Dog")]
