"""Masks and shifts of spectra with levels and directions: 7 channels of FOA, 10 of MIC (lags)."""

import numpy as np
import pytest
import torch

from seldbench.augment import SPECTRUM, Batch
from seldbench.features.gcc_phat import GccPhat
from seldbench.features.iv_dcase2022 import IvDcase2022
from seldbench.features.logmel_desed import LogMelDesed

FOA, MIC, MONO = IvDcase2022(), GccPhat(), LogMelDesed()
CLIPS, TIMES = 16, 100


def make_batch(features=FOA, seed=0):
    draw = torch.Generator().manual_seed(seed)
    spectrum = torch.rand(CLIPS, features.channels, TIMES, features.bins, generator=draw) + 0.1
    return Batch(
        waves=torch.zeros(CLIPS, 1, 1),
        targets={"frames": torch.ones(CLIPS, 20, 6)},
        groups=(("train", slice(0, CLIPS)),),
        spectrum=spectrum,
        label_hop=0.1,
    )


def apply(name, batch, features=FOA, seed=0, **arguments):
    draw = torch.Generator().manual_seed(seed)
    return SPECTRUM[name](**arguments)(batch, features, {}, draw).spectrum


def changes(batch, spectrum):
    """(clips, frames, bins) bool, the same in all channels."""
    changed = spectrum != batch.spectrum
    assert torch.equal(changed, changed[:, :1].expand_as(changed))
    return changed[:, 0]


@pytest.mark.parametrize("name", ["spec_augment", "cutout", "frequency_shift"])
def test_a_clip_changes_with_its_probability_and_labels_stay(name):
    batch = make_batch()
    shares = []
    for seed in range(20):
        after = apply(name, batch, seed=seed, probability=0.3)
        shares.append(float((after != batch.spectrum).flatten(1).any(1).float().mean()))
        assert torch.equal(after, apply(name, batch, seed=seed, probability=0.3))
    assert abs(np.mean(shares) - 0.3) < 0.08
    assert torch.equal(apply(name, batch, probability=0.0), batch.spectrum)
    assert (apply(name, batch, probability=1.0) != batch.spectrum).flatten(1).any(1).all()
    with pytest.raises(ValueError, match="lies in"):
        SPECTRUM[name](probability=1.2)


@pytest.mark.parametrize("features", [FOA, MIC, MONO], ids=["foa", "mic", "mono"])
def test_spec_augment_silences_stripes_of_time_and_of_frequency_in_all_channels(features):
    batch, widths = make_batch(features), set()
    for seed in range(20):
        after = apply("spec_augment", batch, features, seed=seed, probability=1.0)
        for hidden in changes(batch, after):
            times, bands = hidden.all(1), hidden.all(0)
            assert torch.equal(hidden, times[:, None] | bands)
            widths.add((int(times.sum()), int(bands.sum())))
        assert not after[(after != batch.spectrum)].any()
    times, bands = zip(*widths)
    assert min(times) == 1 and max(times) == 14  # below 15 % of 100 frames
    assert min(bands) == 1 and max(bands) == int(0.2 * features.bins) - 1


def test_spec_augment_has_as_many_stripes_as_asked_for():
    batch = make_batch()
    none = apply("spec_augment", batch, probability=1.0, times=0, bands=0)
    assert torch.equal(none, batch.spectrum)
    edges = []
    for seed in range(10):
        after = apply("spec_augment", batch, seed=seed, probability=1.0, times=3, bands=0)
        hidden = changes(batch, after).all(2).float()
        edges += (hidden.diff(dim=1) == 1).sum(1).tolist()
    assert max(edges) == 3
    with pytest.raises(ValueError, match="widest_time is 0"):
        SPECTRUM["spec_augment"](widest_time=0)


@pytest.mark.parametrize("features", [FOA, MIC, MONO], ids=["foa", "mic", "mono"])
def test_cutout_fills_patches_with_one_level_and_no_direction(features):
    batch = make_batch(features)
    mics = getattr(features, "mics", 1)
    before = batch.spectrum[:, :mics]
    for seed in range(10):
        after = apply("cutout", batch, features, seed=seed, probability=1.0)
        changed = changes(batch, after)
        levels = after[:, :mics].masked_select(changed[:, None])
        assert float(levels.min()) >= float(before.min()) * 0.999
        assert float(levels.max()) <= float(before.max()) * 1.001
        # All microphones have the same level, all directions none.
        assert torch.equal(
            after[:, :1].expand(-1, mics, -1, -1).masked_select(changed[:, None]), levels
        )
        assert not after[:, mics:].masked_select(changed[:, None]).any()


def test_cutout_draws_rectangles_stripes_and_squares():
    batch, kinds, areas = make_batch(), {"rectangle": 0, "stripes": 0, "squares": 0}, []
    for seed in range(20):
        for hidden in changes(batch, apply("cutout", batch, seed=seed, probability=1)):
            spans = hidden.any(1).sum() * hidden.any(0).sum()
            if hidden.all(1).any():
                kinds["stripes"] += 1
            elif int(hidden.sum()) == int(spans):
                kinds["rectangle"] += 1
                areas.append(int(hidden.sum()) / hidden.numel())
                height, width = int(hidden.any(1).sum()), int(hidden.any(0).sum())
                # 100 frames of 64 bins: frames / bins from 0.3 * 100 / 64 to 3.3, floored sides.
                assert 0.3 * 100 / 64 - 0.1 < height / width < 1 / 0.3 + 0.6
            else:
                kinds["squares"] += 1
                assert hidden.any(1).sum() <= 64 and int(hidden.sum()) <= 8 * 64
    assert all(0.25 < n / 320 < 0.42 for n in kinds.values()), kinds
    assert 0.01 < min(areas) < 0.05 and 0.25 < max(areas) <= 0.3


def test_the_levels_of_cutout_are_drawn_in_decibels():
    batch, drawn = make_batch(), []
    batch.spectrum[:, :4, 0, 0], batch.spectrum[:, :4, 1, 1] = 1e-6, 10.0
    for seed in range(40):
        after = apply("cutout", batch, seed=seed, probability=1.0)
        drawn += [float(after[i, 0][c][0].log10()) for i, c in enumerate(changes(batch, after))]
    # The middle of -60 ... 10 dB.
    assert -6.0 < min(drawn) < -5.5 and 0.5 < max(drawn) < 1.0
    assert abs(np.mean(drawn) + 2.5) < 0.4


def test_frequency_shift_moves_all_channels_together_and_mirrors_the_edge():
    batch, found = make_batch(), set()
    bins = batch.spectrum.shape[-1]
    for seed in range(30):
        after = apply("frequency_shift", batch, seed=seed, probability=1.0)
        for x, y in zip(batch.spectrum.numpy(), after.numpy()):
            shifts = [
                n
                for n in range(-12, 13)
                if np.array_equal(
                    y[..., max(n, 0) : bins + min(n, 0)], x[..., max(-n, 0) : bins - max(n, 0)]
                )
            ]
            (n,) = shifts
            found.add(n)
            pad = ((0, 0), (0, 0), (max(n, 0), max(-n, 0)))
            mirrored = np.pad(x, pad, mode="reflect")
            expected = mirrored[..., :bins] if n > 0 else mirrored[..., -n:]
            assert np.array_equal(y, expected)
    assert found == {*range(-9, 0), *range(1, 10)}


def test_lags_are_no_frequencies():
    batch = make_batch(MIC)
    with pytest.raises(ValueError, match="last 6 channels of these features are lags"):
        apply("frequency_shift", batch, MIC)
    after = apply("frequency_shift", batch, MIC, probability=1.0, keep_lags=True)
    assert torch.equal(after[:, 4:], batch.spectrum[:, 4:])
    assert (after[:, :4] != batch.spectrum[:, :4]).flatten(1).any(1).all()


@pytest.mark.parametrize(
    "arguments, message", [({"widest": 1}, "at least 1"), ({"widest": 65}, "has 64")]
)
def test_shifts_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        apply("frequency_shift", make_batch(), **arguments)


@pytest.mark.parametrize("name", ["filter_augment", "filter_augment_mixed"])
@pytest.mark.parametrize("features", [FOA, MIC], ids=["foa", "mic"])
def test_an_equaliser_changes_levels_alike_in_all_microphones_and_no_direction(name, features):
    batch = make_batch(features)
    for seed in range(5):
        after = apply(name, batch, features, seed=seed)
        assert torch.equal(after[:, 4:], batch.spectrum[:, 4:])
        gain = after[:, :4] / batch.spectrum[:, :4]
        assert torch.allclose(gain, gain[:, :1, :1].expand_as(gain), rtol=1e-4)
        assert float(gain.std()) > 0
