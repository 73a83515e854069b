"""Sources that are recordings: what of a file sounds, and how a sound of a wanted length is made of
it. Mono at RATE; seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

from seldbench.errors import BadFile
from seldbench.simulation.bank import (
    GROUPS,
    Confusing,
    Source,
    procedural_backgrounds,
    procedural_sources,
)
from seldbench.simulation.calibration import RATE
from seldbench.simulation.catalogue import Catalogue, Entry, read_catalogue
from seldbench.simulation.signals import DESED, Array, Rng, Signals, faded, normal, samples
from seldbench.simulation.statistics import CLASSES, CLIP

# How a class fills more time than its recording has: by a seamless loop, by take after take, or not
# at all (a cat's call keeps its length).
LOOPED = frozenset(
    {"Blender", "Electric_shaver_toothbrush", "Frying", "Running_water", "Vacuum_cleaner"}
)
REPEATED = frozenset({"Alarm_bell_ringing", "Dishes", "Dog", "Speech"})

SILENT = -40.0  # dB re the loudest 20 ms: below this a recording is silent
PAUSE = 0.15  # a longer silence ends a take
SHORTEST_TAKE = 0.05
GAP = (0.03, 0.12)  # between takes
CROSSFADE = 0.1
_FRAME = 0.02


@lru_cache(maxsize=512)
def load(path: Path, rate: int = RATE) -> Array:
    """A sound file as (samples,) at `rate`, float32.

    Raises:
        BadFile: no sound file, or too short, silent or without numbers.
    """
    try:
        wave, own = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise BadFile(f"{path}: cannot be read as sound ({error}); replace the file") from None
    if len(wave) < _FRAME * own:
        raise BadFile(
            f"{path}: too short, {len(wave)} samples at {own} Hz; a sound lasts {_FRAME:g} seconds"
            f" at least ({math.ceil(_FRAME * own)} samples); remove its row"
        )
    if not np.isfinite(wave).all():
        raise BadFile(f"{path}: has samples that are no numbers; remove its row")
    if not wave.any():
        raise BadFile(f"{path}: silent; remove its row")
    mono = wave.mean(axis=1)
    return mono if own == rate else soxr.resample(mono, own, rate)


@cache
def stretches(path: Path, rate: int = RATE) -> tuple[tuple[int, int], ...]:
    """Where a file sounds, without pauses of 150 ms and more: (from, to) in samples at `rate`."""
    wave, frame = load(path, rate), round(_FRAME * rate)
    count = max(len(wave) // frame, 1)
    level = np.square(np.resize(wave, count * frame)).reshape(count, -1).mean(axis=1)
    if not level.any():
        raise BadFile(f"{path}: silent but for its last {_FRAME:g} seconds; remove its row")
    sounding = np.flatnonzero(level > level.max() * 10 ** (SILENT / 10))
    breaks = np.flatnonzero(np.diff(sounding) * _FRAME > PAUSE) + 1
    runs = [(run[0], run[-1] + 1) for run in np.split(sounding, breaks)]
    longest = max(stop - start for start, stop in runs)
    enough = min(SHORTEST_TAKE / _FRAME, longest)
    return tuple((int(a * frame), int(b * frame)) for a, b in runs if b - a >= enough)


@cache
def takes(path: Path) -> tuple[Array, ...]:
    """The stretches of a file that sound, at RATE."""
    return tuple(load(path)[start:stop] for start, stop in stretches(path))


@dataclass(frozen=True)
class RecordedSource:
    """One source's files of one class."""

    label: str
    files: tuple[Path, ...]

    @cached_property
    def _takes(self) -> list[Array]:
        return [take for file in self.files for take in takes(file)]

    def possible(self, seconds: float) -> float:
        """How long a sound gets where `seconds` are wanted."""
        if self.label in LOOPED or self.label in REPEATED:
            return seconds
        return min(seconds, max(len(take) for take in self._takes) / RATE)

    def sound(self, seconds: float, rng: Rng) -> Array:
        if self.label in LOOPED:
            return faded(looped(load(self.files[rng.integers(len(self.files))]), seconds, rng))
        length = samples(seconds)
        if self.label in REPEATED:
            return faded(self._in_a_row(length, rng), 0.003, 0.02)
        fitting = [take for take in self._takes if len(take) >= length - 1]
        return faded(fitting[rng.integers(len(fitting))][:length], 0.003, 0.02)

    def _in_a_row(self, length: int, rng: Rng) -> Array:
        """Takes one after the other, with gaps under 150 ms; the last is cut at the end."""
        wave, at = np.zeros(length), 0
        while at < length:
            take = self._takes[rng.integers(len(self._takes))]
            part = faded(normal(take[: length - at]), 0.003, 0.01)
            wave[at : at + len(part)] += part
            at += len(part) + samples(rng.uniform(*GAP))
            if 0 < length - at < samples(CROSSFADE):  # rather an early last take than a silent end
                at = max(length - samples(CROSSFADE), 0)
        return wave


def looped(wave: Array, seconds: float, rng: Rng, at: Signals = DESED) -> Array:
    """A stretch from a random place, continued by the recording's start with a crossfade."""
    length, cross = at.samples(seconds), min(at.samples(CROSSFADE), len(wave) // 4)
    ramp = np.sqrt(np.linspace(0, 1, cross))
    start = int(rng.integers(len(wave)))
    tail = wave[len(wave) - cross :] * ramp[::-1] + wave[:cross] * ramp
    period = np.concatenate([wave[cross : len(wave) - cross], tail])
    return np.resize(np.roll(period, -(start % len(period))), length)


@dataclass(frozen=True)
class RecordedConfuser:
    """A file without a class of DESED, played from its start."""

    file: Path

    def length(self, rng: Rng) -> float:
        return min(len(load(self.file)) / RATE, CLIP)

    def sound(self, seconds: float, rng: Rng) -> Array:
        return faded(load(self.file)[: samples(seconds)])


@dataclass(frozen=True)
class RecordedBackground:
    file: Path

    def sound(self, seconds: float, rng: Rng) -> Array:
        return looped(load(self.file), seconds, rng)


@dataclass(frozen=True)
class RecordedBank:
    """A folder of recordings; `filled` with procedural sources where a group lacks a class."""

    catalogue: Catalogue
    seed: int
    filled: bool

    @staticmethod
    def open(folder: Path, seed: int, filled: bool) -> "RecordedBank":
        """Raises what `read_catalogue` raises, and BadFile where a split has no class at all."""
        bank = RecordedBank(read_catalogue(folder), seed, filled)
        for group in GROUPS:
            if not bank.labels(group):
                raise BadFile(
                    f"{folder / 'catalogue.csv'}: no file of split {group} has a class of DESED;"
                    " add some, or fill missing classes with procedural sounds"
                )
        return bank

    @property
    def name(self) -> str:
        return self.catalogue.digest

    def labels(self, group: str) -> tuple[str, ...]:
        found = {entry.desed for entry in self._events(group) if entry.desed}
        return CLASSES if self.filled else tuple(sorted(found))

    def sources(self, group: str, label: str) -> Sequence[Source]:
        found = _recorded(self.catalogue, group, label)
        return found if found else procedural_sources(self.seed, group, label)

    def possible(self, group: str, label: str, source: int, seconds: float) -> float:
        found = _recorded(self.catalogue, group, label)
        return found[source].possible(seconds) if found else seconds

    def confusers(self, group: str) -> Sequence[Confusing]:
        return _confusers(self.catalogue, group)

    def backgrounds(self, group: str) -> Sequence[Source]:
        found = _backgrounds(self.catalogue, group)
        return found if found else procedural_backgrounds(self.seed, group)

    def origins(self) -> dict[str, object]:
        """Files by class; a class made by formula in some group lists "procedural: <group>"."""
        classes: dict[str, object] = {}
        for label in CLASSES:
            files = [e.file for e in self.catalogue.entries if e.desed == label]
            lacking = [g for g in GROUPS if not _recorded(self.catalogue, g, label)]
            if self.filled:
                files += [f"procedural: {group}" for group in lacking]
            if files:
                classes[label] = "procedural" if len(lacking) == len(GROUPS) else files
        kinds = {
            group: "recorded" if _backgrounds(self.catalogue, group) else "procedural"
            for group in GROUPS
        }
        return {"origins": classes, "backgrounds": kinds}

    def _events(self, group: str) -> list[Entry]:
        return [e for e in self.catalogue.entries if e.split == group and e.role == "event"]


@cache
def _recorded(catalogue: Catalogue, group: str, label: str) -> tuple[RecordedSource, ...]:
    files: dict[str, list[Path]] = {}
    for entry in catalogue.entries:
        if entry.split == group and entry.role == "event" and entry.desed == label:
            files.setdefault(entry.source_id, []).append(catalogue.folder / entry.file)
    return tuple(RecordedSource(label, tuple(files[source])) for source in sorted(files))


@cache
def _confusers(catalogue: Catalogue, group: str) -> tuple[RecordedConfuser, ...]:
    found = [
        e.file for e in catalogue.entries if e.split == group and e.role == "event" and not e.desed
    ]
    return tuple(RecordedConfuser(catalogue.folder / file) for file in found)


@cache
def _backgrounds(catalogue: Catalogue, group: str) -> tuple[RecordedBackground, ...]:
    found = [e.file for e in catalogue.entries if e.split == group and e.role == "background"]
    return tuple(RecordedBackground(catalogue.folder / file) for file in found)
