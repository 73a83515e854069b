"""DeiT's and AST's released weights in M2M-AST, against the network computed by hand from them."""

import pytest
import torch
from torch.nn import functional

from seldbench import registry
from seldbench.errors import MissingData
from seldbench_baselines.ast_encoder import SIZES

CLASSES = 12


def deit(size="tiny", side=14, blocks=12):
    """A seeded stand-in for a distilled DeiT: the published names and shapes."""
    width, _ = SIZES[size]
    draw = torch.Generator().manual_seed(0)
    shapes = {
        **dict.fromkeys(("cls_token", "dist_token"), (1, 1, width)),
        "pos_embed": (1, 2 + side * side, width),
        "patch_embed.proj.weight": (width, 3, 16, 16),
        "patch_embed.proj.bias": (width,),
    }
    for i in range(blocks):
        for name, inputs, outputs in (
            ("attn.qkv", width, 3 * width),
            ("attn.proj", width, width),
            ("mlp.fc1", width, 4 * width),
            ("mlp.fc2", 4 * width, width),
        ):
            shapes[f"blocks.{i}.{name}.weight"] = (outputs, inputs)
            shapes[f"blocks.{i}.{name}.bias"] = (outputs,)
        for norm in ("norm1", "norm2"):
            shapes |= {f"blocks.{i}.{norm}.{kind}": (width,) for kind in ("weight", "bias")}
    shapes |= {f"norm.{kind}": (width,) for kind in ("weight", "bias")}
    for head in ("head", "head_dist"):
        shapes |= {f"{head}.weight": (1000, width), f"{head}.bias": (1000,)}
    tensors = {n: 0.05 * torch.randn(shape, generator=draw) for n, shape in shapes.items()}
    return {n: t + 1 if "norm" in n and n.endswith("weight") else t for n, t in tensors.items()}


def m2m(channels=7, *, blocks=2, **arguments):
    build = registry.find("architectures", "m2m_ast").build
    arguments = {"size": "tiny", "blocks": blocks, **arguments}
    sizes = {"frames": CLASSES}
    return build(channels=channels, bins=128, hop=0.01, sizes=sizes, **arguments).eval()


def convert(tensors, model, name="deit", **arguments):
    return registry.find("weights", name).convert(tensors, model.state_dict(), **arguments)


def loaded(tensors, model, name="deit", **arguments):
    model.load_state_dict(convert(tensors, model, name, **arguments))
    return model


def by_hand(tensors, model, features, side=14):
    """M2M-AST of 3 s from DeiT's own tensors, in plain tensor operations: the reading of the paper
    a second time, without the converter and without the network."""
    heads = 3
    x = features.transpose(2, 3)  # (batch, channels, bins, frames)
    kernel = tensors["patch_embed.proj.weight"].mean(1)  # (width, bins, frames)
    patches = x.sum(1).unfold(1, 16, 10).unfold(2, 16, 10)  # all channels have one kernel
    patches = torch.einsum("brcij,dij->brcd", patches, kernel)
    patches = patches + tensors["patch_embed.proj.bias"]  # (batch, 12, 29, width)
    square = tensors["pos_embed"][0, 2:].reshape(side, side, -1)
    # Columns at the middles of 29 steps over 14, linear between them; rows 1 to 12 of 14.
    at = ((torch.arange(29) + 0.5) * side / 29 - 0.5).clamp(min=0)
    left = at.floor().long()
    right = (left + 1).clamp(max=side - 1)
    share = (at - left)[None, :, None]
    where = square[:, left] * (1 - share) + square[:, right] * share
    where = where[side // 2 - 6 : side // 2 + 6]
    token = (tensors["cls_token"] + tensors["dist_token"])[0, 0] / 2
    token = token + tensors["pos_embed"][0, :2].mean(0)
    x = torch.cat([token.expand(len(x), 30, -1), (patches + where).flatten(1, 2)], dim=1)
    for i in range(len(model.blocks)):
        at_block = {n.removeprefix(f"blocks.{i}."): t for n, t in tensors.items()}

        def layer(x, name, own=at_block):
            return functional.linear(x, own[f"{name}.weight"], own[f"{name}.bias"])

        def norm(x, name, own=at_block):
            return functional.layer_norm(
                x, x.shape[-1:], own[f"{name}.weight"], own[f"{name}.bias"], 1e-6
            )

        qkv = layer(norm(x, "norm1"), "attn.qkv").unflatten(2, (3, heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (batch, heads, tokens, 64) each
        weights = (query @ key.transpose(2, 3) / 64**0.5).softmax(-1)
        x = x + layer((weights @ value).transpose(1, 2).flatten(2), "attn.proj")
        x = x + layer(functional.gelu(layer(norm(x, "norm2"), "mlp.fc1")), "mlp.fc2")
    x = functional.layer_norm(
        x[:, :30], x.shape[-1:], tensors["norm.weight"], tensors["norm.bias"], 1e-6
    )
    return functional.linear(x, model.head.weight, model.head.bias)


@pytest.mark.parametrize("channels", [1, 7])
@pytest.mark.parametrize("side", [14, 24])
def test_a_network_that_starts_from_deit_computes_what_deit_s_tensors_say(channels, side):
    tensors, model = deit(side=side), m2m(channels)
    loaded(tensors, model)
    for token in model.cls_token, model.pos_embed[:, :30]:
        assert bool((token == token[:, :1]).all())
    features = torch.randn(2, channels, 300, 128)
    with torch.no_grad():
        ours = model(features)["frames"]
        expected = by_hand(tensors, model, features, side)
    assert ours.std() > 0.01
    assert torch.allclose(ours, expected, atol=1e-4)
    # All tokens are one until training tells them apart: targets differ, and so do gradients.
    assert torch.allclose(ours, ours[:, :1].expand_as(ours), atol=1e-5)
    out = model(features)["frames"]
    functional.mse_loss(out, torch.randn_like(out)).backward()
    assert not torch.allclose(model.cls_token.grad[0, 0], model.cls_token.grad[0, 1])


def test_the_stand_in_has_the_155_tensors_of_the_published_file():
    assert len(deit()) == 155


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_every_tensor_is_used_or_left_out_on_purpose(size):
    tensors, model = deit(size), m2m(1, size=size, blocks=12)
    head = model.head.weight.detach().clone()
    filled = convert(tensors, model)
    assert filled.keys() == model.state_dict().keys()
    copied = {n for n in tensors if n in filled and torch.equal(filled[n], tensors[n])}
    made = {"cls_token", "dist_token", "pos_embed", "patch_embed.proj.weight"}
    dropped = {f"{head}.{kind}" for head in ("head", "head_dist") for kind in ("weight", "bias")}
    assert copied | made | dropped == set(tensors) and not copied & (made | dropped)
    assert torch.equal(filled["head.weight"], head)


def test_a_tensor_that_no_rule_names_is_an_error_and_so_is_one_that_is_missing():
    for name in ("blocks.0.attn.rotary", "fc_norm.weight", "head.2.weight"):
        with pytest.raises(ValueError, match=f"unknown tensor '{name}'"):
            convert(deit() | {name: torch.zeros(1)}, m2m())
    for name in ("blocks.1.norm1.bias", "norm.weight", "cls_token"):
        tensors = deit()
        del tensors[name]
        with pytest.raises(ValueError, match=f"without '{name}'"):
            convert(tensors, m2m())
    tensors = deit()
    del tensors["dist_token"]
    with pytest.raises(ValueError, match="not the weights of a distilled DeiT"):
        convert(tensors, m2m())


def test_weights_of_another_size_and_more_blocks_are_errors():
    with pytest.raises(ValueError, match=r"is \(1, 30, 192\), here \(1, 30, 384\).*model\.size"):
        convert(deit(), m2m(size="small"))
    with pytest.raises(ValueError, match=r"without 'blocks\.2\.norm1\.weight'"):
        convert(deit(blocks=2), m2m(blocks=3))


@pytest.mark.parametrize(
    "patch, total",
    [("mean", 7.0), ("published", 7.0), ("sum", 21.0), ("mean_scaled", 3.0)],
)
def test_a_constant_is_heard_as_loud_as_the_rule_says(patch, total):
    tensors = deit()
    colours = tensors["patch_embed.proj.weight"]
    projected = convert(tensors, m2m(), patch=patch)["patch_embed.proj.weight"]
    assert projected.shape == (192, 7, 16, 16)
    assert torch.equal(projected[:, 0], projected[:, 6])
    # Over all 7 channels, as a multiple of the mean colour; DeiT itself hears 3 of it.
    assert torch.allclose(projected.sum(1), total * colours.mean(1), atol=1e-5)


def test_positions_of_384_are_interpolated_in_time_and_cut_in_frequency():
    tensors = deit(side=24)
    rows, columns = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    tensors["pos_embed"][0, 2:, 0], tensors["pos_embed"][0, 2:, 1] = (
        rows.flatten(),
        columns.flatten(),
    )
    tensors["pos_embed"][0, 0, :2], tensors["pos_embed"][0, 1, :2] = -1.0, -3.0
    filled = convert(tensors, m2m())["pos_embed"]
    grid = filled[0, 30:].unflatten(0, (12, 29))
    assert torch.allclose(grid[:, 0, 0], torch.arange(6.0, 18.0), atol=1e-4)
    assert float(grid[0, 14, 1]) == pytest.approx(11.5)  # the middle of 29 is the middle of 24
    assert torch.equal(filled[0, :30, :2], torch.full((30, 2), -2.0))
    # A second has 9 columns, which are cut: 8 to 16 of 24.
    short = convert(tensors, m2m(frames=100, tokens=10))["pos_embed"]
    assert short[0, 10:19, 1].tolist() == list(range(8, 17))


def test_positions_may_be_new_and_then_the_tokens_differ_from_the_start():
    model = m2m()
    filled = convert(deit(), model, positions="new")
    assert torch.equal(filled["pos_embed"], model.pos_embed)
    with pytest.raises(ValueError, match=r"no patch 'men'.*near: mean"):
        convert(deit(), model, patch="men")


def test_class_positions_may_know_their_time_from_the_start():
    tensors = deit(side=24)
    plain = convert(tensors, m2m())["pos_embed"]
    aware = convert(tensors, m2m(), time_aware_init=True)["pos_embed"]
    assert torch.equal(aware[:, 30:], plain[:, 30:])
    columns = plain[0, 30:].unflatten(0, (12, 29)).mean(0)
    added = (aware - plain)[0, :30] + columns.mean(0)
    # 30 tokens over 29 columns: the first, the middle one and the last.
    for token, column in ((0, 0), (15, 14), (29, 28)):
        assert torch.allclose(added[token], columns[column], atol=1e-6)
    ast = registry.find("architectures", "ast").build(
        channels=1, bins=128, hop=0.01, sizes={"tags": 3}, size="tiny", blocks=2
    )
    with pytest.raises(ValueError, match="only M2M-AST has a class token for each label frame"):
        convert(tensors, ast.encoder, time_aware_init=True)


def test_a_head_with_a_norm_stays_new_too():
    model = m2m(head_norm=True)
    filled = convert(deit(), model)
    for name in ("head.0.weight", "head.1.weight"):
        assert torch.equal(filled[name], model.state_dict()[name])


def test_ast_fills_it_by_the_same_rules():
    ast = registry.find("architectures", "ast").build(
        channels=1, bins=128, hop=0.01, sizes={"tags": 527}, size="tiny", blocks=3
    )
    official = {
        f"module.mlp_{n}" if n.startswith("head.") else f"module.v.{n.removeprefix('encoder.')}": t
        for n, t in ast.state_dict().items()
        if not n.endswith("grid")
    }
    model = loaded(official, m2m(7, blocks=2), "ast_audioset")
    v = ast.encoder
    assert torch.equal(model.patch_embed.proj.weight[:, 3], v.patch_embed.proj.weight[:, 0])
    assert torch.equal(model.blocks[1].attn.qkv.weight, v.blocks[1].attn.qkv.weight)
    assert torch.equal(model.cls_token[0, 29], (v.cls_token + v.dist_token)[0, 0] / 2)
    # 101 columns are cut to 29 from the middle: 36 to 64.
    given = v.pos_embed[0, 2:].unflatten(0, (12, 101))
    assert torch.equal(model.pos_embed[0, 30:].unflatten(0, (12, 29)), given[:, 36:65])


def test_the_file_of_a_size_is_asked_of_hugging_face(monkeypatch):
    fetch = registry.find("weights", "deit").fetch
    asked = []

    def answer(repository, name):
        asked.append((repository, name))
        return f"/cache/{name}"

    monkeypatch.setattr("huggingface_hub.hf_hub_download", answer)
    assert str(fetch("base")) == "/cache/model.safetensors"
    fetch("tiny")
    assert asked == [
        ("timm/deit_base_distilled_patch16_384.fb_in1k", "model.safetensors"),
        ("timm/deit_tiny_distilled_patch16_224.fb_in1k", "model.safetensors"),
    ]
    for size in ("tinny", None):
        with pytest.raises(MissingData, match=f"no weights of size '?{size}'?.*base, small, tiny"):
            fetch(size)


def test_without_a_network_it_says_what_cannot_be_had(monkeypatch):
    def silence(repository, name):
        raise FileNotFoundError("cannot find the file in the cache\nand more")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", silence)
    message = r"timm/deit_small.*fb_in1k cannot be had.*\(cannot find the file in the cache\)$"
    with pytest.raises(MissingData, match=message):
        registry.find("weights", "deit").fetch("small")
