"""The files of a set, and reading them.

sounds/<split>/<class>/<n>.wav   dry sounds: 16 kHz, 16 bit, one channel, at most a clip long
noise/<split>/<n>.wav            background noise: eight channels, or one where it is coherent
mixtures/<split>.jsonl           what is mixed how (`table`)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import numpy as np
import soundfile

from seldbench.audio import AudioFile
from seldbench.errors import BadFile
from seldbench.simulation import sets
from seldbench.simulation.mixtures.sampling import RATE, SAMPLES, Array
from seldbench.simulation.mixtures.table import Noise, Source
from seldbench.storage import write_bytes

SOUNDS, NOISE, TABLES = "sounds", "noise", "mixtures"
_FULL = 32767


@dataclass(frozen=True)
class MixtureFiles:
    """A set's folder and the array that hears it (`responses.ARRAYS`)."""

    folder: Path
    array: str

    def whole(self, file: str) -> Array:
        """A dry sound, (samples,) float32; raises BadFile."""
        return _open(self.folder / file, 1).read()[0]

    def dry(self, source: Source) -> Array:
        """The same; also raises BadFile where it is shorter than the table says."""
        wave = self.whole(source.sound)
        if len(wave) < source.samples:
            raise BadFile(
                f"{self.folder / source.sound}: has {len(wave)} samples, {source.samples} expected;"
                " the file was changed: make the set again"
            )
        return wave[: source.samples]

    def noise(self, noise: Noise) -> Array:
        """A clip's length of it, (8 or 1, samples) float32; raises BadFile."""
        file = _open(self.folder / noise.file, None)
        return file.read(noise.start / RATE, SAMPLES / RATE)


def _open(path: Path, channels: int | None) -> AudioFile:
    return AudioFile(path, None if channels is None else (channels,), (RATE,))


def sound_file(split: str, label: str, number: int) -> str:
    """Below the set's folder. A label may hold what no file name does."""
    return f"{SOUNDS}/{split}/{quote(label, safe=' ,').replace('.', '%2E')}/{number}.wav"


def noise_file(split: str, number: int) -> str:
    return f"{NOISE}/{split}/{number}.wav"


def table_file(split: str) -> str:
    return f"{TABLES}/{split}.jsonl"


def present(folder: Path, split: str) -> Iterator[str]:
    """The sounds and the noise of a split that are there, as the table names them."""
    for kind in (SOUNDS, NOISE):
        for path in sorted((folder / kind / split).rglob("*.wav")):
            yield path.relative_to(folder).as_posix()


def fingerprint(folder: Path) -> str:
    """SHA-256 over the tables' text and the names and sizes of all other files."""
    tops = [sets.fingerprint(folder / top, ".jsonl") for top in (SOUNDS, NOISE, TABLES)]
    return sha256("\n".join(tops).encode()).hexdigest()


def write_wav(path: Path, wave: Array) -> None:
    """(channels, samples) in [-1, 1] to 16 bit, whole or not at all; raises WriteFailed."""
    content = BytesIO()
    samples = np.rint(np.clip(wave, -1, 1) * _FULL).astype(np.int16)
    soundfile.write(content, samples.T, RATE, format="WAV", subtype="PCM_16")
    write_bytes(path, content.getvalue())
