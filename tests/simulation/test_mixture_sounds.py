"""Dry sounds of a set of mixtures: procedural ones by number, takes of a folder of recordings."""

import csv

import numpy as np
import pytest
import soundfile

from seldbench.errors import BadFile, MissingData, UnknownName
from seldbench.simulation import families
from seldbench.simulation.bank import GROUPS
from seldbench.simulation.mixtures import sounds
from seldbench.simulation.mixtures.sounds import builtin_sounds, recorded_sounds

RATE = 16_000
NUMBERS = {"train": 3, "validation": 1, "test": 2}
COLUMNS = ["file", "role", "label", "desed", "split", "source_id", "many"]
ROWS = [
    ("a.wav", "event", "dog", "Dog", "train", "rex", "dog"),
    ("b.wav", "event", "speech_female", "Speech", "train", "anna", "speech"),
    ("c.wav", "event", "speech_male", "Speech", "train", "carl", "speech"),
    ("d.wav", "event", "gong", "", "train", "gong", "gong"),
    ("e.wav", "event", "dog", "Dog", "validation", "bo", "dog"),
    ("f.wav", "event", "speech", "Speech", "validation", "di", "speech"),
    ("g.wav", "event", "dog", "Dog", "test", "ed", "dog"),
    ("h.wav", "event", "speech", "Speech", "test", "flo", "speech"),
    ("i.wav", "event", "knock", "", "test", "door", ""),
    ("j.wav", "background", "bg_day", "", "test", "day", ""),
]


def tone(*spans, rate=RATE, level=0.5):
    """A tone of 440 Hz that lasts so many seconds, with (negative) pauses."""
    parts = [np.sign(s) * np.ones(round(abs(s) * rate)) for s in spans]
    on = np.concatenate(parts) > 0
    return level * np.sin(2 * np.pi * 440 * np.arange(len(on)) / rate) * on


def write(path, wave, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate)


def table(path, columns, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture
def folder(tmp_path):
    """A sound of its own length in each file: 0.30, 0.31 ... seconds."""
    for k, row in enumerate(ROWS):
        write(tmp_path / row[0], tone(0.3 + k / 50))
    table(tmp_path / "catalogue.csv", COLUMNS, ROWS)
    return tmp_path


def lengths(bank, group, label):
    waves = [bank.sound(group, label, k) for k in range(bank.number(group, label))]
    return [round(len(wave) / RATE, 2) for wave in waves]


# --- made by formula ---


def test_procedural_sounds_are_counted_by_group():
    bank = builtin_sounds(("bell 1", "speech 2"), 0, NUMBERS)
    assert bank.name == "builtin" and bank.classes == ("bell 1", "speech 2")
    assert [bank.number(group, "bell 1") for group in GROUPS] == [3, 1, 2]
    assert bank.number("train", "bell 2") == 0
    assert builtin_sounds(("bell 1",), 0, {"train": 3}).number("test", "bell 1") == 0
    assert bank.origins() == {"origins": {"bell 1": "procedural", "speech 2": "procedural"}}


def test_every_procedural_sound_is_another_and_comes_again():
    bank = builtin_sounds(families.SMALL, 0, NUMBERS)
    made = [bank.sound("train", "wood impact 1", k) for k in range(3)]
    made += [bank.sound("test", "wood impact 1", k) for k in range(2)]
    made += [builtin_sounds(families.SMALL, 1, NUMBERS).sound("train", "wood impact 1", 0)]
    assert len({wave.tobytes() for wave in made}) == 6
    again = builtin_sounds(("wood impact 1",), 0, {"train": 9}).sound("train", "wood impact 1", 1)
    assert np.array_equal(again, made[1])


def test_sounds_that_are_not_there_are_named():
    bank = builtin_sounds(("bell 1",), 0, NUMBERS)
    with pytest.raises(UnknownName, match="no sound 3 of 'bell 1' in group 'train'; it has 3"):
        bank.sound("train", "bell 1", 3)
    with pytest.raises(UnknownName, match=r"no class named 'bells 1' \(near: bell 1"):
        builtin_sounds(("bells 1",), 0, NUMBERS)
    with pytest.raises(UnknownName, match="no group 'valid'"):
        builtin_sounds(("bell 1",), 0, {"valid": 1})


# --- recorded ---


def test_the_column_many_names_the_classes(folder):
    bank = recorded_sounds(folder, 0)
    assert bank.classes == ("dog", "gong", "speech") and len(bank.name) == 16
    assert [bank.number(group, "speech") for group in GROUPS] == [2, 1, 1]
    assert bank.number("test", "knock") == 0
    files = bank.origins()["origins"]
    assert files == {"dog": ["a.wav", "e.wav", "g.wav"], "gong": ["d.wav"],
                     "speech": ["b.wav", "c.wav", "f.wav", "h.wav"]}  # fmt: skip


def test_a_class_that_only_train_covers_stays_a_class(folder):
    bank = recorded_sounds(folder, 0)
    assert [bank.number(group, "gong") for group in GROUPS] == [1, 0, 0]


def test_without_that_column_the_labels_of_events_are_the_classes(folder):
    rows = [(*row[:2], row[6] or "dog", *row[3:6]) for row in ROWS]
    table(folder / "catalogue.csv", COLUMNS[:6], rows)
    bank = recorded_sounds(folder, 0)
    assert bank.classes == ("dog", "gong", "speech")
    assert bank.number("test", "dog") == 2  # the knock's row, but no background


def test_a_recorded_sound_is_mono_float32_at_16_khz_with_a_peak_of_0_99(folder):
    wave = tone(0.5, rate=44_100, level=0.1)
    write(folder / "d.wav", np.stack([wave, wave], axis=1), 44_100)
    sound = recorded_sounds(folder, 0).sound("train", "gong", 0)
    assert sound.dtype == np.float32 and sound.ndim == 1
    assert len(sound) == pytest.approx(0.5 * RATE, abs=0.02 * RATE)
    assert np.abs(sound).max() == pytest.approx(0.99, abs=1e-4)
    crossings = np.count_nonzero(np.diff(np.signbit(sound)))
    assert crossings == pytest.approx(2 * 440 * len(sound) / RATE, rel=0.02)


@pytest.mark.parametrize(
    ("spans", "takes"),
    [
        ((-0.5, 1.0, -0.7), [1.0]),  # silence at the ends
        ((1.0, -0.5, 1.0), [2.5]),  # a short pause belongs to the sound
        ((1.0, -1.5, 0.6), [0.6, 1.0]),  # a longer one ends it
        ((3.0, -0.5, 2.0), [2.0, 3.0]),  # what does not fit is another take
        ((9.0,), [0.78, 4.11, 4.11]),  # a long one is cut
        ((4.5,), [4.11]),  # and its short rest left out
    ],
)
def test_takes_are_what_sounds_in_a_file(folder, spans, takes):
    write(folder / "d.wav", tone(*spans))
    bank = recorded_sounds(folder, 0)
    assert sorted(lengths(bank, "train", "gong")) == pytest.approx(takes, abs=0.03)
    longest = max(len(bank.sound("train", "gong", k)) for k in range(len(takes)))
    assert longest <= 65_792


def test_sources_take_turns(folder):
    # given a speaker with four takes, and one with one
    write(folder / "b.wav", tone(0.5, -2.0, 0.6, -2.0, 0.7, -2.0, 0.8))
    write(folder / "c.wav", tone(2.0))
    # then the latter is among the first two, whatever the seed
    orders = [lengths(recorded_sounds(folder, seed), "train", "speech") for seed in range(8)]
    assert all(2.0 in order[:2] for order in orders)
    assert {tuple(sorted(order)) for order in orders} == {(0.5, 0.6, 0.7, 0.8, 2.0)}
    assert len({tuple(order) for order in orders}) > 1


def test_a_folder_of_classes_may_name_them_at_will(tmp_path):
    files = [f"{label}/{group}.wav" for label in ("zither", "kazoo") for group in GROUPS]
    for k, file in enumerate(files):
        write(tmp_path / file, tone(0.4 + k / 50))
    table(tmp_path / "split.csv", ["file", "split"], zip(files, [*GROUPS, *GROUPS]))
    bank = recorded_sounds(tmp_path, 0)
    assert bank.classes == ("kazoo", "zither")
    assert bank.number("validation", "zither") == 1


def test_what_a_folder_lacks_is_said_in_words(folder, tmp_path):
    with pytest.raises(MissingData, match=r"neither catalogue\.csv nor split\.csv"):
        recorded_sounds(tmp_path / "nowhere", 0)
    table(folder / "catalogue.csv", COLUMNS, [row for row in ROWS if row[0] != "h.wav"])
    with pytest.raises(BadFile, match="split test has dog; at least two classes are needed"):
        recorded_sounds(folder, 0)
    renamed = [(*row[:6], "owl") if row[0] == "h.wav" else row for row in ROWS]
    table(folder / "catalogue.csv", COLUMNS, renamed)
    with pytest.raises(BadFile, match="split test has owl, which train lacks"):
        recorded_sounds(folder, 0)


def test_a_file_of_one_split_may_not_be_that_of_another_under_another_name(folder):
    (folder / "h.wav").write_bytes((folder / "c.wav").read_bytes())
    words = r"h\.wav: of split test, but byte for byte the file c\.wav of split train; .*remove one"
    with pytest.raises(BadFile, match=words):
        recorded_sounds(folder, 0)
    (folder / "h.wav").write_bytes((folder / "g.wav").read_bytes())
    assert recorded_sounds(folder, 0).classes == ("dog", "gong", "speech")  # both of test


def test_files_of_different_sizes_are_not_read_to_be_told_apart(folder, monkeypatch):
    monkeypatch.setattr(sounds, "file_digest", lambda path: pytest.fail(f"{path} was read"))
    recorded_sounds(folder, 0)


def test_a_sound_that_is_too_short_is_told_how_long_it_must_be(folder):
    write(folder / "d.wav", tone(0.3)[:20])
    words = r"d\.wav: too short, 20 samples at 16000 Hz; .*0\.02 seconds at least \(320 samples\)"
    with pytest.raises(BadFile, match=words):
        recorded_sounds(folder, 0).sound("train", "gong", 0)


def test_the_same_recordings_have_the_same_name(folder):
    before = recorded_sounds(folder, 0).name
    assert recorded_sounds(folder, 1).name == before
    write(folder / "a.wav", tone(0.9))
    assert recorded_sounds(folder, 0).name != before
