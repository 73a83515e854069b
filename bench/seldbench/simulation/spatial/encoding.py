"""From plane waves to what the eight channels hear: the impulse responses of images.

A wave that arrives between two samples is a band-limited pulse. Pulses are tabulated for 16 phases
of a sample; at the microphones of the sphere also for every degree of gamma (`sphere`). Between
phases and degrees the table is interpolated linearly, so that a response is a sparse sum of its
rows. The table depends on the sphere's radius and the sample rate alone.
"""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy.fft import irfft
from scipy.sparse import csr_array

from seldbench.arrays import MIC_POSITIONS, foa_gains
from seldbench.simulation.spatial.images import Images
from seldbench.simulation.spatial.sampling import CHANNELS, RATE, SOUND, Array
from seldbench.simulation.spatial.sphere import response

TAPS = 80  # of a pulse
LEAD = 36  # of them before the (whole) sample of arrival
_PHASES = 16
_STRIDE = _PHASES + 1  # rows of a degree: phases 0 ... 1 of a sample
_FREE = 181 * _STRIDE  # first row of the free field, after 0 ... 180 degrees
_ROLL_OFF = 10_800.0  # hertz where a pulse begins to fade towards half the sample rate


@cache
def pulses() -> Array:
    """The table, (182 * 17, TAPS) float32: degrees 0-180, then the free field, by phase."""
    length = 1024
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    above = np.clip((frequency - _ROLL_OFF) / (RATE / 2 - _ROLL_OFF), 0, 1)
    band = np.cos(np.pi / 2 * above) ** 2
    heard = np.concatenate([response(frequency, np.cos(np.radians(np.arange(181)))), [band**0]])
    samples = LEAD + np.arange(_STRIDE) / _PHASES
    delays = band * np.exp(-2j * np.pi * frequency / RATE * samples[:, None])
    table = irfft(heard[:, None] * delays, n=length)[..., :TAPS]
    # What is cut off at both ends is below 1e-3 of a pulse; the taper spares it a step.
    edge = np.sin(np.pi / 2 * np.clip((np.arange(TAPS) + 0.5) / 8, 0, 1)) ** 2
    return (table * edge * edge[::-1]).reshape(-1, TAPS).astype(np.float32)


def encode(images: Images, sources: int, samples: int) -> Array:
    """Responses of so many sources from their images: (sources, 8, samples) float32.

    Sample 0 is when the sound is made; what would come after the last sample is left out.

    Raises ValueError where a source is so near that its pulse would begin before sample 0.
    """
    arrival = images.distance * (RATE / SOUND)
    if len(arrival) and arrival.min() < LEAD:
        raise ValueError(f"a source nearer than {LEAD * SOUND / RATE:.2f} m to the array")
    start = np.floor(arrival).astype(np.int32)  # of a pulse, LEAD samples on
    channel, cell, weight = _entries(images, (arrival - start) * _PHASES)
    # Row: a channel's pulses that begin at one sample. TAPS - 1 rows of nothing come first, so that
    # sample t is the sum over j of tap TAPS - 1 - j of row t + j.
    length = samples + TAPS - 1
    row = (images.owner * CHANNELS + channel) * length + start - LEAD + TAPS - 1
    inside = np.broadcast_to(start - LEAD < samples, row.shape)
    shape = (sources * CHANNELS * length, len(pulses()))
    mixing = csr_array((weight[inside], (row[inside], cell[inside])), shape=shape)
    summed = np.ascontiguousarray(mixing @ pulses()[:, ::-1], dtype=np.float32)
    view = as_strided(
        summed,
        (sources, CHANNELS, samples, TAPS),
        [4 * TAPS * step for step in (CHANNELS * length, length, 1)] + [4 * TAPS + 4],
    )
    return view.sum(axis=-1)


def _entries(images: Images, phase: Array) -> tuple[Array, Array, Array]:
    """Channels, (rows, 1), rows of the table and their weights, (rows, images)."""
    low = np.floor(phase).astype(np.int32)
    between_phases = np.stack([1 - (phase - low), phase - low])
    gamma = np.degrees(np.arccos(np.clip(MIC_POSITIONS @ images.doa.T, -1, 1)))  # (4, images)
    degree = np.minimum(gamma.astype(np.int32), 179)
    between_degrees = np.stack([1 - (gamma - degree), gamma - degree])
    channel, cell, weight = [], [], []
    for later in (0, 1):
        pressure = images.gain * between_phases[later]
        free = np.broadcast_to(_FREE + low + later, gamma.shape)
        channel += [0, 1, 2, 3]
        cell.append(free)
        weight.append(pressure * foa_gains(images.doa).T)
        for further in (0, 1):
            channel += [4, 5, 6, 7]
            cell.append((degree + further) * _STRIDE + low + later)
            weight.append(pressure * between_degrees[further])
    return (
        np.array(channel, dtype=np.int32)[:, None],
        np.concatenate(cell),
        np.concatenate(weight, dtype=np.float32),
    )
