"""Integrated loudness against facts of ITU-R BS.1770 and EBU Tech 3341."""

import numpy as np
import pytest

from seldbench.simulation.loudness import k_weighting, loudness


def sine(level, seconds, rate, frequency=997.0):
    """level: dB re full scale of the peak."""
    time = np.arange(int(seconds * rate)) / rate
    return 10 ** (level / 20) * np.sin(2 * np.pi * frequency * time)


# The shelf's bilinear transform bends it a little where the rate is low.
@pytest.mark.parametrize(("rate", "tolerance"), [(16_000, 0.05), (44_100, 0.01), (48_000, 0.01)])
def test_a_full_scale_sine_of_997_hz_has_minus_3_01_lkfs(rate, tolerance):
    assert loudness(sine(0.0, 5, rate), rate) == pytest.approx(-3.01, abs=tolerance)


def test_the_filter_at_48_khz_is_the_one_of_the_standard():
    shelf, high_pass = k_weighting(48_000)
    assert shelf == pytest.approx(
        [
            1.53512485958697,
            -2.69169618940638,
            1.19839281085285,
            1,
            -1.69065929318241,
            0.73248077421585,
        ]
    )
    assert high_pass == pytest.approx([1, -2, 1, 1, -1.99004745483398, 0.99007225036621])


def test_a_gain_of_6_db_is_6_units_louder():
    wave = np.random.default_rng(0).standard_normal(32_000) * 0.05
    assert loudness(2 * wave, 16_000) - loudness(wave, 16_000) == pytest.approx(6.02, abs=0.01)


def test_quiet_stretches_do_not_count():
    # EBU Tech 3341, case 3 in one channel: -36, -23, -36 dBFS measures like the middle alone.
    rate = 16_000
    parts = [sine(level, s, rate) for level, s in ((-36, 10), (-23, 60), (-36, 10))]
    alone = loudness(parts[1], rate)
    assert loudness(np.concatenate(parts), rate) == pytest.approx(alone, abs=0.1)


def test_silence_has_no_loudness():
    assert loudness(np.zeros(16_000), 16_000) == -np.inf
    assert loudness(sine(-90.0, 2, 16_000), 16_000) == -np.inf


def test_a_sound_under_half_a_second_is_measured_as_if_repeated():
    short = sine(-20.0, 0.1, 16_000, frequency=1000.0)
    assert loudness(short, 16_000) == pytest.approx(loudness(np.tile(short, 5), 16_000))
