"""Dry sounds that are recordings: a folder with a catalogue (see `simulation.catalogue`), or with a
folder for each class (see `folders`).

What a recording lasts decides little: takes (stretches without pauses) of one source are strung
together, with the pauses of the class between them, to an event of natural length. The pauses are
our design.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from seldbench.errors import BadFile
from seldbench.simulation.bank import GROUPS
from seldbench.simulation.catalogue import Catalogue
from seldbench.simulation.dry.bank import (
    DryBank,
    DrySource,
    builtin_interferers,
    builtin_sources,
    finished,
    known_classes,
)
from seldbench.simulation.dry.classes import AT, INTERFERERS, LENGTHS
from seldbench.simulation.dry.folders import read_sounds
from seldbench.simulation.dry.labels import check_tnsse, known_labels, role
from seldbench.simulation.dry.turns import Range
from seldbench.simulation.recorded import load, looped, stretches
from seldbench.simulation.signals import Array, Rng, between, normal

# Steady sounds: continued by a seamless loop.
LOOPED = frozenset({"domestic sounds", "water tap, faucet", "engine", "fire"})
# Sounds that are one take, as long as it is.
SINGLE = frozenset(
    {"crash", "female scream", "male scream", "door, open or close", "music", "general"}
)
# Seconds between the takes of the others.
PAUSES: dict[str, Range] = {
    "alarm": (0.05, 0.4),
    "crying baby": (0.2, 0.5),
    "barking dog": (0.15, 0.8),
    "female speech": (0.15, 0.6),
    "male speech": (0.15, 0.6),
    "footsteps": (0.2, 0.45),
    "walk, footsteps": (0.2, 0.45),
    "knocking on door": (0.08, 0.25),
    "knock": (0.08, 0.25),
    "ringing phone": (0.5, 2.0),
    "telephone": (0.5, 2.0),
    "piano": (0.02, 0.25),
    "musical instrument": (0.02, 0.25),
    "clapping": (0.12, 0.3),
    "laughter": (0.2, 0.5),
    "bell": (0.1, 0.7),
}
# Those with a beat: one pause for an event, give or take a tenth.
EVEN = frozenset({"footsteps", "walk, footsteps", "knocking on door", "knock", "clapping"})
PAUSE = (0.15, 0.5)  # between takes of a class in none of these lists
MOST_OFTEN = (
    3  # a source's takes sound so often in an event, unless that is too short for the class
)
SHORTEST = 0.08  # seconds of a take that is cut by an event's end


@dataclass(frozen=True)
class RecordedSource:
    """One source's files of one class."""

    label: str
    files: tuple[Path, ...]

    @cached_property
    def _takes(self) -> list[tuple[Path, int, int]]:
        """Where takes are: file, from, to in samples."""
        return [(f, a, b) for f in self.files for a, b in stretches(f, AT.rate)]

    def length(self, rng: Rng) -> float:
        shortest, longest = LENGTHS[self.label]
        share = rng.random()
        if self.label in LOOPED:
            return between(shortest, longest, share)
        spans = [(stop - start) / AT.rate for _, start, stop in self._takes]
        if self.label in SINGLE:
            return float(np.clip(spans[int(share * len(spans))], shortest, longest))
        pause = np.mean(PAUSES.get(self.label, PAUSE))
        enough = MOST_OFTEN * float(sum(spans) + len(spans) * pause)
        return between(shortest, min(max(enough, shortest), longest), share)

    def sound(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        if self.label in LOOPED:
            wave = looped(
                load(self.files[rng.integers(len(self.files))], AT.rate), seconds, rng, AT
            )
            return finished(AT.faded(wave, 0.02, 0.05), length)
        if self.label in SINGLE:
            fitting = [take for take in self._takes if take[2] - take[1] >= length - 1]
            if fitting:
                wave = self._take(fitting[rng.integers(len(fitting))])
                return finished(AT.faded(wave[:length], 0.003, 0.02), length)
        return finished(self._strung(length, rng), length)

    def _take(self, take: tuple[Path, int, int]) -> Array:
        file, start, stop = take
        return load(file, AT.rate)[start:stop]

    def _strung(self, length: int, rng: Rng) -> Array:
        """Takes one after the other; the last one ends with the event, or is cut there."""
        pauses = PAUSES.get(self.label, PAUSE)
        beat = rng.uniform(*pauses)
        parts: list[tuple[int, Array]] = []
        at, end = 0, 0
        while not parts or at < length - AT.samples(SHORTEST):
            take = normal(self._take(self._takes[rng.integers(len(self._takes))]))
            end = min(at + len(take), length)
            part = AT.faded(take[: end - at], 0.003, 0.01)
            parts.append((at, part * rng.uniform(0.7, 1.0)))
            pause = beat * rng.uniform(0.9, 1.1) if self.label in EVEN else rng.uniform(*pauses)
            at = end + AT.samples(pause)
            if len(parts) == 1 and end < length - AT.samples(SHORTEST):  # not one take and silence
                at = min(at, length - AT.samples(SHORTEST) - 1)
        wave = np.zeros(length)
        late = (length - end) / max(len(parts) - 1, 1)  # spreads what would be silence at the end
        for k, (place, part) in enumerate(parts):
            place += int(k * late)
            wave[place : place + len(part)] += part
        return wave


@dataclass(frozen=True)
class RecordedBank:
    """A folder of recordings; `filled` with procedural sources where a group lacks a class or a
    kind of interferer."""

    catalogue: Catalogue
    classes: tuple[str, ...]
    seed: int
    filled: bool

    @property
    def name(self) -> str:
        return self.catalogue.digest

    def labels(self, group: str) -> tuple[str, ...]:
        found = _recorded(self.catalogue, self.classes, group)
        return tuple(label for label in self.classes if self.filled or label in found)

    def sources(self, group: str, label: str) -> Sequence[DrySource]:
        found = _recorded(self.catalogue, self.classes, group).get(label, ())
        return found or (builtin_sources(self.seed, group, label) if self.filled else ())

    def interferers(self, group: str) -> Mapping[str, Sequence[DrySource]]:
        found = _recorded(self.catalogue, self.classes, group)
        made: Mapping[str, Sequence[DrySource]] = (
            builtin_interferers(self.seed, group, self.classes) if self.filled else {}
        )
        kinds = {kind: found.get(kind) or made.get(kind, ()) for kind in INTERFERERS}
        return {kind: sources for kind, sources in kinds.items() if sources}

    def origins(self) -> dict[str, object]:
        """Files by class; what is made by formula in some group lists "procedural: <group>"."""
        kinds: dict[str, object] = {}
        for label in (*self.classes, *INTERFERERS):
            pools = {g: _recorded(self.catalogue, self.classes, g).get(label, ()) for g in GROUPS}
            lacking = [group for group, pool in pools.items() if not pool]
            paths = [file for pool in pools.values() for source in pool for file in source.files]
            files = [file.relative_to(self.catalogue.folder).as_posix() for file in paths]
            if self.filled:
                files += [f"procedural: {group}" for group in lacking]
            if files:
                whole = self.filled and len(lacking) == len(GROUPS)
                kinds[label] = "procedural" if whole else files
        return {"origins": kinds}


def recorded_bank(folder: Path, classes: tuple[str, ...], seed: int, fill_missing: bool) -> DryBank:
    """The sources of a folder of recordings with a `catalogue.csv`, or with folders named after
    classes and a `split.csv`. A class that a group lacks is absent from it, or procedural with
    `fill_missing`.

    Raises:
        MissingData: the folder has neither file. BadFile, UnknownName: what `read_catalogue` and
        `read_folder` raise; a group without any class; a class that is not known.
    """
    known_classes(classes)
    catalogue = _read(folder)
    bank = RecordedBank(catalogue, tuple(classes), seed, fill_missing)
    for group in GROUPS:
        if not bank.labels(group):
            raise BadFile(
                f"{folder}: no file of split {group} has one of the {len(classes)} classes; add"
                " some, or fill missing classes with procedural sounds"
            )
    return bank


def _read(folder: Path) -> Catalogue:
    catalogue = read_sounds(folder, known_labels())
    for line, entry in enumerate(catalogue.entries, start=2):
        check_tnsse(entry, f"{folder / 'catalogue.csv'}, line {line}")
    return catalogue


@cache
def _recorded(
    catalogue: Catalogue, classes: tuple[str, ...], group: str
) -> dict[str, tuple[RecordedSource, ...]]:
    """Class or interferer -> its sources in a group, by name; kinds without one are absent."""
    files: dict[tuple[str, str], list[Path]] = {}
    for entry in catalogue.entries:
        kind = role(entry, classes)
        if kind and entry.split == group:
            files.setdefault((kind, entry.source_id), []).append(catalogue.folder / entry.file)
    found: dict[str, list[RecordedSource]] = {}
    for kind, source in sorted(files):
        found.setdefault(kind, []).append(RecordedSource(kind, tuple(files[kind, source])))
    return {kind: tuple(sources) for kind, sources in found.items()}
