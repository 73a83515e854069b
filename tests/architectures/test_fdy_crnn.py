"""`fdy_crnn` against frozen outputs of FDY-SED's network, and what its convolution is."""

import pytest
import torch
from torch.nn import functional

from seldbench_baselines.architectures.fdy_crnn import ARCHITECTURE, DynamicConv

NAME = "fdy_crnn"
SMALL = {"widths": (4, 6, 8), "pools": ((2, 4), (2, 4), (1, 8)), "hidden": 8}


def fdy_crnn(**arguments):
    given = {"channels": 1, "bins": 128, "hop": 0.016, "sizes": {"frames": 10, "clip": 10}}
    return ARCHITECTURE.build(**(given | arguments))


def own_name(name):
    """The original's state_dict name -> ours."""
    if name.startswith("cnn.cnn."):
        kind, rest = name.removeprefix("cnn.cnn.").split(".", 1)
        kind, index = kind[:-1], kind[-1]
        if kind == "conv" and index != "0":
            for original, ours in (("attention.conv1d1", "0"), ("attention.bn", "1")):
                rest = rest.replace(original, f"weights.layers.{ours}")
            rest = rest.replace("attention.conv1d2", "weights.layers.3")
            rest = "basis" if rest == "weight" else rest
        return (
            f"blocks.{index}.{ {'conv': 'conv', 'batchnorm': 'norm', 'cg': 'gate'}[kind] }.{rest}"
        )
    part, rest = name.split(".", 1)
    return {
        "rnn": f"gru.{rest.removeprefix('rnn.')}",
        "dense": f"frames.{rest}",
        "dense_softmax": f"clip.linear.{rest}",
    }[part]


def converted(state):
    """Five axes become four: the original's basis kernels stand one after the other."""
    return {
        own_name(name): tensor.flatten(0, 1) if tensor.dim() == 5 else tensor
        for name, tensor in state.items()
    }


def outputs(model, x):
    """In the original's layout: strong (batch, classes, frames) probabilities, weak."""
    out = model(x.transpose(1, 2).unsqueeze(1))  # (batch, 1, frames, bins)
    return {"strong": out["frames"].sigmoid().transpose(1, 2), "weak": out["clip"]}


def test_meets_the_golden_in_evaluation_training_and_calibrated_mode(golden_model):
    golden_model(NAME).assert_met(fdy_crnn(), converted, outputs)


def test_has_the_originals_tensors_parameters_and_batch_norms(golden_model):
    golden_model(NAME).assert_has_its_shapes_and_batch_norms(fdy_crnn(), converted)


def test_the_published_size():
    assert sum(p.numel() for p in fdy_crnn().parameters()) == 11_061_468


def dynamic(pool_dim, *, kernels=4, temperature=1.0):
    torch.manual_seed(2)
    conv = DynamicConv(3, 5, kernels=kernels, temperature=temperature, pool_dim=pool_dim).eval()
    for parameter in conv.weights.parameters():
        torch.nn.init.normal_(parameter)
    return conv


@pytest.mark.parametrize("pool_dim", ["time", "freq", "both"])
def test_a_dynamic_convolution_is_the_sum_of_weighted_convolutions(pool_dim):
    conv, x = dynamic(pool_dim), torch.randn(2, 3, 9, 7)
    basis, weights = conv.basis.chunk(4), conv.weights(x)
    expected = sum(weights[:, k] * functional.conv2d(x, basis[k], padding=1) for k in range(4))
    assert torch.allclose(conv(x), expected, atol=1e-5)


@pytest.mark.parametrize(
    "pool_dim, shape",
    [("time", (2, 4, 1, 1, 7)), ("freq", (2, 4, 1, 9, 1)), ("both", (2, 4, 1, 1, 1))],
)
def test_weights_vary_along_the_axis_that_was_not_pooled_and_sum_to_one(pool_dim, shape):
    weights = dynamic(pool_dim).weights(torch.randn(2, 3, 9, 7))
    assert weights.shape == shape
    assert torch.allclose(weights.sum(1), torch.ones(()))


def moved(pool_dim, x, y):
    """Where (frames, bins) the weights of two inputs differ."""
    conv = dynamic(pool_dim)
    difference = (conv.weights(x) - conv.weights(y)).abs().amax((0, 1, 2))
    return difference.expand(x.shape[-2:]) > 1e-6


def test_pooled_over_time_the_kernels_of_a_bin_hear_it_and_its_neighbours_alone():
    x = torch.randn(1, 3, 9, 7)
    y = x.clone()
    y[:, :, 4, 2] += 3.0  # one frame of bin 2
    changed = moved("time", x, y)
    assert changed[:, 1:4].all() and not changed[:, [0, 4, 5, 6]].any()


def test_pooled_over_time_the_order_of_frames_does_not_move_the_kernels():
    x = torch.randn(1, 3, 9, 7)
    assert not moved("time", x, x.flip(2)).any()
    assert moved("freq", x, x.flip(2)).any()


def test_pooled_over_frequency_the_kernels_of_a_frame_hear_it_and_its_neighbours_alone():
    x = torch.randn(1, 3, 9, 7)
    y = x.clone()
    y[:, :, 4, 2] += 3.0
    changed = moved("freq", x, y)
    assert changed[3:6].all() and not changed[[0, 1, 2, 6, 7, 8]].any()


def test_pooled_over_both_one_mixture_serves_the_clip():
    x = torch.randn(1, 3, 9, 7)
    assert not moved("both", x, x.flip(2, 3)).any()


def test_a_high_temperature_weighs_all_kernels_alike():
    weights = dynamic("time", temperature=1e6).weights(torch.randn(2, 3, 9, 7))
    assert torch.allclose(weights, torch.tensor(0.25), atol=1e-4)


def test_one_kernel_is_a_plain_convolution():
    conv, x = dynamic("time", kernels=1), torch.randn(2, 3, 9, 7)
    assert torch.allclose(conv(x), functional.conv2d(x, conv.basis, padding=1), atol=1e-6)


@pytest.mark.parametrize("pool_dim", ["time", "freq", "both"])
def test_a_clip_does_not_hear_its_batch_mates(pool_dim):
    model = fdy_crnn(pool_dim=pool_dim, **SMALL).eval()
    x = torch.randn(3, 1, 40, 128)
    together, alone = model(x), model(x[1:2])
    for head in ("frames", "clip"):
        assert torch.allclose(together[head][1:2], alone[head], atol=1e-6)


def test_channels_last_in_memory_gives_the_same_outputs():
    model, x = fdy_crnn(**SMALL).eval(), torch.randn(2, 1, 40, 128)
    plain = model(x)
    last = model.to(memory_format=torch.channels_last)(x)
    for head in ("frames", "clip"):
        assert torch.allclose(plain[head], last[head], atol=1e-6)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"pool_dim": "frequency"}, "no pool_dim 'frequency'.*near: freq"),
        ({"kernels": 0}, "0 kernels at temperature 31: give at least one"),
        ({"temperature": 0.0}, "4 kernels at temperature 0: .* above 0"),
        ({"gate": "gl"}, "fdy_crnn: no gate 'gl'.*near: glu"),
        ({"sizes": {"frame": 10}}, "fdy_crnn: no head 'frame'.*near: frames"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fdy_crnn(**arguments)
