"""Recipes: what stands above holds below, variants on top, settings last; unknown keys refused."""

import pytest

from seldbench.errors import BadRecipe, UnknownName
from seldbench.recipe import canonical, parse_setting, recipe_file, resolve, variants

SMALL = """
title = "A system"
source = "nobody"
features = "logmel_desed"
[heads]
frames = { format = "strong", loss = "bce", on = ["train/synthetic"] }
[batch]
"train/synthetic" = 4
[training]
epochs = 2
window = 10.0
[select]
"valid/synthetic" = "event_f1_macro"
[stages.sed]
[post]
origin = "nobody"
[variants.plain]
[variants.long.training]
epochs = 9
[variants.other]
batch = { "train/real" = 8 }
heads.frames.on = ["train/real"]
"""


@pytest.fixture
def recipe(tmp_path):
    def write(text=SMALL):
        path = tmp_path / "crnn" / "desed.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_the_first_variant_is_the_default(recipe):
    assert resolve(recipe(), "desed").variant == "plain"
    assert variants(recipe()) == ["plain", "long", "other"]


def test_what_stands_at_the_top_holds_for_every_stage(recipe):
    stage = resolve(recipe(), "desed").stage
    assert stage.training.epochs == 2
    assert stage.heads["frames"].format.name == "strong"


def test_a_variant_overrides_and_a_setting_has_the_last_word(recipe):
    assert resolve(recipe(), "desed", "long").stage.training.epochs == 9
    chosen = resolve(recipe(), "desed", "long", {"training.epochs": 3})
    assert chosen.stage.training.epochs == 3
    one_stage = resolve(recipe(), "desed", "long", {"stages.sed.training.epochs": 4})
    assert one_stage.stage.training.epochs == 4


def test_a_setting_for_all_stages_leaves_those_untrained_that_only_put_parts_together(recipe):
    whole = """[stages.whole]
training.epochs = 0
select = "last"
init = { "" = { stage = "sed" } }
[post]"""
    path = recipe(SMALL.replace("[post]", whole))

    def epochs(settings):
        found = resolve(path, "desed", "plain", settings).stages
        return found["sed"].training.epochs, found["whole"].training.epochs

    assert epochs({"training.epochs": 3}) == (3, 0)
    assert epochs({"training.epochs": 3, "stages.whole.training.epochs": 1}) == (3, 1)


def test_a_setting_of_one_stage_leaves_the_others_as_they_are(recipe):
    two = SMALL.replace(
        "[stages.sed]", '[stages.first]\n[stages.sed.init]\n"" = { stage = "first" }'
    )
    chosen = resolve(recipe(two), "desed", None, {"stages.sed.training.epochs": 7})
    assert chosen.stages["first"].training.epochs == 2
    assert chosen.stages["sed"].training.epochs == 7


def test_a_stage_that_no_answer_hangs_on_is_left_out(recipe):
    both = SMALL.replace("[stages.sed]", "[stages.first]\n[stages.sed]")
    assert list(resolve(recipe(both), "desed").stages) == ["sed"]
    chosen = resolve(recipe(both), "desed", None, {"shown_stage": "first"})
    assert list(chosen.stages) == ["first"]


HALVES = """
[stages.who]
[stages.where]
[stages.where_again.init]
"" = { stage = "where" }
"""


def test_two_stages_answer_together_and_bring_what_they_hang_on(recipe):
    text = SMALL.replace("[stages.sed]", HALVES).replace(
        "[heads]",
        'system = "two_stage"\nanswers = { activity = "who", directions = "where" }\n[heads]',
    )
    first = resolve(recipe(text), "desed")
    assert first.answering == {"activity": "who", "directions": "where"}
    assert list(first.stages) == ["who", "where"]
    other = {"answers": {"activity": "who", "directions": "where_again"}}
    assert list(resolve(recipe(text), "desed", None, other).stages) == [
        "who",
        "where",
        "where_again",
    ]


def test_halves_that_nobody_trains_are_refused(recipe):
    text = SMALL.replace(
        "[heads]",
        'system = "two_stage"\nanswers = { activity = "sed", directions = "doe" }\n[heads]',
    )
    with pytest.raises(BadRecipe, match="answers: no stage 'doe'"):
        resolve(recipe(text), "desed")
    with pytest.raises(BadRecipe, match="two_stage"):
        resolve(recipe(SMALL.replace("[heads]", 'system = "two_stage"\n[heads]')), "desed")


def test_a_variant_that_names_a_batch_says_all_of_it(recipe):
    assert resolve(recipe(), "desed", "other").stage.batch == {"train/real": 8}


def test_equal_recipes_have_one_canonical_text_and_others_another(recipe):
    assert canonical(resolve(recipe(), "desed")) == canonical(resolve(recipe(), "desed"))
    assert canonical(resolve(recipe(), "desed")) != canonical(resolve(recipe(), "desed", "long"))


def test_an_unknown_key_is_refused_with_the_nearest(recipe):
    with pytest.raises(BadRecipe, match=r"unknown key 'stages.sed.training.epoch' \(near: epochs"):
        resolve(recipe(SMALL.replace("epochs = 2", "epoch = 2\nepochs = 2")), "desed")
    with pytest.raises(BadRecipe, match=r"unknown key 'stages\.sed\.training\.lrate'"):
        resolve(recipe(), "desed", None, {"training.lrate": 1})


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ({"step": 0.48}, r"post\.boxes: give `absolute`, `relative` or both: by what gaps [^\n]*$"),
        ({"step": -1.0, "absolute": 0.2}, r"post\.boxes\.step: Input should be greater than 0$"),
        ({"step": 0.48, "absolut": 0.2}, r"unknown key 'post\.boxes\.absolut' \(near: absolute"),
        ({"Dog": {"absolute": 0.2}}, r"missing key 'post\.boxes\.Dog\.step'$"),
    ],
)
def test_of_one_box_or_boxes_by_class_the_one_that_was_meant_is_explained(recipe, boxes, message):
    with pytest.raises(BadRecipe, match=message) as raised:
        resolve(recipe(), "desed", None, {"post.boxes": boxes})
    assert "function-" not in str(raised.value) and "dict[" not in str(raised.value)


def test_an_unknown_scorer_is_refused_with_the_nearest(recipe):
    chosen = {"scorers": ["dcase2021_fixed", "dcase2030"]}
    with pytest.raises(BadRecipe, match=r"no scorer 'dcase2030' \(near: dcase20"):
        resolve(recipe(), "desed", None, chosen)


def test_what_is_wrong_with_a_whole_recipe_begins_with_its_place(recipe):
    with pytest.raises(BadRecipe, match=r"\(variant plain\):\n  scorers: no scorer 'dcase2025'"):
        resolve(recipe(), "desed", None, {"scorers": ["dcase2025"]})


def test_a_scorer_that_is_named_twice_is_refused(recipe):
    with pytest.raises(BadRecipe, match="scorers: 'sed' is named twice; leave one out"):
        resolve(recipe(), "desed", None, {"scorers": ["sed", "sed"]})


def test_windows_with_gaps_between_them_are_refused(recipe):
    with pytest.raises(BadRecipe, match=r"inference.hop: 6 s .* a window lasts 3 s: .* at most"):
        resolve(recipe(), "desed", None, {"inference.hop": 6.0, "training.window": 3.0})
    assert resolve(recipe(), "desed", None, {"inference.hop": 10.0}).stage.inference.hop == 10.0


@pytest.mark.parametrize(
    ("key", "nothing"),
    [("heads", {}), ("batch", {}), ("batch", {"train/real": 0}), ("fit_on", []), ("select", {})],
)
def test_a_stage_of_nothing_is_refused(recipe, key, nothing):
    with pytest.raises(BadRecipe, match=rf"stages.sed.{key}.*: (Dictionary|List|Input) should"):
        resolve(recipe(), "desed", None, {key: nothing})


def test_an_unknown_variant_is_refused_with_the_nearest(recipe):
    with pytest.raises(UnknownName, match=r"no variant 'lang' \(near: long"):
        resolve(recipe(), "desed", "lang")


def test_a_missing_key_is_named(recipe):
    with pytest.raises(BadRecipe, match=r"missing key 'post\.origin'"):
        resolve(recipe(SMALL.replace('origin = "nobody"', "")), "desed")


def test_text_that_is_not_toml_names_the_file(recipe):
    with pytest.raises(BadRecipe, match=r"desed\.toml: not TOML"):
        resolve(recipe("title = "), "desed")


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace('"valid/synthetic" =', '"test" ='),
        SMALL + '[post.tune]\non = "test"\nthresholds = [0.3]\n',
    ],
)
def test_nothing_is_chosen_on_test(recipe, text):
    text = text.replace("[post.tune]\non", "[variants.plain.post.tune]\non")
    with pytest.raises(BadRecipe, match="nothing is chosen on test"):
        resolve(recipe(text), "desed")


def test_training_on_a_split_that_is_not_train_is_refused(recipe):
    with pytest.raises(BadRecipe, match="'valid/weak' is no train split"):
        resolve(recipe(), "desed", None, {"batch": {"valid/weak": 2}})


def test_a_class_that_the_post_processing_leaves_out_is_an_error(recipe):
    chosen = resolve(recipe(), "desed", None, {"post.medians": {"Dog": 0.3}})
    assert chosen.post.by_class("medians", ["Dog"]) == {"Dog": 0.3}
    with pytest.raises(BadRecipe, match="no value for Cat"):
        chosen.post.by_class("medians", ["Cat", "Dog"])


def test_a_setting_reads_as_toml_or_as_text():
    assert parse_setting("training.epochs=3") == ("training.epochs", 3)
    assert parse_setting("training.precision=bf16") == ("training.precision", "bf16")
    with pytest.raises(UnknownName, match="expected key=value"):
        parse_setting("training.epochs")


def test_a_quoted_part_of_a_key_may_hold_any_sign(recipe):
    chosen = resolve(recipe(), "desed", None, dict([parse_setting('batch."train/synthetic"=2')]))
    assert chosen.stage.batch == {"train/synthetic": 2}
    with pytest.raises(UnknownName, match="not a key"):
        resolve(recipe(), "desed", None, {"batch.train/synthetic": 2})


def test_a_simulated_twin_uses_the_real_sets_recipe():
    assert recipe_file("crnn", "desed-sim") == recipe_file("crnn", "desed")


def test_unknown_systems_and_data_sets_are_named_with_the_nearest():
    with pytest.raises(UnknownName, match=r"no architecture named 'crn' \(near: crnn"):
        recipe_file("crn", "desed")
    with pytest.raises(UnknownName, match=r"no data set named 'desedd' \(near: desed"):
        recipe_file("crnn", "desedd")


def test_every_shipped_recipe_and_variant_resolves():
    from seldbench import registry

    for name in registry.names("recipes"):
        path = registry.data_file("recipes", name)
        for variant in variants(path):
            assert resolve(path, name.split("/")[1], variant).stages


EXTENDED = """
[variants.wide]
[variants.wide.model]
hidden = 16
[variants.wider]
extends = "wide"
title = "Wider"
[variants.wider.model]
widths = [8, 16]
"""


@pytest.fixture
def extended(tmp_path, toy_text):
    def write(text=EXTENDED):
        path = tmp_path / "crnn" / "toy.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(toy_text + text)
        return path

    return write


def test_a_variant_may_extend_another(extended):
    wider = resolve(extended(), "toy", "wider")
    assert (wider.stage.model["hidden"], wider.stage.model["widths"]) == (16, [8, 16])
    assert (wider.title, resolve(extended(), "toy", "wide").title) == ("Wider", "Toy CRNN")


@pytest.mark.parametrize(
    ("extends", "message"),
    [("wider", "extends itself"), ("wdie", r"no variant 'wdie' \(near: wide")],
)
def test_a_variant_that_extends_itself_or_nobody_is_refused(extended, extends, message):
    path = extended(EXTENDED.replace('extends = "wide"', f'extends = "{extends}"'))
    with pytest.raises(BadRecipe, match=message):
        resolve(path, "toy", "wider")


def test_where_a_part_starts_from_is_taken_whole(extended):
    text = """
[init]
gru = { weights = "half" }
frames = "none"
[variants.from_a_stage]
shown_stage = "sed"
[variants.from_a_stage.init]
gru = { stage = "first", part = "gru" }
[variants.from_a_stage.stages.first]
"""
    stage = resolve(extended(text), "toy", "from_a_stage").stages["sed"]
    assert stage.init["frames"] == "none"
    assert (stage.init["gru"].stage, stage.init["gru"].weights) == ("first", None)
