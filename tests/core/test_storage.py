"""Writing: a whole file or none."""

import errno
import os
import threading
import time

import pytest

from seldbench.errors import BadFile, WriteFailed
from seldbench.storage import atomic, locked, read_json, replaced, write_json, write_text


def test_a_full_disk_leaves_the_old_file_and_no_part(tmp_path, monkeypatch):
    path = tmp_path / "scores.json"
    write_json(path, {"old": 1})

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(WriteFailed, match=r"scores.json: cannot be written \(No space left"):
        write_json(path, {"new": 2})
    assert read_json(path) == {"old": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["scores.json"]


def test_an_error_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), atomic(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made_and_a_file_in_their_place_is_an_error(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "text")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "text"
    with pytest.raises(WriteFailed):
        write_text(tmp_path / "a" / "b" / "c.txt" / "d.txt", "text")


def test_nan_is_never_written(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"score": float("nan")})


def test_who_asks_for_a_held_lock_says_so_and_waits(tmp_path):
    done = []

    def work(name):
        with locked(tmp_path / "a" / ".lock", lambda: done.append(f"{name} waits")):
            done.append(f"{name} begins")
            begun.set()
            go_on.wait(10)
            done.append(f"{name} ends")

    begun, go_on = threading.Event(), threading.Event()
    first = threading.Thread(target=work, args=["first"])
    first.start()
    begun.wait(10)
    second = threading.Thread(target=work, args=["second"])
    second.start()
    while "second waits" not in done and second.is_alive():
        time.sleep(0.01)
    go_on.set()
    first.join(10)
    second.join(10)
    assert done == ["first begins", "second waits", "first ends", "second begins", "second ends"]


def test_a_lock_that_cannot_be_written_is_an_error_with_the_remedy(tmp_path):
    (tmp_path / "runs").write_text("a file")
    refused = pytest.raises(WriteFailed, match=r"\.lock: cannot be written .*; choose a folder")
    with refused, locked(tmp_path / "runs" / ".lock"):
        pass


def test_what_is_not_json_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(BadFile, match=r"a\.json: not JSON"):
        read_json(tmp_path / "a.json")
    with pytest.raises(BadFile, match=r"b\.json: not found"):
        read_json(tmp_path / "b.json")


def test_a_folder_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "new" / "a"
    for names in (["0", "1"], ["2"]):
        with replaced(folder) as place:
            for name in names:
                (place / name).write_text(name)
        assert sorted(p.name for p in folder.iterdir()) == names
    with pytest.raises(BadFile), replaced(folder) as place:
        (place / "3").write_text("3")
        raise BadFile("no more")
    assert [p.name for p in folder.iterdir()] == ["2"]
    assert [p.name for p in folder.parent.iterdir()] == ["a"]


def test_a_folder_that_is_left_empty_is_gone(tmp_path):
    (tmp_path / "a").mkdir()
    with replaced(tmp_path / "a"):
        pass
    assert not list(tmp_path.iterdir())


def test_where_a_folder_cannot_take_its_place_the_old_one_stays(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0").write_text("old")
    rename = os.rename

    def refuses(source, target):
        if str(source).endswith(".part"):
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuses)
    with pytest.raises(WriteFailed, match="nothing was changed"), replaced(tmp_path / "a") as place:
        (place / "0").write_text("new")
    assert (tmp_path / "a" / "0").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
