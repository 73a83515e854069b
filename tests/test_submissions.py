"""Submissions to DCASE task 3: written as the year's organisers read them, and checked."""

from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations import check_submission, read_directions, write_submission
from seldbench.annotations.submissions import YEARS
from seldbench.errors import BadFile, UnknownName
from seldbench.events import DirectionTable


def rows(direction, *, label=2, frame=5, distance=None, files=("a",)) -> DirectionTable:
    """A table of rows in the first file, one a direction."""
    direction = np.array(direction, dtype=np.float64)
    same = np.ones(len(direction), dtype=np.int64)
    given = None if distance is None else np.array(distance, dtype=np.float64)
    return DirectionTable(files, 0 * same, frame * same, label * same, 0 * same, direction, given)


def submission(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def refusal(folder: Path, year: int, **settings) -> str:
    with pytest.raises(BadFile) as error:
        check_submission(folder, year, **settings)
    return str(error.value)


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("direction", [[[-30, 10]], [[0.5, -0.5, 0.25]]])
def test_what_was_written_breaks_no_rule(tmp_path, year, direction):
    # given a table of two files, the second without rows
    distance = [2.5] if year >= 2023 else None
    table = rows(direction, distance=distance, files=("a", "b"))

    write_submission(tmp_path, table, year)

    # then it is in the year's dialect for angles or for vectors
    dialect = YEARS[year].dialects[-1 if table.cartesian else 0]
    back = check_submission(tmp_path, year, dialect=dialect, recordings=["a.wav", "b.wav"])
    assert back.files == ("a", "b")
    assert (back.frame[0], back.label[0]) == (5, 2)


@pytest.mark.parametrize(
    ("year", "line"),
    [
        (2019, "5,2,-30,10\n"),
        (2020, "5,2,0,-30,10\n"),
        (2021, "5,2,0,-30,10\n"),
        (2022, "5,2,0,-30,10\n"),
        (2023, "5,2,0,-30,10,0\n"),
    ],
)
def test_angles_are_written_in_the_columns_of_the_year(tmp_path, year, line):
    write_submission(tmp_path, rows([[-30, 10]]), year)
    assert (tmp_path / "a.csv").read_text() == line


def test_2024_is_written_with_metres_and_not_without_distance(tmp_path):
    write_submission(tmp_path, rows([[-30, 10]], distance=[2.25]), 2024)
    assert (tmp_path / "a.csv").read_text() == "5,2,0,-30,10,2.25\n"
    with pytest.raises(BadFile, match="no distances"):
        write_submission(tmp_path, rows([[-30, 10]]), 2024)


def test_2019_has_whole_degrees_also_of_vectors(tmp_path):
    write_submission(tmp_path / "angles", rows([[-30.4, 9.6]]), 2019)
    assert (tmp_path / "angles" / "a.csv").read_text() == "5,2,-30,10\n"
    write_submission(tmp_path / "vectors", rows([[0, 3, 0]]), 2019)
    assert (tmp_path / "vectors" / "a.csv").read_text() == "5,2,90,0\n"


def test_a_class_or_frame_that_the_year_lacks_is_not_written(tmp_path):
    with pytest.raises(BadFile, match=r"a, row 0: class 12; the classes are 0 to 11"):
        write_submission(tmp_path, rows([[0, 0]], label=12), 2021)
    with pytest.raises(BadFile, match=r"frame 600; a recording has the frames 0 to 599"):
        write_submission(tmp_path, rows([[0, 0]], frame=600), 2021)
    write_submission(tmp_path, rows([[0, 0]], frame=2999), 2019)
    write_submission(tmp_path, rows([[0, 0]], label=12, frame=6000), 2022)


@pytest.mark.parametrize(
    ("year", "row", "words"),
    [
        (2019, "0,11,0,0", "class 11; the classes are 0 to 10"),
        (2019, "0,0,0.5,0", "azimuth 0.5 is not a whole number of degrees"),
        (2019, "3000,0,0,0", "frame 3000"),
        (2019, "0,0,0,0,0", "5 columns, but the dialect dcase2019 has 4"),
        (2020, "0,14,0,0,0", "class 14"),
        (2021, "0,12,0,0,0", "class 12"),
        (2021, "600,0,0,0,0", "frame 600; a recording has the frames 0 to 599"),
        (2022, "0,0,0,181,0", "azimuth 181 is not in [-180, 180] degrees"),
        (2022, "0,13,0,0,0", "class 13"),
        (2023, "0,0,0,0,0", "5 columns, but the dialect polar_distance_m has 6"),
        (2024, "0,0,0,0,0,-2", "distance is -2, below 0"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_by_file_and_line(tmp_path, year, row, words):
    fine = {2019: "1,0,0,0\n", 2023: "1,0,0,0,0,0\n", 2024: "1,0,0,0,0,0\n"}.get(
        year, "1,0,0,0,0\n"
    )
    folder = submission(tmp_path / "s", a=fine * 3, b=f"{fine}\n{row}\n")
    message = refusal(folder, year)
    assert f"{folder / 'b.csv'}:3: " in message
    assert words in message


def test_frames_of_a_recording_are_checked_where_they_are_given(tmp_path):
    folder = submission(tmp_path / "s", a="1200,0,0,0,0\n")
    assert len(check_submission(folder, 2022)) == 1
    assert "frame 1200" in refusal(folder, 2022, frames=1200)


def test_every_recording_has_one_file(tmp_path):
    folder = submission(tmp_path / "s", mix001="", mix002="")
    assert check_submission(folder, 2022, recordings=["mix001", "mix002.wav"]).files
    assert "no file for the recording mix003" in refusal(
        folder, 2022, recordings=["mix001", "mix002", "mix003"]
    )
    assert "a file for no recording, mix002" in refusal(folder, 2022, recordings=["mix001"])


def test_a_submission_is_a_folder_and_of_a_known_year_and_dialect(tmp_path):
    folder = submission(tmp_path / "s", a="0,0,0,0,0\n")
    assert "not a folder" in refusal(folder / "a.csv", 2022)
    with pytest.raises(UnknownName, match="no task 3 of 2018 known; there are 2019, 2020"):
        check_submission(folder, 2018)
    with pytest.raises(UnknownName, match="submissions of 2022 are not in the dialect 'dcase2019'"):
        check_submission(folder, 2022, dialect="dcase2019")
    with pytest.raises(UnknownName, match="no dialect 'polr'"):
        check_submission(folder, 2022, dialect="polr")


def test_a_checked_submission_is_what_a_reader_reads(tmp_path):
    folder = submission(tmp_path / "s", a="7,1,0,-180,90\n", b="")
    checked, read = check_submission(folder, 2021), read_directions(folder, "polar")
    assert checked.frame.tolist() == read.frame.tolist() == [7]
    assert checked.direction.tolist() == [[-180.0, 90.0]]
