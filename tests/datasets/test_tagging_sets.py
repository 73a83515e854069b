"""ESC-50 and Speech Commands V2 on disk: splits, labels, folds; what is missing or wrong,
and what `data check` says of it."""

import numpy as np
import pytest
import soundfile

from seldbench.datacheck import check
from seldbench.datasets import esc50, speech_commands_v2
from seldbench.errors import BadFile, MissingData, UnknownName

HEADER = "filename,fold,target,category,esc10,src_file,take"
ESC_ROWS = [
    (1, 100, "A", 0, "dog"),
    (1, 100, "B", 0, "dog"),
    (2, 101, "A", 5, "cat"),
    (3, 102, "A", 1, "rooster"),
    (4, 103, "A", 49, "hand_saw"),
    (5, 104, "A", 0, "dog"),
]
WORD_FILES = [
    "bed/0000000a_nohash_0.wav",
    "bed/0000000b_nohash_0.wav",
    "zero/0000000a_nohash_1.wav",
]
HELD_OUT = {"validation": ["cat/0000000c_nohash_0.wav"], "testing": ["dog/0000000d_nohash_0.wav"]}


def wav(path, seconds=0.1, rate=16000, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.full((round(seconds * rate), channels), 0.1)
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


class Esc:
    """A small ESC-50 tree; rows: (fold, source, take, target, category)."""

    def __init__(self, folder):
        self.folder = folder
        self.write(ESC_ROWS)
        for row in ESC_ROWS:
            wav(folder / "audio" / self.name(row), 5.0, 44100)

    def name(self, row):
        fold, source, take, target, _ = row
        return f"{fold}-{source}-{take}-{target}.wav"

    def write(self, rows, header=HEADER):
        lines = [f"{self.name(r)},{r[0]},{r[3]},{r[4]},False,{r[1]},{r[2]}" for r in rows]
        path = self.folder / "meta" / "esc50.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *lines]) + "\n")


@pytest.fixture
def esc(tmp_path):
    return Esc(tmp_path / "ESC-50-master")


@pytest.fixture
def words(tmp_path):
    folder = tmp_path / "speech_commands_v0.02"
    for name in [*WORD_FILES, *(n for of in HELD_OUT.values() for n in of)]:
        wav(folder / name, 1.0)
    for name, lines in HELD_OUT.items():
        (folder / f"{name}_list.txt").write_text("".join(f"{line}\n" for line in lines))
    wav(folder / "_background_noise_" / "white_noise.wav", 3.0)
    return folder


# ESC-50


def test_esc50_has_its_classes_by_target_and_one_label_a_clip(esc, open_set):
    data = open_set("esc50")
    assert (data.task, data.single, data.folds, data.splits) == (
        "tagging",
        True,
        5,
        ("train", "test"),
    )
    assert len(data.classes) == len(set(data.classes)) == 50
    assert (data.classes[0], data.classes[14], data.classes[49]) == (
        "dog",
        "chirping_birds",
        "hand_saw",
    )
    clip = data.clips("test", 0)[0]
    assert (clip.id, clip.labels, clip.events, clip.duration) == (
        "1-100-A-0.wav",
        frozenset({"dog"}),
        None,
        5.0,
    )
    heard = clip.recordings["mono"]
    assert (heard.sample_rate, heard.mics) == (44100, 1)


def test_fold_f_tests_on_the_tables_fold_f_plus_1_and_trains_on_the_rest(esc, open_set):
    data = open_set("esc50")
    names = {row[0]: set() for row in ESC_ROWS}
    for row in ESC_ROWS:
        names[row[0]].add(esc.name(row))
    for fold in range(5):
        test, train = ({c.id for c in data.clips(s, fold)} for s in ("test", "train"))
        assert test == names[fold + 1]
        assert train == set().union(*names.values()) - test


def test_a_clip_is_the_same_object_in_every_fold(esc, open_set):
    data = open_set("esc50")
    assert data.clips("train", 1)[0] is data.clips("test", 0)[0]


def test_esc50_counts_clips_of_all_folds_against_2000(esc, open_set):
    data = open_set("esc50")
    assert data.coverage("test") == data.coverage("train") == (6, 2000)
    assert "1994 of 2000 clips are missing (99.7%)" in data.notes("test")[0]


@pytest.mark.parametrize("fold", [-1, 5])
def test_a_fold_that_is_not_there_is_refused(esc, open_set, fold):
    with pytest.raises(UnknownName, match="its folds are 0 to 4"):
        open_set("esc50").clips("test", fold)


def test_a_split_that_is_not_there_is_refused(esc, open_set):
    with pytest.raises(UnknownName, match=r"no split 'tests' \(near: test\)"):
        open_set("esc50").clips("tests")


@pytest.mark.parametrize("place", [*esc50.PLACES])
def test_esc50_is_found_in_its_places(tmp_path, open_set, place):
    Esc(tmp_path / place)
    assert len(open_set("esc50").clips("test", 0)) == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((6, 104, "A", 0, "dog"), "fold 6; there are folds 1 to 5"),
        ((5, 104, "A", 0, "cat"), "category 'cat' .*target 0 is dog"),
        ((5, 104, "A", 50, "dog"), "target 50 is no class"),
        ((5, 104, "a", 0, "dog"), "expected fold-source-take-target.wav"),
        ((1, 100, "A", 0, "dog"), "listed twice"),
    ],
)
def test_a_row_that_breaks_a_rule_is_told_with_its_line(esc, open_set, row, words):
    esc.write([*ESC_ROWS, row])
    with pytest.raises(BadFile, match=rf"esc50\.csv, line 8: .*{words}"):
        open_set("esc50").clips("train")


def test_columns_that_disagree_with_the_name_are_told(esc, open_set):
    table = esc.folder / "meta/esc50.csv"
    table.write_text(table.read_text().replace("5-104-A-0.wav,5,", "5-104-A-0.wav,4,"))
    with pytest.raises(BadFile, match="its columns say 4-104-A-0"):
        open_set("esc50").clips("train")


def test_data_check_tells_a_source_in_two_folds_missing_files_and_odd_rates(esc, open_set):
    esc.write([*ESC_ROWS, (4, 100, "C", 0, "dog"), (2, 900, "A", 5, "cat")])
    wav(esc.folder / "audio/4-100-C-0.wav", 5.0, 16000)
    wav(esc.folder / "audio/2-101-A-5.wav", 3.0, 44100)
    report = check(open_set("esc50"))
    test = report.splits[1]
    assert (test.found, test.expected, test.missing) == (7, 2000, ["2-900-A-5.wav"])
    assert report.lines()[-1].startswith("1993 clips missing")  # of training and test together
    assert any("several folds: source 100; put all takes" in p for p in test.problems)
    assert any("4-100-C-0.wav: is at 16000 Hz, 44100 Hz expected" in p for p in test.problems)
    assert any("2-101-A-5.wav (5 s stated, 3 s there)" in note for note in test.notes)
    assert any(note.startswith("no clip of 46 classes: pig, cow, frog") for note in test.notes)
    assert test.classes["dog"].clips == 4 and not report.ok


def test_without_esc50_the_error_says_where_it_was_looked_for_and_how_to_get_it(tmp_path, open_set):
    with pytest.raises(MissingData) as error:
        open_set("esc50")
    message = str(error.value)
    assert f"{tmp_path}/ESC-50-master" in message
    assert f"seldbench data fetch esc50 --data-root {tmp_path}" in message
    assert "seldbench data simulate esc50-sim" in message


# Speech Commands


def test_train_is_every_word_file_that_no_list_names(words, open_set):
    data = open_set("speech_commands_v2")
    assert data.splits == ("train", "valid", "test") and data.single
    assert [c.id for c in data.clips("train")] == WORD_FILES
    assert [c.id for c in data.clips("valid")] == HELD_OUT["validation"]
    (test,) = data.clips("test")
    assert test.labels == {"dog"} and test.recordings["mono"].sample_rate == 16000
    assert data.coverage("train") == (3, 84843) and data.coverage("test") == (1, 11005)
    assert len(data.classes) == 35 and data.classes == tuple(sorted(data.classes))
    assert sum(speech_commands_v2.CLIPS.values()) == 105_829


def test_a_listed_word_that_is_not_there_is_counted_and_named(words, open_set):
    (words / HELD_OUT["testing"][0]).unlink()
    data = open_set("speech_commands_v2")
    assert data.coverage("test") == (0, 11005)
    with pytest.raises(MissingData, match="none of its 1 clips"):
        data.clips("test")
    assert check(data).splits[2].missing == HELD_OUT["testing"]


@pytest.mark.parametrize(
    ("line", "words_"),
    [
        ("tog/0000000d_nohash_0.wav", "'tog' is none of the 35 words"),
        ("dog/d.wav", "expected word/speaker_nohash_n.wav"),
        ("cat/0000000c_nohash_0.wav", "is in validation_list.txt, too"),
    ],
)
def test_a_line_that_breaks_a_rule_is_told(words, open_set, line, words_):
    with (words / "testing_list.txt").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(BadFile, match=rf"testing_list\.txt, line 2: .*{words_}"):
        open_set("speech_commands_v2").clips("test")


def test_data_check_tells_a_speaker_of_two_splits_and_odd_names(words, open_set):
    wav(words / "bed" / "0000000d_nohash_7.wav", 1.0)
    wav(words / "bed" / "mine.wav", 1.0)
    train = check(open_set("speech_commands_v2")).splits[0]
    assert any("1 speakers are in several splits: 0000000d" in p for p in train.problems)
    assert any("mine.wav; expected names such as" in p for p in train.problems)


def test_without_lists_nothing_can_be_told_apart(words, open_set):
    (words / "testing_list.txt").unlink()
    with pytest.raises(MissingData, match=r"train: no list: looked for .*testing_list\.txt"):
        open_set("speech_commands_v2").clips("train")


# Fingerprints, and simulated twins


def test_the_fingerprint_hangs_on_tables_and_sizes(esc, open_set):
    before = open_set("esc50").fingerprint()
    assert open_set("esc50").fingerprint() == before
    wav(esc.folder / "audio/5-104-A-0.wav", 4.0, 44100)
    smaller = open_set("esc50").fingerprint()
    esc.write(ESC_ROWS[:-1])
    assert len({before, smaller, open_set("esc50").fingerprint()}) == 3


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """A tiny esc50-sim of two classes, made once: (its data root, the options that made it)."""
    from seldbench.simulation.tagging import esc50 as maker

    root = tmp_path_factory.mktemp("twin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(maker.SIZES, "tiny", (2, 5))
        maker.simulate_esc50(root, scale="tiny", seed=4, jobs=1)
    return root


@pytest.fixture
def own_twin(twin, tmp_path):
    """A copy to be changed."""
    import shutil

    shutil.copytree(twin / "esc50-sim", tmp_path / "esc50-sim")
    return tmp_path / "esc50-sim"


def test_a_twin_signs_the_same_contract_and_says_that_it_is_simulated(twin):
    from seldbench.datasets import open_dataset

    data = open_dataset("esc50-sim", twin)
    assert (data.name, data.task, data.single, data.folds) == ("esc50-sim", "tagging", True, 5)
    assert data.classes == data.test_classes == ("alarm_bell_ringing", "tremolo_hum")
    assert "simulated" in data.simulated and "seed 4" in data.simulated
    assert data.coverage("test") == (10, 10) and data.notes("test") == []
    assert sum(len(data.clips("test", fold)) for fold in range(5)) == 10
    assert check(data).ok
    assert data.provenance() == {"sounds": "builtin", "tables": ["meta/esc50.csv"]}


def test_the_real_set_does_not_take_a_twin_for_itself(own_twin, tmp_path, open_set):
    with pytest.raises(MissingData):
        open_set("esc50")
    from seldbench.datasets import open_dataset

    with pytest.raises(BadFile, match="use it with --dataset esc50-sim"):
        open_dataset("esc50", own_twin)


def test_a_changed_twin_is_refused_and_a_partial_one_is_not(own_twin, open_set):
    files = sorted((own_twin / "ESC-50-master" / "audio").iterdir())
    wav(files[0], 1.0, 44100)
    with pytest.raises(BadFile, match=r"changed or added .*--scale tiny --seed 4"):
        open_set("esc50-sim").clips("test")
    files[0].unlink()
    data = open_set("esc50-sim")
    assert data.coverage("test") == (9, 10) and len(data.clips("train", 0)) in (7, 8)


def test_twins_of_other_seeds_have_other_fingerprints(twin, own_twin, open_set):
    from seldbench.datasets import open_dataset

    before = open_dataset("esc50-sim", twin).fingerprint()
    assert open_set("esc50-sim").fingerprint() == before
    manifest = own_twin / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 4', '"seed": 5'))
    assert open_set("esc50-sim").fingerprint() != before
