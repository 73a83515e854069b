"""Runs whose events are boxes, and runs whose post-processing is cross-validated on test."""

import numpy as np
import pytest
import torch

from seldbench import annotations
from seldbench.contracts import Quiet
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.inference.tuning import fold_of

CPU = torch.device("cpu")
SHORT = {"training__epochs": 0, "select": "last"}  # random weights decide something too


@pytest.fixture
def run(toy, toy_recipe, tmp_path):
    def make(**settings):
        recipe = toy_recipe(**SHORT, **settings)
        return Experiment(recipe, Data(toy), 0, tmp_path / "runs").run(CPU, Quiet())

    return make


def test_a_runs_scores_are_those_of_its_boxes(run):
    boxed = run(post__boxes={"step": 0.48, "absolute": 0.2}, post__medians=0.0)
    assert boxed.scores["post"]["boxes"]["high"] == {
        "step": 0.48,
        "absolute": 0.2,
        "relative": None,
    }
    assert "folds" not in boxed.scores["post"]
    frames = annotations.read_frame_scores(boxed.predictions / "scores.npz")
    given = annotations.read_frame_scores(boxed.predictions / "unprocessed.npz")
    assert frames.scores.shape == given.scores.shape
    for clip in frames.clips:
        own = frames.scores[frames.rows(clip)]
        # A box is one score over its extent: few values, where networks give as many as frames.
        assert len(np.unique(own[:, 0])) <= len(own) // 2
    assert boxed.scores["scores"]["psds1"] is not None


def test_each_fold_of_the_test_clips_is_decided_by_values_of_the_others(run):
    tune = {"on": "test", "thresholds": [0.3, 0.45, 0.55, 0.7], "medians": [0.1, 0.3]}
    crossed = run(protocol="cross_validated_on_test", post__tune=tune, post__clip_mask=None)
    post = crossed.scores["post"]
    assert crossed.scores["protocol"] == "cross_validated_on_test"
    assert post["origin"] == "event_f1 on test, cross-validated in 5 folds of clips"
    assert len(post["folds"]) == 5
    given = annotations.read_frame_scores(crossed.predictions / "scores.npz")
    found = annotations.read_events(crossed.predictions / "events.tsv")
    fold = fold_of(given.clips)
    for clip in given.clips:
        thresholds = post["folds"][fold[clip]]["thresholds"]
        above = given.scores[given.rows(clip)] > [thresholds[c] for c in given.classes]
        events = int((np.diff(above, axis=0, prepend=False) & above).sum())
        assert int((found.clip == clip).sum()) == events


def test_nothing_is_tuned_on_test_by_default(toy_recipe):
    with pytest.raises(Exception, match=r"post\.tune: 'test' is no valid split"):
        toy_recipe(post__tune={"on": "test", "thresholds": [0.3]})
