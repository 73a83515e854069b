"""`seldbench score` and `compare` on anybody's files: JSON, exit codes, errors in words."""

import json
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
STUDENT = GOLDEN / "desed_student"
SED = [
    *("--reference", STUDENT / "ground_truth.tsv"),
    *("--durations", STUDENT / "durations.tsv"),
]
FAST = ("--bootstrap", "20", "--no-jackknife")


def seld(year, *more):
    folder = GOLDEN / f"seld{year}"
    return ["--reference", folder / "ref", "--predictions", folder / "pred", *more]


@pytest.fixture(scope="session")
def expected():
    return json.loads((GOLDEN / "expected_seld.json").read_text())


def test_events_have_the_official_scores_in_json(seldbench):
    predictions = STUDENT / "predictions_0.5.tsv"
    code, out, _ = seldbench("score", "sed", *SED, "--predictions", predictions, "--json", *FAST)
    assert code == 0
    scores = json.loads(out)["scores"]
    official = json.loads((GOLDEN / "expected_sed.json").read_text())["desed_student"]
    event, segment = official["event_based"], official["segment_based_1s"]
    assert scores["event_f1_micro"] == pytest.approx(event["overall"]["f_measure"]["f_measure"])
    for name, block, kind in (
        ("segment_f1_micro", "overall", "f_measure"),
        ("segment_f1_macro", "class_wise_average", "f_measure"),
        ("segment_er_micro", "overall", "error_rate"),
    ):
        assert scores[name] == pytest.approx(segment[block][kind][kind], abs=1e-9)
    inter = official["intersection_f1_dtc0.5_gtc0.5_cttc0.3"]["macro_f"]
    assert scores["intersection_f1_macro"] == pytest.approx(inter, abs=1e-9)


@pytest.mark.parametrize(
    "scorer, block, year",
    [
        ("dcase2021", ("seld2021", "dcase2021", "polar"), 2021),
        ("dcase2022", ("seld2022", "dcase2022", "macro_polar"), 2022),
    ],
)
def test_directions_have_the_scores_of_the_year(seldbench, expected, scorer, block, year):
    code, out, _ = seldbench("score", "seld", "--scorer", scorer, *seld(year, "--json"))
    assert code == 0
    found, official = json.loads(out), expected
    for key in block:
        official = official[key]
    names = {"er20": "ER", "f20": "F", "le_cd": "LE", "lr_cd": "LR", "seld_score": "SELD"}
    for ours, theirs in names.items():
        tolerance = 1e-5 if ours == "le_cd" else 1e-7
        assert found["scores"][ours] == pytest.approx(official[theirs], abs=tolerance)
        assert set(found["intervals"][ours]) == {"jackknife", "bootstrap"}


def test_a_person_reads_scores_classes_and_what_became_of_every_event(seldbench):
    predictions = STUDENT / "predictions_0.5.tsv"
    code, out, _ = seldbench("score", "sed", *SED, "--predictions", predictions, *FAST)
    assert code == 0
    assert "event_f1_micro          0.4095  [" in out
    assert "true events, 4224: hit 1543, " in out
    assert "predicted events, 3312: hit 1543, " in out


def test_average_and_angles_are_as_asked_for(seldbench, expected):
    code, out, _ = seldbench(
        *("score", "seld", "--scorer", "dcase2022", "--average", "micro"),
        *seld(2022, "--angles", "cartesian", "--json", *FAST),
    )
    assert code == 0
    official = expected["seld2022"]["dcase2022"]["micro_cartesian"]
    assert json.loads(out)["scores"]["f20"] == pytest.approx(official["F"], abs=1e-9)


def test_distances_are_centimetres_in_the_reference_and_metres_in_predictions_of_2024(
    seldbench, expected
):
    code, out, _ = seldbench("score", "seld", "--scorer", "dcase2024", *seld(2024, "--json"))
    assert code == 0
    official = expected["seld2024"]["dcase2024"]["macro"]
    scores = json.loads(out)["scores"]
    assert scores["rde_cd"] == pytest.approx(official["RDE"], abs=1e-9)
    assert scores["doae_cd"] == pytest.approx(official["DOAE"], abs=1e-5)


def test_half_a_system_has_its_own_scores(seldbench):
    code, out, _ = seldbench(
        *("score", "seld", "--scorer", "dcase2021", "--oracle", "doa"), *seld(2021, "--json")
    )
    assert code == 0
    scores = json.loads(out)["scores"]
    assert set(scores) == {"f1_ideal_doa", "lr_ideal_doa"}
    assert 0.5 < scores["f1_ideal_doa"] < 1


def test_tags_and_sources_are_scored(seldbench, tmp_path):
    (tmp_path / "t.tsv").write_text("filename\tlabel\na\tdog\nb\tcat\n")
    (tmp_path / "p.tsv").write_text("filename\tdog\tcat\na\t0.9\t0.2\nb\t0.6\t0.5\n")
    code, out, _ = seldbench(
        *("score", "tagging", "--reference", "t.tsv", "--predictions", "p.tsv", "--json")
    )
    assert code == 0
    scores = json.loads(out)["scores"]
    assert (scores["accuracy"], scores["map"]) == (0.5, 1.0)
    (tmp_path / "r.tsv").write_text("filename\tsource\tlabel\na\t1\tdog\na\t2\tcat\n")
    (tmp_path / "q.tsv").write_text("filename\tsource\tlabel\na\t1\tdog\na\t2\tdog\n")
    code, out, _ = seldbench(
        *("score", "sources", "--reference", "r.tsv", "--predictions", "q.tsv", "--json")
    )
    assert code == 0
    assert json.loads(out)["scores"]["accuracy"] == 0.5


def test_oracles_attribute_the_errors_of_a_cascade(seldbench, tmp_path):
    tables = {
        "r.tsv": ("filename source label azimuth", "a 0 dog 0", "a 1 cat 90"),
        "p.tsv": ("filename answer label azimuth", "a 0 dog 0"),
        "o.tsv": ("filename source label", "a 0 dog", "a 1 cat"),
        "classes.txt": ("ant", "cat", "dog"),
    }
    for name, lines in tables.items():
        (tmp_path / name).write_text("\n".join(lines).replace(" ", "\t") + "\n")
    words = ("score", "sources", "--reference", "r.tsv", "--predictions", "p.tsv", "--classes")
    oracles = ("--oracle-direction", "o.tsv", "--oracle-separation", "o.tsv")
    code, out, _ = seldbench(*words, "classes.txt", *oracles, "--json", *FAST)
    assert code == 0
    found = json.loads(out)
    assert found["attribution"]["kinds"]["localisation"]["number"] == 1
    assert found["misses"] == 1
    assert found["unscored_classes"] == ["ant"]


def test_a_page_is_written_where_asked(seldbench, tmp_path):
    code, _, _ = seldbench(
        *("score", "seld", "--scorer", "dcase2022", "--html", "page.html"), *seld(2022, *FAST)
    )
    assert code == 0
    page = (tmp_path / "page.html").read_text()
    assert "seld_score" in page
    assert "0.230" in page


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--scorer", "dcase2032"], "no SELD scorer 'dcase2032' (near: dcase20"),
        (["--scorer", "dcase2024"], "edge_crossing.csv:1: 5 columns"),
        (["--scorer", "dcase2022", "--average", "mikro"], "mikro"),
        (["--scorer", "dcase2022", "--angles", "degrees"], "degrees"),
        (["--scorer", "dcase2022", "--dialect", "polar_distance"], "polar_distance"),
        (["--scorer", "dcase2022", "--oracle", "both"], "both"),
    ],
)
def test_what_does_not_fit_is_an_error_in_words(seldbench, arguments, words):
    code, out, err = seldbench("score", "seld", *arguments, *seld(2022))
    assert (code, out) == (1, "")
    assert words in err
    assert "Traceback" not in err


def test_a_broken_row_is_named_by_file_and_line(seldbench, tmp_path):
    (tmp_path / "ref").mkdir()
    (tmp_path / "ref" / "a.csv").write_text("0,1,0,10,0\n1,1,0,north,0\n")
    code, _, err = seldbench(
        "score", "seld", "--scorer", "dcase2021", "--reference", "ref", "--predictions", "ref"
    )
    assert code == 1
    assert "a.csv:2" in err
    assert "'north'" in err


def test_two_systems_are_compared_on_the_same_files(seldbench, tmp_path):
    pred, worse = GOLDEN / "seld2022" / "pred", tmp_path / "worse"
    worse.mkdir()
    for path in pred.glob("*.csv"):
        rows = path.read_text().splitlines(keepends=True)
        (worse / path.name).write_text("".join(rows[: len(rows) // 2]))
    call = ["compare", "--task", "seld", "--scorer", "dcase2022", "--replicates", "200"]
    call += ["--reference", GOLDEN / "seld2022" / "ref", "--json", f"whole={pred}", "worse"]
    code, out, _ = seldbench(*call)
    assert code == 0
    pairs = {pair["score"]: pair for pair in json.loads(out)["pairs"]}
    assert pairs["f20"]["better"] == "whole"
    assert pairs["f20"]["difference"] > 0.1


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--task", "seld", "a", "b"], "--reference"),
        (["--task", "seld", "--reference", "r", "a", "b"], "--scorer"),
        (["--task", "sed", "--reference", "r", "a", "b"], "--durations"),
        (["--task", "speech", "--reference", "r", "a", "b"], "'speech': expected sed, seld"),
        (["--reference", "r", "a", "b"], "--task"),
    ],
)
def test_what_a_comparison_lacks_is_said(seldbench, arguments, words):
    code, _, err = seldbench("compare", *arguments)
    assert code == 2
    assert words in err


def test_a_submission_is_checked_by_the_rules_of_its_year(seldbench, tmp_path):
    pred = GOLDEN / "seld2022" / "pred"
    code, out, _ = seldbench("check-submission", pred, "--year", "2022", "--recordings", pred)
    assert code == 0
    assert "57 files" in out
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.csv").write_text("0,12,0,10,0\n")
    code, _, err = seldbench("check-submission", "bad", "--year", "2021")
    assert code == 1
    assert "a.csv" in err
    assert "12" in err
    code, _, err = seldbench("check-submission", "bad", "--year", "2021", "--recordings", "none")
    assert code == 1
    assert "none: no such folder" in err
