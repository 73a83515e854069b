"""The early part of a room's response: 80 ms of images, as the arrays hear them."""

import numpy as np
from scipy.signal import butter, sosfilt

from seldbench.simulation.spatial.encoding import encode
from seldbench.simulation.spatial.images import image_sources
from seldbench.simulation.spatial.rooms import Room
from seldbench.simulation.spatial.sampling import EARLY, FADE, RATE, Array
from seldbench.simulation.spatial.walls import reflection

# Images all add up at 0 Hz, which no room does (Allen and Berkley filter likewise).
_HIGH_PASS = butter(2, 50, "highpass", fs=RATE, output="sos")


def early_responses(room: Room, sources: Array) -> Array:
    """From places in the room, (sources, 3): (sources, 8, EARLY) float32.

    Relative to what a source is at 1 m in the open; faded out over the last 10 ms.
    """
    heard = encode(image_sources(room, sources, reflection(room)), len(sources), EARLY)
    if room.rt60:
        heard = sosfilt(_HIGH_PASS, heard)
    return (heard * fade_out()).astype(np.float32)


def fade_out() -> Array:
    """(EARLY,): 1, then down to 0 over FADE; with `tail`'s rise, their energies add up to 1."""
    rise = np.clip((np.arange(EARLY) - EARLY + FADE + 0.5) / FADE, 0, 1)
    return np.cos(np.pi / 2 * rise)
