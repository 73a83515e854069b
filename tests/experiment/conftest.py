"""Toy sets in memory: for tagging, one label a clip and two folds; and plane waves for SELD."""

import numpy as np
import pytest

from seldbench.annotations.tracks import rows_of_events
from seldbench.arrays import foa_gains
from seldbench.audio import Waveform
from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.geometry import unit_vectors

RATE = 16000
KINDS = ("hiss", "hum", "whistle")


def tagged_clip(name, label, seed, seconds=1.0):
    """White noise, a tone of 200 Hz or one of 3 kHz, in faint noise."""
    draw = np.random.default_rng([11, seed])
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 0.003 * draw.standard_normal(len(time))
    if label == "hiss":
        wave += 0.1 * draw.standard_normal(len(time))
    else:
        frequency = {"hum": 200, "whistle": 3000}[label] * draw.uniform(0.9, 1.1)
        wave += draw.uniform(0.1, 0.3) * np.sin(2 * np.pi * frequency * time)
    recordings = {"mono": Waveform(wave[None].astype(np.float32), RATE)}
    return Clip(name, seconds, recordings, labels=frozenset({label}))


class ToyTags:
    """Signs the contract Dataset; clip i is tested in fold i % 2 and trained on in the other."""

    name, task, grid, folds, single = "toy", "tagging", None, 2, True
    classes = KINDS
    splits = ("train", "test")
    citation, licence = "none", "MIT"
    simulated = "tones and noise"

    def __init__(self):
        self.made = [tagged_clip(f"{i}.wav", KINDS[i // 2 % 3], i) for i in range(24)]

    def clips(self, split, fold=0):
        return [c for i, c in enumerate(self.made) if (i % 2 == fold) == (split == "test")]

    def coverage(self, split):
        return len(self.made), len(self.made)

    def fingerprint(self):
        return "tags-1"

    def notes(self, split):
        return []

    def provenance(self):
        return {"sounds": "builtin"}


TAG_RECIPE = """
title = "Toy AST"
source = "the tests"
features = "fbank_ast"
scorers = ["tagging"]
select = "last"
[model]
width = 16
heads = 2
blocks = 1
frames = 98
strides = [16, 16]
[heads.tags]
format = { name = "tags", single = true }
loss = "ce"
on = ["train"]
[batch]
train = 6
[training]
epochs = 8
window = 1.0
lr = 3e-3
[stages.tagger]
[post]
origin = "the tests"
"""


@pytest.fixture(scope="session")
def toy_tags():
    return ToyTags()


@pytest.fixture
def tag_text():
    return TAG_RECIPE


@pytest.fixture(scope="session")
def tag_recipe(tmp_path_factory):
    """Writes the recipe (or another text) and resolves it with settings."""
    from seldbench.recipe import resolve

    folder = tmp_path_factory.mktemp("tag_recipes")

    def make(text=TAG_RECIPE, **settings):
        path = folder / "ast" / "toy.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return resolve(path, "toy", None, {k.replace("__", "."): v for k, v in settings.items()})

    return make


KINDS_IN_SPACE = ("hiss", "hum")
SPACE_RATE = 24000


def sound(label, samples, draw):
    """White noise, or noise that changes slowly."""
    noise = draw.standard_normal(samples)
    if label == "hum":
        noise = np.convolve(noise, np.ones(40) / 6, mode="same")
    return 0.1 * noise


def plane_wave_clip(name, seed, seconds=4.0):
    """A hiss and a hum, each from one of eight directions, half of the time each."""
    draw = np.random.default_rng([3, seed])
    waves = 1e-4 * draw.standard_normal((4, round(seconds * SPACE_RATE)))
    events = []
    for source, label in enumerate(KINDS_IN_SPACE):
        first = int(draw.integers(0, 20))
        doa = unit_vectors(float(45 * draw.integers(8)), 0.0)
        part = slice(first * SPACE_RATE // 10, (first + 20) * SPACE_RATE // 10)
        waves[:, part] += foa_gains(doa)[:, None] * sound(label, part.stop - part.start, draw)
        ways = np.broadcast_to(doa, (20, 3))
        events.append(Event(first / 10, (first + 20) / 10, label, source, ways))
    heard = waves[0] + 1e-3 * draw.standard_normal(waves.shape)  # each microphone for itself
    recordings = {
        layout: Waveform(signal.astype(np.float32), SPACE_RATE)
        for layout, signal in (("foa", waves), ("mic", heard))
    }
    listed = EventList(events)
    rows = rows_of_events({name: listed}, KINDS_IN_SPACE, 0.1)
    return Clip(name, seconds, recordings, listed, directions=rows)


class ToySpace:
    """Signs the contract Dataset; in memory, 40 train, 6 valid, 6 test clips."""

    name, task, grid, folds = "toy", "seld", 0.1, 1
    classes = KINDS_IN_SPACE
    splits = ("train", "valid", "test")
    citation, licence = "none", "MIT"
    simulated = "plane waves"

    def __init__(self):
        self.made = {
            split: [plane_wave_clip(f"{split}{i}", 1000 * n + i) for i in range(size)]
            for n, (split, size) in enumerate(zip(self.splits, (40, 6, 6)))
        }

    def another(self):
        return ToySpace()

    def clips(self, split, fold=0):
        return self.made[split]

    def coverage(self, split):
        return len(self.made[split]), len(self.made[split])

    def fingerprint(self):
        return "space-1"

    def notes(self, split):
        return []

    def provenance(self):
        return {"sounds": "builtin"}


@pytest.fixture(scope="session")
def space():
    return ToySpace()
