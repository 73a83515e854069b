"""The recipes of AST-GRU, AST-SED and AST-RNN on DESED say what the paper says."""

import math

import pytest
import torch

from seldbench import registry
from seldbench.recipe import canonical, recipe_file, resolve
from seldbench.recipe.resolving import variants

SYSTEMS = ("ast_gru", "ast_sed", "ast_rnn")
EVERY = [(s, v) for s in SYSTEMS for v in variants(recipe_file(s, "desed"))]
SMALL = [(s, v) for s, v in EVERY if v.startswith("small")]


def stage_of(system, variant):
    return resolve(recipe_file(system, "desed"), "desed", variant).stages["sed"]


@pytest.mark.parametrize("system, variant", [e for e in EVERY if e not in SMALL])
def test_a_published_system_trains_as_the_paper_says(system, variant):
    stage = stage_of(system, variant)
    training = stage.training
    assert list(stage.batch.values()) == [2, 2, 4, 4]
    assert training.step == "mean_teacher" and training.epochs == 10
    assert training.lr == 1e-4 and training.rates == {"encoder": 5e-6}
    assert training.decay.start == 5
    assert training.decay.factor == pytest.approx(math.exp(-1))
    assert (stage.heads["frames"].weight, stage.heads["clip"].weight) == (1.0, 0.5)
    assert stage.origins["encoder"].weights.name == "ast_audioset"


@pytest.mark.parametrize("system, variant", SMALL)
def test_a_small_system_starts_from_a_small_encoder_and_hears_windows_of_three_seconds(
    system, variant
):
    recipe = resolve(recipe_file(system, "desed"), "desed", variant)
    assert recipe.shown_stage == "sed" and recipe.stages["encoder"].init == {"encoder": "none"}
    stage = recipe.stages["sed"]
    assert stage.init["encoder"].stage == "encoder"
    features = registry.find("features", stage.features.name)()
    network = registry.find("architectures", system).build(
        channels=1, bins=128, hop=0.01, sizes={"frames": 10, "clip": 10}, **stage.model
    )
    frames = features.frames(round(stage.training.window * features.sample_rate))
    assert network.encoder.width == 192
    out = network.eval()(torch.zeros(1, 1, frames, 128))
    assert out["frames"].shape[1] * network.hop == pytest.approx(3.0)


def test_the_small_systems_share_one_encoder():
    found = [
        resolve(recipe_file(system, "desed"), "desed", variant)
        for system, variant in SMALL
        if system != "ast_rnn"
    ]
    assert len({canonical(recipe.stages["encoder"]) for recipe in found}) == 1
    assert len({canonical(recipe.post) for recipe in found}) == 1


def test_the_ablations_of_table_2_differ_in_what_they_ablate():
    def said(system, variant):
        make = registry.find("architectures", system).build
        with torch.device("meta"):
            sizes = {"frames": 10, "clip": 10}
            model = stage_of(system, variant).model
            network = make(channels=1, bins=128, hop=0.01, sizes=sizes, **model)
        return network.fte is not None, network.up

    assert said("ast_gru", "paper") == (False, 1)
    assert said("ast_sed", "ur1") == (True, 1)
    assert said("ast_gru", "lgd") == (False, 10)
    assert said("ast_sed", "paper") == (True, 10)
    assert said("ast_sed", "ur2") == (True, 2)
    assert said("ast_sed", "ur5") == (True, 5)
