"""The few building blocks of procedural sounds. Waves are mono, (samples,); levels are free, since
mixing sets them by loudness."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import uniform_filter1d

from seldbench.simulation.calibration import RATE

Array = np.ndarray
Rng = np.random.Generator

_TABLE = 8192  # samples in one period of a wavetable
_ROW = 256  # samples of a damped mode made at once


def noise(length: int, rng: Rng) -> Array:
    return rng.standard_normal(length)


def between(low: float, high: float, share: float) -> float:
    """The point `share` of the way from low to high on a logarithmic scale."""
    return float(low * (high / low) ** share)


def curve(length: int, points: Array) -> Array:
    """A smooth line along points spread evenly over the length."""
    line = np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(points)), points)
    return uniform_filter1d(line, max(length // len(points), 1), mode="nearest")


def normal(wave: Array) -> Array:
    """A wave of unit root mean square; silence stays silence."""
    level = float(np.sqrt(np.mean(np.square(wave)))) if len(wave) else 0.0
    return wave / level if level > 0 else wave


@dataclass(frozen=True)
class Signals:
    """The building blocks at one sampling rate, hertz (a multiple of 500)."""

    rate: int

    @property
    def top(self) -> float:
        """Partials above this are left out: 7.6 kHz at 16 kHz."""
        return 0.475 * self.rate

    @property
    def hop(self) -> int:
        """Samples between time-varying spectra: 8 ms."""
        return self.rate * 8 // 1000

    @property
    def window(self) -> int:
        return 4 * self.hop

    @cached_property
    def bins(self) -> Array:
        """Frequencies of time-varying spectra, (window / 2 + 1,)."""
        return np.fft.rfftfreq(self.window, 1 / self.rate)

    @cached_property
    def _hann(self) -> Array:
        return np.hanning(self.window + 1)[:-1]

    def samples(self, seconds: float) -> int:
        return round(seconds * self.rate)

    def drift(self, length: int, rng: Rng, rate: float) -> Array:
        """A slow random curve of unit variance with `rate` knots a second."""
        knots = rng.standard_normal(int(length / self.rate * rate) + 3)
        return np.interp(np.arange(length) * (rate / self.rate), np.arange(len(knots)), knots)

    def coloured(self, length: int, rng: Rng, frequencies: Array, decibels: Array) -> Array:
        """Noise with a spectrum given by points in (hertz, dB), on a logarithmic frequency axis."""
        size = next_fast_len(max(length, 64), real=True)
        axis = np.log(np.fft.rfftfreq(size, 1 / self.rate) + 1)
        gains = 10 ** (np.interp(axis, np.log(np.asarray(frequencies) + 1), decibels) / 20)
        return irfft(rfft(noise(size, rng)) * gains, size)[:length]

    def band(self, length: int, rng: Rng, low: float, high: float) -> Array:
        """Noise between two frequencies, 60 dB down an octave outside."""
        points = [low / 2, low, high, min(high * 2, self.rate)]
        return self.coloured(length, rng, np.array(points), np.array([-60, 0, 0, -60]))

    def harmonics(self, pitch: Array, amplitudes: Array, rng: Rng) -> Array:
        """A periodic wave of a pitch, (samples,) hertz; without its partials above `top`."""
        count = min(len(amplitudes), int(self.top / max(float(pitch.max()), 20.0)))
        spectrum = np.zeros(_TABLE // 2 + 1, complex)
        turns = rng.uniform(0, 2 * np.pi, count)
        spectrum[1 : count + 1] = amplitudes[:count] * np.exp(1j * turns)
        table = irfft(spectrum, _TABLE) * _TABLE / 2
        phase = rng.uniform() + np.cumsum(pitch) / self.rate
        return table[((phase % 1.0) * _TABLE).astype(np.int64) % _TABLE]

    def pulses(self, pitch: Array, tilt: float, rng: Rng) -> Array:
        """Pulses of the given pitch; the k-th partial is k**-tilt, all in phase."""
        count = int(self.top / max(float(pitch.max()), 20.0))
        spectrum = np.zeros(_TABLE // 2 + 1, complex)
        spectrum[1 : count + 1] = np.arange(1, count + 1) ** -tilt
        table = irfft(spectrum, _TABLE) * _TABLE / 2
        phase = rng.uniform() + np.cumsum(pitch) / self.rate
        return table[((phase % 1.0) * _TABLE).astype(np.int64) % _TABLE]

    def frames(self, length: int) -> int:
        """Frames of the time-varying spectrum of so many samples; frame i is centred at i * hop."""
        return length // self.hop + 1

    def shape(self, wave: Array, gains: Array) -> Array:
        """A wave filtered by a spectrum that changes in time, (frames, bins) or broadcastable."""
        count, hop, window = self.frames(len(wave)), self.hop, self.window
        padded = np.pad(wave, (window // 2, window // 2 + hop))
        spectra = rfft(sliding_window_view(padded, window)[::hop][:count] * self._hann, axis=1)
        pieces = irfft(spectra * gains, window, axis=1).reshape(count, window // hop, hop)
        summed = np.zeros((count + window // hop - 1, hop))
        for k in range(window // hop):
            summed[k : k + count] += pieces[:, k]
        return summed.ravel()[window // 2 : window // 2 + len(wave)] / 2

    def resonances(self, centres: Array, widths: Array, levels: Array) -> Array:
        """Spectra with peaks at `centres`, (frames, peaks); widths and levels, (peaks,) ->
        (frames, bins)."""
        distance = (self.bins - centres[..., None]) / np.asarray(widths)[:, None]
        return (np.asarray(levels)[:, None] / np.sqrt(1 + distance**2)).sum(axis=1)

    def strike(self, rng: Rng, frequencies: Array, decays: Array, amplitudes: Array) -> Array:
        """Damped modes sounding together. decays: seconds to fall by 60 dB."""
        length = self.samples(min(float(decays.max()), 1.5))
        time = np.arange(length) / self.rate
        turns = rng.uniform(0, 2 * np.pi, len(frequencies))
        keep = frequencies < self.top
        rates = (-6.91 / decays + 2j * np.pi * frequencies)[keep]
        waves = np.exp(rates[:, None] * time + 1j * turns[keep][:, None]).real
        return (amplitudes[keep][:, None] * waves).sum(axis=0)

    def ring(
        self, rng: Rng, frequencies: Array, decays: Array, amplitudes: Array, longest: float = 1.5
    ) -> Array:
        """As `strike`, of up to `longest` seconds and ten times faster; equal up to rounding, which
        desed-sim's fingerprints do not forgive."""
        length = self.samples(min(float(decays.max()), longest))
        wave = np.zeros((-(-length // _ROW), _ROW))
        turns = rng.uniform(0, 2 * np.pi, len(frequencies))
        rates = (-6.91 / decays + 2j * np.pi * frequencies) / self.rate
        for k in np.flatnonzero(frequencies < self.top):
            # exp(r (row i + j)) = exp(r row i) exp(r j); until the mode has fallen by 72 dB
            rows = min(int(1.2 * decays[k] * self.rate / _ROW) + 1, len(wave))
            slow = amplitudes[k] * np.exp(rates[k] * _ROW * np.arange(rows) + 1j * turns[k])
            fast = np.exp(rates[k] * np.arange(_ROW))
            wave[:rows] += slow.real[:, None] * fast.real - slow.imag[:, None] * fast.imag
        return wave.ravel()[:length]

    def repeat(self, wave: Array, onsets: Array, gains: Array, length: int) -> Array:
        """A wave started at each onset (seconds) with a gain, cut at `length` samples."""
        places = np.minimum((np.asarray(onsets) * self.rate).astype(int), length - 1)
        hits = np.bincount(places, weights=gains, minlength=length)
        size = next_fast_len(length + len(wave), real=True)
        return irfft(rfft(hits, size) * rfft(wave, size), size)[:length]

    def faded(self, wave: Array, rise: float = 0.005, fall: float = 0.02) -> Array:
        """Ends smoothed; ramps are at most a third of the wave."""
        up = min(max(self.samples(rise), 1), len(wave) // 3 + 1)
        down = min(max(self.samples(fall), 1), len(wave) // 3 + 1)
        wave = np.array(wave, dtype=np.float64)
        wave[:up] *= np.linspace(0, 1, up, endpoint=False)
        wave[len(wave) - down :] *= np.linspace(1, 0, down)
        return wave


DESED = Signals(RATE)
samples, faded = DESED.samples, DESED.faded
