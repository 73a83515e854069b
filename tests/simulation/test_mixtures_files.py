"""The files of a set of mixtures: the same for the same arguments, whole or absent, refused where
others are there."""

import json
import pickle
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seldbench.contracts import Quiet
from seldbench.errors import BadFile, MissingData, SeldbenchError, UnknownName, WriteFailed
from seldbench.simulation.families import CLASSES, SMALL
from seldbench.simulation.mixtures import building, options
from seldbench.simulation.mixtures.files import sound_file
from seldbench.simulation.mixtures.sampling import SAMPLES
from seldbench.simulation.mixtures.simulating import simulate_mixtures
from seldbench.simulation.mixtures.sounds import recorded_sounds
from seldbench.simulation.mixtures.table import read_mixtures
from seldbench.storage import read_json

NAME = "mix75-sim"
FEW = replace(
    options.SCALES["tiny"], mixtures=(5, 2, 3), sounds=(2, 2, 2), classes=SMALL[:2], seconds=5
)


@pytest.fixture(autouse=True)
def few():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "SCALES", {**options.SCALES, "tiny": FEW})
        yield


def simulate(root, **given):
    return simulate_mixtures(root, **{"scale": "tiny", "jobs": 1, **given})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "SCALES", {"tiny": FEW})
        return root, simulate(root)


class Heard(Quiet):
    """A Progress that keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_set_holds_dry_sounds_noise_and_one_line_a_mixture(built):
    root, _ = built
    found = files(root / NAME)
    sounds = [name for name in found if name.startswith("sounds/")]
    assert len(sounds) == 3 * 2 * 2
    assert sorted(found.keys() - set(sounds)) == [
        "manifest.json",
        *(f"mixtures/{split}.jsonl" for split in ("test", "train", "valid")),
        *(f"noise/{split}/{k}.wav" for split in ("test", "train", "valid") for k in (0, 1)),
    ]
    assert [len(found[f"mixtures/{s}.jsonl"].splitlines()) for s in ("train", "valid", "test")] == [
        *(5, 2, 3)
    ]
    assert [p.name for p in root.iterdir()] == [NAME]


def test_sounds_and_noise_are_16_bit_at_16_khz(built):
    for path in (built[0] / NAME).rglob("*.wav"):
        info = soundfile.info(path)
        dry = "sounds" in path.parts
        assert (info.samplerate, info.subtype) == (16_000, "PCM_16")
        assert (info.channels, info.frames <= SAMPLES) == ((1, True) if dry else (8, False))


def test_a_line_has_every_number_that_rendering_needs_and_reads_back(built):
    path = built[0] / NAME / "mixtures/test.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["name"] for line in lines] == [f"test_{k:05d}" for k in range(3)]
    assert lines[0].keys() == {"name", "target", "snr", "noise", "sources"}
    assert lines[0]["noise"].keys() == {"file", "start", "gain"}
    assert lines[0]["sources"][0].keys() == {
        *("label", "sound", "azimuth", "onset", "samples", "level", "gain")
    }
    assert [json.loads(json.dumps(asdict(mixture))) for mixture in read_mixtures(path)] == lines


@pytest.mark.parametrize(
    "line, words",
    [
        ("{}", "not a mixture"),
        ("nothing", "not a mixture"),
        ('{"name": "a", "target": 2, "snr": 9, "noise": {}, "sources": []}', "not a mixture"),
    ],
)
def test_a_broken_line_is_named_by_its_file_and_number(tmp_path, built, line, words):
    good = (built[0] / NAME / "mixtures/test.jsonl").read_text().splitlines()[0]
    (tmp_path / "test.jsonl").write_text(f"{good}\n{line}\n")
    with pytest.raises(BadFile, match=rf"test\.jsonl, line 2: {words}"):
        read_mixtures(tmp_path / "test.jsonl")


def test_labels_that_are_no_file_names_get_one_each():
    names = [sound_file("test", label, 0) for label in ("a/b", "..", "a.b", "a%2Fb", "a b")]
    assert len(set(names)) == 5
    assert all(len(name.split("/")) == 4 and ".." not in name for name in names)


def test_a_set_is_the_same_bit_for_bit_whatever_the_number_of_processes(built, tmp_path):
    assert simulate(tmp_path, jobs=2) == built[1]
    assert files(tmp_path / NAME) == files(built[0] / NAME)


def test_another_seed_makes_other_sounds_other_noise_and_other_mixtures(built, tmp_path):
    assert simulate(tmp_path, seed=1)["fingerprint"] != built[1]["fingerprint"]
    before, after = files(built[0] / NAME), files(tmp_path / NAME)
    assert before.keys() == after.keys()
    assert all(before[path] != after[path] for path in before)


@pytest.mark.parametrize("stopped_at", [5, 19])
def test_an_interrupted_build_goes_on_and_ends_in_the_same_set(
    built, tmp_path, monkeypatch, stopped_at
):
    class Stopped(Exception):
        pass

    made, make = [], building._make

    def stops(task):
        if len(made) == stopped_at:  # among the sounds, then among the tables
            raise Stopped
        made.append(task)
        return make(task)

    monkeypatch.setattr(building, "_make", stops)
    with pytest.raises(Stopped):
        simulate(tmp_path)
    part = tmp_path / f".{NAME}.part"
    kept = {p: p.stat().st_mtime_ns for p in part.rglob("*.wav")}
    assert len(kept) == min(stopped_at, 18)
    assert not (tmp_path / NAME).exists()
    (part / "noise/train/.left.wav.123.part").write_bytes(b"half a file")

    monkeypatch.setattr(building, "_make", make)
    assert simulate(tmp_path) == built[1]

    assert files(tmp_path / NAME) == files(built[0] / NAME)
    for path, stamp in kept.items():
        assert (tmp_path / NAME / path.relative_to(part)).stat().st_mtime_ns == stamp


def test_a_set_that_is_there_is_left_alone(built):
    before = {p: p.stat().st_mtime_ns for p in built[0].rglob("*")}
    assert simulate(built[0]) == built[1]
    assert {p: p.stat().st_mtime_ns for p in built[0].rglob("*")} == before


def test_what_is_missing_of_a_set_is_made_again_as_it_was(built, tmp_path):
    shutil.copytree(built[0], tmp_path, dirs_exist_ok=True)
    before = files(tmp_path)
    gone = ["sounds/test/" + SMALL[0] + "/0.wav", "noise/valid/1.wav", "mixtures/train.jsonl"]
    for file in gone:
        (tmp_path / NAME / file).unlink()
    heard = Heard()
    assert simulate(tmp_path, progress=heard) == built[1]
    assert files(tmp_path) == before
    assert heard.lines[-1] == f"{tmp_path / NAME}: what was missing is made again"


def test_a_set_with_a_changed_file_is_not_taken_for_one_that_is_there(built, tmp_path):
    shutil.copytree(built[0], tmp_path, dirs_exist_ok=True)
    path = tmp_path / NAME / "noise/test/0.wav"
    path.write_bytes(path.read_bytes()[:-2])
    for lacking in (False, True):
        if lacking:
            (tmp_path / NAME / "noise/valid/1.wav").unlink()
        before = files(tmp_path)
        with pytest.raises(BadFile, match=r"changed or added since, or .*; remove that folder"):
            simulate(tmp_path)
        assert files(tmp_path) == before


def test_a_set_without_a_manifest_that_can_be_read_is_refused_with_the_remedy(tmp_path):
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "manifest.json").write_text("{")
    with pytest.raises(BadFile, match=r"manifest\.json: not JSON .*; remove .* and simulate again"):
        simulate(tmp_path)


@pytest.mark.parametrize(
    "given, words",
    [
        ({"seed": 7}, "seed 0; wanted: seed 7"),
        ({"scale": "small"}, "scale tiny; wanted: scale small"),
        ({"array": "head"}, "array direct; wanted: array head"),
        ({"noise": "coherent"}, "noise diffuse; wanted: noise coherent"),
        ({"jitter": 5}, "jitter 0; wanted: jitter 5"),
        ({"levels": "equal"}, "levels dominant; wanted: levels equal"),
    ],
)
def test_a_set_of_other_arguments_in_the_same_place_is_an_error_that_names_both(
    built, given, words
):
    with pytest.raises(BadFile, match=words):
        simulate(built[0], **given)


@pytest.mark.parametrize(
    "given, error, words",
    [
        ({"scale": "smal"}, UnknownName, r"no scale named 'smal' \(near: small\)"),
        ({"array": "room"}, UnknownName, "no array named 'room'.*direct, head"),
        ({"noise": "white"}, UnknownName, "no noise named 'white'"),
        ({"levels": "equals"}, UnknownName, r"no levels named 'equals' \(near: equal\)"),
        ({"jitter": 11}, SeldbenchError, "jitter: 11 given; whole degrees from 0 to 10"),
        ({"jobs": 0}, SeldbenchError, "1 or more processes"),
        ({"fill_missing": "procedural"}, SeldbenchError, "leave out --fill-missing"),
        ({"sounds": Path("nowhere")}, MissingData, "nowhere"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_written(tmp_path, given, error, words):
    with pytest.raises(error, match=words):
        simulate(tmp_path, **given)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_is_reported_and_nothing_is_left_under_the_final_name(
    tmp_path, monkeypatch
):
    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteFailed, match="No space left on device"):
        simulate(tmp_path)
    assert not (tmp_path / NAME).exists()


def test_the_manifest_says_what_the_set_is_made_of(built):
    root, manifest = built
    assert read_json(root / NAME / "manifest.json") == manifest
    assert manifest["counts"] == {"train": 5, "valid": 2, "test": 3}
    assert manifest["classes"] == manifest["test_classes"] == list(SMALL[:2])
    assert (manifest["sounds"], manifest["seed"], manifest["scale"]) == ("builtin", 0, "tiny")
    given = {name: manifest[name] for name in ("array", "noise", "jitter", "levels")}
    assert given == {"array": "direct", "noise": "diffuse", "jitter": 0, "levels": "dominant"}


def test_the_scales_are_those_of_the_specification():
    full, small = options.SCALES["full"], options.SCALES["small"]
    assert full.mixtures == (10_000, 1000, 1000) and full.classes == CLASSES
    assert small.mixtures == (1000, 300, 500) and small.classes == SMALL
    assert len(CLASSES) == 75 and len(SMALL) == 12


# A folder of recordings


@pytest.fixture
def recordings(tmp_path):
    """Three classes, the third of which has sounds for training alone."""
    rng = np.random.default_rng(0)
    rows = ["file,split"]
    for label in ("dog", "bell", "rain"):
        for split in ("train", "validation", "test"):
            for take in range(2):
                if label == "rain" and split != "train":
                    continue
                path = tmp_path / "sounds" / label / f"{split}{take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, 0.1 * rng.standard_normal(12_000), 24_000)
                rows.append(f"{label}/{path.name},{split}")
    (tmp_path / "sounds/split.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "sounds"


def test_a_class_with_sounds_for_training_alone_occurs_in_no_other_mixture(tmp_path, recordings):
    root = tmp_path / "data"
    manifest = simulate(root, sounds=recordings)
    assert manifest["classes"] == ["bell", "dog", "rain"]
    assert manifest["test_classes"] == ["bell", "dog"]
    assert (manifest["sounds_folder"], len(manifest["origins"]["rain"])) == ("sounds", 2)
    labels = {
        split: {
            source.label
            for mixture in read_mixtures(root / NAME / f"mixtures/{split}.jsonl")
            for source in mixture.sources
        }
        for split in ("train", "valid", "test")
    }
    assert labels == {
        "train": {"bell", "dog", "rain"},
        "valid": {"bell", "dog"},
        "test": {"bell", "dog"},
    }


def test_other_processes_are_handed_the_recordings(recordings):
    bank = pickle.loads(pickle.dumps(recorded_sounds(recordings, 0)))
    assert np.array_equal(
        bank.sound("test", "dog", 1), recorded_sounds(recordings, 0).sound("test", "dog", 1)
    )


def test_after_a_sound_that_is_refused_nothing_is_left(tmp_path, recordings):
    soundfile.write(recordings / "dog/train0.wav", np.zeros(8000), 16_000)
    root = tmp_path / "new/data"
    with pytest.raises(BadFile, match=r"dog/train0\.wav: silent; remove its row"):
        simulate(root, sounds=recordings)
    assert not (tmp_path / "new").exists()
    root.mkdir(parents=True)
    with pytest.raises(BadFile, match="silent"):
        simulate(root, sounds=recordings)
    assert not list(root.iterdir())
