"""Room responses: the early reflections of a shoebox by image sources, then a decaying noise tail.

Sources: Allen and Berkley 1979 (image sources); Eyring 1930 (absorption from the reverberation
time); Lehmann and Johansson 2010 for a diffuse tail in place of late images. Metres and seconds.
One omnidirectional microphone; the walls absorb all frequencies alike in the early part, the tail
loses its high frequencies faster.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from seldbench.simulation.calibration import RATE
from seldbench.simulation.signals import between

Array = np.ndarray
Rng = np.random.Generator

SOUND = 343.0  # metres a second
EARLY = 0.06  # images arrive up to so long after the direct sound
_ORDER = 4  # images at most so many rooms away along an axis
_REACH = 16  # samples on either side of an arrival, of its band-limited pulse
_WALL = 0.3  # nothing stands nearer to a wall
# Images all add up at 0 Hz, which no room does (Allen and Berkley filter likewise).
_HIGH_PASS = butter(1, 50, "highpass", fs=RATE, output="sos")


@dataclass(frozen=True)
class Room:
    """size, microphone: (3,); decay: seconds to fall by 60 dB (RT60)."""

    size: Array
    microphone: Array
    decay: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Room":
        """A room of 2-8 x 2-6 x 2.3-3 m with 0.15-0.7 s; larger ones ring longer as a rule."""
        size = np.array(
            [
                between(2.0, 8.0, character),
                between(2.0, 6.0, float(np.clip(character + rng.normal(0, 0.2), 0, 1))),
                rng.uniform(2.3, 3.0),
            ]
        )
        decay = between(0.15, 0.7, float(np.clip(character + rng.normal(0, 0.25), 0, 1)))
        return Room(size, _inside(size, rng), decay)

    @property
    def reflection(self) -> float:
        """Pressure that a wall returns, from Eyring's formula."""
        x, y, z = self.size
        surface = 2 * (x * y + y * z + x * z)
        absorption = 1 - np.exp(-24 * np.log(10) * x * y * z / (SOUND * surface * self.decay))
        return float(np.sqrt(1 - absorption))

    def response(self, source: Array, rng: Rng) -> Array:
        """From a point, (3,), to the microphone; (samples,), unit energy. It starts with the direct
        sound: the way there takes no time, so that labels stay true."""
        delays, gains = image_sources(self, source)
        delays = delays - delays.min()
        keep = delays < EARLY
        length = int((EARLY + 0.8 * self.decay) * RATE) + 2 * _REACH
        response = _pulses(delays[keep], gains[keep], length)
        tail = self._tail(length, rng)
        join = int(EARLY * RATE)
        late = slice(join // 2, join)
        level = np.sqrt(np.square(response[late]).sum() / max(np.square(tail[late]).sum(), 1e-20))
        rise = np.clip((np.arange(length) - join // 2) / (join - join // 2), 0, 1)
        response = response * np.sqrt(1 - rise**2) + tail * level * rise
        response = sosfilt(_HIGH_PASS, response)
        return response / np.sqrt(np.square(response).sum())

    def _tail(self, length: int, rng: Rng) -> Array:
        """Noise that decays by 60 dB in `decay` below 2 kHz and in two thirds of it above."""
        noise = rng.standard_normal(length)
        low = sosfilt(butter(2, 2000, fs=RATE, output="sos"), noise)
        time = np.arange(length) / RATE
        slow, fast = (np.exp(-6.91 * time / d) for d in (self.decay, self.decay / 1.5))
        return low * slow + (noise - low) * fast

    def place(self, rng: Rng) -> Array:
        """A point for a source, at least half a metre from the microphone where there is room."""
        spots = np.stack([_inside(self.size, rng) for _ in range(8)])
        distance = np.linalg.norm(spots - self.microphone, axis=1)
        far = np.flatnonzero(distance > 0.5)
        return spots[far[0] if len(far) else int(distance.argmax())]


def image_sources(room: Room, source: Array) -> tuple[Array, Array]:
    """Delays (seconds) and gains (1 / distance, times the walls' reflections) of all images up to
    four rooms away along each axis."""
    steps = np.arange(-_ORDER, _ORDER + 1)
    axes, bounces = [], []
    for size, at in zip(room.size, source):
        axes.append(np.concatenate([2 * steps * size + at, 2 * steps * size - at]))
        bounces.append(np.concatenate([2 * np.abs(steps), np.abs(2 * steps - 1)]))
    x, y, z = (a - m for a, m in zip(axes, room.microphone))
    squared = (x**2)[:, None, None] + (y**2)[:, None] + z**2
    distance = np.maximum(np.sqrt(squared), 0.05).ravel()
    walls = (bounces[0][:, None, None] + bounces[1][:, None] + bounces[2]).ravel()
    return distance / SOUND, room.reflection**walls / distance


def _pulses(delays: Array, gains: Array, length: int) -> Array:
    """Band-limited pulses (windowed sinc) at delays between samples. The first, at delay 0, keeps
    its causal half only; it is a plain sample there."""
    arrival = delays * RATE
    whole = np.floor(arrival).astype(int)
    taps = np.arange(-_REACH, _REACH + 1)
    offset = taps - (arrival - whole)[:, None]
    window = np.cos(np.pi * offset / (2 * _REACH + 2)) ** 2
    values = gains[:, None] * np.sinc(offset) * window
    places = whole[:, None] + taps
    ok = (places >= 0) & (places < length)
    return np.bincount(places[ok], weights=values[ok], minlength=length)


def _inside(size: Array, rng: Rng) -> Array:
    return np.array([rng.uniform(min(_WALL, s / 2), max(s - _WALL, s / 2)) for s in size])
