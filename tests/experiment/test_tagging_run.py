"""A tagging run from recipe to scores, over two folds of a toy set in memory."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from seldbench.annotations import read_clip_scores, read_durations, read_tags
from seldbench.contracts import Quiet
from seldbench.errors import BadRecipe, BadRun, MissingData, UnknownName
from seldbench.evaluation import score_tagging_files
from seldbench.experiment.init_option import refuse_heard
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.experiment.start import folds_of, summary

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def run(toy_tags, tag_recipe, tmp_path_factory):
    """A finished run over both folds, trained within seconds."""
    folder = tmp_path_factory.mktemp("runs")
    return Experiment(tag_recipe(), Data(toy_tags), 0, folder, (0, 1)).run(CPU, Quiet())


def test_every_clip_is_tested_once_by_the_network_of_its_fold(run, toy_tags):
    tags = read_tags(run.reference / "tags.tsv")
    assert len(tags.clips) == 24
    assert dict(zip(tags.clips, tags.fold)) == {c.id: i % 2 for i, c in enumerate(toy_tags.made)}
    labels = {
        clip: {tags.classes[k] for k in np.flatnonzero(row)}
        for clip, row in zip(tags.clips, tags.labels)
    }
    assert labels == {clip.id: clip.labels for clip in toy_tags.made}
    assert read_durations(run.reference / "durations.tsv") == dict.fromkeys(labels, 1.0)
    given = read_clip_scores(run.predictions / "clips.tsv")
    assert given.clips == tags.clips and given.classes == toy_tags.classes
    np.testing.assert_allclose(given.scores.sum(axis=1), 1.0, atol=1e-6)
    assert set(run.about["stages"]) == {"tagger@0", "tagger@1"}
    assert run.folds == ["0", "1"]
    assert run.stage("tagger") == run.stage("tagger@0") != run.stage("tagger@1")


def test_accuracy_is_the_mean_over_folds_and_of_all_clips(run):
    scores = run.scores
    assert scores["task"] == "tagging"
    assert scores["scores"]["accuracy_fold_mean"] > 0.8
    folds = [of["accuracy"] for of in scores["folds"].values()]
    assert list(scores["folds"]) == ["0", "1"]
    assert scores["scores"]["accuracy_fold_mean"] == pytest.approx(np.mean(folds))
    assert scores["scores"]["accuracy"] == scores["correct"] / 24
    assert scores["scores"]["map"] > 0.8
    for name in ("accuracy", "accuracy_fold_mean", "map"):
        low, high = scores["intervals"][name]["bootstrap"]
        assert low <= scores["scores"][name] <= high
    assert set(scores["classes"]) == {"hiss", "hum", "whistle"}


def test_anybody_scores_the_same_from_the_run_s_files(run, seldbench):
    files = {"--reference": "reference/tags.tsv", "--predictions": "predictions/clips.tsv"}
    options = [word for name, path in files.items() for word in (name, run.path / path)]
    code, out, _ = seldbench("score", "tagging", *options, "--json")
    assert code == 0
    again, known = json.loads(out), run.scores
    for block in ("scores", "classes", "intervals", "folds", "confusion", "notes"):
        assert again[block] == known[block], block


def test_the_summary_says_accuracy_and_map_with_their_intervals(run):
    lines = list(summary(run.scores))
    assert lines[0] == "on simulated data: tones and noise"
    for name in ("accuracy", "accuracy_fold_mean", "map"):
        (line,) = (text for text in lines if text.split()[0] == name)
        value = run.scores["scores"][name]
        low, high = run.scores["intervals"][name]["bootstrap"]
        assert f"{value:.4f}  [{low:.3f}, {high:.3f}]" in line


def test_a_set_without_folds_has_no_fold_in_its_reference(toy_tags, tag_recipe, tmp_path):
    whole = copy.copy(toy_tags)
    whole.folds = 1
    recipe = tag_recipe(training__epochs=1)
    run = Experiment(recipe, Data(whole, limit=6), 0, tmp_path).run(CPU, Quiet())
    assert read_tags(run.reference / "tags.tsv").fold is None
    assert run.scores["scores"]["accuracy_fold_mean"] is None
    assert run.scores["scores"]["accuracy"] is not None


def test_clips_with_several_labels_have_map_and_no_accuracy(toy_tags, tag_recipe, tmp_path):
    several = copy.copy(toy_tags)
    several.single = False
    both = frozenset({"hiss", "hum"})
    several.made = [replace(c, labels=both) if i < 2 else c for i, c in enumerate(toy_tags.made)]
    settings = {"heads.tags.format": "tags", "heads.tags.loss": "bce", "training.epochs": 1}
    run = Experiment(tag_recipe(**settings), Data(several), 0, tmp_path, (0, 1)).run(CPU, Quiet())
    assert run.scores["scores"]["accuracy"] is None
    assert run.scores["scores"]["map"] is not None
    assert run.scores["scores"]["subset_accuracy"] is not None
    tags = read_tags(run.reference / "tags.tsv")
    assert not tags.single and tags.labels.sum() == 26
    again = score_tagging_files(
        run.reference / "tags.tsv", run.predictions / "clips.tsv", resampling=None
    )
    assert again.scores == run.scores["scores"]


def test_accuracy_on_validation_clips_can_select(toy_tags, tag_recipe, tmp_path):
    other = copy.copy(toy_tags)
    other.splits = ("train", "valid", "test")
    other.clips = lambda split, fold=0: toy_tags.clips("train" if split == "train" else "test")
    recipe = tag_recipe(select={"valid": "accuracy"}, training__epochs=2)
    run = Experiment(recipe, Data(other), 0, tmp_path).run(CPU, Quiet())
    (selected,) = run.scores["selected"].values()
    assert selected["on"] == {"valid": "accuracy"}
    assert 0 <= selected["score"] <= 1


def test_a_clip_whose_labels_are_unknown_cannot_be_tested(toy_tags, tag_recipe, tmp_path):
    other = copy.copy(toy_tags)
    unknown = replace(toy_tags.made[0], labels=None)
    other.made = [unknown, *toy_tags.made[1:]]
    recipe = tag_recipe(training__epochs=0)
    with pytest.raises(MissingData, match=r"0\.wav: its labels are not known"):
        Experiment(recipe, Data(other), 0, tmp_path).run(CPU, Quiet())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scorers": ["sed"]}, "'sed' scores sed, and toy is a set for tagging"),
        (
            {"protocol": "select_on_test", "select": {"test": "psds1"}},
            "'psds1' is no score of toy, a set for tagging; name one of: accuracy, map",
        ),
        ({"post.thresholds": 0.4}, "leave `thresholds` and `medians` out"),
        ({"post.medians": 0.1}, "leave `thresholds` and `medians` out"),
    ],
)
def test_what_does_not_fit_tagging_is_refused_first(
    toy_tags, tag_recipe, tmp_path, settings, message
):
    with pytest.raises(BadRecipe, match=message):
        Experiment(tag_recipe(**settings), Data(toy_tags), 0, tmp_path).prepare(0)


def test_accuracy_selects_only_where_clips_have_one_label(toy_tags, tag_recipe, tmp_path):
    several = copy.copy(toy_tags)
    several.single = False
    recipe = tag_recipe(protocol="select_on_test", select={"test": "accuracy"})
    with pytest.raises(BadRecipe, match=r"'accuracy' is no score of toy.*: map, clip_f1_m"):
        Experiment(recipe, Data(several), 0, tmp_path).prepare(0)
    Experiment(recipe, Data(toy_tags), 0, tmp_path).prepare(0)


def test_a_network_that_says_no_clip_scores_is_refused(toy_tags, tag_text, toy_recipe, tmp_path):
    crnn = "widths = [4, 8]\npools = [[2, 4], [2, 4]]\nhidden = 8\nbn_momentum = 0.1\ndropout = 0.1"
    body = tag_text[tag_text.index("[batch]") :]
    text = f"""
title = "Events of a CRNN"
source = "the tests"
features = "logmel_desed"
scorers = ["tagging"]
select = "last"
[model]
{crnn}
[heads]
frames = {{ format = "strong", loss = "bce", on = [] }}
{body}"""
    with pytest.raises(BadRecipe, match="format strong say no scores of clips, by which toy"):
        Experiment(toy_recipe(text), Data(toy_tags), 0, tmp_path).prepare(0)


def test_a_head_that_clips_cannot_teach_is_refused(toy_tags, tag_recipe, tmp_path):
    settings = {"heads.tags.format": "strong", "heads.tags.loss": "bce"}
    with pytest.raises(BadRecipe, match=r"heads: clip '.*' has no events to encode"):
        Experiment(tag_recipe(**settings), Data(toy_tags), 0, tmp_path).prepare(0)


@pytest.mark.parametrize("fold", [-1, 2])
def test_a_fold_that_the_set_lacks_is_refused(toy_tags, fold):
    with pytest.raises(UnknownName, match=f"--fold {fold}: .* has folds 0 to 1"):
        folds_of(Data(toy_tags), [0, fold])
    assert folds_of(Data(toy_tags), None) == (0, 1)


def test_a_fold_is_refused_where_a_set_has_none(toy):
    with pytest.raises(UnknownName, match="--fold 0: toy has no folds; leave --fold out"):
        folds_of(Data(toy), [0])
    assert folds_of(Data(toy), None) == (0,)


def test_a_run_over_folds_begins_no_training_whose_test_clips_it_heard(run, toy_tags):
    folder, name = run.path.parent, run.path.name
    for folds in ((0, 1), (1,)):
        with pytest.raises(BadRun, match=r"weights are of fold 0.*; name --fold 0 alone"):
            refuse_heard(name, folder, Data(toy_tags), folds)
    refuse_heard(name, folder, Data(toy_tags), (0,))
    other = copy.copy(toy_tags)
    other.name = "other"
    refuse_heard(name, folder, Data(other), (0, 1))
