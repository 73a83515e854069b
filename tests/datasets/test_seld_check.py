"""`data check` of sets with directions: every fault told, with its file and line."""

import pytest

from seldbench.datacheck import check


@pytest.fixture
def checked(open_set):
    def run(name, split, **options):
        return next(s for s in check(open_set(name), **options).splits if s.split == split)

    return run


def test_clips_and_recordings_are_counted_apart(seld_folder, checked):
    folder = seld_folder("tnsse2021")
    rows = "2,3,0,90,0\n3,3,0,100,0\n5,3,1,110,0\n"
    folder.clip("fold6_room1_mix001", rows, layouts=("foa", "mic"))
    folder.clip("fold6_room1_mix002", "", layouts=("foa", "mic"), seconds=3)
    report = checked("tnsse2021", "test")
    assert (report.found, report.expected) == (2, 100)
    assert (report.rates, report.channels) == ({24000: 4}, {4: 4})
    assert report.seconds == (1.0, 2.0, 3.0)
    assert (report.classes["barking dog"].clips, report.classes["barking dog"].events) == (1, 2)
    assert report.empty == 1
    assert (report.missing, report.problems, report.notes) == ([], [], [])


def test_one_layout_alone_is_no_fault_but_a_gap_in_it_is_missing(seld_folder, checked):
    folder = seld_folder("tnsse2021")
    folder.clip("fold6_room1_mix001")
    folder.clip("fold6_room1_mix002")
    assert checked("tnsse2021", "test").missing == []
    folder.wav("fold6_room1_mix001", "mic")
    report = checked("tnsse2021", "test")
    assert report.missing == ["fold6_room1_mix002 (mic)"]
    assert report.found == 2
    folder.clip("fold5_room1_mix001")
    assert checked("tnsse2021", "valid").missing == ["fold5_room1_mix001 (mic)"]


def test_partners_that_are_missing_are_told_with_both_paths(seld_folder, checked):
    folder = seld_folder("tnsse2021")
    folder.clip("fold6_room1_mix001", inner="dev-test")
    wav = folder.wav("fold6_room1_mix002", inner="dev-test")
    csv = folder.csv("fold6_room1_mix003", inner="dev-test")
    first, second = checked("tnsse2021", "test").problems
    assert first.startswith(f"{wav}: no metadata")
    assert str(folder.folder / "metadata_dev/dev-test/fold6_room1_mix002.csv") in first
    assert second.startswith(f"{csv}: no recording")
    for layout in ("foa", "mic"):
        assert str(folder.folder / f"{layout}_dev/dev-test/fold6_room1_mix003.wav") in second


@pytest.mark.parametrize(
    "rows, problem",
    [
        ("1,0,0,200,0\n", ":2: azimuth is 200, beyond [-180, 180] degrees"),
        ("1,0,0,-181,0\n2,0,0,181,0\n", ":2: azimuth is -181, beyond [-180, 180] degrees; mend"),
        ("10,0,0,0,0\n", ":2: frame 10 is beyond the end of the recording, whose last is 9; take"),
        ("1,12,0,0,0\n", ":2: class 12, but there are 12 (0 to 11)"),
        ("0,0,0,90,0\n", ":2: frame 0 has class 0, track 0 already"),
        ("1,0,0,0,0,0\n", ":2: 6 columns, but the dialect polar has 5"),
    ],
)
def test_every_broken_rule_of_rows_is_told_with_its_line(seld_folder, checked, rows, problem):
    folder = seld_folder("tnsse2021")
    path = folder.clip("fold6_room1_mix001", "0,0,0,10,0\n" + rows)
    (found,) = checked("tnsse2021", "test").problems
    assert found.startswith(f"{path}{problem}")


def test_faults_of_several_files_are_all_told(seld_folder, checked):
    folder = seld_folder("tnsse2021")
    folder.clip("fold6_room1_mix001", "0,0,0,200,0\n0,40,1,0,0\n99,0,2,0,0\n")
    folder.clip("fold6_room1_mix002", "0,0,0\n")
    folder.clip("fold6_room1_mix003", rate=48000)
    folder.clip("fold6_room1_mix004", channels=2)
    problems = checked("tnsse2021", "test").problems
    words = ["class 40", "azimuth is 200", "frame 99", "3 columns", "48000 Hz", "2 channels"]
    for problem, word in zip(problems, words, strict=True):
        assert word in problem


def test_a_run_is_told_the_first_fault_of_a_split_that_it_can_use(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    path = folder.clip("fold6_room1_mix001", "0,0,0,200,0\n")
    folder.clip("fold6_room1_mix002", "0,0,0,10,0\n10,0,0,0,0\n")
    dataset = open_set("tnsse2021")
    assert len(dataset.clips("test")) == 2
    (told,) = (note for note in dataset.notes("test") if "azimuth" in note)
    assert told.startswith(f"test: {path}:1: azimuth is 200")
    assert told.endswith("and 1 more faults: `seldbench data check tnsse2021`")


def test_both_ends_of_the_circle_are_right(seld_folder, checked):
    seld_folder("starss22").clip("fold4_room2_mix001", "0,0,1,-180,-90\n1,0,1,180,90\n")
    assert checked("starss22", "test").problems == []


def test_repeated_rows_of_starss_are_a_note_as_the_published_files_have_some(seld_folder, checked):
    seld_folder("starss22").clip("fold4_room2_mix001", "0,5,0,1,2\n0,5,0,1,2\n0,5,0,9,9\n")
    report = checked("starss22", "test")
    assert report.problems == []
    assert report.notes == ["rows that repeat another, and count as a second source: 1"]


def test_recordings_of_one_scene_are_equally_long(seld_folder, checked):
    folder = seld_folder("tnsse2021")
    folder.clip("fold6_room1_mix001")
    folder.wav("fold6_room1_mix001", "mic", seconds=1.5)
    (problem,) = checked("tnsse2021", "test").problems
    assert "foa_dev/fold6_room1_mix001.wav has 24000 and" in problem
    assert "mic_dev/fold6_room1_mix001.wav has 36000" in problem


def test_names_of_no_split_are_told_once_for_the_set(seld_folder, open_set):
    folder = seld_folder("tnsse2021")
    folder.clip("fold6_room1_mix001")
    folder.clip("fold9_room1_mix001")
    folder.wav("noise")
    first, second = check(open_set("tnsse2021")).problems
    assert "fold9_room1_mix001.wav: no split has that name" in first
    assert "noise.wav: no split has that name" in second
    assert "test: fold<N>_room<N>_mix<N> of folds 6, rooms 1, 2" in first


def test_a_companion_of_one_layout_lacks_nothing(seld_folder, checked):
    seld_folder("starss22").clip("fold4_room2_mix001", layouts=("foa", "mic"))
    seld_folder("dcase2022-synthetic").clip("fold1_room1_mix001")
    assert checked("starss22", "train/synthetic").missing == []


def test_absent_optional_splits_are_no_fault_and_do_not_count(seld_folder, open_set):
    seld_folder("starss22").clip("fold4_room2_mix001")
    report = check(open_set("starss22"))
    synthetic = next(s for s in report.splits if s.split == "train/synthetic")
    assert synthetic.complete
    assert report.lines()[-1] == f"{50 + 17 + 53} clips missing, 0 faults"


def test_a_deep_check_hashes_both_layouts(seld_folder, checked):
    folder = seld_folder("tnsse2021")
    folder.clip("fold6_room1_mix001", layouts=("foa", "mic"))
    before = checked("tnsse2021", "test", deep=True).digest
    folder.wav("fold6_room1_mix001", "mic", seconds=2)
    assert checked("tnsse2021", "test", deep=True).digest != before


def test_the_terminal_says_what_is_wrong_and_the_command_fails(seld_folder, seldbench, tmp_path):
    folder = seld_folder("tnsse2021")
    folder.clip("fold6_room1_mix001", "0,12,0,0,0\n")
    code, out, _ = seldbench("data", "check", "tnsse2021", "--data-root", tmp_path)
    assert code == 1
    assert "test: 1 of 100 clips" in out
    assert "WRONG: " in out
    assert "class 12" in out
    assert "599 clips missing, 1 faults" in out
