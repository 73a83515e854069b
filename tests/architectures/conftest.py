"""Frozen outputs of the original networks, and how our networks are held against them."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

GOLDEN = Path(__file__).parents[1] / "golden" / "models"


def _fillrule():
    spec = importlib.util.spec_from_file_location("fillrule", GOLDEN / "fillrule.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fillrule = _fillrule()


class GoldenModel:
    """One original network: its facts, its outputs, and the tensors both sides are filled with."""

    def __init__(self, name):
        files = (json.loads(path.read_text()) for path in GOLDEN.glob("models*.json"))
        self.facts = next(models[name] for models in files if name in models)
        self.archive = np.load(GOLDEN / f"{name}.npz")

    def state(self):
        """{original name: tensor}, without batch norms' counters."""
        return {
            name: torch.from_numpy(fillrule.tensor(name, shape)).float()
            for name, shape in self.facts["state_dict"].items()
            if not name.endswith("num_batches_tracked")
        }

    def input(self):
        shape = self.facts["inputs"]["input"]
        return torch.from_numpy(fillrule.values("input:input", shape)).float()

    def filled(self, model, converted):
        """The model in evaluation mode with the original's tensors under our names."""
        missing, unexpected = model.load_state_dict(converted(self.state()), strict=False)
        assert not unexpected and all(m.endswith("num_batches_tracked") for m in missing), missing
        return model.eval()

    def assert_has_its_shapes_and_batch_norms(self, model, converted):
        original = {n: torch.empty(s) for n, s in self.facts["state_dict"].items()}
        theirs = {name: list(tensor.shape) for name, tensor in converted(original).items()}
        assert {n: list(t.shape) for n, t in model.state_dict().items()} == theirs
        trainable = sum(p.numel() for p in model.parameters())
        assert trainable == self.facts["parameters"]["trainable"]
        norms = {f"{n}.weight": torch.tensor(v) for n, v in self.facts["batch_norm"].items()}
        ours = {
            f"{name}.weight": torch.tensor([module.eps, module.momentum])
            for name, module in model.named_modules()
            if isinstance(module, nn.modules.batchnorm._BatchNorm)
        }
        assert {n: t.tolist() for n, t in ours.items()} == {
            n: t.tolist() for n, t in converted(norms).items()
        }

    def assert_met(self, model, converted, outputs):
        """In evaluation, training (with loss, gradients, statistics) and calibrated mode.

        converted: {original name: tensor} -> {our name: tensor}.
        outputs: model, input -> {original label: tensor in the original's layout}.
        """
        x = self.input()
        with torch.no_grad():
            self.assert_outputs(outputs(self.filled(model, converted), x), "eval")
        train = outputs(as_in_training(model), x)
        self.assert_outputs(train, "train")
        probes = {
            k: torch.from_numpy(fillrule.values(f"probe:{k}", v.shape)) for k, v in train.items()
        }
        loss = sum((v * probes[k]).mean() for k, v in train.items())
        assert float(loss.detach()) == pytest.approx(self.facts["train"]["loss"], rel=1e-3)
        loss.backward()
        self._assert_gradients(model, converted)
        if not self.facts["batch_norm"]:
            return  # training leaves nothing behind
        self._assert_statistics(model, converted)
        with torch.no_grad():
            self.assert_outputs(outputs(model.eval(), x), "calib")

    def assert_outputs(self, outputs, mode):
        for label, ours in outputs.items():
            archive = self.archive[f"{mode}_{label}"]
            assert ours.shape == archive.shape
            difference = np.abs(ours.detach().numpy() - archive).max() / np.abs(archive).max()
            assert difference < 1e-5, (mode, label, difference)

    def _assert_gradients(self, model, converted):
        norms = self.facts["train"]["grad_l2"]
        expected = {n: float(t.double().norm()) for n, t in converted(self._of_norm(norms)).items()}
        large = 0.01 * max(norms.values())
        compared = 0
        for name, parameter in model.named_parameters():
            if expected[name] > large:
                assert float(parameter.grad.norm()) == pytest.approx(expected[name], rel=0.01), name
                compared += 1
        assert compared > 20

    def _assert_statistics(self, model, converted):
        buffers = dict(model.named_buffers())
        for kind in ("running_mean", "running_var"):
            expected = converted(self._of_norm(self.facts["train"][f"{kind}_l2"]))
            assert expected.keys() == {n for n in buffers if n.endswith(kind)}
            for name, tensor in expected.items():
                norm = float(tensor.norm())
                assert float(buffers[name].norm()) == pytest.approx(norm, rel=1e-4), name

    def _of_norm(self, norms):
        """A tensor of each given norm: what is joined on conversion has the joint norm."""
        shapes = {name: self.facts["state_dict"][name] for name in norms}
        return {
            n: torch.full(shapes[n], norm / np.prod(shapes[n]) ** 0.5, dtype=torch.float64)
            for n, norm in norms.items()
        }


def as_in_training(model):
    """Training mode as the goldens were made: no dropout, batch norm momentum 1."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        if isinstance(module, nn.GRU | nn.MultiheadAttention):
            module.dropout = 0.0
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0
    return model


@pytest.fixture
def golden_model():
    """golden_model(name) -> GoldenModel"""
    return GoldenModel
