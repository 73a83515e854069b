"""TAU-NIGENS 2020 and 2021, STARSS22 and STARSS23: which clips a split has, and what a clip is."""

import pickle
import shutil
from itertools import chain

import numpy as np
import pytest

from seldbench import registry
from seldbench.datasets._starss import HELD_OUT
from seldbench.errors import BadFile, MissingData, UnknownName
from seldbench.geometry import unit_vectors

TNSSE2021 = {
    "train": ["fold1_room1_mix001", "fold2_room2_mix050", "fold3_room1_mix001", "fold4_room2_mix1"],
    "valid": ["fold5_room1_mix001"],
    "test": ["fold6_room1_mix001", "fold6_room2_mix001"],
}
TNSSE2020 = {
    "train": [f"fold{fold}_room1_mix001_ov{1 + fold % 2}" for fold in (3, 4, 5, 6)],
    "valid": ["fold2_room1_mix001_ov1"],
    "test": ["fold1_room1_mix001_ov2"],
}
STARSS = {
    "train/real": ["fold3_room4_mix001", "fold3_room9_mix008", "fold3_room21_mix029"],
    "train/synthetic": ["fold1_room1_mix001", "fold2_room3_mix300"],
    "valid": ["fold3_room7_mix001", "fold3_room22_mix011"],
    "test": ["fold4_room10_mix001", "fold4_room23_mix001"],
}
WANTED = {"tnsse2021": TNSSE2021, "tnsse2020": TNSSE2020, "starss22": STARSS, "starss23": STARSS}
ROW = {"starss23": "0,1,0,10,-5,150\n"}


def ids(dataset, split):
    return [clip.id for clip in dataset.clips(split)]


@pytest.mark.parametrize("name", WANTED)
@pytest.mark.parametrize("inner", ["", "dev-train"])
def test_a_split_is_decided_by_the_name_alone(name, inner, seld_folder, open_set):
    folder = seld_folder(name)
    for stem in chain.from_iterable(WANTED[name].values()):
        folder.clip(stem, ROW.get(name, "0,1,0,10,-5\n"), inner)
    dataset = open_set(name)
    for split, stems in WANTED[name].items():
        assert ids(dataset, split) == stems
        assert dataset.coverage(split)[0] == len(stems)
    assert dataset.faults() == []


@pytest.mark.parametrize(
    "name, expected",
    [
        ("tnsse2021", {"train": 400, "valid": 100, "test": 100, "test/evaluation": 200}),
        ("tnsse2020", {"train": 400, "valid": 100, "test": 100, "test/evaluation": 200}),
        ("starss22", {"train/real": 50, "train/synthetic": 1200, "valid": 17, "test": 54}),
        ("starss23", {"train/real": 73, "train/synthetic": 1200, "valid": 17, "test": 78}),
    ],
)
def test_published_numbers_of_clips_are_expected(name, expected, seld_folder, open_set):
    seld_folder(name).clip("fold3_room9_mix001")
    dataset = open_set(name)
    assert dataset.splits == tuple(expected)
    assert {split: dataset.coverage(split)[1] for split in dataset.splits} == expected


def test_one_room_of_each_site_is_held_out_of_starss_and_the_rule_is_frozen():
    assert HELD_OUT == (7, 22)
    # Clips by room of fold 3 in STARSS22 (soundata/soundata, starss2022_index.json).
    rooms = {21: 29, 22: 11, 4: 6, 6: 7, 7: 6, 9: 8}
    splits = registry.find("datasets", "starss22").splits
    assert sum(rooms[room] for room in HELD_OUT) == splits["valid"].clips == 17
    assert sum(rooms.values()) == splits["valid"].clips + splits["train/real"].clips


def test_classes_are_in_the_order_of_the_files_numbers():
    classes = {name: registry.find("datasets", name).classes for name in WANTED}
    assert [len(classes[name]) for name in WANTED] == [12, 14, 13, 13]
    assert classes["tnsse2021"][10:] == ("ringing phone", "piano")
    assert classes["tnsse2020"][4:8] == (
        "running engine",
        "female scream",
        "female speech",
        "burning fire",
    )
    assert classes["starss22"] == classes["starss23"]
    assert classes["starss23"][6:8] == ("walk, footsteps", "door, open or close")


def test_a_clip_has_its_rows_its_events_and_the_layouts_that_are_there(seld_folder, open_set):
    rows = "2,3,0,90,0\n2,9,1,-30,20\n3,3,0,100,0\n5,3,0,110,0\n"
    seld_folder("tnsse2021").clip("fold1_room1_mix001", rows, layouts=("foa", "mic"), seconds=2)
    (clip,) = open_set("tnsse2021").clips("train")
    assert clip.duration == 2.0
    assert set(clip.recordings) == {"foa", "mic"}
    assert clip.recordings["mic"].read(0, 0.5).shape == (4, 12000)
    assert clip.directions.frame.tolist() == [2, 2, 3, 5]
    assert clip.directions.files == ("fold1_room1_mix001",)
    assert [(e.label, round(e.onset, 1), round(e.offset, 1)) for e in clip.events] == [
        ("barking dog", 0.2, 0.4),
        ("male speech", 0.2, 0.3),
        ("barking dog", 0.5, 0.6),
    ]
    azimuth = np.array([90.0, 100.0])
    np.testing.assert_allclose(clip.events[0].doa, unit_vectors(azimuth, np.zeros(2)), atol=1e-12)
    assert clip.events[0].distance is None


def test_distances_of_starss23_are_metres(seld_folder, open_set):
    seld_folder("starss23").clip("fold3_room4_mix001", "0,1,2,10,-5,237\n1,1,2,10,-5,240\n")
    (clip,) = open_set("starss23").clips("train/real")
    assert clip.events[0].distance.tolist() == [2.37, 2.4]
    assert clip.events[0].source == 2


def test_a_clip_without_rows_has_no_events(seld_folder, open_set):
    seld_folder("tnsse2021").clip("fold1_room1_mix001", "")
    (clip,) = open_set("tnsse2021").clips("train")
    assert clip.events == ()
    assert len(clip.directions) == 0


def test_two_sources_of_one_actor_number_are_two_events(seld_folder, open_set):
    seld_folder("starss22").clip("fold3_room4_mix001", "0,5,0,10,0\n0,5,0,90,0\n")
    (clip,) = open_set("starss22").clips("train/real")
    assert len(clip.events) == 2
    assert clip.events[0].source != clip.events[1].source


def test_events_end_with_the_recording_and_the_rows_stay_as_they_are(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001", "8,1,0,0,0\n9,1,0,0,0\n10,1,0,0,0\n12,2,1,0,0\n")
    dataset = open_set("tnsse2021")
    (clip,) = dataset.clips("train")
    assert [(e.label, e.offset) for e in clip.events] == [("crying baby", 1.0)]
    assert clip.directions.frame.tolist() == [8, 9, 10, 12]
    assert any(
        "after their end, which no event has: 1 (fold1" in note for note in dataset.notes("train")
    )


def test_rooms_are_in_the_order_of_their_numbers(seld_folder, open_set):
    folder = seld_folder("starss22")
    for room in (10, 2, 9):
        folder.clip(f"fold4_room{room}_mix001")
    assert ids(open_set("starss22"), "test") == [f"fold4_room{n}_mix001" for n in (2, 9, 10)]


def test_the_same_clips_come_every_time(seld_folder, open_set):
    seld_folder("tnsse2021").clip("fold1_room1_mix001")
    dataset = open_set("tnsse2021")
    assert dataset.clips("train")[0] is dataset.clips("train")[0]


def test_a_layout_that_is_not_there_is_said_with_its_place_and_the_remedy(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001", inner="dev-train")
    (clip,) = open_set("tnsse2021").clips("train")
    assert "mic" not in clip.recordings
    for one in (clip, pickle.loads(pickle.dumps(clip))):
        with pytest.raises(MissingData) as error:
            one.recordings["mic"]
        assert str(folder.folder / "mic_dev/dev-train/fold1_room1_mix001.wav") in str(error.value)
        assert "seldbench data fetch tnsse2021" in str(error.value)
    with pytest.raises(KeyError):
        clip.recordings["mono"]


def test_a_split_without_recordings_says_where_they_were_looked_for(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001")
    folder.csv("fold6_room1_mix001")
    dataset = open_set("tnsse2021")
    with pytest.raises(MissingData, match=r"folds 6.*foa_dev or .*mic_dev"):
        dataset.clips("test")
    with pytest.raises(MissingData, match=r"test/evaluation: no recordings.*foa_eval"):
        dataset.clips("test/evaluation")
    with pytest.raises(UnknownName, match=r"no split 'tset' \(near: test"):
        dataset.clips("tset")
    with pytest.raises(UnknownName, match="no fold 1; its only fold is 0"):
        dataset.clips("train", 1)


def test_a_recording_without_metadata_names_both_paths(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001", inner="dev-train")
    wav = folder.wav("fold1_room1_mix002", inner="dev-train")
    with pytest.raises(BadFile) as error:
        open_set("tnsse2021").clips("train")
    assert str(wav) in str(error.value)
    csv = folder.folder / "metadata_dev/dev-train/fold1_room1_mix002.csv"
    assert str(csv) in str(error.value)


def test_metadata_without_a_recording_is_a_missing_clip(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold6_room1_mix001")
    folder.csv("fold6_room1_mix002")
    dataset = open_set("tnsse2021")
    assert ids(dataset, "test") == ["fold6_room1_mix001"]
    assert dataset.coverage("test") == (1, 100)
    assert any("99 of 100 clips are missing" in note for note in dataset.notes("test"))


def test_the_same_name_in_two_subfolders_names_both(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    first, second = (folder.wav("fold1_room1_mix001", inner=i) for i in ("", "dev-train"))
    folder.csv("fold1_room1_mix001")
    dataset = open_set("tnsse2021")
    with pytest.raises(BadFile) as error:
        dataset.clips("train")
    assert str(first) in str(error.value)
    assert str(second) in str(error.value)
    assert len(dataset.faults()) == 1


@pytest.mark.parametrize(
    "rows, words",
    [
        ("0,1,10,-5\n", "4 columns, but the dialect polar has 5.*4 are in dcase2019"),
        ("0,1,0,10,-5,150\n", "6 columns, but the dialect polar has 5.*polar_distance_cm"),
        ("0,1,0,0.5,0.5,0.7,2\n", "7 columns, but the dialect polar has 5.*cartesian_distance_m"),
        ("0,12,0,10,-5\n", r"class 12, but there are 12 \(0 to 11\)"),
        ("0,1,0,10,-95\n", "elevation is -95, beyond 90"),
        ("0,1.5,0,10,-5\n", "class is 1.5, not a whole number"),
        ("frame,class,track,azimuth,elevation\n", "a header line"),
    ],
)
def test_rows_that_break_a_rule_are_refused_with_file_and_line(seld_folder, open_set, rows, words):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001")
    path = folder.clip("fold1_room1_mix002", "0,1,0,10,-5\n" * (not rows.startswith("f")) + rows)
    with pytest.raises(BadFile, match=words) as error:
        open_set("tnsse2021").clips("train")
    line = 1 if rows.startswith("f") else 2
    assert f"{path}:{line}: " in str(error.value)


@pytest.mark.parametrize("rows", ["0,1,0,10,-5\n", "0,1,0,1,0,0,2\n", "0,1,10,-5\n"])
def test_columns_of_other_years_are_refused_for_starss23(seld_folder, open_set, rows):
    seld_folder("starss23").clip("fold3_room4_mix001", rows)
    with pytest.raises(BadFile, match=r"mix001\.csv:1: \d columns, but the dialect polar_distance"):
        open_set("starss23").clips("train/real")


@pytest.mark.parametrize(
    "options, words",
    [
        ({"rate": 48000}, "is at 48000 Hz, 24000 Hz expected; convert it"),
        ({"channels": 3}, "has 3 channels, 4 expected; convert it"),
    ],
)
def test_other_recordings_are_refused(seld_folder, open_set, options, words):
    seld_folder("tnsse2021").clip("fold1_room1_mix001", **options)
    with pytest.raises(BadFile, match=words):
        open_set("tnsse2021").clips("train")


def test_evaluation_clips_may_lack_metadata_but_not_some_of_it(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    for stem in ("mix001", "mix002"):
        folder.wav(stem, inner="eval-test", area="eval")
    clips = open_set("tnsse2021").clips("test/evaluation")
    assert [(clip.id, clip.events, clip.directions) for clip in clips] == [
        ("mix001", None, None),
        ("mix002", None, None),
    ]
    folder.csv("mix001", inner="eval-test", area="eval")
    with pytest.raises(BadFile, match=r"mix002\.wav: no metadata"):
        open_set("tnsse2021").clips("test/evaluation")


@pytest.mark.parametrize("name", ["starss22", "starss23"])
def test_the_synthetic_companion_in_its_own_folder_has_no_distances(name, seld_folder, open_set):
    seld_folder(name).clip("fold3_room4_mix001", ROW.get(name, "0,1,0,10,-5\n"))
    companion = seld_folder("DCASE2022_SELD_synth_data")
    companion.clip("fold1_room1_mix001", "0,1,0,10,-5\n")
    for old, new in (("foa_dev", "foa"), ("metadata_dev", "metadata")):
        (companion.folder / old).rename(companion.folder / new)
    dataset = open_set(name)
    (clip,) = dataset.clips("train/synthetic")
    assert (clip.id, clip.directions.distance) == ("fold1_room1_mix001", None)
    assert ids(dataset, "train/real") == ["fold3_room4_mix001"]


def test_the_fingerprint_is_of_the_content_not_of_the_layout_of_folders(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001", inner="dev-train")
    first = open_set("tnsse2021").fingerprint()
    shutil.rmtree(folder.folder)
    folder.clip("fold1_room1_mix001", layouts=("foa", "mic"))
    assert open_set("tnsse2021").fingerprint() == first
    folder.csv("fold1_room1_mix001", "0,1,0,11,-5\n")
    second = open_set("tnsse2021").fingerprint()
    assert second != first
    folder.wav("fold1_room1_mix001", seconds=2)
    assert open_set("tnsse2021").fingerprint() not in (first, second)


def test_provenance_counts_clips_by_layout(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001", layouts=("foa", "mic"))
    folder.clip("fold1_room1_mix002")
    found = open_set("tnsse2021").provenance()
    assert found == {"sounds": None, "splits": {"train": {"foa": 2, "mic": 1}}}


@pytest.mark.parametrize("place", ["tnsse2021", "TAU-NIGENS_SSE_2021", "."])
def test_the_tree_is_found_in_several_places(place, seld_folder, open_set):
    seld_folder(place).clip("fold1_room1_mix001")
    assert ids(open_set("tnsse2021"), "train") == ["fold1_room1_mix001"]


def test_another_years_tree_is_not_taken_for_this_ones(seld_folder, open_set):
    seld_folder(".").clip("fold1_room1_mix001")
    seld_folder(".").clip("fold3_room1_mix001")
    with pytest.raises(MissingData, match=r"_ov<N> of folds 3, 4, 5, 6"):
        open_set("tnsse2020").clips("train")


def test_without_a_tree_the_words_say_where_and_how(open_set, tmp_path):
    with pytest.raises(MissingData) as error:
        open_set("tnsse2021")
    for words in (
        str(tmp_path / "tnsse2021"),
        f"seldbench data fetch tnsse2021 --data-root {tmp_path}",
        "https://zenodo.org/records/5476980",
        "seldbench data simulate tnsse2021-sim",
    ):
        assert words in str(error.value)


def test_simulated_scenes_are_not_taken_for_real_ones(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001")
    manifest = '{"classes": [], "seed": 0, "scale": "tiny"}'
    (folder.folder / "manifest.json").write_text(manifest)
    with pytest.raises(BadFile, match="simulated scenes"):
        open_set("tnsse2021")


def test_hidden_files_and_what_macos_adds_are_not_clips(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold1_room1_mix001")
    folder.wav("._fold1_room1_mix001")
    folder.wav("fold1_room1_mix009", inner="__MACOSX")
    dataset = open_set("tnsse2021")
    assert ids(dataset, "train") == ["fold1_room1_mix001"]
    assert dataset.faults() == []
