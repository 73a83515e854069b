"""A toy set for tagging: one label a clip, two folds, in memory."""

import numpy as np
import pytest

from seldbench.audio import Waveform
from seldbench.contracts import Clip

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
