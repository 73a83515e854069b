"""Rooms: images of a shoebox by hand, and the decay that was asked for. Metres, seconds."""

import numpy as np
import pytest

from seldbench.simulation.calibration import RATE
from seldbench.simulation.rooms import SOUND, Room, image_sources
from seldbench.simulation.seeds import generator


@pytest.fixture
def room():
    return Room(np.array([4.0, 3.0, 2.5]), np.array([1.0, 1.0, 1.0]), decay=0.4)


def test_the_direct_sound_and_first_reflections_arrive_where_geometry_puts_them(room):
    # source 2 m away; images in the floor (2, 2 m away), in the wall x = 0 (4 m away)
    delays, gains = image_sources(room, np.array([3.0, 1.0, 1.0]))
    found = dict(zip((delays * SOUND).round(6), gains))
    assert (delays * SOUND).min() == pytest.approx(2.0)
    assert found[2.0] == pytest.approx(1 / 2)
    # the floor and the wall y = 0 give an image each, at the same distance
    near = np.flatnonzero(np.isclose(delays * SOUND, np.sqrt(8)))
    assert len(near) == 2
    assert gains[near] == pytest.approx(room.reflection / np.sqrt(8))
    # the walls x = 0 and x = 4 mirror the source to 4 m distance
    far = np.isclose(delays * SOUND, 4.0)
    assert gains[far] == pytest.approx(room.reflection / 4)
    assert far.sum() == 2


def test_walls_follow_eyrings_formula(room):
    # RT60 = 24 ln(10) V / (-c S ln(1 - absorption)), V = 30, S = 2 (12 + 7.5 + 10) = 59
    absorption = 1 - room.reflection**2
    assert 24 * np.log(10) * 30 / (-343 * 59 * np.log(1 - absorption)) == pytest.approx(0.4)


def test_the_response_starts_with_the_direct_sound_and_has_unit_energy(room):
    response = room.response(np.array([3.0, 1.0, 1.0]), np.random.default_rng(0))
    assert np.square(response).sum() == pytest.approx(1.0)
    assert abs(response[0]) > 0.5 * np.abs(response).max()


@pytest.mark.parametrize("k", range(6))
def test_a_drawn_room_has_the_size_and_decay_it_should(k):
    rng = generator(0, "room", k)
    room = Room.draw(rng.random(), rng)
    assert np.all(room.size >= [2, 2, 2.3]) and np.all(room.size <= [8, 6, 3])
    assert 0.149 <= room.decay <= 0.701
    response = room.response(room.place(rng), rng)
    left = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1] + 1e-12)  # Schroeder
    fit = (left < -15) & (left > -35)
    slope = np.polyfit(np.flatnonzero(fit) / RATE, left[fit], 1)[0]
    assert -60 / slope == pytest.approx(room.decay, rel=0.25)


def test_a_source_stands_in_the_room_and_not_at_the_microphone(room):
    spots = [room.place(np.random.default_rng(k)) for k in range(50)]
    assert all(np.all(s > 0.2) and np.all(s < room.size - 0.2) for s in spots)
    assert all(np.linalg.norm(s - room.microphone) > 0.5 for s in spots)
