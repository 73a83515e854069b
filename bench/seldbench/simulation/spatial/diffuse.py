"""A diffuse field as both arrays hear it: plane waves from everywhere, in closed form.

With the sphere's modes b_n (`sphere`), u a wave's direction and p a microphone's, the mean over all
u of what two channels hear is
    foa with foa:   1 (W), 1/3 (each of Y, Z, X), 0 between them;
    microphone with W: b_0;  with the axis x (y, z): b_1 p_x;
    microphones p, q: sum over n of (2n+1) |b_n|^2 P_n(p q).
So a microphone is b_0 W + 3 b_1 (p . XYZ) plus what orders 2 and above add, which Ambisonics of
first order do not hear. Eight independent noises make exactly that field; the sum of finitely many
plane waves that the literature uses (240 directions, say) tends to it and costs 30 times as much.
"""

import numpy as np
from scipy.special import eval_legendre

from seldbench.arrays import MIC_POSITIONS
from seldbench.simulation.spatial.sampling import CHANNELS, Array
from seldbench.simulation.spatial.sphere import ORDERS, modes


def covariance(frequency: Array) -> Array:
    """Of the eight channels in a diffuse field with W of unit power: (frequencies, 8, 8)."""
    mixing = mixing_matrices(frequency)
    return mixing @ mixing.conj().swapaxes(1, 2)


def mixing_matrices(frequency: Array) -> Array:
    """From 8 independent noises of unit power to the 8 channels: (frequencies, 8, 8)."""
    strength = modes(frequency).T  # (frequencies, orders)
    mixing = np.zeros((len(strength), CHANNELS, CHANNELS), dtype=complex)
    mixing[:, 0, 0] = 1.0
    mixing[:, [1, 2, 3], [1, 2, 3]] = np.sqrt(1 / 3)
    mixing[:, 4:, 0] = strength[:, :1]
    mixing[:, 4:, 1:4] = np.sqrt(3) * strength[:, 1, None, None] * MIC_POSITIONS[:, [1, 2, 0]]
    mixing[:, 4:, 4:] = _square_root(_higher_orders(strength))
    return mixing


def _higher_orders(strength: Array) -> Array:
    """Covariance of the microphones by orders 2 and above: (frequencies, 4, 4)."""
    cosines = np.clip(MIC_POSITIONS @ MIC_POSITIONS.T, -1, 1)
    legendre = eval_legendre(ORDERS[2:, None, None], cosines)
    power = (2 * ORDERS[2:] + 1) * np.abs(strength[:, 2:]) ** 2
    return np.einsum("fn,nab->fab", power, legendre)


def _square_root(matrices: Array) -> Array:
    """Symmetric roots of symmetric matrices without negative eigenvalues (but for rounding)."""
    values, vectors = np.linalg.eigh(matrices)
    return (vectors * np.sqrt(np.maximum(values, 0))[:, None]) @ vectors.swapaxes(1, 2)
