"""Released weights of AST and DeiT, in every layout, in the networks that start from them."""

import pytest
import torch

from seldbench import registry
from seldbench_baselines.ast_encoder import PatchEncoder
from seldbench_baselines.weights import _vit

WIDTH = 32
SMALL = {"width": WIDTH, "heads": 2, "blocks": 3}


def ast(classes=5, **arguments):
    build = registry.find("architectures", "ast").build
    arguments = SMALL | arguments
    return build(channels=1, bins=128, hop=0.01, sizes={"tags": classes}, **arguments).eval()


def ast_gru(**arguments):
    build = registry.find("architectures", "ast_gru").build
    arguments = SMALL | {"blocks": 2, "hidden": 4} | arguments
    return build(channels=1, bins=128, hop=0.01, sizes={"frames": 3}, **arguments).eval()


def convert(name, tensors, module, **arguments):
    return registry.find("weights", name).convert(tensors, module.state_dict(), **arguments)


def official(model):
    """A model's tensors in the official layout, with the ImageNet heads that are unused there."""
    tensors = {}
    for name, tensor in model.state_dict().items():
        if name.startswith("head."):
            tensors[f"module.mlp_{name}"] = tensor
        elif not name.endswith(".grid"):
            tensors[f"module.v.{name.removeprefix('encoder.')}"] = tensor
    for head in ("head", "head_dist"):
        tensors |= {
            f"module.v.{head}.weight": torch.zeros(1000, WIDTH),
            f"module.v.{head}.bias": torch.zeros(1000),
        }
    return tensors


FIRST = {
    "cls_token": "embeddings.cls_token",
    "dist_token": "embeddings.distillation_token",
    "pos_embed": "embeddings.position_embeddings",
    "patch_embed.proj": "embeddings.patch_embeddings.projection",
    "norm": "layernorm",
}
VERSION_4 = {
    "block": "encoder.layer",
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "qkv": "attention.attention.query attention.attention.key attention.attention.value",
    "attn.proj": "attention.output.dense",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
}
VERSION_5 = VERSION_4 | {
    "block": "layers",
    "qkv": "attention.q_proj attention.k_proj attention.v_proj",
    "attn.proj": "attention.o_proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}


def hugging_face(model, version=VERSION_4, prefix="audio_spectrogram_transformer."):
    """A model's tensors as Hugging Face names them; without its prefix there is no classifier."""
    tensors = {}
    for name, tensor in model.state_dict().items():
        plain, _, last = name.removeprefix("encoder.").rpartition(".")
        plain, last = (plain, f".{last}") if last in ("weight", "bias") else (last, "")
        if name.startswith("head."):
            if prefix:
                layer = {"head.0": "layernorm", "head.1": "dense"}[plain]
                tensors[f"classifier.{layer}{last}"] = tensor
        elif plain in FIRST:
            tensors[f"{prefix}{FIRST[plain]}{last}"] = tensor
        elif plain.startswith("blocks."):
            _, index, rest = plain.split(".", 2)
            start = f"{prefix}{version['block']}.{index}."
            if rest == "attn.qkv":
                for part, third in zip(version["qkv"].split(), tensor.chunk(3)):
                    tensors[f"{start}{part}{last}"] = third
            else:
                tensors[f"{start}{version[rest]}{last}"] = tensor
    return tensors


LAYOUTS = {
    "official": official,
    "without data parallel": lambda m: {
        n.removeprefix("module."): t for n, t in official(m).items()
    },
    "hugging face": hugging_face,
    "hugging face 5": lambda m: hugging_face(m, VERSION_5),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_one_model_gives_its_outputs(layout):
    source, model = ast(), ast()
    features = torch.randn(1, 1, 98, 128)
    wanted = source(features)["tags"]
    assert not torch.allclose(model(features)["tags"], wanted, atol=1e-3)
    model.load_state_dict(convert("ast_audioset", LAYOUTS[layout](source), model))
    assert torch.allclose(model(features)["tags"], wanted, atol=1e-5)


def test_an_encoder_starts_from_each_layout_with_or_without_a_classifier():
    source, part = ast(), ast_gru().encoder
    for tensors in (official(source), hugging_face(source), hugging_face(source, prefix="")):
        part.load_state_dict(convert("ast_audioset", tensors, part))
        # Block 2 (counted from 0), the last norm and the head are left out.
        for name, tensor in part.state_dict().items():
            assert torch.equal(tensor, source.encoder.state_dict()[name]), name


def test_a_head_of_other_classes_stays_new():
    source, model = ast(5), ast(7)
    new = {name: t.clone() for name, t in model.head.state_dict().items()}
    model.load_state_dict(convert("ast_audioset", official(source), model))
    assert all(torch.equal(t, new[name]) for name, t in model.head.state_dict().items())
    name = "encoder.blocks.0.mlp.fc1.weight"
    assert torch.equal(model.state_dict()[name], source.state_dict()[name])


def test_an_unknown_tensor_is_an_error_that_names_it():
    part = ast().encoder
    for tensors, name in (
        (official(ast()), "module.v.blocks.0.attn.rotary"),
        (official(ast()), "module.decoder.weight"),
        (hugging_face(ast()), "classifier.bias"),
        (hugging_face(ast()), "audio_spectrogram_transformer.encoder.layer.0.gate.weight"),
    ):
        with pytest.raises(ValueError, match=f"unknown tensor '.*{name[-10:]}'"):
            convert("ast_audioset", tensors | {name: torch.zeros(1)}, part)


def test_a_missing_tensor_is_an_error_that_names_it():
    tensors = official(ast())
    del tensors["module.v.blocks.1.norm1.bias"]
    with pytest.raises(ValueError, match=r"without 'blocks\.1\.norm1\.bias'"):
        convert("ast_audioset", tensors, ast().encoder)
    tensors = hugging_face(ast())
    del tensors["audio_spectrogram_transformer.encoder.layer.0.attention.attention.key.bias"]
    with pytest.raises(ValueError, match=r"without 'blocks\.0\.attn\.key\.bias'"):
        convert("ast_audioset", tensors, ast().encoder)


def test_more_blocks_than_the_release_has_are_an_error():
    with pytest.raises(ValueError, match=r"without 'blocks\.3\.norm1\.weight'"):
        convert("ast_audioset", official(ast()), ast(blocks=4).encoder)


def test_weights_of_another_size_are_an_error_with_the_remedy():
    with pytest.raises(ValueError, match=r"is \(1, 1, 32\), here \(1, 1, 64\).*model\.size"):
        convert("ast_audioset", official(ast()), ast(width=64).encoder)


def test_all_of_a_network_with_a_decoder_cannot_start_from_them():
    model = ast_gru()
    with pytest.raises(ValueError, match=r"without 'norm\.weight', which this network has"):
        convert("ast_audioset", official(ast()), model)


def test_positions_of_a_shorter_clip_are_the_middle_ones():
    source = ast()
    short = ast(frames=512).encoder
    filled = convert("ast_audioset", official(source), short)["pos_embed"]
    given = source.encoder.pos_embed[0, 2:].reshape(12, 101, WIDTH)
    assert torch.equal(filled[0, :2], source.encoder.pos_embed[0, :2])
    assert torch.equal(filled[0, 2:].reshape(12, 50, WIDTH), given[:, 25:75])


def test_positions_of_wider_strides_are_the_middle_ones_in_frequency_too():
    source = ast()
    filled = convert("ast_audioset", official(source), ast(strides=(16, 16)).encoder)["pos_embed"]
    given = source.encoder.pos_embed[0, 2:].reshape(12, 101, WIDTH)
    assert torch.equal(filled[0, 2:].reshape(8, 64, WIDTH), given[2:10, 18:82])


def test_a_position_embedding_of_no_released_grid_is_an_error():
    tensors = official(ast())
    tensors["module.v.pos_embed"] = torch.zeros(1, 2 + 1000, WIDTH)
    with pytest.raises(ValueError, match="1000 patches: no released AST has so many"):
        convert("ast_audioset", tensors, ast().encoder)


def deit(side=24):
    """Tensors of a distilled DeiT whose positions say their row and column."""
    encoder = PatchEncoder(
        16 * side,
        **SMALL,
        size="tiny",
        frames=16 * side,
        strides=(16, 16),
        patch=(16, 16),
        mean=0.0,
        deviation=0.5,
        norm=True,
        checkpoint=False,
    )
    tensors = {name: t.detach() for name, t in encoder.state_dict().items() if name != "grid"}
    tensors["patch_embed.proj.weight"] = torch.randn(WIDTH, 3, 16, 16)
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    patches = torch.zeros(side * side, WIDTH)
    patches[:, 0], patches[:, 1] = rows.flatten(), columns.flatten()
    tensors["pos_embed"] = torch.cat([torch.full((2, WIDTH), -1.0), patches])[None]
    for head in ("head", "head_dist"):
        tensors |= {f"{head}.weight": torch.zeros(1000, WIDTH), f"{head}.bias": torch.zeros(1000)}
    return tensors


def grid_of(filled, rows=12):
    return filled["pos_embed"][0, 2:].unflatten(0, (rows, -1))


def test_a_square_ramp_keeps_the_order_of_frequencies_and_gives_rows_6_to_17():
    filled = convert("deit", deit(), ast().encoder)
    assert torch.equal(filled["pos_embed"][0, :2], torch.full((2, WIDTH), -1.0))
    grid = grid_of(filled)  # (12, 101, WIDTH)
    for row in range(12):
        assert torch.allclose(grid[row, :, 0], torch.full((101,), 6.0 + row), atol=1e-4)
    times = grid[0, :, 1]
    assert torch.all(times.diff() >= 0)
    # Bilinear, corners not aligned: the middle of 101 columns is the middle of 24.
    assert float(times[50]) == pytest.approx(11.5)


def test_positions_may_be_the_nearest_or_new():
    part = ast().encoder
    nearest = grid_of(convert("deit", deit(), part, positions="nearest"))
    assert set(nearest[0, :, 1].tolist()) == set(range(24))
    new = convert("deit", deit(), part, positions="new")["pos_embed"]
    assert torch.equal(new, part.pos_embed)
    with pytest.raises(ValueError, match="no positions 'bilinar'"):
        convert("deit", deit(), part, positions="bilinar")


def test_short_clips_take_the_middle_columns_of_the_square():
    grid = grid_of(convert("deit", deit(), ast(frames=128).encoder))
    assert grid.shape[:2] == (12, 12)
    assert grid[0, :, 1].tolist() == list(range(6, 18))


def test_the_colours_are_summed_and_the_blocks_copied():
    tensors, model = deit(), ast()
    head = model.head[1].weight.clone()
    model.load_state_dict(convert("deit", tensors, model))
    projected = model.encoder.patch_embed.proj.weight
    assert torch.allclose(projected[:, 0], tensors["patch_embed.proj.weight"].sum(1))
    name = "blocks.2.attn.qkv.weight"
    assert torch.equal(model.encoder.state_dict()[name], tensors[name])
    assert torch.equal(model.head[1].weight, head)


def test_other_vision_transformers_are_refused():
    tensors = deit()
    del tensors["dist_token"]
    with pytest.raises(ValueError, match="not the weights of a distilled DeiT"):
        convert("deit", tensors, ast().encoder)
    with pytest.raises(ValueError, match=r"unknown tensor 'fc_norm\.weight'"):
        convert("deit", deit() | {"fc_norm.weight": torch.zeros(WIDTH)}, ast().encoder)


def test_other_parts_are_refused():
    with pytest.raises(ValueError, match=r"\[init\.encoder\]"):
        convert("deit", deit(), ast().head)


def test_a_grid_of_equal_size_is_untouched():
    given = torch.randn(1, 2 + 12 * 101, WIDTH)
    same = _vit.positions(given, (12, 101), given, (12, 101), "bilinear")
    assert torch.equal(same, given)
