"""Dry sounds from recordings: what stands for which class, and what is made of short takes."""

import csv

import numpy as np
import pytest
import soundfile

from seldbench.errors import BadFile, MissingData, UnknownName
from seldbench.simulation.bank import GROUPS
from seldbench.simulation.dry import RATE, STARSS, TNSSE, activity, recorded_bank
from seldbench.simulation.dry.classes import LENGTHS
from seldbench.simulation.dry.labels import LABELS, NEAR
from seldbench.simulation.dry.recorded import RecordedSource
from seldbench.simulation.seeds import generator

COLUMNS = ["file", "role", "label", "desed", "split", "source_id", "tnsse"]
ROWS = [
    ("step_1.wav", "event", "footsteps", "", "train", "boots", "footsteps"),
    ("step_2.wav", "event", "footsteps", "", "train", "boots", "footsteps"),
    ("glass.wav", "event", "glass_break", "", "train", "vase", "crash"),
    ("anna.wav", "event", "speech_female", "Speech", "train", "anna", "female speech"),
    ("carl.wav", "event", "speech", "Speech", "train", "carl", ""),
    ("bach.wav", "event", "piano", "", "validation", "bach", "piano"),
    ("claps.wav", "event", "hand_clap", "", "test", "hands", ""),
    ("dog.wav", "event", "dog", "Dog", "test", "rex", "barking dog"),
    ("car.wav", "event", "car_engine", "", "train", "car", ""),
    ("horse.wav", "event", "horse_neigh", "", "train", "ed", ""),
    ("street.wav", "background", "street", "", "train", "road", ""),
]


def sound(path, seconds=0.3, rate=24_000, frequency=440.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * frequency * time), rate)


def table(path, columns, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture
def sounds(tmp_path):
    for k, row in enumerate(ROWS):
        sound(tmp_path / row[0], frequency=300 + 60 * k)
    table(tmp_path / "catalogue.csv", COLUMNS, ROWS)
    return tmp_path


@pytest.fixture
def folders(tmp_path):
    """As NIGENS has it: a folder for each class."""
    files = ["femaleSpeech/a.wav", "dog/b.wav", "piano/d.wav", "general/c.wav"]
    for file in files:
        sound(tmp_path / file, 1.2)
    table(tmp_path / "split.csv", ["file", "split"], zip(files, [*GROUPS, "test"]))
    return tmp_path


def test_a_group_has_the_classes_that_its_recordings_stand_for(sounds):
    bank = recorded_bank(sounds, (*TNSSE, "clapping"), 0, fill_missing=False)
    assert bank.labels("train") == ("crash", "female speech", "footsteps")
    assert bank.labels("validation") == ("piano",)
    assert bank.labels("test") == ("barking dog", "clapping")
    assert bank.sources("test", "piano") == ()


def test_one_source_has_all_its_files(sounds):
    bank = recorded_bank(sounds, TNSSE, 0, fill_missing=False)
    (boots,) = bank.sources("train", "footsteps")
    assert [file.name for file in boots.files] == ["step_1.wav", "step_2.wav"]
    assert boots.label == "footsteps"


def test_the_classes_of_starss_come_from_labels(sounds):
    bank = recorded_bank(sounds, STARSS, 0, fill_missing=False)
    assert bank.labels("train") == ("female speech", "walk, footsteps")
    assert bank.labels("validation") == ("musical instrument",)
    assert bank.labels("test") == ("clapping",)


def test_what_is_of_no_class_interferes_but_not_what_is_near_to_one(sounds):
    bank = recorded_bank(sounds, STARSS, 0, fill_missing=False)
    found = {k: [s.files[0].name for s in v] for k, v in bank.interferers("train").items()}
    # then: neither carl, who could be a man or a woman, nor the street
    assert found == {"engine": ["car.wav"], "general": ["horse.wav", "glass.wav"]}
    assert bank.interferers("validation") == {}


def test_what_a_group_lacks_is_made_by_formula_where_asked(sounds):
    bank = recorded_bank(sounds, TNSSE, 0, fill_missing=True)
    assert all(bank.labels(group) == TNSSE for group in GROUPS)
    assert isinstance(bank.sources("train", "crash")[0], RecordedSource)
    assert not isinstance(bank.sources("test", "crash")[0], RecordedSource)
    assert set(bank.interferers("test")) == {"engine", "fire", "general"}
    origins = bank.origins()["origins"]
    assert origins["crash"] == ["glass.wav", "procedural: validation", "procedural: test"]
    assert origins["alarm"] == "procedural"


def test_single_steps_become_a_walk(sounds):
    (boots,) = recorded_bank(sounds, TNSSE, 0, fill_missing=False).sources("train", "footsteps")
    wave = boots.sound(5.0, generator(0)).astype(np.float64)
    assert len(wave) == 5 * RATE and np.abs(wave).max() <= 1
    # then: steps of 0.3 s, pauses of 0.2 to 0.45 s
    level = np.square(wave).reshape(-1, 480).mean(axis=1) > 1e-3
    assert 6 <= np.count_nonzero(np.diff(level.astype(int)) == 1) + level[0] <= 11
    assert level[-2:].any()


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.5, 0.9, 2.0, 7.3])
@pytest.mark.parametrize("label", ["female speech", "footsteps", "crash"])
def test_a_recorded_sound_fills_the_length_asked_for(sounds, label, seconds):
    source = recorded_bank(sounds, TNSSE, 0, fill_missing=False).sources("train", label)[0]
    for k in range(5):
        wave = source.sound(seconds, generator(k))
        assert wave.dtype == np.float32 and len(wave) == round(seconds * RATE)
        assert np.isfinite(wave).all() and 0.5 < np.abs(wave).max() <= 1
        active = activity(wave)
        assert active[0] and active[-1]


def test_an_engine_runs_on_without_a_pause(sounds):
    bank = recorded_bank(sounds, TNSSE, 0, fill_missing=False)
    (engine,) = bank.interferers("train")["engine"]
    assert LENGTHS["engine"][0] <= engine.length(generator(0)) <= LENGTHS["engine"][1]
    assert activity(engine.sound(6.0, generator(0))).all()


def test_lengths_are_those_of_the_class_and_no_few_takes_repeat_for_long(sounds):
    bank = recorded_bank(sounds, TNSSE, 0, fill_missing=False)
    (boots,) = bank.sources("train", "footsteps")
    # given: two steps of 0.3 s with pauses of about 0.33 s, three times: 3.8 s
    found = [boots.length(generator(k)) for k in range(50)]
    assert 3.0 <= min(found) < max(found) <= 3.9


def test_a_recorded_sound_depends_on_its_generator_alone(sounds):
    (boots,) = recorded_bank(sounds, TNSSE, 0, fill_missing=False).sources("train", "footsteps")
    assert np.array_equal(boots.sound(4.0, generator(1)), boots.sound(4.0, generator(1)))
    assert not np.array_equal(boots.sound(4.0, generator(1)), boots.sound(4.0, generator(2)))


def test_a_bank_is_named_after_its_catalogue(sounds):
    first = recorded_bank(sounds, TNSSE, 0, fill_missing=False).name
    table(sounds / "catalogue.csv", COLUMNS, ROWS[:-1])
    assert recorded_bank(sounds, TNSSE, 0, fill_missing=False).name != first


def test_a_recording_of_any_rate_is_heard_at_its_pitch(tmp_path):
    sound(tmp_path / "a.wav", 2.0, rate=44_100, frequency=1000.0)
    wave = RecordedSource("general", (tmp_path / "a.wav",)).sound(1.0, generator(0))
    assert np.abs(np.fft.rfft(wave)).argmax() == 1000


def test_folders_named_after_classes_are_read_by_their_split_file(folders):
    bank = recorded_bank(folders, TNSSE, 0, fill_missing=False)
    assert bank.labels("train") == ("female speech",)
    assert bank.labels("validation") == ("barking dog",)
    assert bank.labels("test") == ("piano",)
    assert [s.files[0].name for s in bank.interferers("test")["general"]] == ["c.wav"]


def test_a_group_without_any_class_is_an_error_that_says_what_to_do(sounds, folders):
    (sounds / "catalogue.csv").unlink(missing_ok=True)
    rows = [("femaleSpeech/a.wav", "train"), ("dog/b.wav", "train"), ("general/c.wav", "test")]
    table(folders / "split.csv", ["file", "split"], [*rows, ("piano/d.wav", "train")])
    with pytest.raises(BadFile, match=r"no file of split validation.*fill missing classes"):
        recorded_bank(folders, TNSSE, 0, fill_missing=False)
    assert recorded_bank(folders, TNSSE, 0, fill_missing=True).labels("validation") == TNSSE


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([("femaleSpeach/a.wav", "train")], UnknownName, r"line 2.*near: femaleSpeech.*rename"),
        ([("a.wav", "train")], BadFile, r"line 2.*a\.wav: <class>/<name> expected"),
        ([("dog/gone.wav", "train")], BadFile, r"line 2.*gone\.wav: not in"),
        ([("dog/b.wav", "valid")], BadFile, r"line 2.*near: validation"),
        ([("dog/b.wav", "train"), ("dog/b.wav", "test")], BadFile, r"listed twice"),
        ([("dog/b.wav", "train")], BadFile, r"femaleSpeech/a\.wav has no row; add one"),
    ],
)
def test_a_bad_split_file_is_an_error_that_names_its_line_or_file(folders, rows, error, message):
    table(folders / "split.csv", ["file", "split"], rows)
    with pytest.raises(error, match=message):
        recorded_bank(folders, TNSSE, 0, fill_missing=True)


def test_a_split_file_without_a_column_is_named(folders):
    table(folders / "split.csv", ["file", "fold"], [])
    with pytest.raises(BadFile, match=r"split\.csv: column split missing"):
        recorded_bank(folders, TNSSE, 0, fill_missing=True)


def test_a_folder_with_neither_file_is_an_error_that_says_what_is_wanted(tmp_path):
    with pytest.raises(MissingData, match=r"neither catalogue\.csv nor split\.csv.*file, split"):
        recorded_bank(tmp_path, TNSSE, 0, fill_missing=True)


def test_an_unknown_class_of_the_column_tnsse_is_named_with_its_line(sounds):
    rows = [(*ROWS[0][:6], "footstep"), *ROWS[1:]]
    table(sounds / "catalogue.csv", COLUMNS, rows)
    with pytest.raises(UnknownName, match=r"line 2.*'footstep'.*near: footsteps.*leave it empty"):
        recorded_bank(sounds, TNSSE, 0, fill_missing=True)


def test_no_label_stands_for_two_classes_of_one_data_set_or_is_near_to_its_own():
    for classes in (TNSSE, STARSS):
        labels = [label for name in (*classes, "engine", "fire") for label in LABELS[name]]
        assert len(labels) == len(set(labels))
        assert not set(labels) & {label for name in classes for label in NEAR.get(name, ())}
