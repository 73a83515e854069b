"""Tagging through the report: what is published of a tagger, its row, and its page."""

import json

import pytest

from seldbench.report.compare import compare
from seldbench.report.pages import tagging
from seldbench.report.publish import publish
from seldbench.report.results import leaderboard
from seldbench.report.results.blocks import Confusion
from seldbench.report.results.score_files import of_run


def page(reports, run):
    return (reports / "runs" / run / "index.html").read_text()


def test_accuracy_leads_where_clips_have_one_label_and_map_elsewhere(write_tagging_run):
    single = of_run(write_tagging_run("a", folds=1, fold=0, dataset="speech_commands_v2"))
    several = of_run(write_tagging_run("b", single=False))
    assert single.ranking == "accuracy"
    assert single.value("accuracy") == pytest.approx(25 / 30)
    assert several.ranking == "map"
    assert "accuracy" not in several.headlines


def test_over_folds_the_mean_over_folds_leads_and_not_the_share_of_all_clips(write_tagging_run):
    # Of clips 0, 2, 4, 6 the first and the last are wrong, of 1, 3, 5 none is.
    run = write_tagging_run("a", clips=7, folds=2, fold="0,1")
    result = of_run(run)
    assert result.value("accuracy") == pytest.approx(5 / 7)
    assert result.ranking == "accuracy_fold_mean"
    assert result.value(result.ranking) == pytest.approx((2 / 4 + 1) / 2)
    columns = compare([run]).beside.columns
    assert columns.index("accuracy_fold_mean") < columns.index("accuracy")


def test_a_row_has_the_scores_of_tagging_after_those_of_sed(rendered_tags):
    rows = leaderboard.rows(rendered_tags).set_index("run")
    assert rows.loc["single", "accuracy"] == pytest.approx(25 / 30, abs=1e-6)
    assert rows.loc["single", "marks"] == "simulated; random start"
    columns = list(rows.columns)
    assert columns.index("event_f1_micro") < columns.index("accuracy") < columns.index("map")


def test_some_folds_of_a_set_are_a_mark_and_all_of_them_are_none(write_tagging_run):
    assert of_run(write_tagging_run("all")).marks == ()
    assert of_run(write_tagging_run("one", fold="2")).marks == ("fold 2 of 5",)
    assert of_run(write_tagging_run("two", fold="0,3")).marks == ("folds 0, 3 of 5",)


def test_the_page_has_folds_confusions_and_mistakes_and_nothing_of_events(rendered_tags):
    text = page(rendered_tags, "single")
    for heading in ("Folds", "By class", "Taken for each other", "The surest mistakes"):
        assert f"<h2>{heading}</h2>" in text
    assert "PSD-ROC" not in text
    assert "Some clips" not in text
    assert "<b>dog</b>" not in text
    assert "&lt;b&gt;dog&lt;/b&gt;" in text
    assert "Random start." in text.split("<h2>")[0]


def test_every_fold_has_its_training_curves(rendered_tags):
    drawn = (rendered_tags / "figures" / "single" / "training.svg").read_text()
    assert all(f"tagger, fold {k}: training loss" in drawn for k in range(5))


def test_of_many_classes_the_figure_shows_both_ends_and_no_matrix_is_drawn(rendered_tags):
    assert not (rendered_tags / "figures" / "several" / "confusion.svg").exists()
    drawn = (rendered_tags / "figures" / "several" / "classes.svg").read_text()
    assert "lowest 20" in drawn
    assert "highest 20" in drawn
    assert "<summary>All 70 classes" in page(rendered_tags, "several")


def test_the_surest_mistakes_come_first_with_the_scores_of_both_classes(write_tagging_run):
    run = write_tagging_run("a")
    found = tagging.mistakes(run, 3)
    assert [of["score"] for of in found] == [0.95, 0.95, 0.95]
    assert found[0] == {
        "clip": "clip-0.wav",
        "label": "rain",
        "answer": "<b>dog</b>",
        "score": 0.95,
        "score_of_label": 0.9,
    }
    assert tagging.mistakes(write_tagging_run("b", single=False)) == []


def test_the_commonest_confusions_come_first_and_right_answers_are_none():
    counts = [[5, 2, 0], [0, 7, 1], [4, 0, 0]]
    confusion = Confusion(classes=["a", "b", "c"], counts=counts)
    assert tagging.taken_for(confusion, 2) == [("c", "a", 4), ("a", "b", 2)]


def test_the_mean_over_folds_has_its_spread(write_tagging_run):
    result = of_run(write_tagging_run("a"))
    folds = tagging.folds(result)
    assert list(folds.rows) == ["0", "1", "2", "3", "4"]
    assert folds.mean == pytest.approx(result.value("accuracy_fold_mean"))
    assert folds.spread == 0.0


def test_taggers_are_compared_pair_by_pair_on_the_same_clips(write_tagging_run):
    runs = [write_tagging_run("a"), write_tagging_run("b", variant="ast_p", wrong=2)]
    made = compare(runs)
    pairs = {(p.score, p.first, p.second): p for p in made.paired.found.pairs}
    pair = pairs["accuracy", "ast ast_s", "ast ast_p"]
    assert pair.difference == pytest.approx(25 / 30 - 15 / 30)


def test_taggers_on_other_labels_do_not_compare_unasked(write_tagging_run):
    from seldbench.errors import BadRun

    runs = [write_tagging_run("a"), write_tagging_run("b", variant="ast_p")]
    tags = runs[1] / "reference" / "tags.tsv"
    tags.write_text(tags.read_text().replace("clip-1.wav\t<b>dog</b>", "clip-1.wav\train"))
    with pytest.raises(BadRun, match="different references"):
        compare(runs)


def test_a_tagger_stands_in_its_row_of_the_paper_s_table(write_tagging_run):
    made = compare([write_tagging_run("a")], table="ast/7").beside
    row = next(of for of in made.rows if of[0] == "ESC-50: AST-S")
    assert row[made.columns.index("accuracy_fold_mean published")] == "0.887 ± 0.007"
    assert row[made.columns.index("accuracy_fold_mean measured")].startswith("0.833 [")


def test_publishing_a_tagger_again_leaves_nothing_of_the_run_that_was_there(
    write_tagging_run, tmp_path
):
    run, out = write_tagging_run("a"), tmp_path / "reports"
    publish(run, out)
    stale = out / "runs" / "a" / "rows.json"
    stale.write_text(json.dumps({"format": 1}))
    publish(run, out)
    assert not stale.exists()
