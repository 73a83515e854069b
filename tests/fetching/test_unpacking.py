"""Archives of strangers: nothing outside the target, nothing overwritten, all or nothing."""

import stat
import zipfile

import pytest

from seldbench.contracts import Quiet
from seldbench.errors import BadFile, WriteFailed
from seldbench.fetching import unpacking
from seldbench.fetching.unpacking import unpack


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(tmp_path, make_zip):
    """Writes {name: bytes} as a zip and says where."""

    def write(files):
        path = tmp_path / "foa_dev.zip"
        path.write_bytes(files if isinstance(files, bytes) else make_zip(files))
        return path

    return write


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


FILES = {"foa_dev/dev-train/a.wav": b"a" * 5000, "foa_dev/dev-test/b.wav": b"b", "README.md": b"r"}


def test_all_files_are_there_and_the_names_at_the_top_are_told(archive, target):
    assert unpack([archive(FILES)], target, Quiet()) == ["README.md", "foa_dev"]
    assert tree(target) == FILES


def test_what_macos_adds_is_left_out(archive, target):
    added = {"__MACOSX/foa_dev/._a.wav": b"x", "foa_dev/.DS_Store": b"x"}
    unpack([archive(FILES | added)], target, Quiet())
    assert tree(target) == FILES


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../outside.wav",
        "foa_dev/../../outside.wav",
        "foa_dev/./a.wav",
        "foa_dev//a.wav",
        "..\\outside.wav",
        "C:/outside.wav",
    ],
)
def test_a_name_that_leads_elsewhere_stops_everything(archive, target, tmp_path, name):
    path = archive(FILES | {name: b"evil"})
    before = tree(tmp_path)
    with pytest.raises(BadFile, match="nothing was unpacked"):
        unpack([path], target, Quiet())
    assert tree(tmp_path) == before
    assert list(target.iterdir()) == []


def test_a_link_stops_everything(tmp_path, target):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("foa_dev/a.wav", b"a")
        link = zipfile.ZipInfo("foa_dev/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc")
    with pytest.raises(BadFile, match="foa_dev/link', which is a link"):
        unpack([path], target, Quiet())
    assert list(target.iterdir()) == []


def test_a_name_twice_stops_everything(tmp_path, target):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr("foa_dev/a.wav", b"a")
        made.writestr("foa_dev/a.wav", b"b")
    with pytest.raises(BadFile, match=r"'foa_dev/a\.wav' twice"):
        unpack([path], target, Quiet())


def test_a_file_with_other_content_is_not_overwritten_and_nothing_is_changed(archive, target):
    mine = target / "foa_dev" / "dev-train" / "a.wav"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(BadFile, match=r"a\.wav: is there already.*nothing was changed"):
        unpack([archive(FILES)], target, Quiet())
    assert tree(target) == {"foa_dev/dev-train/a.wav": b"mine"}


def test_what_is_there_already_and_alike_is_completed(archive, target):
    there = target / "foa_dev" / "dev-train" / "a.wav"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"a" * 5000)
    other = target / "foa_dev" / "notes.txt"
    other.write_bytes(b"mine")
    unpack([archive(FILES)], target, Quiet())
    assert tree(target) == FILES | {"foa_dev/notes.txt": b"mine"}


def test_a_damaged_archive_leaves_nothing(archive, target, make_zip):
    whole = bytearray(make_zip({"foa_dev/a.wav": bytes(range(256)) * 40}))
    whole[60] ^= 0xFF
    with pytest.raises(BadFile, match=r"foa_dev/a\.wav is damaged"):
        unpack([archive(bytes(whole))], target, Quiet())
    assert list(target.iterdir()) == []


def test_an_interruption_leaves_nothing_but_what_was_there(archive, target):
    class Interrupts(Quiet):
        def advance(self, task, done, total, note=""):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack([archive(FILES)], target, Interrupts())
    assert list(target.iterdir()) == []
    unpack([archive(FILES)], target, Quiet())
    assert tree(target) == FILES


def test_too_little_space_is_said_before_anything_is_written(archive, target, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(WriteFailed, match=r"0\.0 MB are free"):
        unpack([archive(FILES)], target, Quiet())
    assert list(target.iterdir()) == []
