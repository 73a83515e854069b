"""SI-SDR and SNR of separated signals."""

import numpy as np
import pytest

from seldbench.metrics.separation import si_sdr, snr

TRUE, GUESS = np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0])


def test_what_is_left_beside_the_scaled_reference_is_distortion():
    # One unit along the reference, half a unit across it: 4 times the energy.
    assert si_sdr(np.array([1.0, 0.5]), np.array([1.0, 0.0])) == pytest.approx(10 * np.log10(4))
    # 3 across: a ninth of the energy.
    assert si_sdr(np.array([1.0, 3.0]), np.array([7.0, 0.0])) == pytest.approx(-10 * np.log10(9))


def test_scales_do_not_matter():
    value = si_sdr(GUESS, TRUE)
    assert si_sdr(-3 * GUESS, 0.1 * TRUE) == pytest.approx(float(value), abs=1e-9)


def test_values_that_torchmetrics_documents():
    assert si_sdr(GUESS, TRUE) == pytest.approx(18.4030, abs=1e-4)
    assert si_sdr(GUESS, TRUE, zero_mean=True) == pytest.approx(15.0918, abs=1e-4)
    assert snr(GUESS, TRUE) == pytest.approx(16.1805, abs=1e-4)


def test_snr_minds_the_scale():
    # A tenth too loud: noise of a hundredth of the energy.
    assert snr(1.1 * TRUE, TRUE) == pytest.approx(20)


def test_the_ends_of_the_scale():
    silent, across = np.zeros(2), np.array([0.0, 1.0])
    true = np.array([1.0, 0.0])
    assert si_sdr(2 * true, true) == np.inf
    assert si_sdr(across, true) == si_sdr(silent, true) == -np.inf
    assert np.isnan(si_sdr(true, silent))
    assert np.isnan(snr(true, silent))
    assert snr(true, true) == np.inf
    assert snr(silent, true) == 0.0
    assert np.isnan(si_sdr(true, np.ones(2), zero_mean=True))


def test_the_last_axis_is_time():
    both = si_sdr(np.stack([GUESS, TRUE]), np.stack([TRUE, GUESS]))
    assert both == pytest.approx([float(si_sdr(GUESS, TRUE)), float(si_sdr(TRUE, GUESS))])


def test_signals_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match=r"estimate of \(3,\) for a reference of \(4,\)"):
        si_sdr(GUESS[:3], TRUE)
