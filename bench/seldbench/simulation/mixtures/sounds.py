"""Dry sounds of a set of mixtures, made by formula or recorded: mono, 16 kHz, at most 4.112 s.

Recorded classes come from a catalogue (see `simulation.catalogue`): its column `many`, or, where no
row has one, the labels of its events; or from folders named after classes (see
`simulation.dry.folders`). Groups are "train", "validation" and "test"; a source is in one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from seldbench.errors import BadFile, UnknownName, near
from seldbench.simulation import families
from seldbench.simulation.bank import GROUPS
from seldbench.simulation.catalogue import Catalogue, Entry
from seldbench.simulation.dry.folders import read_sounds
from seldbench.simulation.families.sounds import PEAK
from seldbench.simulation.mixtures.sampling import RATE, SAMPLES
from seldbench.simulation.recorded import load, stretches
from seldbench.simulation.seeds import generator
from seldbench.simulation.signals import DESED, Array
from seldbench.storage import file_digest

# Our design: a take goes on through pauses up to JOINED; what is left of a longer one is a take of
# its own from SHORTEST on. Seconds.
JOINED = 1.0
SHORTEST = 0.5


class SoundBank(Protocol):
    """All dry sounds of a set; of equal names and classes, equal sounds."""

    @property
    def name(self) -> str:
        """ "builtin", or the digest of the recordings."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class with sounds to train on; the other groups may lack some."""
        ...

    def number(self, group: str, label: str) -> int:
        """How many different sounds a class has in a group; 0 where the group lacks it."""
        ...

    def sound(self, group: str, label: str, index: int) -> Array:
        """(samples,) float32 at 16 kHz, at most 65,792, peak 0.99, without silence at its ends."""
        ...

    def origins(self) -> dict[str, object]:
        """What a manifest says of the sounds."""
        ...


@dataclass(frozen=True)
class BuiltinSounds:
    """numbers: (group, different sounds of a class) of each group."""

    classes: tuple[str, ...]
    seed: int
    numbers: tuple[tuple[str, int], ...]
    name: str = "builtin"

    def number(self, group: str, label: str) -> int:
        return dict(self.numbers).get(group, 0) if label in self.classes else 0

    def sound(self, group: str, label: str, index: int) -> Array:
        _check(self, group, label, index)
        return families.sound(label, generator(self.seed, "family", group, label, index), group)

    def origins(self) -> dict[str, object]:
        kinds: dict[str, object] = dict.fromkeys(self.classes, "procedural")
        return {"origins": kinds}


def builtin_sounds(
    classes: tuple[str, ...], seed: int, numbers: Mapping[str, int]
) -> BuiltinSounds:
    """Procedural sounds of some of `families.CLASSES`.

    Args:
        numbers: {group: different sounds of each class}.

    Raises:
        UnknownName: a class or a group that does not exist.
    """
    for label in classes:
        if label not in families.CLASSES:
            raise UnknownName(
                f"no class named {label!r}{near(label, families.CLASSES)}; families.CLASSES has all"
            )
    for group in numbers:
        if group not in GROUPS:
            raise UnknownName(f"no group {group!r}{near(group, GROUPS)}; there are {GROUPS}")
    return BuiltinSounds(tuple(classes), seed, tuple(sorted(numbers.items())))


@dataclass(frozen=True)
class Take:
    """A part of a file: from and to, samples at 16 kHz."""

    path: Path
    start: int
    stop: int


@dataclass(frozen=True)
class RecordedSounds:
    """Takes of recordings. A class's takes are in random order, a source's spread evenly."""

    catalogue: Catalogue
    seed: int

    @property
    def name(self) -> str:
        return self.catalogue.digest

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted({label for group, label in self._entries if group == "train"}))

    def number(self, group: str, label: str) -> int:
        return len(self._takes(group, label))

    def sound(self, group: str, label: str, index: int) -> Array:
        _check(self, group, label, index)
        take = self._takes(group, label)[index]
        wave = DESED.faded(load(take.path, RATE)[take.start : take.stop], 0.003, 0.01)
        return (wave * (PEAK / np.abs(wave).max())).astype(np.float32)

    def origins(self) -> dict[str, object]:
        """Files by class."""
        files: dict[str, object] = {}
        for label in self.classes:
            entries = [e for g in GROUPS for e in self._entries.get((g, label), ())]
            files[label] = [entry.file for entry in entries]
        return {"origins": files}

    @cached_property
    def _entries(self) -> dict[tuple[str, str], list[Entry]]:
        """(group, class) -> its files."""
        many = any(entry.many for entry in self.catalogue.entries)
        found: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.catalogue.entries:
            label = entry.many if many else entry.label
            if label and entry.role == "event":
                found.setdefault((entry.split, label), []).append(entry)
        return found

    @cached_property
    def _known(self) -> dict[tuple[str, str], tuple[Take, ...]]:
        """Takes by (group, class), as far as they were asked for."""
        return {}

    def _takes(self, group: str, label: str) -> tuple[Take, ...]:
        """Round after round one take of every source; files are read once a class."""
        if (group, label) not in self._known:
            rng = generator(self.seed, "recorded", group, label)
            sources: dict[str, list[Take]] = {}
            for entry in self._entries.get((group, label), ()):
                takes = takes_of(self.catalogue.folder / entry.file)
                sources.setdefault(entry.source_id, []).extend(takes)
            ranked = [
                (place, rng.random(), takes[k])
                for takes in sources.values()
                for place, k in enumerate(rng.permutation(len(takes)))
            ]
            ranked.sort(key=lambda found: found[:2])
            self._known[group, label] = tuple(take for _, _, take in ranked)
        return self._known[group, label]


def takes_of(path: Path) -> list[Take]:
    """Where a file sounds: stretches joined over pauses up to a second, none over 4.112 s.

    Raises:
        BadFile: what `recorded.load` and `recorded.stretches` raise.
    """
    joined: list[tuple[int, int]] = []
    for start, stop in stretches(path, RATE):
        near_enough = joined and start - joined[-1][1] <= JOINED * RATE
        if near_enough and stop - joined[-1][0] <= SAMPLES:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    found: list[Take] = []
    for start, stop in joined:
        found.append(Take(path, start, min(stop, start + SAMPLES)))
        for later in range(start + SAMPLES, stop - round(SHORTEST * RATE), SAMPLES):
            found.append(Take(path, later, min(stop, later + SAMPLES)))
    return found


def recorded_sounds(folder: Path, seed: int) -> RecordedSounds:
    """The sounds of a folder of recordings, split as its catalogue or its `split.csv` says.

    Raises:
        MissingData: the folder has neither. BadFile, UnknownName: what `read_catalogue` and
        `read_folder` raise; one file in two groups under two names; a group with fewer than two
        classes; a class that cannot be trained on.
    """
    bank = RecordedSounds(read_sounds(folder, None), seed)
    _refuse_copies(folder, bank)
    for group in GROUPS:
        labels = {label for g, label in bank._entries if g == group}
        unlearnt = sorted(labels - set(bank.classes))
        if len(labels) < 2:
            raise BadFile(
                f"{folder}: split {group} has {', '.join(sorted(labels)) or 'no class'}; at least"
                " two classes are needed in each of train, validation and test"
            )
        if unlearnt:
            raise BadFile(
                f"{folder}: split {group} has {', '.join(unlearnt)}, which train lacks; move a"
                " source to train, or remove these rows"
            )
    return bank


def _refuse_copies(folder: Path, bank: RecordedSounds) -> None:
    """No file of one group has the bytes of another group's. Files of different sizes differ, so
    few are read."""
    sizes: dict[int, list[tuple[str, str]]] = {}  # -> (file, group)
    for (group, _), entries in bank._entries.items():
        for entry in entries:
            size = (folder / entry.file).stat().st_size
            sizes.setdefault(size, []).append((entry.file, group))
    for alike in sizes.values():
        first: dict[str, tuple[str, str]] = {}
        for file, group in alike if len({group for _, group in alike}) > 1 else ():
            other, its = first.setdefault(file_digest(folder / file), (file, group))
            if its != group:
                raise BadFile(
                    f"{folder / file}: of split {group}, but byte for byte the file {other} of"
                    f" split {its}; train, validation and test share no sound: remove one of the"
                    " two and its row, or put both into one split"
                )


def _check(bank: SoundBank, group: str, label: str, index: int) -> None:
    number = bank.number(group, label)
    if not 0 <= index < number:
        raise UnknownName(f"no sound {index} of {label!r} in group {group!r}; it has {number}")
