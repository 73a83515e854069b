"""Simulated tagging sets: the real layouts, the same bytes from the same arguments, no leaks."""

import csv
import json
import re
from collections import Counter

import numpy as np
import pytest
import soundfile

from seldbench.errors import BadFile, SeldbenchError, UnknownName
from seldbench.simulation.signals import Signals
from seldbench.simulation.tagging import (
    AUDIOSET,
    ESC50,
    SPEECH_COMMANDS,
    audioset,
    esc50,
    simulate_esc50,
    speech_commands,
)
from seldbench.simulation.tagging.families import CLASSES, some_classes, sound
from seldbench.simulation.tagging.making import SCALES
from seldbench.simulation.tagging.recording import recorded
from seldbench.simulation.tagging.words import WORDS, say
from seldbench.simulation.voices import Speaker

KINDS = (ESC50, SPEECH_COMMANDS, AUDIOSET)
AT = Signals(16_000)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def few(monkeypatch):
    """The tiny ESC-50 twin cut down to two classes of five clips."""
    monkeypatch.setitem(esc50.SIZES, "tiny", (2, 5))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_file_is_the_same_however_and_whenever_it_is_made(kind):
    first, again = (kind.plan("tiny", 3).plans for _ in range(2))
    assert first == again
    plan = first[len(first) // 2]
    wave = kind.render(plan, 3)
    assert np.array_equal(wave, kind.render(plan, 3))
    assert not np.array_equal(wave, kind.render(plan, 4))
    assert np.isfinite(wave).all() and 0.01 < np.abs(wave).max() <= 1.0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("scale", ["tiny", "small"])
def test_every_file_of_a_set_has_a_name_of_its_own(kind, scale):
    files = [plan.file for plan in kind.plan(scale, 0).plans]
    assert len(set(files)) == len(files)


@pytest.mark.parametrize("scale", SCALES)
def test_esc50_has_as_many_clips_of_a_class_in_one_fold_as_in_another(scale):
    content = esc50.plan(scale, 0)
    classes, each = esc50.SIZES[scale]
    assert len(content.classes) == classes and len(content.plans) == classes * each
    counts = Counter((p.label, p.fold) for p in content.plans)
    assert max(counts.values()) - min(counts.values()) <= 1
    folds = Counter(p.fold for p in content.plans)
    assert set(folds.values()) == {classes * each // 5}


def test_takes_of_a_source_share_its_fold_and_are_at_most_four():
    takes = {}
    for p in esc50.plan("full", 0).plans:
        takes.setdefault(p.source, []).append((p.label, p.fold, p.take))
    assert {len(of) for of in takes.values()} == {1, 2, 3, 4}
    assert all(len({(label, fold) for label, fold, _ in of}) == 1 for of in takes.values())


def test_the_table_of_esc50_says_what_the_names_say():
    content = esc50.plan("small", 0)
    rows = list(csv.DictReader(content.tables["meta/esc50.csv"].splitlines()))
    assert len(rows) == len(content.plans)
    for row in rows:
        name = f"{row['fold']}-{row['src_file']}-{row['take']}-{row['target']}.wav"
        assert row["filename"] == name
        assert content.classes[int(row["target"])] == row["category"]


def test_small_sets_take_classes_of_every_family():
    assert len(CLASSES) == len(set(CLASSES)) == 50
    assert some_classes(50) == CLASSES
    for count in (10, 20):
        chosen = [CLASSES.index(name) for name in some_classes(count)]
        assert {k // 10 for k in chosen} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("label", CLASSES)
def test_every_class_sounds_and_varies_with_source_and_take(label):
    first = sound(label, AT, 1.0, rng(1), rng(2))
    assert len(first) == 16_000 and np.isfinite(first).all() and np.std(first) > 0
    assert np.array_equal(first, sound(label, AT, 1.0, rng(1), rng(2)))
    assert not np.array_equal(first, sound(label, AT, 1.0, rng(3), rng(2)))
    assert not np.array_equal(first, sound(label, AT, 1.0, rng(1), rng(4)))


def test_a_recorded_clip_has_its_length_and_a_level_below_full_scale():
    dry = np.sin(2 * np.pi * 440 * np.arange(8000) / 16_000)
    peaks = []
    for seed in range(20):
        clip = recorded(dry, AT, 2.0, rng(seed))
        assert clip.shape == (32_000,)
        peaks.append(np.abs(clip).max())
    assert max(peaks) <= 10 ** (-1 / 20) + 1e-9
    assert 20 * np.log10(max(peaks) / min(peaks)) > 6  # loudness tells nothing


def test_the_words_are_those_of_the_set_each_of_two_to_four_phones_and_unlike_the_others():
    from seldbench.datasets.speech_commands_v2 import CLASSES as REAL

    assert tuple(sorted(WORDS)) == REAL
    assert all(2 <= len(phones) <= 4 for phones in WORDS.values())
    assert len(set(WORDS.values())) == 35


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_said_within_the_clip(word):
    speaker = Speaker.draw(0.4, rng(1))
    wave = say(word, speaker, 0.95, rng(2))
    assert 0.05 < len(wave) / 16_000 <= 0.951 and np.isfinite(wave).all() and wave.std() > 0


def test_no_speaker_is_in_two_splits_and_the_lists_hold_a_tenth_each():
    content = speech_commands.plan("small", 0)
    names = {p.name for p in content.plans if isinstance(p, speech_commands.WordPlan)}
    listed = {of: content.tables[name].split() for of, name in speech_commands.LISTS.items()}
    speakers = {of: {line.split("/")[1][:8] for line in lines} for of, lines in listed.items()}
    rest = {name.split("/")[1][:8] for name in names - set(listed["valid"]) - set(listed["test"])}
    assert len(speakers["valid"]) == len(speakers["test"]) == 6 and len(rest) == 48
    assert not speakers["valid"] & speakers["test"] and not rest & speakers["valid"]
    assert not rest & speakers["test"]
    assert all(re.fullmatch(r"\w+/[0-9a-f]{8}_nohash_\d+\.wav", name) for name in names)
    assert content.counts == {"train": 48 * 35, "valid": 6 * 35, "test": 6 * 35}


def test_there_are_six_long_noises_of_which_no_list_knows():
    content = speech_commands.plan("tiny", 0)
    noises = [p for p in content.plans if isinstance(p, speech_commands.NoisePlan)]
    assert len(noises) == 6
    assert len(speech_commands.render(noises[-1], 0)) == 5 * 16_000
    assert "_background_noise_" not in "".join(content.tables.values())


def test_some_words_are_in_files_shorter_than_a_second():
    plans = [p for p in speech_commands.plan("tiny", 0).plans if hasattr(p, "word")][:60]
    lengths = [len(speech_commands.render(p, 0)) for p in plans]
    assert max(lengths) == 16_000
    assert 0 < sum(n < 16_000 for n in lengths) < 20


def test_audioset_lists_name_real_mids_and_the_files_that_there_are():
    content = audioset.plan("tiny", 0)
    rows = list(csv.DictReader(content.tables[audioset.LABELS].splitlines()))
    assert [int(row["index"]) for row in rows] == list(range(19))
    mids = {row["mid"] for row in rows}
    files = {p.file for p in content.plans}
    for name in audioset.INDICES.values():
        for entry in json.loads(content.tables[name])["data"]:
            assert set(entry["labels"].split(",")) <= mids and entry["wav"] in files
    labels = [len(p.kinds) for p in content.plans]
    assert set(labels) == {1, 2, 3, 4}


def test_the_balanced_list_is_balanced_and_the_other_is_not():
    content = audioset.plan("small", 0)
    shares = {}
    for split in audioset.INDICES:
        counts = Counter(k for p in content.plans if p.split == split for k in p.kinds)
        shares[split] = max(counts.values()) / min(counts.values())
    assert shares["train/balanced"] < 2
    assert shares["train/unbalanced"] > 4 and shares["test"] > 4


def test_a_set_is_built_whole_and_found_again(tmp_path, few):
    made = simulate_esc50(tmp_path, scale="tiny", seed=1, jobs=1)
    assert made["counts"] == {"test": 10} and made["sounds"] == "builtin"
    folder = tmp_path / "esc50-sim" / "ESC-50-master"
    files = sorted((folder / "audio").iterdir())
    assert len(files) == 10
    info = soundfile.info(files[0])
    assert (info.samplerate, info.channels, info.duration) == (44100, 1, 5.0)
    assert info.subtype == "PCM_16"
    before = files[0].stat().st_mtime_ns
    assert simulate_esc50(tmp_path, scale="tiny", seed=1, jobs=1) == made
    assert files[0].stat().st_mtime_ns == before
    with pytest.raises(BadFile, match="holds another set"):
        simulate_esc50(tmp_path, scale="tiny", seed=2, jobs=1)


def test_processes_make_the_same_bytes_as_one(tmp_path, few):
    digests = []
    for jobs in (1, 2):
        simulate_esc50(tmp_path / str(jobs), scale="tiny", jobs=jobs)
        files = sorted((tmp_path / str(jobs)).rglob("*.wav"))
        digests.append([(file.name, file.read_bytes()) for file in files])
    assert digests[0] == digests[1]


def test_an_interrupted_build_goes_on_at_the_missing_file(tmp_path, few):
    class Stops:
        def say(self, line): ...
        def advance(self, task, done, total, note=""):
            if done == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_esc50(tmp_path, scale="tiny", jobs=1, progress=Stops())
    part = tmp_path / ".esc50-sim.part"
    kept = {file: file.stat().st_mtime_ns for file in part.rglob("*.wav")}
    assert len(kept) == 4
    simulate_esc50(tmp_path, scale="tiny", jobs=1)
    for file, when in kept.items():
        again = tmp_path / "esc50-sim" / file.relative_to(part)
        assert again.stat().st_mtime_ns == when


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"scale": "tini"}, UnknownName, "near: tiny"),
        ({"scale": "tiny", "sounds": "here"}, SeldbenchError, "leave out --sounds"),
        ({"scale": "tiny", "fill_missing": "procedural"}, SeldbenchError, "leave out --sounds"),
        ({"scale": "tiny", "jobs": 0}, SeldbenchError, "1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(tmp_path, options, error, words):
    with pytest.raises(error, match=words):
        simulate_esc50(tmp_path, **options)
    assert list(tmp_path.iterdir()) == []
