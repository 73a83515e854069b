"""A training's key follows all that determines it, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from seldbench import registry
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment

CHAIN = '[stages.first]\n[stages.sed.init]\n"" = { stage = "first" }'
LABELLED = (
    '[stages.first]\n[stages.sed.labels]\n"train/unlabelled" = { stage = "first", kind = "strong" }'
)
LABELLED += '\n[stages.sed.heads]\nframes = { on = ["train/synthetic", "train/unlabelled"] }'


@pytest.fixture
def keys(toy, toy_text, toy_recipe):
    """{stage: key} of the toy recipe with settings; stages: the text in the place of its stage."""

    def of(stages=CHAIN, seed=0, folder="runs", data=None, limit=None, **settings):
        recipe = toy_recipe(toy_text.replace("[stages.sed]", stages), **settings)
        experiment = Experiment(recipe, Data(data or toy, limit=limit), seed, Path(folder))
        return {node.name: node.key for node in experiment.nodes()}

    return of


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("settings", "follow"),
    [
        ({"training.epochs": 4}, {"first", "sed"}),
        ({"model.hidden": 4}, {"first", "sed"}),
        ({"heads.clip.weight": 0.1}, {"first", "sed"}),
        ({"augment.view": []}, {"first", "sed"}),
        ({"post.medians": 0.2}, {"first", "sed"}),  # decisions select the epoch
        ({"stages.first.training.epochs": 4}, {"first", "sed"}),  # a parent changes its children
        ({"stages.sed.training.epochs": 4}, {"sed"}),  # and a child no parent
    ],
)
def test_a_key_follows_the_configuration_of_the_stage_and_of_its_parents(keys, settings, follow):
    assert changed(keys(), keys(**settings)) == follow


def test_a_key_follows_the_data_the_limit_and_the_seed(keys, toy):
    other = type("Other", (), {**vars(type(toy)), "fingerprint": lambda self: "toy-2"})()
    for changes in ({"seed": 1}, {"limit": 6}, {"data": other}):
        assert changed(keys(), keys(**changes)) == {"first", "sed"}


@pytest.mark.parametrize("kind", ["architectures", "features", "formats"])
def test_a_key_follows_the_version_of_every_component(keys, monkeypatch, kind):
    before, find = keys(), registry.find

    def newer(asked, name):
        found = find(asked, name)
        if asked != kind:
            return found
        if kind == "architectures":
            return replace(found, version=found.version + 1)
        return type("Newer", (found,), {"version": found.version + 1})

    monkeypatch.setattr(registry, "find", newer)
    assert changed(before, keys()) == {"first", "sed"}


def test_a_key_follows_the_content_of_a_file_of_weights_and_not_its_place(keys, tmp_path):
    a, b = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    a.write_bytes(b"one")
    b.write_bytes(b"one")

    def key(path):
        return keys("[stages.sed]", **{"stages.sed.init": {"gru": {"path": str(path)}}})["sed"]

    assert key(a) == key(b)
    b.write_bytes(b"two")
    assert key(a) != key(b)


def test_a_key_is_not_of_words_places_order_or_what_is_done_with_the_outputs(keys, toy_text):
    before = keys()
    assert keys(title="Other", notes="Other words", source="elsewhere") == before
    assert keys(folder="elsewhere") == before
    assert keys(scorers=["sed"]) == before
    assert keys(**{"post.tune": {"on": "valid/synthetic", "thresholds": [0.3]}}) == before
    one, two = {"training.lr": 1e-2, "model.hidden": 4}, {"model.hidden": 4, "training.lr": 1e-2}
    assert keys(**one) == keys(**two)
    variant = f"{CHAIN}\n[variants.a]\n[variants.b.training]\nepochs = 9"
    assert keys(variant) == before


def test_post_processing_is_no_part_of_a_key_where_no_decision_is_taken(keys):
    last = {"select": "last"}
    assert keys(**last, **{"post.medians": 0.2}) == keys(**last)
    # The loss decides nothing either, but labels are decided.
    loss = {"select": {"valid/synthetic": "loss"}}
    assert keys(**loss, **{"post.thresholds": 0.3}) == keys(**loss)
    assert changed(keys(LABELLED, **last), keys(LABELLED, **last, **{"post.medians": 0.2})) == {
        "sed"
    }
