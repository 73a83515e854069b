"""Stages that hear each microphone alone, begin windows anew, or have finer label frames than the
annotation: prepared, trained, validated and heard on plane waves in memory."""

from dataclasses import replace

import pytest
import torch

from seldbench.annotations import read_frame_outputs
from seldbench.contracts import Quiet
from seldbench.errors import BadRecipe
from seldbench.experiment.assembly import assemble
from seldbench.experiment.checks import check_grid
from seldbench.experiment.graph import Data
from seldbench.experiment.preparing import prepare
from seldbench.experiment.run import Experiment
from seldbench.experiment.scaling import fit_scaling
from seldbench.features._standard import population
from seldbench.recipe import resolve

CPU = torch.device("cpu")
RECIPE = """
title = "Toy microphones"
source = "the tests"
scorers = ["dcase2021"]
system = "two_stage"
answers = { activity = "who", directions = "where" }
[model]
width = 4
hidden = 8
[batch]
train = 8
[training]
epochs = 2
steps = 4
window = 2.0
random_phase = true
lr = 1e-2
[inference]
hop = 1.0
[stages.who]
layout = "mic"
each_microphone = true
features = "logmel"
select = { valid = "loss" }
model = { activations = { frames = "none" } }
heads = { frames = { format = "strong", loss = "bce", on = ["train"] } }
[stages.where]
layout = "foa"
features = "iv_dcase2022"
select = { valid = "le_ideal_sed" }
heads = { frames = { format = "doa", loss = "mse", on = ["train"] } }
inference = { rotations = true }
[post]
origin = "the tests"
"""
# Label frames of 40, 20 ms; the annotation's are 100 ms.
FINE = {"model.pools": [[2, 4], [1, 4], [1, 2]]}
TENTHS = {"model.pools": [[1, 4], [1, 4], [1, 2]], "inference.grid": 0.1}


@pytest.fixture(scope="module")
def recipe_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")

    def make(settings=None, text=RECIPE):
        path = folder / "seldnet" / "toy.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return resolve(path, "toy", None, settings or {})

    return make


def prepared(recipe, stage, space):
    return prepare(recipe, recipe.stages[stage], Data(space), 0)


def test_every_microphone_is_an_example_and_scaling_is_fitted_on_all(space, recipe_of, tmp_path):
    who = prepared(recipe_of(), "who", space)
    (group,) = who.batches.groups
    assert len(group.examples) == 40 * 4 * 2
    assert len(who.scaled_on) == 40 * 4

    path = tmp_path / "scaling.safetensors"
    fit_scaling(who.assembly, who.scaled_on[:8], path, device=CPU, progress=Quiet())
    features = who.assembly.windowing.features
    waves = [clip.recordings["mic"].read() for clip in space.clips("train")[:2]]
    spectra = [
        features.spectrum(torch.from_numpy(w[m][None, None])) for w in waves for m in range(4)
    ]
    mean, scale = population(features._unscaled(s, features.statistic(s), 0) for s in spectra)
    torch.testing.assert_close(features.mean, mean, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(features.scale, scale, atol=1e-3, rtol=1e-3)


def test_the_loss_that_selects_is_the_mean_over_microphones(space, recipe_of, tmp_path):
    who = prepared(recipe_of(), "who", space)
    fit_scaling(who.assembly, who.scaled_on[:8], tmp_path / "s", device=CPU, progress=Quiet())
    network = who.assembly.network
    with torch.inference_mode():
        whole = who.validator(network, CPU)["valid loss"]
        alone = []
        for m in range(4):
            views = [who.assembly.windowing.views(clip)[m] for clip in space.clips("valid")]
            windowing = replace(who.assembly.windowing, each=None)
            one = replace(who.assembly, windowing=windowing)
            alone.append(replace(who.validator, assembly=one, splits={"valid": views}))
        each = [validator(network, CPU)["valid loss"] for validator in alone]
    assert whole == pytest.approx(sum(each) / 4, rel=1e-5)
    assert len(set(each)) == 4


def test_a_system_of_fine_frames_and_single_microphones_answers_on_the_annotations_grid(
    space, recipe_of, tmp_path
):
    recipe = recipe_of(TENTHS)
    run = Experiment(recipe, Data(space, limit=4), 0, tmp_path).run(CPU, Quiet())
    assert run.scores["scores"]["le_ideal_sed"] is not None
    assert all(run.scores["selected"][stage]["score"] < 0 for stage in ("who", "where"))
    outputs = read_frame_outputs(run.predictions / "outputs.npz")
    assert outputs.scores.shape == (4 * 40, 2)
    assembly = assemble(recipe.stages["who"], space.classes, 0)
    assert assembly.windowing.grid == pytest.approx(0.02)
    assert assembly.grid == 0.1


@pytest.mark.parametrize("stage", ["who", "where"])
def test_finer_label_frames_than_the_annotations_need_a_grid(space, recipe_of, stage):
    every = {"model.pools": [[1, 4], [1, 4], [1, 2]]}
    fine = assemble(recipe_of(every).stages[stage], space.classes, 0)
    with pytest.raises(
        BadRecipe, match=r"frames of 0\.02 s, .* 0\.1 s; set inference\.grid to 0\.1"
    ):
        check_grid(fine, "seldnet", space)
    odd = assemble(recipe_of(FINE).stages[stage], space.classes, 0)
    with pytest.raises(BadRecipe, match=r"of 0\.04 s, .* 0\.1 s; choose features or pools that"):
        check_grid(odd, "seldnet", space)
    check_grid(assemble(recipe_of(TENTHS).stages[stage], space.classes, 0), "seldnet", space)


@pytest.mark.parametrize(
    "stage, settings, message",
    [
        (
            "who",
            FINE | {"inference.grid": 0.1},
            r"inference\.grid: 0\.1 s is no multiple .* 0\.04 s",
        ),
        ("who", {"inference.grid": 0.05}, r"inference\.grid: 0\.05 s is no multiple .* of 0\.1 s"),
        ("where", {"each_microphone": True}, r"each_microphone: .*'iv_dcase2022' hear 'foa'"),
        ("who", {"layout": "mono"}, r"each_microphone: .* layout is 'mono'"),
        ("who", {"each_microphone": False}, r"hear 'mono' recordings, .* layout is 'mic'"),
        ("who", {"inference.rotations": True}, r"inference\.rotations: .* heard alone"),
        ("who", {"validation.rotations": True}, r"validation\.rotations: .* heard alone"),
        (
            "who",
            {"inputs": {"tags": {"stage": "where", "head": "frames"}}},
            r"inputs: other stages hear whole clips",
        ),
        (
            "where",
            TENTHS
            | {"heads": {"frames": {"format": "multi_accdoa", "loss": "adpit", "on": ["train"]}}},
            r"inference\.grid, heads\.frames: tracks change places",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(space, recipe_of, stage, settings, message):
    recipe = recipe_of({f"stages.{stage}.{name}": value for name, value in settings.items()})
    with pytest.raises(BadRecipe, match=message):
        assemble(recipe.stages[stage], space.classes, 0)


def test_scenes_are_turned_where_directions_are_learnt_and_not_for_one_microphone(space, recipe_of):
    turned = {"augment.scene": ["rotate"]}
    where = prepared(recipe_of({f"stages.where.{n}": v for n, v in turned.items()}), "where", space)
    assert len(where.hearing.scene) == 1
    with pytest.raises(BadRecipe, match=r"augment\.scene: .* 'mono' cannot be rotated"):
        prepared(recipe_of({f"stages.who.{n}": v for n, v in turned.items()}), "who", space)
