"""Ambience: an isotropic field in both layouts, its colour and its level."""

import numpy as np
import pytest
from scipy.signal import welch

from seldbench.arrays import MIC_POSITIONS, foa_gains
from seldbench.simulation.spatial import RATE, Colour, ambience, noise_gain
from seldbench.simulation.spatial.diffuse import covariance
from seldbench.simulation.spatial.sphere import response

WHITE = Colour(slope=0.0, hum=None, swell=0.0)


def draw(seconds, colour, seed=0):
    return ambience(round(seconds * RATE), np.random.default_rng(seed), colour=colour)


def plane_waves(count):
    """Directions spread evenly over the sphere."""
    height = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    level = np.sqrt(1 - height**2)
    return np.stack([level * np.cos(turn), level * np.sin(turn), height], axis=1)


def test_the_field_is_the_sum_of_plane_waves_from_everywhere():
    # given 1000 plane waves of equal power, as both arrays hear them
    frequency = np.array([0.0, 300.0, 1500.0, 4000.0, 11_000.0])
    waves = plane_waves(1000)
    heard = np.empty((len(frequency), 8, len(waves)), dtype=complex)
    heard[:, :4] = foa_gains(waves).T
    for m, microphone in enumerate(MIC_POSITIONS):
        heard[:, 4 + m] = response(frequency, waves @ microphone).T
    # when their covariance is summed
    summed = heard @ heard.conj().swapaxes(1, 2) / len(waves)
    # then it is the closed form's
    assert covariance(frequency) == pytest.approx(summed, abs=2e-3)


def test_ambisonics_of_the_noise_are_those_of_an_isotropic_field():
    foa = draw(30, WHITE)[:4]
    found = foa @ foa.T / foa.shape[1]
    assert found == pytest.approx(np.diag([1, 1 / 3, 1 / 3, 1 / 3]), abs=0.02)


def test_microphones_are_as_coherent_as_on_a_sphere_in_a_diffuse_field():
    # given spectra of the eight channels
    waves = draw(60, WHITE)
    size = 512
    frames = waves[:, : waves.shape[1] // size * size].reshape(8, -1, size)
    spectra = np.fft.rfft(frames * np.hanning(size))
    cross = np.einsum("aft,bft->tab", spectra, spectra.conj())
    power = np.einsum("taa->ta", cross).real
    # then coherences are the field's, between all channels, of both layouts
    some = np.arange(6, 250, 12)
    expected = covariance(np.fft.rfftfreq(size, 1 / RATE)[some])
    scale = np.sqrt(np.einsum("taa->ta", expected).real)
    found = cross[some] / np.sqrt(power[some, :, None] * power[some, None])
    wanted = expected / (scale[:, :, None] * scale[:, None])
    assert np.abs(found - wanted).max() < 0.08
    assert np.abs(found - wanted).mean() < 0.02
    # close together they hear the same at low frequencies, and not at high ones
    assert np.abs(found[0, 4, 5]) > 0.9 > 0.2 > np.abs(found[-1, 4, 5])


@pytest.mark.parametrize("slope", [0.0, 3.0, 6.0])
def test_the_spectrum_falls_by_its_slope(slope):
    wave = draw(60, Colour(slope, hum=None, swell=0.0))[0]
    frequency, power = welch(wave, RATE, nperseg=4096)
    level = [
        10 * np.log10(power[(frequency > f / 1.2) & (frequency < 1.2 * f)].mean())
        for f in (250, 500, 1000, 2000, 4000)
    ]
    assert np.diff(level) == pytest.approx(-slope, abs=0.6)


def test_hum_stands_at_the_mains_and_its_harmonics_at_its_level():
    wave = draw(40, Colour(3.0, hum=-10.0, mains=60.0, swell=0.0))[0].astype(float)
    spectrum = np.abs(np.fft.rfft(wave)) ** 2
    lines = 40 * 60 * np.arange(1, 9)
    others = spectrum[lines[:, None] + np.array([-3, -2, 2, 3])].mean(axis=1)
    assert (spectrum[lines] > 10 * others)[:4].all()
    share = (spectrum[lines] - others).sum() / spectrum.sum()
    assert 10 * np.log10(share) == pytest.approx(-10, abs=0.5)


def test_the_level_wanders_within_its_bounds():
    wave = draw(60, Colour(0.0, hum=None, swell=2.0))[0]
    power = 10 * np.log10(np.square(wave.reshape(-1, RATE)).mean(axis=1))
    assert 1.0 < np.ptp(power) < 4.4
    steady = draw(60, WHITE)[0]
    assert np.ptp(10 * np.log10(np.square(steady.reshape(-1, RATE)).mean(axis=1))) < 0.5


def test_noise_has_unit_power_on_w_no_offset_and_no_seams():
    wave = draw(12.345, Colour.draw(np.random.default_rng(0)))
    assert wave.shape == (8, round(12.345 * RATE)) and wave.dtype == np.float32
    assert np.square(wave[0], dtype=float).mean() == pytest.approx(1.0, abs=1e-4)
    # blocks overlap by 1024 samples: power is the same all along them
    white = draw(60, WHITE)[0]
    along = np.square(white[: len(white) // 1024 * 1024].reshape(-1, 1024)).mean(axis=0)
    thirds = along.reshape(4, 256).mean(axis=1)
    assert thirds == pytest.approx(1.0, abs=0.03)


def test_equal_generators_give_equal_noise_and_others_another():
    colour = Colour.draw(np.random.default_rng(3))
    assert np.array_equal(draw(2, colour, seed=1), draw(2, colour, seed=1))
    assert not np.allclose(draw(2, colour, seed=1), draw(2, colour, seed=2))


@pytest.mark.parametrize("snr", [-5.0, 6.0, 30.0])
def test_the_signal_to_noise_ratio_is_met_on_w(snr):
    target, noise = draw(3, WHITE, seed=1) * 0.01, draw(3, Colour(6.0, hum=-12.0), seed=2)
    target[:, : 2 * RATE] = 0  # over the whole clip, silence included
    noise = noise * noise_gain(target, noise, snr)
    ratio = 10 * np.log10(np.square(target[0]).sum() / np.square(noise[0]).sum())
    assert ratio == pytest.approx(snr, abs=0.1)


def test_silence_has_no_signal_to_noise_ratio():
    with pytest.raises(ValueError, match="silent"):
        noise_gain(np.zeros((8, 100)), np.ones((8, 100)), 10.0)
