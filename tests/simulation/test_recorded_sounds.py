"""desed-sim from a folder of recordings with a catalogue: what it may contain, and what sounds."""

import csv

import numpy as np
import pytest
import soundfile

from seldbench.errors import BadFile, MissingData, UnknownName
from seldbench.simulation import make_clip, simulate_desed
from seldbench.simulation.calibration import RATE, SIZES
from seldbench.simulation.catalogue import read_catalogue
from seldbench.simulation.desed import NAME
from seldbench.simulation.recorded import (
    RecordedBank,
    RecordedSource,
    load,
    looped,
    stretches,
    takes,
)
from seldbench.simulation.seeds import generator

COLUMNS = ["file", "role", "label", "desed", "split", "source_id"]


def tone(frequency, seconds, rate=24_000):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def write(folder, rows, columns=COLUMNS):
    """rows: (file, role, label, desed, split, source); each file is a tone of its own."""
    folder.mkdir(exist_ok=True)
    for k, row in enumerate(rows):
        if not (folder / row[0]).exists():
            soundfile.write(folder / row[0], tone(300 + 90 * k, 1.2), 24_000)
    with (folder / "catalogue.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(row[: len(columns)] for row in rows)
    return folder


ROWS = [
    ("speech.wav", "event", "speech", "Speech", "train", "anna"),
    ("speech_test.wav", "event", "speech", "Speech", "test", "bert"),
    ("speech_valid.wav", "event", "speech", "Speech", "validation", "carl"),
    ("cat.wav", "event", "cat", "Cat", "train", "tom"),
    ("cat_test.wav", "event", "cat", "Cat", "test", "kit"),
    ("vacuum.wav", "event", "vacuum_cleaner", "Vacuum_cleaner", "train", "henry"),
    ("horse.wav", "event", "horse", "", "train", "ed"),
    ("street.wav", "background", "street", "", "train", "road"),
]


@pytest.fixture
def sounds(tmp_path):
    return write(tmp_path / "sounds", ROWS)


@pytest.fixture
def few_clips(monkeypatch):
    monkeypatch.setitem(SIZES, "tiny", (2, 2, 6, 4, 3, 5))


def test_only_classes_with_a_recording_occur_and_each_only_in_its_split(
    sounds, tmp_path, few_clips
):
    manifest = simulate_desed(tmp_path, scale="tiny", sounds=sounds, jobs=1)
    assert set(manifest["classes"]) <= {"Cat", "Speech", "Vacuum_cleaner"}
    assert "Vacuum_cleaner" not in manifest["test_classes"]
    assert manifest["sounds"] == read_catalogue(sounds).digest
    assert manifest["sounds_folder"] == "sounds"
    assert manifest["origins"]["Cat"] == ["cat.wav", "cat_test.wav"]
    assert manifest["backgrounds"] == {
        "train": "recorded",
        "validation": "procedural",
        "test": "procedural",
    }


def test_a_recorded_set_is_the_same_whatever_the_number_of_processes(sounds, tmp_path, few_clips):
    first = simulate_desed(tmp_path / "a", scale="tiny", sounds=sounds, jobs=1)
    second = simulate_desed(tmp_path / "b", scale="tiny", sounds=sounds, jobs=2)
    assert first == second
    for path in (tmp_path / "a" / NAME).rglob("*.wav"):
        twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == twin.read_bytes()


def test_recorded_and_procedural_sounds_are_different_sets(sounds, tmp_path, few_clips):
    simulate_desed(tmp_path, scale="tiny", sounds=sounds, jobs=1)
    with pytest.raises(BadFile, match=r"sounds \w+; wanted: sounds builtin"):
        simulate_desed(tmp_path, scale="tiny")


def test_missing_classes_are_procedural_only_where_asked(sounds, tmp_path, few_clips):
    filled = RecordedBank.open(sounds, 0, filled=True)
    assert len(filled.labels("test")) == 10
    assert filled.origins()["origins"]["Frying"] == "procedural"
    assert filled.origins()["origins"]["Vacuum_cleaner"] == [
        "vacuum.wav",
        "procedural: validation",
        "procedural: test",
    ]
    plan, wave = make_clip("test", 0, scale="tiny", sounds=sounds, fill_missing="procedural")
    assert len(wave) == round(plan.seconds * RATE)
    with pytest.raises(UnknownName, match="fill_missing"):
        make_clip("test", 0, scale="tiny", sounds=sounds, fill_missing="noise")


def test_pauses_do_not_count_as_sound(tmp_path):
    wave = np.concatenate([tone(500, 0.5), np.zeros(12_000), tone(500, 0.3), np.zeros(6_000)])
    soundfile.write(tmp_path / "ring.wav", wave, 24_000)
    found = [len(take) / RATE for take in takes(tmp_path / "ring.wav")]
    assert found == pytest.approx([0.5, 0.3], abs=0.03)


@pytest.mark.parametrize(
    ("label", "wanted", "given"),
    [("Cat", 3.0, 1.2), ("Cat", 0.5, 0.5), ("Dog", 3.0, 3.0), ("Running_water", 8.0, 8.0)],
)
def test_a_short_recording_is_repeated_or_looped_or_keeps_its_length(
    tmp_path, label, wanted, given
):
    soundfile.write(tmp_path / "a.wav", tone(500, 1.2), 24_000)
    source = RecordedSource(label, (tmp_path / "a.wav",))
    seconds = source.possible(wanted)
    assert seconds == pytest.approx(given, abs=0.03)
    wave = source.sound(seconds, generator(0))
    assert len(wave) == round(seconds * RATE)
    frame = RATE // 100
    level = np.square(wave[: len(wave) // frame * frame]).reshape(-1, frame).mean(axis=1)
    sounding = np.flatnonzero(level > 1e-4 * level.max())
    assert np.diff(sounding).max() * 0.01 < 0.15
    assert sounding[-1] >= len(level) - 6


def test_a_loop_has_no_seam():
    wave = np.random.default_rng(0).standard_normal(RATE)
    long = looped(wave, 5.0, generator(0))
    power = np.square(long).reshape(-1, RATE // 20).mean(axis=1)
    assert power.min() > 0.7 and power.max() < 1.4


def test_stereo_recordings_of_any_rate_become_mono_at_16_khz(tmp_path):
    both = np.stack([tone(500, 1.0, 44_100), np.zeros(44_100)], axis=1)
    soundfile.write(tmp_path / "both.wav", both, 44_100)
    wave = load(tmp_path / "both.wav")
    assert wave.shape == (RATE,)
    assert np.abs(wave).max() == pytest.approx(0.25, abs=0.01)


def test_a_folder_without_a_catalogue_is_an_error_that_says_what_is_wanted(tmp_path):
    with pytest.raises(MissingData, match=r"catalogue\.csv: not found.*file, role, label"):
        read_catalogue(tmp_path)


def test_a_missing_column_is_named(sounds):
    write(sounds, ROWS, columns=COLUMNS[:4])
    with pytest.raises(BadFile, match="split, source_id missing"):
        read_catalogue(sounds)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({0: "gone.wav"}, BadFile, r"line 2.*gone\.wav: not in"),
        ({1: "evnt"}, BadFile, "line 2.*near: event"),
        ({3: "Speach"}, UnknownName, "line 2.*near: Speech"),
        ({4: "valid"}, BadFile, "line 2.*near: validation"),
        ({5: ""}, BadFile, "line 2.*no source_id"),
        ({0: "cat.wav"}, BadFile, r"cat\.wav is listed twice"),
        ({5: "bert"}, BadFile, "source bert is in train and in test"),
    ],
)
def test_a_bad_row_is_an_error_that_names_its_line_or_file(sounds, change, error, message):
    row = list(ROWS[0])
    for column, value in change.items():
        row[column] = value
    rows = [tuple(row), *ROWS[1:]]
    with (sounds / "catalogue.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    with pytest.raises(error, match=message):
        read_catalogue(sounds)


def test_a_split_without_any_class_is_an_error(tmp_path):
    folder = write(tmp_path / "sounds", [row for row in ROWS if row[4] != "test"])
    with pytest.raises(BadFile, match="no file of split test"):
        simulate_desed(tmp_path, scale="tiny", sounds=folder)


@pytest.mark.parametrize("content", [b"no sound", b""])
def test_a_file_that_is_no_sound_is_named(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(BadFile, match=r"a\.wav"):
        load(tmp_path / "a.wav")


def test_a_silent_file_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    with pytest.raises(BadFile, match=r"a\.wav.*silent"):
        load(tmp_path / "a.wav")


def test_a_file_that_sounds_in_its_last_moment_alone_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.append(np.zeros(24_000), np.full(100, 0.5)), 24_000)
    with pytest.raises(BadFile, match=r"a\.wav: silent but for its last 0.02 seconds; remove"):
        stretches(tmp_path / "a.wav", 24_000)
