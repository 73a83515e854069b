"""Writing so that a reader never sees half a file: to a temporary name in the same folder, then a
rename. A failure (disk full, no permission) leaves the old file as it was."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from seldbench.errors import BadFile, MissingData, WriteFailed


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path to write to, renamed to `path` when the block ends well; removed if not.

    Raises:
        WriteFailed: the operating system refused (disk full, no permission, not a folder).
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise WriteFailed(
            f"{path}: cannot be written ({error.strerror or error}); nothing was changed. Free"
            " space or choose another folder, then start the same command again"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """A folder to write to, put in the place of `folder` when the block ends well; where the block
    left it empty nothing stands there then. Until then, and after a failure, `folder` is as it was.

    Raises:
        WriteFailed: the operating system refused.
    """
    mark = uuid4().hex[:8]
    new, old = (folder.with_name(f".{folder.name}.{mark}.{end}") for end in ("part", "old"))
    try:
        new.mkdir(parents=True)
        yield new
        _exchange(folder, new, old)
    except OSError as error:
        raise WriteFailed(
            f"{folder}: cannot be written ({error.strerror or error}); nothing was changed. Free"
            " space or choose another folder, then start the same command again"
        ) from error
    finally:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)


def _exchange(folder: Path, new: Path, old: Path) -> None:
    """`new` in the place of `folder`, which becomes `old`."""
    if folder.exists():
        os.rename(folder, old)
    try:
        if any(new.iterdir()):
            os.rename(new, folder)
    except OSError:
        if old.exists():
            os.rename(old, folder)
        raise


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Alone until the block ends: whoever else asks for this lock waits. The empty file stays.

    Args:
        waiting: called once if somebody else has it.

    Raises:
        WriteFailed: the operating system refused.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if waiting is not None:
                waiting()
            lock.acquire()
    except OSError as error:
        raise WriteFailed(
            f"{path}: cannot be written ({error.strerror or error}); choose a folder that can be,"
            " or free space, then start the same command again"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def if_free(path: Path) -> Iterator[bool]:
    """Alone until the block ends if nobody else has this lock: whether it is so. False also where
    its file cannot be written."""
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether somebody holds this lock now."""
    if not path.exists():
        return False
    with if_free(path) as free:
        return not free


def write_bytes(path: Path, content: bytes) -> None:
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Keys in the order given; NaN is an error, write None."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Raises BadFile where the file is absent or is not JSON."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise BadFile(f"{path}: not found") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: not JSON ({error})") from None


def file_digest(path: Path) -> str:
    """SHA-256. Raises MissingData where there is no such file."""
    try:
        now = path.stat()
        return _digest(path, now.st_size, now.st_mtime_ns)
    except OSError as error:
        raise MissingData(f"{path}: {error.strerror}; give the weights' path") from None


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    # Every fold, seed and stage asks for it: a large file is read once, while it stays as it is.
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
