"""`crnn` against frozen outputs of the DESED baseline and of FilterAugSED's CRNN."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from seldbench_baselines.architectures.crnn import ARCHITECTURE
from seldbench_baselines.blocks import Dropout

GOLDEN = Path(__file__).parents[1] / "golden" / "models"
WIDE = {"widths": (32, 64, 128, 256, 256, 256, 256), "gate": "cg", "hidden": 256}
CASES = {"desed_crnn_2022": ({}, "glu"), "filteraug_crnn": (WIDE, "cg")}
SIZES = {"frames": 10, "clip": 10}


def load_fillrule():
    spec = importlib.util.spec_from_file_location("fillrule", GOLDEN / "fillrule.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fillrule = load_fillrule()


def crnn(**arguments):
    sizes = arguments.pop("sizes", SIZES)
    return ARCHITECTURE.build(channels=1, bins=128, hop=0.016, sizes=sizes, **arguments)


def original_name(name, gate):
    """Our state_dict's name -> the original's."""
    part, rest = name.split(".", 1)
    if part == "blocks":
        index, kind, last = rest.split(".", 2)
        kind = {"conv": "conv", "norm": "batchnorm", "gate": gate}[kind]
        return f"cnn.cnn.{kind}{index}.{last}"
    return {
        "gru": f"rnn.rnn.{rest}",
        "frames": f"dense.{rest}",
        "clip": f"dense_softmax.{rest.removeprefix('linear.')}",
    }[part]


def filled(name):
    """The model with the golden's values, and {our tensor name: the original's}."""
    arguments, gate = CASES[name]
    model = crnn(**arguments).eval()
    names = {own: original_name(own, gate) for own in model.state_dict()}
    state = {
        own: torch.from_numpy(fillrule.tensor(names[own], tensor.shape)).float()
        for own, tensor in model.state_dict().items()
        if not own.endswith("num_batches_tracked")
    }
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all(m.endswith("num_batches_tracked") for m in missing)
    return model, names


def golden_input():
    x = torch.from_numpy(fillrule.values("input:input", (2, 128, 626))).float()
    return x.transpose(1, 2).unsqueeze(1)  # (batch, 1, frames, bins)


def outputs(model):
    """In the originals' layout: strong (batch, classes, frames) probabilities, weak."""
    out = model(golden_input())
    return {"strong": out["frames"].sigmoid().transpose(1, 2), "weak": out["clip"]}


def assert_meets(outputs, golden, mode):
    for label, ours in outputs.items():
        archive = golden[f"{mode}_{label}"]
        difference = np.abs(ours.detach().numpy() - archive).max() / np.abs(archive).max()
        assert difference < 1e-5, (mode, label, difference)


def without_dropout(model):
    """Training mode as the goldens were made: no dropout, batch norm momentum 1."""
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    return model


@pytest.mark.parametrize("name", CASES)
def test_meets_the_golden_in_evaluation_training_and_calibrated_mode(name):
    facts = json.loads((GOLDEN / "models.json").read_text())[name]
    golden = np.load(GOLDEN / f"{name}.npz")
    model, names = filled(name)
    assert_meets(outputs(model), golden, "eval")

    train = outputs(without_dropout(model))
    assert_meets(train, golden, "train")
    probes = {k: torch.from_numpy(fillrule.values(f"probe:{k}", v.shape)) for k, v in train.items()}
    loss = sum((v * probes[k]).mean() for k, v in train.items())
    assert float(loss.detach()) == pytest.approx(facts["train"]["loss"], rel=1e-3)
    loss.backward()

    expected = facts["train"]["grad_l2"]
    large = 0.01 * max(expected.values())
    compared = 0
    for own, parameter in model.named_parameters():
        if expected[names[own]] > large:
            assert float(parameter.grad.norm()) == pytest.approx(expected[names[own]], rel=0.01)
            compared += 1
    assert compared > 20
    for own, buffer in model.named_buffers():
        for kind in ("running_mean", "running_var"):
            if own.endswith(kind):
                statistics = facts["train"][f"{kind}_l2"]
                assert float(buffer.norm()) == pytest.approx(statistics[names[own]], rel=1e-4)

    assert_meets(outputs(model.eval()), golden, "calib")


@pytest.mark.parametrize("name", CASES)
def test_has_the_originals_tensors_parameters_and_batch_norms(name):
    facts = json.loads((GOLDEN / "models.json").read_text())[name]
    arguments, gate = CASES[name]
    model = crnn(**arguments)
    shapes = {original_name(k, gate): list(v.shape) for k, v in model.state_dict().items()}
    assert shapes == facts["state_dict"]
    assert sum(p.numel() for p in model.parameters()) == facts["parameters"]["trainable"]
    for own, module in model.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            original = original_name(f"{own}.weight", gate).removesuffix(".weight")
            assert [module.eps, module.momentum] == facts["batch_norm"][original]


def test_the_two_published_sizes():
    def count(model):
        return sum(p.numel() for p in model.parameters())

    assert count(crnn()) == 1_112_420
    assert count(crnn(**WIDE)) == 4_427_956


def test_ten_seconds_are_156_label_frames_of_64_ms():
    model = crnn().eval()
    assert model.hop == pytest.approx(0.064)
    out = model(torch.zeros(1, 1, 626, 128))
    assert out["frames"].shape == (1, 156, 10)
    assert out["clip"].shape == (1, 10)


def test_channels_last_in_memory_gives_the_same_outputs():
    model, x = crnn().eval(), torch.randn(2, 1, 64, 128)
    plain = model(x)
    model = model.to(memory_format=torch.channels_last)
    last = model(x.contiguous(memory_format=torch.channels_last))
    for head in SIZES:
        assert torch.allclose(plain[head], last[head], atol=1e-6)


def test_outputs_are_float32_inside_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        out = crnn()(torch.randn(1, 1, 64, 128))
    assert out["frames"].dtype == out["clip"].dtype == torch.float32


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_dropout_drops_its_share_and_scales_the_rest(p):
    dropout = Dropout(p).train()
    x = torch.ones(4, 6, 50, 33).contiguous(memory_format=torch.channels_last).requires_grad_()
    y = dropout(x)
    assert y.stride() == x.stride()
    assert {round(v, 5) for v in y.unique().tolist()} == {0.0, round(1 / (1 - p), 5)}
    # 39600 elements: five standard deviations are 0.0126 at p = 0.5.
    assert float((y == 0).float().mean()) == pytest.approx(p, abs=0.0126)
    neighbours = (y[:, 1:] == 0) & (y[:, :-1] == 0)
    assert float(neighbours.float().mean()) == pytest.approx(p * p, abs=0.015)
    y.sum().backward()
    assert torch.equal(x.grad, y)


def test_dropout_comes_from_the_seed_and_is_off_in_evaluation():
    dropout, x = Dropout(0.5), torch.ones(3, 1001)

    def drawn(seed):
        torch.manual_seed(seed)
        return dropout.train()(x)

    assert torch.equal(drawn(1), drawn(1)) and not torch.equal(drawn(1), drawn(2))
    assert torch.equal(dropout.eval()(x), x)
    assert torch.equal(Dropout(0.0).train()(x), x)


def test_pools_and_bins_need_not_come_out_at_one_bin():
    model = crnn(widths=(4, 8), pools=((1, 2), (2, 4)), hidden=8)
    assert model.hop == pytest.approx(0.032)
    assert model(torch.zeros(2, 1, 50, 128))["frames"].shape == (2, 25, 10)


@pytest.mark.parametrize("clip", ["attention_class", "attention_time", "linear_softmax"])
def test_a_clip_whose_frames_all_agree_scores_what_they_say(clip):
    model = crnn(widths=(4,), pools=((2, 128),), hidden=4, clip=clip)
    pool, frames = model.clip, torch.full((1, 7, 10), 0.25)
    assert torch.allclose(pool(torch.randn(1, 7, 8), frames), torch.full((1, 10), 0.25))


def test_linear_softmax_weights_frames_with_themselves():
    pool = crnn(widths=(4,), pools=((2, 128),), hidden=4, clip="linear_softmax").clip

    def pooled(*frames):
        x = torch.tensor(frames, requires_grad=True)
        score = pool(None, x.reshape(1, -1, 1))
        score.sum().backward()
        assert x.grad.isfinite().all()
        return float(score.detach())

    assert pooled(1.0, 0.0, 0.0, 0.0) == pytest.approx(1.0)
    assert pooled(0.5, 0.5) == pytest.approx(0.5)
    assert pooled(0.0, 0.0) == pytest.approx(1e-7)


def test_without_a_clip_head_there_is_no_clip_pooling():
    model = crnn(sizes={"frames": 3})
    assert set(model(torch.zeros(1, 1, 8, 128))) == {"frames"}
    assert not any(name.startswith("clip") for name in model.state_dict())


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"gate": "gl"}, "no gate 'gl'.*near: glu"),
        ({"clip": "attention_clas"}, "no clip pooling.*near: attention_class"),
        ({"sizes": {"frame": 10}}, "no head 'frame'.*near: frames"),
        ({"sizes": {"clip": 10}}, "needs a head named 'frames'"),
        ({"sizes": {"frames": 10, "clip": 9}}, "different classes"),
        ({"widths": (16, 32)}, "2 widths but 7 pools"),
        ({"widths": (4,), "pools": ((1, 256),)}, "leave no bins"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        crnn(**arguments)
