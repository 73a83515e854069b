"""Every SELD recipe and variant assembles: features, formats and network agree on shapes."""

import re

import pytest

from seldbench import registry, tables
from seldbench.augment import SCENE, SPECTRUM
from seldbench.evaluation.seld.scoring import ORACLES
from seldbench.experiment.assembly import assemble
from seldbench.metrics.seld import SCORERS
from seldbench.recipe import resolve, variants

ARCHITECTURES = ("crnn_accdoa", "salsa_crnn", "seldnet", "einv2", "einv2_conformer")
RECIPES = [n for n in registry.names("recipes") if n.split("/")[0] in ARCHITECTURES]
# Of many millions of parameters, on the data sets that a smaller system covers too.
CONFORMERS = ("foa_synthetic", "mic", "parity")
HEAVY = {("crnn_accdoa", "large"), *(("einv2_conformer", v) for v in CONFORMERS)}
SYSTEMS = [
    (name, variant)
    for name in RECIPES
    for variant in variants(registry.data_file("recipes", name))
    if (name.split("/")[0], variant) not in HEAVY
]


def resolved(name, variant):
    return resolve(registry.data_file("recipes", name), name.split("/")[1], variant)


def classes_of(name):
    """A set's object knows its classes before it is opened."""
    return registry.find("datasets", name.split("/")[1]).classes


@pytest.mark.parametrize("name, variant", SYSTEMS)
def test_a_system_assembles_and_has_the_parameters_that_its_notes_state(name, variant):
    recipe = resolved(name, variant)
    assembly = assemble(recipe.stage, classes_of(name), seed=0)
    # A network answers on the grid of the labels, for the whole window.
    assert assembly.windowing.grid == pytest.approx(0.1)
    assert assembly.frames == round(recipe.stage.training.window / 0.1)
    if stated := re.match(r"(?:The )?([\d,]+) parameters", recipe.notes):
        assert assembly.parameters == int(stated[1].replace(",", ""))


def test_each_data_set_has_the_systems_of_its_years():
    assert set(RECIPES) == {
        "crnn_accdoa/tnsse2020",
        "crnn_accdoa/tnsse2021",
        "crnn_accdoa/starss22",
        "crnn_accdoa/starss23",
        "salsa_crnn/tnsse2021",
        "seldnet/starss22",
        "seldnet/starss23",
        "seldnet/tnsse2021",
        "einv2/tnsse2020",
        "einv2/tnsse2021",
        "einv2/starss22",
        "einv2_conformer/starss22",
        "einv2_conformer/starss23",
    }


@pytest.mark.parametrize("name", RECIPES)
def test_both_layouts_are_offered_and_the_default_is_foa(name):
    layouts = [
        resolved(name, v).stage.layout for v in variants(registry.data_file("recipes", name))
    ]
    assert layouts[0] == "foa" and "mic" in layouts


@pytest.mark.parametrize("name", RECIPES)
def test_only_variants_called_parity_touch_the_test_split(name):
    for variant in variants(registry.data_file("recipes", name)):
        recipe = resolved(name, variant)
        touched = {*recipe.stage.trained_on, *recipe.stage.fitted_on, *recipe.stage.selected_on}
        if "test" in touched:
            assert "parity" in variant and recipe.protocol == "select_on_test"
        if recipe.protocol == "select_on_test":
            assert "parity" in variant


def test_what_was_made_for_this_project_does_not_pass_for_a_published_system():
    own = [
        resolved(name, variant)
        for name, variant in SYSTEMS
        if variant in ("short", "large_small")
        or name in ("seldnet/tnsse2021", "crnn_accdoa/starss22", "crnn_accdoa/starss23")
    ]
    assert len(own) > 8
    assert all("Not a published system" in recipe.notes for recipe in own)


@pytest.mark.parametrize("name", RECIPES)
def test_augmentations_exist_and_take_their_arguments(name):
    for variant in variants(registry.data_file("recipes", name)):
        augment = resolved(name, variant).stage.augment
        for known, chosen in ((SCENE, augment.scene), (SPECTRUM, augment.spectrum)):
            for component in chosen:
                known[component.name](**component.arguments)


PAPERS = ("m2m_ast", "salsa", "einv2", *(f"dcase20{year}_baseline" for year in range(20, 25)))


@pytest.mark.parametrize("paper", PAPERS)
def test_every_row_that_is_built_names_a_recipe_and_its_variant(paper):
    loaded = tables.load(registry.data_file("tables", paper))
    rows = [row for table in loaded.tables.values() for row in table.rows]
    for row in rows:
        assert row.built == (row.recipe is not None)
        if row.recipe is not None:
            assert row.variant in variants(registry.data_file("recipes", row.recipe))


@pytest.mark.parametrize("paper", PAPERS)
def test_scores_of_a_table_are_those_of_its_recipes_scorer(paper):
    for table in tables.load(registry.data_file("tables", paper)).tables.values():
        for row in table.rows:
            if row.recipe is not None:
                scorer = SCORERS[resolved(row.recipe, row.variant).scorers[0]]
                halves = {name for of in ORACLES.values() for name in of.values()}
                assert set(row.published) <= {*scorer.scores, *halves}


def mean_error(row):
    v = row.published
    return (v["er20"] + 1 - v["f20"] + v["le_cd"] / 180 + 1 - v["lr_cd"]) / 4


def test_table_6_of_m2m_ast_in_the_order_of_its_seld_scores():
    table = tables.table(registry.data_file("tables", "m2m_ast"), "6")
    scores = [round(mean_error(row), 3) for row in table.rows]
    assert scores == [0.511, 0.442, 0.416, 0.320, 0.306, 0.308, 0.297]


def test_seld_scores_of_the_salsa_tables_are_the_means_of_their_errors():
    loaded = tables.load(registry.data_file("tables", "salsa"))
    rows = [r for n in ("1", "2") for r in loaded.tables[n].rows]
    assert len(rows) == 12
    for row in rows:
        assert mean_error(row) == pytest.approx(row.published["seld_score"], abs=1.1e-3), row.label
