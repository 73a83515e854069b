"""`logmel_desed` against frozen outputs of the DESED baseline, and its own rules."""

from pathlib import Path

import numpy as np
import pytest
import torch

from seldbench.features._mel import htk_bank
from seldbench.features.logmel_desed import LogMelDesed

GOLDEN = Path(__file__).parents[1] / "golden" / "features"


@pytest.fixture(scope="module")
def golden():
    return np.load(GOLDEN / "desed_logmel.npz")


@pytest.fixture(scope="module")
def waves(golden):
    mono = np.load(GOLDEN / "audio.npz")["mono16"][: int(golden["n_samples"])]
    return torch.from_numpy(mono.astype(np.float32) / 32768.0)[None, None]


def noise(*shape, seed=0):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def largest_difference(ours, golden):
    return float(np.abs(ours[0, 0].numpy().T - golden).max())


def test_the_mel_bank_is_the_baselines(golden):
    bank = htk_bank(n_fft=2048, sample_rate=16000, bands=128, low=0.0, high=8000.0)
    # The original builds its bank in float32, ours comes from float64.
    assert float(np.abs(bank.numpy() - golden["mel"]).max()) < 2e-5


def test_magnitudes_decibels_and_scaled_features_are_the_baselines(golden, waves):
    features = LogMelDesed()
    spectrum = features.spectrum(waves)
    low, high = features.statistic(spectrum)[0]
    scaled = features.finish(spectrum, features.statistic(spectrum))
    decibels = (scaled + 1) / 2 * (high - low + 1e-8) + low
    assert largest_difference(spectrum, golden["mel_magnitude"]) < 1e-5 * 352
    assert largest_difference(decibels, golden["feature"]) < 4e-4
    assert largest_difference(scaled, golden["scaled"]) < 7.5e-6


def test_ten_seconds_are_626_frames_of_16_ms():
    features = LogMelDesed()
    assert features.frames(160000) == 626
    assert features.spectrum(noise(2, 1, 160000)).shape == (2, 1, 626, 128)
    assert features.hop == 0.016


def test_each_clip_spans_its_scale_and_does_not_hear_its_neighbours():
    waves = torch.cat([noise(1, 1, 16000), 0.01 * noise(1, 1, 16000, seed=1)])
    for scaling, (low, high) in {"clip": (-1, 1), "band": (0, 1)}.items():
        features = LogMelDesed(scaling=scaling)
        spectrum = features.spectrum(waves)
        together = features.finish(spectrum, features.statistic(spectrum))
        alone = features.finish(spectrum[1:], features.statistic(spectrum[1:]))
        over = (1, 2) if scaling == "band" else (1, 2, 3)
        assert torch.allclose(together.amin(over), torch.tensor(float(low)), atol=1e-4)
        assert torch.allclose(together.amax(over), torch.tensor(float(high)), atol=1e-4)
        assert torch.equal(together[1:], alone)


def test_constant_input_is_finite():
    for scaling in ("clip", "band"):
        features = LogMelDesed(scaling=scaling)
        spectrum = features.spectrum(torch.zeros(1, 1, 16000))
        assert features.finish(spectrum, features.statistic(spectrum)).isfinite().all()


def test_the_spectrum_of_silence_is_the_value_that_masks_write():
    features = LogMelDesed()
    assert torch.all(features.spectrum(torch.zeros(1, 1, 16000)) == features.silence())


def test_a_gain_in_decibels_is_a_gain_of_the_waves():
    features, waves = LogMelDesed(), noise(1, 1, 16000)
    louder = features.gain(features.spectrum(waves), torch.tensor(6.0))
    assert torch.allclose(louder, features.spectrum(waves * 10 ** (6 / 20)), rtol=1e-4)


def test_peak_normalised_features_do_not_depend_on_the_level():
    features, waves = LogMelDesed(peak_normalise=True), noise(1, 1, 16000)
    assert torch.allclose(features.spectrum(waves), features.spectrum(waves / 7), rtol=1e-4)
    assert torch.all(features.spectrum(torch.zeros(1, 1, 16000)) == 0)


def test_features_are_float32_inside_autocast():
    features, waves = LogMelDesed(), noise(1, 1, 16000)
    plain = features.spectrum(waves)
    with torch.autocast("cpu", torch.bfloat16):
        spectrum = features.spectrum(waves)
        finished = features.finish(spectrum, features.statistic(spectrum))
    assert torch.equal(spectrum, plain)
    assert finished.dtype == torch.float32


def test_nothing_of_the_features_is_stored_with_the_weights():
    assert LogMelDesed().state_dict() == {}


def test_waves_too_short_to_reflect_are_an_error():
    with pytest.raises(ValueError, match="1000 samples are too few"):
        LogMelDesed().spectrum(torch.zeros(1, 1, 1000))


def test_two_microphones_are_an_error():
    with pytest.raises(ValueError, match=r"takes \(batch, 1, samples\)"):
        LogMelDesed().spectrum(torch.zeros(1, 2, 16000))


def test_an_unknown_scaling_is_an_error_with_the_nearest_known_one():
    with pytest.raises(ValueError, match=r"'bands'.*near: band"):
        LogMelDesed(scaling="bands")
