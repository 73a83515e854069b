"""Parts of a network start from weights that others released, or at random, and rows say which."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from seldbench import registry
from seldbench.contracts import Quiet, Weights
from seldbench.errors import BadFile, BadRun, MissingData, UnknownName
from seldbench.experiment.init_option import with_init
from seldbench.experiment.preparing import Data
from seldbench.experiment.released import ours, read_tensors
from seldbench.experiment.run import Experiment
from seldbench.training import checkpoint

CPU = torch.device("cpu")
NO_TRAINING = {"training.epochs": 0, "select": "last"}


def halved(tensors, own, gain=0.5):
    if set(tensors) != {f"theirs.{name}" for name in own}:
        raise ValueError("keys of another network")
    return {name: gain * tensors[f"theirs.{name}"] for name in own}


@pytest.fixture
def released(monkeypatch):
    """A release named `half`, of half the weights in a file."""
    weights = Weights(convert=halved, where="half.pth of nobody", source="the tests")
    find = registry.find

    def found(kind, name):
        return weights if (kind, name) == ("weights", "half") else find(kind, name)

    monkeypatch.setattr(registry, "find", found)


@pytest.fixture
def recipe(toy_recipe, released):
    return toy_recipe(
        **{"stages.sed.init": {"gru": {"weights": "half"}, "blocks.0": "none"}}, **NO_TRAINING
    )


def theirs(experiment, path):
    """A file of theirs for the recipe's GRU, all ones."""
    from seldbench.experiment.assembly import assemble

    network = assemble(experiment.recipe.stage, experiment.data.dataset.classes, 0).network
    tensors = {f"theirs.{n}": torch.ones_like(t) for n, t in network.gru.state_dict().items()}
    torch.save({"epoch": 3, "model": tensors}, path)
    return path


def with_settings(toy_recipe, recipe, settings):
    start = {"gru": {"weights": "half"}, "blocks.0": "none"}
    return toy_recipe(**{"stages.sed.init": start} | NO_TRAINING | settings)


def test_a_part_starts_from_released_weights_and_the_scores_say_so(
    recipe, toy, toy_recipe, tmp_path
):
    experiment = Experiment(recipe, Data(toy), 0, tmp_path / "runs")
    path = theirs(experiment, tmp_path / "half.pth")
    chosen = with_settings(toy_recipe, recipe, with_init(recipe, str(path), tmp_path))
    run = Experiment(chosen, Data(toy), 0, tmp_path / "runs").run(CPU, Quiet())
    tensors = checkpoint.load(run.stage("sed").weights)[0]
    assert all((t == 0.5).all() for n, t in tensors.items() if n.startswith("gru."))
    origin = run.scores["init"]["gru"]
    assert (origin["weights"], origin["file"]) == ("half", "half.pth")
    assert run.scores["init"]["blocks.0"] == "random"


def test_the_key_of_a_training_follows_the_content_of_a_file_and_not_its_place(
    recipe, toy, toy_recipe, tmp_path
):
    def key(path):
        chosen = with_settings(toy_recipe, recipe, with_init(recipe, str(path), tmp_path))
        return Experiment(chosen, Data(toy), 0, tmp_path).nodes()[0].key

    first = theirs(Experiment(recipe, Data(toy), 0, tmp_path), tmp_path / "a.pth")
    second = tmp_path / "b.pth"
    second.write_bytes(first.read_bytes())
    assert key(first) == key(second)
    torch.save({"theirs.x": torch.ones(1)}, second)
    assert key(first) != key(second)


def test_the_key_of_a_training_follows_the_version_of_its_weights(recipe, toy, monkeypatch):
    key = Experiment(recipe, Data(toy), 0, Path("runs")).nodes()[0].key
    find = registry.find

    def newer(kind, name):
        found = find(kind, name)
        return replace(found, version=2) if kind == "weights" else found

    monkeypatch.setattr(registry, "find", newer)
    assert Experiment(recipe, Data(toy), 0, Path("runs")).nodes()[0].key != key


def test_without_a_file_the_run_is_refused_and_says_where_it_is_had(recipe, toy, tmp_path):
    with pytest.raises(MissingData, match=r"half.pth of nobody.*--init PATH; --init none"):
        Experiment(recipe, Data(toy), 0, tmp_path).prepare()


def test_init_none_starts_at_random_and_the_scores_say_so(recipe, toy, toy_recipe, tmp_path):
    chosen = with_settings(toy_recipe, recipe, with_init(recipe, "none", tmp_path))
    run = Experiment(chosen, Data(toy), 0, tmp_path / "runs").run(CPU, Quiet())
    assert run.scores["init"] == {"gru": "random", "blocks.0": "random"}


def test_init_is_refused_where_nothing_starts_from_released_weights(toy_recipe, tmp_path):
    (tmp_path / "x.pth").write_bytes(b"x")
    for init in ("none", str(tmp_path / "x.pth")):
        with pytest.raises(UnknownName, match="starts from no weights that others released"):
            with_init(toy_recipe(), init, tmp_path)


def test_init_of_neither_a_file_nor_a_run_says_that_it_is_neither(recipe, tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("absent.pth", str(tmp_path / "folder")):
        with pytest.raises(
            BadRun,
            match=r"--init .*: no file of weights, no release .* and no run.*half.pth of nobody",
        ):
            with_init(recipe, name, tmp_path)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"theirs.x": torch.ones(2)}, "keys of another network"),
        ({"theirs.x": torch.tensor([torch.nan])}, "theirs.x holds NaN"),
    ],
)
def test_a_file_of_another_network_is_refused_with_its_name(
    recipe, toy, toy_recipe, tmp_path, tensors, message
):
    torch.save(tensors, tmp_path / "other.pth")
    chosen = with_settings(
        toy_recipe, recipe, with_init(recipe, str(tmp_path / "other.pth"), tmp_path)
    )
    with pytest.raises(BadFile, match=rf"other\.pth: {message}"):
        Experiment(chosen, Data(toy), 0, tmp_path).prepare()


def test_an_argument_that_the_weights_do_not_take_is_refused(recipe, toy, toy_recipe, tmp_path):
    path = theirs(Experiment(recipe, Data(toy), 0, tmp_path), tmp_path / "half.pth")
    init = {"gru": {"weights": {"name": "half", "gian": 2.0}, "path": str(path)}}
    chosen = with_settings(toy_recipe, recipe, {"stages.sed.init": init})
    with pytest.raises(BadFile, match="gian"):
        Experiment(chosen, Data(toy), 0, tmp_path).prepare()


def test_weights_of_ours_are_told_from_those_of_others(tmp_path):
    checkpoint.save(tmp_path / "ours.safetensors", {"x": torch.ones(1)}, {})
    save_file({"x": torch.ones(1)}, tmp_path / "theirs.safetensors")
    assert ours(tmp_path / "ours.safetensors")
    assert not ours(tmp_path / "theirs.safetensors")
    assert read_tensors(tmp_path / "theirs.safetensors")["x"].item() == 1
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    with pytest.raises(BadFile, match="no readable safetensors"):
        read_tensors(tmp_path / "broken.safetensors")
