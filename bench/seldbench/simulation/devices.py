"""What a recording device does to a sound: equaliser, bandwidth, gain control, clipping."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfilt

from seldbench.simulation.calibration import RATE
from seldbench.simulation.signals import between

Array = np.ndarray
Rng = np.random.Generator


@dataclass(frozen=True)
class Device:
    """peaks: (hertz, dB, octaves) of the equaliser; cutoff: hertz; clipping, gain_control: the
    drive above the clip's peak and the strength of the control, 0 for none."""

    peaks: tuple[tuple[float, float, float], ...]
    cutoff: float
    clipping: float
    gain_control: float

    @staticmethod
    def draw(rng: Rng) -> "Device":
        """+-6 dB at three places; 3.5-8 kHz; soft clipping in 10 %, gain control in 20 %."""
        peaks = tuple(
            (between(120, 6000, rng.random()), rng.uniform(-6, 6), rng.uniform(0.5, 1.5))
            for _ in range(3)
        )
        return Device(
            peaks=peaks,
            cutoff=between(3500, 8000, rng.random()),
            clipping=rng.uniform(1.2, 3.0) if rng.random() < 0.1 else 0.0,
            gain_control=rng.uniform(0.3, 0.7) if rng.random() < 0.2 else 0.0,
        )

    def record(self, wave: Array) -> Array:
        """(samples,) -> (samples,)"""
        for frequency, decibels, octaves in self.peaks:
            wave = sosfilt(peak_filter(frequency, decibels, octaves), wave)
        if self.cutoff < 0.48 * RATE:
            wave = sosfilt(butter(6, self.cutoff, fs=RATE, output="sos"), wave)
        if self.gain_control:
            power = uniform_filter1d(np.square(wave), RATE // 2, mode="nearest")
            level = np.sqrt(power + 0.01 * np.mean(np.square(wave)) + 1e-20)
            wave = wave * (np.sqrt(np.mean(level**2)) / level) ** self.gain_control
        if self.clipping:
            peak = max(float(np.abs(wave).max()), 1e-9)
            wave = np.tanh(self.clipping * wave / peak) * peak / np.tanh(self.clipping)
        return wave


def peak_filter(frequency: float, decibels: float, octaves: float) -> Array:
    """One second-order section, (1, 6). Source: peaking filter of Bristow-Johnson's cookbook."""
    turn = 2 * np.pi * frequency / RATE
    width = np.sin(turn) * np.sinh(np.log(2) / 2 * octaves * turn / np.sin(turn))
    gain = 10 ** (decibels / 40)
    cosine = -2 * np.cos(turn)
    top = np.array([1 + width * gain, cosine, 1 - width * gain])
    bottom = np.array([1 + width / gain, cosine, 1 - width / gain])
    return np.concatenate([top, bottom])[None] / bottom[0]
