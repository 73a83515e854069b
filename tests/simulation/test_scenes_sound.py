"""Rendered scenes: levels, and labels that say what is to be heard."""

from dataclasses import replace

import numpy as np
import pytest

from seldbench.geometry import angular_distance, unit_vectors
from seldbench.simulation.dry import activity, builtin_bank
from seldbench.simulation.scenes.files import table_of
from seldbench.simulation.scenes.kinds import STARSS23, TNSSE2021
from seldbench.simulation.scenes.options import Options, Scale
from seldbench.simulation.scenes.planning import Sound
from seldbench.simulation.scenes.rendering import Track, label_tracks, render_scene
from seldbench.simulation.scenes.simulating import open_job, plan_all
from seldbench.simulation.spatial import BLOCK, Grid, Room

SECONDS = 8
SMALL = Grid(72, (-20, 20), (1.5,))
DEFAULT = Options(rooms=3, moving=None, snr=(6, 30), overlap=3, interferers=True)
OPEN = Room((6.0, 5.0, 3.2), (3.0, 2.5, 1.5), 0.0)  # no wall reflects


@pytest.fixture(scope="module")
def render(tmp_path_factory):
    """(kind, options, room) -> pairs of plan and scene, of one room."""
    cache = tmp_path_factory.mktemp("rooms")

    def make(kind=TNSSE2021, options=DEFAULT, room=None, scenes=2):
        size = Scale((scenes, 1, 1), SECONDS, 3, coarse=True)
        job = open_job(
            cache, replace(kind, coarse=SMALL), size, options, 0, builtin_bank(kind.classes, 0)
        )
        place = replace(job.places[0], room=room or job.places[0].room)
        job = replace(job, places=(place, *job.places[1:]))
        plans = [plan for plan in plan_all(job, size, options) if plan.split == "train"]
        facts = {"seed": 0, "dry": job.dry, "bank": job.bank(0), "colour": place.colour}
        return [(plan, render_scene(plan, **facts, name=kind.name)) for plan in plans]

    return make


@pytest.fixture(scope="module")
def scenes(render):
    return render()


def energy(wave):
    return np.square(wave[0], dtype=np.float64).sum()


def decibels(ratio):
    return 10 * np.log10(ratio)


def directions_heard(wave, frames):
    """By the intensity vector of FOA, (frames, 3)."""
    spectra = np.fft.rfft(wave[:4].reshape(4, -1, BLOCK)[:, frames])
    intensity = (spectra[0].conj() * spectra[[3, 1, 2]]).real.sum(axis=-1).T
    return intensity / np.linalg.norm(intensity, axis=1, keepdims=True)


def test_noise_lies_below_the_targets_by_the_snr(scenes):
    for plan, scene in scenes:
        snr = decibels(energy(scene.targets) / energy(scene.noise))
        assert snr == pytest.approx(plan.snr, abs=0.01)


def test_interferers_lie_4_8_db_below_the_targets_whatever_their_number(scenes):
    for _, scene in scenes:
        ratio = decibels(energy(scene.targets) / energy(scene.interferers))
        assert ratio == pytest.approx(4.77, abs=0.01)


def test_targets_peak_at_a_half_unless_the_sum_would_be_too_loud(scenes):
    for _, scene in scenes:
        peak, whole = np.abs(scene.targets).max(), np.abs(scene.wave).max()
        assert whole <= 0.95 + 1e-5
        assert peak == pytest.approx(0.5 * scene.gains["scene"], rel=1e-5)
        assert scene.gains["scene"] == 1 or whole == pytest.approx(0.95, rel=1e-5)


def test_a_scene_louder_than_the_files_allow_is_scaled_as_a_whole(render):
    options = replace(DEFAULT, snr=(-20, -20), interferers=False)
    ((_, scene),) = render(options=options, scenes=1)
    assert np.abs(scene.wave).max() == pytest.approx(0.95, rel=1e-5)
    assert decibels(energy(scene.targets) / energy(scene.noise)) == pytest.approx(-20, abs=0.01)


def test_the_sum_of_the_stems_is_the_scene(scenes):
    for plan, scene in scenes:
        assert scene.wave.shape == (8, plan.steps * BLOCK)
        assert scene.wave.dtype == np.float32
        assert np.array_equal(scene.wave, scene.targets + scene.interferers + scene.noise)


@pytest.mark.parametrize("kind", [TNSSE2021, STARSS23], ids=lambda k: k.name)
def test_rows_keep_to_the_scene_its_classes_and_three_targets_a_frame(render, kind):
    for plan, scene in render(kind):
        table = table_of(kind, plan, scene)
        assert table.frame.min() >= 0
        assert table.frame.max() < plan.steps
        assert np.bincount(table.frame).max() <= 3
        assert table.label.max() < len(kind.classes)
        assert (np.diff(table.frame) >= 0).all()
        assert np.array_equal(table.direction, np.rint(table.direction))
        assert np.abs(table.direction[:, 0]).max() <= 180
        metres = table.distance
        assert np.array_equal(metres, np.rint(100 * metres) / 100)
        assert (metres > 0.5).all()
        assert (metres <= 1.5).all()


def test_rows_are_there_where_the_dry_sound_is_active_and_only_there(scenes):
    for _, scene in scenes:
        for track in scene.tracks:
            sound = track.sound
            assert sound.onset <= track.frames.min()
            assert track.frames.max() < sound.onset + sound.steps
    # given a sound with a pause of half a second
    wave = np.concatenate([np.ones(BLOCK), np.zeros(5 * BLOCK), np.ones(BLOCK)])
    assert np.flatnonzero(activity(wave)).tolist() == [0, 6]


def test_events_are_numbered_as_they_appear_and_interferers_not_at_all(scenes):
    for _, scene in scenes:
        numbered = label_tracks(scene.tracks)
        assert [number for number, _ in numbered] == list(range(len(numbered)))
        starts = [track.frames[0] for _, track in numbered]
        assert starts == sorted(starts)
        assert all(track.sound.target for _, track in numbered)


def test_a_sound_that_is_heard_late_is_numbered_late():
    def track(onset, frames, target=True):
        sound = Sound("alarm", target, None, 0, onset, 9, 0.0, None)
        nothing = np.zeros(len(frames))
        return Track(sound, np.array(frames), nothing, nothing, nothing, 1.0)

    late, early, none = track(0, [5, 6]), track(2, [2, 3]), track(1, [])
    assert label_tracks([late, early, none, track(0, [0], target=False)]) == [(0, early), (1, late)]


@pytest.mark.parametrize("kind", [TNSSE2021, STARSS23], ids=lambda k: k.name)
@pytest.mark.parametrize("moving", [0.0, 1.0])
def test_in_the_open_every_frame_is_heard_from_where_its_row_says(render, kind, moving):
    # given one sound at a time, hardly any noise and no reflections
    options = Options(rooms=3, moving=moving, snr=(60, 60), overlap=1, interferers=False)
    turned = []
    for plan, scene in render(kind, options, OPEN, scenes=4):
        table = table_of(kind, plan, scene)
        truth = unit_vectors(*table.direction.T)
        apart = angular_distance(directions_heard(scene.wave, table.frame), truth)
        # Where a pause is too short for the labels, there is but noise.
        level = np.square(scene.wave[0]).reshape(-1, BLOCK).mean(axis=1)[table.frame]
        apart = apart[level > level.max() * 1e-4]
        assert np.median(apart) < 1.0
        assert (
            np.quantile(apart, 0.95) < 4.0
        )  # 40 degrees a second are 4 in a frame, or a step of the grid
        turned += [np.ptp(np.unwrap(track.azimuth, period=360)) for track in scene.tracks]
    assert (max(turned) > 30) == (moving > 0)


def test_in_a_dry_room_most_frames_are_heard_near_where_their_rows_say(render):
    options = Options(rooms=3, moving=0.0, snr=(30, 30), overlap=1, interferers=False)
    room = replace(OPEN, rt60=0.2)
    apart = []
    for plan, scene in render(options=options, room=room, scenes=4):
        table = table_of(TNSSE2021, plan, scene)
        truth = unit_vectors(*table.direction.T)
        apart.append(angular_distance(directions_heard(scene.wave, table.frame), truth))
    assert np.median(np.concatenate(apart)) < 12


def test_both_layouts_hear_one_scene(scenes):
    # given low frequencies, of which the sphere is small: all microphones hear the pressure
    for _, scene in scenes:
        low = np.fft.rfft(scene.targets)[:, : SECONDS * 200]
        likeness = np.abs((low[:1].conj() * low[4:]).sum(axis=1))
        likeness /= np.sqrt((np.abs(low[0]) ** 2).sum() * (np.abs(low[4:]) ** 2).sum(axis=1))
        assert likeness.min() > 0.9
