"""Small pictures of sound: a log-mel spectrogram as grey levels, and PNG files of them.

For pages, not for models: numpy only. Levels are 0 (60 dB or more below the loudest bin) to 255.
"""

import struct
import zlib
from collections.abc import Sequence

import numpy as np

Array = np.ndarray

RANGE_DB = 60.0
TOP_HZ = 8000.0
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def mel(hertz: Array | float) -> Array:
    """The HTK mel scale, 2595 log10(1 + f / 700)."""
    return 2595 * np.log10(1 + np.asarray(hertz, dtype=np.float64) / 700)


def mel_levels(samples: Array, rate: int, *, bins: int = 128, columns: int = 313) -> Array:
    """Grey levels of a recording's log-mel spectrogram, (bins, columns) uint8, high bands first.

    Args:
        samples: one channel, (samples,).
        rate: its sample rate; bands reach up to TOP_HZ, or half the rate where that is less.

    Returns:
        zeros for silence and for no samples.
    """
    return levels_beside([samples], rate, bins=bins, columns=columns)[0]


def levels_beside(
    signals: Sequence[Array], rate: int, *, bins: int = 128, columns: int = 313
) -> list[Array]:
    """The same of several recordings on one scale: the first one's loudest bin is 255.

    Returns:
        (bins, columns) uint8 each; all zeros where the first is silent.
    """
    powers = [_mel_power(samples, rate, bins, columns) for samples in signals]
    loudest = powers[0].max(initial=0.0)
    if loudest <= 0:
        return [np.zeros((bins, columns), np.uint8) for _ in powers]
    return [_levels(power / loudest) for power in powers]


def _levels(power: Array) -> Array:
    """(columns, bins), 1 being the loudest -> (bins, columns) uint8, high bands first."""
    decibels = 10 * np.log10(np.maximum(power, 1e-12))
    levels = np.clip(1 + decibels / RANGE_DB, 0, 1) * 255
    return np.ascontiguousarray(levels.T[::-1]).round().astype(np.uint8)


def _mel_power(samples: Array, rate: int, bins: int, columns: int) -> Array:
    """(columns, bins)"""
    size = 1 << round(np.log2(0.064 * rate))  # about 64 ms
    padded = np.pad(np.asarray(samples, dtype=np.float64), size // 2)
    centres = np.linspace(0, len(samples), columns, endpoint=False).astype(np.int64)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[centres]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2  # (columns, size / 2 + 1)
    return power @ _mel_weights(size, rate, bins).T


def band_position(hertz: float, rate: int) -> float:
    """Where a frequency lies in `mel_levels`, from 0 (its lower edge) to 1 (its upper edge)."""
    return float(mel(hertz) / mel(min(TOP_HZ, rate / 2)))


def _mel_weights(size: int, rate: int, bins: int) -> Array:
    """Triangles of height 1, (bins, size / 2 + 1); a band narrower than a bin takes the nearest."""
    edges = 700 * (10 ** (np.linspace(0, mel(min(TOP_HZ, rate / 2)), bins + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (frequencies - low) / (centre - low)
    falling = (high - frequencies) / (high - centre)
    weights = np.clip(np.minimum(rising, falling), 0, None)
    nearest = np.abs(frequencies - centre).argmin(axis=1)
    empty = ~weights.any(axis=1)
    weights[empty, nearest[empty]] = 1.0
    return weights / weights.sum(axis=1, keepdims=True)


def grey_png(levels: Array) -> bytes:
    """An 8-bit PNG of grey levels, (height, width) uint8."""
    height, width = levels.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), levels]).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return _SIGNATURE + b"".join(
        _chunk(kind, content)
        for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    )


def coloured_png(png: bytes, palette: Array) -> bytes:
    """A PNG of `grey_png` in colours: `palette`, (256, 3) uint8, by level.

    The pixels' data stays as it is, so that the result is the same wherever it is made.
    """
    start = len(_SIGNATURE) + 8  # of the header's content
    header = bytearray(png[start : start + 13])
    header[9] = 3  # colour type: by palette
    rest = png[start + 13 + 4 :]
    return b"".join(
        [_SIGNATURE, _chunk(b"IHDR", bytes(header)), _chunk(b"PLTE", palette.tobytes()), rest]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check
