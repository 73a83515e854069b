"""Shoebox rooms: images by hand and by pyroomacoustics, walls by Eyring's formula, decay as asked.

Metres, seconds. The room of most tests is 5 x 4 x 3 m; the array stands at (2, 2, 1.5), the source
1 m in front of it.
"""

import numpy as np
import pytest

from seldbench.geometry import unit_vectors
from seldbench.simulation.spatial import Room
from seldbench.simulation.spatial.early import early_responses
from seldbench.simulation.spatial.images import image_sources
from seldbench.simulation.spatial.sampling import EARLY, FADE, RATE
from seldbench.simulation.spatial.tail import late, samples
from seldbench.simulation.spatial.walls import reflection

ARRAY = (2.0, 2.0, 1.5)
SOURCE = np.array([[3.0, 2.0, 1.5]])
WALL = 0.9  # pressure that a wall returns


@pytest.fixture
def room():
    return Room((5.0, 4.0, 3.0), ARRAY, rt60=0.5)


def image_at(images, place):
    """The number of the one image at a place relative to the array."""
    found = np.flatnonzero(
        np.linalg.norm(images.doa * images.distance[:, None] - place, axis=1) < 1e-9
    )
    assert len(found) == 1
    return found[0]


def reverberation(response, low=-35.0):
    """RT60 of an impulse response: Schroeder's decay from -5 dB to `low`, as a line."""
    energy = np.cumsum(np.square(response[::-1], dtype=np.float64))[::-1]
    decay = 10 * np.log10(energy / energy[0])
    part = np.flatnonzero((decay < -5) & (decay > low))
    return -60 / np.polyfit(part / RATE, decay[part], 1)[0]


def responses(room, angles, rng, distance=1.5):
    """Whole responses at 1.5 m, (positions, 8, samples), each with a tail of its own."""
    doa = unit_vectors(*np.array(angles, dtype=float).T)
    places = room.array + doa * np.minimum(distance, room.space(doa))[:, None]
    whole = []
    for early in early_responses(room, places):
        response = late(room.rt60, early[None, 0], rng)
        response[:, :EARLY] += early
        whole.append(response)
    return np.array(whole)


@pytest.mark.parametrize(
    ("place", "hits"),
    [
        ((1, 0, 0), 0),  # the source itself
        ((1, 0, -3), 1),  # floor: 1.5 m below both
        ((1, 0, 3), 1),  # ceiling: 1.5 m above both
        ((-5, 0, 0), 1),  # wall x = 0: the source mirrored to x = -3
        ((5, 0, 0), 1),  # wall x = 5: mirrored to x = 7
        ((1, 4, 0), 1),  # wall y = 4: mirrored to y = 6
        ((1, -4, 0), 1),  # wall y = 0: mirrored to y = -2
        ((-5, 4, 0), 2),  # x = 0 and y = 4
        ((11, 0, 0), 2),  # x = 0, then x = 5: 3 + 2 * 5 = 13
        ((1, 0, 6), 2),  # floor, then ceiling: 1.5 + 2 * 3 = 7.5
        ((-5, 4, -3), 3),
    ],
)
def test_an_image_stands_where_the_walls_mirror_the_source(room, place, hits):
    images = image_sources(room, SOURCE, WALL)
    i = image_at(images, place)
    assert images.hits[i] == hits
    assert images.distance[i] == pytest.approx(np.linalg.norm(place))
    assert images.gain[i] == pytest.approx(WALL**hits / np.linalg.norm(place))


def test_six_images_of_first_order_and_none_later_than_asked_for(room):
    images = image_sources(room, SOURCE, WALL, 0.05)
    assert (images.hits == 1).sum() == 6
    assert images.distance.max() <= 0.05 * 343
    assert len(images.hits) < len(image_sources(room, SOURCE, WALL, 0.06).hits)


def test_images_of_several_sources_are_those_of_each(room):
    both = image_sources(room, np.array([[3.0, 2.0, 1.5], [1.0, 3.0, 1.0]]), WALL)
    for owner, place in enumerate([[3.0, 2.0, 1.5], [1.0, 3.0, 1.0]]):
        alone = image_sources(room, np.array([place]), WALL)
        mine = both.owner == owner
        assert np.array_equal(both.distance[mine], alone.distance)
        assert np.array_equal(both.doa[mine], alone.doa)


def test_as_many_images_as_the_volume_of_the_sphere_holds_rooms():
    # of 7 x 5 x 3 m, within 80 ms: 4/3 pi (0.08 * 343)^3 / 105 = 824
    room = Room((7.0, 5.0, 3.0), (3.0, 2.5, 1.4), 0.5)
    count = len(image_sources(room, np.array([[4.0, 3.0, 1.5]]), WALL).hits)
    assert count == pytest.approx(824, rel=0.03)


def test_images_and_gains_are_those_of_pyroomacoustics(room):
    pra = pytest.importorskip("pyroomacoustics", reason="pyroomacoustics, the oracle, is absent")
    place = np.array([3.1, 1.2, 0.9])
    absorption = pra.Material(1 - WALL**2)
    theirs = pra.ShoeBox(room.size, fs=RATE, materials=absorption, max_order=12)
    theirs.add_source(place)
    theirs.add_microphone(ARRAY)
    theirs.image_source_model()
    found = theirs.sources[0]
    distance = np.linalg.norm(found.images.T - ARRAY, axis=1)
    images = image_sources(room, place[None], WALL, 0.05)
    near = distance <= 0.05 * 343
    # by place: pyroomacoustics lists them by order
    ours = np.lexsort(np.round(images.doa * images.distance[:, None], 3).T)
    places = (found.images.T - ARRAY)[near]
    other = np.lexsort(np.round(places, 3).T)
    assert images.distance[ours, None] * images.doa[ours] == pytest.approx(places[other], abs=1e-4)
    damping = found.damping[0][near][other]
    assert images.gain[ours] == pytest.approx(damping / distance[near][other], rel=1e-5)


def test_eyrings_formula_by_hand(room):
    # RT60 = 24 ln(10) V / (-c S ln(1 - absorption)), V = 60, S = 2 (20 + 12 + 15) = 94
    absorption = 1 - room.eyring**2
    assert 24 * np.log(10) * 60 / (-343 * 94 * np.log(1 - absorption)) == pytest.approx(0.5)


def test_live_rooms_follow_eyring_and_dry_ones_absorb_more():
    live, dry = (Room((7.0, 5.5, 2.8), (3.0, 2.5, 1.4), rt60) for rt60 in (0.8, 0.2))
    assert np.log(reflection(live)) == pytest.approx(np.log(live.eyring), rel=0.02)
    assert np.log(reflection(dry)) < 1.05 * np.log(dry.eyring)


def test_an_open_field_has_the_source_alone():
    field = Room((5.0, 4.0, 3.0), ARRAY, rt60=0.0)
    assert reflection(field) == 0.0
    images = image_sources(field, SOURCE, 0.0)
    assert images.distance == pytest.approx([1.0])
    assert images.gain == pytest.approx([1.0])
    assert samples(0.0) == EARLY
    assert not late(0.0, np.ones((1, EARLY)), np.random.default_rng(0)).any()


def test_a_source_can_stand_up_to_30_cm_before_a_wall(room):
    # front wall 3 m ahead, left wall 2 m away, ceiling 1.5 m above
    assert room.space(np.eye(3)) == pytest.approx([2.7, 1.7, 1.2])
    assert room.space(-np.eye(3)) == pytest.approx([1.7, 1.7, 1.2])
    # on the diagonal of the floor plan the left wall comes first
    assert room.space(unit_vectors(45.0, 0.0)) == pytest.approx(1.7 * np.sqrt(2))


def test_drawn_rooms_have_the_sizes_and_decays_of_the_published_ones():
    rooms = [Room.draw(np.random.default_rng(k)) for k in range(200)]
    size = np.array([r.size for r in rooms])
    assert (size >= (4, 4, 2.6)).all() and (size <= (10, 8, 4)).all()
    assert all(1.2 <= r.array[2] <= 1.6 and 0.2 <= r.rt60 <= 0.9 for r in rooms)
    assert len(set(rooms)) == 200


@pytest.mark.parametrize("array", [(0.5, 2.0, 1.5), (2.0, 3.5, 1.5), (2.0, 2.0, 2.2)])
def test_an_array_near_a_wall_is_an_error_that_says_so(array):
    with pytest.raises(ValueError, match=r"at least 1.0 m from every wall"):
        Room((5.0, 4.0, 3.0), array, 0.5)


@pytest.mark.parametrize("rt60", [0.1, -0.3, float("inf"), float("nan")])
def test_a_decay_that_no_room_has_is_an_error(rt60):
    with pytest.raises(ValueError, match=r"at least 0.15 s, or 0 for an open field"):
        Room((5.0, 4.0, 3.0), ARRAY, rt60)


@pytest.mark.parametrize("rt60", [0.15, 0.2, 0.3, 0.45, 0.6, 0.9, 1.3])
def test_sounds_decay_in_the_time_asked_for(rt60):
    # given a room, dry or live
    rng = np.random.default_rng(round(100 * rt60))
    room = Room.draw(rng, rt60=(rt60, rt60))
    # when the decay is measured as ISO 3382 has it: T30, averaged over positions
    whole = responses(room, [(0, 0), (70, 20), (140, -20), (-50, 10), (-120, 40), (180, 0)], rng)
    found = np.array([[reverberation(channel) for channel in response] for response in whole])
    # then W and every microphone meet it
    for channel in (0, 4, 5, 6, 7):
        assert found[:, channel].mean() == pytest.approx(room.rt60, rel=0.15)


def test_the_late_part_goes_on_at_the_level_of_the_early_part():
    room = Room((7.0, 5.0, 3.0), (3.0, 2.5, 1.4), 0.6)
    angles = [(a, e) for a in range(-180, 180, 45) for e in (-20, 20)]
    power = np.square(responses(room, angles, np.random.default_rng(0))).mean(axis=0)
    part = round(0.015 * RATE)
    before, join, after = (
        power[:, at : at + part].mean(axis=1)
        for at in (EARLY - FADE - part, EARLY - FADE - part // 4, EARLY)
    )
    # 15 ms of 0.6 s are 1.5 dB; over the cross-fade the way is 10 + 15 ms long, 2.5 dB
    for channel in (0, 4, 5, 6, 7):
        assert 10 * np.log10(after[channel] / before[channel]) == pytest.approx(-2.5, abs=1.5)
        assert 10 * np.log10(join[channel] / before[channel]) == pytest.approx(-1.1, abs=1.5)


def test_the_late_part_comes_from_everywhere_alike():
    early = np.ones((1, EARLY))
    tails = [late(0.5, early, np.random.default_rng(k)) for k in range(20)]
    late_only = np.concatenate([t[:, EARLY : EARLY + 4000] for t in tails], axis=1)
    found = np.cov(late_only[:4]) / np.var(late_only[0])
    assert found == pytest.approx(np.diag([1, 1 / 3, 1 / 3, 1 / 3]), abs=0.02)


def test_near_sources_are_heard_directly_and_far_ones_by_the_room(room):
    def direct_to_reverberant(distance):
        images = image_sources(room, np.add(ARRAY, [[distance, 0.0, 0.0]]), WALL)
        energy = np.square(images.gain)
        return 10 * np.log10(energy[images.hits == 0].sum() / energy[images.hits > 0].sum())

    ratios = [direct_to_reverberant(d) for d in (0.8, 1.2, 1.6, 2.0, 2.4)]
    assert (np.diff(ratios) < -1).all()
