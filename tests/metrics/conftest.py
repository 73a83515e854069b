"""The golden files."""

import json
from pathlib import Path

import pytest

from seldbench.annotations import read_durations, read_events, read_predictions
from seldbench.metrics.events.truth import truth
from seldbench.metrics.uncertainty import Whole

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def expected():
    return json.loads((GOLDEN / "expected_sed.json").read_text())


class Golden:
    """A folder of golden inputs."""

    def __init__(self, folder, predictions):
        self.folder = GOLDEN / folder
        self.reference = read_events(self.folder / "ground_truth.tsv")
        self.durations = read_durations(self.folder / "durations.tsv")
        self.known = truth(self.reference, self.durations)
        self.predictions = read_predictions(self.folder / predictions)
        self.ones = Whole(len(self.known.clips))


@pytest.fixture(scope="session")
def student():
    return Golden("desed_student", "operating_points.tsv.gz")


@pytest.fixture(scope="session")
def synthetic():
    return Golden("frame_scores", "scores.npz")


def assert_sed_eval(got, golden):
    """Rates or activity equal a block of sed_eval's results, within 1e-9."""
    names = {"f_measure": "f1"}
    for block in golden.values():
        for name, value in block.items():
            mine = getattr(got, names.get(name, name), None)
            if mine is not None:
                assert mine == pytest.approx(value, abs=1e-9), name


@pytest.fixture(scope="session")
def same_as_sed_eval():
    return assert_sed_eval
