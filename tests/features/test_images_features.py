"""`ipd_circular8` and `log_magnitude`: images, and phases without an angle."""

import numpy as np
import pytest
import torch

from seldbench.features.ipd_circular8 import IpdCircular8
from seldbench.features.log_magnitude import LogMagnitude
from seldbench.images import images


def noise(*shape, seed=0):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def finished(features, waves):
    spectrum = features.spectrum(waves)
    return features.finish(spectrum, features.statistic(spectrum))


def transformed(waves):
    """(mics, frames, 256), in float64."""
    frames = np.lib.stride_tricks.sliding_window_view(waves.double().numpy(), 512, -1)[:, ::256]
    return np.fft.rfft(frames * np.hanning(513)[:-1])[..., :256] / 256


def test_a_mixture_of_65792_samples_has_15_square_channels():
    features = IpdCircular8()
    assert (features.channels, features.bins, features.hop) == (15, 256, 0.016)
    assert features.frames(65_792) == 256 and features.layout == "circular8"
    assert finished(features, noise(1, 8, 65_792)).shape == (1, 15, 256, 256)


def test_channels_are_the_image_then_cosine_and_sine_of_each_phase_difference():
    waves = noise(2, 8, 40 * 256)
    found = finished(IpdCircular8(), waves).numpy()
    for clip, heard in zip(waves, found):
        spectra = transformed(clip)
        level = (20 * np.log10(np.abs(spectra[0]) + 1e-8) + 120) / 120
        assert np.allclose(heard[0], np.clip(level, 0, 1), atol=1e-5)
        # A bin of next to nothing has any phase: float32 keeps none of it.
        clear = np.abs(spectra).min(0) > 1e-4
        assert clear.mean() > 0.9
        for m in range(1, 8):
            phase = np.angle(spectra[0]) - np.angle(spectra[m])
            assert np.allclose(heard[2 * m - 1][clear], np.cos(phase)[clear], atol=1e-3)
            assert np.allclose(heard[2 * m][clear], np.sin(phase)[clear], atol=1e-3)


def test_squares_of_cosine_and_sine_sum_to_1_even_of_silence():
    loud_then_silent = noise(1, 8, 8192) * (torch.arange(8192) < 4096)
    faint = 1e-6 * noise(1, 8, 8192, seed=1)
    found = finished(IpdCircular8(), torch.cat([loud_then_silent, faint]))
    squares = found[:, 1::2] ** 2 + found[:, 2::2] ** 2
    assert torch.allclose(squares, torch.ones_like(squares), atol=1e-5)
    assert torch.all(found[0, 1::2, -8:] == 1) and torch.all(found[0, 2::2, -8:] == 0)


def test_a_silent_microphone_has_the_phase_0():
    waves = noise(1, 8, 4096)
    waves[:, 3] = 0.0
    found = finished(IpdCircular8(), waves)[0].numpy()
    phase = np.angle(transformed(waves[0])[0])
    clear = np.abs(transformed(waves[0])[0]) > 1e-4
    assert np.allclose(found[5][clear], np.cos(phase)[clear], atol=1e-3)
    assert np.allclose(found[6][clear], np.sin(phase)[clear], atol=1e-3)


def test_the_phase_difference_of_a_delayed_sine_is_its_delay():
    # 1000 Hz, bin 32; microphone m hears it m / 4 samples later.
    time = torch.arange(4096) - torch.arange(8)[:, None] / 4
    found = finished(IpdCircular8(), torch.sin(2 * torch.pi / 16 * time)[None])[0, :, :, 32]
    for m in range(1, 8):
        phase = 2 * np.pi / 16 * m / 4  # microphone 0 is ahead
        assert found[2 * m - 1] == pytest.approx(np.full(15, np.cos(phase)), abs=1e-4)
        assert found[2 * m] == pytest.approx(np.full(15, np.sin(phase)), abs=1e-4)


def test_phases_do_not_hang_on_levels():
    waves = noise(1, 8, 4096)
    louder = waves * torch.logspace(-2, 2, 8)[:, None]
    first, second = (finished(IpdCircular8(), w)[:, 1:] for w in (waves, louder))
    assert torch.allclose(first, second, atol=1e-3)


def test_a_gain_is_one_of_the_image_alone():
    features, waves = IpdCircular8(), noise(1, 8, 4096)
    spectrum = features.spectrum(waves)
    louder = features.gain(spectrum, torch.tensor(6.0))
    heard = features.spectrum(waves * 10 ** (6 / 20))
    assert torch.allclose(louder[:, 0], heard[:, 0], rtol=1e-5)
    assert torch.equal(louder[:, 1:], spectrum[:, 1:])


def test_many_clips_and_long_ones_are_heard_as_each_frame_alone():
    features = IpdCircular8()
    waves = noise(3, 8, 150 * 256)
    whole = features.spectrum(waves)
    alone = features.spectrum(waves[1:2, :, 100 * 256 : 100 * 256 + 512])
    assert torch.allclose(whole[1:2, :, 100:101], alone, atol=1e-5)


def test_the_target_s_image_is_that_of_its_wave():
    features, wave = LogMagnitude(), noise(2, 1, 65_792)
    assert (features.channels, features.bins, features.layout) == (1, 256, "target")
    assert torch.allclose(finished(features, wave), images(wave), atol=1e-6)


@pytest.mark.parametrize("make", [IpdCircular8, LogMagnitude])
def test_waves_of_other_layouts_or_of_less_than_a_frame_are_refused(make):
    features = make()
    with pytest.raises(ValueError, match=rf"take \(batch, {features.mics}, samples\)"):
        features.spectrum(noise(1, 4, 4096))
    with pytest.raises(ValueError, match="pad to 512"):
        features.spectrum(noise(1, features.mics, 500))


def test_nothing_is_fitted_or_stored():
    features = IpdCircular8()
    features.fit([])
    assert features.state_dict() == {} and not features.fitted and not features.statistics
