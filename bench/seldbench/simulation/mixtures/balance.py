"""How loud: levels of sources, of the noise, of the whole, all measured at microphone 0."""

import numpy as np

from seldbench.simulation.mixtures.sampling import Array

FRAME = 320  # samples, 20 ms
FLOOR = -40.0  # dB re the loudest frame; frames below are pauses
PEAK = 0.5  # of a mixture at the loudest microphone


def active_level(wave: Array) -> float:
    """Root mean square over active samples, dB re 1: those in frames of 20 ms within 40 dB of the
    loudest frame. Minus infinity for silence.

    Specification of seldbench, D.8: "at microphone 0 measured over active samples"; the frames and
    the floor are our design.
    """
    power = np.square(wave[: len(wave) // FRAME * FRAME], dtype=np.float64)
    energy = power.reshape(-1, FRAME).mean(axis=1)
    if not energy.any():
        return -np.inf
    return float(10 * np.log10(energy[energy >= energy.max() * 10 ** (FLOOR / 10)].mean()))


def noise_gain(sources: Array, noise: Array, snr: float) -> float:
    """What noise is multiplied by so that all sources together are `snr` dB above it, by energy
    over the whole clip at microphone 0; (samples,) each, neither silent."""
    wanted, unwanted = (np.square(wave, dtype=np.float64).sum() for wave in (sources, noise))
    return float(np.sqrt(wanted / unwanted) * 10 ** (-snr / 20))
