"""Simulated SELD sets on disk: the real sets' layouts, the same bits every time, all or nothing."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seldbench.annotations import read_directions
from seldbench.contracts import Quiet
from seldbench.errors import BadFile, MissingData, SeldbenchError, UnknownName, WriteFailed
from seldbench.simulation.dry import builtin_bank
from seldbench.simulation.scenes import building, options
from seldbench.simulation.scenes.kinds import STARSS23, TNSSE2021
from seldbench.simulation.scenes.options import GENERATOR, Scale
from seldbench.simulation.scenes.simulating import simulate_scenes
from seldbench.simulation.spatial import Grid
from seldbench.storage import read_json

SECONDS = 4
KINDS = {kind.name: replace(kind, coarse=Grid(24, (0,), (1.0,))) for kind in (TNSSE2021, STARSS23)}
TNSSE, STARSS = "tnsse2021-sim", "starss23-sim"


@pytest.fixture(autouse=True)
def few_clips(monkeypatch):
    monkeypatch.setattr(options, "SCALES", {"tiny": Scale((3, 1, 1), SECONDS, 3, coarse=True)})


def simulate(root, name=TNSSE, jobs=1, **given):
    return simulate_scenes(KINDS[name], root, scale="tiny", jobs=jobs, **given)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Both sets, made once; read only."""
    root = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "SCALES", {"tiny": Scale((3, 1, 1), SECONDS, 3, coarse=True)})
        return root, {name: simulate(root, name) for name in KINDS}


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def scenes(root, name):
    return [json.loads(line) for line in (root / name / "scene.jsonl").read_text().splitlines()]


def names_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def test_files_lie_where_the_real_sets_have_them(built):
    root, _ = built
    stems = [
        "dev-test/fold6_room1_mix001",
        *(f"dev-train/fold1_room1_mix00{k}" for k in (1, 2, 3)),
        "dev-val/fold5_room1_mix001",
    ]
    for kind, suffix in (("foa", "wav"), ("mic", "wav"), ("metadata", "csv")):
        found = names_below(root / TNSSE / f"{kind}_dev")
        assert found == [f"{stem}.{suffix}" for stem in stems]
    assert names_below(root / STARSS / "foa_dev") == [
        "dev-test-sony/fold4_room23_mix001.wav",
        *(f"dev-train-sony/fold3_room21_mix00{k}.wav" for k in (1, 2, 3)),
        "dev-train-sony/fold3_room22_mix001.wav",
    ]
    beside = {p.name for p in (root / TNSSE).iterdir()}
    assert beside == {
        *("foa_dev", "mic_dev", "metadata_dev"),
        *("manifest.json", "rooms.json", "scene.jsonl"),
    }
    assert sorted(p.name for p in root.iterdir()) == [STARSS, TNSSE]


def test_recordings_have_four_channels_of_16_bit_at_24_khz_and_are_not_clipped(built):
    root, _ = built
    recordings = list(root.rglob("*.wav"))
    assert len(recordings) == 20
    for path in recordings:
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (24_000, 4, "PCM_16")
        assert info.frames == 24_000 * SECONDS
        wave, _ = soundfile.read(path)
        assert 0.05 < np.abs(wave).max() < 0.96


@pytest.mark.parametrize("name, dialect", [(TNSSE, "polar"), (STARSS, "polar_distance_cm")])
def test_metadata_are_rows_of_whole_numbers_that_read_back(built, name, dialect):
    root, _ = built
    for path in (root / name).rglob("*.csv"):
        rows = [line.split(",") for line in path.read_text().splitlines()]
        assert all(str(int(cell)) == cell for row in rows for cell in row)
        table = read_directions(path, dialect)
        assert len(table) == len(rows) > 0
        assert table.frame.max() < 10 * SECONDS
        assert np.bincount(table.frame).max() <= 3


@pytest.mark.parametrize("name", [TNSSE, STARSS])
def test_rows_are_those_of_the_targets_and_none_of_an_interferer(built, name):
    root, _ = built
    classes = KINDS[name].classes
    for scene in scenes(root, name):
        (path,) = (root / name).rglob(f"{scene['name']}.csv")
        rows = {(int(c), int(n)) for _, c, n, *_ in (r.split(",") for r in path.open())}
        targets = [s for s in scene["sounds"] if s["role"] == "target"]
        others = [s for s in scene["sounds"] if s["role"] == "interferer"]
        assert rows == {(classes.index(s["label"]), s["number"]) for s in targets}
        assert others
        assert all(s["number"] is None and s["label"] not in classes for s in others)


def test_scenes_tell_when_and_from_where_every_sound_came(built):
    root, _ = built
    listed = scenes(root, TNSSE)
    assert [scene["split"] for scene in listed] == ["train"] * 3 + ["valid", "test"]
    for scene in listed:
        assert scene["gains"].keys() == {"targets", "interferers", "noise", "scene"}
        for sound in scene["sounds"]:
            assert 0 <= sound["onset"] < sound["offset"] <= SECONDS
            assert {"source", "seed", "azimuth", "elevation", "distance", "speed"} <= sound.keys()
            assert sound["gain"] > 0


@pytest.mark.parametrize("name", [TNSSE, STARSS])
def test_train_valid_and_test_share_no_room(built, name):
    root, _ = built
    rooms = read_json(root / name / "rooms.json")
    used = {(scene["split"], scene["room"]) for scene in scenes(root, name)}
    assert {room for _, room in used} == rooms.keys()
    assert all(rooms[room]["split"] == split for split, room in used)
    sizes = {tuple(room["size"]) for room in rooms.values()}
    assert len(sizes) == len(rooms) == 3


@pytest.mark.parametrize("name", [TNSSE, STARSS])
def test_train_valid_and_test_ask_for_sources_of_their_own_group(name):
    bank = builtin_bank(KINDS[name].classes, 0)
    groups = ("train", "validation", "test")
    for label in KINDS[name].classes:
        pools = [{repr(source) for source in bank.sources(g, label)} for g in groups]
        assert not pools[0] & pools[1] and not pools[0] & pools[2] and not pools[1] & pools[2]


def test_a_set_is_the_same_bit_for_bit_whatever_the_number_of_processes(built, tmp_path):
    root, manifests = built
    assert simulate(tmp_path, jobs=2) == manifests[TNSSE]
    assert files(tmp_path / TNSSE) == files(root / TNSSE)


def test_another_seed_makes_other_scenes(built, tmp_path):
    root, manifests = built
    assert simulate(tmp_path, seed=1)["fingerprint"] != manifests[TNSSE]["fingerprint"]
    before, after = files(root / TNSSE), files(tmp_path / TNSSE)
    assert before.keys() == after.keys()
    assert all(before[path] != after[path] for path in before)


def test_an_interrupted_build_goes_on_and_ends_in_the_same_set(built, tmp_path, monkeypatch):
    class Stopped(Exception):
        pass

    made = []
    write = building.write_scene

    def stops(*given):
        if len(made) == 2:
            raise Stopped
        made.append(given[3].name)
        write(*given)

    monkeypatch.setattr(building, "write_scene", stops)
    with pytest.raises(Stopped):
        simulate(tmp_path)
    part = tmp_path / f".{TNSSE}.part"
    assert part.is_dir()
    assert not (tmp_path / TNSSE).exists()
    kept = {p: p.stat().st_mtime_ns for p in part.rglob("*.wav")}
    assert len(kept) == 4
    (part / "foa_dev/dev-train/.left.wav.123.part").write_bytes(b"half a file")

    monkeypatch.setattr(building, "write_scene", write)
    assert simulate(tmp_path) == built[1][TNSSE]

    assert files(tmp_path / TNSSE) == files(built[0] / TNSSE)
    for path, stamp in kept.items():
        assert (tmp_path / TNSSE / path.relative_to(part)).stat().st_mtime_ns == stamp


def test_two_that_make_one_set_at_once_make_it_once(built, tmp_path):
    said = []

    class Heard(Quiet):
        def say(self, line):
            said.append(line)

    def make():
        simulate(tmp_path, progress=Heard())

    both = [threading.Thread(target=make) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert files(tmp_path / TNSSE) == files(built[0] / TNSSE)
    assert [p.name for p in tmp_path.iterdir()] == [TNSSE]
    assert sorted(line.split(": ")[1] for line in said) == [
        "5 clips",
        "already there",
        "another process makes it; waiting",
    ]


def test_a_set_that_is_there_is_left_alone(built):
    root, manifests = built
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    assert simulate(root) == manifests[TNSSE]
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


@pytest.mark.parametrize(
    "given, words",
    [
        ({"seed": 7}, "seed 0; wanted: seed 7"),
        ({"snr": (6, 20)}, r"snr \[6, 30\]; wanted: snr \[6, 20\]"),
        ({"moving": 0.0}, "moving None; wanted: moving 0.0"),
        ({"overlap": 2}, "overlap 3; wanted: overlap 2"),
        ({"interferers": False}, "interferers True; wanted: interferers False"),
    ],
)
def test_a_set_of_other_options_in_the_same_place_is_an_error_that_names_both(built, given, words):
    with pytest.raises(BadFile, match=words):
        simulate(built[0], **given)


def test_the_manifest_says_what_the_set_is_made_of(built):
    root, manifests = built
    for name, manifest in manifests.items():
        assert read_json(root / name / "manifest.json") == manifest
        assert manifest["counts"] == {"train": 3, "valid": 1, "test": 1}
        assert manifest["classes"] == list(KINDS[name].classes)
        assert manifest["generator"] == GENERATOR
        assert (manifest["sounds"], manifest["seed"], manifest["rooms"]) == ("builtin", 0, 3)
        test = {s["label"] for s in scenes(root, name)[-1]["sounds"] if s["role"] == "target"}
        assert set(manifest["test_classes"]) == test


def test_a_set_is_made_of_recordings_by_their_classes_folders(tmp_path):
    rng = np.random.default_rng(0)
    rows = ["file,split"]
    for label in ("female speech", "alarm"):
        for split in ("train", "validation", "test"):
            path = tmp_path / "sounds" / label / f"{split}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.1 * rng.standard_normal(24_000), 24_000)
            rows.append(f"{label}/{split}.wav,{split}")
    (tmp_path / "sounds/split.csv").write_text("\n".join(rows) + "\n")

    manifest = simulate(tmp_path, sounds=tmp_path / "sounds")

    assert manifest["sounds"] != "builtin"
    assert manifest["sounds_folder"] == "sounds"
    assert {s["label"] for scene in scenes(tmp_path, TNSSE) for s in scene["sounds"]} == {
        "female speech",
        "alarm",
    }


def test_what_cannot_be_made_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UnknownName, match="'procedural' expected"):
        simulate(tmp_path, sounds=tmp_path, fill_missing="all")
    with pytest.raises(SeldbenchError, match="for a folder of sounds"):
        simulate(tmp_path, fill_missing="procedural")
    with pytest.raises(MissingData, match=r"catalogue\.csv"):
        simulate(tmp_path, sounds=tmp_path)
    with pytest.raises(SeldbenchError, match="1 or more processes"):
        simulate(tmp_path, jobs=0)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_is_reported_and_nothing_is_left_under_the_final_name(
    tmp_path, monkeypatch
):
    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteFailed, match="No space left on device"):
        simulate(tmp_path)
    assert not (tmp_path / TNSSE).exists()
