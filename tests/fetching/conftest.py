"""A web server on this machine that serves bytes, resumes, breaks off and lies when it is told to;
and zips, whole or in volumes, made byte by byte."""

import io
import struct
import threading
import zipfile
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seldbench.datasets._publication import Archive, Publication, RemoteFile
from seldbench.fetching import downloads


class Site:
    """content: {name: bytes}. cuts: bytes after which the next answers break off, first come first
    served. ranges: whether parts of a file can be asked for. asked: (method, name, first byte)."""

    def __init__(self):
        self.content, self.cuts, self.asked, self.statuses = {}, [], [], []
        self.ranges = True
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body):
                site.answer(self, body)

            def log_message(self, *_): ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler, body):
        name = handler.path.split("?")[0].strip("/")
        wanted = handler.headers.get("Range", "")
        first = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and self.ranges else 0
        self.asked.append((handler.command, name, first))
        status = self.statuses.pop(0) if self.statuses and body else None
        content = self.content.get(name)
        handler.close_connection = True
        if status or content is None:
            handler.send_response(status or 404)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if first >= len(content) > 0:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(content)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206 if first else 200)
        if first:
            last = len(content) - 1
            handler.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - first))
        handler.end_headers()
        if body:
            cut = self.cuts.pop(0) if self.cuts else None
            handler.wfile.write(content[first:] if cut is None else content[first : first + cut])

    def gets(self, name):
        """The first bytes that were asked for of a file."""
        return [first for method, asked, first in self.asked if (method, asked) == ("GET", name)]


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    monkeypatch.setattr(downloads, "CHUNK", 1000)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Told:
    """A Progress that remembers."""

    def __init__(self):
        self.lines, self.steps = [], []

    def say(self, line):
        self.lines.append(line)

    def advance(self, task, done, total, note=""):
        self.steps.append((task, done, total))

    @property
    def text(self):
        return "\n".join(self.lines)


@pytest.fixture
def told():
    return Told()


def zipped(files):
    """The bytes of a zip of {name: bytes}."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2021, 1, 1, 0, 0, 0)), content)
    return made.getvalue()


def volumes_of(whole, size):
    """A zip as a list of volumes of so many bytes, as Info-ZIP's `zip -s` writes them: a marker at
    the start, offsets from the start of the volume that an entry begins in."""
    at = whole.rindex(b"PK\5\6")
    entries, length, begin = struct.unpack_from("<H2L", whole, at + 10)
    marked = b"PK\7\x08" + whole[:begin]
    table, place = bytearray(whole[begin : begin + length]), 0
    while place < len(table):
        (offset,) = struct.unpack_from("<L", table, place + 42)
        volume, inside = divmod(offset + 4, size)
        struct.pack_into("<H", table, place + 34, volume)
        struct.pack_into("<L", table, place + 42, inside)
        place += 46 + sum(struct.unpack_from("<3H", table, place + 28))
    volume, inside = divmod(len(marked), size)
    last = (len(marked) + length) // size
    joined = marked + bytes(table)
    joined += struct.pack("<4s4H2LH", b"PK\5\6", last, volume, entries, entries, length, inside, 0)
    cuts = [joined[i : i + size] for i in range(0, last * size, size)]
    return [*cuts, joined[last * size :]]


@pytest.fixture
def make_zip():
    return zipped


@pytest.fixture
def split_zip():
    return volumes_of


@pytest.fixture
def publish(site):
    """publish({part: {name: bytes}}, checksums other than the bytes' own) -> Publication."""

    def make(parts, wrong=(), unknown=(), by_hand=None):
        archives = []
        for part, files in parts.items():
            site.content |= files
            known = {
                name: None if name in unknown else md5(b"other" if name in wrong else b).hexdigest()
                for name, b in files.items()
            }
            archives.append(Archive(part, tuple(RemoteFile(n, m) for n, m in known.items())))
        return Publication(
            "https://zenodo.example/records/1",
            f"{site.address}/{{name}}?download=1",
            "made",
            tuple(archives),
            "a paper, table 1",
            by_hand or {},
        )

    return make
