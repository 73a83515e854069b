"""The leaderboard: a row a published run, the same columns whatever was published."""

import pandas as pd
import pytest

from seldbench.errors import BadFile
from seldbench.report.results import leaderboard

SCORES = ("psds1", "psds1_thresholds", "psds2", "psds2_thresholds", "event_f1_macro")
COLUMNS = ["run", "arch", "variant", "dataset", "data", "marks", "task", "scorer", "split", "seed"]
COLUMNS += [s + end for s in (*SCORES, "event_f1_micro") for end in ("", "_low", "_high")]
COLUMNS += ["interval", "parameters", "macs_per_second", "real_time_factor", "training_seconds"]
COLUMNS += ["sounds", "fingerprint", "seldbench"]


def test_columns_are_the_same_for_no_run_and_for_one(write_run, publish_scores, tmp_path):
    assert list(leaderboard.rows(tmp_path / "nothing").columns) == COLUMNS
    assert list(leaderboard.rows(publish_scores(write_run())).columns) == COLUMNS


def test_a_row_holds_the_score_its_interval_and_the_data(write_run, publish_scores):
    row = leaderboard.rows(publish_scores(write_run(psds1=0.412))).iloc[0]
    assert (row.psds1, row.psds1_low, row.psds1_high) == (0.412, 0.362, 0.462)
    assert (row.data, row.interval, row.fingerprint) == ("real", "bootstrap", "f00d")
    assert pd.isna(row.psds2_low)


def test_simulated_partial_limited_and_changed_runs_carry_their_marks(write_run, publish_scores):
    run = write_run(dataset="desed-sim", partial=True, limit=8, changes=("training.epochs=3",))
    row = leaderboard.rows(publish_scores(run)).iloc[0]
    assert row.data == "simulated partial"
    assert row.marks == "simulated; partial; limit 8; set training.epochs=3"


def test_real_runs_come_before_simulated_ones_and_the_best_first(write_run, publish_scores):
    reports = publish_scores(
        write_run("a", dataset="desed-sim", psds1=0.9),
        write_run("b", psds1=0.3),
        write_run("c", psds1=0.4),
    )
    assert leaderboard.rows(reports).run.tolist() == ["c", "b", "a"]


def test_a_score_of_another_task_gets_columns_after_those_of_sed(write_run, publish_scores):
    reports = publish_scores(write_run())
    path = next((reports / "scores").glob("*.json"))
    path.write_text(path.read_text().replace('"psds2"', '"localization_error"'))
    columns = leaderboard.rows(reports).columns.tolist()
    assert columns[: COLUMNS.index("interval")] == COLUMNS[: COLUMNS.index("interval")]
    assert "localization_error" in columns


def test_the_file_of_reports_lies_beside_it_and_of_other_folders_inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert leaderboard.location(tmp_path / "reports").resolve() == tmp_path / "leaderboard.csv"
    assert leaderboard.location(tmp_path / "demo") == tmp_path / "demo" / "leaderboard.csv"


def test_what_is_written_reads_back_as_the_same_rows(write_run, publish_scores):
    reports = publish_scores(write_run("a"), write_run("b", seed=1))
    path = leaderboard.write(reports)
    assert pd.read_csv(path)["psds1"].tolist() == leaderboard.rows(reports)["psds1"].tolist()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('"format": 1', '"format": 7', "format 7"),
        ('"psds1": 0.412', '"psds1": NaN', "finite number"),
        ('"fingerprint": "f00d", ', "", "data.fingerprint"),
        ('"run": "a"', '"run": "../a"', "no safe file name"),
    ],
)
def test_a_score_file_that_breaks_a_rule_is_named_with_the_rule(
    write_run, publish_scores, old, new, rule
):
    reports = publish_scores(write_run("a", psds1=0.412))
    path = reports / "scores" / "a.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(Exception, match=rule) as error:
        leaderboard.rows(reports)
    assert str(path) in str(error.value)


def test_a_score_file_under_another_runs_name_is_refused(write_run, publish_scores):
    reports = publish_scores(write_run("a"))
    (reports / "scores" / "a.json").rename(reports / "scores" / "b.json")
    with pytest.raises(BadFile, match="named by its run"):
        leaderboard.rows(reports)
