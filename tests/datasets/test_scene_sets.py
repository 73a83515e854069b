"""Simulated SELD sets opened: their splits, what they say of themselves, whether they are whole."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from seldbench.datasets import open_dataset, starss23, tnsse2021
from seldbench.datasets.starss23_sim import DATASET as STARSS
from seldbench.datasets.tnsse2021_sim import DATASET as TNSSE
from seldbench.errors import BadFile, MissingData
from seldbench.simulation.scenes import options
from seldbench.simulation.scenes.options import Scale
from seldbench.simulation.scenes.simulating import simulate_scenes
from seldbench.simulation.spatial import Grid

GRID = Grid(24, (0,), (1.0,))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "SCALES", {"tiny": Scale((3, 1, 1), 3, 3, coarse=True)})
        for facts in (TNSSE, STARSS):
            kind = replace(facts.kind, coarse=GRID)
            simulate_scenes(kind, root, scale="tiny", jobs=1, snr=(6, 20), interferers=False)
    return root


@pytest.fixture
def copy(made, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


def test_sets_open_by_name_with_the_real_sets_classes(made):
    for name, real in (("tnsse2021-sim", tnsse2021.DATASET), ("starss23-sim", starss23.DATASET)):
        data = open_dataset(name, made)
        assert data.name == name
        assert data.classes == real.classes
        assert (data.task, data.grid, data.folds) == ("seld", 0.1, 1)


@pytest.mark.parametrize(
    "facts, splits",
    [(TNSSE, ("train", "valid", "test")), (STARSS, ("train/real", "valid", "test"))],
)
def test_every_split_has_its_clips_with_both_layouts_events_and_rows(made, facts, splits):
    data = facts(made)
    assert data.splits == splits
    for split, clips in zip(splits, (3, 1, 1)):
        assert data.coverage(split) == (clips, clips)
        assert data.notes(split) == []
        assert len(data.clips(split)) == clips
        for clip in data.clips(split):
            assert clip.duration == 3
            assert clip.events
            assert len(clip.directions) == sum(len(event.doa) for event in clip.events)
            for layout in ("foa", "mic"):
                assert clip.recordings[layout].read().shape == (4, 72_000)


def test_starss23_has_distances_in_metres(made):
    event = STARSS(made).clips("test")[0].events[0]
    assert np.allclose(event.distance, event.distance[0])
    assert 0.5 < event.distance[0] <= 1.0


@pytest.mark.parametrize("facts, real", [(TNSSE, tnsse2021.DATASET), (STARSS, starss23.DATASET)])
def test_the_real_sets_rules_find_the_same_splits(facts, real):
    # given a set of the real one's number of rooms
    for hall in facts.kind.halls(12):
        found = {split for split, rule in real.splits.items() if rule.area == "dev"}
        found = {split for split in found if real.splits[split].has(f"{hall.prefix}_mix001")}
        assert found == {facts.splits[hall.split]}


def test_a_set_says_that_it_is_simulated_from_what_and_how_hard_it_is(made):
    data = TNSSE(made)
    assert data.simulated == (
        "simulated scenes (built-in procedural sources; scale tiny, seed 0, generator"
        f" {data.manifest.generator}; 3 rooms, SNR 6 to 20 dB, up to 3 at once, no interferers)"
    )
    assert data.provenance()["sounds"] == data.sounds == "builtin"
    assert set(data.test_classes) <= set(data.classes)


def test_the_arguments_make_the_same_set_again(made):
    assert TNSSE(made).manifest.arguments == (
        "--scale tiny --seed 0 --rooms 3 --snr 6,20 --overlap 3 --no-interferers"
    )


def test_an_unchanged_set_has_no_fault(made):
    data = TNSSE(made)
    assert data.faults() == []
    assert data.inspect("train").problems == []


def test_sets_that_differ_in_sound_alone_have_different_fingerprints(made, copy):
    # given the same labels, and a manifest that says that the scenes are noisier
    path = copy / "tnsse2021-sim/manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"snr": [0, 6]}))
    assert TNSSE(copy).clips("test")
    assert TNSSE(copy).fingerprint() != TNSSE(made).fingerprint()


def test_one_layout_is_enough(made, copy):
    shutil.rmtree(copy / "tnsse2021-sim/mic_dev")
    data = TNSSE(copy)
    assert data.fingerprint() == TNSSE(made).fingerprint()
    (clip,) = data.clips("test")
    assert set(clip.recordings) == {"foa"}


def test_a_changed_label_is_refused_with_the_command_that_makes_the_set_again(copy):
    path = next((copy / "tnsse2021-sim/metadata_dev").rglob("fold6*.csv"))
    path.write_text(path.read_text() + "29,0,9,10,0\n")
    with pytest.raises(BadFile, match="changed or added") as error:
        TNSSE(copy).clips("test")
    words = f"data simulate tnsse2021-sim {TNSSE(copy).manifest.arguments} --data-root {copy}"
    assert words in str(error.value)


def test_a_removed_clip_makes_its_split_partial(copy):
    for path in (copy / "tnsse2021-sim").rglob("fold1_room1_mix002.*"):
        path.unlink()
    data = TNSSE(copy)
    assert data.coverage("train") == (2, 3)
    assert len(data.clips("train")) == 2
    assert any("1 of 3 clips are missing" in note for note in data.notes("train"))


def test_without_a_set_the_error_names_the_folder_and_the_command(tmp_path):
    with pytest.raises(MissingData) as error:
        STARSS(tmp_path)
    assert str(tmp_path / "starss23-sim/manifest.json") in str(error.value)
    assert f"data simulate starss23-sim --scale small --data-root {tmp_path}" in str(error.value)


def test_an_interrupted_build_is_named_with_the_command_that_goes_on_with_it(made, tmp_path):
    part = tmp_path / ".tnsse2021-sim.part"
    part.mkdir()
    shutil.copy(made / "tnsse2021-sim" / "manifest.json", part / "parameters.json")
    with pytest.raises(MissingData) as refused:
        TNSSE(tmp_path)
    assert f"{part} was begun and not finished" in str(refused.value)
    command = f"simulate tnsse2021-sim {TNSSE(made).manifest.arguments} --data-root {tmp_path}"
    assert str(refused.value).endswith(command)


def test_the_real_set_does_not_take_simulated_scenes_for_its_own(made, tmp_path):
    shutil.copytree(made / "tnsse2021-sim", tmp_path / "tnsse2021")
    with pytest.raises(BadFile, match="simulated scenes"):
        tnsse2021.DATASET(tmp_path)


# The command


@pytest.mark.parametrize(
    "option, words",
    [
        (["--rooms", "2"], "rooms: 2 given; 3 or more"),
        (["--snr", "20,6"], "snr: 20, 6 given"),
        (["--overlap", "6"], "overlap: 6 given; 1 to 5"),
        (["--fill-missing", "procedural"], "none was given"),
    ],
)
def test_options_reach_the_simulator_which_refuses_them_in_words(seldbench, option, words):
    code, _, err = seldbench("data", "simulate", "tnsse2021-sim", "--scale", "tiny", *option)
    assert code == 1
    assert words in err


@pytest.mark.parametrize("option", [["--snr", "6"], ["--snr", "low,high"], ["--moving", "2"]])
def test_options_of_another_form_are_wrong_usage(seldbench, option):
    code, _, err = seldbench("data", "simulate", "starss23-sim", *option)
    assert code == 2
    assert option[0] in err


def test_an_option_that_a_set_is_made_without_is_refused(seldbench):
    given = ("--rooms", "3", "--no-interferers")
    code, _, err = seldbench("data", "simulate", "desed-sim", "--scale", "tiny", *given)
    assert code == 1
    assert "desed-sim is made without --rooms, --interferers" in err
