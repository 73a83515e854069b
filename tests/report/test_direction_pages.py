"""Pages, leaderboard and comparisons of runs with directions: units, scorers, marks."""

import json
import re
import shutil

import pandas as pd
import pytest

from seldbench.errors import BadFile, BadRun
from seldbench.report.compare import compare
from seldbench.report.pages.rendering import render
from seldbench.report.results import leaderboard
from seldbench.report.results.score_files import published
from seldbench.report.tables.paired import Pairing
from seldbench.report.words import arrow, plain_title, shown, title
from seldbench.tables import load

LIMIT = 3_000_000  # bytes of a page


def run_page(reports, run):
    return (reports / "runs" / run / "index.html").read_text()


def change(path, **keys):
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


def test_scores_are_shown_in_their_units_with_what_is_better(rendered_directions):
    page = run_page(rendered_directions, "plain")
    assert re.search(r'LE_CD ↓</div><div class="value">\d+\.\d°</div>', page)
    assert re.search(r'>F 20°</div><div class="value">\d\.\d{3}</div>', page)
    assert "by dcase2021" in page
    assert (shown(17.27, "le_cd"), shown(0.5, "dcase2024/diste_cd")) == ("17.3°", "0.500 m")
    assert (shown(None, "le_cd"), shown(-1.0, "le_cd", "+")) == ("–", "-1.0°")
    assert (arrow("f20"), arrow("dcase2024/doae_cd"), arrow("no score")) == ("", " ↓", "")
    assert title("dcase2024/f20") == "dcase2024/F 20°"
    assert plain_title("dcase2024/f20") == "F 20°"


def test_the_page_of_a_run_has_tracks_and_no_psd_roc(rendered_directions):
    page = run_page(rendered_directions, "plain")
    assert "PSD-ROC" not in page
    assert page.count("data:image/png;base64,") == 3
    clips = page.split("<h2>Look</h2>")[1].split("<h2>")[0]
    for word in ("azimuth", "elevation", "left +90°", "back −180°", "compass", "LE_CD"):
        assert word in clips
    assert ">distance<" not in clips
    assert ">distance<" in run_page(rendered_directions, "far")
    assert "Training</h2>" in page
    names = {p.name for p in (rendered_directions / "figures" / "plain").iterdir()}
    clips = {f"clip-{i}{end}" for i in (1, 2, 3) for end in ("", "-map")}
    own = {"classes", "training", "angles", "budget", "conditions"} | clips
    assert names == {f"{name}.{kind}" for name in own for kind in ("svg", "pdf", "csv")}
    assert "<i>Alarm" not in page and "&lt;i&gt;Alarm&lt;/i&gt;" in page
    assert len(page.encode()) < LIMIT


def test_the_page_of_a_run_with_events_is_as_before(rendered_directions):
    page = run_page(rendered_directions, "events")
    assert "PSD-ROC" in page and "Event F1 of this clip" in page
    assert "↓" not in page and "azimuth" not in page


def test_marks_stand_on_the_page_in_the_index_and_in_the_leaderboard(rendered_directions):
    top = run_page(rendered_directions, "far").split("<h2>")[0]
    index = (rendered_directions / "index.html").read_text()
    rows = pd.read_csv(rendered_directions / "leaderboard.csv").set_index("run")
    for mark in ("selected on test", "imported weights"):
        assert mark in top
        assert mark in index
        assert mark in rows.marks["far"]
    assert "Selected on test." in top
    assert rows.marks.isna()["plain"]
    assert rows.marks["sim"] == "simulated"
    assert "Simulated data." in run_page(rendered_directions, "sim").split("<h2>")[0]


def test_a_recipe_s_word_is_enough_for_a_mark(write_spatial_run, publish_scores):
    run = write_spatial_run("a")
    change(run / "scores.json", protocol="", imported=None)
    change(run / "recipe.json", protocol="select_on_test", imported={"file": "w.h5"})
    (result,) = published(publish_scores(run))
    assert result.marks == ("selected on test", "imported weights")


def test_every_scorer_has_a_table_of_its_own(rendered_directions):
    page = (rendered_directions / "datasets" / "starss23" / "index.html").read_text()
    first, second = page.split("<h2>Scored by dcase2024_fixed</h2>")
    assert "LE_CD" in first.split("<tbody")[0] and "RDE_CD" not in first.split("<tbody")[0]
    assert "RDE_CD" in second.split("<tbody")[0] and "DOAE_CD" in second.split("<tbody")[0]
    page = run_page(rendered_directions, "far")
    assert "by dcase2024_fixed" in page
    assert (rendered_directions / "figures" / "far" / "classes-dcase2024_fixed.svg").exists()


def test_rendering_again_gives_the_same_files(rendered_directions, tmp_path):
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns("*.html", "*.svg")
    shutil.copytree(rendered_directions, copy, ignore=ignored)
    render(copy)
    for path in rendered_directions.rglob("*"):
        if path.suffix in (".html", ".svg"):
            assert (copy / path.relative_to(rendered_directions)).read_bytes() == path.read_bytes()


def test_a_scorer_that_is_no_plain_name_is_refused(write_spatial_run, publish_scores, tmp_path):
    run = write_spatial_run("a")
    change(run / "scores.json", scorers=["../x"])
    with pytest.raises(BadRun, match="no safe file name"):
        leaderboard.rows(publish_scores(run))


def test_the_leaderboard_has_a_column_a_score_and_the_scorer(write_spatial_run, publish_scores):
    reports = publish_scores(
        write_spatial_run("good"),
        write_spatial_run("bad", off=60),
        write_spatial_run("sim", dataset="tnsse2021-sim"),
    )
    rows = leaderboard.rows(reports)
    assert rows.run.tolist() == ["good", "bad", "sim"]  # less is better
    assert set(rows.scorer) == {"dcase2021"}
    columns = rows.columns.tolist()
    seld = ["er20", "f20", "le_cd", "lr_cd", "seld_score"]
    assert [c for c in columns if c in seld] == seld
    assert columns.index("event_f1_micro_high") < columns.index("er20")
    assert rows.psds1.isna().all()
    assert rows.interval[0] == "bootstrap"


def test_scores_of_a_further_scorer_stand_under_its_name(write_spatial_run, publish_scores):
    both = {"scorers": ("dcase2023_fixed", "dcase2024_fixed"), "distance": True}
    reports = publish_scores(write_spatial_run("a", **both))
    rows = leaderboard.rows(reports)
    assert rows.seld_score[0] != rows["dcase2024_fixed/seld_score"][0]
    (result,) = published(reports)
    assert result.headlines == ("er20", "f20", "le_cd", "lr_cd", "seld_score")
    further = tuple(f"dcase2024_fixed/{n}" for n in ("f20", "doae_cd", "rde_cd", "seld_score"))
    assert result.further_headlines == {"dcase2024_fixed": further}
    assert result.value("dcase2023_fixed/f20") == result.value("f20") == rows.f20[0]
    assert result.value("dcase2022/f20") is None


def test_runs_pair_by_their_first_scorer(write_spatial_run):
    runs = [write_spatial_run("a"), write_spatial_run("b", variant="mic", off=40)]
    made = compare(runs)
    pairs = {p.score: p for p in made.paired.found.pairs}
    assert list(pairs) == ["er20", "f20", "le_cd", "lr_cd", "seld_score"]
    assert pairs["le_cd"].difference < -20
    assert pairs["lr_cd"].difference == pytest.approx(0)
    assert not any("on record" in note for note in made.paired.notes)
    rows = {row[0]: row for row in made.paired.table().rows}
    assert rows["le_cd"][3].endswith("°")
    assert rows["le_cd"][5].startswith("-") and "°, " in rows["le_cd"][5]
    assert rows["f20"][3].replace(".", "").isdigit()


def test_runs_with_distances_pair_with_them(write_spatial_run):
    options = {"scorers": ("dcase2024_fixed",), "distance": True, "dataset": "starss23"}
    made = compare(
        [write_spatial_run("a", **options), write_spatial_run("b", variant="mic", **options)]
    )
    assert {p.score for p in made.paired.found.pairs} == {"f20", "doae_cd", "rde_cd", "seld_score"}
    assert {p.difference for p in made.paired.found.pairs} == {0.0}


def test_runs_of_different_scorers_do_not_compare(write_spatial_run):
    runs = [write_spatial_run("a"), write_spatial_run("b", scorers=("dcase2020",), variant="mic")]
    with pytest.raises(BadRun, match=r"different scorer \(dcase2021: a; dcase2020: b\)"):
        compare(runs)
    assert "different scorer" in compare(runs, pairing=Pairing(anyway=True)).paired.marks


def test_another_reference_is_refused_and_an_incomplete_one_named(write_spatial_run):
    runs = [write_spatial_run("a"), write_spatial_run("b", variant="mic")]
    path = runs[1] / "reference" / "directions" / "mix003.csv"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    compare(runs)
    path.write_text(path.read_text().replace(",2,0,", ",3,0,", 1))
    with pytest.raises(BadRun, match="different references"):
        compare(runs)
    shutil.rmtree(runs[1] / "reference" / "directions")
    with pytest.raises((BadFile, BadRun), match="reference"):
        compare(runs)


def test_with_anyway_only_the_clips_that_both_have_count(write_spatial_run):
    runs = [write_spatial_run("a"), write_spatial_run("b", variant="mic", partial=True)]
    for side in ("reference", "predictions"):
        (runs[1] / side / "directions" / "mix003.csv").unlink()
    path = runs[1] / "reference" / "durations.tsv"
    path.write_text(path.read_text().replace("mix003\t10.0\n", ""))
    made = compare(runs, pairing=Pairing(anyway=True)).paired
    assert {p.difference for p in made.found.pairs} == {0.0}
    assert any("on the 3 clips that all" in note for note in made.notes)


def test_systems_of_different_tasks_and_scorers_stand_in_tables_of_their_own(
    write_run, write_spatial_run
):
    runs = [write_run("e"), write_spatial_run("a"), write_spatial_run("b", scorers=("dcase2020",))]
    made = compare(runs, pairing=Pairing(anyway=True))
    titles = [table.title for table in (made.beside, *made.further)]
    assert titles == [
        "Measured beside published",
        "Measured beside published (dcase2020)",
        "Measured beside published (dcase2021)",
    ]
    assert "f20" not in made.beside.columns
    assert [t["title"] for t in made.as_json()["further"]] == titles[1:]
    column = made.further[1].columns.index("le_cd")
    assert re.fullmatch(r"\d+\.\d° \[-?\d+\.\d°, \d+\.\d°\]", made.further[1].rows[0][column])


PUBLISHED = """
title = "A paper"
[tables.1]
title = "FOA"
metrics = ["f20", "le_cd"]
protocol = "test"
dataset = "tnsse2021"
source = "A paper, table 1"
scorer = "{scorer}"
[[tables.1.rows]]
label = "Theirs"
recipe = "crnn/tnsse2021"
variant = "foa"
published = {{ f20 = 0.3070, le_cd = 24.75 }}
"""


@pytest.fixture
def paper(tmp_path, monkeypatch):
    """Makes the tables of that paper the only ones."""
    from seldbench import registry

    def publish(scorer):
        path = tmp_path / "paper.toml"
        path.write_text(PUBLISHED.format(scorer=scorer))
        monkeypatch.setattr(registry, "names", lambda kind: ["paper"])
        monkeypatch.setattr(registry, "data_file", lambda kind, name: path)

    return publish


def test_published_rows_stand_beside_the_scores_of_their_scorer(write_spatial_run, paper):
    paper("dcase2021")
    run = write_spatial_run("a", scorers=("dcase2020", "dcase2021"))
    made = compare([run]).beside
    theirs = dict(zip(made.columns, made.rows[1]))
    assert (theirs["dcase2021/f20"], theirs["dcase2021/le_cd"]) == ("0.307", "24.75°")
    assert theirs["f20"] == "–"
    table = compare([run], table="paper/1").beside
    cells = dict(zip(table.columns, table.rows[0]))
    on_record = json.loads((run / "scores.json").read_text())["scores"]["dcase2021/f20"]
    assert cells["f20 measured"].startswith(f"{on_record:.3f}")
    assert cells["le_cd published"] == "24.75°"


def test_a_published_share_in_per_cent_is_refused(tmp_path):
    path = tmp_path / "paper.toml"
    path.write_text(PUBLISHED.format(scorer="dcase2021").replace("0.3070", "30.7"))
    with pytest.raises(Exception, match=r"f20 = 30\.7: a fraction"):
        load(path)


def test_selected_on_test_stands_in_a_comparison_with_what_it_means(write_spatial_run):
    table = compare([write_spatial_run("a", protocol="select_on_test")]).beside
    assert table.rows[0][1] == "tnsse2021 (selected on test)"
    assert any("selected on the split that is reported" in note for note in table.notes)
