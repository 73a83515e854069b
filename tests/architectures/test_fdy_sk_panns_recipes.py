"""FDY-CRNN, SK-CRNN, PANNs-RNN and the small CRNN as their recipes have them: sizes, learning."""

import re

import pytest
import torch

from seldbench import registry
from seldbench.datasets.desed import DATASET
from seldbench.experiment.assembly import assemble
from seldbench.recipe import resolve, variants

NAMES = ("fdy_crnn/desed", "sk_crnn/desed", "panns_rnn/desed")
SYSTEMS = [(n, v) for n in NAMES for v in variants(registry.data_file("recipes", n))]
SMALL = [(n, "small") for n in ("crnn/desed", *NAMES)]


def resolved(name, variant, **settings):
    settings = {key.replace("__", "."): value for key, value in settings.items()}
    return resolve(registry.data_file("recipes", name), "desed", variant, settings)


@pytest.mark.parametrize("name, variant", SYSTEMS)
def test_a_system_assembles_and_has_the_parameters_that_its_notes_state(name, variant):
    recipe = resolved(name, variant, training__window=3.0)
    assembly = assemble(recipe.stage, DATASET.classes, 0)
    hop = 0.1 if name == "panns_rnn/desed" else 0.064
    assert assembly.windowing.grid == pytest.approx(hop)
    assert assembly.frames == int(3.0 / hop + 0.5)
    if stated := re.match(r"([\d,]+) parameters", recipe.notes):
        assert assembly.parameters == int(stated[1].replace(",", ""))


def test_the_papers_system_is_the_first_variant_and_what_differs_is_the_pooled_axis():
    path = registry.data_file("recipes", "fdy_crnn/desed")
    assert variants(path) == ["paper", "freq", "both", "small"]
    models = [resolved("fdy_crnn/desed", v).stage.model for v in ("paper", "freq", "both")]
    assert models == [{}, {"pool_dim": "freq"}, {"pool_dim": "both"}]


def test_fdy_and_sk_crnn_train_as_the_wide_crnn():
    wide = resolved("crnn/desed", "wide")
    for name in ("fdy_crnn/desed", "sk_crnn/desed"):
        recipe = resolved(name, "paper")
        ours, theirs = (r.stage.model_dump() for r in (recipe, wide))
        assert {k for k in ours if ours[k] != theirs[k]} == {"architecture", "model"}
        assert recipe.post == wide.post


def test_panns_rnn_starts_from_released_weights_and_its_encoder_takes_smaller_steps():
    stage = resolved("panns_rnn/desed", "paper").stage
    assert stage.released["encoder"].weights.name == "panns_cnn14"
    assert stage.training.rates["encoder"] < stage.training.lr
    assert resolved("panns_rnn/desed", "small").stage.init == {"encoder": "none"}


def test_small_systems_differ_in_their_networks_alone():
    crnn, *others = (resolved(name, v) for name, v in SMALL)
    for recipe in others:
        same = {"training", "batch", "select", "inference", "heads"} - (
            {"training", "heads"} if "panns" in recipe.architecture else set()
        )
        for key in same:
            assert getattr(recipe.stage, key) == getattr(crnn.stage, key), (recipe.title, key)
        assert (recipe.post.tune, recipe.post.medians) == (crnn.post.tune, crnn.post.medians)
        ours, theirs = recipe.stage.training, crnn.stage.training
        assert (ours.epochs, ours.steps) == (theirs.epochs, theirs.steps)


@pytest.mark.parametrize("name, variant", SMALL[1:])
def test_thirty_steps_lower_the_strong_loss(name, variant, toy):
    recipe = resolved(name, variant, training__window=1.0, inference__hop=1.0)
    assembly = assemble(recipe.stage, toy.classes, 0)
    clips, windowing = toy.clips("train/synthetic")[:4], assembly.windowing
    waves = torch.stack([torch.from_numpy(windowing.cut(clip, 0.0)) for clip in clips])
    spectrum = windowing.spectrum(waves)
    heard = windowing.features.finish(spectrum, windowing.features.statistic(spectrum))
    strong = assembly.formats["frames"]
    target = torch.stack([strong.encode(c, 0.0, assembly.frames, windowing.grid) for c in clips])
    network = assembly.network.train()
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        loss = strong.losses["bce"](network(heard)["frames"], target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
