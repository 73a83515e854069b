"""When a dry sound is active: 100 ms frames within 40 dB of the loudest, short gaps closed."""

import numpy as np
import pytest

from seldbench.simulation.dry import active_level, activity

FRAME = 2400


def steps(*levels):
    """A wave of tenths of a second at these levels, dB."""
    gains = 10 ** (np.repeat(levels, FRAME) / 20)
    return gains * np.tile([1.0, -1.0], len(gains) // 2)


@pytest.mark.parametrize(
    ("levels", "active"),
    [
        ((0, -39, -41), (1, 1, 0)),
        ((0, -80, 0), (1, 1, 1)),  # a gap of 100 ms is closed
        ((0, -80, -80, 0), (1, 0, 0, 1)),  # one of 200 ms is not
        ((-80, 0, -80), (0, 1, 0)),  # nor is silence at the ends
        ((0, -80, 0, -80, -80), (1, 1, 1, 0, 0)),
    ],
)
def test_activity_is_what_lies_within_40_db_of_the_loudest_frame(levels, active):
    assert activity(steps(*levels)).tolist() == [bool(a) for a in active]


def test_the_last_frame_may_be_partial():
    wave = np.concatenate([steps(0, -80, -80), np.ones(100)])
    assert activity(wave).tolist() == [True, False, False, True]


def test_silence_is_never_active_and_nothing_has_no_frames():
    assert activity(np.zeros(FRAME + 1)).tolist() == [False, False]
    assert activity(np.zeros(0)).shape == (0,)
    assert active_level(np.zeros(FRAME)) == -np.inf
    assert active_level(np.zeros(0)) == -np.inf


def test_the_level_counts_active_frames_alone():
    assert active_level(steps(-6, -90, -90, -6)) == pytest.approx(-6.0)


def test_activity_does_not_depend_on_the_level():
    wave = np.random.default_rng(0).standard_normal(8 * FRAME) * np.repeat([1, 1e-3], 4 * FRAME)
    assert np.array_equal(activity(wave), activity(1e-4 * wave))
    assert np.array_equal(activity(wave), activity(wave.astype(np.float32)))
