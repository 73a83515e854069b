"""Augmentations on `fbank_ast`: logarithms of power, 10 ms frames, label frames of 100 to 10 ms."""

import math

import pytest
import torch

from seldbench.augment import SCENE, SPECTRUM, Batch
from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.features.fbank_ast import FbankAst
from seldbench.formats.strong import Strong
from seldbench.formats.weak import Weak

FORMATS = {"frames": Strong(("Dog",)), "clip": Weak(("Dog",))}
FEATURES = FbankAst()
FLOOR = math.log(1.1920929e-07)
SAMPLES, FRAMES = 32000, 198  # 2 s
MARGIN = 320
RATES = [1, 2, 5, 10]  # of label frames, in tenths of a second


def noise(clips=4, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(clips, 1, MARGIN + SAMPLES + MARGIN, generator=draw)


def make_batch(rate=1, waves=None, event=None, clips=4):
    """Of four clips, the last one weak; `event`: onset and offset in each, at random for none."""
    waves = noise(clips) if waves is None else waves
    hop = 0.1 / rate
    if event is None:
        draw = torch.Generator().manual_seed(1)
        frames = (torch.rand(clips, 20 * rate, 1, generator=draw) < 0.5).float()
    else:
        clip = Clip("a", 2.0, {}, EventList([Event(*event, "Dog")]))
        frames = FORMATS["frames"].encode(clip, 0.0, 20 * rate, hop).expand(clips, -1, -1)
    return Batch(
        waves=waves,
        targets={"frames": frames, "clip": torch.ones(clips, 1)},
        groups=(("train/strong", slice(0, clips - 1)), ("train/weak", slice(clips - 1, clips))),
        spectrum=FEATURES.spectrum(waves)[..., 2:-2, :],
        label_hop=hop,
    )


def apply(where, name, batch, seed=0, **arguments):
    return where[name](**arguments)(batch, FEATURES, FORMATS, torch.Generator().manual_seed(seed))


def spectrum_of(waves):
    return FEATURES.spectrum(waves)[..., 2:-2, :]


# --- H-15, FilterAugment


def test_six_decibels_add_1_3816_to_every_cell():
    batch = make_batch()
    louder = apply(SPECTRUM, "filter_augment", batch, decibels=(6.0, 6.0))
    difference = louder.spectrum - batch.spectrum
    torch.testing.assert_close(difference, torch.full_like(difference, 1.3816), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["step", "linear"])
def test_gains_of_zero_decibels_are_the_identity(kind):
    batch = make_batch()
    same = apply(SPECTRUM, "filter_augment", batch, kind=kind, decibels=(0.0, 0.0))
    assert torch.equal(same.spectrum, batch.spectrum)


def test_gains_are_steps_or_lines_along_the_bands():
    batch = make_batch()
    for kind, most in (("step", 3), ("linear", 127)):
        after = apply(SPECTRUM, "filter_augment", batch, seed=1, kind=kind, bands=(4, 5))
        gains = (after.spectrum - batch.spectrum)[:, 0, 0]  # (clips, bins)
        torch.testing.assert_close((after.spectrum - batch.spectrum)[:, 0, 50], gains)
        changes = gains.diff(dim=1).abs()
        assert int((changes > 1e-4).any(0).sum()) <= most
        if kind == "linear":  # no jump: a band of 4 bins climbs 10.5 dB in 3 steps at most
            assert changes.max() < 10.5 / 3 * math.log(10) / 10 + 1e-4


# --- H-16, shifts in time


@pytest.mark.parametrize("rate", RATES)
def test_a_shift_by_a_second_moves_features_and_labels_together_with_wrap(rate, monkeypatch):
    monkeypatch.setattr("seldbench.augment._draws.shifts", lambda clips, *_: [100] * clips)
    onset, offset = 0.7, 1.3
    waves = torch.zeros(4, 1, MARGIN + SAMPLES + MARGIN)
    inside = slice(MARGIN + round(16000 * onset), MARGIN + round(16000 * offset))
    waves[..., inside] = noise()[..., inside]
    batch = make_batch(rate, waves, (onset, offset))

    after = apply(SCENE, "wave_shift", batch)
    loud = (spectrum_of(after.waves) > FLOOR + 5).any(-1)[0, 0]  # (frames,)
    labels = after.targets["frames"][0, :, 0]

    # What was at 0.7 ... 1.3 s is at 1.7 ... 2.0 s and at 0 ... 0.3 s.
    assert labels.nonzero().flatten().tolist() == [*range(3 * rate), *range(17 * rate, 20 * rate)]
    heard = labels.repeat_interleave(10 // rate)[:FRAMES].bool()
    # A frame is 25 ms: it hears an event that begins up to two frames later.
    assert torch.equal(loud & ~heard, torch.arange(FRAMES).ge(168) & torch.arange(FRAMES).lt(170))
    assert not (heard & ~loud).any()


@pytest.mark.parametrize("rate", RATES)
def test_frames_that_are_rolled_take_their_labels_along(rate, monkeypatch):
    monkeypatch.setattr("seldbench.augment._draws.shifts", lambda clips, *_: [100, -100, 7, 0])
    batch = make_batch(rate)
    after = apply(SPECTRUM, "frame_shift", batch)
    for i, frames in enumerate((100, -100, 7, 0)):
        expected = batch.targets["frames"][i].roll(frames // (10 // rate), 0)
        assert torch.equal(after.targets["frames"][i], expected)
        assert torch.equal(after.spectrum[i], batch.spectrum[i].roll(frames, -2))


# --- H-17, time mask


@pytest.mark.parametrize("rate", RATES)
def test_a_time_mask_zeroes_labels_and_leaves_the_features_of_silence(rate):
    silence = spectrum_of(torch.zeros(1, 1, MARGIN + SAMPLES + MARGIN))
    ends = set()
    for seed in range(12):
        batch = make_batch(rate, event=(0.0, 2.0))
        after = apply(
            SPECTRUM, "time_mask", batch, seed=seed, groups=["train/strong"], width=(0.1, 0.9)
        )
        for i in range(3):
            masked = (after.targets["frames"][i, :, 0] == 0).repeat_interleave(10 // rate)[:FRAMES]
            assert masked.any()
            assert torch.equal(after.spectrum[i, :, masked], silence[0, :, masked])
            assert torch.equal(after.spectrum[i, :, ~masked], batch.spectrum[i, :, ~masked])
            ends.add(int(masked.nonzero().max()))
        assert torch.equal(after.spectrum[3], batch.spectrum[3])  # weak: untouched
        assert torch.equal(after.targets["frames"][3], batch.targets["frames"][3])
    assert len(ends) > 3


def test_a_time_mask_may_reach_beyond_the_last_frame_of_the_features():
    # 200 labels of 10 ms, 198 frames: a span of the last labels ends with the features.
    batch = make_batch(10, event=(0.0, 2.0))
    mask = SPECTRUM["time_mask"](groups=["train/strong"])
    mask._span = lambda targets, generator: (190, 200)
    after = mask(batch, FEATURES, FORMATS, torch.Generator())
    assert torch.all(after.spectrum[0, :, 190:] == torch.tensor(FLOOR))
    assert not after.targets["frames"][0, 190:].any()


# --- what AST's tagger uses


def test_stripes_below_a_number_of_frames_and_bins_hold_the_fill():
    batch = make_batch()
    widths = {"frames": set(), "bins": set()}
    for seed in range(60):
        after = apply(
            SPECTRUM, "spec_augment", batch, seed, probability=1.0, below_frames=6, below_bins=4,
            fill=0.0,
        )  # fmt: skip
        for clip in after.spectrum[:, 0] == 0:
            widths["frames"].add(int(clip.all(1).sum()))
            widths["bins"].add(int(clip.all(0).sum()))
            assert bool((clip == (clip.all(1)[:, None] | clip.all(0)[None])).all())
    assert widths == {"frames": set(range(6)), "bins": set(range(4))}


def test_widths_of_stripes_are_uniform_from_nothing_on():
    batch = make_batch(clips=2)
    counts = torch.zeros(4)
    for seed in range(400):
        after = apply(
            SPECTRUM, "spec_augment", batch, seed, probability=1.0, times=0, below_bins=4, fill=0.0
        )
        for clip in after.spectrum[:, 0] == 0:
            counts[int(clip.all(0).sum())] += 1
    assert counts.min() > 150 and counts.max() < 250  # of 800, 200 each


def test_stripes_are_silent_where_nothing_else_is_said():
    after = apply(SPECTRUM, "spec_augment", make_batch(), probability=1.0, bands=0)
    assert torch.all((after.spectrum == torch.tensor(FLOOR)).all(-1).sum(-1) > 0)


def test_a_stripe_no_wider_than_the_spectrum():
    after = apply(SPECTRUM, "spec_augment", make_batch(), probability=1.0, below_frames=10**6)
    assert after.spectrum.shape == make_batch().spectrum.shape
    with pytest.raises(ValueError, match="below_bins is 0: widths are below it"):
        SPECTRUM["spec_augment"](below_bins=0)


def test_levels_of_logarithms_are_no_levels():
    with pytest.raises(ValueError, match=r"spectra are logarithms.*use `spec_augment`"):
        apply(SPECTRUM, "cutout", make_batch(), probability=1.0)


def test_noise_is_uniform_and_as_loud_as_its_factor_and_clips_are_rolled_alone():
    batch = make_batch(10, clips=40)
    after = apply(SPECTRUM, "noise_roll", batch, scale=9.0)
    loudest, shifts = [], []
    for i in range(40):
        noise = [
            (after.spectrum[i] - batch.spectrum[i].roll(n, -2)) for n in range(-10, 10)
        ]  # fmt: skip
        fits = [n for n, x in zip(range(-10, 10), noise) if x.min() > -1e-4 and x.max() < 0.9]
        assert len(fits) == 1
        added = noise[fits[0] + 10]
        loudest.append(float(added.max()))
        assert float(added.mean()) == pytest.approx(loudest[-1] / 2, rel=0.02)
        expected = batch.targets["frames"][i].roll(fits[0], 0)
        assert torch.equal(after.targets["frames"][i], expected)
        shifts.append(fits[0])
    assert 0.7 < max(loudest) < 0.9 and min(loudest) < 0.2  # 9 times U(0, 0.1)
    assert len(set(shifts)) > 10 and min(shifts) < -5 and max(shifts) > 4
    assert torch.equal(after.targets["clip"], batch.targets["clip"])


def test_without_noise_clips_are_only_rolled():
    batch = make_batch()
    after = apply(SPECTRUM, "noise_roll", batch, scale=9.0, loudest=0.0, furthest=1)
    for one, other in zip(after.spectrum, batch.spectrum):
        assert torch.equal(one, other) or torch.equal(one, other.roll(-1, -2))


def test_tag_mixup_mixes_each_clip_with_another_by_a_weight_of_its_own():
    waves = noise(8) + 0.05
    batch = make_batch(waves=waves, clips=8)
    targets = torch.eye(8)
    batch = Batch(waves, {"clip": targets}, batch.groups)
    after = apply(SCENE, "tag_mixup", batch, probability=1.0)

    centred = waves - waves.mean(-1, keepdim=True)
    own = after.targets["clip"].diagonal()
    assert len(own.unique()) == 8 and own.min() > 0.1 and own.max() < 0.9  # Beta(10, 10)
    torch.testing.assert_close(after.targets["clip"].sum(1), torch.ones(8))
    expected = torch.einsum("ij,jms->ims", after.targets["clip"], centred)
    torch.testing.assert_close(after.waves, expected, atol=1e-6, rtol=0)


def test_tag_mixup_takes_clips_with_its_probability():
    batch = Batch(noise(8), {"clip": torch.eye(8)}, (("train", slice(0, 8)),))
    mixed = sum(
        int((apply(SCENE, "tag_mixup", batch, seed).targets["clip"].diagonal() < 1).sum())
        for seed in range(50)
    )
    assert 160 < mixed < 240  # of 400, one in two
    alone = apply(SCENE, "tag_mixup", batch, probability=0.0)
    assert torch.equal(alone.targets["clip"], batch.targets["clip"])
    one = Batch(noise(1), {"clip": torch.ones(1, 1)}, (("train", slice(0, 1)),))
    torch.testing.assert_close(
        apply(SCENE, "tag_mixup", one, probability=1.0).targets["clip"], torch.ones(1, 1)
    )
