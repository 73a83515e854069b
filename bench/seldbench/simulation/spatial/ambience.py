"""The ambient noise of a room: an isotropic field, coloured, with hum, that swells a little.

Blocks of Gaussian noise, made by frequency and mixed so that the channels are those of a diffuse
field (`diffuse`), windowed by a half sine, overlapped by half and added: of constant power, because
the squares of the windows add up to 1.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft

from seldbench.simulation.spatial.diffuse import mixing_matrices
from seldbench.simulation.spatial.sampling import CHANNELS, RATE, Array, Rng

_SIZE = 2048  # samples of a block
_BLOCKS = 64  # made at a time, some 20 MB
_FLAT = 60.0  # hertz below which a spectrum no longer rises
_LOWEST = 30.0  # and below which it falls: rooms have little there, microphones less
_SWELL = 4.0  # seconds between the points that the level moves between
_HARMONICS = 8


@dataclass(frozen=True)
class Colour:
    """slope: dB that the spectrum falls an octave (3: pink); hum: level of the mains' hum relative
    to the whole, dB, None for none; mains: its frequency; swell: dB that the level moves up and
    down at most."""

    slope: float
    hum: float | None
    mains: float = 50.0
    swell: float = 2.0

    @staticmethod
    def draw(rng: Rng) -> "Colour":
        """3-6 dB an octave, hum 12-30 dB below the rest."""
        return Colour(rng.uniform(3, 6), rng.uniform(-30, -12), float(rng.choice([50.0, 60.0])))


def ambience(samples: int, rng: Rng, *, colour: Colour) -> Array:
    """Isotropic noise in both layouts, (8, samples) float32; W has unit power."""
    noise = _noise(samples, rng, colour.slope)
    if colour.hum is not None:
        power = 10 ** (colour.hum / 10)
        noise *= np.sqrt(1 - power)
        noise += np.sqrt(power) * _hum(samples, rng, colour)
    noise *= _level(samples, rng, colour.swell)
    return noise / np.sqrt(np.square(noise[0], dtype=np.float64).mean()).astype(np.float32)


def noise_gain(target: Array, noise: Array, snr: float) -> float:
    """What noise is multiplied by for a signal-to-noise ratio of `snr` dB: of the energies of W
    over the whole clip, (8, samples) each. One gain for all channels keeps both layouts one scene.

    Raises ValueError where either is silent: no gain makes a ratio then.
    """
    wanted, unwanted = (np.square(wave[0], dtype=np.float64).sum() for wave in (target, noise))
    if not wanted or not unwanted:
        raise ValueError("the target or the noise is silent: it has no signal-to-noise ratio")
    return float(np.sqrt(wanted / unwanted) * 10 ** (-snr / 20))


def _noise(samples: int, rng: Rng, slope: float) -> Array:
    """Of expected unit power on W."""
    hop = _SIZE // 2
    blocks = -(-samples // hop) + 1
    mixing = _coloured(slope)
    window = np.sin(np.pi * (np.arange(_SIZE) + 0.5) / _SIZE).astype(np.float32)
    heard = np.zeros((blocks + 1, CHANNELS, hop), dtype=np.float32)
    for start in range(0, blocks, _BLOCKS):
        some = slice(start, min(start + _BLOCKS, blocks))
        shape = (len(mixing), CHANNELS, some.stop - some.start, 2)
        white = rng.standard_normal(shape, dtype=np.float32).view(np.complex64)[..., 0]
        spectra = np.matmul(mixing, white).transpose(2, 1, 0)  # (blocks, 8, bins)
        waves = irfft(spectra, _SIZE, overwrite_x=True) * window
        heard[some] += waves[..., :hop]
        heard[some.start + 1 : some.stop + 1] += waves[..., hop:]
    return heard.swapaxes(0, 1).reshape(CHANNELS, -1)[:, hop : hop + samples]


def _coloured(slope: float) -> Array:
    """Mixing matrices of a diffuse field with the spectrum of the noise, (bins, 8, 8)."""
    frequency = np.fft.rfftfreq(_SIZE, 1 / RATE)
    power = np.maximum(frequency, _FLAT) ** (-slope / (10 * np.log10(2)))
    power /= 1 + (_LOWEST / np.maximum(frequency, 1.0)) ** 4
    power[[0, -1]] = 0.0
    # Real and imaginary part have unit power; irfft divides by the size and takes each bin twice.
    power *= _SIZE**2 / (4 * power.sum())
    return (mixing_matrices(frequency) * np.sqrt(power)[:, None, None]).astype(np.complex64)


def _hum(samples: int, rng: Rng, colour: Colour) -> Array:
    """Harmonics of the mains, each a standing wave of one draw from a diffuse field; W of unit
    power."""
    frequency = colour.mains * np.arange(1, _HARMONICS + 1)
    amplitude = rng.uniform(0.2, 1, _HARMONICS) / np.arange(1, _HARMONICS + 1)
    draws = rng.standard_normal((_HARMONICS, CHANNELS, 2)) @ np.array([1, 1j])
    draws[:, 0] /= np.abs(draws[:, 0])
    draws[:, 1:] /= np.sqrt(2)
    fields = (mixing_matrices(frequency) @ draws[..., None])[..., 0]  # (harmonics, 8)
    amplitude *= np.sqrt(2 / np.square(amplitude).sum())
    # A second of the mains holds whole periods of all harmonics.
    phase = 2j * np.pi * frequency[:, None] * np.arange(RATE) / RATE
    second = ((fields * amplitude[:, None]).T @ np.exp(phase)).real
    return np.tile(second.astype(np.float32), -(-samples // RATE))[:, :samples]


def _level(samples: int, rng: Rng, swell: float) -> Array:
    """A gain that wanders within +-`swell` dB."""
    points = rng.uniform(-swell, swell, int(samples / (_SWELL * RATE)) + 2)
    decibels = np.interp(np.arange(samples) / (_SWELL * RATE), np.arange(len(points)), points)
    return (10 ** (decibels / 20)).astype(np.float32)
