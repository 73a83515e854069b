"""Mixtures heard by eight microphones on a circle, as `seldbench data simulate mix75-sim` writes
them: two or three sounds from eight directions over background noise.

"train", "valid" and "test" have a clip a mixture, which asks for its loudest source, or where all
are equally loud for none; "train/each" and so on a clip for every source of every mixture. The
paper (overlapping end-to-end learning) has no test set and reports on validation mixtures; here
test mixtures are others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from shlex import quote

from seldbench.audio import AudioFile
from seldbench.contracts import Clip, Dataset
from seldbench.datasets._manifest import MANIFEST, find_set, read_manifest
from seldbench.datasets._mixtures import clip_about, clip_of, clips_of_each, events_of
from seldbench.errors import BadFile, MissingData, UnknownName, near
from seldbench.events import EventList
from seldbench.simulation.mixtures.files import (
    MixtureFiles,
    fingerprint,
    present,
    table_file,
)
from seldbench.simulation.mixtures.planning import NAME
from seldbench.simulation.mixtures.sampling import RATE, SPLITS
from seldbench.simulation.mixtures.simulating import simulate_mixtures
from seldbench.simulation.mixtures.table import Mixture, read_mixtures

EACH = "/each"
MANY_MISSING = 0.01  # share of missing training clips above which a person is told


@dataclass(frozen=True)
class MixtureInspection:
    """A split looked at for `data check`. listed, recordings: of its files on disk, dry sounds and
    noise; those of ".../each" are told with the split of whole mixtures."""

    absence: str | None
    expected: int
    clips: int
    listed: Sequence[str] = ()
    recordings: dict[str, AudioFile] = field(default_factory=dict)
    events: dict[str, EventList] = field(default_factory=dict)
    labels: dict[str, frozenset[str]] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()
    optional: bool = False


class Mix75Sim:
    """The set in `root/mix75-sim`. Signs the contract Dataset. class_count: at scale "full".

    sounds: "builtin", or the digest of the recordings. test_classes: those that test mixtures are
    drawn from.

    Raises:
        MissingData: no set there.
        BadFile: a manifest that cannot be read, or of another version.
    """

    name = NAME
    task = "separation"
    grid: float | None = None
    folds = 1
    class_count = 75
    splits = tuple(split + each for split in SPLITS for each in ("", EACH))
    simulate = staticmethod(simulate_mixtures)
    citation = "simulated with seldbench"
    licence = "as the sounds that it was made of"

    def __init__(self, root: Path) -> None:
        self.folder = find_set(root, NAME)
        self.manifest = read_manifest(self.folder / MANIFEST)
        self.classes = self.manifest.classes
        self.test_classes = self.manifest.test_classes
        self.simulated: str | None = self.manifest.says
        self.sounds = self.manifest.sounds
        self.files = MixtureFiles(self.folder, str(self.manifest.options["array"]))
        self._command = (
            f"seldbench data simulate {NAME} {self.manifest.arguments}"
            f" --data-root {quote(str(root))}"
        )
        self._again = f"remove {self.folder} and make the set again: {self._command}"

    @property
    def untested(self) -> tuple[str, ...]:
        """Classes that occur in no test mixture: their sounds are all in training."""
        return tuple(label for label in self.classes if label not in self.test_classes)

    def clips(self, split: str, fold: int = 0) -> Sequence[Clip]:
        """Those whose files are all there.

        Raises:
            MissingData: none is. BadFile: the set is not what its manifest says; a table that
            cannot be read.
        """
        if faults := self.faults():
            raise BadFile(faults[0])
        there = self._there(split)
        if not there:
            raise MissingData(
                f"{self.folder}: {split} has no clip; to make what is missing: {self._command}"
            )
        if split.endswith(EACH):
            return [clip for mixture in there for clip in clips_of_each(self.files, mixture)]
        if self.manifest.options["levels"] == "equal":
            return [clip_of(self.files, mixture) for mixture in there]
        return [clip_about(self.files, mixture, mixture.target) for mixture in there]

    def coverage(self, split: str) -> tuple[int, int]:
        count = _sources if split.endswith(EACH) else len
        return count(self._there(split)), count(self._listed(split))

    def notes(self, split: str) -> list[str]:
        """What a person should know before they use the split."""
        found, expected = self.coverage(split)
        missing, notes = expected - found, []
        if missing > (0 if split.startswith("test") else MANY_MISSING * expected):
            notes.append(
                f"{split}: {missing} of {expected} clips are missing ({missing / expected:.1%});"
                f" `seldbench data check {NAME}` says more"
            )
        if split.startswith("test") and self.untested:
            notes.append(
                f"{split}: {len(self.untested)} of {len(self.classes)} classes have sounds for"
                f" training alone and are not scored: {', '.join(self.untested)}"
            )
        return notes

    def provenance(self) -> dict[str, object]:
        """What the set was made of, how its mixtures are, and the clips of each split."""
        found = {split: self.coverage(split)[0] for split in self.splits}
        about = {"sounds": self.sounds, **self.manifest.options, "splits": found}
        return {**about, "in_training_only": list(self.untested)}

    def fingerprint(self) -> str:
        """Of what is there and of what it was made with."""
        made = (self._fingerprint, self.manifest.arguments, self.sounds, self.manifest.generator)
        return sha256("\n".join(map(str, made)).encode()).hexdigest()

    def inspect(self, split: str) -> MixtureInspection:
        """For `data check`: all that is to be said of a split's files."""
        try:
            found, expected = self.coverage(split)
            mixtures = self._there(split)
        except BadFile as error:
            return MixtureInspection(
                None, self.manifest.counts.get(split, 0), 0, problems=[str(error)]
            )
        events = {mixture.name: events_of(mixture) for mixture in mixtures}
        if split.endswith(EACH):
            return MixtureInspection(None, expected, found, events=events)
        notes = [] if found == expected else [f"to make what is missing: {self._command}"]
        listed = sorted({file for mixture in self._listed(split) for file in mixture.files})
        there = [file for file in listed if file in self._present(split)]
        recordings = {file: AudioFile(self.folder / file, (1, 8), (RATE,)) for file in there}
        return MixtureInspection(None, expected, found, listed, recordings, events, notes=notes)

    def faults(self) -> list[str]:
        """Files changed or added since the set was made. Files removed are no fault: the splits
        that lack them are partial, and say so."""
        return self._changed

    @cached_property
    def _changed(self) -> list[str]:
        if self._fingerprint == self.manifest.fingerprint or self._lacks_clips():
            return []
        return [f"{self.folder}: files were changed or added since the set was made; {self._again}"]

    def _lacks_clips(self) -> bool:
        try:
            coverage = [self.coverage(split) for split in SPLITS]
        except BadFile:  # a table that was changed: no clip of it can be said to be missing
            return False
        return any(found < expected for found, expected in coverage)

    @cached_property
    def _fingerprint(self) -> str:
        """Of what is there, taken as the manifest's was."""
        return fingerprint(self.folder)

    def _listed(self, split: str) -> tuple[Mixture, ...]:
        """All mixtures of a split, "/each" or not."""
        return self._tables(self._plain(split))

    def _there(self, split: str) -> list[Mixture]:
        """Those of them whose files are there."""
        present = self._present(split)
        return [mixture for mixture in self._listed(split) if present.issuperset(mixture.files)]

    def _present(self, split: str) -> frozenset[str]:
        return self._stocks(self._plain(split))

    def _plain(self, split: str) -> str:
        if split not in self.splits:
            known = ", ".join(self.splits)
            raise UnknownName(
                f"{NAME} has no split {split!r}{near(split, self.splits)}; it has {known}"
            )
        return split.removesuffix(EACH)

    @cached_property
    def _tables(self) -> Callable[[str], tuple[Mixture, ...]]:
        return cache(lambda split: read_mixtures(self.folder / table_file(split)))

    @cached_property
    def _stocks(self) -> Callable[[str], frozenset[str]]:
        return cache(lambda split: frozenset(present(self.folder, split)))


def _sources(mixtures: Sequence[Mixture]) -> int:
    return sum(len(mixture.sources) for mixture in mixtures)


DATASET: type[Dataset] = Mix75Sim
