"""`logmel_pb`: the frames, bands and scaling of the Paderborn systems, in float64 from the page."""

import numpy as np
import pytest
import torch

from seldbench.features.logmel_pb import LogMelPb, mean_bank


def reference_bank():
    """fgnt/paderbox, get_fbanks, and padertorch's division by the sum, band by band."""

    def hertz(mel):
        return 700 * (10 ** (mel / 2595) - 1)

    def mel(hz):
        return 2595 * np.log10(1 + hz / 700)

    edges = hertz(np.linspace(mel(50.0), mel(8000.0), 130)) * 1024 / 16000
    bank = np.zeros((513, 128))
    for k in range(128):
        middle = edges[k + 1]
        onset, offset = min(edges[k], middle - 1), max(edges[k + 2], middle + 1)
        for i in range(513):
            bank[i, k] = max(
                min((i - onset) / (middle - onset), (i - offset) / (middle - offset)), 0
            )
    return bank / (bank.sum(0) + 1e-6)


def noise(samples, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((1, 1, samples))).float()


def fitted(**arguments):
    features = LogMelPb(**arguments)
    features.fit([features.spectrum(noise(32000, seed)) for seed in range(3)])
    return features


def test_ten_seconds_have_500_frames_of_20_ms():
    features = LogMelPb()
    assert features.frames(160000) == 500 and features.hop == 0.02
    assert features.spectrum(noise(160000)).shape == (1, 1, 500, 128)


def test_the_bank_is_that_of_the_official_code():
    np.testing.assert_allclose(mean_bank(128).numpy(), reference_bank(), atol=1e-6)


def test_every_band_is_a_mean_of_bins():
    assert torch.allclose(mean_bank(128).sum(0), torch.ones(128), atol=1e-5)


def test_a_frame_is_the_power_of_960_samples_around_the_middle_of_its_label_frame():
    waves = noise(16000)
    window = 0.42 - 0.5 * np.cos(2 * np.pi * np.arange(960) / 960)
    window += 0.08 * np.cos(4 * np.pi * np.arange(960) / 960)
    part = waves[0, 0].double().numpy()[20 * 320 - 320 : 20 * 320 + 640]
    power = np.abs(np.fft.rfft(part * window, 1024)) ** 2
    ours = LogMelPb().spectrum(waves)[0, 0, 20].numpy()
    np.testing.assert_allclose(ours, power @ reference_bank(), rtol=1e-4)


def test_a_click_is_loudest_in_the_frame_that_it_lies_in():
    for sample in (3200, 3200 + 160, 3200 + 319):
        waves = torch.zeros(1, 1, 16000)
        waves[..., sample] = 1.0
        assert LogMelPb().spectrum(waves).sum(-1).argmax() == 10


def test_fitted_features_have_mean_0_and_deviation_1_and_end_at_6():
    features = fitted()
    parts = [features.finish(features.spectrum(noise(32000, s)), torch.zeros(1, 0)) for s in (0, 1)]
    x = torch.cat(parts)
    assert abs(float(x.mean())) < 0.05 and abs(float(x.std()) - 1) < 0.05
    silence = features.finish(torch.zeros(1, 1, 4, 128), torch.zeros(1, 0))
    assert silence.unique().tolist() == [-6.0]


def test_features_that_are_not_fitted_say_so():
    with pytest.raises(ValueError, match="fit it on training clips"):
        LogMelPb().finish(torch.ones(1, 1, 4, 128), torch.zeros(1, 0))


def test_a_peak_normalised_wave_has_one_level_whatever_its_gain_and_offset():
    features = LogMelPb(peak_normalise=True)
    waves = noise(16000)
    first, second = features.spectrum(waves), features.spectrum(500 * waves + 0.2)
    # 1e-3 beside a peak of 4: two parts in a thousand of the power at most.
    assert torch.allclose(first, second, rtol=3e-3)
    assert features.spectrum(torch.zeros(1, 1, 16000)).max() == 0


def test_only_mono_waves_that_can_be_mirrored_are_heard():
    for shape in ((1, 2, 16000), (1, 16000), (1, 1, 320)):
        with pytest.raises(ValueError, match="logmel_pb takes"):
            LogMelPb().spectrum(torch.zeros(shape))
