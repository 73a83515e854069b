"""What microphones on a rigid sphere hear of a plane wave.

H(f) = 1 / (kR)^2 * sum over n of i^(n-1) (2n+1) P_n(cos gamma) / h_n'(kR), h_n the spherical Hankel
function of the second kind, gamma the angle between the microphone and the wave's direction of
arrival, k = 2 pi f / c; the phase is relative to the centre of the sphere.
Source: README of STARSS23 (array response of the MIC format), 30 orders.
"""

import numpy as np
from scipy.special import eval_legendre, spherical_jn, spherical_yn

from seldbench.arrays import MIC_RADIUS
from seldbench.simulation.spatial.sampling import SOUND, Array

ORDERS = np.arange(31)


def modes(frequency: Array, radius: float = MIC_RADIUS) -> Array:
    """b_n(f) = i^(n-1) / ((kR)^2 h_n'(kR)), the strength of each order: (orders, frequencies)."""
    n, x = ORDERS[:, None], 2 * np.pi * np.asarray(frequency)[None] * radius / SOUND
    at_zero = x == 0  # there the sphere is not felt: order 0 alone, with strength 1
    x = np.where(at_zero, 1.0, x)
    hankel = np.empty((len(n), x.shape[1]), dtype=complex)
    hankel.real = spherical_jn(n, x, derivative=True)
    hankel.imag = -spherical_yn(n, x, derivative=True)
    strength = np.array([-1j, 1, 1j, -1])[n % 4] / (x**2 * hankel)
    return np.where(at_zero, n == 0, strength)


def response(frequency: Array, cos_gamma: Array, radius: float = MIC_RADIUS) -> Array:
    """H at frequencies in hertz and cosines: (cosines, frequencies)."""
    legendre = eval_legendre(ORDERS, np.asarray(cos_gamma)[:, None])
    # Not by `@`, whose last bits may hang on the number of threads: equal seeds, equal sets.
    return np.einsum("gn,nf->gf", legendre * (2 * ORDERS + 1), modes(frequency, radius))
