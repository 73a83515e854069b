"""Small notation for events and frame scores, and the golden files."""

import json
from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations import read_durations, read_events, read_predictions
from seldbench.events import EventTable
from seldbench.metrics.events.truth import truth
from seldbench.metrics.uncertainty import Whole
from seldbench.prediction import FrameScores

GOLDEN = Path(__file__).parents[1] / "golden"


def event_table_of(*rows, clips=()):
    """Rows such as "a dog 0.0-1.0": clip, label, onset-offset; `clips` lists silent ones too."""
    cells = [row.split() for row in rows]
    times = np.array([[float(t) for t in c[2].split("-")] for c in cells]).reshape(-1, 2)
    return EventTable(
        np.array([c[0] for c in cells], dtype=object),
        times[:, 0],
        times[:, 1],
        np.array([c[1] for c in cells], dtype=object),
        tuple(dict.fromkeys([*clips, *(c[0] for c in cells)])),
    )


def frame_scores_of(clips, classes, hop=1.0):
    """{clip: (frames, classes)} on a grid of `hop` seconds from 0 on."""
    scores = [np.asarray(clips[name]) for name in clips]
    start = np.concatenate([[0], np.cumsum([len(s) for s in scores])])
    frame = np.concatenate([np.arange(len(s)) for s in scores])
    onset, offset = frame * hop, (frame + 1) * hop
    names = tuple(clips)
    return FrameScores(np.concatenate(scores), start, onset, offset, names, tuple(classes))


@pytest.fixture
def events():
    return event_table_of


@pytest.fixture
def frames():
    return frame_scores_of


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
