"""One file brought over HTTP: resumed where an earlier try stopped, and there only when its MD5 is
the published one."""

import logging
import os
import time
from pathlib import Path
from typing import Any

from seldbench.contracts import Progress
from seldbench.errors import BadFile, MissingData, WriteFailed

CHUNK = 1 << 14  # bytes; what a broken connection had not brought in full is asked for again
MEGABYTE = 1_000_000
TIMEOUT = 30.0  # seconds without a byte
TRIES = 4  # in a row without a byte more, before a person is asked to start again
TELL = 64  # chunks between two words about progress
PAUSE = 2.0  # seconds before the second try; then more


def size_of(url: str) -> int | None:
    """Bytes, as the server states them; None where it does not.

    Raises:
        MissingData: no such file there, or no answer.
    """
    import requests

    try:
        answer = requests.head(url, timeout=TIMEOUT, allow_redirects=True)
        _refuse_status(url, answer.status_code)
    except requests.RequestException as error:
        raise _unreachable(url, _in_words(error)) from error
    stated = answer.headers.get("Content-Length", "")
    return int(stated) if stated.isdigit() else None


def download(url: str, path: Path, md5: str, source: str, progress: Progress) -> None:
    """`path` with that MD5; not fetched again where it is there. source: who says the MD5.

    What is there of an interrupted try lies in `path`.part, and is gone on with.

    Raises:
        MissingData: no such file there, no answer, or interrupted too often.
        BadFile: another MD5; what was fetched is removed.
        WriteFailed: disk full, no permission.
    """
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)
    fetcher = _Resuming(path.with_name(path.name + ".part"), md5, source, progress)
    try:
        pooch.retrieve(
            url, known_hash=f"md5:{md5}", fname=path.name, path=path.parent, downloader=fetcher
        )
    except OSError as error:
        raise WriteFailed(
            f"{path}: cannot be written ({error.strerror or error}); free space or choose another"
            " --data-root, then start the same command again: it goes on"
        ) from error


class _Resuming:
    """Signs pooch's Downloader."""

    def __init__(self, part: Path, md5: str, source: str, progress: Progress) -> None:
        self.part = part
        self.md5 = md5
        self.source = source
        self.progress = progress

    def __call__(self, url: str, output_file: str, _: Any, check_only: bool = False) -> None:
        import pooch

        self._complete(url)
        found = pooch.file_hash(str(self.part), alg="md5")
        if found != self.md5:
            self.part.unlink()
            raise BadFile(
                f"{url}: its MD5 is {found}, expected {self.md5} ({self.source}); what was fetched"
                " was removed. Start the same command again; where it stays so, the publishers"
                " changed the file"
            )
        os.replace(self.part, output_file)

    def _complete(self, url: str) -> None:
        """Requests until the server has sent all."""
        import requests

        most, failed, reason = self._size(), 0, ""
        while failed < TRIES:
            time.sleep(failed * PAUSE)
            try:
                if self._stream(url, self._size()):
                    return
                reason = "the connection was closed too early"
            except requests.RequestException as error:
                reason = _in_words(error)
            failed = 0 if self._size() > most else failed + 1
            most = max(most, self._size())
        raise _unreachable(url, reason, self.part)

    def _stream(self, url: str, begin: int) -> bool:
        """One request, from byte `begin` on; whether the file is complete after it."""
        import requests

        headers = {"Accept-Encoding": "identity"}
        if begin:
            headers["Range"] = f"bytes={begin}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 416:
                return self._is_whole(answer.headers.get("Content-Range", ""))
            _refuse_status(url, answer.status_code)
            resumed = answer.headers.get("Content-Range", "").startswith(f"bytes {begin}-")
            begin = begin if answer.status_code == 206 and resumed else 0
            stated = answer.headers.get("Content-Length", "")
            total = begin + int(stated) if stated.isdigit() else None
            with self.part.open("ab" if begin else "wb") as file:
                for n, chunk in enumerate(answer.iter_content(CHUNK)):
                    file.write(chunk)
                    if n % TELL == 0:
                        self._tell(file.tell(), total)
        return total is None or self._size() == total

    def _is_whole(self, content_range: str) -> bool:
        """Whether nothing was left to send; where the file is another one, it begins anew."""
        if content_range == f"bytes */{self._size()}":
            return True
        self.part.unlink()
        return False

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _tell(self, done: int, total: int | None) -> None:
        name = self.part.name.removesuffix(".part")
        whole = (total or done) // MEGABYTE
        self.progress.advance(f"fetching {name}", done // MEGABYTE, whole, "MB")


def _refuse_status(url: str, status: int) -> None:
    """Raises MissingData for an answer that will stay; what may pass is a RequestException."""
    import requests

    if status == 429 or status >= 500:
        raise requests.RequestException(f"the server answered {status}")
    if status >= 400:
        raise MissingData(
            f"{url}: the server answered {status}; look at the record's page, its files may have"
            " moved"
        )


def _in_words(error: Exception) -> str:
    import requests

    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT:g} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was closed too early"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return str(error)


def _unreachable(url: str, reason: str, part: Path | None = None) -> MissingData:
    kept = f" {part} keeps what came;" if part is not None and part.exists() else ""
    return MissingData(
        f"{url}: cannot be fetched ({reason});{kept} start the same command again when there is a"
        " connection: it goes on where it stopped"
    )
