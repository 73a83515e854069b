"""`seldbench import`: released weights become a run; nothing in a file is ever executed."""

import hashlib
import os
import pickle

import numpy as np
import pytest
import torch

from seldbench.annotations.tracks import rows_of_events
from seldbench.audio import Waveform
from seldbench.contracts import Clip, Quiet
from seldbench.errors import BadFile, UnknownName
from seldbench.events import Event, EventList
from seldbench.experiment import importing
from seldbench.geometry import unit_vectors
from seldbench.runs import all_runs
from seldbench.training import checkpoint

CLASSES = ("hiss", "hum")


def noise_clip(name, seed):
    draw = np.random.default_rng(seed)
    wave = 0.1 * draw.standard_normal((4, 5 * 24000))
    ways = np.broadcast_to(unit_vectors(30.0, 0.0), (20, 3))
    events = EventList([Event(1.0, 3.0, "hum", 0, ways, np.full(20, 2.0))])
    rows = rows_of_events({name: events}, CLASSES, 0.1)
    recordings = {"foa": Waveform(wave.astype(np.float32), 24000)}
    return Clip(name, 5.0, recordings, events, directions=rows)


class Space:
    """Signs the contract Dataset, in memory, under the name of the set whose recipe is used."""

    name, task, grid, folds = "starss23-sim", "seld", 0.1, 1
    classes = CLASSES
    splits = ("train/real", "valid", "test")
    citation, licence, simulated = "none", "MIT", "noise"

    def clips(self, split, fold=0):
        return [noise_clip(f"{split[:4]}{i}", i) for i in range(3)]

    def coverage(self, split):
        return 3, 3

    def fingerprint(self):
        return "noise-1-of-a-test"

    def notes(self, split):
        return []

    def provenance(self):
        return {"sounds": "builtin"}


def official_state(channels=7, seed=0):
    """The tensors of the DCASE 2024 baseline for two classes, at random, under its own names."""
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return 0.1 * torch.randn(*shape, generator=draw)

    state = {}
    for block, inputs in enumerate((channels, 64, 64)):
        key = f"conv_block_list.{3 * block}"
        state[f"{key}.conv.weight"] = normal(64, inputs, 3, 3)
        for name in ("conv.bias", "bn.weight", "bn.bias", "bn.running_mean"):
            state[f"{key}.{name}"] = normal(64)
        state[f"{key}.bn.running_var"] = torch.ones(64)
        state[f"{key}.bn.num_batches_tracked"] = torch.tensor(1)
    for layer, inputs in enumerate((128, 256)):
        for way in ("", "_reverse"):
            state[f"gru.weight_ih_l{layer}{way}"] = normal(384, inputs)
            state[f"gru.weight_hh_l{layer}{way}"] = normal(384, 128)
            state[f"gru.bias_ih_l{layer}{way}"] = normal(384)
            state[f"gru.bias_hh_l{layer}{way}"] = normal(384)
    for layer in range(2):
        state[f"mhsa_block_list.{layer}.in_proj_weight"] = normal(384, 128)
        state[f"mhsa_block_list.{layer}.in_proj_bias"] = normal(384)
        state[f"mhsa_block_list.{layer}.out_proj.weight"] = normal(128, 128)
        state[f"mhsa_block_list.{layer}.out_proj.bias"] = normal(128)
        state[f"layer_norm_list.{layer}.weight"] = normal(128)
        state[f"layer_norm_list.{layer}.bias"] = normal(128)
    state |= {"fnn_list.0.weight": normal(128, 128), "fnn_list.0.bias": normal(128)}
    state |= {"fnn_list.1.weight": normal(24, 128), "fnn_list.1.bias": normal(24)}
    return state


def without(name):
    return {key: tensor for key, tensor in official_state().items() if key != name}


class Heard(Quiet):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture
def imported(monkeypatch, tmp_path):
    """Imports a file on the toy set: (lines printed, lines said)."""
    monkeypatch.setattr(importing, "open_dataset", lambda name, root: Space())

    def call(path, kind="dcase2024", dataset="starss23-sim"):
        heard = Heard()
        lines = list(
            importing.import_weights(
                kind, path, tmp_path / "runs", heard, dataset=dataset, data_root=None
            )
        )
        return lines, heard.lines

    return call


def test_released_tensors_become_a_run_that_says_what_it_is(imported, tmp_path):
    path = tmp_path / "model.h5"
    torch.save(official_state(), path)
    lines, said = imported(path)
    (run,) = all_runs(tmp_path / "runs")
    about = run.scores["imported"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (about["sha256"], about["released"]) == (digest, None)
    assert about["scaling"].startswith("starss23-sim noise-1")
    assert any("is none of the released files" in line for line in said)
    assert any("were not released; they are fitted anew" in line for line in said)
    assert any(line.startswith("imported weights: model.h5") for line in lines)
    assert run.about["variant"] == "dcase2024"
    weights, _ = checkpoint.load(run.stage("seld").weights)
    torch.testing.assert_close(
        weights["blocks.1.conv.weight"], official_state()["conv_block_list.3.conv.weight"]
    )
    _, header = checkpoint.load(run.stage("seld").scaling)
    assert header == {"fitted_on": ["train/real"]}


@pytest.mark.parametrize(
    ("dataset", "protocol"), [("starss23", "select_on_test"), ("starss23-sim", "held_out")]
)
def test_on_the_set_that_the_weights_were_selected_on_the_run_says_so(
    imported, tmp_path, dataset, protocol
):
    torch.save(official_state(), tmp_path / "model.h5")
    lines, _ = imported(tmp_path / "model.h5", dataset=dataset)
    (run,) = all_runs(tmp_path / "runs")
    assert run.scores["protocol"] == protocol
    assert any("PROTOCOL select_on_test" in line for line in lines) == (dataset == "starss23")


def test_the_same_file_is_imported_once(imported, tmp_path):
    path = tmp_path / "model.h5"
    torch.save(official_state(), path)
    first, _ = imported(path)
    again, said = imported(path)
    assert again[-1] == first[-1]
    assert "already finished" in said


class Evil:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_a_pickle_with_code_is_refused_and_not_executed(imported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Evil()}, tmp_path / "evil.h5")
    (tmp_path / "plain.h5").write_bytes(pickle.dumps(Evil()))
    for name in ("evil.h5", "plain.h5"):
        with pytest.raises(BadFile, match=f"{name}: not a PyTorch state dict of plain") as refused:
            imported(tmp_path / name)
        assert "weights_only" not in str(refused.value)  # what would run the code
    with pytest.raises(BadFile, match=r"it holds posix\.mkdir"):
        imported(tmp_path / "evil.h5")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "content, message",
    [
        ({"other": torch.zeros(3)}, "no tensor 'conv_block_list.0.conv.weight'"),
        ({"conv_block_list.0.conv.weight": torch.zeros(64, 9, 3, 3)}, "9 input channels"),
        ([torch.zeros(3)], "not a state dict"),
        ({"a": 1}, "no table of plain tensors"),
        ({"a": torch.ones(3).to_sparse()}, "no table of plain tensors"),
        ({"a": torch.tensor([1.0, torch.nan])}, "a holds NaN"),
        (
            without("fnn_list.1.bias"),
            "seldnet, variant dcase2024, .* 2 classes of starss23-sim: wit",
        ),
        (official_state() | {"fnn_list.1.bias": torch.zeros(9)}, r"is \(9,\), here \(24,\)"),
    ],
)
def test_weights_of_another_network_are_named_and_nothing_is_written(
    imported, tmp_path, content, message
):
    torch.save(content, tmp_path / "other.h5")
    with pytest.raises(BadFile, match=f"other.h5: .*{message}"):
        imported(tmp_path / "other.h5")
    assert not (tmp_path / "runs").exists()


def test_no_file_no_torch_file_and_no_release_are_named(imported, tmp_path):
    with pytest.raises(BadFile, match=r"absent\.h5: cannot be read"):
        imported(tmp_path / "absent.h5")
    (tmp_path / "text.h5").write_text("weights")
    with pytest.raises(BadFile, match=r"text\.h5: not a PyTorch state dict"):
        imported(tmp_path / "text.h5")
    with pytest.raises(UnknownName, match="dcase2023"):
        imported(tmp_path / "text.h5", "dcase2023")
