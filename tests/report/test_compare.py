"""Measured beside published: means over seeds, and marks that never go missing."""

import io

import pytest
from rich.console import Console

from seldbench.errors import BadRun, MissingData, UnknownName
from seldbench.report.compare import compare, compare_all
from seldbench.report.tables.paired import Pairing


def line(comparison, start):
    return next(row for row in comparison.beside.rows if row[0].startswith(start))


def cell(comparison, start, column):
    return line(comparison, start)[comparison.beside.columns.index(column)]


def test_seeds_are_one_line_with_their_mean_and_sample_standard_deviation(write_run):
    runs = [write_run(f"r{s}", seed=s, psds1=v) for s, v in enumerate((0.40, 0.42, 0.44))]
    assert cell(compare(runs), "crnn wide", "psds1") == "0.420 ± 0.020"
    assert cell(compare(runs), "crnn wide", "seeds") == "3"


def test_one_run_stands_with_its_interval_and_the_published_row_below_it(write_run):
    made = compare([write_run(psds1=0.4)])
    assert cell(made, "crnn wide", "psds1") == "0.400 [0.350, 0.450]"
    assert cell(made, "  published: CRNN (ast_sed/1)", "psds1_thresholds") == "0.4006"


def test_runs_on_other_data_limits_or_settings_are_no_seeds_of_each_other(write_run):
    runs = [
        write_run("a"),
        write_run("b", dataset="desed-sim"),
        write_run("c", limit=8),
        write_run("d", changes=("training.epochs=3",)),
        write_run("e", partial=True),
    ]
    lines = [
        row
        for row in compare(runs, pairing=Pairing(anyway=True)).beside.rows
        if row[0] == "crnn wide"
    ]
    assert [row[1:3] for row in lines] == [
        ("desed", "1"),
        ("desed (limit 8)", "1"),
        ("desed (set training.epochs=3)", "1"),
        ("desed (partial)", "1"),
        ("desed-sim (simulated)", "1"),
    ]


def test_of_a_seed_that_ran_twice_the_later_counts_and_the_earlier_is_named(write_run):
    runs = [
        write_run("new", psds1=0.5, created="2024-02-01T00:00:00+00:00"),
        write_run("old", psds1=0.3, created="2024-01-01T00:00:00+00:00"),
    ]
    made = compare(runs)
    assert cell(made, "crnn wide", "psds1").startswith("0.500 [")
    assert any("run again since: old" in note for note in made.beside.notes)


def test_a_paper_s_table_keeps_its_rows_and_says_what_is_not_built(write_run):
    made = compare([write_run(psds1=0.4)], table="ast_sed/1")
    assert cell(made, "CRNN", "psds1_thresholds published") == "0.4006"
    assert cell(made, "CRNN", "psds1_thresholds measured") == "0.400"
    assert cell(made, "AST-SED", "runs") == "no run of ast_sed/desed paper"
    assert "psds1_thresholds simulated" not in made.beside.columns
    unbuilt = compare([write_run(psds1=0.4)], table="einv2/2")
    assert cell(unbuilt, "System 1", "runs") == "not built"


def test_a_simulated_result_has_a_column_of_its_own_beside_published_numbers(write_run):
    made = compare([write_run(dataset="desed-sim")], table="ast_sed/1")
    assert cell(made, "CRNN", "event_f1_macro measured") == "–"
    assert cell(made, "CRNN", "event_f1_macro simulated") == "0.450 (simulated)"


def test_a_partial_result_keeps_its_mark_in_a_paper_s_table(write_run):
    made = compare([write_run(partial=True)], table="ast_sed/1")
    assert cell(made, "CRNN", "event_f1_macro measured") == "0.450 (partial)"
    assert any("3 of 4 were found" in note for note in made.beside.notes)


def test_a_table_by_class_lists_classes_groups_and_the_score_over_all(write_run):
    made = compare([write_run()], table="ast_sed/3")
    assert cell(made, "Speech", "with LGD (UR = 10) published") == "0.6607"
    assert cell(made, "long (2-10 s)", "without LGD (UR = 1) published") == "0.6657"
    assert cell(made, "event_f1_macro", "with LGD (UR = 10) published") == "0.5959"


def of_ast_sed(write_run, variant, seed, speech, **further):
    classes = {"Speech": {"event_f1": speech}, "Dog": {"event_f1": 0.4}}
    name = f"{variant}-{seed}"
    return write_run(name, arch="ast_sed", variant=variant, seed=seed, classes=classes, **further)


def test_a_table_by_class_says_how_much_one_system_improves_on_the_other(write_run):
    runs = [of_ast_sed(write_run, "ur1", seed, 0.50) for seed in (0, 1)]
    runs += [of_ast_sed(write_run, "paper", 0, 0.60), of_ast_sed(write_run, "paper", 1, 0.50)]
    made = compare(runs, table="ast_sed/3")
    assert cell(made, "Speech", "improvement published") == "+9.62 %"
    assert cell(made, "Speech", "improvement measured") == "+10.00 %"
    assert cell(made, "Dog", "improvement measured") == "+0.00 %"
    assert cell(made, "Blender", "improvement measured") == "–"
    assert cell(made, "long (2-10 s)", "improvement published") == "+1.38 %"
    assert any(note.startswith("improvement: ") for note in made.beside.notes)


def test_a_reduced_variant_stands_in_a_column_of_its_own_and_never_as_the_system(write_run):
    small = {"dataset": "desed-sim", "init": {"encoder": "random"}}
    runs = [of_ast_sed(write_run, "small", seed, 0.3, **small) for seed in (0, 1)]
    made = compare(runs, table="ast_sed/2")
    assert cell(made, "AST-SED, UR = 10", "event_f1_macro measured") == "–"
    shown = cell(made, "AST-SED, UR = 10", "event_f1_macro reduced")
    assert shown == "0.450 ± 0.000 (simulated; random start)"
    assert cell(made, "AST-SED, UR = 10", "runs").startswith("small on desed-sim x 2 (simulated;")
    assert any(note.startswith("reduced: ") for note in made.beside.notes)


def member(seed, variant="paper"):
    run = f"{variant}-s{seed}"
    return {"run": run, "arch": "ast_rnn", "variant": variant, "seed": seed}


def test_an_ensemble_stands_in_the_row_of_its_members_and_as_no_single_system(write_run):
    three = [member(seed) for seed in (0, 1, 2)]
    two = {"arch": "ensemble", "variant": "mean", "members": three[:2]}
    runs = [
        write_run("three", arch="ensemble", variant="mean", members=three),
        write_run("two", **two),
    ]
    made = compare(runs, table="ast_sed/1")
    column = "psds1_thresholds measured"
    assert cell(made, "Ensembled AST-RNN", column) == "0.400 (ensemble of 3)"
    assert cell(made, "Ensembled AST-RNN", "runs") == "desed x 1 (ensemble of 3)"
    whole = compare(runs, pairing=Pairing(anyway=True))
    assert cell(whole, "ensemble of 3 × ast_rnn paper", "data") == "desed (ensemble of 3)"


@pytest.mark.parametrize(
    ("what", "mark"),
    [
        ({"init": {"encoder": "random"}}, "random start"),
        ({"protocol": "select_on_test"}, "selected on test"),
        ({"protocol": "cross_validated_on_test"}, "cross-validated on test"),
    ],
)
def test_a_mark_and_what_it_says_stand_beside_the_result(write_run, what, mark):
    made = compare([write_run(**what)])
    assert line(made, "crnn wide")[1] == f"desed ({mark})"
    assert any(note.startswith(f"{mark}: ") for note in made.beside.notes)


def test_released_weights_are_no_mark_and_another_file_of_them_makes_no_other_system(write_run):
    def begun(file, digest="ab"):
        return {"init": {"encoder": {"weights": "ast_audioset", "sha256": digest, "file": file}}}

    runs = [write_run("a", **begun("a.pth")), write_run("b", seed=1, **begun("b.pth"))]
    made = compare(runs)
    assert line(made, "crnn wide")[1:3] == ("desed", "2")
    made = compare([runs[0], write_run("c", seed=2, **begun("a.pth", "cd"))])
    assert line(made, "crnn wide")[1:3] == ("desed", "1")


def test_markdown_shows_bars_and_tags_as_they_are(write_run):
    text = compare([write_run(changes=("a=|<b>",))]).markdown()
    assert "a=\\|&lt;b>" in text
    widths = {row.replace("\\|", "").count("|") for row in text.splitlines() if row[:1] == "|"}
    assert len(widths) == 1


def test_the_terminal_shows_intervals_in_brackets_rather_than_reading_them_as_markup(write_run):
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(compare([write_run(psds1=0.4)]).rich_table())
    assert "[0.350, 0.450]" in console.export_text()


def test_a_run_that_is_published_as_well_counts_once(write_run, publish_scores):
    run = write_run()
    made = compare([run], publish_scores(run))
    assert cell(made, "crnn wide", "seeds") == "1"
    assert not any("run again" in note for note in made.beside.notes)


def test_everything_means_all_finished_runs_and_names_the_others(write_run, tmp_path):
    write_run("done")
    write_run("going", state="running")
    made = compare_all(tmp_path / "runs", tmp_path / "reports")
    assert cell(made, "crnn wide", "seeds") == "1"
    assert any("going" in note and "not finished" in note for note in made.beside.notes)


def test_an_unfinished_run_that_was_asked_for_is_refused_with_the_remedy(write_run):
    with pytest.raises(BadRun, match="start its command again"):
        compare([write_run(state="running")])


def test_nothing_to_compare_names_the_command_to_start_with(tmp_path):
    with pytest.raises(MissingData, match="seldbench run"):
        compare_all(tmp_path / "runs", tmp_path / "reports")


@pytest.mark.parametrize(
    ("name", "message"),
    [("ast_sd/1", "near: ast_sed"), ("ast_sed/9", "ast_sed/1"), ("ast_sed", "such as ast_sed/1")],
)
def test_an_unknown_table_is_refused_with_the_known_ones(write_run, name, message):
    with pytest.raises(UnknownName, match=message):
        compare([write_run()], table=name)
