"""The dialects of DCASE task 3 files: read, refused, written."""

import random
import struct
from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations.directions import (
    DIALECTS,
    LAYOUTS,
    read_directions,
    read_run_directions,
    write_directions,
    write_run_directions,
)
from seldbench.errors import BadFile, UnknownName
from seldbench.events import DirectionTable

ROW = {
    "polar": "3,1,0,-30,10",
    "polar_distance_cm": "3,1,0,-30,10,250",
    "polar_distance_m": "3,1,0,-30,10,2.5",
    "cartesian": "3,1,0,0.5,0.5,-0.25",
    "cartesian_distance_m": "3,1,0,0.5,0.5,-0.25,2.5",
    "dcase2019": "3,1,-30,10",
}


def csv(folder: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path, dialect: str = "polar") -> str:
    with pytest.raises(BadFile) as error:
        read_directions(path, dialect)
    return str(error.value)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_its_columns_in_its_order(tmp_path, dialect):
    table = read_directions(csv(tmp_path, ROW[dialect] + "\n"), dialect)
    assert (table.frame[0], table.label[0], table.track[0]) == (3, 1, 0)
    wanted = [0.5, 0.5, -0.25] if "cartesian" in dialect else [-30, 10]
    assert table.direction[0].tolist() == wanted
    assert table.cartesian == ("cartesian" in dialect)
    assert (table.distance is None) == ("distance" not in dialect)
    if table.distance is not None:
        assert table.distance[0] == 2.5  # metres, whatever the file's unit


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_was_written_reads_back_the_same(tmp_path, dialect):
    # given random rows of three files, of which the second has none
    rng = np.random.default_rng(7)
    width = 3 if "cartesian" in dialect else 2
    direction = (
        np.round(rng.uniform(-1, 1, (200, width)), 3)
        if width == 3
        else (rng.uniform([-180, -90], [180, 90], (200, 2)))
    )
    direction[::3] = np.round(direction[::3] * 10)
    direction[direction.any(axis=1) == 0] = 1.0
    track = np.zeros(200, int) if dialect == "dcase2019" else rng.integers(0, 5, 200)
    distance = rng.integers(0, 900, 200) / 100 if "distance" in dialect else None
    table = DirectionTable(
        ("a", "b", "c"),
        np.repeat([0, 2], 100),
        rng.integers(0, 600, 200),
        rng.integers(0, 13, 200),
        track,
        direction.clip(-90, 90) if width == 2 else direction,
        distance,
    )

    # when
    write_directions(tmp_path / "out", table, dialect)
    back = read_directions(tmp_path / "out", dialect)

    # then
    assert back.files == ("a", "b", "c")
    for name in ("file", "frame", "label", "track", "direction"):
        np.testing.assert_array_equal(getattr(back, name), getattr(table, name), name)
    if distance is not None:
        np.testing.assert_array_equal(back.distance, table.distance)


def test_whole_numbers_are_written_without_a_point(tmp_path):
    path = csv(tmp_path, "0,1,0,-30.0,10.25,155\n")
    write_directions(
        tmp_path / "b.csv", read_directions(path, "polar_distance_cm"), "polar_distance_cm"
    )
    assert (tmp_path / "b.csv").read_text() == "0,1,0,-30,10.25,155\n"


def test_every_centimetre_survives_being_written(tmp_path):
    text = "".join(f"{i},0,0,0,0,{i / 10!r}\n" for i in range(3000))
    table = read_directions(csv(tmp_path, text), "polar_distance_cm")
    write_directions(tmp_path / "b.csv", table, "polar_distance_cm")
    again = read_directions(tmp_path / "b.csv", "polar_distance_cm")
    np.testing.assert_array_equal(again.distance, table.distance)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_number_has_the_value_that_float_gives_it(tmp_path, line_end, blank):
    # given decimals of all lengths, also where a careful reading is needed (blank lines, old ends)
    rng = random.Random(5)
    cells = [f"{rng.uniform(-1, 1):.{rng.randrange(1, 25)}f}" for _ in range(600)]
    cells += [f"{rng.uniform(-1, 1):.{rng.randrange(1, 25)}e}" for _ in range(600)]
    bits = (struct.unpack("d", struct.pack("Q", rng.getrandbits(64)))[0] for _ in range(900))
    cells += [repr(value) for value in bits if np.isfinite(value)][:600]
    cells += ["+1", " 2.5", "1e-320", "0.1", "-0", "1", "1", "1", "1"]
    cells = cells[: len(cells) // 3 * 3]
    rows = [f"{i},0,0,{','.join(cells[3 * i : 3 * i + 3])}" for i in range(len(cells) // 3)]
    text = line_end.join(rows) + blank.replace("\n", line_end * 2)

    table = read_directions(csv(tmp_path, text), "cartesian")

    assert table.direction.ravel().tolist() == [float(cell) for cell in cells]


def test_a_folder_is_read_by_name_and_hidden_files_are_left_out(tmp_path):
    csv(tmp_path, "1,0,0,0,0\n2,0,0,0,0", "b.csv")
    csv(tmp_path, "", "c.csv")
    csv(tmp_path, "7,0,0,0,0\n", "a.csv")
    csv(tmp_path, "not a table", ".hidden")
    table = read_directions(tmp_path, "polar")
    assert table.files == ("a", "b", "c")
    assert table.file.tolist() == [0, 1, 1]
    assert table.frame.tolist() == [7, 1, 2]


def test_files_of_which_none_has_rows_are_a_table_without_rows(tmp_path):
    csv(tmp_path, "")
    table = read_directions(tmp_path, "polar_distance_m")
    assert (len(table), table.files, table.direction.shape) == (0, ("a",), (0, 2))
    assert table.distance.shape == (0,)


def test_rows_that_stand_twice_are_kept(tmp_path):
    assert len(read_directions(csv(tmp_path, "1,0,0,5,5\n1,0,0,5,5\n"), "polar")) == 2


def test_a_byte_order_mark_and_blank_lines_do_not_matter(tmp_path):
    path = csv(tmp_path, b"\xef\xbb\xbf1,0,0,5,5\r\n\r\n2,0,0,5,5\r\n")
    assert read_directions(path, "polar").frame.tolist() == [1, 2]


def test_many_files_are_read_in_portions_and_keep_their_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("seldbench.annotations._rows.PORTION", 30)
    for i in range(7):
        csv(tmp_path, "".join(f"{10 * i + k},0,0,0,0\n" for k in range(i)), f"{i}.csv")
    table = read_directions(tmp_path, "polar")
    assert table.file.tolist() == [i for i in range(7) for _ in range(i)]
    assert table.frame.tolist() == [10 * i + k for i in range(7) for k in range(i)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("3,1,0,-30", "4 columns, but the dialect polar has 5"),
        ("3,1,0,-30", "4 are in dcase2019"),
        ("3,1,0,-30,10,2", "6 are in polar_distance_cm, polar_distance_m, cartesian:"),
        ("3,1,0,-30,10,", "6 columns"),
        ("3,1,0,-30,10,2,1", "7 are in cartesian_distance_m"),
        ("3\t1\t0\t-30\t10", "separated by tabs; expected commas"),
        ("3;1;0;-30;10", "separated by semicolons"),
        ("3 1 0 -30 10", "separated by spaces"),
        ("3.5,1,0,-30,10", "frame is 3.5, not a whole number"),
        ("-1,1,0,-30,10", "frame is -1, not a whole number from 0 on"),
        ("3,-2,0,-30,10", "class is -2"),
        ("3,1.5,0,-30,10", "class is 1.5"),
        ("3,1,0.5,-30,10", "track is 0.5"),
        ("3,1,0,361,10", "azimuth is 361, beyond 360 degrees"),
        ("3,1,0,-30,90.5", "elevation is 90.5, beyond 90 degrees"),
        ("3,1,0,,10", "column 4 is '', not a finite number"),
        ("3,1,0,nan,10", "column 4 is 'nan'"),
        ("3,1,0,-30,inf", "column 5 is 'inf'"),
        ("3,1,0,-30,1e999", "column 5 is '1e999'"),
        ("3,1,0,left,10", "column 4 is 'left'"),
        ("1_0,1,0,-30,10", "column 1 is '1_0'"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_rule(tmp_path, row, words):
    # given good files around it, and good rows
    csv(tmp_path, "0,0,0,0,0\n" * 5, "a.csv")
    csv(tmp_path, f"0,0,0,0,0\n0,0,1,180,-90\n{row}\n0,0,0,0,0\n", "b.csv")
    csv(tmp_path, "0,0,0,0,0\n" * 5, "c.csv")
    message = refusal(tmp_path)
    assert f"{tmp_path / 'b.csv'}:3: " in message
    assert words in message


def test_blank_lines_count_where_a_line_is_named(tmp_path):
    assert "a.csv:4: " in refusal(csv(tmp_path, "0,0,0,0,0\n\n\n0,0,0,0,91\n"))


def test_the_first_bad_row_is_named_whatever_its_fault(tmp_path):
    message = refusal(csv(tmp_path, "0,0,0,0,0\n0,0,0,0,95\n0.5,0,0,0,0\n"))
    assert "a.csv:2: elevation is 95" in message


def test_a_header_is_refused_as_one(tmp_path):
    message = refusal(csv(tmp_path, "frame,class,track,azimuth,elevation\n0,0,0,0,0\n"))
    assert "a.csv:1: a header line" in message


def test_a_vector_without_direction_is_refused(tmp_path):
    message = refusal(csv(tmp_path, "0,0,0,0.1,0,0\n0,0,0,0,0,0\n"), "cartesian")
    assert "a.csv:2: x is 0, as y and z are" in message


def test_a_vector_of_any_length_is_fine(tmp_path):
    table = read_directions(csv(tmp_path, "0,0,0,0.1,-7,0\n"), "cartesian")
    assert table.direction.tolist() == [[0.1, -7.0, 0.0]]


def test_a_distance_below_0_is_refused(tmp_path):
    path = csv(tmp_path, "0,0,0,0,0,0\n0,0,0,0,0,-1\n")
    assert "a.csv:2: distance is -1, below 0" in refusal(path, "polar_distance_cm")


def test_what_is_not_text_is_refused(tmp_path):
    assert "not a table of text" in refusal(csv(tmp_path, b"\xff\xfe0\x00,\x00"))
    assert "not a table of text" in refusal(csv(tmp_path, b"0,0,0,0,0\n\0\n"))


def test_a_dialect_that_there_is_not_is_refused_with_a_near_one(tmp_path):
    with pytest.raises(UnknownName, match=r"no dialect 'polar_cm' \(near: .*polar_distance_cm"):
        read_directions(csv(tmp_path, ""), "polar_cm")


def test_a_folder_holds_csv_files_alone(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    assert "an empty folder" in refusal(folder)
    assert "not found" in refusal(tmp_path / "absent")
    csv(folder, "", "a.csv")
    csv(folder, "", "notes.txt")
    assert "notes.txt: not a .csv" in refusal(folder)
    (folder / "notes.txt").unlink()
    (folder / "dev-test").mkdir()
    assert "dev-test: a folder; give the folder that holds the .csv" in refusal(folder)


def test_a_table_is_not_written_in_a_dialect_that_lacks_its_columns(tmp_path):
    polar = read_directions(csv(tmp_path, "0,0,0,0,0\n"), "polar")
    with pytest.raises(BadFile, match="angles do not fit the dialect cartesian"):
        write_directions(tmp_path / "out", polar, "cartesian")
    with pytest.raises(BadFile, match="no distances for the dialect polar_distance_m"):
        write_directions(tmp_path / "out", polar, "polar_distance_m")
    assert not (tmp_path / "out").exists()


def test_several_files_are_not_written_into_one(tmp_path):
    csv(tmp_path, "", "a.csv")
    csv(tmp_path, "", "b.csv")
    table = read_directions(tmp_path, "polar")
    with pytest.raises(BadFile, match=r"one \.csv for 2 files"):
        write_directions(tmp_path / "all.csv", table, "polar")


def test_dialects_are_told_in_words():
    assert set(DIALECTS) == set(LAYOUTS)
    assert DIALECTS["polar"] == "frame, class, track, azimuth, elevation"


@pytest.mark.parametrize("metres", [None, 2.5])
def test_a_runs_directions_read_back_with_and_without_distances(tmp_path, metres):
    columns = [np.array([n]) for n in (1, 3, 1, 0)]  # the second of two files has the only row
    distance = None if metres is None else np.array([metres])
    table = DirectionTable(("a", "b"), *columns, np.array([[-30.0, 10.0]]), distance)
    for side in ("reference", "predictions"):
        write_run_directions(tmp_path, side, table)
    for back in read_run_directions(tmp_path):
        assert back.files == ("a", "b")
        assert (back.distance is None) == (metres is None)
        assert metres is None or back.distance.tolist() == [metres]
    rows = [
        (tmp_path / s / "directions" / "b.csv").read_text() for s in ("reference", "predictions")
    ]
    assert rows == (
        ["3,1,0,-30,10\n"] * 2 if metres is None else ["3,1,0,-30,10,250\n", "3,1,0,-30,10,2.5\n"]
    )
