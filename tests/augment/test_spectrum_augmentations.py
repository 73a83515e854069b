"""Augmentations of spectra, on the DESED front end with clips of 2 s (126 frames, 31 labels)."""

from dataclasses import replace
from itertools import pairwise, product

import pytest
import torch

from seldbench.augment import SPECTRUM, Batch
from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.features.logmel_desed import LogMelDesed
from seldbench.formats.strong import Strong
from seldbench.formats.weak import Weak

CLASSES = ("Cat", "Dog")
FORMATS = {"frames": Strong(CLASSES), "clip": Weak(CLASSES)}
FEATURES = LogMelDesed()
GROUPS = (
    ("train/real+train/synthetic", slice(0, 4)),
    ("train/weak", slice(4, 7)),
    ("train/unlabelled", slice(7, 9)),
)
LIKE = [["train/real", "train/synthetic"], ["train/weak"]]
STRONG = ["train/real", "train/synthetic"]
ARGUMENTS = {
    "mixup": {"groups": LIKE, "probability": 1.0},
    "noise_roll": {"scale": 1.0},
    "time_mask": {"groups": STRONG},
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make_batch(seed=0, ratio=4, frames=126):
    draw = generator(seed)
    targets = {
        "frames": (torch.rand(9, frames // ratio, 2, generator=draw) < 0.3).float(),
        "clip": (torch.rand(9, 2, generator=draw) < 0.5).float(),
    }
    return Batch(
        waves=torch.zeros(9, 1, 1),
        targets=targets,
        groups=GROUPS,
        spectrum=torch.rand(9, 1, frames, 128, generator=draw) + 0.1,
        label_hop=ratio * FEATURES.hop,
    )


def apply(name, batch, seed=0, **arguments):
    augmentation = SPECTRUM[name](**{**ARGUMENTS.get(name, {}), **arguments})
    return augmentation(batch, FEATURES, FORMATS, generator(seed))


def same(a, b):
    return torch.equal(a.spectrum, b.spectrum) and all(
        torch.equal(a.targets[head], b.targets[head]) for head in a.targets
    )


@pytest.mark.parametrize("name", SPECTRUM)
def test_a_seed_gives_one_batch_and_another_seed_another(name):
    batch = make_batch()
    assert same(apply(name, batch, seed=3), apply(name, batch, seed=3))
    # Some draws change nothing (a filter of one band): several seeds must give several batches.
    results = [apply(name, batch, seed=seed) for seed in range(6)]
    assert any(not same(results[0], other) for other in results[1:])


@pytest.mark.parametrize("name", SPECTRUM)
def test_the_batch_that_came_in_is_left_as_it_was(name):
    batch, copy = make_batch(), make_batch()
    apply(name, batch)
    assert same(batch, copy)


@pytest.mark.parametrize("name", SPECTRUM)
def test_shapes_groups_and_types_stay(name):
    batch = make_batch()
    after = apply(name, batch)
    assert after.spectrum.shape == batch.spectrum.shape
    assert after.spectrum.dtype == torch.float32
    assert after.groups == batch.groups
    assert {h: t.shape for h, t in after.targets.items()} == {
        h: t.shape for h, t in batch.targets.items()
    }


@pytest.mark.parametrize("name", SPECTRUM)
def test_a_batch_without_a_spectrum_is_an_error(name):
    with pytest.raises(ValueError, match="acts on spectra"):
        apply(name, replace(make_batch(), spectrum=None))


# --- mixup


def with_weight(monkeypatch, weight):
    monkeypatch.setattr("seldbench.augment._draws.beta", lambda *_: weight)


def test_mixup_with_weight_one_is_the_identity(monkeypatch):
    with_weight(monkeypatch, 1.0)
    batch = make_batch()
    assert same(apply("mixup", batch), batch)


def test_mixup_with_weight_zero_permutes_clips_and_targets_within_their_sets(monkeypatch):
    with_weight(monkeypatch, 0.0)
    batch, orders = make_batch(), set()
    for seed, rows in product(range(8), (range(0, 4), range(4, 7))):
        mixed = apply("mixup", batch, seed=seed)
        sources = [
            next(j for j in rows if torch.equal(mixed.spectrum[i], batch.spectrum[j])) for i in rows
        ]
        assert sorted(sources) == list(rows)
        orders.add(tuple(sources))
        for i, j in zip(rows, sources):
            assert torch.equal(mixed.targets["frames"][i], batch.targets["frames"][j])
            assert torch.equal(mixed.targets["clip"][i], batch.targets["clip"][j])
    assert len(orders) > 6


def test_mixup_weights_targets_as_it_weights_magnitudes(monkeypatch):
    with_weight(monkeypatch, 0.25)
    batch = make_batch()
    mixed = apply("mixup", batch)
    strong = batch.spectrum[:4]
    partner = (mixed.spectrum[:4] - 0.25 * strong) / 0.75
    for i in range(4):
        j = int((strong - partner[i]).abs().flatten(1).amax(1).argmin())
        assert torch.allclose(partner[i], strong[j], atol=1e-5)
        frames = batch.targets["frames"]
        expected = 0.25 * frames[i] + 0.75 * frames[j]
        assert torch.allclose(mixed.targets["frames"][i], expected)


def test_mixup_leaves_unlabelled_clips_alone():
    batch = make_batch()
    for seed in range(5):
        mixed = apply("mixup", batch, seed=seed)
        assert torch.equal(mixed.spectrum[7:], batch.spectrum[7:])
        assert not torch.equal(mixed.spectrum[:7], batch.spectrum[:7])


def test_mixup_happens_with_its_probability():
    batch = make_batch(frames=20)
    changed = [
        not torch.equal(apply("mixup", batch, seed=s, probability=0.5).spectrum, batch.spectrum)
        for s in range(200)
    ]
    assert 70 < sum(changed) < 130
    assert same(apply("mixup", batch, probability=0.0), batch)


def test_mixup_draws_one_weight_a_set_from_beta():
    # Beta(0.2, 0.2) lies below 0.1 or above 0.9 in 65 % of the draws, Beta(5, 5) hardly ever.
    from seldbench.augment._draws import beta

    draw = generator()
    extreme = [abs(beta(0.2, 0.2, draw) - 0.5) > 0.4 for _ in range(400)]
    assert 0.58 < sum(extreme) / 400 < 0.72
    assert not any(abs(beta(5, 5, draw) - 0.5) > 0.45 for _ in range(400))


def test_hard_mixup_labels_are_the_union_and_both_clips_are_heard():
    batch = make_batch()
    for seed in range(10):
        mixed = apply("mixup", batch, seed=seed, labels="hard", alpha=0.01)
        for head, target in mixed.targets.items():
            assert set(target.unique().tolist()) <= {0.0, 1.0}
            assert torch.all(target[:7] >= batch.targets[head][:7])
        assert torch.all(mixed.spectrum[:7] >= 0.3 * batch.spectrum[:7] - 1e-6)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"groups": [["train/strong"]]}, r"no split 'train/strong'.*in the batch"),
        ({"groups": [["train/real"]]}, "only a part of the group"),
        ({"labels": "harrd"}, "near: hard"),
        ({"alpha": 0.0}, "needs a positive one"),
        ({"probability": 1.5}, "lies in"),
    ],
)
def test_mixup_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        apply("mixup", make_batch(), **arguments)


# --- frame_shift


@pytest.mark.parametrize("ratio", [1, 2, 3, 4, 10])
def test_frame_shift_moves_features_and_targets_together_with_wrap(ratio):
    frames = 120
    clip = Clip("a.wav", 2.0, {}, events=EventList([Event(0.5, 0.9, "Dog")]))
    hop = ratio * FEATURES.hop
    target = FORMATS["frames"].encode(clip, 0.0, frames // ratio, hop)
    batch = make_batch(ratio=ratio, frames=frames)
    # The event's magnitudes are 1 in the very frames of its labels, 0 elsewhere.
    sounding = target[:, 1].repeat_interleave(ratio)[:, None].expand(-1, 128)
    batch = replace(
        batch,
        spectrum=sounding.expand(9, 1, -1, -1).clone(),
        targets={"frames": target.expand(9, -1, -1).clone(), "clip": batch.targets["clip"]},
    )
    shifted = apply("frame_shift", batch, seed=2)
    moved = shifted.spectrum[:, 0, :, 0]
    labels = shifted.targets["frames"][..., 1].repeat_interleave(ratio, 1)
    assert len({tuple(row.tolist()) for row in moved}) > 3
    for features, own in zip(moved, labels):
        # Floored: labels lie up to ratio - 1 frames before the features.
        late = [torch.equal(own.roll(n), features) for n in range(ratio)]
        assert sum(late) == 1
    assert torch.equal(shifted.targets["clip"], batch.targets["clip"])


def test_frame_shift_floors_towards_earlier_labels():
    batch = make_batch()
    for shift, labels in ((5, 1), (4, 1), (3, 0), (-1, -1), (-4, -1), (-5, -2)):
        augmentation = SPECTRUM["frame_shift"](sigma=1.0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("seldbench.augment._draws.shifts", lambda n, *_, s=shift: [s] * n)
            shifted = augmentation(batch, FEATURES, FORMATS, generator())
        assert torch.equal(shifted.spectrum, batch.spectrum.roll(shift, -2))
        assert torch.equal(shifted.targets["frames"], batch.targets["frames"].roll(labels, 1))


@pytest.mark.parametrize("name", ["frame_shift", "time_mask"])
def test_label_frames_of_no_whole_feature_frames_cannot_be_moved(name):
    batch = replace(make_batch(), label_hop=FEATURES.hop * 10 / 3)
    with pytest.raises(ValueError, match="not made of whole feature frames"):
        apply(name, batch)


def test_shifts_are_normal_and_cut_towards_zero():
    from seldbench.augment._draws import shifts

    drawn = torch.tensor(shifts(20000, 90.0, generator()), dtype=torch.float64)
    assert abs(float(drawn.mean())) < 2
    assert 88 < float(drawn.std()) < 92
    assert set(shifts(1000, 0.3, generator())) == {0}


def test_without_the_label_hop_nothing_can_be_shifted():
    with pytest.raises(ValueError, match="set `label_hop`"):
        apply("frame_shift", replace(make_batch(), label_hop=None))


# --- time_mask


def test_time_mask_makes_strong_clips_silent_and_zeroes_their_targets():
    batch = make_batch()
    batch = replace(batch, targets={**batch.targets, "frames": torch.ones(9, 31, 2)})
    for seed in range(30):
        masked = apply("time_mask", batch, seed=seed)
        silent = (masked.targets["frames"] == 0).all(-1)
        width = int(silent[0].sum())
        assert int(31 / 20) <= width < int(31 / 5)
        assert all(torch.equal(row, silent[0]) for row in silent[:4])
        first = int(silent[0].nonzero()[0])
        span = slice(4 * first, 4 * (first + width))
        assert torch.all(masked.spectrum[:4, :, span] == FEATURES.silence())
        assert int((masked.spectrum[:4] == 0).sum()) == 4 * 4 * width * 128


def test_time_mask_leaves_weak_and_unlabelled_clips_untouched():
    batch = make_batch()
    masked = apply("time_mask", batch)
    assert torch.equal(masked.spectrum[4:], batch.spectrum[4:])
    assert torch.equal(masked.targets["frames"][4:], batch.targets["frames"][4:])
    assert torch.equal(masked.targets["clip"], batch.targets["clip"])


def test_masked_frames_have_the_features_of_silence():
    batch = make_batch()
    masked = apply("time_mask", batch)
    hidden = masked.spectrum[0, 0].amax(-1) == 0
    statistic = FEATURES.statistic(masked.spectrum[:1])
    silence = FEATURES.spectrum(torch.zeros(1, 1, 32000))
    ours = FEATURES.finish(masked.spectrum[:1], statistic)[0, 0][hidden]
    assert len(ours) and torch.equal(ours, FEATURES.finish(silence, statistic)[0, 0][: len(ours)])


def test_widths_of_time_masks_cover_their_range():
    batch = make_batch(frames=624)
    batch = replace(batch, targets={**batch.targets, "frames": torch.ones(9, 156, 2)})
    widths = set()
    for seed in range(400):
        masked = apply("time_mask", batch, seed=seed, groups=["train/weak"])
        widths.add(int((masked.targets["frames"][4, :, 0] == 0).sum()))
    assert min(widths) == 7 and max(widths) == 30


def test_an_unknown_head_is_an_error_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"no head 'frame'.*near: frames"):
        apply("time_mask", make_batch(), heads=["frame"])


# --- filter_augment


def gains_of(before, after):
    """(clips, bins) in decibels; the same in every frame."""
    decibels = 20 * torch.log10(after.spectrum / before.spectrum)[:, 0]
    assert torch.allclose(decibels, decibels[:, :1], atol=1e-4)
    return decibels[:, 0]


@pytest.mark.parametrize("kind", ["step", "linear"])
def test_a_filter_of_zero_decibels_is_the_identity(kind):
    batch = make_batch()
    for seed in range(5):
        flat = apply("filter_augment", batch, seed=seed, kind=kind, decibels=(0.0, 0.0))
        assert torch.allclose(flat.spectrum, batch.spectrum)
    assert torch.allclose(
        apply("filter_augment_mixed", batch, decibels=(0.0, 0.0)).spectrum, batch.spectrum
    )


def test_step_gains_are_constant_in_each_band_and_bands_are_shared():
    batch, counts = make_batch(frames=20), set()
    for seed in range(60):
        gains = gains_of(batch, apply("filter_augment", batch, seed=seed))
        jumps = (gains.diff(dim=1).abs() > 1e-3).any(0).nonzero().flatten() + 1
        edges = [0, *jumps.tolist(), 128]
        counts.add(len(edges) - 1)
        assert all(b - a >= 4 for a, b in pairwise(edges))
        for a, b in pairwise(edges):
            assert torch.allclose(gains[:, a:b], gains[:, a : a + 1], atol=1e-3)
        assert gains.min() >= -4.501 and gains.max() < 6.001
        assert len({round(float(g), 3) for g in gains[:, 0]}) > 5
    assert counts == {2, 3, 4}


def test_linear_gains_are_continuous_with_their_breaks_at_the_bands_edges():
    batch = make_batch(frames=20)
    setting = {"kind": "linear", "decibels": (-6.0, 6.0), "bands": (3, 6), "narrowest": 6}
    for seed in range(30):
        gains = gains_of(batch, apply("filter_augment", batch, seed=seed, **setting))
        # 12 dB over the narrowest band of six bins (five steps) is the steepest line.
        assert gains.diff(dim=1).abs().max() < 12 / 5 + 1e-2
        bends = (gains.diff(dim=1).diff(dim=1).abs() > 1e-2).any(0).sum()
        assert 2 <= int(bends) <= 2 * 4
        assert gains.min() > -6.001 and gains.max() < 6.001


def test_the_mixed_filter_draws_both_kinds():
    batch = make_batch(frames=20)

    def is_step(gains):
        return bool((gains.diff(dim=1).abs() > 1e-3).any(0).sum() <= 3)

    kinds = [
        is_step(gains_of(batch, apply("filter_augment_mixed", batch, seed=s))) for s in range(80)
    ]
    assert 25 < sum(kinds) < 55


def test_a_single_band_changes_nothing():
    batch = make_batch()
    assert same(apply("filter_augment", batch, bands=(1, 2)), batch)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"kind": "linaer"}, "near: linear"),
        ({"bands": (0, 3)}, "at least 1"),
        ({"bands": (40, 41)}, "more than 128 bins"),
    ],
)
def test_filter_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        apply("filter_augment", make_batch(), **arguments)
