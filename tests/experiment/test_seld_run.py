"""A SELD run from recipe to scores, on plane waves in memory: FOA, two sources, two classes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seldbench.annotations import read_directions, read_frame_outputs, read_run_directions
from seldbench.contracts import Quiet
from seldbench.errors import BadFile, BadRecipe
from seldbench.evaluation import score_seld
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.geometry import angles
from seldbench.recipe import resolve
from seldbench.training import checkpoint

CPU = torch.device("cpu")
CLASSES = ("hiss", "hum")
RECIPE = """
title = "Toy SELD"
source = "the tests"
features = "iv_dcase2022"
layout = "foa"
scorers = ["dcase2021", "dcase2024"]
[model]
width = 8
hidden = 16
[heads.frames]
format = "accdoa"
loss = "mse"
on = ["train"]
[batch]
train = 8
[training]
epochs = 24
steps = 10
window = 2.0
lr = 1e-2
validate_every = 8
[select]
valid = "dcase2021"
[inference]
hop = 1.0
[stages.seld]
[post]
origin = "the tests"
[variants.plain]
[variants.turned]
inference = { rotations = true }
"""


@pytest.fixture(scope="module")
def recipe_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")

    def make(variant="plain", text=RECIPE, **settings):
        path = folder / "seldnet" / "toy.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return resolve(path, "toy", variant, {k.replace("__", "."): v for k, v in settings.items()})

    return make


@pytest.fixture(scope="module")
def trained(space, recipe_of, tmp_path_factory):
    """A finished run, trained within seconds, and the folder of its runs."""
    folder = tmp_path_factory.mktemp("runs")
    return Experiment(recipe_of(), Data(space), 0, folder).run(CPU, Quiet()), folder


def test_a_system_learns_who_sounds_from_where(trained):
    run, _ = trained
    scores = run.scores
    assert scores["scores"]["f20"] > 0.4
    assert scores["scores"]["le_cd"] < 30
    assert scores["scorers"] == ["dcase2021", "dcase2024"]
    assert scores["scores"]["dcase2024/f20"] > 0.3
    assert scores["scores"]["dcase2024/rde_cd"] is None  # nobody says a distance
    assert set(scores["classes"]) == set(CLASSES)
    low, high = scores["intervals"]["f20"]["bootstrap"]
    assert low <= scores["scores"]["f20"] <= high


def test_the_files_of_a_run_hold_the_rows_of_the_set_and_score_the_same(trained, space):
    run, _ = trained
    names = {clip.id for clip in space.clips("test")}
    assert {p.stem for p in (run.predictions / "directions").iterdir()} == names
    given = space.clips("test")[0].directions
    back = read_directions(run.reference / "directions" / f"{given.files[0]}.csv", "polar")
    np.testing.assert_array_equal(back.direction, given.direction)
    again = score_seld(*read_run_directions(run.path), "dcase2021", classes=2)
    assert again.scores["f20"] == run.scores["scores"]["f20"]


def test_frame_outputs_say_how_sure_and_from_where(trained):
    run, _ = trained
    outputs = read_frame_outputs(run.predictions / "outputs.npz")
    assert outputs.scores.shape == (240, 2)
    assert outputs.doa.shape == (240, 2, 3)
    _, predicted = read_run_directions(run.path)
    first = predicted.rows(predicted.file == 0)
    k = outputs.clips.index(predicted.files[0])
    doa = outputs.doa[outputs.start[k] + first.frame[0], first.label[0]]
    azimuth, elevation = angles(doa)
    np.testing.assert_allclose([azimuth, elevation], first.direction[0], atol=1e-3)


def test_scaling_is_fitted_on_the_training_split_and_kept(trained, space):
    run, _ = trained
    tensors, header = checkpoint.load(run.stage("seld").scaling)
    assert header == {"fitted_on": ["train"]}
    waves = np.concatenate([c.recordings["foa"].read()[0] for c in space.clips("train")])
    assert tensors["mean"].shape[0] == 7
    quiet = 10 * np.log10((waves**2).mean())
    assert tensors["mean"][0].mean() < quiet + 40  # decibels of power, not of nothing
    assert not (run.stage("seld").path / "spectra").exists()


def test_turned_scenes_are_heard_by_the_same_weights(trained, space, recipe_of):
    run, folder = trained
    settings = {"stages__seld__init": {"": {"path": str(run.stage("seld").weights)}}}
    settings |= {"training__epochs": 0, "select": "last"}
    turned = Experiment(recipe_of("turned", **settings), Data(space), 0, folder).run(CPU, Quiet())
    plain = run.scores["scores"]
    assert turned.scores["scores"]["le_cd"] < plain["le_cd"] + 2
    assert turned.scores["scores"]["f20"] > plain["f20"] - 0.1
    assert turned.scores["scores"] != plain


def test_a_score_of_another_task_cannot_select_nor_score(space, recipe_of, tmp_path):
    for settings, message in (
        ({"scorers": ["sed"]}, "'sed' scores sed, and toy is a set for seld"),
        ({"select": {"valid": "event_f1_macro"}}, "'event_f1_macro' is no score of toy"),
        ({"post.tune": {"on": "valid"}}, "'event_f1' is no score of a set for seld"),
    ):
        with pytest.raises(BadRecipe, match=message):
            Experiment(recipe_of(**settings), Data(space), 0, tmp_path).prepare()


def test_a_network_of_another_frame_rate_is_refused(space, recipe_of, tmp_path):
    recipe = recipe_of(model__pools=[[10, 4], [1, 4], [1, 2]])
    with pytest.raises(BadRecipe, match=r"label frames of 0\.2 s, but toy is annotated every 0\.1"):
        Experiment(recipe, Data(space), 0, tmp_path).prepare()


def test_a_network_that_says_no_directions_is_refused(space, recipe_of, tmp_path):
    recipe = recipe_of(**{"heads.frames.format": "strong", "heads.frames.loss": "bce"})
    with pytest.raises(
        BadRecipe, match="format strong say no events with directions, by which toy"
    ):
        Experiment(recipe, Data(space), 0, tmp_path).prepare()
    recipe = recipe_of(**{"heads.frames.format": "multi_accdoa", "heads.frames.loss": "adpit"})
    Experiment(recipe, Data(space), 0, tmp_path).prepare()


@pytest.mark.parametrize("split", ("train", "valid", "test"))
def test_a_clip_without_what_the_network_hears_is_named_first(space, recipe_of, tmp_path, split):
    other = space.another()
    *_, last = other.made[split]
    other.made[split][-1] = replace(last, recordings={"mic": last.recordings["foa"]})
    with pytest.raises(BadFile, match=rf"{last.id}: has no 'foa' recording \(it has: mic\)"):
        Experiment(recipe_of(), Data(other), 0, tmp_path).prepare()


def test_the_loss_on_validation_clips_can_select(space, recipe_of, tmp_path):
    recipe = recipe_of(select={"valid": "loss"}, training__epochs=1, training__validate_every=1)
    run = Experiment(recipe, Data(space), 0, tmp_path).run(CPU, Quiet())
    assert run.scores["selected"]["seld"]["score"] < 0  # the loss with its sign turned


def test_choosing_on_test_needs_the_protocol_that_says_so(space, recipe_of, tmp_path):
    with pytest.raises(BadRecipe, match="nothing is chosen on test"):
        recipe_of(select={"test": "dcase2021"})
    parity = {"select": {"test": "dcase2021"}, "fit_on": ["train", "valid", "test"]}
    recipe = recipe_of(protocol="select_on_test", training__epochs=1, **parity)
    run = Experiment(recipe, Data(space), 0, tmp_path).run(CPU, Quiet())
    assert run.scores["protocol"] == "select_on_test"
    _, header = checkpoint.load(run.stage("seld").scaling)
    assert header == {"fitted_on": ["train", "valid", "test"]}


def test_thresholds_are_tuned_on_validation_clips_by_f20(trained, space, recipe_of):
    run, folder = trained
    tune = {"on": "valid", "score": "f20", "thresholds": [0.2, 0.3, 0.4, 0.6]}
    settings = {"stages__seld__init": {"": {"path": str(run.stage("seld").weights)}}}
    settings |= {"training__epochs": 0, "select": "last", "post__tune": tune}
    tuned = Experiment(recipe_of(**settings), Data(space), 0, folder).run(CPU, Quiet())
    assert tuned.scores["post"]["origin"] == "f20 on valid"
    assert set(tuned.scores["post"]["thresholds"].values()) <= {0.2, 0.3, 0.4, 0.5, 0.6}
    assert set(tuned.scores["post"]["thresholds"]) == set(CLASSES)
