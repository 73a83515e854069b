"""`salsa_crnn` against frozen outputs of the SALSA team's network."""

import re

import pytest
import torch

from seldbench_baselines.architectures.salsa_crnn import ARCHITECTURE

NAME = "salsa_crnn_bigru"
RENAMED = (
    (r"encoder\.conv_block1\.conv(\d)\.(.+)", lambda m: f"stem.{3 * int(m[1]) - 3}.{m[2]}"),
    (r"encoder\.conv_block1\.bn(\d)\.(.+)", lambda m: f"stem.{3 * int(m[1]) - 2}.{m[2]}"),
    (
        r"encoder\.resnet\.layer(\d)\.(\d)\.(.+)",
        lambda m: f"layers.{2 * int(m[1]) - 2 + int(m[2])}." + block_name(m[3]),
    ),
    (r"decoder\.gru\.(.+)", lambda m: f"gru.{m[1]}"),
    (
        r"decoder\.(event|x|y|z)_fc_(\d)\.(.+)",
        lambda m: f"{m[1].replace('event', 'sed')}.{3 * int(m[2]) - 2}.{m[3]}",
    ),
)


def block_name(name):
    for original, ours in (("bn", "norm"), ("downsample.1", "shortcut.0")):
        name = name.replace(original, ours)
    return name.replace("downsample.2", "shortcut.1")


def own_name(name):
    for pattern, ours in RENAMED:
        if match := re.fullmatch(pattern, name):
            return ours(match)
    raise AssertionError(name)


def converted(state):
    return {own_name(name): tensor for name, tensor in state.items()}


def salsa_crnn(channels=7, bins=128, hop=0.0125, sizes=None, **arguments):
    sizes = {"frames": 48} if sizes is None else sizes
    return ARCHITECTURE.build(channels=channels, bins=bins, hop=hop, sizes=sizes, **arguments)


def steps(model, x):
    """In the original's layout: activity and directions, before steps become label frames."""
    out = model(x)["frames"][:, ::2]
    return {"event_frame_logit": out[..., :12], "doa_frame_output": out[..., 12:]}


def test_meets_the_golden_in_evaluation_training_and_calibrated_mode(golden_model):
    golden_model(NAME).assert_met(salsa_crnn(), converted, steps)


def test_has_the_originals_tensors_parameters_and_batch_norms(golden_model):
    golden_model(NAME).assert_has_its_shapes_and_batch_norms(salsa_crnn(), converted)


def test_eight_seconds_are_80_label_frames_in_pairs():
    model = salsa_crnn(widths=(4, 4, 4, 8), hidden=4).eval()
    assert model.hop == pytest.approx(0.1)
    out = model(torch.randn(2, 7, 640, 128))["frames"]
    assert out.shape == (2, 80, 48)
    assert torch.equal(out[:, ::2], out[:, 1::2])
    assert not torch.equal(out[:, 0], out[:, 2])


def test_each_residual_block_begins_as_its_shortcut():
    model = salsa_crnn(widths=(4, 4, 4, 8), hidden=4).eval()
    x = torch.randn(1, 4, 32, 32).relu()
    assert torch.equal(model.layers[0](x), x)


def test_activity_is_unbounded_and_directions_lie_within_tanh():
    model = salsa_crnn(widths=(4, 4, 4, 8), hidden=4).eval()
    for head in (model.sed, model.x, model.y, model.z):
        head[4].bias.data += 5
    out = model(torch.randn(1, 7, 64, 128))["frames"].detach()
    assert float(out[..., :12].max()) > 1 >= float(out[..., 12:].abs().max())


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"sizes": {"sed": 12, "doa": 36}}, r"has one head, not 2 \(sed, doa\)"),
        ({"sizes": {"frames": 47}}, r"4 outputs a class \(activity, x, y, z\), not 47"),
        ({"hop": 0.02}, r"16 feature frames are 0.32 s.*hop of 12.5 ms"),
        ({"bins": 15}, "needs 16 or more"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        salsa_crnn(**arguments)
