"""`mix75-sim` opened: its splits and clips, what it says of itself, whether it is whole."""

import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from seldbench import datacheck
from seldbench.datasets import open_dataset
from seldbench.datasets.mix75_sim import Mix75Sim
from seldbench.errors import BadFile, MissingData, UnknownName
from seldbench.geometry import angles
from seldbench.simulation.families import SMALL
from seldbench.simulation.mixtures import options
from seldbench.simulation.mixtures.simulating import simulate_mixtures

NAME = "mix75-sim"
FEW = replace(
    options.SCALES["tiny"], mixtures=(5, 2, 3), sounds=(3, 2, 2), classes=SMALL[:2], seconds=5
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "SCALES", {"tiny": FEW})
        simulate_mixtures(root, scale="tiny", jobs=1)
    return root


@pytest.fixture
def copy(made, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


def test_the_set_opens_by_name_as_one_for_separation(made):
    data = open_dataset(NAME, made)
    assert (data.name, data.task, data.grid, data.folds) == (NAME, "separation", None, 1)
    assert data.classes == data.test_classes == SMALL[:2]
    assert data.splits == ("train", "train/each", "valid", "valid/each", "test", "test/each")


@pytest.mark.parametrize("split, clips", [("train", 5), ("valid", 2), ("test", 3)])
def test_a_split_has_a_clip_a_mixture_that_asks_for_its_loudest_source(made, split, clips):
    data = Mix75Sim(made)
    assert data.coverage(split) == (clips, clips)
    assert data.notes(split) == []
    assert [clip.id for clip in data.clips(split)] == [f"{split}_{k:05d}" for k in range(clips)]
    for clip in data.clips(split):
        loud = [np.square(stem.read()).max() for stem in clip.stems.values()]
        assert len(clip.events) == len(clip.stems) == len(loud) in (2, 3)
        powers = {n: active(stem.read()[0]) for n, stem in clip.stems.items()}
        assert max(powers, key=powers.get) == clip.target


def active(wave):
    """Power of the samples of a stem that are not silent."""
    frames = np.square(wave[: len(wave) // 320 * 320]).reshape(-1, 320).mean(axis=1)
    return frames[frames > frames.max() / 1e4].mean()


def test_a_split_of_each_has_a_clip_for_every_source_of_every_mixture(made):
    data = Mix75Sim(made)
    for whole in data.clips("test"):
        each = [clip for clip in data.clips("test/each") if clip.id.startswith(whole.id)]
        assert [clip.id for clip in each] == [f"{whole.id}-{k}" for k in range(len(whole.stems))]
        assert [clip.target for clip in each] == list(range(len(each)))
        for clip in each:
            assert [e.label for e in clip.events] == [e.label for e in whole.events]
            stem = whole.stems[clip.target].read()
            assert np.array_equal(clip.recordings["target"].read(), stem)
    assert data.coverage("test/each") == (len(data.clips("test/each")),) * 2


def test_a_clip_has_eight_channels_and_its_target_of_256_frames_length(made):
    clip = Mix75Sim(made).clips("test")[0]
    assert clip.duration == 65_792 / 16_000
    for array, channels in (("circular8", 8), ("target", 1)):
        recording = clip.recordings[array]
        assert (recording.mics, recording.sample_rate) == (channels, 16_000)
        assert recording.duration == clip.duration
        wave = recording.read()
        assert wave.shape == (channels, 65_792) and wave.dtype == np.float32
        part = recording.read(1.0, 0.5)
        assert np.array_equal(part, wave[:, 16_000:24_000])


def test_a_mixture_less_its_stems_is_noise_below_them(made):
    for clip in Mix75Sim(made).clips("test"):
        signal = sum(stem.read()[0] for stem in clip.stems.values())
        rest = clip.recordings["circular8"].read()[0] - signal
        ratio = 10 * np.log10(np.square(signal).sum() / np.square(rest).sum())
        assert 5.9 < ratio < 24.1


def test_events_say_who_sounds_when_and_from_where(made):
    for clip in Mix75Sim(made).clips("train"):
        assert [event.source for event in clip.events] == list(range(len(clip.events)))
        for event in clip.events:
            assert event.label in SMALL[:2]
            assert 0 <= event.onset < event.offset <= clip.duration + 1e-9
            azimuth, elevation = angles(event.doa)
            assert azimuth / 45 == pytest.approx(round(azimuth / 45))
            assert elevation == 0
            stem = clip.stems[event.source].read()[0]
            first, last = (round(time * 16_000) for time in (event.onset, event.offset))
            inside = np.square(stem[max(first - 20, 0) : last + 20]).sum()
            assert inside > 0.999 * np.square(stem).sum()


def test_numbers_do_not_tell_the_target(made):
    targets = {clip.target for clip in Mix75Sim(made).clips("train")}
    assert len(targets) > 1


def test_recordings_are_told_apart_by_their_names_and_can_be_sent_to_other_processes(made):
    clips = Mix75Sim(made).clips("test/each")
    names = [repr(clip.recordings["target"]) for clip in clips]
    assert len(set(names)) == len(clips)
    assert repr(clips[0].recordings["circular8"]) == f"Mixed({str(made / NAME)!r}, 'test_00000')"
    sent = pickle.loads(pickle.dumps(clips[0]))
    for array, recording in clips[0].recordings.items():
        assert repr(sent.recordings[array]) == repr(recording)
        assert np.array_equal(sent.recordings[array].read(), recording.read())


def test_a_set_says_that_it_is_simulated_from_what_and_how(made):
    data = Mix75Sim(made)
    assert data.simulated == (
        "simulated scenes (built-in procedural sources; scale tiny, seed 0, generator"
        f" {data.manifest.generator}; microphones free in the air, one source louder,"
        " diffuse noise)"
    )
    about = data.provenance()
    assert about["sounds"] == data.sounds == "builtin"
    assert about["splits"]["train"] == 5
    assert about["in_training_only"] == []


def test_the_arguments_make_the_same_set_again(made):
    assert Mix75Sim(made).manifest.arguments == (
        "--scale tiny --seed 0 --array direct --noise diffuse --jitter 0 --levels dominant"
    )


def change_manifest(root, **facts):
    path = root / NAME / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_classes_without_sounds_for_testing_are_named_and_not_test_classes(copy):
    change_manifest(copy, classes=[*SMALL[:2], "rain"])
    data = Mix75Sim(copy)
    assert data.test_classes == SMALL[:2]
    (note,) = data.notes("test")
    assert "1 of 3 classes" in note and "not scored: rain" in note
    assert data.notes("train") == []
    assert data.provenance()["in_training_only"] == ["rain"]


def test_where_all_are_equally_loud_a_mixture_asks_for_none_and_each_for_each(copy):
    change_manifest(copy, levels="equal")
    data = Mix75Sim(copy)
    for clip in data.clips("test"):
        assert clip.target is None and clip.recordings.keys() == {"circular8"}
        assert len(clip.stems) == len(clip.events)
    for clip in data.clips("test/each"):
        assert clip.recordings.keys() == {"circular8", "target"} and clip.target is not None
    assert data.notes("test") == data.notes("test/each") == []


def test_sets_that_were_made_otherwise_have_different_fingerprints(made, copy):
    change_manifest(copy, array="head")
    assert Mix75Sim(copy).fingerprint() != Mix75Sim(made).fingerprint()


def test_an_unknown_split_is_an_error_with_the_known_ones(made):
    with pytest.raises(UnknownName, match=r"no split 'tests' \(near: test"):
        Mix75Sim(made).clips("tests")


# What is missing or changed


def first_sound(root, split):
    line = json.loads((root / NAME / f"mixtures/{split}.jsonl").read_text().splitlines()[0])
    return root / NAME / line["sources"][0]["sound"], line["name"]


def test_a_whole_set_is_reported_as_whole(made):
    report = datacheck.check(Mix75Sim(made), deep=True)
    assert report.ok
    assert [split.found for split in report.splits][::2] == [5, 2, 3]
    assert report.splits[0].rates == {16_000: sum(report.splits[0].channels.values())}
    assert report.splits[0].channels.keys() == {1, 8}
    assert report.splits[1].classes == report.splits[0].classes
    # What has no files of its own has no digest of them.
    assert [bool(split.digest) for split in report.splits] == [True, False] * 3


def test_a_missing_sound_makes_the_mixtures_with_it_missing_and_is_named(copy):
    path, name = first_sound(copy, "test")
    path.unlink()
    data = Mix75Sim(copy)
    assert data.coverage("test")[0] < 3
    assert data.coverage("test/each")[0] < data.coverage("test/each")[1]
    report = datacheck.check(data)
    assert not report.ok
    assert path.relative_to(copy / NAME).as_posix() in report.splits[4].missing
    assert report.splits[0].complete and not report.splits[0].notes
    (remedy,) = report.splits[4].notes
    assert remedy.startswith(f"to make what is missing: seldbench data simulate {NAME} --scale")
    assert any("clips are missing" in note for note in data.notes("test"))
    if data.coverage("test")[0]:
        assert name not in [clip.id for clip in data.clips("test")]


def test_a_split_without_any_clip_is_an_error_with_the_command(copy):
    shutil.rmtree(copy / NAME / "noise/test")
    with pytest.raises(MissingData, match="data simulate mix75-sim --scale tiny"):
        Mix75Sim(copy).clips("test")
    assert len(Mix75Sim(copy).clips("train")) == 5


def test_a_changed_number_is_refused_with_the_command_that_makes_the_set_again(copy):
    path = copy / NAME / "mixtures/test.jsonl"
    path.write_text(path.read_text().replace('"target": 0', '"target": 1'))
    with pytest.raises(BadFile, match="changed or added") as error:
        Mix75Sim(copy).clips("test")
    words = f"data simulate {NAME} {Mix75Sim(copy).manifest.arguments} --data-root {copy}"
    assert words in str(error.value)


def test_a_manifest_that_is_not_json_is_refused_with_the_command(copy):
    (copy / NAME / "manifest.json").write_text("{")
    words = rf"not JSON .*; remove {copy / NAME} and make the set again .*simulate {NAME}`"
    with pytest.raises(BadFile, match=words):
        Mix75Sim(copy)


def test_a_shortened_sound_is_a_fault_and_an_error_when_it_is_read(copy):
    path, _ = first_sound(copy, "test")
    clip = Mix75Sim(copy).clips("test")[0]
    soundfile.write(path, np.zeros(100), 16_000, subtype="PCM_16")
    assert datacheck.check(Mix75Sim(copy)).problems
    with pytest.raises(BadFile, match="has 100 samples"):
        clip.stems[0].read()


def test_a_broken_table_is_reported_and_not_an_exception(copy):
    (copy / NAME / "mixtures/test.jsonl").write_text("{}\n")
    report = datacheck.check(Mix75Sim(copy))
    assert any("line 1: not a mixture" in problem for problem in report.splits[4].problems)


def test_without_a_set_the_error_names_the_folder_and_the_command(tmp_path):
    with pytest.raises(MissingData) as error:
        Mix75Sim(tmp_path)
    assert str(tmp_path / NAME / "manifest.json") in str(error.value)
    assert f"data simulate {NAME} --scale small --data-root {tmp_path}" in str(error.value)


# The command


@pytest.mark.parametrize(
    "option, words",
    [
        (["--array", "room"], "no array named 'room'"),
        (["--jitter", "11"], "jitter: 11 given"),
        (["--rooms", "3"], "mix75-sim is made without --rooms"),
    ],
)
def test_options_reach_the_simulator_which_refuses_them_in_words(seldbench, option, words):
    code, _, err = seldbench("data", "simulate", NAME, "--scale", "tiny", *option)
    assert code == 1
    assert words in err


def test_other_sets_are_made_without_the_options_of_mixtures(seldbench):
    code, _, err = seldbench("data", "simulate", "desed-sim", "--levels", "equal")
    assert code == 1
    assert "desed-sim is made without --levels" in err


def test_simulate_check_and_list_know_the_set(seldbench, tmp_path, monkeypatch):
    monkeypatch.setattr(options, "SCALES", {"tiny": FEW})
    at = ("--data-root", str(tmp_path))
    given = ("--scale", "tiny", "--noise", "coherent", "--jobs", "1")
    assert seldbench("data", "simulate", NAME, *given, *at)[:2] == (0, f"{tmp_path / NAME}\n")
    code, out, _ = seldbench("data", "check", NAME, *at)
    assert code == 0
    assert "train: 5 of 5 clips" in out and "complete, nothing wrong" in out
    assert NAME in seldbench("list", "datasets")[1].split()
