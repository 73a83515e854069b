"""What a set says of its mixtures: one JSON line a mixture, with every number that rendering needs.

{"name": "test_00012", "target": 1, "snr": 14.2,
 "noise": {"file": ..., "start": ..., "gain": ...},
 "sources": [{"label": ..., "sound": ..., "azimuth": ..., "onset": ..., "samples": ...,
              "level": ..., "gain": ...}, ...]}
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seldbench.errors import BadFile
from seldbench.simulation.mixtures.sampling import RATE


@dataclass(frozen=True)
class Source:
    """One sound of a mixture.

    sound: its file, below the set's folder. azimuth: whole degrees, 0 to 359, counter-clockwise
    from the front. onset, samples: where it lies in the clip. level: dB re the target, at
    microphone 0 over active samples (`balance`). gain: what the file's samples are multiplied by,
    all in all.
    """

    label: str
    sound: str
    azimuth: int
    onset: int
    samples: int
    level: float
    gain: float

    @property
    def seconds(self) -> tuple[float, float]:
        """Onset and offset."""
        return self.onset / RATE, (self.onset + self.samples) / RATE


@dataclass(frozen=True)
class Noise:
    """A cut of a recording of noise; `gain` as of a source."""

    file: str
    start: int
    gain: float


@dataclass(frozen=True)
class Mixture:
    """sources: by their numbers; target: the number of the loudest (in sets of equal levels of any
    one, which nobody reads). snr: dB, of all sources together re the noise, at microphone 0 over
    the whole clip."""

    name: str
    target: int
    snr: float
    noise: Noise
    sources: tuple[Source, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """All that is read to render it."""
        return (*(source.sound for source in self.sources), self.noise.file)


def as_line(mixture: Mixture) -> str:
    return json.dumps(asdict(mixture), allow_nan=False) + "\n"


def read_mixtures(path: Path) -> tuple[Mixture, ...]:
    """Raises BadFile for a file that is absent or a line that is no mixture."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: cannot be read ({error}); make the set again") from None
    return tuple(_parsed(lines, path))


def _parsed(lines: Iterable[str], path: Path) -> Iterable[Mixture]:
    for number, line in enumerate(lines, start=1):
        try:
            yield _mixture(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise BadFile(
                f"{path}, line {number}: not a mixture ({error}); make the set again"
            ) from None


def _mixture(of: dict[str, Any]) -> Mixture:
    sources = tuple(Source(**source) for source in of["sources"])
    noise = Noise(**of["noise"])
    found = Mixture(**{**of, "noise": noise, "sources": sources})
    if not 0 <= found.target < len(sources):
        raise ValueError(f"target {found.target} of {len(sources)} sources")
    return found
