"""Scores of SELD files: the official values, through every door; and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations import read_directions, write_directions
from seldbench.errors import BadFile, UnknownName
from seldbench.evaluation import Resampling, score_seld, score_seld_files, seld_measures
from seldbench.evaluation.seld.scoring import dialects_of
from seldbench.events import DirectionTable
from seldbench.geometry import unit_vectors
from seldbench.metrics.seld import SCORERS
from seldbench.metrics.uncertainty import Whole

GOLDEN = Path(__file__).parents[1] / "golden"
# Official name: ours, and the tolerance of the golden README.
KEYS = {
    "ER": ("er20", 1e-9),
    "F": ("f20", 1e-9),
    "LE": ("le_cd", 1e-5),
    "DOAE": ("doae_cd", 1e-5),
    "RDE": ("rde_cd", 1e-9),
    "DistE": ("diste_cd", 1e-9),
    "LR": ("lr_cd", 1e-9),
    "SELD": ("seld_score", 1e-7),
}
BLOCKS = [
    (2021, "dcase2021", "dcase2021.polar", {}),
    (2021, "dcase2021", "dcase2021.cartesian", {"angles": "cartesian"}),
    (2021, "dcase2020", "dcase2020.polar", {}),
    (2022, "dcase2022", "dcase2022.macro_polar", {}),
    (2022, "dcase2022", "dcase2022.micro_cartesian", {"average": "micro", "angles": "cartesian"}),
    (2022, "dcase2022", "dcase2022.macro_fixed_600_frames_per_file", {"frames_per_file": 600}),
    (2024, "dcase2023", "dcase2023.macro_polar", {}),
    (2024, "dcase2024", "dcase2024.macro", {}),
    (2024, "dcase2024", "dcase2024.micro", {"average": "micro"}),
    (2024, "dcase2024", "dcase2024.macro_without_distance", {"with_distance": False}),
]


@pytest.fixture(scope="module")
def expected():
    return json.loads((GOLDEN / "expected_seld.json").read_text())


def scored(year, scorer, **settings):
    folder = GOLDEN / f"seld{year}"
    settings = {"resampling": None, **settings}
    return score_seld_files(folder / "ref", folder / "pred", scorer, **settings)


def files(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def rows(frames, label=0, place="0,0", track=0) -> str:
    return "".join(f"{frame},{label},{track},{place}\n" for frame in frames)


@pytest.mark.parametrize(("year", "scorer", "block", "settings"), BLOCKS)
def test_files_have_their_official_scores(expected, year, scorer, block, settings):
    found = scored(year, scorer, **settings)
    name, part = block.split(".")
    official = expected[f"seld{year}"][name][part]
    for key, (ours, tolerance) in KEYS.items():
        if key in official:
            assert found.scores[ours] == pytest.approx(official[key], abs=tolerance), key
        for label, value in enumerate(official.get("classwise", {}).get(key, [])):
            assert found.classes[str(label)][ours] == pytest.approx(value, abs=tolerance)


def test_the_scores_of_2019_are_official_too(expected):
    official = expected["seld2021"]["dcase2019"]
    found = scored(2021, "dcase2019", classes=12)
    assert found.scores["f1"] == pytest.approx(official["F"], abs=1e-9)
    assert found.scores["er"] == pytest.approx(official["ER"], abs=1e-9)
    assert found.scores["doa_error"] == pytest.approx(official["DOA_error"], abs=1e-5)
    assert found.scores["frame_recall"] == pytest.approx(official["frame_recall"], abs=1e-9)


def test_intervals_of_files_are_the_official_jackknife_and_a_bootstrap(expected):
    found = scored(2022, "dcase2022", resampling=Resampling(bootstrap=50, seed=3))
    official = expected["seld2022"]["dcase2022"]["jackknife_macro"]
    for key in ("ER", "F", "LE", "LR", "SELD"):
        intervals = found.intervals[KEYS[key][0]]
        assert intervals["jackknife"] == pytest.approx(official["ci95"][key], rel=1e-5)
        low, high = intervals["bootstrap"]
        assert low < found.scores[KEYS[key][0]] < high
    of_class = official["classwise_ci95"]["F"][1]
    assert found.class_intervals["1"]["f20"]["jackknife"] == pytest.approx(of_class, rel=1e-5)


def test_predictions_in_vectors_score_as_the_official_command_scores_them(expected, tmp_path):
    # given the predictions of 2021 as vectors of any length, written as the baseline writes them
    polar = read_directions(GOLDEN / "seld2021" / "pred", "polar")
    vectors = 0.7 * unit_vectors(*polar.direction.T)
    columns = (polar.file, polar.frame, polar.label, polar.track)
    write_directions(tmp_path, DirectionTable(polar.files, *columns, vectors), "cartesian")

    found = score_seld_files(
        GOLDEN / "seld2021" / "ref",
        tmp_path,
        "dcase2021",
        prediction_dialect="cartesian",
        resampling=None,
    )

    official = expected["seld2021"]["dcase2021"]["command_with_cartesian_predictions_polar"]
    for key, value in official.items():
        assert found.scores[KEYS[key][0]] == pytest.approx(value, abs=KEYS[key][1]), key
    assert found.details["dialects"] == {"reference": "polar", "predictions": "cartesian"}


def test_a_named_dialect_holds_for_both_sides(tmp_path, expected):
    for side in ("ref", "pred"):
        table = read_directions(GOLDEN / "seld2021" / side, "polar")
        write_directions(tmp_path / side, table, "dcase2019")
    found = score_seld_files(
        tmp_path / "ref", tmp_path / "pred", "dcase2021", dialect="dcase2019", resampling=None
    )
    official = expected["seld2021"]["dcase2021"]["polar"]["F"]
    assert found.scores["f20"] == pytest.approx(official, abs=1e-9)


@pytest.mark.parametrize("scorer", SCORERS.values(), ids=lambda scorer: scorer.name)
def test_without_a_dialect_the_columns_are_those_of_the_year(scorer):
    year = int(scorer.name[5:9])
    polar = ("polar", "polar")
    distant = ("polar_distance_cm", "polar_distance_m")
    assert dialects_of(scorer) == (polar if year <= 2022 else distant)
    assert dialects_of(scorer, "cartesian") == ("cartesian", "cartesian")
    assert dialects_of(scorer, "polar", "cartesian") == ("polar", "cartesian")


def test_the_distance_of_2023_plays_no_role(tmp_path):
    ref = files(tmp_path / "r", a=rows(range(21), place="0,0,200"))
    near = files(tmp_path / "n", a=rows(range(21), place="5,0,0"))
    far = files(tmp_path / "f", a=rows(range(21), place="5,0,9999"))
    one, other = (score_seld_files(ref, p, "dcase2023", resampling=None) for p in (near, far))
    assert one.scores == other.scores


def test_classes_are_their_numbers_and_all_are_there(tmp_path):
    # given references of class 0 alone, and a prediction of class 2 beside it
    ref = files(tmp_path / "r", a=rows(range(21)))
    pred = files(tmp_path / "p", a=rows(range(21)) + rows(range(5), label=2))
    found = score_seld_files(ref, pred, "dcase2022", average="macro", resampling=None)

    assert list(found.classes) == [str(label) for label in range(13)]
    assert found.scored_classes == ("0",)
    assert found.unscored_classes == tuple(str(label) for label in range(1, 13))
    assert found.classes["0"]["f20"] == pytest.approx(1.0)
    assert found.scores["f20"] == pytest.approx(1 / 13)  # absent classes count as 0
    assert any("counted in the macro average all the same" in note for note in found.notes)


def test_the_number_of_classes_may_be_given(tmp_path):
    ref = files(tmp_path / "r", a=rows(range(21)))
    found = score_seld_files(ref, ref, "dcase2022", classes=2, resampling=None)
    assert list(found.classes) == ["0", "1"]
    assert found.scores["f20"] == pytest.approx(0.5)


def test_two_csv_files_are_a_pair_whatever_their_names(tmp_path):
    folder = files(tmp_path / "x", truth=rows(range(30)), mine=rows(range(20)))
    found = score_seld_files(folder / "truth.csv", folder / "mine.csv", "dcase2021")
    # 3 seconds in the reference, 2 of them found
    assert found.scores["f20"] == pytest.approx(2 / (2 + 0.5))
    assert found.details["files"] == 1
    assert "jackknife" not in found.intervals.get("f20", {})  # one file


def test_a_missing_prediction_file_is_left_out_loudly(expected, tmp_path):
    # given the predictions of 2022 without two files
    table = read_directions(GOLDEN / "seld2022" / "pred", "polar")
    write_directions(tmp_path, table, "polar")
    official = expected["seld2022"]["dcase2022"]["macro_two_prediction_files_missing"]
    missing = [name.removesuffix(".csv") for name in official["missing"]]
    for name in missing:
        (tmp_path / f"{name}.csv").unlink()

    ref = GOLDEN / "seld2022" / "ref"
    found = score_seld_files(ref, tmp_path, "dcase2022", resampling=None)
    fixed = score_seld_files(ref, tmp_path, "dcase2022_fixed", resampling=None)

    # then the official name has the official number, and says so
    assert found.scores["f20"] == pytest.approx(official["F"], abs=1e-9)
    assert found.details["unscored_files"] == missing
    warning = next(note for note in found.notes if note.startswith("WARNING"))
    assert all(name in warning for name in missing)
    assert "dcase2022_fixed" in warning
    # and the fixed one counts what was missed
    assert fixed.details["unscored_files"] == []
    assert fixed.scores["lr_cd"] < found.scores["lr_cd"]
    assert any("2 reference files have no predictions, all missed" in n for n in fixed.notes)


def test_predictions_without_a_reference_are_refused(tmp_path):
    ref = files(tmp_path / "r", a=rows(range(21)))
    pred = files(tmp_path / "p", a=rows(range(21)), b="")
    with pytest.raises(BadFile, match="b: predictions for a file that the reference does not have"):
        score_seld_files(ref, pred, "dcase2021")


def test_rows_of_other_classes_are_ignored_and_noted(tmp_path):
    ref = files(tmp_path / "r", a=rows(range(21)) + rows(range(4), label=13))
    pred = files(tmp_path / "p", a=rows(range(21)) + rows(range(7), label=40))
    found = score_seld_files(ref, pred, "dcase2022", average="micro", resampling=None)
    assert found.scores["f20"] == pytest.approx(1.0)
    assert any(note.startswith("4 rows of the reference are of classes") for note in found.notes)
    assert any(note.startswith("7 rows of the predictions are of classes") for note in found.notes)


def test_rows_after_the_end_of_a_file_are_noted(tmp_path):
    ref = files(tmp_path / "r", a=rows([0, 599]))
    pred = files(tmp_path / "p", a=rows([0, 599, 600, 601]))
    found = score_seld_files(ref, pred, "dcase2021", resampling=None)
    assert found.notes == [
        "2 rows of the predictions lie in frame 600 or later and are not scored"
        " (a frame is taken to be 100 ms)"
    ]


def test_submissions_of_2019_have_50_frames_a_second(tmp_path):
    # given one second of 20 ms frames, found in its first half
    pred = files(tmp_path / "p", a="".join(f"{frame},3,0,0\n" for frame in range(25)))
    ref = files(tmp_path / "r", a="".join(f"{frame},3,0,0\n" for frame in range(100)))
    found = score_seld_files(
        ref, pred, "dcase2019", dialect="dcase2019", frames_per_second=50, resampling=None
    )
    # then one of two seconds is found
    assert found.scores["f1"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"scorer": "dcase2052"}, r"no SELD scorer 'dcase2052' \(near: dcase202"),
        ({"oracle": "doas"}, "no oracle 'doas'; there are doa and sed"),
        ({"dialect": "polar_cm"}, "no dialect 'polar_cm'"),
        ({"prediction_dialect": "carthesian"}, r"no dialect 'carthesian' \(near: cartesian"),
        ({"average": "mikro"}, "no average 'mikro'"),
        ({"angles": "degrees"}, "no angles 'degrees'"),
    ],
)
def test_a_name_that_there_is_not_is_refused(tmp_path, settings, words):
    ref = files(tmp_path / "r", a=rows(range(21)))
    scorer = settings.pop("scorer", "dcase2022")
    with pytest.raises(UnknownName, match=words):
        score_seld_files(ref, ref, scorer, **settings)


def test_a_file_that_does_not_fit_the_year_is_refused_never_guessed(tmp_path):
    ref = files(tmp_path / "r", a=rows(range(21)))
    six = files(tmp_path / "p", a=rows(range(21), place="0,0,1"))
    with pytest.raises(BadFile, match=r"p/a\.csv:1: 6 columns, but the dialect polar has 5"):
        score_seld_files(ref, six, "dcase2022")
    with pytest.raises(BadFile, match=r"r/a\.csv:1: 5 columns, but .* polar_distance_cm has 6"):
        score_seld_files(ref, six, "dcase2024")
    with pytest.raises(BadFile, match="no distances, which dcase2024 scores"):
        score_seld_files(ref, ref, "dcase2024", dialect="polar")
    with pytest.raises(BadFile, match="not found"):
        score_seld_files(ref, tmp_path / "absent", "dcase2022")


def test_an_empty_reference_fails_under_the_name_of_2022_alone(tmp_path):
    ref = files(tmp_path / "r", a=rows(range(21)), b="")
    with pytest.raises(BadFile, match="dcase2022_fixed scores it"):
        score_seld_files(ref, ref, "dcase2022")
    fixed = score_seld_files(ref, ref, "dcase2022_fixed", average="micro", resampling=None)
    assert fixed.scores["f20"] == pytest.approx(1.0)


def test_measures_give_the_scores(expected):
    folder = GOLDEN / "seld2022"
    tables = [read_directions(folder / side, "polar") for side in ("ref", "pred")]
    (measure,) = seld_measures(*tables, "dcase2022")
    values = measure.of(Whole(len(measure.clips)))
    official = expected["seld2022"]["dcase2022"]["macro_polar"]
    assert values.scores["f20"][0] == pytest.approx(official["F"], abs=1e-9)
    assert measure.clips == tables[1].files
    found = score_seld(*tables, "dcase2022", resampling=None)
    assert found.scores["f20"] == values.scores["f20"][0]


def test_scores_are_plain_json_with_all_that_was_decided(tmp_path):
    found = scored(2021, "dcase2021", classes=12, resampling=Resampling(bootstrap=5))
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["scorer"] == "dcase2021"
    assert (told["average"], told["angles"]) == ("micro", "polar")
    assert told["dialects"] == {"reference": "polar", "predictions": "polar"}
    assert (told["files"], told["unscored_files"]) == (59, [])
    assert list(told["scores"]) == ["er20", "f20", "le_cd", "lr_cd", "seld_score"]
    assert set(told["classes"]["3"]) == {"f20", "le_cd", "lr_cd"}
    assert np.shape(told["intervals"]["er20"]["jackknife"]) == (2,)
