"""`tracks`: sources on free tracks, the loss by its definition, runs that follow directions."""

from itertools import permutations

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.formats.tracks import Tracks, tpit
from seldbench.geometry import unit_vectors

CLASSES = ("alarm", "dog", "piano", "speech")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def at(azimuth):
    return unit_vectors(np.array(float(azimuth)), np.array(0.0))


def source(first, last, label, azimuth):
    return Event(first * 0.1, last * 0.1, label, doa=at(azimuth))


def shuffled(targets, seed=0):
    """Every frame's tracks in an order of its own."""
    tracks = targets.shape[-2]
    orders = [
        torch.randperm(tracks, generator=generator(seed * 999 + t)) for t in range(len(targets))
    ]
    return torch.stack([frame[order] for frame, order in zip(targets, orders)])


@pytest.mark.parametrize("tracks", [2, 3])
def test_the_loss_takes_the_best_order_of_every_frame(scenes, tracks):
    form = Tracks(CLASSES, tracks=tracks)
    targets = form.encode(scenes.clip(same=2, most=3), 0.0, 60, 0.1)
    outputs = torch.randn(60, form.size, generator=generator())
    given = outputs.unflatten(-1, (tracks, 7)).double()
    probability = given[..., :4].sigmoid()
    least = []
    for t in range(60):
        ways = []
        for order in permutations(range(tracks)):
            y = targets[t, list(order)].double()
            p = probability[t]
            bce = -(y[:, :4] * p.log() + (1 - y[:, :4]) * (1 - p).log()).mean()
            ways.append(float(bce + ((given[t, :, 4:] - y[:, 4:]) ** 2).mean()))
        least.append(min(ways))
    assert float(tpit(outputs, targets)) == pytest.approx(0.5 * np.mean(least), rel=1e-5)


@pytest.mark.parametrize("tracks", [2, 3])
def test_the_loss_does_not_depend_on_the_order_of_tracks(scenes, tracks):
    form = Tracks(CLASSES, tracks=tracks)
    targets = form.encode(scenes.clip(same=2, most=3), 0.0, 60, 0.1)
    outputs = torch.randn(60, form.size, generator=generator())
    first = tpit(outputs, targets)
    assert torch.allclose(tpit(outputs, shuffled(targets)), first)
    mixed = shuffled(outputs.unflatten(-1, (tracks, 7))).flatten(1)
    assert torch.allclose(tpit(mixed, targets), first)
    right = torch.cat([20 * (2 * targets[..., :4] - 1), targets[..., 4:]], -1)
    assert float(tpit(shuffled(right).flatten(1), targets)) < 1e-6


def test_each_source_takes_the_first_free_track_of_its_frame():
    events = [source(0, 3, "dog", 0), source(1, 5, "piano", 90), source(2, 6, "dog", 180)]
    clip = Clip("a", 0.6, {}, EventList(events))
    targets = Tracks(CLASSES, tracks=2).encode(clip, 0.0, 6, 0.1)
    names = [
        [CLASSES[int(row[:4].argmax())] if row[:4].any() else None for row in frame]
        for frame in targets
    ]
    assert names == [
        ["dog", None],
        ["dog", "piano"],
        ["dog", "piano"],  # a third source has no place
        ["piano", "dog"],
        ["piano", "dog"],
        ["dog", None],
    ]
    np.testing.assert_allclose(targets[3, 1, 4:], at(180), atol=1e-6)


@pytest.mark.parametrize("tracks", [2, 3])
def test_events_come_back_whole_from_tracks_in_any_order(scenes, check_rows, post, tracks):
    form = Tracks(CLASSES, tracks=tracks)
    clip = scenes.clip(same=2, most=tracks, events=30)
    outputs = shuffled(form.encode(clip, 0.0, 60, 0.1)).flatten(1)
    found = form.decode(outputs, clip, 0.1, post()).events
    check_rows(found, clip.events)
    spans = [
        sorted((round(10 * e.onset), round(10 * e.offset), e.label) for e in events)
        for events in (found, clip.events)
    ]
    assert spans[0] == spans[1]


def test_windows_whose_tracks_are_in_any_order_merge_to_the_scene(scenes, check_rows, post):
    form = Tracks(CLASSES, tracks=3)
    clip = scenes.clip(same=2, most=3, events=30)
    targets = form.encode(clip, 0.0, 60, 0.1)
    starts = [0, 0, 10, 20, 20, 35, 40]
    windows = [shuffled(targets[s : s + 20], seed=i).flatten(1) for i, s in enumerate(starts)]
    merged = form.merge(torch.stack(windows), starts, 60)
    check_rows(form.decode(merged, clip, 0.1, post()).events, clip.events)


def test_permuting_one_windows_tracks_changes_nothing():
    form = Tracks(CLASSES, tracks=3)
    outputs = form.activate(torch.randn(60, form.size, generator=generator()))
    starts = [0, 10, 20, 30, 40]
    windows = torch.stack([outputs[s : s + 20] for s in starts])
    assert torch.allclose(form.merge(windows, starts, 60), outputs, atol=1e-6)
    other = windows.clone()
    other[2] = shuffled(windows[2].unflatten(-1, (3, 7))).flatten(1)
    merged = form.merge(other, starts, 60).unflatten(-1, (3, 7))
    # The order of tracks is free where the permuted window comes first; what they are is not.
    distance = (merged[:, :, None] - outputs.unflatten(-1, (3, 7))[:, None]).norm(dim=-1)
    assert float(distance.amin(1).max()) < 1e-5 and float(distance.amin(2).max()) < 1e-5


def test_the_direction_of_a_silent_track_does_not_order_it():
    form = Tracks(CLASSES)
    one = torch.zeros(1, 2, 7)
    one[0, 0, 1], one[0, 0, 4] = 0.9, 1.0  # a dog in front
    one[0, 1, 5] = 1.0  # silence on the left
    other = torch.zeros(1, 2, 7)
    other[0, 1, 1], other[0, 1, 4], other[0, 1, 5] = 0.8, 0.5, 0.9  # the dog further left
    other[0, 0, 4] = 1.0  # silence in front
    merged = form.merge(torch.stack([one, other]).flatten(2), [0, 0], 1).unflatten(-1, (2, 7))
    assert torch.allclose(merged[0, :, 1], torch.tensor([0.85, 0.0]))


def test_a_track_says_its_most_probable_class_alone(post):
    outputs = torch.zeros(1, 2, 7)
    outputs[0, 0, :4] = torch.tensor([0.6, 0.9, 0.8, 0.0])
    outputs[0, 0, 4:] = torch.tensor([0.0, 0.5, 0.0])
    outputs[0, 1, :4] = torch.tensor([0.5, 0.1, 0.2, 0.0])
    form = Tracks(CLASSES)
    prediction = form.decode(outputs.flatten(1), Clip("a", 0.1, {}), 0.1, post())
    (event,) = prediction.events
    assert event.label == "dog"
    np.testing.assert_allclose(event.doa, [[0, 1, 0]], atol=1e-6)
    np.testing.assert_allclose(prediction.frame_scores, [[0.6, 0.9, 0.8, 0.0]], atol=1e-6)


def test_a_jump_to_another_direction_is_another_event(post):
    form = Tracks(CLASSES)
    clip = Clip("a", 0.6, {}, EventList([source(0, 3, "dog", 0), source(3, 6, "dog", 90)]))
    found = form.decode(form.encode(clip, 0.0, 6, 0.1).flatten(1), clip, 0.1, post()).events
    assert [(round(e.onset, 6), round(e.offset, 6)) for e in found] == [(0.0, 0.3), (0.3, 0.6)]
    np.testing.assert_allclose(found[1].doa, [at(90)] * 3, atol=1e-6)


def test_the_union_is_the_target_of_both_scenes_as_far_as_there_are_tracks(scenes):
    form = Tracks(CLASSES, tracks=3)
    for most in (1, 3):
        first, second = (scenes.clip(same=2, most=most, events=20) for _ in range(2))
        both = scenes.of([*first.events, *second.events])
        parts = [form.encode(clip, 0.0, 60, 0.1) for clip in (first, second, both)]
        assert torch.equal(form.union(parts[0], parts[1]), parts[2])


def test_arguments_that_do_not_fit_are_errors(post):
    with pytest.raises(ValueError, match="4 tracks: 2"):
        Tracks(CLASSES, tracks=4)
    outputs = torch.zeros(1, Tracks(CLASSES).size)
    with pytest.raises(ValueError, match="set the medians to 0"):
        Tracks(CLASSES).decode(outputs, Clip("a", 0.1, {}), 0.1, post(median=0.3))
