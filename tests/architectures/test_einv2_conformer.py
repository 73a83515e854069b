"""`einv2_conformer` by its parts' sizes, and its Conformer block step by step by hand."""

import math

import numpy as np
import pytest
import torch

from seldbench_baselines.architectures.einv2_conformer import ARCHITECTURE
from seldbench_baselines.conformer import ConformerBlock, relative_shift, sinusoids

SMALL = {"widths": (4, 4, 8, 8), "attention_heads": 2, "kernel": 3}


def einv2_conformer(sizes=None, **arguments):
    sizes = {"frames": 3 * (13 + 3)} if sizes is None else sizes
    return ARCHITECTURE.build(channels=7, bins=128, hop=0.0125, sizes=sizes, **arguments)


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_has_the_published_number_of_parameters_in_each_part():
    model = einv2_conformer()
    assert count(model) == 85_288_432
    # As in einv2 (frozen there), whose blocks are of the same widths.
    assert [count(b) for b in model.convs.sed] == [39_424, 221_696, 885_760, 3_540_992]
    assert [count(b) for b in model.convs.doa] == [41_152, 221_696, 885_760, 3_540_992]
    assert {count(stack) for stack in (*model.sed, *model.doa)} == {12_646_400}
    assert len(model.sed) == len(model.doa) == 3
    # 2 x 2 a channel: 64, 128, 256 in the convolutions, 512 after each pair of stacks.
    assert [count(s) for s in model.convs.stitches] == [256, 512, 1024]
    assert [count(s) for s in model.stitches] == [2048] * 3
    assert {count(head) for head in model.heads} == {512 * 13 + 13 + 512 * 3 + 3}


def test_five_seconds_are_50_label_frames_of_100_ms():
    model = einv2_conformer(**SMALL).eval()
    assert model.hop == pytest.approx(0.1)
    out = model(torch.randn(2, 7, 400, 128))["frames"].detach().unflatten(-1, (3, 16))
    assert out.shape == (2, 50, 3, 16)
    assert float(out[..., 13:].abs().max()) <= 1


def test_each_tracks_directions_read_its_stitched_activity():
    model = einv2_conformer(**SMALL).eval()
    for stitch in model.stitches:
        stitch.weight.data.zero_()
    x = torch.randn(1, 7, 16, 128)
    silent = model(x)["frames"].unflatten(-1, (3, 16))
    # With all weights 0 only the heads' biases (0) are left.
    assert not silent.any()
    model.stitches[1].weight.data[:, 0, 0] = 1
    first, second, third = model(x)["frames"].unflatten(-1, (3, 16)).unbind(-2)
    assert second[..., :13].any() and not second[..., 13:].any()
    assert not first.any() and not third.any()
    model.stitches[1].weight.data[:, 1, 0] = 1
    assert model(x)["frames"].unflatten(-1, (3, 16))[..., 1, 13:].any()


# The Conformer block in numpy, in float64, from its definition.


def layer_norm(x, norm):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return x * array(norm.weight) + array(norm.bias)


def array(tensor):
    return tensor.detach().double().numpy()


def linear(x, layer):
    x = x @ array(layer.weight).T
    return x if layer.bias is None else x + array(layer.bias)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def feed_forward(x, part):
    x = linear(layer_norm(x, part[0]), part[1])
    return linear(x * sigmoid(x), part[4])


def attention(x, part, heads):
    """One sequence, query by query and key by key."""
    frames, width = x.shape
    size = width // heads
    x = layer_norm(x, part.norm)
    query, key, value = (linear(x, p) for p in (part.query, part.key, part.value))
    position = linear(sinusoid_table(frames, width), part.position)
    out = np.zeros((frames, width))
    for h in range(heads):
        own = slice(h * size, (h + 1) * size)
        u, v = array(part.content_bias)[h], array(part.position_bias)[h]
        scores = np.zeros((frames, frames))
        for q in range(frames):
            for k in range(frames):
                scores[q, k] = (query[q, own] + u) @ key[k, own]
                if k <= q:
                    scores[q, k] += (query[q, own] + v) @ position[frames - 1 - (q - k), own]
                elif k > q + 1:
                    scores[q, k] += (query[q + 1, own] + v) @ position[k - q - 2, own]
        weights = np.exp(scores / math.sqrt(width))
        out[:, own] = weights / weights.sum(1, keepdims=True) @ value[:, own]
    return linear(out, part.out)


def sinusoid_table(frames, width):
    table = np.zeros((frames, width))
    for t in range(frames):
        for i in range(width // 2):
            table[t, 2 * i] = math.sin(t / 10000 ** (2 * i / width))
            table[t, 2 * i + 1] = math.cos(t / 10000 ** (2 * i / width))
    return table


def convolution(x, part):
    """One sequence, evaluation mode."""
    pointwise, depthwise, norm, last = (part.convs[i] for i in (0, 2, 3, 5))
    x = layer_norm(x, part.norm) @ array(pointwise.weight)[..., 0].T + array(pointwise.bias)
    values, gates = np.split(x, 2, axis=1)
    x = values * sigmoid(gates)
    kernel = array(depthwise.weight)[:, 0]
    half = kernel.shape[1] // 2
    padded = np.pad(x, ((half, half), (0, 0)))
    x = np.stack([(padded[t : t + 2 * half + 1] * kernel.T).sum(0) for t in range(len(x))])
    x = (x - array(norm.running_mean)) / np.sqrt(array(norm.running_var) + 1e-5)
    x = x * array(norm.weight) + array(norm.bias)
    x = x * sigmoid(x)
    return x @ array(last.weight)[..., 0].T + array(last.bias)


def test_the_conformer_block_is_its_definition():
    torch.manual_seed(1)
    block = ConformerBlock(8, 2, kernel=5).double().eval()
    for name, tensor in block.state_dict().items():
        if name.endswith(("bias", "running_mean")):
            tensor.normal_(0, 0.3)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
    x = torch.randn(2, 7, 8, dtype=torch.float64)
    out = block(x).detach().numpy()
    for one, expected in zip(out, x.numpy()):
        expected = expected + 0.5 * feed_forward(expected, block.first)
        expected = expected + attention(expected, block.attention, heads=2)
        expected = expected + convolution(expected, block.convolution)
        expected = expected + 0.5 * feed_forward(expected, block.second)
        assert np.allclose(one, layer_norm(expected, block.norm), atol=1e-6)


def test_relative_shift_puts_the_last_position_on_the_diagonal():
    scores = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    shifted = relative_shift(scores[None, None])[0, 0]
    # Row q: positions 2 - q .. 2 for keys 0 .. q; then 0, then the next query's first positions.
    assert shifted.tolist() == [[3, 0, 4], [5, 6, 0], [7, 8, 9]]


def test_sinusoids_are_sines_and_cosines_by_turns():
    assert np.allclose(sinusoids(9, 6, torch.device("cpu")), sinusoid_table(9, 6), atol=1e-6)


def test_arguments_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match="an odd one"):
        einv2_conformer(**{**SMALL, "kernel": 30})
    with pytest.raises(ValueError, match="cannot be shared by 3 attention heads"):
        einv2_conformer(**{**SMALL, "attention_heads": 3})
    with pytest.raises(ValueError, match="has one head, not 2"):
        einv2_conformer(sizes={"sed": 39, "doa": 9})
