"""Built-in dry sounds can be told apart, but not by a glance: a linear classifier on their average
spectra, trained on the training group, is tested on the test group's other sources."""

import numpy as np
import pytest

from seldbench.simulation.dry import RATE, STARSS, TNSSE, builtin_bank
from seldbench.simulation.seeds import generator

BANDS, WINDOW, HOP = 40, 1024, 480


def mel_bank():
    """(40, 513): triangles, evenly spread on the mel scale from 50 Hz to 12 kHz."""
    points = np.linspace(*(2595 * np.log10(1 + np.array([50, 12_000]) / 700)), BANDS + 2)
    edges = 700 * (10 ** (points / 2595) - 1)
    axis = np.fft.rfftfreq(WINDOW, 1 / RATE)
    low, top, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.clip(np.minimum((axis - low) / (top - low), (high - axis) / (high - top)), 0, None)


BANK = mel_bank()


def summary(wave):
    """Mean and deviation of 40 log-mel bands, (80,), whatever the level."""
    wave = wave / np.sqrt(np.mean(np.square(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP] * np.hanning(WINDOW)
    levels = np.log(np.abs(np.fft.rfft(frames)) ** 2 @ BANK.T + 1e-6)
    return np.concatenate([levels.mean(axis=0), levels.std(axis=0)])


def items(bank, group, count):
    found = []
    for k, label in enumerate(bank.classes):
        for j, source in enumerate(bank.sources(group, label)[:count]):
            rng = generator(9, group, label, j)
            seconds = min(source.length(rng), 2.0)
            found.append((summary(source.sound(seconds, rng)), k))
    return np.array([x for x, _ in found]), np.array([k for _, k in found])


@pytest.mark.parametrize("classes", [TNSSE, STARSS], ids=["TNSSE", "STARSS"])
def test_a_linear_classifier_is_mostly_right_on_unheard_sources_and_sometimes_wrong(classes):
    # given
    bank = builtin_bank(classes, 0)
    known, labels = items(bank, "train", 20)
    unheard, truth = items(bank, "test", 12)
    # when: linear discriminants with a pooled, shrunk covariance
    centre, scale = known.mean(axis=0), known.std(axis=0)
    known, unheard = (known - centre) / scale, (unheard - centre) / scale
    means = np.array([known[labels == k].mean(axis=0) for k in range(len(classes))])
    rest = known - means[labels]
    covariance = 0.9 * rest.T @ rest / len(rest)
    covariance += 0.1 * np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
    weights = np.linalg.solve(covariance, means.T)
    guess = (unheard @ weights - 0.5 * (means.T * weights).sum(axis=0)).argmax(axis=1)
    # then
    assert 0.70 < np.mean(guess == truth) < 0.97
