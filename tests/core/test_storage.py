"""Writing: a whole file or none."""

import errno
import os

import pytest

from seldbench.errors import BadFile, WriteFailed
from seldbench.storage import atomic, read_json, write_json, write_text


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


def test_what_is_not_json_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(BadFile, match=r"a\.json: not JSON"):
        read_json(tmp_path / "a.json")
    with pytest.raises(BadFile, match=r"b\.json: not found"):
        read_json(tmp_path / "b.json")
