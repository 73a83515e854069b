"""Zip archives in several volumes (.z01, .z02, ..., .zip), read as one without writing a copy.

The volumes are joined end to end. Offsets in a split archive count from the start of a volume, so
the table of contents behind the data is replaced, in memory, by one that counts from the start of
all; 64-bit, as the whole may be larger than 4 GiB where no volume is.

Source: APPNOTE.TXT of PKWARE, sections 4.3.12 to 4.3.16, 4.5.3 and 8.
"""

import io
import struct
import zipfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from seldbench.errors import BadFile

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_ZIP64 = 0x0001  # the extra field with 64-bit numbers
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_LONGEST_COMMENT = 0xFFFF


class _Contents(NamedTuple):
    """What the end of an archive says of its table of contents, which begins `offset` bytes into
    the volume number `volume`, counted from 0."""

    last: int
    volume: int
    entries: int
    size: int
    offset: int


class Piece(NamedTuple):
    """The first `size` bytes of a file."""

    file: BinaryIO
    size: int


def open_zip(volumes: Sequence[Path]) -> zipfile.ZipFile:
    """The archive in these files, in order, the .zip last.

    Raises:
        BadFile: not a zip, damaged, or of another number of volumes.
    """
    try:
        whole: BinaryIO = volumes[0].open("rb") if len(volumes) == 1 else _joined(volumes)
        return zipfile.ZipFile(whole)
    except (zipfile.BadZipFile, struct.error, OSError) as error:
        raise BadFile(
            f"{volumes[-1]}: not a zip that can be read ({error}); remove it and fetch it again"
        ) from error


class Joined(io.RawIOBase):
    """Pieces end to end, read only."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._at = 0
        self._line_up(pieces)

    def _line_up(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.starts = [0, *accumulate(piece.size for piece in pieces)]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence, self.starts[-1])
        return self._at

    def readinto(self, buffer: Any) -> int:
        """At most up to the end of a piece."""
        if self._at >= self.starts[-1]:
            return 0
        i = bisect_right(self.starts, self._at) - 1
        piece = self.pieces[i]
        piece.file.seek(self._at - self.starts[i])
        view = memoryview(buffer).cast("B")
        data = piece.file.read(min(len(view), self.starts[i + 1] - self._at))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def replace_end(self, begin: int, tail: bytes) -> None:
        """From `begin` on there is `tail`."""
        ends = [
            Piece(piece.file, min(piece.size, max(begin - start, 0)))
            for piece, start in zip(self.pieces, self.starts)
        ]
        self._line_up([*ends, Piece(io.BytesIO(tail), len(tail))])

    def close(self) -> None:
        for piece in self.pieces:
            piece.file.close()
        super().close()


def _joined(volumes: Sequence[Path]) -> BinaryIO:
    pieces = [Piece(path.open("rb"), path.stat().st_size) for path in volumes]
    raw = Joined(pieces)
    contents = _contents(pieces)
    if contents.last != len(volumes) - 1:
        raise zipfile.BadZipFile(f"{contents.last + 1} volumes, but {len(volumes)} are given")
    begin = raw.starts[contents.volume] + contents.offset
    table = b"".join(_moved(_read(raw, begin, contents.size), raw.starts))
    raw.replace_end(begin, table + _ending(begin, len(table), contents.entries))
    return io.BufferedReader(raw, 1 << 20)


def _contents(pieces: Sequence[Piece]) -> _Contents:
    """From the record at the end of the last volume, or the 64-bit one that it points to."""
    file, size = pieces[-1]
    first = max(size - _END.size - _LONGEST_COMMENT - _LOCATOR.size, 0)
    file.seek(first)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0:
        raise zipfile.BadZipFile("it has no end record; is it the last volume?")
    _, last, volume, _, entries, length, offset, _ = _END.unpack_from(tail, at)
    locator = at - _LOCATOR.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\6\7":
        _, where, position, _ = _LOCATOR.unpack_from(tail, locator)
        pieces[where].file.seek(position)
        record = _END64.unpack(pieces[where].file.read(_END64.size))
        _, _, _, _, last, volume, _, entries, length, offset = record
    return _Contents(last, volume, entries, length, offset)


def _read(raw: Joined, begin: int, size: int) -> bytes:
    raw.seek(begin)
    data = b""
    while len(data) < size:
        more = raw.read(size - len(data))
        if not more:
            raise zipfile.BadZipFile("its table of contents is cut off")
        data += more
    return data


def _moved(table: bytes, starts: Sequence[int]) -> Iterator[bytes]:
    """The entries of a table of contents with offsets from the start of all volumes."""
    at = 0
    while at < len(table):
        fields = list(_ENTRY.unpack_from(table, at))
        if fields[0] != b"PK\1\2":
            raise zipfile.BadZipFile("its table of contents is garbled")
        name_end = at + _ENTRY.size + fields[10]
        extra_end = name_end + fields[11]
        end = extra_end + fields[12]
        extra = _moved_fields(fields, table[name_end:extra_end], starts)
        fields[11] = len(extra)
        yield _ENTRY.pack(*fields) + table[at + _ENTRY.size : name_end]
        yield extra + table[extra_end:end]
        at = end


def _moved_fields(fields: list[Any], extra: bytes, starts: Sequence[int]) -> bytes:
    """Changes an entry's fields, which are for one volume from then on; its new extra data."""
    others, wide = _split_extra(extra)
    numbers = iter(struct.unpack(f"<{len(wide) // 8}Q", wide[: len(wide) // 8 * 8]))
    # In this order, and there only where the field itself is full.
    sizes = {i: next(numbers) for i in (9, 8) if fields[i] == _FULL32}
    offset = next(numbers) if fields[16] == _FULL32 else fields[16]
    volume = fields[13]
    if volume == _FULL16:
        (volume,) = struct.unpack("<L", wide[-4:])
    fields[13], fields[16] = 0, _FULL32
    data = [*sizes.values(), starts[volume] + offset]
    return struct.pack(f"<2H{len(data)}Q", _ZIP64, 8 * len(data), *data) + others


def _split_extra(extra: bytes) -> tuple[bytes, bytes]:
    """Extra data without its 64-bit field, and what that field holds."""
    others, wide, at = b"", b"", 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        whole = extra[at : at + 4 + length]
        if kind == _ZIP64:
            wide = whole[4:]
        else:
            others += whole
        at += 4 + length
    return others, wide


def _ending(begin: int, size: int, entries: int) -> bytes:
    """The records behind a table of contents of so many bytes that begins there."""
    record = _END64.pack(b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, entries, entries, size, begin)
    locator = _LOCATOR.pack(b"PK\6\7", 0, begin + size, 1)
    end = _END.pack(b"PK\5\6", 0, 0, _FULL16, _FULL16, _FULL32, _FULL32, 0)
    return record + locator + end
