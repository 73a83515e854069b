"""Quality of separated signals, in dB: scale-invariant SDR and SNR.

Nothing is added to energies to keep quotients finite, as asteroid (1e-8) and torchmetrics (one
float's epsilon) do: an estimate equal to the reference up to its scale has infinity, one without
anything of the reference minus infinity, and a silent reference NaN.
"""

import numpy as np

Array = np.ndarray


def si_sdr(estimate: Array, reference: Array, *, zero_mean: bool = False) -> Array:
    """Scale-invariant signal to distortion ratio.

    The reference is scaled to come nearest to the estimate; what remains is distortion.

    Args:
        estimate, reference: (..., samples).
        zero_mean: take away means first. Without, it is the paper's formula and torchmetrics'
            default; with, it is asteroid's default, elsewhere called SI-SNR.

    Returns:
        (...)

    Source: Le Roux et al. 2019, arXiv:1811.02508.
    """
    estimate, reference = _signals(estimate, reference, zero_mean)
    dot, own = (estimate * reference).sum(-1), (reference**2).sum(-1)
    scale = np.divide(dot, own, out=np.zeros_like(own), where=own > 0)
    image = scale[..., None] * reference
    return np.where(own > 0, _ratio(image, estimate - image), np.nan)


def snr(estimate: Array, reference: Array) -> Array:
    """Signal to noise ratio, (..., samples) -> (...): all that differs from the reference is noise,
    its scale as well."""
    estimate, reference = _signals(estimate, reference, False)
    own = (reference**2).sum(-1)
    return np.where(own > 0, _ratio(reference, estimate - reference), np.nan)


def _signals(estimate: Array, reference: Array, zero_mean: bool) -> tuple[Array, Array]:
    one, other = np.asarray(estimate, np.float64), np.asarray(reference, np.float64)
    if one.shape != other.shape:
        raise ValueError(f"an estimate of {one.shape} for a reference of {other.shape}")
    if not zero_mean:
        return one, other
    return one - one.mean(-1, keepdims=True), other - other.mean(-1, keepdims=True)


def _ratio(signal: Array, noise: Array) -> Array:
    """Of energies; minus infinity where there is no signal, whatever the noise."""
    above, below = (signal**2).sum(-1), (noise**2).sum(-1)
    with np.errstate(divide="ignore"):
        finite = 10 * np.log10(above / np.where(below > 0, below, 1.0))
    return np.where((below > 0) | (above == 0), finite, np.inf)
