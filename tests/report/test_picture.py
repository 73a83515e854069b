"""Small pictures of sound: where a tone lies in them, and PNG files that readers understand."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from seldbench.report.clips.picture import band_position, coloured_png, grey_png, mel_levels


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("hertz", [440, 3000])
def test_a_tone_is_brightest_at_its_place_on_the_frequency_axis(rate, hertz):
    tone = np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
    levels = mel_levels(tone, rate)
    assert levels.shape == (128, 313)
    brightest = levels[:, 150].argmax()  # from the top
    assert 1 - brightest / 128 == pytest.approx(band_position(hertz, rate), abs=0.02)


def test_sound_in_the_second_half_is_dark_in_the_first():
    rng = np.random.default_rng(0)
    wave = np.concatenate([np.zeros(16000), rng.standard_normal(16000)])
    levels = mel_levels(wave, 16000)
    assert levels[:, :140].max() == 0
    assert levels[:, 170:].mean() > 150


@pytest.mark.parametrize("samples", [0, 5, 16000])
def test_silence_of_any_length_is_black(samples):
    levels = mel_levels(np.zeros(samples), 16000)
    assert levels.shape == (128, 313)
    assert levels.max() == 0


def test_a_png_reads_back_as_its_levels_and_in_colours_as_its_palette():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    png = grey_png(levels)
    np.testing.assert_array_equal(np.round(imread(io.BytesIO(png)) * 255), levels)
    palette = np.stack([np.arange(256), np.arange(256)[::-1], np.full(256, 7)], 1).astype(np.uint8)
    colours = np.round(imread(io.BytesIO(coloured_png(png, palette)))[..., :3] * 255)
    np.testing.assert_array_equal(colours, palette[levels])
