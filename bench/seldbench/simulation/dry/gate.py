"""When a dry sound is active: what labels and levels of spatial scenes go by.

Source: the energy gate of seldbench's specification, E.5.
"""

import numpy as np

from seldbench.simulation.dry.classes import AT
from seldbench.simulation.signals import Array

FRAME = 0.1  # seconds
FLOOR = -40.0  # dB re the loudest frame
SHORTEST_GAP = 2  # frames; shorter ones are closed


def activity(wave: Array) -> Array:
    """(samples,) -> (frames,) bool: frames within 40 dB of the loudest, gaps under 200 ms closed.

    The last frame may be partial. Silence is never active; an empty wave has no frames.
    """
    active = np.zeros(0, bool)
    if not len(wave):
        return active
    energy = _energies(wave)
    if energy.max() == 0:
        return np.zeros(len(energy), bool)
    active = energy > energy.max() * 10 ** (FLOOR / 10)
    sounding = np.flatnonzero(active)
    for before in np.flatnonzero(np.diff(sounding) <= SHORTEST_GAP):
        active[sounding[before] : sounding[before + 1]] = True
    return active


def active_level(wave: Array) -> float:
    """Root mean square over the active frames, dB re 1; -inf for silence."""
    active = activity(wave)
    if not active.any():
        return -np.inf
    return float(10 * np.log10(_energies(wave)[active].mean()))


def _energies(wave: Array) -> Array:
    """Mean square of each frame, (frames,)."""
    starts = np.arange(0, len(wave), AT.samples(FRAME))
    counts = np.diff(np.append(starts, len(wave)))
    return np.add.reduceat(np.square(wave, dtype=np.float64), starts) / counts
