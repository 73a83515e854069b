"""The recipe of overlapping end-to-end learning says what the paper says, and shares trainings."""

import pytest
import torch

from seldbench import registry, tables
from seldbench.experiment.assembly import assemble, input_sizes
from seldbench.recipe import canonical, recipe_file, resolve, variants

PATH = recipe_file("overlap_e2e", "mix75-sim")
EVERY = variants(PATH)
ROWS = ("cascade", "ssl_sss+ssc", "ssl+sss_ssc", "overlapped")
CLASSES = tuple(f"class {k}" for k in range(75))
JOINED = {"singles", "a_then_ssc", "ssl_then_b"}  # put together and not trained


def resolved(variant=None, **settings):
    return resolve(PATH, "mix75-sim", variant, settings)


def texts(variant):
    """Of every stage that is trained what determines it."""
    stages = resolved(variant).stages
    return {name: canonical(stage) for name, stage in stages.items() if name not in JOINED}


def chosen(stage):
    """Heads by their format and loss."""
    return {head: (form.format.name, form.loss) for head, form in stage.heads.items()}


def test_the_proposed_method_is_the_default():
    recipe = resolved()
    assert recipe.variant == "overlapped" and recipe.shown_stage == "whole"
    assert recipe.scorers == ["sources"] and recipe.system == "single"
    assert recipe.protocol == "held_out"


@pytest.mark.parametrize("suffix", ["", "@all"])
@pytest.mark.parametrize("prefix", ["", "small_"])
def test_the_four_rows_are_six_trainings(prefix, suffix):
    found = [texts(f"{prefix}{row}{suffix}") for row in ROWS]
    assert [list(of) for of in found] == [
        ["ssl", "sss", "ssc"],
        ["ssl", "sss", "ssc", "pair_a"],
        ["ssl", "sss", "ssc", "pair_b"],
        ["ssl", "sss", "ssc", "pair_a", "pair_b", "whole"],
    ]
    assert len({text for of in found for text in of.values()}) == 6


# Section 3 of the paper.
@pytest.mark.parametrize(
    "stage, parts, heads",
    [
        ("ssl", ["ssl"], {"direction": ("direction", "mse")}),
        ("sss", ["sss"], {"spectrogram": ("spectrogram", "mse")}),
        ("ssc", ["ssc"], {"class": ("source_class", "mse")}),
        (
            "pair_a",
            ["ssl", "sss"],
            {"direction": ("direction", "mse"), "spectrogram": ("spectrogram", "mse")},
        ),
        (
            "pair_b",
            ["sss", "ssc"],
            {"spectrogram": ("spectrogram", "mse"), "class": ("source_class", "mse")},
        ),
        (
            "whole",
            None,
            {
                "direction": ("direction", "mse"),
                "spectrogram": ("spectrogram", "mse_branches"),
                "class": ("source_class", "mse"),
            },
        ),
    ],
)
def test_each_training_has_its_parts_and_squared_errors_of_equal_weight(stage, parts, heads):
    found = resolved().stages[stage]
    assert found.model.get("parts") == parts and chosen(found) == heads
    assert {head.weight for head in found.heads.values()} == {1.0}
    assert found.model.get("overlap", False) == (stage == "whole")


def test_every_training_is_as_published():
    for stage in resolved().stages.values():
        training = stage.training
        assert (training.optimiser, training.lr, training.epochs) == ("adam", 1e-3, 50)
        assert training.decay is None and training.weight_decay == 0 and training.warmup == 0
        assert stage.batch == {"train": 16} and stage.select == {"valid": "loss"}
        assert training.window * 16000 == 65_792 and "width" not in stage.model


def test_single_parts_are_taught_by_the_data_alone():
    stages = resolved().stages
    assert stages["ssc"].features.name == "log_magnitude" and stages["ssc"].layout == "target"
    for name in ("sss", "pair_b"):
        given = stages[name].inputs["direction"]
        assert given.truth.name == "direction" and given.stage is None
    for name in ("ssl", "ssc", "pair_a", "whole"):
        assert not stages[name].inputs


def starts(stage):
    return {part: (origin.stage, origin.part) for part, origin in stage.origins.items()}


def test_pairs_start_from_singles_and_the_whole_from_pairs():
    stages = resolved().stages
    assert starts(stages["pair_a"]) == {"ssl": ("ssl", "ssl"), "sss": ("sss", "sss")}
    assert starts(stages["pair_b"]) == {"sss": ("sss", "sss"), "ssc": ("ssc", "ssc")}
    assert starts(stages["whole"]) == {
        "ssl": ("pair_a", "ssl"),
        "sss_a": ("pair_a", "sss"),
        "sss_b": ("pair_b", "sss"),
        "ssc": ("pair_b", "ssc"),
    }


@pytest.mark.parametrize(
    "variant, link, of",
    [
        ("cascade", "hard", {"ssl": "ssl", "sss": "sss", "ssc": "ssc"}),
        ("ssl_sss+ssc", "soft", {"ssl": "pair_a", "sss": "pair_a", "ssc": "ssc"}),
        ("ssl+sss_ssc", "hard", {"ssl": "ssl", "sss": "pair_b", "ssc": "pair_b"}),
    ],
)
def test_cascades_are_put_together_and_linked_hard_where_parts_were_trained_apart(
    variant, link, of
):
    for name in (variant, f"{variant}@all", f"small_{variant}"):
        recipe = resolved(name)
        stage = recipe.stage
        assert recipe.shown_stage in JOINED and stage.training.epochs == 0
        assert stage.select == "last" and stage.model.get("link", "soft") == link
        assert starts(stage) == {part: (origin, part) for part, origin in of.items()}


def test_joint_trainings_have_soft_links():
    for variant in ("overlapped", "overlapped@all", "e2e_no_overlap"):
        for name, stage in resolved(variant).stages.items():
            if name not in JOINED:
                assert stage.model.get("link", "soft") == "soft"


# What the paper does not tell apart from overlap.


def test_a_long_cascade_is_trained_as_often_as_three_stages():
    plain, long = resolved("cascade").stages, resolved("cascade_long").stages
    for name in ("ssl", "sss", "ssc"):
        assert long[name].training.epochs == 3 * plain[name].training.epochs == 150
        same = long[name].training.model_copy(update={"epochs": 50})
        assert canonical(long[name].model_copy(update={"training": same})) == canonical(plain[name])


def test_from_scratch_is_the_whole_network_in_one_long_training():
    whole, scratch = resolved().stages["whole"], resolved("e2e_scratch").stages
    assert list(scratch) == ["whole"] and scratch["whole"].training.epochs == 150
    assert scratch["whole"].model == whole.model and not scratch["whole"].origins
    assert set(scratch["whole"].init) == set(whole.init)


def test_without_overlap_there_is_one_separation_from_the_singles():
    recipe = resolved("e2e_no_overlap")
    assert list(recipe.stages) == ["ssl", "sss", "ssc", "whole_single"]
    assert not recipe.stage.model.get("overlap") and recipe.stage.training.epochs == 50
    assert starts(recipe.stage) == {part: (part, part) for part in ("ssl", "sss", "ssc")}
    assert recipe.stage.heads["spectrogram"].loss == "mse"


def test_a_lower_step_size_changes_joint_trainings_alone():
    plain, low = texts("overlapped"), texts("overlapped_low_lr")
    assert {n for n in plain if plain[n] != low[n]} == {"pair_a", "pair_b", "whole"}
    assert resolved("overlapped_low_lr").stages["whole"].training.lr == 1e-4


def test_cross_entropy_is_of_directions_and_classes_and_separation_is_shared():
    plain, entropy = texts("overlapped"), texts("overlapped_ce")
    assert {n for n in plain if plain[n] == entropy[n]} == {"sss"}
    for variant in ("overlapped_ce", "cascade_ce", "small_overlapped_ce", "small_cascade_ce"):
        for stage in resolved(variant).stages.values():
            for head, form in stage.heads.items():
                assert (form.loss == "ce") == (head != "spectrogram")


# Every source.


@pytest.mark.parametrize("variant", [v for v in EVERY if v.endswith("@all")])
def test_every_source_is_asked_for_in_turn_and_directions_are_of_all(variant):
    recipe = resolved(variant)
    assert recipe.system == "each_direction" and recipe.post.direction == 0.5
    assert recipe.post.tune.on == "valid" and recipe.post.tune.score == "direction_f1"
    for name, stage in recipe.stages.items():
        each = "" if name == "ssl" else "/each"
        assert stage.batch == {f"train{each}": 16}
        assert name in JOINED or stage.select == {f"valid{each}": "loss"}
        assert all(head.on == [f"train{each}"] for head in stage.heads.values())
        if "direction" in stage.heads:
            assert stage.heads["direction"].format.arguments == {"of": "all"}
            assert stage.model["directions"] == "any"
        asked = stage.inputs.get("direction")
        assert (asked is None) == (name in ("ssl", "ssc"))
        assert asked is None or (asked.truth.name, asked.truth.arguments) == ("direction", {})


@pytest.mark.parametrize("row", [*ROWS, *(f"{row}@all" for row in ROWS)])
def test_a_small_row_is_half_as_wide_and_else_the_same(row):
    large, small = resolved(row), resolved(f"small_{row}")
    assert list(large.stages) == list(small.stages)
    for name, stage in small.stages.items():
        assert stage.model["width"] == 32
        model = {key: value for key, value in stage.model.items() if key != "width"}
        epochs = large.stages[name].training.epochs
        assert (stage.training.epochs == 0) == (epochs == 0)
        # Of every source as many steps as of mixtures, 16 of which make 62 of the small set's.
        assert stage.training.steps == (62 if row.endswith("@all") else None)
        training = stage.training.model_copy(update={"epochs": epochs, "steps": None})
        back = stage.model_copy(update={"model": model, "training": training})
        assert canonical(back) == canonical(large.stages[name])


@pytest.mark.parametrize("variant", EVERY)
def test_every_variant_says_how_it_differs_and_is_chosen_on_valid(variant):
    recipe = resolved(variant)
    assert recipe.notes and recipe.protocol == "held_out"
    assert ("Not a published system" in recipe.notes) == variant.startswith("small_")
    assert {name: list(of) for name, of in recipe.oracles.items()} == {
        "direction": ["direction"],
        "separation": ["separated"],
    }


@pytest.mark.parametrize("variant", [*ROWS, "e2e_no_overlap", "overlapped@all", "cascade@all"])
def test_every_stage_assembles_on_windows_of_256_frames(variant):
    recipe = resolved(variant, **{"model.width": 1})
    for stage in recipe.stages.values():
        assembly = assemble(stage, CLASSES, 0, input_sizes(recipe, stage, CLASSES))
        assert assembly.windowing.frames == 256 and assembly.windowing.grid == 0.016
        assert assembly.windowing.onsets(4.112, 4.112) == [0.0]
        assert set(assembly.formats) == set(stage.heads)


@pytest.mark.parametrize(
    "variant, parameters",
    [
        ("overlapped", 32_145_877),
        ("ssl_sss+ssc", 21_332_884),
        ("ssl+sss_ssc", 21_332_884),
        ("cascade", 21_332_884),
        ("e2e_no_overlap", 21_332_884),
    ],
)
def test_notes_say_how_many_parameters_answer(variant, parameters):
    recipe = resolved(variant)
    sizes = {"direction": 8, "spectrogram": 256, "class": 75}
    with torch.device("meta"):
        network = registry.find("architectures", "overlap_e2e").build(
            channels=15, bins=256, hop=0.016, sizes=sizes, **recipe.stage.model
        )
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert f"{parameters:,} parameters" in recipe.notes


def test_table_1_has_the_paper_s_rows_and_says_that_its_protocol_is_not_stated():
    table = tables.table(registry.data_file("tables", "overlap_e2e"), "1")
    assert table.protocol.startswith("not stated in the paper")
    published = {row.variant: row.published["accuracy"] for row in table.rows if row.published}
    assert published == dict(zip(ROWS, (0.697, 0.713, 0.71, 0.73)))
    for row in table.rows:
        assert row.built and row.reduced == f"small_{row.variant}"
        assert bool(row.published) == (row.variant in ROWS)
        assert row.published or row.note.startswith("not in the paper")
    others = {row.variant for row in table.rows} - set(ROWS)
    extras = {"cascade_long", "e2e_scratch", "e2e_no_overlap"}
    assert others == extras | {f"{row}@all" for row in ROWS}
