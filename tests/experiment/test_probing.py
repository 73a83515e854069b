"""Probes: the test split heard by a trained network in other ways, each scored."""

import copy
from dataclasses import replace

import pytest
import torch

from seldbench import annotations, registry
from seldbench.contracts import Quiet, Variation
from seldbench.errors import BadRun, UnknownName
from seldbench.evaluation import score_sed
from seldbench.experiment import probing
from seldbench.experiment.preparing import Data
from seldbench.experiment.probing import distribution, probe
from seldbench.experiment.run import Experiment
from seldbench.storage import read_json

CPU = torch.device("cpu")


def deaf(network):
    """The network as it is, and one that says nothing."""
    silent = copy.deepcopy(network)
    with torch.no_grad():
        silent.frames.weight.zero_()
        silent.frames.bias.fill_(-20)
    about = {"first_bin": 0, "bins": 2}
    return [Variation("as it is", network, about), Variation("silent", silent, about)]


@pytest.fixture
def run(toy, toy_recipe, tmp_path, monkeypatch):
    find = registry.find

    def found(kind, name):
        thing = find(kind, name)
        return replace(thing, probes={"ears": deaf}) if kind == "architectures" else thing

    monkeypatch.setattr(registry, "find", found)
    monkeypatch.setattr(probing, "open_dataset", lambda name, root: toy)
    return Experiment(toy_recipe(training__lr=2e-2), Data(toy), 0, tmp_path / "runs").run(
        CPU, Quiet()
    )


def test_every_way_of_hearing_leaves_predictions_and_scores(run):
    path = probe(str(run.path), "ears", run.path.parent, None, Quiet())
    found = read_json(path)
    assert [c["name"] for c in found["conditions"]] == ["as it is", "silent"]
    assert found["simulated"] == "tones in noise"
    first, second = (c["scores"]["event_f1_macro"] for c in found["conditions"])
    assert first == pytest.approx(run.scores["scores"]["event_f1_macro"])
    assert second == 0
    own = path.parent / "ears" / "0"
    again = score_sed(
        annotations.read_events(own / "reference" / "ground_truth.tsv"),
        annotations.read_durations(own / "reference" / "durations.tsv"),
        annotations.read_events(own / "predictions" / "events.tsv"),
        resampling=None,
    )
    for label, of in found["classes"].items():
        assert of["event_f1"] == [again.classes[label]["event_f1"], 0.0]


def test_an_unknown_probe_is_named_with_the_nearest(run):
    with pytest.raises(UnknownName, match=r"crnn has no such probe \(near: ears\); it has: ears"):
        probe(str(run.path), "ear", run.path.parent, None, Quiet())


def test_a_probe_on_other_data_than_the_run_s_is_refused(run, toy, monkeypatch):
    monkeypatch.setattr(type(toy), "fingerprint", lambda self: "toy-2")
    with pytest.raises(BadRun, match="another toy than the one found; name its folder"):
        probe(str(run.path), "ears", run.path.parent, None, Quiet())


def test_a_distribution_by_hand():
    found = distribution([0.1, 0.3, 0.2, None])
    assert found["event_f1"] == [0.1, 0.3, 0.2, 0.0]
    assert found["normalised"] == pytest.approx([1 / 3, 1, 2 / 3, 0])
    assert found["centroid"] == pytest.approx((1 + 2 * 2 / 3) / 2)
    assert found["spread"] == pytest.approx(
        ((49 / 36 * 1 / 3 + 1 / 36 + 25 / 36 * 2 / 3) / 2) ** 0.5
    )


def test_a_flat_distribution_has_no_centroid():
    found = distribution([0.2, 0.2])
    assert (found["normalised"], found["centroid"], found["spread"]) == ([0, 0], None, None)
