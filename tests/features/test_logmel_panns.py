"""`logmel_panns` at its two sample rates; `test_panns_cnn14` holds it against the original."""

import math

import numpy as np
import pytest
import torch

from seldbench.features._mel import slaney_bank
from seldbench.features.logmel_panns import LogMelPanns

SETTINGS = {16000: (512, 160, 8000.0), 32000: (1024, 320, 14000.0)}
both_rates = pytest.mark.parametrize("rate", SETTINGS)


def decibels(features, waves):
    spectrum = features.spectrum(waves)
    return features.finish(spectrum, features.statistic(spectrum))


@both_rates
def test_ten_seconds_are_1001_frames_of_10_ms(rate):
    features = LogMelPanns(sample_rate=rate)
    assert features.frames(10 * rate) == 1001 and features.hop == 0.01
    assert features.spectrum(torch.zeros(2, 1, rate)).shape == (2, 1, 101, 64)


@both_rates
def test_a_frame_is_the_mel_power_of_its_windowed_transform_in_decibels(rate):
    n_fft, hop, highest = SETTINGS[rate]
    wave = 0.1 * torch.randn(1, 1, rate, generator=torch.Generator().manual_seed(5))
    middle = 30 * hop
    frame = wave[0, 0, middle - n_fft // 2 : middle + n_fft // 2].double().numpy()
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    power = np.abs(np.fft.rfft(frame * hann)) ** 2
    bank = slaney_bank(n_fft=n_fft, sample_rate=rate, bands=64, low=50.0, high=highest)
    expected = 10 * np.log10(power @ bank.double().numpy())
    ours = decibels(LogMelPanns(sample_rate=rate), wave)[0, 0, 30].numpy()
    assert np.abs(ours - expected).max() < 1e-3


@both_rates
def test_silence_is_minus_100_decibels(rate):
    features = LogMelPanns(sample_rate=rate)
    spectrum = features.spectrum(torch.zeros(1, 1, rate))
    assert torch.all(spectrum == features.silence())
    assert torch.all(decibels(features, torch.zeros(1, 1, rate)) == -100.0)


def test_six_decibels_of_gain_are_twice_the_wave():
    features = LogMelPanns()
    wave = 0.1 * torch.randn(1, 1, 16000)
    spectrum = features.spectrum(wave)
    louder = features.gain(spectrum, torch.tensor(20 * math.log10(2.0)))
    assert torch.allclose(louder, features.spectrum(2 * wave), rtol=1e-4)


def test_neither_a_loud_moment_nor_a_batch_mate_moves_other_frames():
    features = LogMelPanns()
    wave = 0.01 * torch.randn(1, 1, 16000)
    loud = wave.clone()
    loud[..., 12000:] *= 100.0
    together = decibels(features, torch.cat([loud, wave]))
    assert torch.equal(together[1:], decibels(features, wave))
    assert torch.allclose(together[0, :, :70], together[1, :, :70], atol=1e-4)


def test_there_is_nothing_to_fit_and_nothing_to_save():
    features = LogMelPanns()
    assert not features.fitted and not features.statistics and features.state_dict() == {}


def test_other_rates_and_several_microphones_are_refused():
    with pytest.raises(
        ValueError, match="no PANNs network hears 44100 Hz; choose of: 16000, 32000"
    ):
        LogMelPanns(sample_rate=44100)
    with pytest.raises(ValueError, match=r"takes \(batch, 1, samples\), not \(1, 2, 800\)"):
        LogMelPanns().spectrum(torch.zeros(1, 2, 800))
