"""What the SELD features share: frames, whole-clip rules, gains, standardisation; and what their
directions say of a known source."""

import numpy as np
import pytest
import torch

from seldbench.arrays import foa_gains
from seldbench.features.gcc_phat import PAIRS, GccPhat
from seldbench.features.iv_dcase2021 import IvDcase2021
from seldbench.features.iv_dcase2022 import IvDcase2022
from seldbench.features.iv_unit import IvUnit
from seldbench.features.logmel import LogMel
from seldbench.features.salsa_lite import SalsaLite
from seldbench.geometry import unit_vectors


def noise(*shape, seed=0):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def delayed(source, delays):
    """Microphones that hear a source so many samples late: (1, mics, samples)."""
    return torch.stack([torch.roll(source, int(d), -1) for d in delays])[None]


def foa(azimuth, elevation, samples=24000):
    gains = torch.from_numpy(foa_gains(unit_vectors(azimuth, elevation))).float()
    return (gains[:, None] * noise(samples))[None]


@pytest.mark.parametrize(
    "features, seconds, frames",
    [
        (IvDcase2022(), 5, 250),
        (IvDcase2021(), 6, 300),
        (IvUnit(), 8, 640),
        (IvUnit(n_fft=1024, window_samples=1024, hop_samples=600), 4, 160),
        (SalsaLite(form="salsa"), 8, 640),
        (LogMel(n_fft=512, window_samples=480, hop_samples=240, bands=128), 3, 300),
    ],
)
def test_a_networks_window_has_its_number_of_frames(features, seconds, frames):
    assert features.frames(seconds * 24000) == frames


@pytest.mark.parametrize("azimuth, elevation", [(0, 0), (90, 0), (30, 40), (-120, -20)])
@pytest.mark.parametrize(
    "features, axes", [(IvDcase2021(), "xyz"), (IvDcase2022(), "yzx"), (IvUnit(), "yzx")]
)
def test_the_intensity_vector_points_to_the_source(features, axes, azimuth, elevation):
    vector = features.spectrum(foa(azimuth, elevation))[0, 4:].sum((1, 2))
    vector = vector / vector.norm()
    doa = dict(zip("xyz", unit_vectors(azimuth, elevation)))
    assert vector.numpy() == pytest.approx(np.array([doa[a] for a in axes]), abs=0.02)


def test_a_correlation_peaks_at_the_delay_of_its_second_microphone():
    delays = [0, 3, -2, 7]
    features = GccPhat()
    lags = features.spectrum(delayed(noise(24000), delays))[0, 4:, 5:-5].mean(1).argmax(-1) - 32
    assert lags.tolist() == [delays[n] - delays[m] for m, n in PAIRS]


@pytest.mark.parametrize("form", ["dcase2022", "salsa"])
def test_salsa_lite_says_how_much_shorter_the_way_to_a_microphone_is(form):
    delays = [0, 1, -2, 2]
    features = SalsaLite(form=form)
    metres = features.spectrum(delayed(noise(24000), delays))[0, 4:, 5:-5, 3:40].median(1).values
    expected = -torch.tensor(delays[1:]) * 343.0 / 24000
    assert torch.allclose(metres, expected[:, None].expand_as(metres), atol=2e-3)


def test_ipd_is_the_phase_in_half_turns():
    waves = delayed(noise(24000), [0, 1, -2, 2])
    nipd = SalsaLite(form="salsa").spectrum(waves)[0, 4:]
    ipd = SalsaLite(form="salsa", phase="ipd").spectrum(waves)[0, 4:]
    bins = torch.arange(1, 192)
    assert torch.allclose(ipd, nipd * 2 * 24000 / (512 * 343.0) * bins, atol=1e-5)
    assert torch.all(ipd[..., 42:] == 0) and torch.all(ipd[..., :42].abs().amax((0, 1)) > 0)


def test_top_db_raises_what_is_far_below_a_microphones_loudest_moment():
    waves = noise(1, 4, 24000) * torch.tensor([1e-6, 1.0]).repeat_interleave(12000)
    features = IvDcase2022(top_db=80.0, standardise="none")
    spectrum = features.spectrum(waves)
    statistic = features.statistic(spectrum)
    window = features.finish(spectrum[:, :, :20], statistic, 0)
    peak = 10 * torch.log10(spectrum[0, :4].amax((1, 2)))
    assert torch.allclose(statistic[0], peak)
    assert torch.allclose(window[0, :4], (peak - 80)[:, None, None].expand(4, 20, 64))
    assert torch.equal(window[0, 4:], spectrum[0, 4:, :20])
    assert not IvDcase2022().statistics and features.statistics


def test_without_top_db_the_statistic_is_empty():
    features = IvDcase2022()
    assert features.statistic(features.spectrum(noise(2, 4, 24000))).shape == (2, 0)


def test_standardised_training_frames_have_mean_0_and_deviation_1():
    clips = [noise(1, 4, 24000 * n, seed=n) * n for n in (1, 2, 3)]
    features = GccPhat()
    features.fit(features.spectrum(c) for c in clips)
    spectra = [features.spectrum(c) for c in clips]
    finished = [features.finish(s, features.statistic(s)) for s in spectra]
    frames = torch.cat(finished, dim=2)[0].double()
    assert torch.allclose(frames.mean(1), torch.zeros(10, 64, dtype=torch.float64), atol=1e-4)
    deviation = frames.std(1, correction=0)
    assert torch.allclose(deviation, torch.ones(10, 64, dtype=torch.float64), atol=1e-4)


def test_spectrograms_alone_are_standardised_where_it_is_said():
    clip = noise(1, 4, 24000)
    features = GccPhat(standardise="spectrograms")
    spectrum = features.spectrum(clip)
    features.fit([spectrum])
    finished = features.finish(spectrum, features.statistic(spectrum))
    assert torch.equal(finished[:, 4:], spectrum[:, 4:])
    assert finished[:, :4].mean().abs() < 1e-3


def test_silent_training_clips_divide_by_one():
    features = LogMel()
    spectrum = features.spectrum(torch.zeros(1, 1, 24000))
    features.fit([spectrum, spectrum])
    assert torch.all(features.scale == 1)
    assert torch.all(features.finish(spectrum, features.statistic(spectrum)) == 0)


def test_unfitted_features_refuse_and_loaded_ones_do_not():
    features, spectrum = LogMel(), LogMel().spectrum(noise(1, 1, 24000))
    with pytest.raises(ValueError, match="fit it on training clips first"):
        features.finish(spectrum, features.statistic(spectrum))
    features.fit([spectrum])
    other = LogMel()
    other.load_state_dict(features.state_dict())
    statistic = features.statistic(spectrum)
    assert torch.equal(other.finish(spectrum, statistic), features.finish(spectrum, statistic))


def test_only_the_scaling_is_stored_with_the_weights():
    assert {k: v.shape for k, v in IvDcase2022().state_dict().items()} == {
        "mean": (7, 1, 64),
        "scale": (7, 1, 64),
    }
    assert IvDcase2022(standardise="none").state_dict() == {}
    assert not IvDcase2022(standardise="none").fitted


def test_no_training_clips_are_an_error():
    with pytest.raises(ValueError, match="there are none"):
        LogMel().fit([])


@pytest.mark.parametrize("make", [IvDcase2021, IvDcase2022, IvUnit, GccPhat, SalsaLite])
def test_a_gain_is_one_of_the_waves_and_leaves_directions_alone(make):
    features = make()
    waves = noise(1, 4, 24000) if features.layout == "mic" else foa(30, 40)
    spectrum = features.spectrum(waves)
    louder = features.gain(spectrum, torch.full((1, 1, 1, features.bins), 6.0))
    heard = features.spectrum(waves * 10 ** (6 / 20))
    assert torch.allclose(louder[:, :4], heard[:, :4], rtol=1e-4, atol=1e-5)
    assert torch.equal(louder[:, 4:], spectrum[:, 4:])
    # What the waves' own gain does to directions: nothing, up to the epsilons of their levels.
    assert (louder[:, 4:] - heard[:, 4:]).abs().quantile(0.99) < 1e-4


def test_silent_microphones_are_in_phase():
    correlation = GccPhat().spectrum(torch.zeros(1, 4, 24000))[:, 4:]
    peak = torch.zeros(64)
    peak[32] = 1.0
    assert torch.allclose(correlation, peak.expand_as(correlation), atol=1e-4)


def test_salsas_correlations_have_spectrograms_of_a_shorter_transform():
    waves = noise(1, 4, 24000)
    features = GccPhat(
        window_samples=512, hop_samples=300, mel_n_fft=512, bands=128, low=50.0, offset=0.0
    )
    logmel = LogMel(
        layout="mic", n_fft=512, window_samples=512, hop_samples=300, bands=128, low=50.0
    )
    spectrum, expected = features.spectrum(waves), logmel.spectrum(waves)
    assert torch.allclose(spectrum[:, :4], expected, rtol=1e-4)


def test_pieces_are_seamless():
    waves = noise(1, 4, 24000 * 12)
    features = GccPhat()
    whole = features.spectrum(waves)
    part = features.spectrum(waves[..., : 24000 * 2])
    assert torch.allclose(whole[:, :, :99], part[:, :, :99], rtol=1e-4, atol=1e-6)


def test_features_are_float32_inside_autocast():
    features, waves = IvDcase2022(standardise="none"), noise(1, 4, 24000)
    with torch.autocast("cpu", torch.bfloat16):
        spectrum = features.spectrum(waves)
        finished = features.finish(spectrum, features.statistic(spectrum))
    assert torch.equal(spectrum, features.spectrum(waves))
    assert finished.dtype == torch.float32


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: LogMel(layout="fao"), "no layout 'fao'.*near: foa"),
        (lambda: GccPhat(standardise="spectrogram"), "near: spectrograms"),
        (lambda: SalsaLite(form="dcase2021"), "no form 'dcase2021'.*near: dcase2022"),
        (lambda: SalsaLite(phase="ild"), "no phase 'ild'"),
        (lambda: LogMel(n_fft=512), "960 samples does not fit n_fft = 512"),
        (lambda: GccPhat(mel_n_fft=512), "must divide n_fft = 1024 and hold the window"),
        (lambda: GccPhat(bands=63), "63 lags: an even number"),
        (lambda: IvDcase2022().spectrum(torch.zeros(1, 3, 24000)), r"take \(batch, 4, samples\)"),
        (lambda: IvDcase2022().spectrum(torch.zeros(1, 4, 500)), "500 samples are too few"),
    ],
)
def test_what_cannot_be_is_an_error_in_words(make, message):
    with pytest.raises(ValueError, match=message):
        make()
