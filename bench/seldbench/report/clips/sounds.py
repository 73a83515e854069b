"""Sounds of the shown clips, small enough to be kept with a page: one channel as Ogg/Opus.

Equal signals give equal files. Ogg pages: RFC 3533; their checksum is the CRC-32 of polynomial
0x04c11db7, not reflected, from 0.
"""

import io
from functools import cache

import numpy as np
import soundfile
import soxr

from seldbench.report.results.result import Result

Array = np.ndarray

RATE = 24000  # that all sounds are brought to: one of Opus's
SMALL = 0.93  # of libsndfile's scale from the best quality to the smallest file: about 24 kbit/s
FULL, MOST = 0.9, 10**1.5  # the level that sounds are brought to, and by how much at most (30 dB)
BUILTIN = "builtin"
SERIAL, CHECKSUM = slice(14, 18), slice(22, 26)  # of a page's header
HEADER = 27  # bytes, then the lengths of its segments


def shareable(result: Result) -> bool:
    """Whether a report may carry the recordings: they were made of built-in sounds alone."""
    return result.data.sounds == BUILTIN


def ogg(samples: Array, rate: int, loudest: float | None = None) -> bytes:
    """A small file of one channel, (samples,), quiet ones made louder.

    Args:
        loudest: of all signals that are heard beside each other, their highest magnitude; None for
            the signal's own.
    """
    mono = np.asarray(samples, dtype=np.float32)
    top = float(np.abs(mono).max(initial=0.0)) if loudest is None else loudest
    heard = mono if rate == RATE else soxr.resample(mono, rate, RATE)
    level = min(FULL / top, MOST) if top > 0 else 1.0
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", RATE, 1, format="OGG", subtype="OPUS", compression_level=SMALL
    ) as file:
        file.write(np.clip(heard * level, -1.0, 1.0))
    return _without_chance(buffer.getvalue())


def _without_chance(file: bytes) -> bytes:
    """The same stream under the serial number 0, which encoders draw by chance."""
    made, begin = bytearray(file), 0
    while begin < len(made):
        segments = made[begin + HEADER - 1]
        sizes = made[begin + HEADER : begin + HEADER + segments]
        end = begin + HEADER + segments + sum(sizes)
        page = made[begin:end]
        page[SERIAL] = page[CHECKSUM] = bytes(4)
        page[CHECKSUM] = _checksum(page).to_bytes(4, "little")
        made[begin:end] = page
        begin = end
    return bytes(made)


def _checksum(page: bytes | bytearray) -> int:
    table, found = _table(), 0
    for byte in page:
        found = ((found << 8) & 0xFFFFFFFF) ^ table[(found >> 24) ^ byte]
    return found


@cache
def _table() -> tuple[int, ...]:
    """The remainder of each first byte."""
    found = []
    for byte in range(256):
        rest = byte << 24
        for _ in range(8):
            rest = ((rest << 1) ^ 0x04C11DB7 if rest & 0x80000000 else rest << 1) & 0xFFFFFFFF
        found.append(rest)
    return tuple(found)
