"""Clips of a set of mixtures. Their recordings are rendered when they are read, some milliseconds
each; until then a recording is its line in the set's table."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from seldbench.audio import Waveform
from seldbench.contracts import Clip, Recording
from seldbench.events import Event, EventList
from seldbench.geometry import unit_vectors
from seldbench.simulation.mixtures.files import MixtureFiles
from seldbench.simulation.mixtures.rendering import MICROPHONES, image, render
from seldbench.simulation.mixtures.sampling import RATE, SAMPLES
from seldbench.simulation.mixtures.table import Mixture

Array = np.ndarray

DURATION = SAMPLES / RATE


@dataclass(frozen=True, repr=False)
class Mixed:
    """A mixture at the eight microphones."""

    files: MixtureFiles
    mixture: Mixture

    sample_rate = RATE
    mics = MICROPHONES
    duration = DURATION

    def __repr__(self) -> str:
        return f"Mixed({str(self.files.folder)!r}, {self.mixture.name!r})"

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        """(8, samples) float32; raises BadFile."""
        return Waveform(render(self.files, self.mixture), RATE).read(onset, duration)


@dataclass(frozen=True, repr=False)
class Alone:
    """One source of a mixture, by its number, at the first microphone."""

    files: MixtureFiles
    mixture: Mixture
    source: int

    sample_rate = RATE
    mics = 1
    duration = DURATION

    def __repr__(self) -> str:
        return f"Alone({str(self.files.folder)!r}, {self.mixture.name!r}, {self.source})"

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        """(1, samples) float32; raises BadFile."""
        wave = image(self.files, self.mixture.sources[self.source])
        return Waveform(wave[None], RATE).read(onset, duration)


def clip_of(files: MixtureFiles, mixture: Mixture) -> Clip:
    """The mixture, asked for none of its sources."""
    numbers = range(len(mixture.sources))
    stems: dict[int, Recording] = {number: Alone(files, mixture, number) for number in numbers}
    recordings: dict[str, Recording] = {"circular8": Mixed(files, mixture)}
    return Clip(mixture.name, DURATION, recordings, events=events_of(mixture), stems=stems)


def clip_about(files: MixtureFiles, mixture: Mixture, number: int) -> Clip:
    """The mixture, asked for the source of this number."""
    whole = clip_of(files, mixture)
    recordings = {**whole.recordings, "target": whole.stems[number]}
    return replace(whole, recordings=recordings, target=number)


def clips_of_each(files: MixtureFiles, mixture: Mixture) -> Iterator[Clip]:
    """The mixture once for each of its sources, asked for that one."""
    for number in range(len(mixture.sources)):
        yield replace(clip_about(files, mixture, number), id=f"{mixture.name}-{number}")


def events_of(mixture: Mixture) -> EventList:
    """One event a source, by number."""
    azimuths = np.array([source.azimuth for source in mixture.sources], dtype=np.float64)
    doas = unit_vectors(azimuths, np.zeros_like(azimuths))
    return EventList(
        Event(*source.seconds, source.label, number, doa)
        for number, (source, doa) in enumerate(zip(mixture.sources, doas))
    )
