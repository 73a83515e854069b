"""`ast_sed`, `ast_gru`, `ast_rnn`: from patches to label frames."""

import pytest
import torch

from seldbench import registry
from seldbench_baselines.frequency_encoder import FrequencyEncoder

SIZES = {"frames": 10, "clip": 10}
SMALL = {"width": 32, "heads": 2, "blocks": 1, "hidden": 8}


def build(name, sizes=SIZES, **arguments):
    architecture = registry.find("architectures", name)
    return architecture.build(channels=1, bins=128, hop=0.01, sizes=sizes, **arguments)


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_the_parameter_counts_of_the_paper_s_systems():
    with torch.device("meta"):
        sed, gru, rnn = (build(name) for name in ("ast_sed", "ast_gru", "ast_rnn"))
        lab = build("ast_sed", norm="pre", mlp=4 * 768)
        frames = build("ast_sed", cls_per_frame=True)
    assert count(sed.fte) == 7_094_016
    assert count(lab.fte) == 14_178_048
    assert count(sed.gru) == 17_713_152
    assert count(sed.encoder) + count(sed.norm) == 72_011_520
    assert count(sed) == 96_834_058
    assert count(gru) == 89_740_042
    assert count(rnn.encoder) == 86_187_264
    assert count(frames.fte) - count(sed.fte) == 100 * 768


def test_first_layers_may_come_from_one_release_all_parts_are_named_encoder():
    for name in ("ast_sed", "ast_gru", "ast_rnn"):
        model = build(name, **SMALL)
        assert any(key.startswith("encoder.blocks.0") for key in model.state_dict())


@pytest.mark.parametrize("up, frames, hop", [(1, 100, 0.1), (2, 200, 0.05), (5, 500, 0.02)])
def test_ten_seconds_are_100_steps_times_the_up_sampling(up, frames, hop):
    model = build("ast_gru", up=up, **SMALL).eval()
    assert model.hop == pytest.approx(hop)
    out = model(torch.zeros(1, 1, 998, 128))
    assert out["frames"].shape == (1, frames, 10)
    assert out["clip"].shape == (1, 10)


def test_ast_sed_has_1000_label_frames_and_ast_gru_100():
    features = torch.zeros(1, 1, 998, 128)
    assert build("ast_sed", **SMALL)(features)["frames"].shape == (1, 1000, 10)
    assert build("ast_gru", **SMALL)(features)["frames"].shape == (1, 100, 10)


def test_windows_of_three_seconds_need_306_frames():
    features = torch.zeros(1, 1, 298, 128)
    assert build("ast_sed", frames=306, **SMALL)(features)["frames"].shape == (1, 300, 10)
    with pytest.raises(ValueError, match=r"29 columns.*are 30 steps; set model\.frames to 3\d\d"):
        build("ast_sed", frames=300, **SMALL)(features)


def test_up_sampling_repeats_each_step():
    heard = []
    model = build("ast_gru", up=5, **SMALL).eval()
    model.gru.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    features = torch.randn(1, 1, 98, 128)
    model(features)
    steps = model.pooled(model.norm(model.encoder.frame_grid(model.encoder(features), 98)))
    assert heard[0].shape == (1, 50, 32)
    for k in range(5):
        assert torch.allclose(heard[0][:, k::5], steps, atol=1e-6)


def test_columns_that_see_padding_only_are_dropped():
    model = build("ast_gru", **SMALL)
    tokens = torch.arange(2 + 12 * 101).float().reshape(1, -1, 1)
    grid = model.encoder.frame_grid(tokens, 998)
    assert grid.shape == (1, 12, 100, 1)
    # Row 3, column 7: two tokens of the clip, then whole rows of 101.
    assert grid[0, 3, 7, 0] == 2 + 3 * 101 + 7


def fte(**arguments):
    torch.manual_seed(0)
    return FrequencyEncoder(32, **arguments).eval()


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_the_fte_hears_one_time_step_at_a_time(norm):
    encoder, patches = fte(norm=norm), torch.randn(2, 12, 9, 32)
    changed = patches.clone()
    changed[1, 4, 6] += 1.0
    difference = (encoder(patches) - encoder(changed)).abs().sum(-1)
    assert difference.nonzero().tolist() == [[1, 6]]


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_the_fte_does_not_know_the_order_of_the_rows(norm):
    encoder, patches = fte(norm=norm), torch.randn(1, 12, 5, 32)
    assert torch.allclose(encoder(patches), encoder(patches[:, torch.randperm(12)]), atol=1e-5)


def test_a_post_norm_fte_block_is_the_paper_s_two_equations():
    encoder = fte(blocks=1)
    patches = torch.randn(1, 12, 1, 32)
    x = torch.cat([encoder.cls_token, patches[:, :, 0]], dim=1)
    block = encoder.blocks[0]
    hidden = block.norm1(block.attn(x) + x)
    expected = block.norm2(block.mlp(hidden) + hidden)[:, 0]
    assert torch.allclose(encoder(patches)[:, 0], expected, atol=1e-5)


def test_class_tokens_may_be_each_step_s_own():
    shared, own = fte(), fte(tokens=7)
    patches = torch.ones(1, 12, 6, 32)
    assert torch.allclose(shared(patches)[:, 0], shared(patches)[:, 5])
    assert not torch.allclose(own(patches)[:, 0], own(patches)[:, 5])


def test_each_row_alone_is_a_way_to_hear_a_trained_ast_gru():
    architecture = registry.find("architectures", "ast_gru")
    model = build("ast_gru", **SMALL).eval()
    variations = architecture.probes["rows"](model)
    assert [v.name for v in variations] == [f"row {r}" for r in range(12)]
    assert variations[3].about == {"first_bin": 30, "bins": 16}
    patches = torch.randn(2, 12, 5, 32)
    for row, variation in enumerate(variations):
        assert torch.equal(variation.network.pooled(patches), patches[:, row])
    mean = torch.stack([v.network.pooled(patches) for v in variations]).mean(0)
    assert torch.allclose(mean, model.pooled(patches), atol=1e-6)
    assert model.row is None
    features = torch.randn(1, 1, 98, 128)
    alone = build("ast_gru", row=3, **SMALL).eval()
    alone.load_state_dict(model.state_dict())
    assert torch.equal(variations[3].network(features)["frames"], alone(features)["frames"])


def test_rows_of_a_network_without_a_mean_are_refused():
    architecture = registry.find("architectures", "ast_sed")
    with pytest.raises(ValueError, match="only by a network that takes the mean"):
        architecture.probes["rows"](build("ast_sed", **SMALL))


def test_computing_blocks_again_gives_the_same_gradients():
    def gradients(checkpoint):
        torch.manual_seed(0)
        model = build("ast_sed", checkpoint=checkpoint, frames=106, **SMALL).train()
        model(torch.ones(1, 1, 98, 128))["frames"].sum().backward()
        return {name: p.grad for name, p in model.named_parameters()}

    plain, again = gradients(False), gradients(True)
    for name, gradient in plain.items():
        assert torch.allclose(gradient, again[name], atol=1e-6), name


def test_without_a_clip_head_there_is_no_clip_pooling():
    model = build("ast_gru", sizes={"frames": 3}, clip="attention_class", **SMALL)
    assert set(model(torch.zeros(1, 1, 98, 128))) == {"frames"}


def test_outputs_are_float32_inside_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        out = build("ast_sed", frames=106, **SMALL)(torch.zeros(1, 1, 98, 128))
    assert out["frames"].dtype == out["clip"].dtype == torch.float32


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"pool": "means"}, "no pool 'means'.*near: mean"),
        ({"up": 3}, "up = 3.*take a divisor"),
        ({"pool": "fte", "row": 3}, 'set pool = "mean"'),
        ({"row": 12}, "no row 12; the patches have rows 0 to 11"),
        ({"pool": "fte", "norm": "before"}, "no norm 'before'"),
        ({"clip": "linear"}, "no clip pooling 'linear'"),
        ({"sizes": {"frames": 10, "clip": 9}}, "different classes"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        build("ast_gru", **(SMALL | arguments))
