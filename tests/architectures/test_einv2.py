"""`einv2` against frozen outputs of EIN-SELD."""

import re

import pytest
import torch

from seldbench_baselines.architectures.einv2 import ARCHITECTURE
from seldbench_baselines.blocks import Stitch

CLASSES = 14
RENAMED = (
    (
        r"(sed|doa)_conv_block(\d)\.0\.double_conv\.(.+)",
        lambda m: f"convs.{m[1]}.{int(m[2]) - 1}.{m[3]}",
    ),
    (r"stitch\.(\d)", lambda m: f"convs.stitches.{m[1]}.weight"),
    (r"(sed|doa)_trans_track(\d)\.(.+)", lambda m: f"{m[1]}.{int(m[2]) - 1}.{m[3]}"),
    (r"fc_(sed|doa)_track(\d)\.(.+)", lambda m: f"heads.{int(m[2]) - 1}.{m[1]}.{m[3]}"),
)
SMALL = {"widths": (4, 4, 8, 8), "attention_heads": 2, "feed_forward": 8}


def own_name(name):
    for pattern, ours in RENAMED:
        if match := re.fullmatch(pattern, name):
            return ours(match)
    raise AssertionError(name)


def converted(state):
    return {own_name(name): tensor for name, tensor in state.items()}


def einv2(channels=7, bins=256, hop=0.025, sizes=None, **arguments):
    sizes = {"frames": 2 * (CLASSES + 3)} if sizes is None else sizes
    return ARCHITECTURE.build(channels=channels, bins=bins, hop=hop, sizes=sizes, **arguments)


def by_track(model, x):
    """In the original's layout: (batch, label frames, tracks, classes), (..., tracks, 3)."""
    out = model(x)["frames"].unflatten(-1, (2, CLASSES + 3))
    return {"sed": out[..., :CLASSES], "doa": out[..., CLASSES:]}


def test_meets_the_golden_in_evaluation_training_and_calibrated_mode(golden_model):
    golden_model("einv2").assert_met(einv2(), converted, by_track)


def test_has_the_originals_tensors_parameters_and_batch_norms(golden_model):
    golden_model("einv2").assert_has_its_shapes_and_batch_norms(einv2(), converted)


def test_four_seconds_are_40_label_frames_of_100_ms():
    model = einv2(**SMALL).eval()
    assert model.hop == pytest.approx(0.1)
    assert model(torch.zeros(2, 7, 160, 256))["frames"].shape == (2, 40, 34)


def test_three_tracks_of_13_classes():
    model = einv2(sizes={"frames": 3 * 16}, tracks=3, **SMALL).eval()
    assert model(torch.zeros(1, 7, 8, 256))["frames"].shape == (1, 2, 48)


def test_a_sequential_stitch_reads_the_branch_already_stitched():
    first, second = torch.full((1, 1, 2), 10.0), torch.full((1, 1, 2), 1.0)
    outputs = {}
    for how in ("sequential", "parallel"):
        stitch = Stitch(1, how)
        stitch.weight.data = torch.tensor([[[0.5, 2.0], [3.0, 4.0]]])
        outputs[how] = [float(x[0, 0, 0].detach()) for x in stitch(first, second)]
    # First: 0.5 * 10 + 2 * 1 = 7; second: 3 * 7 + 4 * 1, or 3 * 10 + 4 * 1.
    assert outputs == {"sequential": [7, 25], "parallel": [7, 34]}


def test_directions_do_not_reach_activity_where_the_stitch_is_the_identity():
    model = einv2(**SMALL).eval()
    for stitch in model.convs.stitches:
        stitch.weight.data = torch.eye(2).expand(len(stitch.weight), 2, 2).clone()
    x = torch.randn(1, 7, 16, 256)
    other = torch.cat([x[:, :4], torch.randn(1, 3, 16, 256)], dim=1)
    sed, doa = (by_track(model, x)[k] for k in ("sed", "doa"))
    assert torch.equal(by_track(model, other)["sed"], sed)
    assert not torch.equal(by_track(model, other)["doa"], doa)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"sizes": {"sed": 28, "doa": 6}}, r"has one head, not 2 \(sed, doa\)"),
        ({"sizes": {"frames": 35}}, r"35 outputs are not \(classes \+ 3\) for each of 2 tracks"),
        ({"pools": ((2, 2),)}, "4 widths but 1 pools"),
        ({"bins": 8}, "leave no bins"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        einv2(**arguments)
