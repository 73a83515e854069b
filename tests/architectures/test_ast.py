"""`ast`: patches, tokens and blocks, against frozen outputs of the official AST."""

import pytest
import torch

from seldbench_baselines.architectures.ast import ARCHITECTURE
from seldbench_baselines.ast_encoder import patch_grid
from seldbench_baselines.weights.ast_audioset import convert

SMALL = {"width": 32, "heads": 2, "blocks": 2}


def ast(sizes=None, **arguments):
    sizes = sizes or {"tags": 3}
    return ARCHITECTURE.build(channels=1, bins=128, hop=0.01, sizes=sizes, **arguments)


def count(module):
    return sum(p.numel() for p in module.parameters())


def as_the_golden(facts, size):
    """A network of the size (its input, the golden's, is scaled already), and two maps."""
    model = ast({"tags": 527}, size=size, mean=0.0, deviation=0.5)
    unused = 2 * 1000 * (model.encoder.width + 1)
    assert count(model) == facts["parameters"]["trainable"] - unused

    def converted(state):
        return convert({f"module.{name}": t for name, t in state.items()}, model.state_dict())

    def outputs(model, x):
        return {"output": model(x[:, None])["tags"]}

    return model, converted, outputs


@pytest.mark.parametrize("size", ["small", "tiny"])
def test_meets_the_golden_in_evaluation_and_training_mode(golden_model, size):
    golden = golden_model(f"ast_{size}224")
    golden.assert_met(*as_the_golden(golden.facts, size))


def test_the_base_size_meets_the_golden(golden_model):
    golden = golden_model("ast_base384")
    model, converted, outputs = as_the_golden(golden.facts, "base")
    with torch.no_grad():
        ours = outputs(golden.filled(model, converted), golden.input())
    # There is no dropout and no statistic: both modes say the same.
    for mode in ("eval", "train"):
        golden.assert_outputs(ours, mode)


def test_the_published_parameter_counts():
    with torch.device("meta"):
        model = ast({"tags": 527})
        short = ast({"tags": 527}, blocks=10)
    assert count(model) == 86_594_063
    assert count(model.encoder) == 86_187_264
    assert count(short.encoder) == 72_011_520


@pytest.mark.parametrize(
    "stride, frames, grid",
    [
        (10, 1024, (12, 101)),
        (12, 1024, (10, 85)),
        (14, 1024, (9, 73)),
        (16, 1024, (8, 64)),
        (10, 512, (12, 50)),
        (10, 128, (12, 12)),
    ],
)
def test_patches_make_the_published_grids(stride, frames, grid):
    assert patch_grid((128, frames), (16, 16), (stride, stride)) == grid
    model = ast(frames=frames, strides=(stride, stride), **SMALL)
    assert model.encoder.grid.tolist() == list(grid)
    assert model(torch.zeros(1, 1, 98, 128))["tags"].shape == (1, 3)


@pytest.mark.parametrize("patch, columns", [((128, 2), 512), ((32, 32), 32)])
def test_patches_may_have_other_shapes(patch, columns):
    model = ast(patch=patch, strides=patch, **SMALL)
    assert model.encoder.columns == columns
    assert model.encoder.rows == 128 // patch[0]
    assert model(torch.zeros(1, 1, 998, 128))["tags"].shape == (1, 3)


def test_an_impulse_changes_only_the_patches_over_it_with_frequency_the_slow_axis():
    encoder = ast(**SMALL).encoder
    silent = torch.zeros(1, 1, 128, 1024)
    impulse = silent.clone()
    impulse[0, 0, 65, 505] = 1.0
    difference = (encoder.patch_embed(impulse) - encoder.patch_embed(silent)).abs().sum(-1)[0]
    touched = {f * 101 + t for f in (5, 6) for t in (49, 50)}
    assert set(difference.nonzero().flatten().tolist()) == touched


def test_missing_frames_hold_zero_before_scaling():
    model = ast(**SMALL).eval()
    frames = torch.randn(2, 1, 998, 128)
    padded = torch.cat([frames, torch.zeros(2, 1, 26, 128)], dim=2)
    assert torch.equal(model(frames)["tags"], model(padded)["tags"])
    scaled = (0.0 - model.encoder.mean) / (2 * model.encoder.deviation)
    assert scaled == pytest.approx(0.46703, abs=1e-5)


def test_both_tokens_of_the_clip_are_averaged_after_the_norm():
    model = ast(**SMALL).eval()
    frames = torch.randn(1, 1, 98, 128)
    tokens = model.encoder(frames)
    assert torch.allclose(model.encoder.of_clip(frames), tokens[:, :2], atol=1e-6)
    assert tokens.shape == (1, 2 + 12 * 101, 32)
    expected = model.head((tokens[:, 0] + tokens[:, 1]) / 2)
    assert torch.allclose(model(frames)["tags"], expected, atol=1e-6)


def test_computing_blocks_again_gives_the_same_gradients():
    def gradients(checkpoint):
        torch.manual_seed(0)
        model = ast(checkpoint=checkpoint, **SMALL).train()
        model(torch.ones(1, 1, 98, 128))["tags"].sum().backward()
        return {name: p.grad for name, p in model.named_parameters()}

    plain, again = gradients(False), gradients(True)
    for name, gradient in plain.items():
        assert torch.allclose(gradient, again[name], atol=1e-6), name


def test_outputs_are_float32_inside_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        assert ast(**SMALL)(torch.zeros(1, 1, 98, 128))["tags"].dtype == torch.float32


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"size": "bas"}, "no size 'bas'.*near: base"),
        ({"blocks": 0}, "blocks = 0: an encoder has one at least"),
        ({"heads": 5}, "192 channels cannot be shared by 5"),
        ({"patch": (256, 16)}, "do not fit on 128 bins x 1024 frames"),
        ({"strides": (0, 10)}, "do not fit"),
        ({"sizes": {"tags": 3, "clip": 3}}, "has one head, not 2"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ast(**{"size": "tiny", "blocks": 1, **arguments})


def test_more_frames_than_the_network_hears_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"hears 128 frames, given 129; set model\.frames to 129"):
        ast(frames=128, **SMALL)(torch.zeros(1, 1, 129, 128))
