"""What a comparison shows and how: grouping, chosen scores, differences, CSV, terminals."""

import csv
import io
import json

import pytest
from rich.console import Console

from seldbench.errors import BadRun, MissingData, UnknownName
from seldbench.report.compare import compare, compare_all, named
from seldbench.report.tables.paired import Pairing
from seldbench.report.tables.view import View

CLIPS = [f"{i}.wav" for i in range(12)]


@pytest.fixture
def tested(write_run):
    """tested(name, hits, **what differs) -> a run on 12 clips of one dog each; in the first `hits`
    of them it is found."""

    def write(name, hits, **options):
        run = write_run(name, **options)
        head = "filename\tonset\toffset\tevent_label\n"
        truth = [f"{clip}\t1.0\t2.0\tdog\n" for clip in CLIPS]
        found = [*truth[:hits], *(f"{clip}\t\t\t\n" for clip in CLIPS[hits:])]
        (run / "reference" / "ground_truth.tsv").write_text(head + "".join(truth))
        durations = "".join(f"{clip}\t10.0\n" for clip in CLIPS)
        (run / "reference" / "durations.tsv").write_text(f"filename\tduration\n{durations}")
        (run / "predictions" / "events.tsv").write_text(head + "".join(found))
        (run / "predictions" / "scores.npz").unlink()
        content = json.loads((run / "scores.json").read_text())
        content["scores"] = {"psds1": None, "event_f1_macro": 2 * hits / (hits + len(CLIPS))}
        (run / "scores.json").write_text(json.dumps(content))
        return run

    return write


def by(sheet, label, column):
    """The text of a cell."""
    row = next(row for row in sheet.rows if row[0] == label)
    return row[sheet.columns.index(column)]


def lines(comparison):
    return list(csv.DictReader(io.StringIO(comparison.csv())))


def test_only_the_scores_that_are_asked_for_are_shown(write_run):
    made = compare([write_run()], view=View(metrics=("psds2", "event_f1_micro"))).beside
    assert made.columns[3:] == ("psds2", "event_f1_micro")
    with pytest.raises(UnknownName, match=r"--metric psds3: .*near: psds"):
        compare([write_run()], view=View(metrics=("psds3",)))


def test_rows_can_only_be_grouped_by_what_is_known():
    with pytest.raises(UnknownName, match=r"--by archs: .*near: arch"):
        View("archs")


def test_by_architecture_or_variant_those_stand_together(write_run):
    runs = [
        write_run("a", arch="crnn", dataset="desed-sim"),
        write_run("b", arch="bicrnn", dataset="desed"),
        write_run("c", arch="crnn", dataset="desed"),
    ]
    anyway = Pairing(anyway=True)
    blocks = compare(runs, pairing=anyway, view=View("arch")).beside.blocks
    assert [(b.title, sum(not e.below for e in b.entries)) for b in blocks] == [
        ("bicrnn", 1),
        ("crnn", 2),
    ]
    blocks = compare(runs, pairing=anyway, view=View("variant")).beside.blocks
    assert [block.title for block in blocks] == ["wide"]


def test_by_seed_every_run_has_a_row_with_its_interval(write_run):
    runs = [write_run(f"r{s}", seed=s, psds1=v) for s, v in enumerate((0.40, 0.42))]
    made = compare(runs, view=View("seed")).beside
    assert by(made, "crnn wide, seed 0", "psds1") == "0.400 [0.350, 0.450]"
    assert by(made, "crnn wide, seed 1", "psds1") == "0.420 [0.370, 0.470]"


def of_classes(**values):
    return {name: {"event_f1": value, "psds1": None} for name, value in values.items()}


def test_by_class_there_is_a_table_a_score_with_classes_against_systems(write_run):
    runs = [
        write_run("a", classes=of_classes(dog=0.2, cat=0.4)),
        write_run("b", seed=1, classes=of_classes(dog=0.4, cat=0.4)),
        write_run("c", variant="desed", classes=of_classes(dog=0.6, cat=0.1)),
    ]
    made = compare(runs, view=View("class")).beside
    assert made.title == "event_f1 by class on desed"
    assert by(made, "dog", "crnn wide") == "0.300 ± 0.141"
    assert by(made, "dog", "crnn desed") == "0.600"
    assert "| cat | 0.100 | **0.400 ± 0.000** |" in compare(runs, view=View("class")).markdown()
    # The name of the mean over classes means the same.
    same = compare(runs, view=View("class", ("event_f1_macro",))).beside
    assert same.rows == made.rows
    with pytest.raises(UnknownName, match=r"by class.*there are event_f1"):
        compare(runs, view=View("class", ("er20",)))


def test_the_class_of_one_run_has_its_interval(write_run):
    run = write_run("a", classes=of_classes(dog=0.2))
    content = json.loads((run / "scores.json").read_text())
    content["class_intervals"] = {"dog": {"event_f1": {"jackknife": [0.1, 0.3]}}}
    (run / "scores.json").write_text(json.dumps(content))
    made = compare([run], view=View("class")).beside
    assert by(made, "dog", "crnn wide") == "0.200 [0.100, 0.300]"


def test_more_systems_than_classes_stand_below_each_other(write_run):
    variants = ("x", "y", "z")
    runs = [write_run(v, variant=v, classes=of_classes(dog=0.2, cat=0.4)) for v in variants]
    made = compare(runs, view=View("class")).beside
    assert made.columns == ("system", "marks", "seeds", "dog", "cat")
    assert [row[0] for row in made.rows] == ["crnn x", "crnn y", "crnn z"]


def test_differences_to_a_baseline_have_intervals_and_stars_that_the_notes_explain(tested):
    runs = [
        tested("a", 3, variant="short"),
        tested("b", 12, variant="wide"),
        tested("c", 3, variant="desed"),
    ]
    made = compare(runs, pairing=Pairing(baseline="a"))
    column = "event_f1_macro - crnn short"
    text = by(made.beside, "crnn wide", column)
    assert text.startswith("+0.600*")
    assert "[+0." in text
    assert by(made.beside, "crnn desed", column) == "+0.000 [+0.000, +0.000]"
    assert by(made.beside, "crnn short", column) == "–"
    notes = " ".join(made.beside.notes)
    assert "baseline: crnn short (a)" in notes
    assert "Holm" in notes
    assert "* p < 0.05" in notes
    assert {p.second for p in made.paired.found.pairs} == {"crnn short"}


def test_every_row_of_everything_is_held_against_the_baseline_as_far_as_that_goes(
    tested, write_run, publish_scores, tmp_path
):
    tested("a", 3, variant="short")
    tested("b", 12, variant="wide")
    gone = tested("c", 6, variant="desed")
    reports = publish_scores(gone, write_run("d", dataset="desed-sim"))
    for name in ("c", "d"):
        (tmp_path / "runs" / name / "run.json").unlink()
    made = compare_all(tmp_path / "runs", reports, pairing=Pairing(baseline="crnn short")).beside
    column = "event_f1_macro - crnn short"
    assert "[" in by(made, "crnn wide", column)
    assert by(made, "crnn desed", column) == "+0.267"  # 12 / 18 - 6 / 15
    notes = " ".join(made.notes)
    assert (
        "without interval or star: to be paired, their run folders would have to be here" in notes
    )
    assert "different data set" in notes
    assert {row[made.columns.index(column)] for row in made.rows if "desed-sim" in row[1]} == {"–"}


def test_published_rows_alone_are_compared_without_pairs(write_run, publish_scores, tmp_path):
    reports = publish_scores(write_run("a", psds1=0.4), write_run("b", psds1=0.5, variant="desed"))
    folders, rows = named(["a", "b"], tmp_path / "elsewhere", reports)
    assert folders == []
    made = compare(rows=rows, pairing=Pairing(baseline="a"))
    assert by(made.beside, "crnn desed", "psds1 - crnn wide") == "+0.100"
    assert made.paired is None
    assert "the baseline's run folders would have to be here" in " ".join(made.beside.notes)
    with pytest.raises(BadRun, match=r"no run 'abc' .* and no published row.*"):
        named(["abc"], tmp_path / "elsewhere", reports)


def test_a_baseline_that_several_rows_are_called_by_is_asked_for_by_its_run(write_run):
    runs = [write_run("a"), write_run("b", changes=("x=1",))]
    with pytest.raises(UnknownName, match="2 rows are called so; name a run: a, b"):
        compare(runs, pairing=Pairing(baseline="crnn wide"))


@pytest.mark.parametrize(("options", "word"), [
    ({"table": "ast_sed/1"}, "--table"),
    ({"view": View("class")}, "--by class"),
])  # fmt: skip
def test_a_baseline_where_differences_have_no_place_is_refused(write_run, options, word):
    with pytest.raises(UnknownName, match=word):
        compare([write_run("a")], pairing=Pairing(baseline="a"), **options)


def test_a_paper_s_table_subtracts_what_was_published_from_whole_real_results_only(write_run):
    column = "event_f1_macro difference"
    made = compare([write_run("a")], table="ast_sed/1").beside
    assert by(made, "CRNN", column) == "-0.055"  # 0.45 - 0.505
    for options in ({"limit": 8}, {"partial": True}, {"dataset": "desed-sim"}):
        made = compare([write_run("b", **options)], table="ast_sed/1").beside
        assert column not in made.columns
    made = compare([write_run("a")], table="ast_sed/1", view=View(metrics=("psds1_thresholds",)))
    assert made.beside.columns[1] == "psds1_thresholds published"
    assert "event_f1_macro published" not in made.beside.columns
    with pytest.raises(UnknownName, match=r"--metric er20: not in this table.*event_f1_macro"):
        compare([write_run("a")], table="ast_sed/1", view=View(metrics=("er20",)))


def test_csv_has_a_line_an_amount_always_in_the_same_columns(write_run):
    made = lines(compare([write_run("a", psds1=0.41234567), write_run("b", variant="desed")]))
    first = next(line for line in made if line["score"] == "psds1" and line["variant"] == "wide")
    assert float(first["value"]) == 0.41234567
    assert (first["kind"], first["arch"], first["runs"], first["unit"]) == (
        "measured",
        "crnn",
        "a",
        "",
    )
    published = next(line for line in made if line["kind"] == "published")
    assert published["row"].startswith("published: ")
    by_class = lines(compare([write_run("a")], view=View("class")))
    assert list(by_class[0]) == list(first)
    assert {line["class"] for line in by_class} == {
        "<script>alert(1)</script>",
        "Dog & $cat$",
        "Speech",
    }


def test_csv_has_differences_beside_their_values_and_pairs_of_their_own(tested):
    runs = [tested("a", 3, variant="short"), tested("b", 12, variant="wide")]
    made = lines(compare(runs, pairing=Pairing(baseline="a")))
    line = next(line for line in made if line["row"] == "crnn wide")
    assert line["baseline"] == "crnn short"
    assert float(line["difference"]) == pytest.approx(0.6)
    assert float(line["difference_low"]) > 0
    assert line["significance"].startswith("*")
    assert float(line["p"]) < 0.05
    pair = next(line for line in made if line["kind"] == "pair")
    assert (pair["system"], pair["baseline"], pair["value"]) == ("crnn wide", "crnn short", "")


def printed(comparison, width):
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(comparison.rich_table())
    return console.export_text()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_wider_than_the_terminal_and_no_number_is_torn(
    write_run, write_spatial_run, width
):
    runs = [
        write_run("a", psds1=0.41, changes=("training.epochs=3",)),
        write_run("b", psds1=0.42, variant="desed"),
        write_spatial_run("c", scorers=("dcase2023_fixed", "dcase2024_fixed"), distance=True),
    ]
    text = printed(compare(runs, pairing=Pairing(anyway=True)), width)
    assert max(map(len, text.splitlines())) <= width
    for whole in ("[0.360, 0.460]", "[0.370, 0.470]", "0.4006"):
        assert whole in text
    assert text.count("set training.epochs=3") >= 1 or "training.epochs=3" in text


def test_in_a_wide_terminal_a_system_has_one_line(write_run):
    text = printed(compare([write_run(psds1=0.41)]), 200)
    assert any("crnn wide" in line and "0.410 [0.360, 0.460]" in line for line in text.splitlines())


def test_markup_of_a_terminal_in_names_is_shown_as_it_is(write_run):
    for width in (60, 300):
        assert "[red]x[/red]" in printed(compare([write_run(variant="[red]x[/red]")]), width)


def test_the_command_writes_every_format_and_the_file_s_ending_says_it(
    seldbench, write_run, tmp_path
):
    write_run("a")
    write_run("b", variant="desed")
    for name, start in (
        ("t.md", "### "),
        ("t.tex", "% needs"),
        ("t.csv", "table,row"),
        ("t.json", "{"),
        ("t.txt", "Measured beside published"),
    ):
        code, out, err = seldbench("compare", "--out", name)
        assert (code, out) == (0, f"{name}\n"), err
        assert (tmp_path / name).read_text().lstrip().startswith(start)
    code, out, _ = seldbench("compare", "--format", "latex")
    assert out == (tmp_path / "t.tex").read_text()
    code, out, _ = seldbench("compare", "--markdown")
    assert out == (tmp_path / "t.md").read_text()
    code, _, err = seldbench("compare", "--format", "latx")
    assert code == 2
    assert "near: latex" in err
    code, _, err = seldbench("compare", "--format", "csv", "--json")
    assert code == 2
    assert "name one" in err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--out", "d.xyz"], ["d.xyz", "ending .xyz", ".tex (latex)"]),
        (["--out", "d"], ["(none)", ".csv (csv)"]),
        (["--format", "json", "--out", "x.csv"], ["ending .csv", "--format json", "x.json"]),
        (["--json", "--out", "x.md"], ["ending .md", "--format json"]),
        (["--format", "text", "--out", "x.xyz"], ["ending .xyz", "--format text", "x.txt"]),
    ],
)
def test_an_ending_that_is_unknown_or_contradicts_the_format_is_refused(
    seldbench, write_run, tmp_path, given, said
):
    write_run("a")
    code, _, err = seldbench("compare", *given)
    plain = " ".join(err.replace("│", " ").split())
    assert code == 2
    assert all(part in plain for part in said), plain
    assert not (tmp_path / given[-1]).exists()


def test_a_file_without_an_ending_is_of_the_format_that_was_asked_for(
    seldbench, write_run, tmp_path
):
    write_run("a")
    assert seldbench("compare", "--format", "csv", "--out", "table")[0] == 0
    assert (tmp_path / "table").read_text().startswith("table,row")


def test_the_command_takes_score_for_metric_and_published_rows_for_runs(
    seldbench, write_run, publish_scores, tmp_path
):
    reports = publish_scores(write_run("a"), write_run("b", variant="desed"))
    reports.rename(tmp_path / "reports")
    for name in "ab":
        (tmp_path / "runs" / name / "run.json").unlink()
    call = ["compare", "a", "b", "--baseline", "a", "--json"]
    for option in ("--metric", "--score"):
        code, out, err = seldbench(*call, option, "psds2")
        assert code == 0, err
        row = json.loads(out)["beside"]["rows"][0]
        assert {"psds2", "psds2 - crnn wide"} <= set(row)
        assert "psds1" not in row
    code, _, err = seldbench("compare", "a", "--by", "sed")
    assert code == 1
    assert "near: seed" in err


def test_nothing_by_class_is_said(write_run):
    run = write_run("a")
    content = json.loads((run / "scores.json").read_text())
    (run / "scores.json").write_text(json.dumps(content | {"classes": {}}))
    with pytest.raises(MissingData, match="by class"):
        compare([run], view=View("class"))
