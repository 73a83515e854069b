"""What every format with directions keeps: windows, hops, turned scenes, two scenes at once."""

import numpy as np
import pytest
import torch

from seldbench.arrays import rotations
from seldbench.contracts import Clip
from seldbench.errors import UnknownName
from seldbench.events import Event, EventList
from seldbench.formats.accdoa import Accdoa
from seldbench.formats.doa import Doa
from seldbench.formats.multi_accdoa import MultiAccdoa
from seldbench.formats.sed_doa import SedDoa
from seldbench.formats.tracks import Tracks
from seldbench.geometry import unit_vectors

CLASSES = ("alarm", "dog", "piano", "speech")
FRONT = np.array([1.0, 0.0, 0.0])
FORMATS = {
    "accdoa": Accdoa(CLASSES),
    "doa": Doa(CLASSES),
    "multi_accdoa": MultiAccdoa(CLASSES),
    "sed_doa": SedDoa(CLASSES),
    "tracks": Tracks(CLASSES, tracks=3),
}
every = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
deciding = pytest.mark.parametrize(
    "form", [f for n, f in FORMATS.items() if n != "doa"], ids=[n for n in FORMATS if n != "doa"]
)


def encode(form, clip, onset=0.0, frames=60, hop=0.1):
    return form.encode(clip, onset, frames, hop)


def outputs_of(form, targets):
    """Activated outputs that say what the targets say."""
    if isinstance(form, MultiAccdoa):
        a0, b0, b1, c0, c1, c2 = targets[:, :, 1:].unbind(1)
        return torch.stack([a0 + b0 + c0, a0 + b1 + c1, a0 + b1 + c2], dim=1).flatten(1)
    return targets.flatten(1) if isinstance(form, Tracks) else targets


@every
def test_a_window_of_a_clip_has_the_clips_targets(form, scenes):
    clip = scenes.clip(same=2, most=4)
    whole = encode(form, clip)
    for first, length in ((0, 10), (13, 20), (40, 20), (55, 10)):
        part = encode(form, clip, first * 0.1, length)
        inside = whole[first : first + length]
        assert torch.equal(part[: len(inside)], inside)
        assert not part[len(inside) :].any()
        assert part.dtype == torch.float32


@every
def test_targets_at_a_finer_hop_repeat_the_annotation_grid(form, scenes):
    clip = scenes.clip(same=2, most=4)
    coarse, fine = encode(form, clip), encode(form, clip, frames=300, hop=0.02)
    assert torch.equal(fine, coarse.repeat_interleave(5, 0))


@every
def test_a_longer_frame_has_the_direction_at_its_middle(form):
    azimuth = np.arange(0.0, 60.0, 10.0)
    event = Event(0.0, 0.6, "dog", doa=unit_vectors(azimuth, np.zeros(6)))
    moving = Clip("a", 0.6, {}, EventList([event]))
    for hop, rows in ((0.2, [1, 3, 5]), (0.3, [1, 4])):
        found = encode(form, moving, frames=len(rows), hop=hop)
        still = [
            encode(form, one, frames=1, hop=hop)
            for one in (
                Clip("a", hop, {}, EventList([Event(0.0, hop, "dog", doa=event.doa[i])]))
                for i in rows
            )
        ]
        assert torch.equal(found, torch.cat(still))


@every
def test_a_frame_that_an_event_covers_in_part_is_active_with_the_nearest_direction(form):
    doa = unit_vectors(np.array([0.0, 90.0]), np.zeros(2))
    partial = Clip("a", 1.0, {}, EventList([Event(0.17, 0.37, "dog", doa=doa)]))
    whole = Event(0.1, 0.4, "dog", doa=doa[[0, 0, 1]])
    expected = encode(form, Clip("a", 1.0, {}, EventList([whole])), frames=10)
    assert torch.equal(encode(form, partial, frames=10), expected)
    # A window that begins between frames.
    late = encode(form, partial, 0.25, 3)
    assert bool(late[:2].any()) and not late[2].any()


@deciding
def test_decoding_what_was_encoded_gives_the_scene(form, scenes, check_rows, post):
    clip = scenes.clip()
    prediction = form.decode(outputs_of(form, encode(form, clip)), clip, 0.1, post())
    check_rows(prediction.events, clip.events)
    assert prediction.hop == 0.1
    assert prediction.frame_scores.shape == (60, 4) and prediction.doa.shape == (60, 4, 3)
    active = prediction.frame_scores > 0.5
    assert active.sum() == sum(round(e.duration / 0.1) for e in clip.events)
    np.testing.assert_allclose(np.linalg.norm(prediction.doa, axis=-1)[active], 1, atol=1e-6)


@deciding
def test_events_end_with_the_clip(form, post):
    event = Event(0.0, 1.2, "dog", doa=FRONT)
    clip = Clip("a", 1.2, {}, EventList([event]))
    outputs = outputs_of(form, encode(form, clip, frames=12))
    for duration, offset, rows, frames in (
        (1.2, 1.2, 12, 12),
        (1.07, 1.07, 11, 11),
        # Less than half a frame: where rows are written it is none.
        (1.03, 1.0, 10, 11),
        (5.0, 1.2, 12, 12),
    ):
        prediction = form.decode(outputs, Clip("a", duration, {}), 0.1, post())
        (found,) = prediction.events
        assert (found.offset, len(found.doa)) == (pytest.approx(offset), rows)
        assert len(prediction.frame_scores) == len(prediction.doa) == frames
        # Rows of a grid of 0.1 s fit.
        assert round(found.offset / 0.1) - round(found.onset / 0.1) == len(found.doa)


@deciding
def test_thresholds_are_the_classes_own(form, post):
    events = [Event(0.0, 0.5, label, doa=FRONT) for label in ("dog", "piano")]
    clip = Clip("a", 0.5, {}, EventList(events))
    outputs = 0.6 * outputs_of(form, encode(form, clip, frames=5))
    setting = post()
    assert len(form.decode(outputs, clip, 0.1, setting).events) == 2
    setting.thresholds["dog"] = 0.7
    assert [e.label for e in form.decode(outputs, clip, 0.1, setting).events] == ["piano"]


@deciding
def test_silence_has_no_events(form, post):
    prediction = form.decode(torch.zeros(20, form.size), Clip("a", 2.0, {}), 0.1, post())
    assert len(prediction.events) == 0
    assert not prediction.frame_scores.any()
    assert not form.decode(torch.zeros(0, form.size), Clip("a", 2.0, {}), 0.1, post()).events


@every
def test_the_targets_of_a_turned_scene_are_the_turned_targets(form, scenes):
    clip = scenes.clip(same=2, most=4)
    targets = encode(form, clip)
    batch = torch.stack([targets.flip(0), targets])
    for rotation in rotations("foa"):
        turned = [Event(e.onset, e.offset, e.label, doa=rotation(e.doa)) for e in clip.events]
        there = form.rotate_targets(targets, rotation)
        assert torch.allclose(there, encode(form, scenes.of(turned)), atol=1e-6)
        assert torch.equal(form.rotate_targets(there, rotation.inverse), targets)
        assert torch.equal(form.rotate_targets(batch, rotation)[1], there)


@every
def test_outputs_turn_and_turn_back(form):
    outputs = torch.randn(2, 10, form.size, generator=torch.Generator().manual_seed(0))
    for rotation in rotations("foa"):
        there = form.rotate(outputs, rotation)
        assert there.shape == outputs.shape
        assert torch.equal(form.rotate(there, rotation.inverse), outputs)


@every
def test_the_union_of_scenes_of_different_classes_is_the_target_of_both(form, scenes):
    first, second = scenes.clip(most=2), scenes.clip(most=2)
    first = scenes.of([e for e in first.events if e.label in CLASSES[:2]])
    second = scenes.of([e for e in second.events if e.label in CLASSES[2:]])
    both = scenes.of([*first.events, *second.events])
    union = form.union(encode(form, first), encode(form, second))
    assert torch.equal(union, encode(form, both))
    silent = encode(form, scenes.of([]))
    assert torch.equal(form.union(encode(form, first), silent), encode(form, first))
    assert torch.equal(form.union(silent, encode(form, first)), encode(form, first))


@every
def test_targets_shift_in_time_with_wrap(form, scenes):
    targets = encode(form, scenes.clip())
    shifted = form.shift(torch.stack([targets, targets]), 7)
    assert torch.equal(shifted[1], torch.cat([targets[-7:], targets[:-7]]))


@every
def test_windows_of_a_clip_merge_to_the_clip_and_repeated_starts_are_averaged(form, scenes):
    clip = scenes.clip(same=1)
    outputs = outputs_of(form, encode(form, clip))
    if isinstance(form, MultiAccdoa):  # on one track each: see its own tests for arrangements
        outputs = outputs.unflatten(-1, (3, 3, 4)) * torch.tensor([1.0, 0, 0])[:, None, None]
        outputs = outputs.flatten(1)
    starts = [0, 10, 10, 25, 40, 40]
    windows = torch.stack([outputs[s : s + 20] for s in starts])
    with pytest.raises(ValueError, match="frame 20 of 30 lies in no window"):
        form.merge(windows[[0, 0]], [0, 25], 30)
    starts[3] = 22
    windows = torch.stack([outputs[s : s + 20] for s in starts])
    assert torch.allclose(form.merge(windows, starts, 60), outputs, atol=1e-6)
    assert torch.allclose(form.merge(windows, starts, 47), outputs[:47], atol=1e-6)
    assert torch.allclose(form.merge(windows, starts, 90), outputs, atol=1e-6)


@every
def test_a_clip_that_is_known_to_hold_nothing_is_silent_and_one_without_events_no_target(form):
    for known in ({"events": EventList()}, {"labels": frozenset()}):
        assert not encode(form, Clip("a", 1.0, {}, **known), frames=10).any()
    with pytest.raises(ValueError, match="clip 'a' has no events to encode"):
        encode(form, Clip("a", 1.0, {}))


@every
def test_an_event_without_direction_and_an_unknown_class_are_errors(form):
    with pytest.raises(ValueError, match=r"'dog' at 0.5 s has no direction to encode"):
        encode(form, Clip("a", 1.0, {}, EventList([Event(0.5, 1.0, "dog")])))
    with pytest.raises(UnknownName, match=r"'dogs'.*near: dog"):
        encode(form, Clip("a", 1.0, {}, EventList([Event(0.5, 1.0, "dogs", doa=FRONT)])))


@every
def test_losses_are_float32_scalars_with_a_gradient(form, scenes):
    targets = torch.stack([encode(form, scenes.clip()), encode(form, scenes.clip())])
    draw = torch.Generator().manual_seed(0)
    for name, loss in form.losses.items():
        outputs = torch.randn(2, 60, form.size, generator=draw).half().requires_grad_()
        value = loss(outputs, targets)
        assert value.shape == () and value.dtype == torch.float32, name
        value.backward()
        assert torch.isfinite(outputs.grad).all() and outputs.grad.any(), name
        # Nobody sounds, and nothing is wrong.
        nothing = loss(form_silence(form), torch.zeros_like(targets[:1]))
        assert torch.isfinite(nothing), name


def form_silence(form):
    silence = torch.zeros(1, 60, form.size)
    if isinstance(form, SedDoa):
        silence[..., :4] = -20.0
    if isinstance(form, Tracks):
        silence.view(1, 60, 3, 7)[..., :4] = -20.0
    return silence
