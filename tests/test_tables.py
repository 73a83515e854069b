"""A paper's tables: what a file may say, and what the shipped files hold."""

from pathlib import Path

import pytest

from seldbench import registry, tables
from seldbench.errors import BadRecipe, UnknownName
from seldbench.recipe import variants as recipe_variants

MINIMAL = """
title = "A paper"
[tables.1]
title = "Systems"
metrics = ["psds1"]
protocol = "test set"
dataset = "desed"
source = "Table 1"
rows = [{ label = "CRNN", recipe = "crnn/desed", variant = "wide", published = { psds1 = 0.4 } }]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "paper.toml"
    path.write_text(text)
    return path


def test_a_row_names_its_recipe_and_its_published_fractions(tmp_path):
    row = tables.table(written(tmp_path, MINIMAL), "1").rows[0]
    assert (row.architecture, row.variant, row.published) == ("crnn", "wide", {"psds1": 0.4})


def test_an_ensemble_names_how_many_runs_of_which_variants_it_averages(tmp_path):
    def members(row):
        path = written(tmp_path, MINIMAL.replace('variant = "wide"', row))
        return tables.table(path, "1").rows[0].members

    assert members('variant = "wide"') == {}
    assert members('variant = "wide", ensemble = 3') == {"wide": 3}
    assert members("ensemble = { wide = 3, narrow = 1 }") == {"wide": 3, "narrow": 1}


def test_a_table_of_two_data_sets_takes_rows_of_both(tmp_path):
    text = MINIMAL.replace('dataset = "desed"', 'dataset = ["esc50", "desed"]')
    assert tables.table(written(tmp_path, text), "1").rows[0].dataset == "desed"


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path):
    path = written(tmp_path, MINIMAL.replace("protocol", "protocoll"))
    with pytest.raises(BadRecipe, match=r"tables\.1\.protocoll.*near: protocol"):
        tables.load(path)


def test_an_unknown_key_of_a_row_names_the_row(tmp_path):
    path = written(tmp_path, MINIMAL.replace("variant =", "varient ="))
    with pytest.raises(BadRecipe, match=r"tables\.1\.rows\.0\.varient.*near: variant"):
        tables.load(path)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("psds1 = 0.4", "psds1 = 40.0", "not percent"),
        ("psds1 = 0.4", "psds2 = 0.4", "not among the table's metrics"),
        (', variant = "wide"', "", "built = false"),
        ("crnn/desed", "crnn/dcase", "is not on desed"),
        ('title = "A paper"', "", "missing key 'title'"),
        ('title = "A paper"', "title = ", "not TOML"),
        ('variant = "wide"', 'ensemble = 0, variant = "wide"', "greater than 0"),
        ('variant = "wide"', 'ensemble = { a = 3 }, variant = "wide"', "leave out `variant`"),
        ('dataset = "desed"', 'dataset = "desed"\nimprovement = ["CRN", "CRNN"]', "near: CRNN"),
        ('dataset = "desed"', 'dataset = "desed"\nimprovement = ["CRNN", "CRNN"]', "by class"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused_with_the_rule(tmp_path, old, new, rule):
    path = written(tmp_path, MINIMAL.replace(old, new))
    with pytest.raises(BadRecipe, match=rule) as error:
        tables.load(path)
    assert str(path) in str(error.value)


def test_an_unknown_table_lists_the_known_ones(tmp_path):
    with pytest.raises(UnknownName, match="its tables: paper/1"):
        tables.table(written(tmp_path, MINIMAL), "9")


SHIPPED = [name for name in registry.names("tables") if name != "example"]


@pytest.mark.parametrize("paper", SHIPPED)
def test_every_shipped_paper_loads_and_its_built_rows_name_a_recipe_and_variants_that_exist(paper):
    for table in tables.load(registry.data_file("tables", paper)).tables.values():
        for row in table.rows:
            assert row.built == (row.recipe is not None)
            if row.built:
                known = recipe_variants(registry.data_file("recipes", row.recipe))
                assert set(row.variants) <= set(known), (paper, row.label)


def test_table_1_of_ast_sed_holds_the_crnn_of_that_paper():
    row = tables.table(registry.data_file("tables", "ast_sed"), "1").rows[0]
    assert (row.recipe, row.variant) == ("crnn/desed", "wide")
    assert row.published == {"event_f1_macro": 0.505, "psds1_thresholds": 0.4006}


def test_the_class_values_of_table_3_average_to_its_groups_and_to_its_macro_mean():
    table = tables.table(registry.data_file("tables", "ast_sed"), "3")
    classes = [name for name in table.classes if name not in table.groups]
    assert len(classes) == 10
    for row in table.rows:
        for group, members in table.groups.items():
            mean = sum(row.classes[name] for name in members) / len(members)
            assert mean == pytest.approx(row.classes[group], abs=1e-4)
        macro = sum(row.classes[name] for name in classes) / 10
        assert macro == pytest.approx(row.published["event_f1_macro"], abs=1e-4)


PAPER_S = {  # relative improvement in per cent, as Table 3 prints it
    "Speech": 9.62,
    "Dog": 9.61,
    "Running_water": 0.12,
    "Electric_shaver_toothbrush": 4.58,
    "Alarm_bell_ringing": 0.85,
    "Cat": 3.12,
    "Frying": 5.75,
    "Blender": 4.70,
    "Vacuum_cleaner": -7.30,
    "Dishes": 2.03,
    "short (0-2 s)": 5.17,
    "long (2-10 s)": 1.39,
}


def test_the_improvements_of_table_3_are_the_paper_s():
    table = tables.table(registry.data_file("tables", "ast_sed"), "3")
    by_label = {row.label: row for row in table.rows}
    without, with_ = (by_label[label] for label in table.improvement)
    for name, printed in PAPER_S.items():
        gain = 100 * (with_.classes[name] - without.classes[name]) / without.classes[name]
        assert gain == pytest.approx(printed, abs=0.02), name
