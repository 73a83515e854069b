"""The recipes of the tagger AST: the numbers of the authors' training scripts, by variant."""

import pytest

from seldbench import registry
from seldbench.recipe import resolve, variants

FILES = {
    name: registry.data_file("recipes", f"ast/{name}")
    for name in ("esc50", "speech_commands_v2", "audioset")
}
ALL = [(name, variant) for name, path in FILES.items() for variant in variants(path)]

# lr, epochs, batch, loss, decay (start, factor, every), warm-up, frames, masks (bins, frames),
# mixup. Source: YuanGongND/ast, egs/*/run*.sh.
PUBLISHED = {
    ("audioset", "full"): (1e-5, 5, 12, "bce", (2, 0.5, 1), 1000, 1024, (48, 192), 0.5),
    ("audioset", "balanced"): (5e-5, 25, 12, "bce", (10, 0.5, 5), 1000, 1024, (48, 192), 0.5),
    ("esc50", "ast_p"): (1e-5, 25, 48, "ce", (5, 0.85, 1), 0, 512, (24, 96), 0),
    ("esc50", "ast_s"): (1e-4, 25, 48, "ce", (5, 0.85, 1), 0, 512, (24, 96), 0),
    ("speech_commands_v2", "ast_s"): (2.5e-4, 30, 128, "bce", (5, 0.85, 1), 0, 128, (48, 48), 0.6),
    ("speech_commands_v2", "ast_p"): (2.5e-4, 30, 128, "bce", (5, 0.85, 1), 0, 128, (48, 48), 0.6),
}


def stage(name, variant):
    return resolve(FILES[name], name, variant).stages["tagger"]


@pytest.mark.parametrize(("name", "variant"), PUBLISHED)
def test_published_variants_train_as_published(name, variant):
    lr, epochs, batch, loss, decay, warmup, frames, masks, mixup = PUBLISHED[name, variant]
    found = stage(name, variant)
    training = found.training
    assert (training.lr, training.epochs, training.warmup) == (lr, epochs, warmup)
    assert (training.decay.start, training.decay.factor, training.decay.every) == decay
    assert training.decay.shape == "stairs"
    assert (training.optimiser, training.betas, training.weight_decay) == (
        "adam",
        (0.95, 0.999),
        5e-7,
    )
    assert list(found.batch.values()) == [batch] and found.heads["tags"].loss == loss
    assert found.model.get("frames", 1024) == frames
    mask = found.augment.spectrum[0].arguments
    assert (mask["below_bins"], mask["below_frames"]) == masks
    assert (mask["fill"], mask["probability"]) == (0.0, 1.0)
    assert [a.arguments["probability"] for a in found.augment.scene] == ([mixup] if mixup else [])


def test_each_set_is_scaled_by_its_own_statistics():
    assert stage("esc50", "ast_p").model["mean"] == -6.6268077
    assert stage("esc50", "ast_p").model["deviation"] == 5.358466
    assert stage("speech_commands_v2", "ast_s").model["mean"] == -6.845978
    assert stage("speech_commands_v2", "ast_s").model["deviation"] == 5.5654526
    assert "mean" not in stage("audioset", "full").model  # the network's own default


def test_noise_is_as_loud_as_on_scaled_features():
    found = stage("speech_commands_v2", "ast_s")
    noise = found.augment.spectrum[1]
    assert noise.name == "noise_roll"
    assert noise.arguments["scale"] == pytest.approx(2 * found.model["deviation"])


def test_only_the_full_set_is_drawn_by_its_labels_and_it_is_of_both_lists():
    full = stage("audioset", "full")
    assert full.training.balanced == ["train/balanced+train/unbalanced"] == list(full.batch)
    assert full.average == (1, 5) and full.training.warmup_every == 50
    for name, variant in ALL:
        if not variant.startswith("full"):
            assert stage(name, variant).training.balanced == []
    assert stage("audioset", "balanced").average == (6, 25)


def test_nothing_is_chosen_on_test():
    assert stage("esc50", "ast_p").select == stage("audioset", "full").select == "last"
    assert stage("speech_commands_v2", "ast_s").select == {"valid": "accuracy"}
    for name, variant in ALL:
        assert resolve(FILES[name], name, variant).protocol == "held_out"


@pytest.mark.parametrize(
    ("variant", "weights"),
    [
        ("balanced", {"name": "deit"}),
        ("positions_new", {"name": "deit", "positions": "new"}),
        ("positions_nearest", {"name": "deit", "positions": "nearest"}),
    ],
)
def test_the_studies_of_positions_differ_in_the_first_weights_alone(variant, weights):
    found = stage("audioset", variant)
    assert found.init["encoder"].weights.model_dump() == weights
    assert found.model == stage("audioset", "balanced").model


@pytest.mark.parametrize(
    ("variant", "tokens"),
    [("balanced", 1212), ("overlap4", 850), ("overlap2", 657), ("overlap0", 512)],
)
def test_the_overlaps_give_the_paper_s_numbers_of_patches(variant, tokens):
    fstride, tstride = stage("audioset", variant).model.get("strides", (10, 10))
    assert ((128 - 16) // fstride + 1) * ((1024 - 16) // tstride + 1) == tokens


@pytest.mark.parametrize("variant", ["patch128x2", "patch32x32", "patch16x16"])
def test_patch_shapes_do_not_overlap_and_start_at_random(variant):
    found = stage("audioset", variant)
    assert found.model["strides"] == found.model.get("patch", [16, 16])
    assert found.init == {"encoder": "none"}


def test_every_table_of_the_paper_names_variants_that_are_there():
    import tomllib

    tables = tomllib.loads(registry.data_file("tables", "ast").read_text())["tables"]
    named = {
        (row["recipe"], row["variant"])
        for table in tables.values()
        for row in table["rows"]
        if "variant" in row
    }
    assert named <= {(f"ast/{name}", variant) for name, variant in ALL}
