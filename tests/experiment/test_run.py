"""A run from recipe to scores on a toy set in memory; what is there is never made again."""

import copy
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from seldbench.contracts import Quiet
from seldbench.errors import BadRecipe, BadRun, MissingData, UnknownName
from seldbench.events import EventList
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.runs import open_run
from seldbench.storage import read_json, write_json
from seldbench.training import checkpoint

CPU = torch.device("cpu")


class Heard(Quiet):
    """Remembers what was said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture
def experiment(toy, toy_recipe, tmp_path):
    def make(folder="runs", seed=0, limit=None, **settings):
        return Experiment(toy_recipe(**settings), Data(toy, limit=limit), seed, tmp_path / folder)

    return make


def weights_of(run):
    return checkpoint.load(run.stage("sed").weights)[0]


def equal(a, b):
    return set(a) == set(b) and all(torch.equal(a[n], b[n]) for n in a)


def test_a_run_leaves_predictions_scores_and_where_they_come_from(experiment):
    run = experiment().run(CPU, Quiet())
    scores = run.scores
    assert set(scores["scores"]) >= {"psds1", "psds2", "event_f1_macro", "event_f1_micro"}
    low, high = scores["intervals"]["event_f1_macro"]["bootstrap"]
    assert low <= scores["scores"]["event_f1_macro"] <= high
    assert scores["data"]["simulated"] == "tones in noise"
    assert scores["data"]["coverage"]["test"] == [8, 8]
    assert scores["data"]["partial"] is False
    assert run.about["state"] == "finished"
    names = {"events.tsv", "scores.npz", "unprocessed.npz", "clips.tsv"}
    assert {p.name for p in run.predictions.iterdir()} == names
    stage = run.stage("sed")
    assert {p.name for p in stage.path.iterdir()} - {".lock"} == {
        "stage.json",
        "environment.json",
        "log.jsonl",
        "weights.safetensors",
        "done.json",
    }
    log = [json.loads(line) for line in (stage.path / "log.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in log] == [1, 2, 3]
    assert set(log[0]["losses"]) == {"frames", "clip", "consistency/frames", "consistency/clip"}
    assert set(log[0]["valid"]) == {"student", "teacher"}


def test_a_finished_run_is_not_made_again_and_a_shared_stage_not_trained_again(experiment):
    first = experiment().run(CPU, Quiet())
    heard = Heard()
    assert experiment().run(CPU, heard).path == first.path
    assert "already finished" in heard.lines
    heard = Heard()
    other = experiment(post__thresholds=0.5, scorers=["sed"], title="Other").run(CPU, heard)
    assert other.path != first.path
    assert other.about["stages"] == first.about["stages"]
    assert any("already trained" in line for line in heard.lines)


def test_a_scorer_of_another_task_is_refused_before_anything_is_trained(experiment):
    with pytest.raises(BadRecipe, match=r"'dcase2022' scores seld, and .* is a set for sed; .*sed"):
        experiment(scorers=["dcase2022"]).run(CPU, Quiet())


def test_what_determines_a_training_determines_its_key(experiment, toy):
    key = experiment().nodes()[0].key
    assert experiment().nodes()[0].key == key
    assert experiment(seed=1).nodes()[0].key != key
    assert experiment(limit=6).nodes()[0].key != key
    assert experiment(training__epochs=4).nodes()[0].key != key
    tune = {"on": "valid/synthetic", "thresholds": [0.3]}
    assert experiment(post__tune=tune).nodes()[0].key == key


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(experiment):
    a = experiment("a").run(CPU, Quiet())
    b = experiment("b").run(CPU, Quiet())
    c = experiment("c", seed=1).run(CPU, Quiet())
    assert equal(weights_of(a), weights_of(b))
    assert not equal(weights_of(a), weights_of(c))


def test_accumulated_gradients_keep_the_effective_batch(experiment):
    whole = experiment("a", training__epochs=1).nodes()[0]
    cut = experiment("b", training__epochs=1, training__accumulate=2)
    run = cut.run(CPU, Quiet())
    assert run.about["stages"]["sed"] != whole.key
    assert run.stage("sed").done["steps"] == 4


def test_tuned_values_carry_their_split(experiment):
    tune = {"on": "valid/synthetic", "thresholds": [0.2, 0.4], "medians": [0.1, 0.3]}
    run = experiment(post__tune=tune).run(CPU, Quiet())
    post = run.scores["post"]
    assert post["origin"] == "event_f1 on valid/synthetic"
    assert set(post["thresholds"].values()) <= {0.2, 0.4, 0.5}


def relabelled(toy):
    """The same set with every test label exchanged for the other class's."""
    other = copy.copy(toy)
    swap = dict(zip(toy.classes, reversed(toy.classes)))
    test = [
        replace(c, events=EventList(replace(e, label=swap[e.label]) for e in c.events))
        for c in toy.clips("test")
    ]
    other.made = {**toy.made, "test": test}
    return other


def test_no_test_label_changes_what_was_selected(toy, experiment, tmp_path):
    tune = {"on": "valid/synthetic", "thresholds": [0.2, 0.4], "medians": [0.1, 0.3]}
    original = experiment("a", post__tune=tune)
    other = Experiment(original.recipe, Data(relabelled(toy)), 0, tmp_path / "b")
    a, b = original.run(CPU, Quiet()), other.run(CPU, Quiet())
    assert a.scores["selected"] == b.scores["selected"]
    assert a.scores["post"] == b.scores["post"]
    truths = [(run.reference / "ground_truth.tsv").read_text() for run in (a, b)]
    assert truths[0] != truths[1]


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
import torch
from conftest import TOY_RECIPE, ToyDataset
from seldbench.contracts import Quiet
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.recipe import resolve

recipe = resolve(Path({recipe!r}), "toy", None, {{"training.epochs": {epochs}}})
Experiment(recipe, Data(ToyDataset()), 0, Path({runs!r})).run(torch.device("cpu"), Quiet())
"""


def test_kill_9_and_start_again_ends_with_the_same_weights(experiment, toy_recipe, tmp_path):
    whole = experiment("whole", training__epochs=8).run(CPU, Quiet())
    code = KILLED.format(
        tests=str(Path(__file__).parents[1]),
        recipe=str(tmp_path / "recipes" / "crnn" / "toy.toml"),
        runs=str(tmp_path / "killed"),
        epochs=8,
    )
    # One thread count for all: sums in another order differ in the last bit.
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    resume = tmp_path / "killed" / "stages" / whole.about["stages"]["sed"] / "resume.safetensors"
    while not resume.exists():
        assert process.poll() is None, "the training ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (resume.parent / "done.json").exists()

    heard = Heard()
    resumed = experiment("killed", training__epochs=8).run(CPU, heard)
    assert any("resuming after epoch" in line for line in heard.lines)
    assert len(list((tmp_path / "killed").glob("*/run.json"))) == 1
    assert equal(weights_of(whole), weights_of(resumed))
    assert whole.scores["scores"] == resumed.scores["scores"]


def test_an_unknown_split_score_augmentation_loss_or_argument_is_named(experiment):
    wrong = {
        "select": {"valid/synthetic": "event_f1_marco"},
        "heads.frames.loss": "bcee",
        "heads.frames.format": "strongg",
        "model.width": [4],
        "features": {"name": "logmel_desed", "scale": 1},
        "augment.spectrum": [{"name": "mixupp"}],
        "batch": {"train/synthetik": 4},
    }
    for key, value in wrong.items():
        with pytest.raises((UnknownName, BadRecipe), match="near:"):
            experiment(**{key: value}).prepare()


@pytest.mark.parametrize("argument", ["size", "bins"])
def test_what_the_harness_gives_a_network_is_no_argument_of_a_recipe(experiment, argument):
    message = f"crnn' takes no argument '{argument}'; it takes: .*hidden, "
    with pytest.raises(BadRecipe, match=message) as raised:
        experiment(**{f"model.{argument}": 1}).prepare()
    assert "sizes" not in str(raised.value)


def test_a_head_on_a_split_that_is_in_no_batch_is_refused(experiment):
    with pytest.raises(BadRecipe, match=r"heads.clip.on: 'train/weak' is in no batch"):
        experiment(**{"heads.clip.on": ["train/weak"]}).prepare()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training.accumulate": 4}, "the 2 examples of 'train/unlabelled' cannot be cut into 4"),
        ({"model.hidden": 0}, "architecture 'crnn' cannot be built so: .*change its `model`"),
        ({"training.window": 0.001}, "architecture 'crnn' cannot be built so"),
        ({"augment.view": [{"name": "time_mask", "groups": ["valid"]}]}, "augment.view: no split"),
        ({"augment.scene": [{"name": "rotate"}]}, "augment.scene: .*'mono' cannot be rotated"),
        ({"post.medians": -0.1}, "post, heads: a median filter of -0.1 s"),
        ({"post.clip_mask": {"frames": "frame", "clip": "clip"}}, r"'frame' \(near: frames\)"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_trained(experiment, settings, message):
    with pytest.raises(BadRecipe, match=message):
        experiment(**settings).prepare()


def test_first_weights_of_another_network_are_refused_before_anything_is_trained(
    experiment, toy_recipe, toy, tmp_path
):
    first = experiment("first", training__epochs=0, select="last").run(CPU, Quiet())
    weights = str(first.stage("sed").weights)
    for init, error, message in (
        ({"": {"path": weights}}, BadRun, r"gru.weight_ih_l0 is \(24, 64\), here \(12, 64\) \(and"),
        ({"gruu": {"path": weights}}, BadRecipe, r"no part 'gruu' \(near: gru\)"),
        ({"gru": {"path": weights, "part": "g"}}, BadRun, r"without weight_ih_l0 \(and"),
    ):
        settings = {"stages.sed.init": init, "model.hidden": 4}
        with pytest.raises(error, match=message):
            Experiment(toy_recipe(**settings), Data(toy), 0, tmp_path / "second").prepare()


def test_a_run_of_another_version_is_refused(experiment):
    run = experiment(training__epochs=1).run(CPU, Quiet())
    about = read_json(run.path / "run.json")
    write_json(run.path / "run.json", {**about, "format": 99, "seldbench": "9.0"})
    with pytest.raises(BadRun, match=r"run format 99.*use the version that wrote it \(9\.0\)"):
        open_run(run.path)


def test_a_loss_that_is_not_finite_stops_the_training_in_words(experiment):
    with pytest.raises(BadRun, match="lower the step size"):
        experiment(training__lr=1e30).run(CPU, Quiet())


def test_one_stage_starts_from_another_and_its_key_follows(toy_text, toy_recipe, toy, tmp_path):
    two = toy_text.replace(
        "[stages.sed]", '[stages.first]\n[stages.sed.init]\n"" = { stage = "first" }'
    ).replace("epochs = 3", "epochs = 1")
    chosen = toy_recipe(two, **{"stages.sed.training.epochs": 0, "stages.sed.select": "last"})
    experiment = Experiment(chosen, Data(toy), 0, tmp_path / "runs")
    assert [node.name for node in experiment.nodes()] == ["first", "sed"]
    run = experiment.run(CPU, Quiet())
    assert run.stage("first").done["epochs"] == 1
    first = checkpoint.load(run.stage("first").weights)[0]
    assert equal(first, weights_of(run))


def test_a_part_starts_from_a_weights_file_whose_content_is_part_of_the_key(
    experiment, toy_recipe, toy, tmp_path
):
    first = experiment("first", training__epochs=1).run(CPU, Quiet())
    path = first.stage("sed").weights
    settings = {"stages.sed.init": {"gru": {"path": str(path), "part": "gru"}}}
    settings |= {"training.epochs": 0, "select": "last"}
    second = Experiment(toy_recipe(**settings), Data(toy), 7, tmp_path / "second")
    key = second.nodes()[0].key
    run = second.run(CPU, Quiet())
    mine, theirs = weights_of(run), weights_of(first)
    assert all(torch.equal(mine[n], theirs[n]) for n in mine if n.startswith("gru."))
    assert not torch.equal(mine["frames.weight"], theirs["frames.weight"])
    path.write_bytes(path.read_bytes() + b" ")
    assert second.nodes()[0].key != key
    path.unlink()
    with pytest.raises(MissingData, match="give the weights' path"):
        second.nodes()
