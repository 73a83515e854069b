"""Every stage of the FB-CRNN and BiCRNN recipes assembles, and hears what its source hears."""

import re

import pytest

from seldbench import registry
from seldbench.datasets.desed import DATASET
from seldbench.experiment.assembly import assemble, input_sizes
from seldbench.experiment.checks import check_batch
from seldbench.recipe import resolve, variants

NAMES = ("fb_crnn/desed", "bicrnn/desed")
SYSTEMS = [(n, v) for n in NAMES for v in variants(registry.data_file("recipes", n))]


def resolved(name, variant, **settings):
    return resolve(registry.data_file("recipes", name), "desed", variant, settings)


def assembled(recipe, stage):
    stage = recipe.stages[stage]
    classes = DATASET.classes
    return assemble(stage, classes, 0, input_sizes(recipe, stage, classes))


@pytest.mark.parametrize("name, variant", SYSTEMS)
def test_every_stage_assembles_with_frames_of_20_ms(name, variant):
    recipe = resolved(name, variant, **{"training.window": 1.0})
    parameters = {}
    for stage in recipe.stages:
        assembly = assembled(recipe, stage)
        assert assembly.windowing.grid == 0.02 and assembly.frames == 50
        check_batch(recipe.stages[stage])
        parameters[stage] = assembly.parameters
    if stated := re.match(r"([\d,]+) parameters", recipe.notes):
        assert parameters[recipe.shown_stage] == int(stated[1].replace(",", ""))


@pytest.mark.parametrize("name, variant", SYSTEMS)
def test_nothing_is_drawn_from_or_chosen_on_test(name, variant):
    recipe = resolved(name, variant)
    assert recipe.protocol == "held_out" and recipe.post.tune.on == "valid/synthetic"
    for stage in recipe.stages.values():
        assert all(s.startswith("train/") for s in [*stage.trained_on, *stage.fitted_on])
        assert all(s.startswith("valid/") for s in stage.selected_on)


def test_the_tagger_of_a_conditioned_network_is_the_published_one():
    alone = resolved("fb_crnn/desed", "paper").stage
    beside = resolved("bicrnn/desed", "tag_conditioned").stages["tagger"]
    differing = {k for k, v in alone.model_dump().items() if v != beside.model_dump()[k]}
    assert differing == {"heads"}  # it says its tags through a head of their own


def test_self_training_goes_from_tags_to_events_and_back_to_the_unlabelled_clips():
    stages = resolved("bicrnn/desed", "self_training").stages
    sources = {
        name: {split: pseudo.stage for split, pseudo in stage.labels.items()}
        for name, stage in stages.items()
    }
    both = ("train/unlabelled", "train/weak")
    assert sources == {
        "tagger": {},
        "tagger_again": {"train/unlabelled": "tagger"},
        "sed_first": dict.fromkeys(both, "tagger_again"),
        "sed": dict.fromkeys(both, "sed_first"),
    }
    assert {name: stage.architecture for name, stage in stages.items()} == {
        "tagger": "fb_crnn",
        "tagger_again": "fb_crnn",
        "sed_first": "bicrnn",
        "sed": "bicrnn",
    }
