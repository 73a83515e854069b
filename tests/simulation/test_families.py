"""The 75 procedural classes: well formed, told apart by two parameters, and neither too easy nor
impossible to tell by their average spectra."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax

from seldbench.errors import UnknownName
from seldbench.simulation import families
from seldbench.simulation.bank import GROUPS
from seldbench.simulation.families import noises, struck, tones, voiced
from seldbench.simulation.families.regimes import GAP, ORDER, REGIMES, Family, Parameter
from seldbench.simulation.families.sounds import FAMILIES
from seldbench.simulation.seeds import generator

RATE = 16_000
BANDS, WINDOW, HOP = 40, 512, 512


def levels(wave):
    """Energy of each whole 20 ms, dB re the loudest."""
    energy = np.square(wave[: len(wave) // 320 * 320].astype(float)).reshape(-1, 320).mean(axis=1)
    return 10 * np.log10(energy / energy.max() + 1e-12)


def peak_of(wave, low, high):
    """Hertz of the highest point of the spectrum between two frequencies."""
    size = 8 * len(wave)
    axis = np.fft.rfftfreq(size, 1 / RATE)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), size))
    return axis[(spectrum * ((axis > low) & (axis < high))).argmax()]


def swing_of(wave, low, high):
    """How many times a second the level swings, hertz."""
    level = np.square(wave)
    return peak_of(level - level.mean(), low, high)


# --- the list ---


def test_there_are_fifteen_families_of_five_classes():
    assert len(FAMILIES) == 15 and len(set(families.CLASSES)) == 75
    for name in FAMILIES:
        own = [label for label in families.CLASSES if label.startswith(name)]
        assert own == [f"{name} {k}" for k in range(1, 6)]


def test_the_small_set_has_twelve_classes_of_twelve_families():
    assert len(families.SMALL) == 12 and set(families.SMALL) <= set(families.CLASSES)
    assert len({label.rsplit(" ", 1)[0] for label in families.SMALL}) == 12


# --- regimes ---


def test_bands_span_the_range_with_gaps_of_ten_percent():
    parameter = Parameter(100.0, 800.0)
    bands = [parameter.band(k) for k in range(REGIMES)]
    assert bands[0][0] == 100.0 and bands[-1][1] == pytest.approx(800.0)
    assert all(b[0] / a[1] == pytest.approx(1.1) for a, b in pairwise(bands))
    assert np.ptp([high / low for low, high in bands]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_any_two_classes_of_a_family_differ_in_both_parameters_by_a_gap(name):
    family = FAMILIES[name]
    regimes = [(family.first.band(k), family.second.band(ORDER[k])) for k in range(REGIMES)]
    for one, other in combinations(regimes, 2):
        for a, b in zip(one, other):
            assert max(b[0] / a[1], a[0] / b[1]) > GAP - 1e-9


def test_neighbours_in_the_leading_parameter_are_no_neighbours_in_the_other():
    assert sorted(ORDER) == list(range(REGIMES))
    assert min(abs(a - b) for a, b in pairwise(ORDER)) == 2


def test_no_two_groups_share_a_leading_parameter():
    # given a family that says what it was asked for
    family = Family(
        Parameter(100.0, 800.0), Parameter(1.0, 9.0), lambda first, *_: np.array([first])
    )
    low, high = family.first.band(2)
    stripes = {}
    # when
    for group in GROUPS:
        drawn = [family.sound(2, 1.0, group, generator(k, group))[0] for k in range(300)]
        places = np.log(np.array(drawn) / low) / np.log(high / low)
        stripes[group] = set((places * 40).astype(int))
    # then
    assert not stripes["train"] & stripes["test"]
    assert not stripes["train"] & stripes["validation"]
    assert not stripes["validation"] & stripes["test"]
    assert set().union(*stripes.values()) == set(range(40))


# --- sounds ---


@pytest.mark.parametrize("label", families.CLASSES)
def test_a_sound_fits_a_clip_peaks_at_0_99_and_sounds_at_both_ends(label):
    for group in ("train", "test"):
        wave = families.sound(label, generator(5, label), group)
        assert wave.dtype == np.float32 and wave.ndim == 1
        assert 0.3 * RATE <= len(wave) <= 65_792
        assert np.abs(wave).max() == pytest.approx(0.99, abs=1e-4)
        assert levels(wave)[0] > -45 and levels(wave)[-1] > -45
        assert abs(wave.mean()) < 0.02 * wave.std()


def test_a_sound_is_a_function_of_label_group_and_generator():
    one, same = (families.sound("bell 2", generator(1), "train") for _ in range(2))
    assert np.array_equal(one, same)
    others = (
        families.sound("bell 2", generator(2), "train"),
        families.sound("bell 2", generator(1), "test"),
        families.sound("bell 3", generator(1), "train"),
    )
    assert not any(np.array_equal(one, other) for other in others)


def test_unknown_classes_and_groups_are_named():
    with pytest.raises(UnknownName, match=r"no class named 'bel 2' \(near: bell 2"):
        families.sound("bel 2", generator(0), "train")
    with pytest.raises(UnknownName, match="no group 'valid'"):
        families.sound("bell 2", generator(0), "valid")


# --- what the parameters mean ---


def test_pitches_are_those_asked_for():
    rng = generator(1)
    assert peak_of(tones.steady(440.0, 3.0, 2.0, rng), 100, 800) == pytest.approx(440, rel=0.02)
    assert peak_of(tones.blown(300.0, 0.1, 2.0, rng), 100, 500) == pytest.approx(300, rel=0.02)
    assert peak_of(struck.string(200.0, 2.0, 2.0, rng), 100, 300) == pytest.approx(200, rel=0.02)
    assert peak_of(struck.metal(500.0, 0.8, 2.0, rng), 100, 700) == pytest.approx(500, rel=0.05)


def test_rates_are_those_asked_for():
    assert swing_of(noises.modulated(1000.0, 8.0, 3.0, generator(3)), 3, 30) == pytest.approx(
        8, rel=0.05
    )
    assert swing_of(noises.machine(20.0, 500.0, 3.0, generator(3)), 15, 30) == pytest.approx(
        20, rel=0.05
    )
    assert swing_of(voiced.chirp(2000.0, 6.0, 3.0, generator(3)), 3, 9) == pytest.approx(
        6, rel=0.05
    )


def test_a_crackle_of_a_higher_rate_is_less_often_silent():
    def silent(rate):
        return np.mean(levels(noises.crackle(rate, 2000.0, 4.0, generator(2))) < -15)

    assert silent(8) > 0.7 > silent(60) > silent(250)


@pytest.mark.parametrize("second", [2200.0, 1900.0, 1600.0])
def test_the_second_formant_makes_the_vowel(second):
    """The loudest partial above the first formant is the one next to the second."""
    wave = voiced.vowel(second, 100.0, 2.0, generator(4))
    assert peak_of(wave, 1300, 2500) == pytest.approx(second, abs=110)


# --- how hard they are to tell apart ---


def mel_bank():
    """(40, 257): triangles, evenly spread on the mel scale from 50 Hz to 8 kHz."""
    points = np.linspace(*(2595 * np.log10(1 + np.array([50, 8000]) / 700)), BANDS + 2)
    edges = 700 * (10 ** (points / 2595) - 1)
    axis = np.fft.rfftfreq(WINDOW, 1 / RATE)
    low, top, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.clip(np.minimum((axis - low) / (top - low), (high - axis) / (high - top)), 0, None)


def items(group, count):
    """Mean and variance of 40 log-mel bands, whatever the level, (items, 80); classes, (items,)."""
    bank, found = mel_bank(), []
    for label in families.CLASSES:
        for k in range(count):
            wave = families.sound(label, generator(0, group, label, k), group).astype(float)
            wave /= np.sqrt(np.mean(np.square(wave)))
            frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP]
            power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW))) ** 2
            bands = np.log(power @ bank.T + 1e-6)
            found.append(np.concatenate([bands.mean(axis=0), bands.var(axis=0)]))
    return np.array(found), np.repeat(np.arange(len(families.CLASSES)), count)


def softmax_regression(known, labels):
    """Weights, (features, classes), that make the training items' classes likely."""
    truth = np.eye(labels.max() + 1)[labels]

    def loss(flat):
        weights = flat.reshape(known.shape[1], -1)
        chance = softmax(known @ weights, axis=1)
        error = -np.log(chance[np.arange(len(labels)), labels]).mean() + 1e-3 * (flat**2).sum()
        return error, (known.T @ (chance - truth) / len(labels) + 2e-3 * weights).ravel()

    start = np.zeros(known.shape[1] * truth.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    return found.x.reshape(known.shape[1], -1)


def test_a_linear_classifier_is_mostly_right_on_unheard_sounds_and_sometimes_wrong():
    """The range of the specification, E.6; more training sounds bring it nearer to its top."""
    # given
    known, labels = items("train", 11)
    unheard, truth = items("test", 3)
    centre, scale = known.mean(axis=0), known.std(axis=0)
    known, unheard = ((x - centre) / scale for x in (known, unheard))
    # when
    guess = (unheard @ softmax_regression(known, labels)).argmax(axis=1)
    # then
    assert 0.85 < np.mean(guess == truth) < 0.98
