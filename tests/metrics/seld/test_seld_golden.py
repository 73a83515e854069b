"""Every official value of the golden files, within the tolerances of their README."""

import numpy as np
import pytest

from seldbench.metrics.seld import SCORERS, seld_counts, seld_scores
from seldbench.metrics.uncertainty import Drawn, LeftOut, Whole, jackknife

# Official name -> ours and the tolerance.
SCORE = {
    "ER": ("er20", 1e-9),
    "F": ("f20", 1e-9),
    "LE": ("le_cd", 1e-5),
    "DOAE": ("doae_cd", 1e-5),
    "DistE": ("diste_cd", 1e-9),
    "RDE": ("rde_cd", 1e-9),
    "LR": ("lr_cd", 1e-9),
    "SELD": ("seld_score", 1e-7),
}
COUNTER = {
    "S": "substitutions",
    "D": "deletions",
    "I": "insertions",
    "Nref": "reference",
    "Nsys": "predicted",
    "TP": "hits",
    "FP": "extra",
    "FP_spatial": "far",
    "FN": "missed",
    "DE_TP": "pairs",
    "DE_FP": "extra",
    "DE_FN": "missed",
    "total_DE": "angle",
    "total_AngE": "angle",
    "total_DistE": "distance",
    "total_RelDistE": "relative",
}
MISSING = ("fold5_room1_mix013", "fold5_room1_mix017")

BLOCKS = [
    ("dcase2021", 2021, "dcase2021.polar", {}),
    ("dcase2021", 2021, "dcase2021.cartesian", {"angles": "cartesian"}),
    ("dcase2021", 2021, "dcase2021.polar_without_edge_files", {}),
    ("dcase2021", 2021, "dcase2021.polar_two_prediction_files_missing", {}),
    ("dcase2020", 2021, "dcase2020.polar", {}),
    ("dcase2020", 2021, "dcase2020.cartesian", {"angles": "cartesian"}),
]
for scorer, year, block in (
    ("dcase2022", 2022, "dcase2022"),
    ("dcase2023", 2024, "dcase2023"),
    ("dcase2024_segments", 2024, "dcase2024_segment_based"),
):
    for average in ("macro", "micro"):
        forms = ("cartesian",) if scorer == "dcase2024_segments" else ("polar", "cartesian")
        BLOCKS += [
            (scorer, year, f"{block}.{average}_{form}", {"angles": form, "average": average})
            for form in forms
        ]
        name = f"{block}.{average}_without_edge_files"
        BLOCKS.append((scorer, year, name, {"average": average}))
    BLOCKS.append((scorer, year, f"{block}.macro_two_prediction_files_missing", {}))
    BLOCKS.append(
        (scorer, year, f"{block}.macro_fixed_600_frames_per_file", {"frames_per_file": 600})
    )
for average in ("macro", "micro"):
    options = {"average": average}
    BLOCKS += [
        ("dcase2024", 2024, f"dcase2024.{average}", options),
        ("dcase2024", 2024, f"dcase2024.{average}_without_edge_files", options),
        (
            "dcase2024",
            2024,
            f"dcase2024.{average}_without_distance",
            options | {"with_distance": False},
        ),
    ]
BLOCKS.append(("dcase2024", 2024, "dcase2024.macro_two_prediction_files_missing", {}))


def values_of(golden, path):
    for key in path.split("."):
        golden = golden[key]
    return golden


def counted(golden, drop, name, block, average=None, **options):
    """Counts of a golden set, with the files that a block is about."""
    predictions = golden.predictions
    if "missing" in block:
        predictions = drop(predictions, *MISSING)
    if "without_edge_files" in block:
        edge = [f for f in predictions.files if f.startswith("edge")]
        predictions = drop(predictions, *edge)
    return seld_counts(SCORERS[name], golden.reference, predictions, **options)


def agree(expected, scores, pick=lambda values: values[0]):
    for official, value in expected.items():
        if official in SCORE:
            name, tolerance = SCORE[official]
            value = np.array(value, dtype=float)
            found = pick(scores[name])
            assert found == pytest.approx(value, abs=tolerance, rel=1e-9, nan_ok=True), official


@pytest.mark.parametrize(("name", "year", "block", "options"), BLOCKS, ids=lambda v: str(v))
def test_scores_are_the_official_ones(golden, drop, name, year, block, options):
    counts = counted(golden[year], drop, name, block, **options)
    expected = values_of(golden[year].expected, block)
    scores, classes = seld_scores(counts, Whole(len(counts.files)), options.get("average"))
    agree(expected, scores)
    agree(expected.get("classwise", {}), classes)


@pytest.mark.parametrize(("name", "year", "block", "options"), BLOCKS, ids=lambda v: str(v))
def test_counts_are_the_official_ones(golden, drop, name, year, block, options):
    counts = counted(golden[year], drop, name, block, **options)
    expected = dict(values_of(golden[year].expected, block)["counters"])
    if name == "dcase2021":
        expected["FP"] -= round(counts.of_class["far"].sum())  # which that year counts as FP too
    tables = {**counts.of_class, **counts.of_file}
    for official, value in expected.items():
        if COUNTER[official] not in tables:
            assert not np.any(value)
            continue
        table = tables[COUNTER[official]]
        found = table.sum(0) if isinstance(value, list) else table.sum()
        tolerance = 1e-4 if official.startswith("total") else 0
        assert found == pytest.approx(np.array(value), abs=tolerance, rel=0), official


@pytest.mark.parametrize(
    ("name", "year", "block"),
    [
        ("dcase2021", 2021, "dcase2021.per_file_polar"),
        *(
            (name, year, f"{block}.per_file_{average}")
            for name, year, block in (
                ("dcase2022", 2022, "dcase2022"),
                ("dcase2023", 2024, "dcase2023"),
                ("dcase2024_segments", 2024, "dcase2024_segment_based"),
                ("dcase2024", 2024, "dcase2024"),
            )
            for average in ("macro", "micro")
        ),
    ],
)
def test_scores_of_single_files_are_the_official_ones(golden, name, year, block):
    expected = values_of(golden[year].expected, block)
    counts = seld_counts(SCORERS[name], golden[year].reference, golden[year].predictions)
    one_each = Drawn(np.eye(len(counts.files)))
    average = None if year == 2021 else block.rsplit("_", 1)[1]
    scores, _ = seld_scores(counts, one_each, average)
    assert [f"{f}.csv" for f in counts.files] == sorted(expected["rows"])
    rows = np.array([expected["rows"][f"{f}.csv"] for f in counts.files], dtype=float)
    agree(dict(zip(expected["columns"], rows.T)), scores, pick=lambda values: values)


@pytest.mark.parametrize(
    ("name", "year", "average"),
    [
        ("dcase2022", 2022, "macro"),
        ("dcase2022", 2022, "micro"),
        ("dcase2023", 2024, "macro"),
        ("dcase2023", 2024, "micro"),
        ("dcase2024", 2024, "macro"),
    ],
)
def test_jackknife_intervals_are_the_official_ones(golden, name, year, average):
    expected = golden[year].expected[name][f"jackknife_{average}"]
    counts = seld_counts(SCORERS[name], golden[year].reference, golden[year].predictions)
    files = len(counts.files)
    whole = seld_scores(counts, Whole(files), average)
    left_out = seld_scores(counts, LeftOut(files), average)
    agree(expected["global"], whole[0])
    agree(expected.get("classwise", {}), whole[1])
    for i, block in ((0, "ci95"), (1, "classwise_ci95")):
        for official, value in expected.get(block, {}).items():
            ours = SCORE[official][0]
            found = np.stack(jackknife(whole[i][ours][0], left_out[i][ours]), axis=-1)
            value = np.array(value, dtype=float)
            assert found == pytest.approx(value, rel=1e-5, nan_ok=True), official


def test_2019_is_the_official_one(golden, score):
    expected = golden[2021].expected["dcase2019"]
    reference, predictions = golden[2021].reference, golden[2021].predictions
    scores, _ = score("dcase2019", reference, predictions)
    for name, official, tolerance in (
        ("er", "ER", 1e-9),
        ("f1", "F", 1e-9),
        ("doa_error", "DOA_error", 1e-5),
        ("frame_recall", "frame_recall", 1e-9),
        ("seld_score", "SELD", 1e-7),
    ):
        assert scores[name] == pytest.approx(expected[official], abs=tolerance), name
    of_file = seld_counts(SCORERS["dcase2019"], reference, predictions).of_file
    counters = ("directions", "equal", "surplus", "lack")
    official = [expected[n] for n in ("n_pred_doas", "good_frames", "more_est", "less_est")]
    assert [of_file[n].sum() for n in counters] == official


def test_predictions_as_vectors_score_as_through_the_official_command(golden, score):
    from dataclasses import replace

    from seldbench.geometry import unit_vectors

    reference, predictions = golden[2021].reference, golden[2021].predictions
    # As a file holds them: six decimals.
    vectors = unit_vectors(*predictions.direction.T)
    predictions = replace(predictions, direction=vectors)
    for angles in ("polar", "cartesian"):
        expected = golden[2021].expected["dcase2021"]
        expected = expected[f"command_with_cartesian_predictions_{angles}"]
        scores, _ = score("dcase2021", reference, predictions, angles=angles)
        agree(expected, scores, pick=lambda value: value)
