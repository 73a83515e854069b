"""Two networks as one system: who sounds from the one, from where from the other."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from seldbench.annotations import read_frame_outputs
from seldbench.contracts import Quiet
from seldbench.errors import BadFile, BadRecipe, BadRun
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.listen import listen
from seldbench.recipe import resolve

CPU = torch.device("cpu")
RECIPE = """
title = "Toy halves"
source = "the tests"
scorers = ["dcase2021"]
system = "two_stage"
layout = "foa"
features = "iv_dcase2022"
[model]
width = 8
hidden = 16
[batch]
train = 8
[training]
epochs = 8
steps = 10
window = 2.0
lr = 1e-2
validate_every = 4
[inference]
hop = 1.0
[stages.who]
layout = "mic"
each_microphone = true
features = { name = "logmel", layout = "mono" }
select = { valid = "f1_ideal_doa" }
model = { activations = { frames = "none" } }
heads = { frames = { format = "strong", loss = "bce", on = ["train"] } }
[stages.where]
select = { valid = "le_ideal_sed" }
heads = { frames = { format = "doa", loss = "mse", on = ["train"] } }
[stages.where_masked]
select = { valid = "le_ideal_sed" }
heads = { frames = { format = "doa", loss = "masked_mse", on = ["train"] } }
init = { "" = { stage = "where" } }
[post]
origin = "the tests"
tune = { on = "valid", score = "f1_ideal_doa", thresholds = [0.6, 0.4], medians = [0.1, 0.5] }
[variants."1+1"]
answers = { activity = "who", directions = "where" }
[variants."1+2"]
answers = { activity = "who", directions = "where_masked" }
"""


@pytest.fixture(scope="module")
def recipe_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")

    def make(variant="1+2", text=RECIPE, **settings):
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


def test_halves_are_put_together_and_scored_whole_and_each_for_itself(trained):
    run, _ = trained
    scores = run.scores["scores"]
    assert scores["f20"] > 0.3
    assert scores["f1_ideal_doa"] > scores["f20"]  # no direction is wrong
    assert scores["le_ideal_sed"] < 40
    low, high = run.scores["intervals"]["le_ideal_sed"]["bootstrap"]
    assert low <= scores["le_ideal_sed"] <= high
    assert run.scores["selected"]["where"]["score"] < 0  # degrees, and lower is better
    assert run.scores["post"]["origin"] == "f1_ideal_doa on valid"


def test_outputs_of_both_halves_are_kept(trained):
    run, _ = trained
    outputs = read_frame_outputs(run.predictions / "outputs.npz")
    assert outputs.scores.shape == (240, 2)
    assert outputs.doa.shape == (240, 2, 3)
    np.testing.assert_allclose(np.linalg.norm(outputs.doa, axis=-1), 1, atol=1e-4)


def test_a_second_row_trains_nothing_that_the_first_has_trained(trained, space, recipe_of):
    run, folder = trained
    before = {path.name for path in (folder / "stages").iterdir()}
    other = Experiment(recipe_of("1+1"), Data(space), 0, folder).run(CPU, Quiet())
    assert {path.name for path in (folder / "stages").iterdir()} == before
    assert other.about["stages"] == {
        name: key for name, key in run.about["stages"].items() if name != "where_masked"
    }
    assert other.scores["scores"]["f1_ideal_doa"] == run.scores["scores"]["f1_ideal_doa"]
    assert other.scores["scores"]["le_ideal_sed"] != run.scores["scores"]["le_ideal_sed"]


def stage_keys(recipe, space):
    return Experiment(recipe, Data(space), 0, Path("runs")).about()["stages"]


def test_a_training_hangs_on_how_validation_is_heard_not_on_how_test_is(space, recipe_of):
    plain = recipe_of(inference__hop=1.0)
    assert stage_keys(plain, space) != stage_keys(recipe_of(inference__hop=0.5), space)
    apart = [
        recipe_of(validation={"hop": 2.0}, inference__hop=hop, inference__rotations=turned)
        for hop, turned in ((1.0, False), (0.5, True))
    ]
    assert stage_keys(apart[0], space) == stage_keys(apart[1], space)
    assert stage_keys(apart[0], space) != stage_keys(plain, space)
    other = recipe_of(validation={"hop": 1.0}, inference__hop=1.0)
    assert stage_keys(other, space) != stage_keys(apart[0], space)


def test_parameters_are_those_of_the_networks_that_answer(trained, space, recipe_of):
    run, folder = trained
    prepared = Experiment(recipe_of(), Data(space), 0, folder).prepare()
    answering = (prepared["who"], prepared["where_masked"])
    assert run.scores["parameters"] == sum(one.assembly.parameters for one in answering)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"answers": {"activity": "where", "directions": "where"}},
            r"answers\.activity: .*format strong",
        ),
        (
            {"answers": {"activity": "who", "directions": "who"}},
            r"answers\.directions: .*format doa",
        ),
    ],
)
def test_halves_of_the_wrong_kind_are_refused(space, recipe_of, tmp_path, settings, message):
    with pytest.raises(BadRecipe, match=message):
        Experiment(recipe_of(**settings), Data(space), 0, tmp_path).prepare()


@pytest.fixture
def scene(space, tmp_path):
    """The files of a test clip in both layouts: {layout: path}."""
    clip = space.clips("test")[0]
    paths = {layout: tmp_path / layout / "scene.wav" for layout in ("foa", "mic")}
    for layout, path in paths.items():
        path.parent.mkdir()
        waves = clip.recordings[layout].read()
        soundfile.write(path, waves.T, 24000, subtype="FLOAT")
    return paths


def test_recordings_of_one_scene_in_both_layouts_are_heard_together(trained, scene, tmp_path):
    run, folder = trained
    heard = {"runs": folder, "progress": Quiet()}
    written = list(
        listen(run.path.name, [scene["foa"]], tmp_path / "out", mic=[scene["mic"]], **heard)
    )
    outputs = read_frame_outputs(next(p for p in written if p.suffix == ".npz"))
    kept = read_frame_outputs(run.predictions / "outputs.npz")
    np.testing.assert_allclose(outputs.scores, kept.scores[:40], atol=1e-4)
    np.testing.assert_allclose(outputs.doa, kept.doa[:40], atol=1e-3)


def test_a_scene_in_one_layout_alone_is_refused(trained, scene, tmp_path):
    run, folder = trained
    heard = {"runs": folder, "progress": Quiet()}
    with pytest.raises(BadFile, match=r"scene: .* hears a scene in two layouts"):
        list(listen(run.path.name, [scene["foa"]], tmp_path / "out", **heard))
    with pytest.raises(BadRun, match="--channels cannot pick from both"):
        files = {"mic": [scene["mic"]], "channels": (1, 2, 3, 4)}
        list(listen(run.path.name, [scene["foa"]], tmp_path / "out", **files, **heard))
