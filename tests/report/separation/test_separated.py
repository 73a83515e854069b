"""The picture of a mixture that was separated."""

import io

import numpy as np
import pytest

from seldbench.report.clips.picture import levels_beside, mel_levels
from seldbench.report.clips.separated import degrees, place, separated_figure

RATE = 8000
TONE = 0.1 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)


def titles(figure):
    return [panel.get_title(loc="left") for panel in figure.axes]


@pytest.mark.parametrize("number", [0, 1, 3, 8])
def test_every_answer_has_a_row_and_a_needle(number):
    answers = [(45.0 * i, f"c$l_{i}$", 0.5, TONE) for i in range(number)]
    figure = separated_figure(TONE, RATE, answers, title="mix_$1$.wav")
    rows = [f"{i}: c$l_{i}$, 0.50, from {45 * i}°" for i in range(number)]
    assert titles(figure)[0] == "mix_$1$.wav"
    assert [title for title in titles(figure)[1:] if title] == rows
    assert len([text for text in figure.axes[-1].texts if text.get_text().isdigit()]) == number
    figure.savefig(io.BytesIO(), dpi=30)


def test_where_nothing_was_found_it_says_so():
    figure = separated_figure(TONE, RATE, [], title="mix.wav")
    assert [text.get_text() for text in figure.axes[1].texts] == ["nothing was found"]


def test_a_plan_has_the_front_above_and_the_left_at_the_left():
    assert place(0) == pytest.approx((0, 1))
    assert place(90) == pytest.approx((-1, 0))
    assert place(-90, 2.0) == pytest.approx((2, 0))
    assert degrees(-135.0) == "−135°"
    assert degrees(-180.0) == "−180°"  # as tables have it


def test_what_was_separated_is_drawn_on_the_mixture_s_scale():
    loud, quiet = levels_beside([TONE, 0.1 * TONE], RATE)
    np.testing.assert_array_equal(loud, mel_levels(TONE, RATE))
    # 20 of 60 dB less.
    assert int(loud.max()) - int(quiet.max()) == pytest.approx(255 / 3, abs=1)
    silent, _ = levels_beside([0 * TONE, TONE], RATE)
    assert silent.max() == 0
