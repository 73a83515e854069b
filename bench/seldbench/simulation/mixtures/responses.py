"""What eight microphones on a horizontal circle hear of a far source in their plane.

`direct`: omnidirectional microphones free in the air, radius 3.65 cm. A microphone gamma degrees
away from the source hears it earlier than the circle's centre by (R / c) cos(gamma), equally loud.
`head`: microphones on the equator of a rigid sphere of 9 cm (`spatial.sphere` has the formula).
Either way a response hangs on gamma alone, relative to the centre, and is a spectrum: the delay is
exact for every fraction of a sample.
Source: specification of seldbench, D.8 (array of HARK's eight-microphone circle) and A.5.
"""

from functools import cache

import numpy as np

from seldbench.arrays import CIRCLE_ANGLES, CIRCLE_RADIUS
from seldbench.simulation.mixtures.sampling import RATE, SIZE, SOUND, Array
from seldbench.simulation.spatial.sphere import response

ARRAYS = ("direct", "head")
HEAD_RADIUS = 0.09  # metres
STEP = 45  # degrees between the microphones, and between the directions of sources


def responses(array: str, azimuth: int) -> list[tuple[Array, list[int]]]:
    """To a source at a whole degree: each response, (bins,) complex64, and the microphones that it
    is the response of. Those at equal angles from the source have one."""
    rows, step = _rows(array, azimuth)
    shared: dict[int, list[int]] = {}
    for microphone, angle in enumerate(CIRCLE_ANGLES):
        shared.setdefault(_gamma(azimuth, angle), []).append(microphone)
    return [(rows[gamma // step], microphones) for gamma, microphones in shared.items()]


def response_of_first(array: str, azimuth: int) -> Array:
    """Of microphone 0 alone: (bins,)."""
    rows, step = _rows(array, azimuth)
    return rows[_gamma(azimuth, CIRCLE_ANGLES[0]) // step]


def radius(array: str) -> float:
    """Of the circle, metres."""
    return HEAD_RADIUS if array == "head" else CIRCLE_RADIUS


def _gamma(azimuth: int, angle: float) -> int:
    """Degrees between two directions of the plane, 0 to 180."""
    apart = (azimuth - int(angle)) % 360
    return min(apart, 360 - apart)


def _rows(array: str, azimuth: int) -> tuple[Array, int]:
    step = STEP if azimuth % STEP == 0 else 1
    return _table(array, step), step


@cache
def _table(array: str, step: int) -> Array:
    """Responses at 0, step ... 180 degrees, (angles, bins) complex64: 49 MB for every degree."""
    frequency = np.fft.rfftfreq(SIZE, 1 / RATE)
    cosines = np.cos(np.radians(np.arange(0, 181, step)))
    if array == "head":
        return response(frequency, cosines, HEAD_RADIUS).astype(np.complex64)
    turns = 2j * np.pi * frequency * (CIRCLE_RADIUS / SOUND)
    return np.stack([np.exp(turns * cosine).astype(np.complex64) for cosine in cosines])
