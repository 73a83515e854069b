"""Plans of spatial scenes: who sounds when and from where, before any sound is made."""

from dataclasses import replace
from itertools import combinations, repeat
from pathlib import Path

import numpy as np
import pytest

from seldbench.errors import SeldbenchError, UnknownName
from seldbench.geometry import angular_distance
from seldbench.simulation.dry import builtin_bank
from seldbench.simulation.scenes.kinds import STARSS23, TNSSE2021
from seldbench.simulation.scenes.layers import fill, onsets
from seldbench.simulation.scenes.options import Options, checked_options, scale_named
from seldbench.simulation.scenes.placing import APART
from seldbench.simulation.scenes.planning import MOVES, SPEEDS
from seldbench.simulation.scenes.simulating import open_job, plan_all
from seldbench.simulation.spatial import Bank, Room, trajectory

MINUTE = 600  # steps


def options(**given) -> Options:
    none = {"rooms": None, "moving": None, "snr": None, "overlap": None, "interferers": True}
    return checked_options(scale_named("full"), **none | given)


def plans(kind=TNSSE2021, scenes=4, scale="full", seed=0, **given):
    """So many scenes of each split."""
    size = replace(scale_named(scale), clips=(scenes,) * 3)
    chosen = replace(options(**given), rooms=given.get("rooms") or 3)
    job = open_job(Path(), kind, size, chosen, seed, builtin_bank(kind.classes, seed))
    return plan_all(job, size, chosen)


def overlapping(sounds):
    for a, b in combinations(sorted(sounds, key=lambda s: s.onset), 2):
        if b.onset < a.onset + a.steps:
            yield a, b


def targets(plan):
    return [sound for sound in plan.sounds if sound.target]


# Layers


def test_a_layer_is_filled_to_two_thirds_and_its_last_event_trimmed():
    kept = fill(zip("abc", (150, 150, 150)), MINUTE, 2 / 3)
    assert kept == [("a", 150), ("b", 150), ("c", 100)]


def test_a_last_event_is_dropped_where_3_seconds_or_less_of_it_fit():
    assert fill(zip("abc", (185, 185, 150)), MINUTE, 2 / 3) == [("a", 185), ("b", 185)]
    assert fill(zip("abc", (185, 184, 150)), MINUTE, 2 / 3)[-1] == ("c", 31)


def test_an_event_longer_than_the_layer_is_trimmed_to_it():
    assert fill(zip("ab", (900, 20)), MINUTE, 2 / 3) == [("a", 400)]


def test_silence_is_split_at_random_into_gaps_of_a_second_or_more():
    starts = {tuple(onsets([100, 200, 100], MINUTE, np.random.default_rng(k))) for k in range(50)}
    assert len(starts) == 50
    for a, b, c in starts:
        gaps = np.array([a, b - a - 100, c - b - 200, MINUTE - c - 100])
        assert gaps.sum() == 200
        assert gaps.min() >= 10


def test_where_a_second_is_too_much_gaps_are_half_of_their_share_of_the_silence():
    # given ten events of 6 steps in a clip of 9 s: 30 steps of silence for 11 gaps
    for k in range(20):
        starts = onsets([6] * 10, 90, np.random.default_rng(k))
        assert np.diff(starts).min() >= 6 + 1
        assert starts[-1] + 6 < 90


# Scenes


@pytest.mark.parametrize("kind", [TNSSE2021, STARSS23], ids=lambda k: k.name)
@pytest.mark.parametrize("scale", ["tiny", "full"])
def test_sounds_lie_inside_the_scene_and_no_more_than_the_layers_sound_at_once(kind, scale):
    for plan in plans(kind, scale=scale):
        assert plan.steps == 10 * scale_named(scale).seconds
        for annotated, most in ((True, 3), (False, 1)):
            active = np.zeros(plan.steps, dtype=int)
            for sound in plan.sounds:
                assert 0 <= sound.onset < sound.onset + sound.steps <= plan.steps
                if sound.target == annotated:
                    active[sound.onset : sound.onset + sound.steps] += 1
            assert 0 < active.max() <= most


def test_overlap_says_how_many_targets_sound_at_once():
    for plan in plans(overlap=1):
        assert not list(overlapping(targets(plan)))
    assert any(len(list(overlapping(targets(plan)))) > 3 for plan in plans(overlap=5))


def test_scenes_without_interferers_have_none_and_the_same_targets():
    for with_them, without in zip(plans(), plans(interferers=False)):
        assert {s.label for s in with_them.sounds if not s.target} <= {"engine", "fire", "general"}
        assert targets(with_them) == list(without.sounds)


@pytest.mark.parametrize("kind", [TNSSE2021, STARSS23], ids=lambda k: k.name)
def test_a_sound_begins_15_degrees_or_more_from_those_that_sound_then(kind):
    pairs = [pair for plan in plans(kind, scenes=8) for pair in overlapping(targets(plan))]
    apart = [
        float(angular_distance(a.course.doa(b.onset - a.onset), b.course.doa(0))) for a, b in pairs
    ]
    assert len(apart) > 100
    assert min(apart) >= APART


def test_still_classes_and_short_events_never_move_and_long_footsteps_always_do():
    moving = set()
    for sound in (s for plan in plans(scenes=20) for s in plan.sounds):
        assert abs(sound.course.speed) in (0, *SPEEDS)
        if sound.course.speed:
            moving.add(sound.label)
            assert sound.steps > MOVES
        elif sound.label == "footsteps":
            assert sound.steps <= MOVES
    either = {"crying baby", "barking dog", "female speech", "male speech", "ringing phone"}
    assert moving == either | {"footsteps", "engine"}


@pytest.mark.parametrize("share, least, most", [(0.0, 0, 0), (1.0, 1, 1), (0.5, 0.4, 0.6)])
def test_a_share_of_moving_events_holds_for_all_that_can_move(share, least, most):
    can_move = [
        sound.course.speed != 0
        for plan in plans(scenes=20, moving=share)
        for sound in plan.sounds
        if sound.label in TNSSE2021.motion and sound.steps > MOVES
    ]
    assert len(can_move) > 300
    assert least <= np.mean(can_move) <= most


def test_classes_come_equally_often():
    labels = [s.label for plan in plans(scenes=30) for s in targets(plan)]
    counts = np.array([labels.count(label) for label in TNSSE2021.classes])
    assert counts.min() > 0.8 * counts.mean()


def test_the_snr_is_a_whole_number_in_the_range():
    assert {plan.snr for plan in plans(scenes=30, snr=(3, 5))} == {3, 4, 5}


def test_the_course_of_a_plan_is_the_one_that_is_rendered():
    room = Room((6.0, 5.0, 3.0), (3.0, 2.5, 1.5), 0.3)
    bank = Bank(room, TNSSE2021.grid, Path("never read"))
    moving = [s for plan in plans() for s in plan.sounds if s.course.speed]
    for sound in moving:
        course = sound.course
        at = (course.azimuth, course.elevation, course.distance)
        path = trajectory(bank, *at, blocks=sound.steps, speed=course.speed)
        planned = [course.doa(step) for step in range(sound.steps)]
        assert np.allclose(bank.doa(path), planned)


def test_a_scene_depends_on_the_seed_and_its_place_alone():
    few, many = plans(scenes=2), plans(scenes=6)
    by_place = {(plan.split, plan.index): plan for plan in many}
    for plan in few:
        assert by_place[plan.split, plan.index].sounds == plan.sounds
    assert plans(scenes=1)[0].sounds != plans(scenes=1, seed=1)[0].sounds


# People and things


def test_people_are_numbered_by_layer_and_things_are_0():
    for plan in plans(STARSS23):
        for sound in targets(plan):
            assert (sound.person == 0) == (sound.label not in STARSS23.people)
            assert sound.person in range(4)


def test_a_person_has_one_voice_and_a_thing_is_one_thing_throughout_a_scene():
    for plan in plans(STARSS23):
        sources = {}
        for sound in targets(plan):
            assert sources.setdefault((sound.person, sound.label), sound.source) == sound.source
        for person in (1, 2, 3):
            assert len({label for who, label in sources if who == person} & {*STARSS23.voices}) <= 1


def test_two_things_of_one_class_never_sound_at_once():
    for plan in plans(STARSS23, scenes=20):
        things = [s for s in targets(plan) if s.person == 0]
        assert all(a.label != b.label for a, b in overlapping(things))


def test_most_of_the_people_talk():
    sounds = [s for plan in plans(STARSS23, scenes=10) for s in targets(plan)]
    talk = sum(s.steps for s in sounds if s.label in STARSS23.voices)
    assert talk > 0.4 * sum(s.steps for s in sounds)


# Rooms


@pytest.mark.parametrize("kind", [TNSSE2021, STARSS23], ids=lambda k: k.name)
@pytest.mark.parametrize("rooms", [3, 6, 12, 40])
def test_every_room_is_of_one_split_and_has_a_name_of_its_own(kind, rooms):
    halls = kind.halls(rooms)
    assert len(halls) == len({hall.prefix for hall in halls}) == rooms
    assert {hall.split for hall in halls} == {"train", "valid", "test"}


def test_folds_are_those_of_the_real_sets():
    folds = {(hall.split, hall.fold) for hall in TNSSE2021.halls(12)}
    train = {("train", fold) for fold in (1, 2, 3, 4)}
    assert folds == train | {("valid", 5), ("test", 6)}
    assert {hall.room for hall in TNSSE2021.halls(12)} == {1, 2}
    folds = {(hall.split, hall.fold) for hall in STARSS23.halls(12)}
    assert folds == {("train", 3), ("valid", 3), ("test", 4)}


def test_scenes_are_spread_evenly_over_the_rooms_of_their_split():
    names = [plan.name for plan in plans(scenes=8, rooms=6) if plan.split == "train"]
    rooms = [f"fold{fold}_room1" for fold in (1, 2, 3, 4)]
    assert names == [f"{room}_mix{k:03d}" for room in rooms for k in (1, 2)]


# Options


@pytest.mark.parametrize(
    "given, words",
    [
        ({"rooms": 2}, "3 or more: train, valid and test share none"),
        ({"rooms": 301}, "has clips for 300"),
        ({"moving": 1.5}, "a share from 0 to 1"),
        ({"snr": (9, 3)}, "lowest first"),
        ({"snr": (1.5, 3)}, "whole numbers"),
        ({"snr": (0, 100)}, "from -20 to 60"),
        ({"overlap": 0}, "1 to 5 events"),
        ({"overlap": 6}, "1 to 5 events"),
    ],
)
def test_an_option_out_of_range_is_refused_in_words(given, words):
    with pytest.raises(SeldbenchError, match=words):
        options(**given)


def test_the_scales_are_those_of_the_specification():
    sizes = {name: scale_named(name) for name in ("tiny", "small", "full")}
    assert [size.clips for size in sizes.values()] == [(12, 4, 4), (120, 30, 30), (400, 100, 100)]
    assert [size.seconds for size in sizes.values()] == [10, 20, 60]
    assert [size.rooms for size in sizes.values()] == [3, 6, 12]
    with pytest.raises(UnknownName, match="near: small"):
        scale_named("smal")


def test_a_layer_without_classes_stays_empty():
    assert fill(zip((), repeat(1)), MINUTE, 2 / 3) == []
    assert onsets([], MINUTE, np.random.default_rng(0)) == []
