"""The simulated data set on disk: DESED's layout, the same bits every time, all or nothing."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seldbench.errors import BadFile, SeldbenchError, UnknownName, WriteFailed
from seldbench.simulation import make_clip, simulate_desed
from seldbench.simulation.bank import ProceduralBank
from seldbench.simulation.building import clip_path
from seldbench.simulation.calibration import GENERATOR, SIZES
from seldbench.simulation.desed import NAME, PART
from seldbench.simulation.planning import plan_split
from seldbench.simulation.splits import SPLITS
from seldbench.simulation.tables import tables
from seldbench.storage import read_json

FEW = (2, 3, 2, 3, 2, 3)  # clips a split, in place of a scale's


@pytest.fixture(autouse=True)
def few_clips(monkeypatch):
    monkeypatch.setitem(SIZES, "tiny", FEW)


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small set, made once; read only."""
    root = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "tiny", FEW)
        manifest = simulate_desed(root, scale="tiny", jobs=1)
    return root, manifest


def table(root, name):
    lines = (root / NAME / "dataset/metadata" / name).read_text().splitlines()
    return [line.split("\t") for line in lines]


def test_the_scales_have_the_sizes_of_the_specification():
    assert sum(SIZES["small"]) == 3436
    assert SIZES["full"] == (1578, 14412, 3470, 10000, 2500, 1168)


def test_a_set_is_the_same_bit_for_bit_whatever_the_number_of_processes(built, tmp_path):
    root, manifest = built
    assert simulate_desed(tmp_path, scale="tiny", jobs=2) == manifest
    assert files(tmp_path) == files(root)


def test_another_seed_gives_other_clips(built, tmp_path):
    root, manifest = built
    other = simulate_desed(tmp_path, scale="tiny", seed=1, jobs=1)
    assert other["fingerprint"] != manifest["fingerprint"]
    clips = [f for f in files(tmp_path) if f.endswith("/0.wav")]
    assert clips and all(files(tmp_path)[f] != files(root)[f] for f in clips)


def test_one_clip_made_alone_is_the_one_on_disk(built):
    root, _ = built
    for split in ("test", "train/synthetic"):
        plan, wave = make_clip(split, 1, scale="tiny")
        on_disk, rate = soundfile.read(clip_path(root / NAME / "dataset", plan), dtype="int16")
        assert rate == 16_000
        assert np.array_equal(wave, on_disk)


def test_clips_lie_where_desed_has_them_in_16_bit_at_16_khz(built):
    root, manifest = built
    audio = root / NAME / "dataset/audio"
    folders = {
        "train/weak_16k": 2,
        "train/unlabel_in_domain_16k": 3,
        "train/strong_label_real_16k": 2,
        "train/synthetic21_train/soundscapes_16k": 3,
        "validation/synthetic21_validation/soundscapes_16k": 2,
        "validation/validation_16k": 3,
    }
    for folder, count in folders.items():
        clips = list((audio / folder).iterdir())
        assert len(clips) == count
        for clip in clips:
            info = soundfile.info(clip)
            assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
    assert list(manifest["counts"].values()) == list(FEW)


def test_recordings_are_named_like_desed_but_say_that_they_are_simulated(built):
    root, _ = built
    pattern = re.compile(r"Ysim[\w-]{8}_(\d+\.\d{3})_(\d+\.\d{3})\.wav")
    for folder in ("weak", "unlabel_in_domain", "strong_label_real"):
        for clip in (root / NAME / f"dataset/audio/train/{folder}_16k").iterdir():
            start, end = map(float, pattern.fullmatch(clip.name).groups())
            assert end - start == pytest.approx(soundfile.info(clip).duration, abs=1e-4)
    synthetic = root / NAME / "dataset/audio/train/synthetic21_train/soundscapes_16k"
    assert {p.name for p in synthetic.iterdir()} == {"0.wav", "1.wav", "2.wav"}


def test_tables_have_desed_columns(built):
    root, _ = built
    strong = table(root, "validation/validation.tsv")
    assert strong[0] == ["filename", "onset", "offset", "event_label"]
    assert len({row[0] for row in strong[1:]}) == 3
    durations = table(root, "validation/validation_durations.tsv")
    assert durations[0] == ["filename", "duration"]
    assert len(durations) == 4
    assert table(root, "train/weak.tsv")[0] == ["filename", "event_labels"]
    assert table(root, "train/unlabel_in_domain.tsv")[0] == ["filename"]
    assert len(table(root, "train/audioset_strong.tsv")) > 2
    assert len(table(root, "train/synthetic21_train/soundscapes.tsv")) > 3
    assert len(table(root, "validation/synthetic21_validation/durations.tsv")) == 3


def test_a_clip_without_events_keeps_its_row():
    plans = plan_split("test", 240, 0, ProceduralBank(0))
    (path, text), _ = tables(SPLITS["test"], plans).items()
    rows = [line.split("\t") for line in text.splitlines()]
    assert path == "metadata/validation/validation.tsv"
    assert {row[0] for row in rows[1:]} == {p.name for p in plans}
    assert sum(row[1:] == ["", "", ""] for row in rows) == 3


def test_the_manifest_says_what_the_set_is_made_of(built):
    root, manifest = built
    assert read_json(root / NAME / "manifest.json") == manifest
    assert manifest["sounds"] == "builtin"
    assert manifest["generator"] == GENERATOR
    labels = {row[3] for row in table(root, "validation/validation.tsv")[1:] if row[3]}
    assert manifest["test_classes"] == sorted(labels)


def test_a_set_that_is_there_is_left_alone(built):
    root, manifest = built
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    assert simulate_desed(root, scale="tiny", jobs=1) == manifest
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


def test_another_set_in_the_same_place_is_an_error_that_names_both(built):
    root, _ = built
    with pytest.raises(BadFile, match=r"seed 0; wanted: seed 7.*another --data-root"):
        simulate_desed(root, scale="tiny", seed=7)


def test_a_foreign_folder_in_the_sets_place_is_not_touched(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(BadFile, match=r"without manifest\.json"):
        simulate_desed(tmp_path, scale="tiny")


def test_a_killed_build_leaves_no_set_and_goes_on_to_the_same_one(built, tmp_path):
    code = (
        "import sys; from pathlib import Path; from seldbench.simulation import simulate_desed\n"
        "from seldbench.simulation.calibration import SIZES\n"
        f"SIZES['tiny'] = {FEW}\n"
        "simulate_desed(Path(sys.argv[1]), scale='tiny', jobs=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    while not list((tmp_path / PART).rglob("*.wav")) and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / NAME).exists()
    made = list((tmp_path / PART).rglob("*.wav"))
    stamps = {p.name: p.stat().st_mtime_ns for p in made}
    (made[0].parent / ".left.wav.123.part").write_bytes(b"half a file")

    manifest = simulate_desed(tmp_path, scale="tiny", jobs=1)

    assert manifest == built[1]
    assert files(tmp_path) == files(built[0])
    kept = (tmp_path / NAME).rglob(made[0].name)
    assert stamps[made[0].name] in {p.stat().st_mtime_ns for p in kept}


def test_what_another_sets_interrupted_build_left_is_not_used(built, tmp_path):
    (tmp_path / PART / "dataset").mkdir(parents=True)
    (tmp_path / PART / "dataset/old.wav").write_bytes(b"")
    (tmp_path / PART / "parameters.json").write_text('{"seed": 5}')
    simulate_desed(tmp_path, scale="tiny", jobs=1)
    assert files(tmp_path) == files(built[0])


def test_a_disk_that_fills_up_is_reported_and_nothing_is_left_under_the_final_name(
    tmp_path, monkeypatch
):
    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteFailed, match="No space left on device"):
        simulate_desed(tmp_path, scale="tiny", jobs=1)
    assert not (tmp_path / NAME).exists()


def test_a_root_that_is_a_file_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailed, match="file"):
        simulate_desed(tmp_path / "file", scale="tiny")


def test_unknown_names_are_errors_with_the_nearest_one(tmp_path):
    with pytest.raises(UnknownName, match="near: small"):
        simulate_desed(tmp_path, scale="smal")
    with pytest.raises(UnknownName, match="near: test"):
        make_clip("tests", 0, scale="tiny")
    with pytest.raises(UnknownName, match="clips 0 to 2"):
        make_clip("test", 3, scale="tiny")
    with pytest.raises(SeldbenchError, match="jobs"):
        simulate_desed(tmp_path, scale="tiny", jobs=0)
    with pytest.raises(SeldbenchError, match="folder of sounds"):
        simulate_desed(tmp_path, scale="tiny", fill_missing="procedural")
    assert not list(tmp_path.iterdir())


def test_progress_counts_every_clip_once(tmp_path):
    class Lines:
        def __init__(self):
            self.counts, self.lines = [], []

        def say(self, line):
            self.lines.append(line)

        def advance(self, task, done, total, note=""):
            self.counts.append((done, total))

    heard = Lines()
    simulate_desed(tmp_path, scale="tiny", jobs=1, progress=heard)
    assert heard.counts == [(k, sum(FEW)) for k in range(1, sum(FEW) + 1)]
    simulate_desed(tmp_path, scale="tiny", jobs=1, progress=heard)
    assert "already there" in heard.lines[-1]
