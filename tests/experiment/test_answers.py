"""Stages that answer for others: inputs of a network, and labels for clips that have none."""

import pytest
import torch
from torch import nn

from seldbench import registry
from seldbench.contracts import Architecture, Quiet
from seldbench.errors import BadRecipe
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.training.data import Batches

CPU = torch.device("cpu")
PSEUDO = """
[stages.teacher]
[stages.sed.labels]
"train/unlabelled" = { stage = "teacher", kind = "KIND" }
[stages.sed.heads]
frames = { on = ["train/synthetic", "train/unlabelled"] }
clip = { on = ["train/synthetic", "train/unlabelled"] }
"""
GIVEN = """
[stages.teacher]
[stages.sed]
architecture = "told"
model = {}
[stages.sed.inputs]
tags = { stage = "teacher", head = "clip", truth = "weak" }
"""


class Told(nn.Module):
    """Says what it was told, and nothing of what it hears."""

    def __init__(self, channels, bins, hop, sizes, **arguments):
        super().__init__()
        self.hop, self.scale = 4 * hop, nn.Parameter(torch.ones(()))

    def forward(self, features, tags):
        frames = features.shape[-2] // 4
        logits = self.scale * tags[:, None].expand(-1, frames, -1)
        return {"frames": logits, "clip": self.scale.clamp(0, 1) * tags}


@pytest.fixture
def told(monkeypatch):
    find = registry.find
    architecture = Architecture(build=Told, source="the tests", notes="")

    def found(kind, name):
        return architecture if (kind, name) == ("architectures", "told") else find(kind, name)

    monkeypatch.setattr(registry, "find", found)


def stages(toy_text, text):
    return toy_text.replace("[stages.sed]", text).replace("epochs = 3", "epochs = 1")


def targets_of(monkeypatch):
    """The targets of every batch that is read, with the number of labelled clips in it."""
    seen, read = [], Batches._batch

    def noted(self, chosen, *, whole):
        batch = read(self, chosen, whole=whole)
        seen.append((batch, [e.clip for _, e in chosen]))
        return batch

    monkeypatch.setattr(Batches, "_batch", noted)
    return seen


@pytest.mark.parametrize("kind", ["strong", "weak"])
def test_clips_without_labels_are_trained_on_with_those_of_another_stage(
    toy_text, toy_recipe, toy, tmp_path, monkeypatch, kind
):
    text = stages(toy_text, PSEUDO.replace("KIND", kind))
    if kind == "weak":  # no frames are known then
        text = text.replace('frames = { on = ["train/synthetic", "train/unlabelled"] }\n', "")
    # A threshold below every score: the teacher says that everything sounds.
    chosen = toy_recipe(text, post__thresholds=-1.0)
    seen = targets_of(monkeypatch)
    Experiment(chosen, Data(toy), 0, tmp_path).run(CPU, Quiet())
    batch, clips = seen[-1]
    unlabelled = slice(4, 6)
    assert (batch.targets["clip"][unlabelled] == 1).all()
    if kind == "strong":
        assert (batch.targets["frames"][unlabelled] == 1).all()
        assert all(clip.events is not None for clip in clips)
    assert all(clip.events is None for clip in toy.clips("train/unlabelled"))


def test_the_key_of_a_stage_follows_the_stage_that_labels_for_it(
    toy_text, toy_recipe, toy, tmp_path
):
    text = stages(toy_text, PSEUDO.replace("KIND", "strong"))

    def keys(**settings):
        nodes = Experiment(toy_recipe(text, **settings), Data(toy), 0, tmp_path).nodes()
        return {node.name: node.key for node in nodes}

    first, second = keys(), keys(**{"stages.teacher.training.lr": 1e-4})
    assert list(first) == ["teacher", "sed"]
    assert first["sed"] != second["sed"]


def test_a_network_is_given_the_truth_in_training_and_the_answer_at_test(
    toy_text, toy_recipe, toy, tmp_path, monkeypatch, told
):
    seen = targets_of(monkeypatch)
    chosen = toy_recipe(stages(toy_text, GIVEN))
    run = Experiment(chosen, Data(toy), 0, tmp_path).run(CPU, Quiet())
    batch, clips = seen[-1]
    truth = [[float(c in clip.events.labels) for c in toy.classes] for clip in clips[:4]]
    assert batch.inputs["tags"][:4].tolist() == truth
    answers = batch.inputs["tags"][4:]  # of unlabelled clips: the teacher's scores
    assert ((answers > 0) & (answers < 1)).all()
    assert run.scores["scores"]["event_f1_macro"] is not None


def test_a_stage_that_nobody_names_cannot_answer(toy_text, toy_recipe, told):
    with pytest.raises(BadRecipe, match=r"no stage 'taecher' to start from \(near: teacher\)"):
        toy_recipe(stages(toy_text, GIVEN.replace('stage = "teacher"', 'stage = "taecher"')))


def test_a_head_that_the_stage_lacks_is_named(toy_text, toy_recipe, toy, tmp_path, told):
    text = stages(toy_text, GIVEN.replace('head = "clip"', 'head = "clips"'))
    with pytest.raises(BadRecipe, match=r"inputs.tags: .*no head 'clips' \(near: clip\)"):
        Experiment(toy_recipe(text), Data(toy), 0, tmp_path).prepare()


def test_frames_cannot_be_given_to_another_network(toy_text, toy_recipe, toy, tmp_path, told):
    text = stages(toy_text, GIVEN.replace('head = "clip", truth = "weak"', 'head = "frames"'))
    with pytest.raises(BadRecipe, match="only one value a class can be given"):
        Experiment(toy_recipe(text), Data(toy), 0, tmp_path).run(CPU, Quiet())
