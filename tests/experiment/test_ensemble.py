"""`seldbench ensemble`: the mean of finished runs as a run of its own."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from seldbench import annotations
from seldbench.contracts import Quiet
from seldbench.errors import BadFile, BadRun
from seldbench.experiment.ensemble import ensemble
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.listen import listen
from seldbench.recipe import resolve
from seldbench.report.results.score_files import of_run
from seldbench.runs import Run
from seldbench.storage import read_json, write_json

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(toy, toy_tags, tag_recipe, module_toy_recipe, tmp_path_factory):
    """Runs of a tagger over two folds (seeds 0, 1, 2) and of a CRNN (seeds 0, 1)."""
    folder = tmp_path_factory.mktemp("ensembles") / "runs"
    for seed in (0, 1, 2):
        recipe = tag_recipe(training__epochs=1)
        Experiment(recipe, Data(toy_tags), seed, folder, (0, 1)).run(CPU, Quiet())
    for seed in (0, 1):
        Experiment(module_toy_recipe(), Data(toy), seed, folder).run(CPU, Quiet())
    return folder


@pytest.fixture(scope="module")
def module_toy_recipe(toy_text, tmp_path_factory):
    """The toy CRNN with a clip mask, medians of three frames and thresholds of its own."""
    path = tmp_path_factory.mktemp("recipes") / "crnn" / "toy.toml"
    path.parent.mkdir(parents=True)
    path.write_text(toy_text)
    settings = {"training.step": "supervised", "training.epochs": 1, "post.medians": 0.2}
    settings |= {"post.thresholds": 0.45, "post.clip_mask": {"frames": "frames", "clip": "clip"}}
    return lambda **more: resolve(path, "toy", None, {**settings, **more})


@pytest.fixture
def runs(folder, tmp_path):
    """A copy that a test may change: the folder, and runs by architecture, in order of seeds."""
    copied = tmp_path / "runs"
    shutil.copytree(folder, copied)
    found = sorted(copied.glob("*-s?"), key=lambda path: path.name[-1])
    taggers = [path.name for path in found if "-ast-" in path.name]
    return copied, taggers, [path.name for path in found if "-crnn-" in path.name]


def averaged(folder, names, **more):
    return ensemble(names, folder, Quiet(), **more)


def test_clip_scores_of_taggers_are_averaged_as_they_were_saved(runs):
    folder, taggers, _ = runs
    run = averaged(folder, taggers)
    members = [annotations.read_clip_scores(folder / n / "predictions/clips.tsv") for n in taggers]
    mean = annotations.read_clip_scores(run.predictions / "clips.tsv")
    assert mean.clips == members[0].clips
    by_hand = (members[0].scores + members[1].scores + members[2].scores) / 3
    np.testing.assert_allclose(mean.scores, by_hand, rtol=1e-12)
    first = annotations.read_tags(folder / taggers[0] / "reference/tags.tsv")
    again = annotations.read_tags(run.reference / "tags.tsv")
    assert again.clips == first.clips and (again.fold == first.fold).all()
    right = by_hand.argmax(axis=1) == [mean.classes.index(c) for c in labels_of(first)]
    assert run.scores["scores"]["accuracy"] == right.mean()
    assert run.scores["scores"]["map"] is not None
    assert set(run.scores["intervals"]["accuracy"]) == {"jackknife", "bootstrap"}


def labels_of(tags):
    return [tags.classes[row.argmax()] for row in tags.labels]


def test_a_run_of_its_own_says_whose_mean_it_is(runs):
    folder, taggers, _ = runs
    run = averaged(folder, taggers, label="Toy ensemble-S")
    scores = run.scores
    singles = [Run(folder / name).scores for name in taggers]
    assert run.about["state"] == "finished"
    assert run.path.name.endswith("-ensemble-toy-ast-default-x3")
    assert scores["arch"] == "ensemble" and scores["seed"] is None
    assert scores["label"] == "Toy ensemble-S"
    assert [member["run"] for member in scores["members"]] == taggers
    assert [member["seed"] for member in scores["members"]] == [0, 1, 2]
    assert scores["parameters"] == 3 * singles[0]["parameters"]
    seconds = sum(single["training_seconds"] for single in singles)
    assert scores["training_seconds"] == pytest.approx(seconds)
    assert scores["data"] == singles[0]["data"]
    result = of_run(run.path)  # tables can read it
    assert len(result.members) == 3 and result.scorer == "tagging"


def test_frame_scores_are_averaged_before_masks_medians_and_thresholds_act(runs):
    folder, _, crnns = runs
    run = averaged(folder, crnns)
    raw = [annotations.read_frame_scores(folder / n / "predictions/unprocessed.npz") for n in crnns]
    clips = [annotations.read_clip_scores(folder / n / "predictions/clips.tsv") for n in crnns]
    given = annotations.read_frame_scores(run.predictions / "scores.npz")
    events = annotations.read_events(run.predictions / "events.tsv")
    for i, clip in enumerate(given.clips):
        assert clips[0].clips[i] == clips[1].clips[i] == clip
        mean = (raw[0].scores[raw[0].rows(clip)] + raw[1].scores[raw[1].rows(clip)]) / 2
        masked = np.minimum(mean, (clips[0].scores[i] + clips[1].scores[i]) / 2)
        silent = np.zeros((1, 2))
        around = np.stack([[masked[0], *masked[:-1]], masked, [*masked[1:], masked[-1]]])
        smooth = np.median(around, axis=0)
        np.testing.assert_allclose(given.scores[given.rows(clip)], smooth, atol=1e-6)
        active = smooth > 0.45
        starts = (active & ~np.concatenate([silent > 0, active[:-1]])).sum()
        assert starts == (events.clip == clip).sum()
    assert set(run.scores["scores"]) == set(Run(folder / crnns[0]).scores["scores"])
    assert of_run(run.path).task == "sed"


def test_a_mean_of_equals_scores_as_they_do(runs):
    folder, _, crnns = runs
    twin = folder / f"{crnns[0]}-twin"
    shutil.copytree(folder / crnns[0], twin)
    write_json(twin / "run.json", {**read_json(twin / "run.json"), "key": "other"})
    run = averaged(folder, [crnns[0], twin.name])
    assert run.scores["scores"] == Run(folder / crnns[0]).scores["scores"]


def test_the_same_runs_in_any_order_are_averaged_once(runs):
    folder, taggers, _ = runs
    first = averaged(folder, taggers)
    again = averaged(folder, [taggers[2], str(folder / taggers[0]), taggers[1]])
    assert again.path == first.path
    assert averaged(folder, taggers[:2]).path != first.path


def test_runs_of_other_post_processing_need_a_word_about_whose_acts(runs, toy, module_toy_recipe):
    folder, _, crnns = runs
    recipe = module_toy_recipe(**{"post.medians": 0.4})
    other = Experiment(recipe, Data(toy), 1, folder).run(CPU, Quiet()).path.name
    with pytest.raises(BadRun, match=r"different medians of high in post.*0\.2; .*0\.4\).*--post"):
        averaged(folder, [crnns[0], other])
    run = averaged(folder, [crnns[0], other], post=other)
    assert run.scores["post"]["medians"] == {"high": 0.4, "low": 0.4}
    with pytest.raises(BadRun, match="--post elsewhere: none of the members"):
        averaged(folder, [crnns[0], other], post="elsewhere")


def test_boxes_are_made_of_the_mean_scores(runs, toy, module_toy_recipe):
    folder, _, _ = runs
    boxes = {"step": 0.3, "absolute": 0.1, "relative": None}
    recipe = module_toy_recipe(**{"post.boxes": boxes, "post.medians": 0.0})
    data = Data(toy)
    members = [Experiment(recipe, data, seed, folder).run(CPU, Quiet()) for seed in (0, 1)]
    run = averaged(folder, [member.path.name for member in members])
    given = annotations.read_frame_scores(run.predictions / "scores.npz")
    rows = given.rows(given.clips[0])
    assert len(np.unique(given.scores[rows, 0])) < 10  # constant over boxes
    assert run.scores["post"]["boxes"]["high"] == boxes


def changed(folder, name, **scores):
    """A copy of a run under another name, other things said in its scores.json."""
    twin = folder / f"{name}-changed"
    shutil.copytree(folder / name, twin)
    write_json(twin / "run.json", {**read_json(twin / "run.json"), "key": "changed"})
    write_json(twin / "scores.json", {**read_json(twin / "scores.json"), **scores})
    return twin.name


def test_fewer_than_two_runs_or_one_twice_have_no_mean(runs):
    folder, taggers, _ = runs
    with pytest.raises(BadRun, match="needs two runs at least"):
        averaged(folder, taggers[:1])
    with pytest.raises(BadRun, match=f"{taggers[0]} is named twice"):
        averaged(folder, [taggers[0], taggers[1], str(folder / taggers[0])])


def test_an_unfinished_run_an_ensemble_and_directions_are_no_members(runs):
    folder, taggers, _ = runs
    made = averaged(folder, taggers)
    with pytest.raises(BadRun, match=f"an ensemble itself; name its members.*{taggers[0]}"):
        averaged(folder, [taggers[0], made.path.name])
    spatial = changed(folder, taggers[0], task="seld")
    with pytest.raises(BadRun, match=r"a run for 'seld'; .* directions of several systems"):
        averaged(folder, [taggers[1], spatial])
    (folder / taggers[2] / "scores.json").unlink()
    with pytest.raises(BadRun, match="not finished"):
        averaged(folder, taggers)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"dataset": "toy2"}, "different data sets .*: toy; .*: toy2"),
        ({"limit": 6}, "different limits .*: None; .*: 6"),
        ({"fold": "0"}, "different folds .*: 0,1; .*: 0"),
        ({"data.fingerprint": "tags-2"}, r"different versions of the data \(fingerprint\)"),
        ({"data.coverage": {"test": [20, 24]}}, r"different test clips .*\[24, 24\].*\[20, 24\]"),
    ],
)
def test_runs_on_other_data_have_no_mean(runs, scores, message):
    folder, taggers, _ = runs
    said = {key: value for key, value in scores.items() if not key.startswith("data.")}
    data = {k.removeprefix("data."): v for k, v in scores.items() if k.startswith("data.")}
    said["data"] = {**Run(folder / taggers[0]).scores["data"], **data}
    with pytest.raises(BadRun, match=message):
        averaged(folder, [taggers[0], changed(folder, taggers[1], **said)])


def test_other_references_or_classes_have_no_mean(runs):
    folder, taggers, _ = runs
    path = folder / taggers[1] / "predictions" / "clips.tsv"
    path.write_text(path.read_text().replace("whistle", "flute", 1))
    with pytest.raises(BadFile, match=r"scores of the classes hiss, hum, flute, .* whistle"):
        averaged(folder, taggers[:2])
    tags = folder / taggers[2] / "reference" / "tags.tsv"
    tags.write_text(tags.read_text().replace("hum", "hiss", 1))
    with pytest.raises(BadRun, match="reference differ; run again"):
        averaged(folder, [taggers[0], taggers[2]])
    assert not list(folder.glob("*-ensemble-*"))  # nothing is begun that cannot end


def test_scores_that_were_only_kept_after_post_processing_are_refused(runs):
    folder, _, crnns = runs
    (folder / crnns[1] / "predictions" / "unprocessed.npz").unlink()
    with pytest.raises(BadRun, match=f"{crnns[1]}: keeps no scores from before its post-proc"):
        averaged(folder, crnns)


def test_an_ensemble_has_no_network_to_listen_with(runs, tmp_path):
    folder, taggers, _ = runs
    made = averaged(folder, taggers)
    with pytest.raises(BadRun, match=f"an ensemble has no network of its own; .*{taggers[0]}"):
        list(listen(made.path.name, [], tmp_path, runs=folder, progress=Quiet()))


def test_the_command_prints_the_scores_and_the_folder(runs, seldbench):
    _, taggers, _ = runs  # the command runs in the folder above
    code, out, err = seldbench("ensemble", *taggers, "--label", "Three of them")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "on simulated data: tones and noise"
    assert any(line.startswith("accuracy ") for line in lines)
    assert "scoring, with intervals" in err
    assert json.loads((Run(Path(lines[-1])).path / "scores.json").read_text())["label"] == (
        "Three of them"
    )
    code, _, err = seldbench("ensemble", taggers[0])
    assert code == 1 and "needs two runs at least" in err
