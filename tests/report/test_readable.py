"""Pages can be read: contrast in light and dark, colours told apart, styles for paper."""

import itertools

import pytest

from seldbench.report.pages.rendering import environment
from seldbench.report.palette import DARK, LIGHT, SERIES

TEXT = 4.5  # WCAG 2.1, 1.4.3
GRAPHICS = 3.0  # 1.4.11
# (text, behind it)
PAIRS = [
    *itertools.product(("ink", "muted", "link"), ("paper", "panel")),
    ("warn", "warn-paper"),
    ("link", "warn-paper"),
]


def linear(channel):
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def luminance(colour):
    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_text_stands_out_from_what_is_behind_it(palette, pair):
    text, behind = pair
    assert contrast(palette[text], palette[behind]) >= TEXT


@pytest.mark.parametrize("name", ("truth", "found", *SERIES))
def test_lines_and_dots_are_seen_on_dark_pages(name):
    assert contrast(DARK[name], DARK["paper"]) >= GRAPHICS


def test_both_palettes_name_the_same_colours_and_no_colour_twice():
    assert LIGHT.keys() == DARK.keys()
    assert len(set(LIGHT.values())) == len(LIGHT)


def test_the_style_follows_the_reader_s_colours_by_hand_too_and_prints_in_light():
    style = str(environment().globals["style"])
    assert "prefers-color-scheme: dark" in style
    assert ':root[data-theme="dark"]' in style
    printed = style.split("@media print")[1]
    assert f"--paper: {LIGHT['paper']}" in printed
    assert ".filters" in printed
