"""Events in a room: a dry sound, still or on its way, convolved with the responses of its places.

Moving: label frames (0.1 s), each heard from its own place through a triangular window of two
frames' length, overlapped and added; the same as a response that changes linearly from the middle
of a frame to the middle of the next. The window is before the convolution: what has been made at a
place rings on from there.
"""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from seldbench.simulation.spatial.bank import Bank
from seldbench.simulation.spatial.sampling import BLOCK, CHANNELS, EARLY, RATE, Array, Rng
from seldbench.simulation.spatial.tail import late

_FRAMES = 32  # moving: frames transformed at a time, some 20 MB
_PIECE = 1 << 16  # still: samples of a transform at least


def trajectory(
    bank: Bank,
    azimuth: float,
    elevation: float,
    distance: float,
    *,
    blocks: int,
    speed: float = 0.0,
) -> Array:
    """Positions of a source in the middle of each block: (blocks,) indices.

    An arc of constant elevation that begins at `azimuth` in the middle of block 0 and turns by
    `speed` degrees a second, counter-clockwise where positive; 0 stands still. Of the grid's
    distances, the one nearest to `distance` at the start is kept, as far as the walls allow.
    """
    first = bank.nearest(azimuth, elevation, distance)
    turned = azimuth + speed * (BLOCK / RATE) * np.arange(blocks)
    level, row, _ = np.unravel_index(first, bank.grid.shape)
    column = bank.grid.column(turned)
    return np.ravel_multi_index((level, row, column), bank.grid.shape)


def render_event(dry: Array, path: Array | int, bank: Bank, rng: Rng) -> Array:
    """What the arrays hear of a sound.

    Args:
        dry: as heard at 1 m in the open, (samples,).
        path: index of its position in the bank, or one index a block, the last block begun
            included: (ceil(samples / BLOCK),).
        rng: draws the late reverberation, one for the whole event.

    Returns:
        (8, samples + bank.reach) float32; sample 0 is when the sound is made: it arrives later by
        distance / SOUND.

    Raises ValueError where `path` is of another length, or a position not in the bank.
    """
    dry = np.asarray(dry, dtype=np.float32)
    if dry.ndim != 1 or not len(dry):
        raise ValueError(f"a dry sound of shape {dry.shape}: expected (samples,), at least one")
    path = _checked(np.asarray(path), len(dry), bank)
    places = np.unique(path)
    tail = late(bank.room.rt60, bank.response(places)[:, 0], rng)
    if len(places) == 1:
        tail[:, :EARLY] += bank.response(places[0])
        return _convolve(dry, tail)
    heard = _convolve(dry, tail)
    heard[:, : len(dry) + EARLY - 1] += _convolve_moving(dry, path, bank)
    return heard


def _checked(path: Array, samples: int, bank: Bank) -> Array:
    blocks = -(-samples // BLOCK)
    if path.ndim and path.shape != (blocks,):
        raise ValueError(
            f"a path of shape {path.shape} for {samples} samples: expected one index, or"
            f" ({blocks},), one for each {BLOCK} samples begun"
        )
    if path.size and (path.min() < 0 or path.max() >= len(bank)):
        raise ValueError(f"positions {path.min()}-{path.max()} in a bank of {len(bank)}")
    return np.broadcast_to(path, (blocks,))


def _convolve(dry: Array, response: Array) -> Array:
    """(samples,) with (8, taps): (8, samples + taps - 1), piece by piece (overlap-add)."""
    taps = response.shape[1]
    length = len(dry) + taps - 1
    fast = next_fast_len(min(length, max(_PIECE, 2 * taps)), real=True)
    spectra = rfft(response, fast)
    heard = np.zeros((CHANNELS, length), dtype=np.float32)
    step = fast - taps + 1
    for start in range(0, len(dry), step):
        piece = irfft(spectra * rfft(dry[start : start + step], fast), fast, overwrite_x=True)
        end = min(start + fast, length)
        heard[:, start:end] += piece[:, : end - start]
    return heard


def _convolve_moving(dry: Array, path: Array, bank: Bank) -> Array:
    """(samples,) with the early responses along a path: (8, samples + EARLY - 1)."""
    # A frame more at either end, at the first and at the last place: the windows of the others
    # begin and end half a block inside the sound.
    path = np.pad(path, 1, mode="edge")
    before = 3 * BLOCK // 2
    padded = np.zeros((len(path) + 1) * BLOCK, dtype=np.float32)
    padded[before : before + len(dry)] = dry
    halves = padded.reshape(-1, BLOCK)
    rise = ((np.arange(BLOCK) + 0.5) / BLOCK).astype(np.float32)
    heard = np.zeros((CHANNELS, len(path) + 2, BLOCK), dtype=np.float32)
    for start in range(0, len(path), _FRAMES):
        some = slice(start, min(start + _FRAMES, len(path)))
        frames = np.concatenate(
            [halves[some] * rise, halves[some.start + 1 : some.stop + 1] * rise[::-1]], axis=1
        )
        places, place = np.unique(path[some], return_inverse=True)
        # Three blocks: two of a frame and, in what is left of the third, the ringing of a response.
        spectra = rfft(bank.response(places), 3 * BLOCK)[place]  # (frames, 8, bins)
        spectra *= rfft(frames, 3 * BLOCK)[:, None]
        pieces = irfft(spectra, 3 * BLOCK, overwrite_x=True).reshape(-1, CHANNELS, 3, BLOCK)
        for later in range(3):
            where = slice(some.start + later, some.stop + later)
            heard[:, where] += pieces[:, :, later].swapaxes(0, 1)
    return heard.reshape(CHANNELS, -1)[:, before : before + len(dry) + EARLY - 1]
