"""Half a SELD system: with ideal directions, or with ideal activity."""

from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations import FrameOutputs, read_directions, write_frame_outputs
from seldbench.errors import BadFile
from seldbench.evaluation import score_seld, score_seld_files
from seldbench.evaluation.seld.oracles import ideal_directions
from seldbench.events import DirectionTable
from seldbench.geometry import unit_vectors
from seldbench.metrics.seld import SCORERS

GOLDEN = Path(__file__).parents[1] / "golden"
DIALECTS = {
    2021: ("polar", "polar"),
    2022: ("polar", "polar"),
    2024: ("polar_distance_cm", "polar_distance_m"),
}
SETS = [
    (2021, "dcase2019"),
    (2021, "dcase2020"),
    (2021, "dcase2021"),
    (2022, "dcase2022"),
    (2024, "dcase2023"),
    (2024, "dcase2024"),
]


def table(*rows: str, files=("a",)) -> DirectionTable:
    """Rows "file frames class azimuth", frames as 0-9, on the horizon."""
    cells = []
    for row in rows:
        file, frames, label, azimuth = row.split()
        first, last = (frames.split("-") * 2)[:2]
        cells += [
            (files.index(file), frame, int(label), float(azimuth))
            for frame in range(int(first), int(last) + 1)
        ]
    cells.sort(key=lambda cell: cell[:2])
    values = np.array(cells).reshape(-1, 4)
    file, frame, label = values[:, :3].astype(np.int64).T
    direction = np.stack([values[:, 3], np.zeros(len(values))], axis=1)
    return DirectionTable(files, file, frame, label, 0 * file, direction)


def golden(year: int) -> list[DirectionTable]:
    folder = GOLDEN / f"seld{year}"
    sides = zip(("ref", "pred"), DIALECTS[year])
    return [read_directions(folder / side, dialect) for side, dialect in sides]


def outputs(scores, azimuth=None, clips=("a",), start=None) -> FrameOutputs:
    """Scores (frames, classes) and azimuths of the same shape, on the horizon."""
    scores = np.asarray(scores, dtype=np.float64)
    start = [0, len(scores)] if start is None else start
    doa = None if azimuth is None else unit_vectors(azimuth, np.zeros_like(azimuth))
    return FrameOutputs(clips, np.array(start), scores, doa)


def score(reference, predictions, scorer="dcase2021", **settings):
    settings = {"resampling": None, "classes": 2, **settings}
    return score_seld(reference, predictions, scorer, **settings).scores


def test_with_ideal_directions_only_the_activity_counts():
    # given the right class 90 degrees off, and a false alarm of another class for one second
    truth = table("a 0-19 0 0")
    guess = table("a 0-19 0 90", "a 0-9 1 45")

    assert score(truth, guess)["f20"] == 0.0
    # then two seconds are right and one is a false alarm: 2 / (2 + 1 / 2)
    ideal = score(truth, guess, oracle="doa")
    assert ideal == {"f1_ideal_doa": pytest.approx(0.8), "lr_ideal_doa": pytest.approx(1.0)}


def test_with_ideal_activity_only_the_directions_count():
    # given outputs that point 30 degrees off and are silent, and 90 degrees off elsewhere
    truth = table("a 0-9 0 0", "a 10-19 1 100")
    azimuth = np.full((20, 2), -90.0)
    azimuth[:10, 0], azimuth[10:, 1] = 30, 110
    guess = outputs(np.zeros((20, 2)), azimuth)

    assert score(truth, guess, oracle="sed") == {"le_ideal_sed": pytest.approx(20.0)}


def test_frame_scores_are_cut_above_the_threshold():
    truth = table("a 0-19 0 0")
    scores = np.full((20, 2), 0.5)  # exactly at the threshold: silent
    scores[:10, 0] = 0.51
    guess = outputs(scores)
    # one second of two: 1 / (1 + 1 / 2)
    assert score(truth, guess, oracle="doa")["f1_ideal_doa"] == pytest.approx(2 / 3)
    # two right and two false: 2 / (2 + 2 / 2)
    low = score(truth, guess, oracle="doa", threshold=0.4)
    assert low["f1_ideal_doa"] == pytest.approx(2 / 3)
    assert low["lr_ideal_doa"] == pytest.approx(1.0)


@pytest.mark.parametrize("scorer", ["dcase2021", "dcase2024"])
def test_of_several_instances_the_nearest_is_taken(scorer):
    truth = table("a 0 0 0", "a 0 0 60")
    found = ideal_directions(truth, table("a 0 0 50"), SCORERS[scorer], "polar")
    assert found.direction.tolist() == [[60, 0]]


def test_without_a_direction_of_its_own_the_first_instance_is_taken():
    truth = table("a 0 0 70", "a 0 0 0")
    guess = table("a 0 0 0", "a 0 1 0")
    found = ideal_directions(truth, guess, SCORERS["dcase2021"], "polar", known=False)
    assert found.direction.tolist() == [[70, 0], [0, 0]]  # class 1 is silent: any direction


def test_several_predictions_take_each_instance_once_and_then_the_nearest():
    # given two predictions nearest to the same instance, and a third
    truth = table("a 0 0 0", "a 0 0 60")
    guess = table("a 0 0 -5", "a 0 0 10", "a 0 0 200")
    found = ideal_directions(truth, guess, SCORERS["dcase2021"], "polar")
    # then 10 goes to 60: -5 and 10 cost 5 + 50, -5 and 200 cost more; 200 is nearest to 60
    assert found.direction[:, 0].tolist() == [0, 60, 60]


def test_ideal_directions_bring_the_reference_s_distance():
    truth = table("a 0-9 0 0")
    truth = DirectionTable(*columns(truth), distance=np.full(10, 2.0))
    guess = DirectionTable(*columns(table("a 0-9 0 170")), distance=np.full(10, 50.0))
    assert score(truth, guess, "dcase2024_fixed", average="micro")["f20"] == 0.0
    ideal = score(truth, guess, "dcase2024_fixed", average="micro", oracle="doa")
    assert ideal["f1_ideal_doa"] == pytest.approx(1.0)


def columns(of: DirectionTable) -> tuple:
    return of.files, of.file, of.frame, of.label, of.track, of.direction


@pytest.mark.parametrize(("year", "scorer"), SETS)
def test_the_reference_as_prediction_is_ideal(year, scorer):
    reference, _ = golden(year)
    doa, sed = (
        score_seld(reference, reference, scorer, average="micro", oracle=o, resampling=None)
        for o in ("doa", "sed")
    )
    assert doa.scores["f1_ideal_doa"] == pytest.approx(1.0)
    assert sed.scores["le_ideal_sed"] == pytest.approx(0.0, abs=1e-2)
    if scorer != "dcase2019":
        assert doa.scores["lr_ideal_doa"] == pytest.approx(1.0)


@pytest.mark.parametrize(("year", "scorer"), SETS)
@pytest.mark.parametrize("angles", ["polar", "cartesian"])
def test_ideal_directions_never_lower_the_score(year, scorer, angles):
    reference, predictions = golden(year)
    plain, ideal = (
        score_seld(reference, predictions, scorer, angles=angles, oracle=o, resampling=None)
        for o in (None, "doa")
    )
    f = "f1" if scorer == "dcase2019" else "f20"
    assert ideal.scores["f1_ideal_doa"] >= plain.scores[f]
    if f == "f20":
        # Activity is what the recall is made of: it stays.
        assert ideal.scores["lr_ideal_doa"] == pytest.approx(plain.scores["lr_cd"])
        for label, values in ideal.classes.items():
            assert values["f1_ideal_doa"] >= plain.classes[label]["f20"]


def test_frame_outputs_and_rows_of_the_same_system_score_the_same(tmp_path):
    # given one row a class and frame of the golden predictions, and the same as outputs
    reference, predictions = golden(2022)
    cell = np.stack([predictions.file, predictions.frame, predictions.label], axis=1)
    _, first = np.unique(cell, axis=0, return_index=True)
    rows = predictions.rows(np.sort(first))
    scores, doa = np.zeros((57 * 700, 13), np.float32), np.ones((57 * 700, 13, 3))
    at = (rows.file * 700 + rows.frame, rows.label)
    scores[at], doa[at] = 0.9, unit_vectors(*rows.direction.T)
    path = tmp_path / "outputs.npz"
    start = np.arange(58) * 700
    write_frame_outputs(path, FrameOutputs(predictions.files, start, scores, doa))

    settings = {"oracle": "doa", "resampling": None}
    of_outputs = score_seld_files(GOLDEN / "seld2022" / "ref", path, "dcase2022", **settings)
    of_rows = score_seld(reference, rows, "dcase2022", **settings)

    assert of_outputs.scores == pytest.approx(of_rows.scores, abs=1e-12)
    assert of_outputs.classes["4"] == pytest.approx(of_rows.classes["4"], abs=1e-12)
    assert of_outputs.details["dialects"]["predictions"] == "frame outputs"
    assert of_outputs.details["oracle"] == "doa"


def test_rows_that_cover_the_reference_can_have_ideal_activity():
    # given a row wherever class 0 sounds, and false alarms
    truth = table("a 0-9 0 0")
    guess = table("a 0-19 0 12", "a 0-9 1 90")
    assert score(truth, guess, oracle="sed")["le_ideal_sed"] == pytest.approx(12.0)


def test_rows_that_leave_gaps_cannot_have_ideal_activity():
    with pytest.raises(BadFile, match=r"a: class 0 sounds in frame 5, .* \(5 such cases\)"):
        score(table("a 0-9 0 0"), table("a 0-4 0 12"), oracle="sed")


def test_oracles_are_scored_by_class_and_with_intervals():
    truth = table("a 0-9 0 0", "b 0-9 1 0", files=("a", "b"))
    guess = table("a 0-9 0 90", "b 0-9 0 0", files=("a", "b"))
    found = score_seld(truth, guess, "dcase2022_fixed", classes=2, oracle="doa")
    assert found.classes["0"]["f1_ideal_doa"] == pytest.approx(2 / 3)
    assert found.classes["1"]["f1_ideal_doa"] == 0.0
    assert set(found.intervals["f1_ideal_doa"]) == {"jackknife", "bootstrap"}


def test_outputs_with_fewer_frames_than_the_reference_are_refused():
    truth = table("a 0-19 0 0")
    with pytest.raises(BadFile, match="a: 19 frames of outputs, but the reference needs 20"):
        score(truth, outputs(np.ones((19, 2))), oracle="doa")


def test_outputs_of_another_number_of_classes_are_refused():
    with pytest.raises(BadFile, match="frame outputs of 3 classes where 2 are scored"):
        score(table("a 0-19 0 0"), outputs(np.ones((20, 3))), oracle="doa")


def test_outputs_hold_half_of_a_system_alone():
    truth, scores = table("a 0-19 0 0"), outputs(np.ones((20, 2)))
    with pytest.raises(BadFile, match="name an oracle"):
        score(truth, scores)
    with pytest.raises(BadFile, match="frame outputs without doa"):
        score(truth, scores, oracle="sed")
    only_doa = FrameOutputs(("a",), scores.start, None, np.ones((20, 2, 3)))
    with pytest.raises(BadFile, match="frame outputs without scores"):
        score(truth, only_doa, oracle="doa")
    nowhere = FrameOutputs(("a",), scores.start, None, np.zeros((20, 2, 3)))
    with pytest.raises(BadFile, match="a: class 0 sounds in frame 0, where its doa is 0, 0, 0"):
        score(truth, nowhere, oracle="sed")


def test_outputs_of_a_clip_without_reference_are_refused():
    truth = table("a 0-19 0 0")
    stray = outputs(np.ones((40, 2)), clips=("a", "z"), start=[0, 20, 40])
    for oracle in ("doa", "sed"):
        with pytest.raises(BadFile, match="z: predictions for a file that the reference does not"):
            score(truth, outputs_with_directions(stray), oracle=oracle)


def outputs_with_directions(of: FrameOutputs) -> FrameOutputs:
    return FrameOutputs(of.clips, of.start, of.scores, np.ones((*of.scores.shape, 3)))


def test_a_clip_without_outputs_is_left_out_loudly():
    truth = table("a 0-9 0 0", "b 0-9 0 0", files=("a", "b"))
    found = score_seld(
        truth, outputs(np.ones((10, 2))), "dcase2021", classes=2, oracle="doa", resampling=None
    )
    assert found.details["unscored_files"] == ["b"]
    assert any(note.startswith("WARNING: 1 of 2 reference files") for note in found.notes)
