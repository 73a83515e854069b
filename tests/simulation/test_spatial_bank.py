"""Banks: a room's responses on a grid of positions, built once and mapped from disk. Degrees, m."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from seldbench.arrays import foa_gains
from seldbench.errors import BadFile, WriteFailed
from seldbench.geometry import angular_distance, unit_vectors
from seldbench.simulation.spatial import FULL, MINI, Bank, Grid, Room
from seldbench.simulation.spatial.early import early_responses

GRID = Grid(azimuths=8, elevations=(-20, 0, 20), distances=(1.0, 2.0))
ROOM = Room((5.0, 4.0, 3.0), (2.0, 2.0, 1.5), rt60=0.3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("banks")


@pytest.fixture(scope="module")
def bank(folder):
    return Bank.open(ROOM, cache=folder, grid=GRID)


class Steps:
    def __init__(self):
        self.seen = []

    def say(self, line):
        raise AssertionError(line)

    def advance(self, task, done, total, note=""):
        self.seen.append((done, total))


def test_grids_have_the_sizes_of_the_published_sets():
    assert np.prod(FULL.shape) == 6480
    assert np.prod(MINI.shape) == 216
    azimuth, elevation = FULL.angles(np.arange(360))
    assert azimuth.tolist() == list(range(-180, 180))
    assert (elevation == -40).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"azimuths": 7}, "360 has to be a multiple"),
        ({"elevations": ()}, "expected some in"),
        ({"elevations": (0, 100)}, "expected some in"),
        ({"distances": (0.2,)}, "at least 0.7 m"),
    ],
)
def test_a_grid_that_cannot_be_is_an_error(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(GRID, **wrong)


def test_every_position_is_its_own_nearest(bank):
    every = np.arange(len(bank))
    azimuth, elevation = bank.angles(every)
    assert np.array_equal(bank.nearest(azimuth, elevation, bank.distance(every)), every)


def test_the_nearest_position_wraps_in_azimuth_and_takes_the_actual_distance(bank):
    index = bank.nearest([175.0, 200.0, -22.0, 23.0], [4.0, -30.0, 11.0, 9.0], [1.1, 3.0, 1.7, 1.2])
    azimuth, elevation = bank.angles(index)
    assert azimuth.tolist() == [-180, -180, 0, 45]
    assert elevation.tolist() == [0, -20, 20, 0]
    assert bank.distance(index)[[0, 2, 3]] == pytest.approx([1.0, 2.0, 1.0])
    # behind, 20 degrees down, the wall x = 0 is 2 m away: 1.7 / cos(20)
    assert bank.distance(index[1]) == pytest.approx(1.7 / np.cos(np.radians(20)))


def test_directions_are_those_of_the_angles(bank):
    every = np.arange(len(bank))
    assert bank.doa(every) == pytest.approx(unit_vectors(*bank.angles(every)))
    assert bank.doa(3).shape == (3,)


def test_every_source_stands_in_the_room(bank):
    every = np.arange(len(bank))
    places = ROOM.array + bank.doa(every) * bank.distance(every)[:, None]
    assert (places > 0.3 - 1e-9).all() and (places < np.array(ROOM.size) - 0.3 + 1e-9).all()


def test_a_response_is_that_of_its_place(bank):
    place = ROOM.array + bank.doa(17) * bank.distance(17)
    assert np.array_equal(bank.response(17), early_responses(ROOM, place[None])[0])
    assert bank.response(np.array([17, 3])).shape == (2, 8, 1920)
    # the direct sound, first and strongest, comes from there
    arrival = round(bank.distance(17) / 343 * 24_000)
    gains = bank.response(17)[:4, arrival]
    assert gains / gains[0] == pytest.approx(foa_gains(bank.doa(17)), abs=0.02)


def test_a_bank_is_built_once(bank, folder):
    steps = Steps()
    built = bank.file.stat().st_mtime_ns
    again = Bank.open(ROOM, cache=folder, grid=GRID, progress=steps)
    assert again.file == bank.file and again.file.stat().st_mtime_ns == built
    assert not steps.seen
    assert [path.name for path in folder.iterdir()] == [bank.file.name]


def test_an_equal_room_of_other_numbers_has_the_same_bank(bank, folder):
    room = Room(np.array([5, 4, 3]), [2, 2, 1.5], np.float32(0.3).astype(float).round(6))
    assert room == ROOM
    assert Bank.open(room, cache=folder, grid=GRID).file == bank.file


def test_building_says_how_far_it_is_and_gives_the_same_bank_anywhere(bank, tmp_path):
    steps = Steps()
    other = Bank.open(ROOM, cache=tmp_path / "new" / "folder", grid=GRID, progress=steps)
    assert steps.seen[-1] == (48, 48)
    assert other.file.name == bank.file.name
    assert other.file.read_bytes() == bank.file.read_bytes()


def test_another_room_or_grid_is_another_file(bank, tmp_path):
    small = replace(GRID, azimuths=1, distances=(1.0,))
    rooms = [ROOM, replace(ROOM, rt60=0.31), replace(ROOM, array=(2.0, 2.0, 1.4))]
    files = {Bank.open(r, cache=tmp_path, grid=small).file for r in rooms}
    files.add(Bank.open(ROOM, cache=tmp_path, grid=replace(small, elevations=(0,))).file)
    assert len(files) == 4


def test_a_bank_travels_to_another_process_without_its_responses(bank):
    bank.response(0)
    packed = pickle.dumps(bank)
    assert len(packed) < 2000
    assert np.array_equal(pickle.loads(packed).response(5), bank.response(5))


@pytest.mark.parametrize("content", [b"", b"no array", "short"])
def test_a_damaged_bank_is_an_error_that_says_to_remove_it(bank, tmp_path, content):
    file = tmp_path / bank.file.name
    file.write_bytes(bank.file.read_bytes()[:4000] if content == "short" else content)
    with pytest.raises(BadFile, match="remove it, it is built again"):
        Bank.open(ROOM, cache=tmp_path, grid=GRID).response(0)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailed, match="bank-"):
        Bank.open(ROOM, cache=tmp_path / "file", grid=GRID)


def test_direct_sound_weakens_with_distance_and_the_room_does_not():
    # 1 and 2 m in the open: 6 dB; what the room adds is alike
    room = Room((7.0, 6.0, 3.2), (3.0, 3.0, 1.5), rt60=0.6)
    doa = unit_vectors(np.arange(0.0, 360.0, 45.0), np.zeros(8))
    ratios = []
    for distance in (0.8, 1.2, 1.8, 2.4):
        heard = early_responses(room, room.array + distance * doa)[:, 0]
        arrival = round(distance / 343 * 24_000)
        direct = np.square(heard[:, : arrival + 45]).sum()
        ratios.append(10 * np.log10(direct / np.square(heard[:, arrival + 45 :]).sum()))
    assert (np.diff(ratios) < -1.5).all()
    assert angular_distance(doa[0], doa[1]) == pytest.approx(45)
