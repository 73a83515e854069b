"""Warped axes and moved levels: what each augmentation keeps, and how far it goes."""

import math

import pytest
import torch

from seldbench.augment import Batch
from seldbench.augment.warp import (
    FrequencyWarp,
    LevelNoise,
    RandomGain,
    TimeWarp,
    broken_line,
    interpolated,
    truncated_exponential,
    truncated_normal,
)
from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.features.gcc_phat import GccPhat
from seldbench.features.logmel_pb import LogMelPb
from seldbench.formats.boundaries import Boundaries
from seldbench.formats.strong import Strong

FEATURES = LogMelPb()
CLASSES = ("Cat", "Dog")
FRAMES = 100


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make_batch(clips=6, seed=1):
    draw = generator(seed)
    return Batch(
        waves=torch.zeros(clips, 1, 1),
        targets={"frames": (torch.rand(clips, FRAMES, 2, generator=draw) < 0.3).float()},
        groups=(("train/real", slice(0, clips)),),
        spectrum=torch.rand(clips, 1, FRAMES, 128, generator=draw) + 0.1,
        label_hop=FEATURES.hop,
    )


def apply(augmentation, batch, seed=0):
    return augmentation(batch, FEATURES, {"frames": Strong(CLASSES)}, generator(seed))


def decibels(after, before):
    return 10 * (after.spectrum / before.spectrum).log10()


def test_a_factor_of_1_moves_nothing():
    axis = torch.linspace(0, 1, 11, dtype=torch.float64)
    line = broken_line(axis, torch.ones(3), torch.tensor([0.2, 0.9, 3.0]))
    assert torch.allclose(line, axis.expand(3, -1))


def test_the_axis_is_multiplied_up_to_the_break_and_ends_where_it_ended():
    axis = torch.tensor([0.0, 0.2, 0.4, 0.5, 0.75, 1.0], dtype=torch.float64)
    up, down = broken_line(axis, torch.tensor([1.25, 0.8]), torch.tensor([0.5, 0.5]))
    # Stretched: the break is 0.5 / 1.25 = 0.4, whose image is 0.5.
    assert up.tolist() == pytest.approx([0, 0.25, 0.5, 0.5 + 0.1 / 0.6 / 2, 0.7916667, 1])
    assert down.tolist() == pytest.approx([0, 0.16, 0.32, 0.4, 0.7, 1])


def test_without_a_break_the_whole_axis_is_multiplied():
    axis = torch.tensor([0.5, 1.0], dtype=torch.float64)
    up, down = broken_line(axis, torch.tensor([1.2, 0.9]), torch.tensor([2.0, 1.5]))
    assert up.tolist() == pytest.approx([0.6, 1.2])
    assert down.tolist() == pytest.approx([0.45, 0.9])


def test_bands_from_beyond_the_end_are_silent_and_all_others_lie_between_neighbours():
    batch = make_batch()
    after = apply(FrequencyWarp(sigma=1.0, widest=0.2, break_scale=100.0), batch)
    silent = (after.spectrum == 0).all(2)
    assert silent.any() and not silent.all(-1).any()
    kept = after.spectrum[after.spectrum > 0]
    assert kept.min() >= batch.spectrum.min() and kept.max() <= batch.spectrum.max()


def test_a_tone_moves_by_at_most_the_widest_factor():
    batch = make_batch(clips=200)
    batch.spectrum.zero_()
    batch.spectrum[..., 63] = 1.0  # the 64th of 128 bands
    moved = apply(FrequencyWarp(), batch).spectrum[:, 0, 0].argmax(-1) + 1
    assert 64 / 1.3 - 1 <= moved.min() < 60 and 68 < moved.max() <= 64 * 1.3 + 1


def test_lags_are_not_warped():
    features = GccPhat()
    batch = make_batch()
    with pytest.raises(ValueError, match="lags, not frequencies"):
        FrequencyWarp()(batch, features, {}, generator())


def test_a_moment_is_moved_by_as_much_as_was_drawn_and_the_ends_stay():
    batch = make_batch(clips=1)
    batch.spectrum[:] = torch.arange(FRAMES).float()[:, None]
    after = apply(TimeWarp(anchor=(0.5, 0.5), shift=(0.1, 0.1)), batch).spectrum[0, 0, :, 0]
    # What was at 50 is at 60: before it 5 frames in 6, after it 5 in 4.
    assert after[0] == pytest.approx(0, abs=0.5) and after[-1] == pytest.approx(99, abs=0.5)
    assert float(after[59] + after[60]) / 2 == pytest.approx(49.5, abs=0.2)
    assert after[30:50].diff().mean() == pytest.approx(5 / 6, abs=1e-3)
    assert after[65:95].diff().mean() == pytest.approx(5 / 4, abs=1e-3)


@pytest.mark.parametrize("ratio", [1, 4])
def test_targets_move_with_their_frames(ratio):
    batch = make_batch(clips=20)
    targets = batch.targets["frames"][:, : FRAMES // ratio]
    loud = targets.repeat_interleave(ratio, 1)
    batch.spectrum[:, 0, :, :2] = loud
    batch = Batch(
        waves=batch.waves,
        targets={"frames": targets},
        groups=batch.groups,
        spectrum=batch.spectrum,
        label_hop=ratio * FEATURES.hop,
    )
    after = apply(TimeWarp(), batch)
    heard = after.spectrum[:, 0, :, :2].unflatten(1, (-1, ratio)).mean(2)
    # Interpolated frames cross a half where the target changes; a frame to either side may differ.
    differ = ((heard > 0.5).float() != after.targets["frames"]).float().mean()
    assert differ < 0.1
    assert not torch.equal(after.targets["frames"], targets)


def test_running_maxima_of_a_warped_target_are_those_of_the_warped_events():
    form = Boundaries(CLASSES)
    clip = Clip("a.wav", 2.0, {}, EventList([Event(0.6, 1.2, "Dog")]))
    batch = make_batch(clips=1)
    batch.targets["bounds"] = form.encode(clip, 0.0, FRAMES, 0.02)[None]
    warp = TimeWarp(anchor=(0.5, 0.5), shift=(-0.1, -0.1), heads=["bounds"])
    target = apply(warp, batch).targets["bounds"][0]
    active = target[:, 3].nonzero().flatten()
    # 0.3 of the clip -> 0.24; 0.6 -> 0.4 + 0.1 * 0.6 / 0.5 = 0.52.
    assert (active.min(), active.max() + 1) == (24, 52)
    assert target[:, 1].unique().tolist() == [1]


def test_the_end_of_a_short_recording_moves_too():
    batch = make_batch(clips=1)
    batch = Batch(
        batch.waves, batch.targets, batch.groups, batch.spectrum, 0.02, heard=torch.tensor([75])
    )
    after = apply(TimeWarp(anchor=(0.5, 0.5), shift=(0.1, 0.1)), batch)
    assert after.heard.tolist() == [80]


def test_what_would_leave_the_clip_is_refused():
    with pytest.raises(ValueError, match="leaves the clip"):
        TimeWarp(anchor=(0.2, 0.8), shift=(-0.2, 0.1))
    with pytest.raises(ValueError, match="lower end first"):
        TimeWarp(anchor=(0.6, 0.4))
    with pytest.raises(ValueError, match=r"'frame'.*near: frames"):
        apply(TimeWarp(heads=["frame"]), make_batch())
    with pytest.raises(ValueError, match="widest is 0"):
        LevelNoise(widest=0.0)


def test_a_random_gain_is_one_number_a_clip_of_at_most_a_factor_of_3():
    batch = make_batch(clips=300)
    moved = decibels(apply(RandomGain(), batch), batch)
    per_clip = moved.flatten(1)
    assert torch.allclose(per_clip.amin(1), per_clip.amax(1), atol=1e-3)
    assert 9.0 < per_clip.abs().max() <= 20 * math.log10(3) + 1e-3
    assert abs(float(per_clip.mean())) < 1.0


def test_noise_has_the_deviation_of_its_clip_and_no_mean():
    batch = make_batch(clips=40)
    moved = decibels(apply(LevelNoise(widest=2.0), batch), batch).flatten(1)
    deviation = moved.std(1)
    assert deviation.max() < 2.05 and deviation.min() < 0.3 and 0.8 < deviation.mean() < 1.2
    assert moved.mean(1).abs().max() < 0.1


def test_truncated_draws_stay_within_their_ends_and_fill_them():
    normal = truncated_normal(4000, 0.08, math.log(1.3), generator())
    assert normal.abs().max() <= math.log(1.3) and normal.std() == pytest.approx(0.08, rel=0.05)
    narrow = truncated_normal(4000, 1.0, 0.5, generator())
    assert narrow.abs().max() <= 0.5 and narrow.max() > 0.49
    draws = truncated_exponential(4000, 0.5, 5.0, generator())
    assert draws.min() >= 0 and draws.max() < 5 and draws.mean() == pytest.approx(0.5, rel=0.05)


def test_a_place_between_two_values_is_their_mean():
    x = torch.tensor([0.0, 2.0, 6.0]).reshape(1, 1, 3, 1)
    place = torch.tensor([[-1.0, 0.5, 1.5, 9.0]], dtype=torch.float64)
    assert interpolated(x, place, -2).flatten().tolist() == [0, 1, 4, 6]
