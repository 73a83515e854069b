"""A training learns: the loss falls, and a few clips can be learnt by heart."""

import json

import torch

from seldbench.contracts import Quiet
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment


def test_thirty_steps_of_a_recipe_lower_the_strong_loss(toy, toy_recipe, tmp_path):
    recipe = toy_recipe(training__epochs=8, training__lr=1e-2)
    run = Experiment(recipe, Data(toy), 0, tmp_path).run(torch.device("cpu"), Quiet())
    assert run.stage("sed").done["steps"] >= 30
    text = (run.stage("sed").path / "log.jsonl").read_text()
    losses = [json.loads(line)["losses"]["frames"] for line in text.splitlines()]
    assert losses[-1] < 0.8 * losses[0]


def test_clips_that_were_learnt_by_heart_are_found_again(toy, toy_recipe, tmp_path):
    """Tested on what it was trained on, a network that can learn at all is nearly perfect."""
    known = KnownTest(toy)
    recipe = toy_recipe(
        training__epochs=40,
        training__step="supervised",
        training__lr=1e-2,
        training__steps=6,
        training__validate_every=20,
        augment__spectrum=[],
        augment__view=[],
        model__dropout=0.0,
        post__medians=0.2,
        batch={"train/synthetic": 8},
    )
    run = Experiment(recipe, Data(known), 0, tmp_path).run(torch.device("cpu"), Quiet())
    assert run.scores["scores"]["event_f1_macro"] > 0.9


class KnownTest:
    """A set whose validation and test clips are eight of its training clips."""

    def __init__(self, dataset):
        self._dataset = dataset

    def __getattr__(self, name):
        return getattr(self._dataset, name)

    def clips(self, split, fold=0):
        return self._dataset.clips("train/synthetic")[:8]

    def fingerprint(self):
        return "toy-known"
