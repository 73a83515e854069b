"""`crnn_accdoa` by its sizes, and step by step by hand: no output of the original is frozen."""

import numpy as np
import pytest
import torch
from torch import nn

from seldbench_baselines.architectures.crnn_accdoa import ARCHITECTURE, FrequencyNorm

TWO_BRANCHES = {"sizes": {"frames": 48}, "activations": {"frames": "sed_doa"}}
TINY = {"width": 3, "hidden": 4, "pools": ((2, 2), (1, 2))}


def crnn_accdoa(channels=7, bins=64, sizes=None, **arguments):
    sizes = {"frames": 36} if sizes is None else sizes
    return ARCHITECTURE.build(channels=channels, bins=bins, hop=0.02, sizes=sizes, **arguments)


def count(module):
    return sum(p.numel() for p in module.parameters())


def on_meta(**arguments):
    """The model's shapes without its memory."""
    with torch.device("meta"):
        return crnn_accdoa(**arguments)


@pytest.mark.parametrize(
    "arguments, parameters",
    [
        ({}, 495_564),
        # 3 x 3 x 64 weights for each of the three further channels.
        ({"channels": 10}, 495_564 + 3 * 9 * 64),
        ({"width": 512}, 5_858_124),
        ({"width": 3136}, 182_364_108),
        ({"width": 3150}, 183_970_608),
        ({"width": 3152}, 184_200_684),
        # Two branches: 128 x 128 and 128 x 12 weights, 128 and 12 biases more.
        (TWO_BRANCHES, 495_564 + 128 * 128 + 128 + 128 * 12 + 12),
    ],
)
def test_the_published_sizes(arguments, parameters):
    assert count(on_meta(**arguments)) == parameters


def test_differs_from_keras_by_the_second_bias_of_each_gate():
    model = on_meta()
    second = sum(p.numel() for name, p in model.named_parameters() if ".bias_hh" in name)
    assert second == 2 * 2 * 3 * 128  # layers x directions x gates x units
    assert count(model) - second == 494_028


def test_six_seconds_are_60_label_frames_of_100_ms():
    model = crnn_accdoa().eval()
    assert model.hop == pytest.approx(0.1)
    out = model(torch.zeros(2, 7, 300, 64))
    assert out["frames"].shape == (2, 60, 36)


def test_batch_norm_is_by_frequency_with_keras_epsilon_and_momentum():
    norm = FrequencyNorm(4)
    assert (norm.eps, norm.momentum) == (1e-3, 0.01)
    x = torch.randn(3, 5, 6, 4) * torch.tensor([1.0, 2.0, 3.0, 4.0]) + 7
    y = norm(x).detach()
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2), unbiased=False)
    assert torch.allclose(y, (x - mean) / (variance + 1e-3).sqrt(), atol=1e-5)
    assert torch.allclose(norm.running_mean, 0.01 * mean)


# The network in numpy, in float64, from the baseline's definition.


def array(tensor):
    return tensor.detach().double().numpy()


def convolved(x, conv):
    """(channels, frames, bins), padded by one -> (width, frames, bins)"""
    weight, padded = array(conv.weight), np.pad(x, ((0, 0), (1, 1), (1, 1)))
    out = np.zeros((len(weight), *x.shape[1:])) + array(conv.bias)[:, None, None]
    for i in range(3):
        for j in range(3):
            part = padded[:, i : i + x.shape[1], j : j + x.shape[2]]
            out += np.einsum("oc,ctf->otf", weight[:, :, i, j], part)
    return out


def block(x, layers, pool):
    norm = layers.norm
    x = convolved(x, layers.conv) - array(norm.running_mean)  # the last axis is frequency
    x = x / np.sqrt(array(norm.running_var) + 1e-3) * array(norm.weight) + array(norm.bias)
    x = np.maximum(x, 0)
    width, frames, bins = x.shape
    return x.reshape(width, frames // pool[0], pool[0], bins // pool[1], pool[1]).max((2, 4))


def gru(x, layer, suffix=""):
    """(frames, inputs) -> (frames, hidden), PyTorch's form of the new state."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w, u, b, c = (array(getattr(layer, f"{n}_l0{suffix}")) for n in names)
    h, out = np.zeros(u.shape[1]), []
    for frame in x:
        (wr, wz, wn), (ur, uz, un) = (np.split(v, 3) for v in (w @ frame + b, u @ h + c))
        r, z = 1 / (1 + np.exp(-wr - ur)), 1 / (1 + np.exp(-wz - uz))
        h = (1 - z) * np.tanh(wn + r * un) + z * h
        out.append(h)
    return np.array(out)


def linear(x, layer):
    return x @ array(layer.weight).T + array(layer.bias)


def test_the_network_is_its_definition():
    torch.manual_seed(1)
    heads = {"sizes": {"accdoa": 6, "both": 8}, "activations": {"both": "sed_doa"}}
    model = crnn_accdoa(channels=2, bins=8, **heads, **TINY)
    model = model.eval()
    for name, tensor in model.state_dict().items():
        if "bias" in name or name.endswith("running_mean"):
            tensor.normal_(0, 0.3)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
    features = torch.randn(1, 2, 10, 8)
    x = array(features[0])
    for layers, pool in zip(model.blocks, TINY["pools"]):
        x = block(x, layers, pool)
    x = x.transpose(1, 0, 2).reshape(5, -1)  # frames; channels, then bins within a channel
    for layers in model.grus:
        x = gru(x, layers.gru) * gru(x[::-1], layers.gru, "_reverse")[::-1]
    accdoa, two = model.heads["accdoa"], model.heads["both"]
    expected = {
        "accdoa": np.tanh(linear(linear(x, accdoa[0]), accdoa[2])),
        "both": np.hstack(
            [
                linear(linear(x, two.sed[0]), two.sed[2]),
                np.tanh(linear(linear(x, two.doa[0]), two.doa[2])),
            ]
        ),
    }
    for head, out in model(features).items():
        assert np.allclose(array(out[0]), expected[head], atol=1e-6), head


def test_starts_as_keras_does():
    torch.manual_seed(0)
    model = crnn_accdoa()
    conv, recurrent = model.blocks[1].conv, model.grus[0].gru.weight_hh_l0.detach()
    assert float(conv.weight.detach().abs().max()) <= (6 / (64 * 9 + 64 * 9)) ** 0.5
    assert torch.allclose(recurrent.T @ recurrent, torch.eye(128), atol=1e-5)
    biases = [p for n, p in model.named_parameters() if "bias" in n]
    assert biases and not any(p.any() for p in biases)
    assert all((m.weight == 1).all() for m in model.modules() if isinstance(m, FrequencyNorm))


def test_a_gru_drops_the_same_inputs_in_all_frames():
    torch.manual_seed(0)
    dropout = crnn_accdoa(dropout=0.5).grus[0].dropout.train()
    x = dropout(torch.ones(2, 16, 9))
    assert torch.equal(x, x[..., :1].expand_as(x))
    assert 0 < float((x[..., 0] == 0).float().mean()) < 1


def step(model, x):
    torch.manual_seed(3)
    model.train().zero_grad()
    model(x)["frames"].square().mean().backward()
    return [p.grad.clone() for p in model.parameters()]


def test_checkpointing_changes_neither_gradients_nor_running_statistics():
    torch.manual_seed(2)
    plain = crnn_accdoa(channels=2, bins=8, dropout=0.3, **TINY)
    again = crnn_accdoa(channels=2, bins=8, dropout=0.3, checkpointing=True, **TINY)
    again.load_state_dict(plain.state_dict())
    x = torch.randn(3, 2, 20, 8)
    for ours, theirs in zip(step(again, x), step(plain, x)):
        assert torch.allclose(ours, theirs, atol=1e-7)
    for (name, ours), theirs in zip(again.named_buffers(), plain.buffers()):
        assert torch.equal(ours, theirs), name


def test_checkpointing_keeps_fewer_activations():
    def kept(**arguments):
        sizes = []
        model = crnn_accdoa(width=16, **arguments).train()
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t: sizes.append(t.numel()) or t, lambda t: t
        ):
            model.blocks(torch.randn(1, 7, 300, 64))
        return sum(sizes)

    assert kept(checkpointing=True) < 0.3 * kept()


def test_channels_last_in_memory_gives_the_same_outputs():
    model, x = crnn_accdoa().eval(), torch.randn(2, 7, 50, 64)
    plain = model(x)["frames"]
    model = model.to(memory_format=torch.channels_last)
    last = model(x.contiguous(memory_format=torch.channels_last))["frames"]
    assert torch.allclose(plain, last, atol=1e-6)


def test_outputs_are_float32_inside_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        out = crnn_accdoa()(torch.randn(1, 7, 50, 64))
    assert out["frames"].dtype == torch.float32


def test_heads_end_in_tanh_unless_the_recipe_says_otherwise():
    def tanhs(**activations):
        model = crnn_accdoa(sizes={"frames": 36}, activations=activations)
        return sum(isinstance(m, nn.Tanh) for m in model.modules())

    assert (tanhs(), tanhs(frames="tanh"), tanhs(frames="none")) == (1, 1, 0)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"activations": {"frame": "none"}}, "no head 'frame' \\(near: frames"),
        ({"activations": {"frames": "nine"}}, "frames = 'nine' \\(near: none"),
        ({"sizes": {"frames": 47}, "activations": {"frames": "sed_doa"}}, "4 outputs a class"),
        ({"bins": 16}, "leave no bins"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        crnn_accdoa(**arguments)
