"""`multi_accdoa`: the 13 assignments, three sources of a class, unification, aligned windows."""

from itertools import permutations, product

import numpy as np
import pytest
import torch

from seldbench.arrays import rotations
from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.formats.multi_accdoa import MultiAccdoa, adpit
from seldbench.geometry import unit_vectors

CLASSES = ("alarm", "dog", "piano", "speech")
FORMATS = {distance: MultiAccdoa(CLASSES, distance=distance) for distance in (False, True)}


def form(distance=False):
    return FORMATS[distance]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def sources_of(target):
    """(6, 1 + axes) of one frame and class -> the sources' (axes)."""
    return [row[1:] for row in target if row[0]]


def assignments(target):
    """The admissible (3, axes) of one frame and class, by their definition."""
    found = sources_of(target)
    if not found:
        return [torch.zeros(3, target.shape[-1] - 1)]
    ways = [w for w in product(range(len(found)), repeat=3) if set(w) == set(range(len(found)))]
    return [torch.stack([found[i] for i in way]) for way in ways]


def spans(events):
    return sorted((round(e.onset * 10), round(e.offset * 10), e.label) for e in events)


def some_arrangement(targets, draw):
    """Outputs (frames, size) that are, by frame and class, an admissible assignment."""
    frames, _, axes, classes = targets.shape
    out = torch.zeros(frames, 3, axes - 1, classes)
    for t, k in product(range(frames), range(classes)):
        ways = assignments(targets[t, :, :, k])
        out[t, :, :, k] = ways[int(draw.integers(len(ways)))]
    return out.flatten(1)


@pytest.mark.parametrize("distance", [False, True])
def test_the_loss_is_the_least_of_the_assignments_frame_by_frame_and_class_by_class(
    scenes, distance
):
    targets = form(distance).encode(scenes.clip(same=3, most=5, events=40), 0.0, 60, 0.1)
    outputs = torch.randn(60, form(distance).size, generator=generator())
    given = outputs.unflatten(-1, (3, -1, len(CLASSES)))
    least = [
        min(
            float(((given[t, ..., k] - way) ** 2).mean()) for way in assignments(targets[t, ..., k])
        )
        for t, k in product(range(60), range(len(CLASSES)))
    ]
    assert float(adpit(outputs, targets)) == pytest.approx(np.mean(least), rel=1e-5)


def test_there_are_one_six_and_six_assignments(scenes):
    targets = form().encode(scenes.clip(same=3, most=9, events=60), 0.0, 60, 0.1)
    active = targets[:, :, 0]  # (frames, 6, classes)
    numbers = active.sum(1)
    assert {0.0, 1.0, 2.0, 3.0} == set(numbers.unique().tolist())
    for number, dummies in ((1, [0]), (2, [1, 2]), (3, [3, 4, 5])):
        here = active.movedim(1, -1)[numbers == number]
        assert torch.equal(
            here.nonzero()[:, 1].reshape(-1, number), torch.tensor([dummies] * len(here))
        )
    for t, k in product(range(60), range(4)):
        expected = {0: 1, 1: 1, 2: 6, 3: 6}[int(numbers[t, k])]
        assert len(assignments(targets[t, :, :, k])) == expected


def test_the_loss_of_every_admissible_arrangement_is_zero(scenes):
    targets = form().encode(scenes.clip(same=3, most=9, events=60), 0.0, 60, 0.1)
    for _ in range(5):
        assert float(adpit(some_arrangement(targets, scenes.draw), targets)) == 0.0


def test_the_loss_does_not_depend_on_the_order_of_tracks(scenes):
    targets = form().encode(scenes.clip(same=3, most=6, events=60), 0.0, 60, 0.1)
    outputs = torch.randn(60, 3, form().size // 3, generator=generator())
    first = adpit(outputs.flatten(1), targets)
    for order in permutations(range(3)):
        assert torch.allclose(adpit(outputs[:, list(order)].flatten(1), targets), first)


def test_the_gradient_pulls_to_the_nearest_arrangement():
    clip = Clip("a", 0.1, {}, EventList([Event(0.0, 0.1, "dog", doa=np.array([1.0, 0.0, 0.0]))]))
    targets = form().encode(clip, 0.0, 1, 0.1)
    outputs = torch.zeros(1, form().size, requires_grad=True)
    adpit(outputs, targets).backward()
    slope = outputs.grad.unflatten(-1, (3, 3, 4))[0]
    # d/dv (v - 1)^2 at 0, of the mean over 36 outputs.
    assert torch.allclose(slope[:, 0, 1], torch.full((3,), -2 / 36))
    slope[:, 0, 1] = 0
    assert not slope.any()


@pytest.mark.parametrize("distance", [False, True])
def test_decoding_any_arrangement_of_what_was_encoded_gives_the_scene(
    scenes, check_rows, post, distance
):
    clip = scenes.clip(same=3, most=5, events=40)
    targets = form(distance).encode(clip, 0.0, 60, 0.1)
    outputs = some_arrangement(targets, scenes.draw)
    found = form(distance).decode(outputs, clip, 0.1, post()).events
    check_rows(found, clip.events, distance)
    # Tracks are followed from frame to frame, so that events come back whole.
    assert spans(found) == spans(clip.events)
    assert max((e.source for e in found), default=0) <= 2
    said = [(t, e.label, e.source) for e in found for t in range(*spans([e])[0][:2])]
    assert len(said) == len(set(said))


def test_a_fourth_source_of_a_class_is_dropped():
    doa = unit_vectors(np.array([0.0, 90.0, 180.0, 270.0]), np.zeros(4))
    events = [Event(0.0, 0.1, "dog", doa=row) for row in doa]
    clip = Clip("a", 0.1, {}, EventList(events))
    target = form().encode(clip, 0.0, 1, 0.1)[0, :, :, 1]
    assert target[:, 0].tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_allclose(target[3:, 1:], doa[:3], atol=1e-6)


def test_distances_are_needed_only_where_asked_for():
    clip = Clip("a", 0.1, {}, EventList([Event(0.0, 0.1, "dog", doa=np.array([1.0, 0.0, 0.0]))]))
    assert form().encode(clip, 0.0, 1, 0.1).shape == (1, 6, 4, 4)
    with pytest.raises(ValueError, match=r"'dog' at 0.0 s has no distance.*`distance` to false"):
        form(True).encode(clip, 0.0, 1, 0.1)


def three(*azimuths, lengths=(1.0, 1.0, 1.0)):
    """One frame's outputs of class 1: three vectors on the horizon."""
    out = torch.zeros(1, 3, 3, 4)
    doa = unit_vectors(np.array(azimuths, dtype=float), np.zeros(3)) * np.array(lengths)[:, None]
    out[0, :, :, 1] = torch.from_numpy(doa)
    return out.flatten(1)


@pytest.mark.parametrize(
    "azimuths, lengths, expected",
    [
        ((0, 60, 120), (1, 1, 1), [0, 60, 120]),
        ((0, 14, 120), (1, 1, 1), [7, 120]),
        ((0, 16, 120), (1, 1, 1), [0, 16, 120]),
        ((0, 120, 10), (1, 1, 1), [5, 120]),
        ((120, 0, 10), (1, 1, 1), [5, 120]),
        # Two pairs are near: one source, though the outer two are 20 degrees apart.
        ((0, 10, 20), (1, 1, 1), [10]),
        # A track below the threshold is no source and is averaged with none.
        ((0, 10, 120), (0.4, 1, 1), [10, 120]),
        ((0, 10, 20), (1, 0.5, 1), [0, 20]),
        # Vectors are averaged, not angles: the longer one counts for more.
        ((0, 10, 120), (0.6, 0.9, 0), [6.001]),
        ((0, 0, 0), (0.5, 0.5, 0.5), []),
    ],
)
def test_near_tracks_of_a_class_are_one_source(post, azimuths, lengths, expected):
    clip = Clip("a", 0.1, {})
    found = form().decode(three(*azimuths, lengths=lengths), clip, 0.1, post()).events
    assert all(e.label == "dog" for e in found)
    azimuth = sorted(np.degrees(np.arctan2(e.doa[0, 1], e.doa[0, 0])) for e in found)
    np.testing.assert_allclose(azimuth, expected, atol=1e-2)
    assert all(np.linalg.norm(e.doa) == pytest.approx(1, abs=1e-6) for e in found)


def test_a_distance_below_zero_is_zero_and_near_tracks_average_theirs(post):
    out = torch.zeros(1, 3, 4, 4)
    out[0, :, 0, 1] = 1.0
    out[0, :, 3, 1] = torch.tensor([2.0, -1.0, 4.0])
    out[0, 0, 1, 2], out[0, 0, 3, 2] = 1.0, -0.5
    found = form(True).decode(out.flatten(1), Clip("a", 0.1, {}), 0.1, post()).events
    assert [(e.label, e.distance.tolist()) for e in found] == [("dog", [2.0]), ("piano", [0.0])]


def test_a_median_filter_is_refused(post):
    with pytest.raises(ValueError, match="set the medians to 0"):
        form().decode(three(0, 60, 120), Clip("a", 0.1, {}), 0.1, post(median=0.3))


def cut(outputs, starts, length):
    return torch.stack([outputs[s : s + length] for s in starts])


def test_windows_cut_from_a_clip_merge_to_the_clip(scenes):
    outputs = torch.randn(60, form().size, generator=generator())
    starts = [0, 10, 20, 30, 40]
    merged = MultiAccdoa(CLASSES, unify=0.0).merge(cut(outputs, starts, 20), starts, 60)
    assert torch.allclose(merged, outputs, atol=1e-6)
    apart = [0, 20, 40]
    assert torch.equal(form().merge(cut(outputs, apart, 20), apart, 60), outputs)


def test_windows_that_arrange_their_tracks_in_other_ways_merge_to_the_scene(
    scenes, check_rows, post
):
    clip = scenes.clip(same=3, most=5, events=40)
    targets = form(True).encode(clip, 0.0, 60, 0.1)
    starts = [0, 0, 0, 10, 10, 20, 30, 35, 40]  # some twice and more: rotated views
    windows = torch.stack([some_arrangement(targets[s : s + 20], scenes.draw) for s in starts])
    merged = form(True).merge(windows, starts, 60)
    check_rows(form(True).decode(merged, clip, 0.1, post()).events, clip.events, True)


def test_permuting_one_windows_tracks_frame_by_frame_changes_nothing(scenes, post):
    outputs = form().encode(scenes.clip(same=3, most=5, events=40), 0.0, 60, 0.1)
    outputs = some_arrangement(outputs, scenes.draw)
    outputs = outputs + 0.1 * torch.randn(outputs.shape, generator=generator())
    starts = [0, 10, 20, 30, 40]
    windows = cut(outputs, starts, 20)
    shuffled = windows.clone().unflatten(-1, (3, 3, 4))
    for t, k in product(range(20), range(4)):
        order = torch.randperm(3, generator=generator(t * 4 + k))
        shuffled[2, t, :, :, k] = shuffled[2, t, order][:, :, k]
    merged = form().merge(windows, starts, 60).unflatten(-1, (3, 3, 4))
    other = form().merge(shuffled.flatten(2), starts, 60).unflatten(-1, (3, 3, 4))
    # The order of tracks is free; what they are is not.
    for wanted, given in ((merged, other), (other, merged)):
        distance = (wanted[:, :, None] - given[:, None]).norm(dim=3)  # (frames, 3, 3, classes)
        assert float(distance.amin(2).max()) < 1e-5


def test_a_source_that_every_second_window_misses_becomes_no_third_direction(post):
    both, one = three(0, 90, 90), three(0, 0, 0)
    merged = form().merge(torch.stack([one, both, one]), [0, 0, 0], 1)
    found = form().decode(merged, Clip("a", 0.1, {}), 0.1, post()).events
    assert len(found) == 1
    np.testing.assert_allclose(found[0].doa, [[1, 0, 0]], atol=1e-6)
    merged = form().merge(torch.stack([both, both, one]), [0, 0, 0], 1)
    assert len(form().decode(merged, Clip("a", 0.1, {}), 0.1, post()).events) == 2


@pytest.mark.parametrize("rotation", rotations("foa")[1::4])
def test_targets_and_outputs_turn_as_the_scene(scenes, rotation):
    clip = scenes.clip(same=3, most=5)
    turned = scenes.of(
        [
            Event(e.onset, e.offset, e.label, doa=rotation(e.doa), distance=e.distance)
            for e in clip.events
        ]
    )
    targets = form(True).encode(clip, 0.0, 60, 0.1)
    expected = form(True).encode(turned, 0.0, 60, 0.1)
    assert torch.allclose(form(True).rotate_targets(targets, rotation), expected, atol=1e-6)
    outputs = torch.randn(60, form(True).size, generator=generator())
    there = form(True).rotate(outputs, rotation)
    assert torch.equal(form(True).rotate(there, rotation.inverse), outputs)
    # The rotated outputs fit the rotated targets as the outputs do the targets.
    assert adpit(there, expected) == pytest.approx(float(adpit(outputs, targets)), rel=1e-5)


def test_the_union_of_two_scenes_is_the_target_of_both(scenes):
    first, second = scenes.clip(same=2, most=4, events=30), scenes.clip(same=2, most=4, events=30)
    both = scenes.of([*first.events, *second.events])
    encode = form(True).encode
    union = form(True).union(encode(first, 0.0, 60, 0.1), encode(second, 0.0, 60, 0.1))
    assert torch.equal(union, encode(both, 0.0, 60, 0.1))
    assert union.shape[0] == 60 and float(union[:, :, 0].sum(1).max()) >= 2
