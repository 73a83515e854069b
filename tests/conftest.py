"""Fixtures that several rooms share: a toy set of clips in memory, small notation for events."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from seldbench.__main__ import main
from seldbench.audio import Waveform
from seldbench.contracts import Clip
from seldbench.events import Event, EventList, EventTable
from seldbench.prediction import FrameScores

# As the command line has it; must stand before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_addoption(parser):
    parser.addoption(
        "--official",
        action="append",
        default=[],
        metavar="PATH",
        help="a checkout of an official SELD scorer, or a folder of them, to compare with",
    )


CLASSES = ("high", "low")
RATE = 16000


def make_tone_clip(name, seed, duration=2.0, labelled=True):
    """Noise with up to one tone of each class: `high` is 3 kHz, `low` 400 Hz."""
    draw = np.random.default_rng([7, seed])
    time = np.arange(round(duration * RATE)) / RATE
    wave = 0.01 * draw.standard_normal(len(time))
    events = []
    for label, frequency in zip(CLASSES, (3000, 400)):
        if draw.random() < 0.7:
            onset = draw.uniform(0, duration - 0.6)
            offset = onset + draw.uniform(0.3, 0.6)
            inside = (time >= onset) & (time < offset)
            wave += 0.3 * inside * np.sin(2 * np.pi * frequency * time)
            events.append(Event(float(onset), float(offset), label))
    recordings = {"mono": Waveform(wave[None].astype(np.float32), RATE)}
    return Clip(name, duration, recordings, EventList(events) if labelled else None)


class ToyDataset:
    """Signs the contract Dataset; in memory, 24 labelled, 8 unlabelled, 12 valid, 8 test clips."""

    name, task, grid, folds = "toy", "sed", None, 1
    classes = CLASSES
    splits = ("train/synthetic", "train/unlabelled", "valid/synthetic", "test")
    sizes = (24, 8, 12, 8)
    citation, licence = "none", "MIT"
    simulated = "tones in noise"

    def __init__(self, root=Path(".")):
        self.made = {
            split: [
                make_tone_clip(f"{i}.wav", 1000 * n + i, labelled=split != "train/unlabelled")
                for i in range(size)
            ]
            for n, (split, size) in enumerate(zip(self.splits, self.sizes))
        }

    def clips(self, split, fold=0):
        return self.made[split]

    def coverage(self, split):
        return len(self.made[split]), len(self.made[split])

    def fingerprint(self):
        return "toy-1"

    def notes(self, split):
        return []

    def provenance(self):
        return {"sounds": "builtin"}


@pytest.fixture(scope="session")
def tone_clip():
    return make_tone_clip


@pytest.fixture(scope="session")
def toy():
    return ToyDataset()


TOY_RECIPE = """
title = "Toy CRNN"
source = "the tests"
features = "logmel_desed"
[model]
widths = [4, 8]
pools = [[2, 4], [2, 4]]
hidden = 8
bn_momentum = 0.1
dropout = 0.1
[heads]
frames = { format = "strong", loss = "bce", on = ["train/synthetic"] }
clip = { format = "weak", loss = "bce", weight = 0.5, on = ["train/synthetic"] }
[batch]
"train/synthetic" = 4
"train/unlabelled" = 2
[augment]
spectrum = [{ name = "mixup", groups = [["train/synthetic"]] }]
view = [{ name = "filter_augment" }]
[training]
step = "mean_teacher"
epochs = 3
window = 2.0
lr = 3e-3
consistency = { ramp_epochs = 2 }
[select]
"valid/synthetic" = "event_f1_macro"
[stages.sed]
[post]
medians = 0.1
origin = "the tests"
"""


@pytest.fixture
def toy_recipe(tmp_path):
    """Writes the toy recipe (or another text) and resolves it with settings."""
    from seldbench.recipe import resolve

    def make(text=TOY_RECIPE, **settings):
        path = tmp_path / "recipes" / "crnn" / "toy.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return resolve(path, "toy", None, {k.replace("__", "."): v for k, v in settings.items()})

    return make


@pytest.fixture(scope="session")
def toy_text():
    return TOY_RECIPE


@pytest.fixture
def seldbench(monkeypatch, capsys, tmp_path):
    """Runs a command in an empty folder: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SELDBENCH_DATA", raising=False)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["seldbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        return exit_.value.code, out, err

    return call


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
