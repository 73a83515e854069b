"""`m2m_ast`: sizes of the paper's tables, class tokens that answer, what the network refuses."""

import pytest
import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from seldbench_baselines.architectures.m2m_ast import ARCHITECTURE
from seldbench_baselines.ast_encoder import of_first, vit_block

SMALL = {"width": 32, "heads": 2, "blocks": 2}
SHORT = {**SMALL, "frames": 40, "tokens": 4, "dropout": 0.0}  # 12 x 3 patches


def m2m(channels=1, outputs=12, **arguments):
    return ARCHITECTURE.build(
        channels=channels, bins=128, hop=0.01, sizes={"frames": outputs}, **arguments
    )


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_the_published_parameter_counts():
    with torch.device("meta"):
        activity, directions = m2m(), m2m(7, 36, output="tanh")
        normed = m2m(head_norm=True)
    assert count(activity) == 85_575_948 and count(directions) == 86_774_052
    assert count(activity) + count(directions) == 172_350_000
    assert count(normed) == 85_575_948 + 1536
    assert count(activity.blocks) == 12 * 7_087_872
    assert count(directions.patch_embed) == 1_377_024 and count(activity.head) == 9_228


@pytest.mark.parametrize(
    "overlap, frames, grid",
    [
        (0, 300, (8, 18)),  # 144 patches
        (2, 300, (9, 21)),  # 189
        (4, 300, (10, 24)),  # 240
        (6, 300, (12, 29)),  # 348
        (8, 300, (15, 36)),  # 540
        (6, 200, (12, 19)),  # 228
        (6, 100, (12, 9)),  # 108
    ],
)
def test_patches_make_the_grids_of_tables_7_and_8(overlap, frames, grid):
    stride = 16 - overlap
    model = m2m(frames=frames, tokens=frames // 10, strides=(stride, stride), **SMALL)
    assert model.grid.tolist() == list(grid)
    assert model.pos_embed.shape == (1, frames // 10 + grid[0] * grid[1], 32)
    assert model(torch.zeros(1, 1, frames, 128))["frames"].shape == (1, frames // 10, 12)


@pytest.mark.parametrize("tokens, hop", [(30, 0.1), (60, 0.05), (90, 0.1 / 3), (120, 0.025)])
def test_tokens_make_the_output_resolutions_of_table_9(tokens, hop):
    model = m2m(tokens=tokens, **SMALL)
    assert model.hop == pytest.approx(hop) and tokens * model.hop == pytest.approx(3.0)
    assert model.cls_token.shape == (1, tokens, 32)
    assert model(torch.zeros(1, 1, 300, 128))["frames"].shape == (1, tokens, 12)


def test_an_impulse_changes_only_the_patches_over_it_with_frequency_the_slow_axis():
    model = m2m(2, **SMALL)
    silent = torch.zeros(1, 2, 300, 128)
    impulse = silent.clone()
    impulse[0, 1, 105, 65] = 1.0
    # Strides of 10: rows 5 and 6 of patches lie over bin 65, columns 9 and 10 over frame 105.
    difference = (model._embedded(impulse) - model._embedded(silent)).abs().sum(-1)[0]
    touched = {30 + f * 29 + t for f in (5, 6) for t in (9, 10)}
    assert set(difference.nonzero().flatten().tolist()) == touched
    # 4 of 300 frames and 2 of 128 bins are in no whole patch.
    assert m2m(**SMALL)(silent[:, :1])["frames"].shape == (1, 30, 12)
    unheard = silent.clone()
    unheard[:, :, 296:] = unheard[:, :, :, 126:] = 1.0
    assert torch.equal(model._embedded(unheard), model._embedded(silent))


def by_hand(model, features):
    """The network in plain tensor operations, every token of every block computed."""
    state = model.state_dict()

    def linear(x, name):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdim=True)
        x = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()
        return x * state[f"{name}.weight"] + state[f"{name}.bias"]

    rows, columns = state["grid"].tolist()
    kernel = state["patch_embed.proj.weight"]  # (width, channels, bins, frames)
    cuts = [
        torch.einsum(
            "bctf,wcft->bw", features[:, :, 10 * c : 10 * c + 16, r * 10 : r * 10 + 16], kernel
        )
        for r in range(rows)
        for c in range(columns)
    ]
    x = torch.stack(cuts, dim=1) + state["patch_embed.proj.bias"]
    x = torch.cat([state["cls_token"].expand(len(x), -1, -1), x], dim=1) + state["pos_embed"]
    for i in range(len(model.blocks)):
        block = f"blocks.{i}"
        query, key, value = linear(norm(x, f"{block}.norm1"), f"{block}.attn.qkv").chunk(3, dim=-1)
        heard = []
        for q, k, v in zip(*(t.split(16, dim=-1) for t in (query, key, value))):  # 2 heads
            heard.append((q @ k.transpose(1, 2) / 4).softmax(-1) @ v)
        x = x + linear(torch.cat(heard, dim=-1), f"{block}.attn.proj")
        hidden = linear(norm(x, f"{block}.norm2"), f"{block}.mlp.fc1")
        hidden = hidden * (1 + torch.erf(hidden / 2**0.5)) / 2
        x = x + linear(hidden, f"{block}.mlp.fc2")
    return linear(norm(x, "norm")[:, : state["cls_token"].shape[1]], "head")


def test_the_network_is_what_the_paper_draws_computed_by_hand():
    model = m2m(3, **SHORT).eval()
    for parameter in model.parameters():  # first weights are small: then nothing would show
        torch.nn.init.normal_(parameter, std=0.3)
    features = torch.randn(2, 3, 40, 128)
    with torch.no_grad():
        ours, expected = model(features)["frames"], by_hand(model, features)
    assert expected.std() > 0.1
    assert torch.allclose(ours, expected, atol=1e-4)


def test_directions_end_in_a_tanh_and_a_head_may_have_a_norm():
    features = 100 * torch.randn(1, 1, 40, 128)
    torch.manual_seed(0)
    logits = m2m(**SHORT).eval()
    torch.manual_seed(0)
    directions = m2m(output="tanh", **SHORT).eval()
    assert torch.equal(directions(features)["frames"], logits(features)["frames"].tanh())
    normed = m2m(head_norm=True, **SHORT)
    assert {n for n, _ in normed.head.named_parameters()} == {
        *("0.weight", "0.bias"),
        *("1.weight", "1.bias"),
    }


def test_tensors_have_timm_s_names():
    names = set(m2m(**SHORT).state_dict())
    assert {"cls_token", "pos_embed", "patch_embed.proj.weight", "norm.bias", "head.bias"} <= names
    assert {n for n in names if n.startswith("blocks.1.")} == {
        f"blocks.1.{layer}.{kind}"
        for layer in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
        for kind in ("weight", "bias")
    }


def test_first_weights_are_small_and_the_tokens_are_all_different():
    torch.manual_seed(0)
    model = m2m(7, **SMALL)
    for weights in (
        model.cls_token,
        model.pos_embed,
        model.patch_embed.proj.weight,
        model.blocks[0].attn.qkv.weight,
        model.blocks[1].mlp.fc2.weight,
        model.head.weight,
    ):
        assert float(weights.detach().std()) == pytest.approx(0.02, rel=0.15)
        assert float(weights.detach().abs().max()) < 0.15
    assert not model.patch_embed.proj.bias.any() and not model.head.bias.any()
    assert bool((model.norm.weight == 1).all())
    assert len(set(model.cls_token[0, :, 0].tolist())) == 30


def test_the_last_block_answers_for_the_first_tokens_alone_and_says_the_same():
    block = vit_block(32, 2)
    x = torch.randn(2, 20, 32, requires_grad=True)
    for tokens in (1, 7, 20):
        assert torch.allclose(of_first(block, tokens, x), block(x)[:, :tokens], atol=1e-6)


def test_dropout_acts_after_positions_projections_and_the_mlp_and_not_on_attention():
    model = m2m(**SMALL)
    places = {n for n, m in model.named_modules() if getattr(m, "p", 0)}
    assert places == {
        "dropout",
        *(f"blocks.{i}.{n}" for i in (0, 1) for n in ("attn.proj_drop", "mlp.drop1", "mlp.drop2")),
    }
    assert all(m.p == 0.1 for n, m in model.named_modules() if n in places)
    # Also in the last block, which answers for the class tokens alone.
    block, x = vit_block(32, 2, dropout=0.5).train(), torch.randn(4, 20, 32)
    block.mlp.fc2.weight.data.zero_()
    block.mlp.fc2.bias.data.zero_()
    dropped = (of_first(block, 5, x) == x[:, :5]).float().mean()
    assert 0.4 < float(dropped) < 0.6


def test_attention_runs_through_the_fused_kernel():
    model = m2m(**SHORT).train()
    assert all(block.attn.fused_attn for block in model.blocks)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):  # nothing else may answer
        model(torch.randn(2, 1, 40, 128))["frames"].sum().backward()


def test_computing_blocks_again_gives_the_same_gradients_with_dropout():
    def gradients(checkpoint):
        torch.manual_seed(0)
        model = m2m(checkpoint=checkpoint, **{**SHORT, "dropout": 0.1}).train()
        model(torch.ones(1, 1, 40, 128))["frames"].square().sum().backward()
        return {name: p.grad for name, p in model.named_parameters()}

    plain, again = gradients(False), gradients(True)
    for name, gradient in plain.items():
        assert torch.allclose(gradient, again[name], atol=1e-6), name


def test_outputs_are_float32_inside_autocast():
    for output in ("logits", "tanh"):
        with torch.autocast("cpu", torch.bfloat16):
            out = m2m(output=output, **SHORT)(torch.zeros(1, 1, 40, 128))["frames"]
        assert out.dtype == torch.float32


def test_every_token_learns_its_own_frame():
    torch.manual_seed(0)
    model = m2m(outputs=1, **{**SHORT, "width": 64}).train()
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(220):
        place = torch.randint(4, (16,))
        features = torch.zeros(16, 1, 4, 10, 128)
        features[torch.arange(16), :, place] = 1.0  # a sound in one of the four label frames
        target = functional.one_hot(place, 4)[..., None].float()
        out = model(features.flatten(2, 3))["frames"]
        loss = functional.binary_cross_entropy_with_logits(out, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.1  # 0.56 for a token that knows nothing of its place


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"size": "bas"}, "M2M-AST: no size 'bas'.*near: base"),
        ({"output": "sigmoid"}, "no output 'sigmoid'; has logits, tanh"),
        ({"blocks": 0}, "blocks = 0: an encoder has one at least"),
        ({"heads": 5}, "192 channels cannot be shared by 5"),
        ({"tokens": 0}, "tokens = 0: one stands for each label frame.*300 feature frames"),
        ({"tokens": 301}, "has 1 to 300 of them"),
        ({"patch": (256, 16)}, "do not fit on 128 bins x 300 frames"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        m2m(**{"size": "tiny", "blocks": 1, **arguments})
    with pytest.raises(ValueError, match="has one head, not 2"):
        ARCHITECTURE.build(channels=1, bins=128, hop=0.01, sizes={"frames": 1, "clip": 1}, **SMALL)


@pytest.mark.parametrize("frames", [39, 41])
def test_windows_of_another_length_are_refused_with_the_remedy(frames):
    message = (
        rf"hears windows of 40 frames, given {frames}; set model\.frames to {frames} and model"
    )
    with pytest.raises(ValueError, match=message):
        m2m(**SHORT)(torch.zeros(1, 1, frames, 128))


def test_positions_by_sines_put_a_label_frame_among_its_own_patches():
    model = ARCHITECTURE.build(
        1, 128, 0.01, {"frames": 3}, size="tiny", blocks=1, positions="sincos"
    )
    tokens, patches = model.pos_embed[0].split([30, 348])
    time = slice(96, 192)  # the second half of the width
    alike = torch.cdist(tokens[:, time], patches[:29, time])  # the lowest row of patches
    middles = (torch.arange(30) * 10 + 5 - 8) / 10  # of label frames, in patches
    assert (alike.argmin(1) - middles.clamp(0, 28)).abs().max() <= 0.5 + 1e-6
    assert tokens[:, :96].abs().max() < 0.2  # no frequency: what is drawn alone


def test_positions_are_drawn_unless_asked_for_otherwise():
    torch.manual_seed(0)
    assert (
        ARCHITECTURE.build(1, 128, 0.01, {"frames": 3}, size="tiny", blocks=1).pos_embed.abs().max()
        < 0.2
    )
    with pytest.raises(ValueError, match="positions"):
        ARCHITECTURE.build(1, 128, 0.01, {"frames": 3}, size="tiny", blocks=1, positions="sine")
