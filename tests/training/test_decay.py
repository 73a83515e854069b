"""How the step size falls."""

from itertools import pairwise
from types import SimpleNamespace

import pytest

from seldbench.recipe import Training
from seldbench.training.loop import decayed


def shares(decay, epochs=10, steps=4):
    """What is left of the step size at every step."""
    training = Training(epochs=epochs, window=1.0, decay=decay)
    job = SimpleNamespace(training=training, batches=SimpleNamespace(steps=steps))
    return [decayed(job, done) for done in range(epochs * steps)]


def test_without_decay_it_stays():
    assert set(shares(None)) == {1.0}


def test_a_step_falls_at_once_after_its_epochs():
    found = shares({"start": 8, "factor": 0.1})
    assert found[:32] == [1.0] * 32
    assert found[32:] == [0.1] * 8


def test_a_line_reaches_its_factor_at_the_last_step():
    found = shares({"start": 7, "factor": 0.25, "shape": "linear"})
    assert found[:29] == [1.0] * 29
    assert found[-1] == pytest.approx(0.25)
    falls = [a - b for a, b in pairwise(found[28:])]
    assert falls == pytest.approx([falls[0]] * len(falls))
