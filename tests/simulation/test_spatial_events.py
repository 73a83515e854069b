"""Events: dry sounds at places of a room, still and on arcs. 24 kHz, blocks of 2400 samples."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from seldbench.arrays import channel_map, rotations
from seldbench.geometry import angles, angular_distance
from seldbench.simulation.spatial import (
    BLOCK,
    LAYOUTS,
    Bank,
    Grid,
    Room,
    render_event,
    trajectory,
)
from seldbench.simulation.spatial.sampling import EARLY
from seldbench.simulation.spatial.tail import late

OPEN = Room((9.0, 9.0, 4.0), (4.5, 4.5, 2.0), rt60=0.0)
ROOM = Room((6.0, 5.0, 3.0), (2.2, 2.9, 1.3), rt60=0.4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("banks")


@pytest.fixture(scope="module")
def outside(folder):
    return Bank.open(OPEN, cache=folder, grid=Grid(360, (-20, 20), (1.5,)))


@pytest.fixture(scope="module")
def inside(folder):
    return Bank.open(ROOM, cache=folder, grid=Grid(24, (0,), (1.0, 1.8)))


def rng():
    return np.random.default_rng(7)


def noise(samples, seed=0):
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32)


def intensity_doa(foa):
    w, y, z, x = foa
    return np.array([w @ x, w @ y, w @ z]) / np.linalg.norm([w @ x, w @ y, w @ z])


def farthest(heard, expected):
    """The largest difference, relative to the largest value."""
    return np.abs(heard - expected).max() / np.abs(expected).max()


def test_a_still_sound_is_convolved_with_the_response_and_the_tail_of_its_place(inside):
    dry = noise(5000)
    heard = render_event(dry, 11, inside, rng())
    assert heard.shape == (8, 5000 + inside.reach) and heard.dtype == np.float32
    response = late(0.4, inside.response(11)[None, 0], rng())
    response[:, :EARLY] += inside.response(11)
    expected = fftconvolve(dry[None].astype(float), response, axes=1)
    assert farthest(heard, expected) < 1e-5


def test_long_sounds_are_convolved_piece_by_piece_alike(inside):
    dry = noise(200_000)
    heard = render_event(dry, 3, inside, rng())
    response = late(0.4, inside.response(3)[None, 0], rng())
    response[:, :EARLY] += inside.response(3)
    expected = fftconvolve(dry[None].astype(float), response[5:6], axes=1)[0]
    assert farthest(heard[5], expected) < 1e-5


def test_a_path_that_stays_is_a_still_sound(inside):
    dry = noise(3 * BLOCK - 100)
    still = render_event(dry, 5, inside, rng())
    assert np.array_equal(render_event(dry, np.array([5, 5, 5]), inside, rng()), still)


def test_a_moving_sound_is_heard_from_each_place_through_a_triangle(outside):
    # given three blocks at three places; in the open there is no tail
    dry, path = noise(3 * BLOCK), np.array([400, 404, 408])
    # when the windows are made sample by sample: places change in the middle of blocks
    blocks = (np.arange(3 * BLOCK) + 0.5) / BLOCK - 0.5
    expected = 0.0
    for k, place in enumerate(path):
        window = np.interp(blocks, np.arange(3), np.eye(3)[k])
        expected = expected + fftconvolve((dry * window)[None], outside.response(place), axes=1)
    # then
    heard = render_event(dry, path, outside, rng())
    assert heard.shape == expected.shape
    assert farthest(heard, expected) < 1e-5


def test_a_sound_amid_a_long_silence_is_what_it_is_alone(outside):
    # given a path of 71 blocks, the last one broken, and a sound in blocks 30-33
    path = trajectory(outside, 0.0, 20.0, 1.5, blocks=71, speed=10.0)
    dry = np.zeros(70 * BLOCK + 123, dtype=np.float32)
    dry[30 * BLOCK : 34 * BLOCK] = noise(4 * BLOCK)
    heard = render_event(dry, path, outside, rng())
    # when it is rendered with the two blocks before and after it alone
    alone = render_event(dry[28 * BLOCK : 36 * BLOCK], path[28:36], outside, rng())
    # then
    assert farthest(heard[:, 28 * BLOCK : 36 * BLOCK], alone[:, : 8 * BLOCK]) < 1e-5
    assert np.abs(heard[:, 36 * BLOCK :]).max() < 1e-5
    assert np.abs(heard[:, : 28 * BLOCK]).max() < 1e-5


@pytest.mark.parametrize("speed", [10.0, -20.0, 40.0])
def test_a_moving_sound_is_where_its_label_says(outside, speed):
    # given an arc through the azimuth 180
    dry = noise(20 * BLOCK)
    path = trajectory(outside, 170.0, -20.0, 1.5, blocks=20, speed=speed)
    foa = render_event(dry, path, outside, rng())[:4]
    travel = round(1.5 / 343 * 24_000)
    # when the direction is measured over each block
    for k, label in enumerate(outside.doa(path)):
        heard = foa[:, travel + k * BLOCK : travel + (k + 1) * BLOCK]
        # then it is the label's, within 1 degree
        assert angular_distance(intensity_doa(heard), label) < 1.0


def test_an_arc_turns_at_its_speed_and_keeps_elevation_and_distance(inside, outside):
    path = trajectory(outside, 170.0, 20.0, 1.5, blocks=11, speed=20.0)
    azimuth, elevation = outside.angles(path)
    assert azimuth.tolist() == [170, 172, 174, 176, 178, -180, -178, -176, -174, -172, -170]
    assert (elevation == 20).all()
    # on a coarse grid, 15 degrees apart, the label steps with the sound
    path = trajectory(inside, 0.0, 0.0, 1.0, blocks=21, speed=-10.0)
    azimuth, _ = inside.angles(path)
    assert azimuth[[0, 7, 8, 15, 20]].tolist() == [0, 0, -15, -15, -15]
    assert inside.distance(path) == pytest.approx(1.0)
    # farther out the walls come in its way
    path = trajectory(inside, 90.0, 0.0, 1.8, blocks=10, speed=0.0)
    assert inside.distance(path) == pytest.approx(1.8)
    assert len(set(path.tolist())) == 1


@pytest.mark.parametrize("layout", ["foa", "mic"])
def test_rotating_the_scene_is_exchanging_the_channels_of_its_recording(outside, layout):
    dry, path = noise(3 * BLOCK), trajectory(outside, 37.0, 20.0, 1.5, blocks=3, speed=40.0)
    still = render_event(dry, path, outside, rng())[LAYOUTS[layout]]
    for rotation in rotations(layout):
        turned = outside.nearest(*angles(rotation(outside.doa(path))), 1.5)
        heard = render_event(dry, turned, outside, rng())[LAYOUTS[layout]]
        order, signs = channel_map(layout, rotation)
        assert farthest(heard, signs[:, None] * still[order]) < 1e-6


def test_equal_generators_give_equal_events_and_others_another_tail(inside):
    dry, path = noise(4 * BLOCK), np.array([1, 1, 2, 2])
    once, twice = (render_event(dry, path, inside, rng()) for _ in range(2))
    other = render_event(dry, path, inside, np.random.default_rng(8))
    assert np.array_equal(once, twice)
    assert not np.array_equal(once, other)


@pytest.mark.parametrize(
    ("samples", "path", "message"),
    [
        (3 * BLOCK, np.array([0, 1]), r"expected one index, or \(3,\)"),
        (3 * BLOCK + 1, np.array([0, 1, 2]), r"expected one index, or \(4,\)"),
        (BLOCK, np.array([48]), "positions 48-48 in a bank of 48"),
        (BLOCK, -1, "positions -1--1 in a bank of 48"),
        (0, 0, "expected (.*) at least one"),
    ],
)
def test_a_path_that_does_not_fit_is_an_error(inside, samples, path, message):
    with pytest.raises(ValueError, match=message):
        render_event(noise(samples), path, inside, rng())
