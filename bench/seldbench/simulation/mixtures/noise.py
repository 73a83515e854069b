"""Background noise as the eight microphones hear it: the murmur of many talkers, or a large hall.

Diffuse noise is Gaussian and comes from everywhere with equal power. Two microphones d apart then
have the coherence sin(kd) / kd free in the air, and on a sphere the sum over n of
(2n+1) |b_n|^2 P_n(cos) over its value at 0 degrees (`spatial.diffuse`). On a circle that covariance
is circulant: a Fourier transform over the microphones of independent noises, weighted with the
roots of its eigenvalues, is exactly such a field. Coherent noise is one signal for all microphones,
as in the published generator.

Spectra and modulation are our design: of babble the level of each band moves with the syllables, by
some 3 dB, and speech's spectrum falls above 500 Hz; a hall is darker, and swells slowly.
Source: specification of seldbench, D.8 and E.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.fft import fft, ifft, irfft
from scipy.special import eval_legendre

from seldbench.arrays import CIRCLE_ANGLES
from seldbench.simulation.mixtures.responses import radius
from seldbench.simulation.mixtures.sampling import RATE, SOUND, Array, Rng
from seldbench.simulation.spatial.sphere import ORDERS, modes

FIELDS = ("diffuse", "coherent")
PEAK = 0.9  # of a recording
_SIZE = 1024  # samples of a block
_BLOCKS = 64  # made at a time
_CENTRES = np.array([125.0, 250, 500, 1000, 2000, 4000, 8000])  # of the bands that swell alone


@dataclass(frozen=True)
class Character:
    """corner: hertz above which the spectrum falls, by `slope` dB an octave; below `lowest` hertz
    it falls as well. pace: knots a second of each band's level, which moves by `swell` dB."""

    corner: tuple[float, float]
    slope: tuple[float, float]
    lowest: float
    pace: tuple[float, float]
    swell: tuple[float, float]


KINDS: Mapping[str, Character] = MappingProxyType(
    {
        "babble": Character((400, 600), (6, 9), 100, (6, 10), (2.5, 4)),
        "hall": Character((80, 200), (4, 7), 40, (0.5, 2), (1, 2.5)),
    }
)


def make_noise(kind: str, field: str, array: str, samples: int, rng: Rng) -> Array:
    """A recording of noise, (channels, samples) float32 with peak 0.9; coherent noise has one
    channel."""
    character = KINDS[kind]
    weights = np.ones((1, _SIZE // 2 + 1)) if field == "coherent" else _weights(array)
    loud = _spectrum(character, rng)
    hop = _SIZE // 2
    blocks = -(-samples // hop) + 1
    swell = _swell(character, blocks, rng)
    window = np.sin(np.pi * (np.arange(_SIZE) + 0.5) / _SIZE).astype(np.float32)
    heard = np.zeros((blocks + 1, len(weights), hop), dtype=np.float32)
    for start in range(0, blocks, _BLOCKS):
        some = slice(start, min(start + _BLOCKS, blocks))
        shape = (some.stop - some.start, *weights.shape, 2)
        white = rng.standard_normal(shape, dtype=np.float32).view(np.complex64)[..., 0]
        spectra = ifft(white * weights.astype(np.float32), axis=1, norm="ortho")
        spectra *= (loud * swell[some])[:, None]
        # Half sines overlapped by half: the power is constant, as their squares add up to 1.
        waves = irfft(spectra, _SIZE) * window
        heard[some] += waves[..., :hop]
        heard[some.start + 1 : some.stop + 1] += waves[..., hop:]
    noise = heard.swapaxes(0, 1).reshape(len(weights), -1)[:, hop : hop + samples]
    return noise * np.float32(PEAK / np.abs(noise).max())


def coherence(frequency: Array, array: str) -> Array:
    """Of microphone 0 with each microphone in a diffuse field, real: (microphones, frequencies)."""
    apart = np.radians(CIRCLE_ANGLES)
    if array == "head":
        strength = (2 * ORDERS + 1)[:, None] * np.abs(modes(frequency, radius(array))) ** 2
        legendre = eval_legendre(ORDERS, np.cos(apart)[:, None])
        power = np.einsum("mn,nf->mf", legendre, strength)
        return power / power[0]
    chord = 2 * radius(array) * np.sin(apart / 2)
    return np.sinc(2 * chord[:, None] * np.asarray(frequency) / SOUND)


def _weights(array: str) -> Array:
    """Roots of the eigenvalues of the covariance, (microphones, bins)."""
    across = coherence(np.fft.rfftfreq(_SIZE, 1 / RATE), array)
    return np.sqrt(np.maximum(fft(across, axis=0).real, 0))  # but for rounding none is negative


def _spectrum(character: Character, rng: Rng) -> Array:
    """Amplitude of the bins, (bins,) float32; none at 0 Hz and at half the rate."""
    corner, slope = rng.uniform(*character.corner), rng.uniform(*character.slope)
    frequency = np.maximum(np.fft.rfftfreq(_SIZE, 1 / RATE), 1.0)
    decibels = -slope * np.maximum(np.log2(frequency / corner), 0)
    decibels -= 12 * np.maximum(np.log2(character.lowest / frequency), 0)
    amplitude = 10 ** (decibels / 20)
    amplitude[[0, -1]] = 0.0
    return amplitude.astype(np.float32)


def _swell(character: Character, blocks: int, rng: Rng) -> Array:
    """Gains that wander, band by band: (blocks, bins) float32."""
    pace, depth = rng.uniform(*character.pace), rng.uniform(*character.swell)
    time = np.arange(blocks) * (_SIZE // 2 / RATE * pace)
    knots = depth * rng.standard_normal((len(_CENTRES), int(time[-1]) + 2))
    bands = [np.interp(time, np.arange(knots.shape[1]), row) for row in knots]
    octave = np.log2(np.maximum(np.fft.rfftfreq(_SIZE, 1 / RATE), 1.0) / _CENTRES[0])
    place = np.clip(octave, 0, len(_CENTRES) - 1)
    low = np.minimum(place.astype(int), len(_CENTRES) - 2)
    share = place - low
    decibels = (
        np.array(bands)[low] * (1 - share)[:, None] + np.array(bands)[low + 1] * share[:, None]
    )
    return (10 ** (decibels.T / 20)).astype(np.float32)
