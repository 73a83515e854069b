"""From a mixture's line in the table to what the microphones hear: nothing random is left.

Each sound is brought to every microphone by its response (`responses`), as a product of spectra;
spectra are added up before they become waves again: of a mixture of n sounds, n transforms and 8
inverse ones.
"""

from collections.abc import Sequence

import numpy as np
from scipy.fft import irfft, rfft

from seldbench.arrays import CHANNELS
from seldbench.simulation.mixtures.files import MixtureFiles
from seldbench.simulation.mixtures.responses import response_of_first, responses
from seldbench.simulation.mixtures.sampling import SAMPLES, SIZE, Array
from seldbench.simulation.mixtures.table import Mixture, Source

MICROPHONES = CHANNELS["circular8"]


def render(files: MixtureFiles, mixture: Mixture) -> Array:
    """The mixture at all microphones, (8, samples) float32: all images and the noise.

    Raises:
        BadFile: a file that is read is absent or no such file.
    """
    heard = images(files.array, mixture.sources, [files.dry(s) for s in mixture.sources])
    heard += files.noise(mixture.noise) * np.float32(mixture.noise.gain)
    return heard


def images(array: str, sources: Sequence[Source], dry: Sequence[Array]) -> Array:
    """All sources together, without noise, at all microphones: (8, samples) float32."""
    spectra = rfft(np.stack([_placed(s, wave) for s, wave in zip(sources, dry)]))
    total = np.zeros((MICROPHONES, spectra.shape[1]), dtype=np.complex64)
    for source, spectrum in zip(sources, spectra):
        for row, microphones in responses(array, source.azimuth):
            heard = row * spectrum
            for microphone in microphones:
                total[microphone] += heard
    return irfft(total, SIZE, overwrite_x=True)[:, :SAMPLES]


def image(files: MixtureFiles, source: Source) -> Array:
    """One source at microphone 0, as loud as in the mixture: (samples,) float32."""
    return image_of(files.array, source, files.dry(source))


def image_of(array: str, source: Source, dry: Array) -> Array:
    """The same of a sound at hand."""
    spectrum = rfft(_placed(source, dry)) * response_of_first(array, source.azimuth)
    return irfft(spectrum, SIZE)[:SAMPLES]


def _placed(source: Source, dry: Array) -> Array:
    """Its samples in the clip, and silence up to the size of a transform."""
    wave = np.zeros(SIZE, dtype=np.float32)
    np.multiply(dry, np.float32(source.gain), out=wave[source.onset :][: source.samples])
    return wave
